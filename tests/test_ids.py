"""Ids in paths."""

from __future__ import annotations

from urllib.parse import unquote

from hypothesis import given, strategies as st

from pictory_async import errors
from pictory_async._settings.paths import path_segment


@given(st.text(max_size=300) | st.integers())
def test_no_id_escapes_its_place_in_the_path(value: str | int) -> None:
    """An id becomes one segment of the path and nothing else, or is refused."""
    try:
        text = path_segment("project", value)
    except errors.PictoryConfigError:
        return
    assert text not in {"", ".", ".."}
    assert not set(text) & set("/?#\\ \r\n")
    assert text.isascii()
    assert unquote(text) == str(value)
