"""Ids in paths."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st

from pictory_async import errors
from pictory_async._settings.paths import described, path_segment


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


@pytest.mark.parametrize(
    ("path", "template", "project_id", "job_id"),
    [
        ("/v2/projects", "/v2/projects", None, None),
        ("/v2/projects/a%2Fb", "/v2/projects/{project_id}", "a/b", None),
        ("/v2/projects/1/render", "/v2/projects/{project_id}/render", "1", None),
        ("/v1/jobs/j/clean", "/v1/jobs/{job_id}/clean", None, "j"),
        ("/v2/transcription/j/highlights", "/v2/transcription/{job_id}/highlights", None, "j"),
        ("/v2/transcription/highlights", "/v2/transcription/highlights", None, None),
        ("/v2/video/storyboard/render", "/v2/video/storyboard/render", None, None),
        ("/v2/video/storyboard/j/elements", "/v2/video/storyboard/{job_id}/elements", None, "j"),
        ("/v1/vimeo-connections/c", "/v1/vimeo-connections/{connection_id}", None, None),
        ("/v1/music/genres/groups", "/v1/music/genres/groups", None, None),
        ("/v1/brands/video", "/v1/brands/video", None, None),
    ],
)
def test_the_ids_in_a_path(path: str, template: str, project_id: str | None, job_id: str | None) -> None:
    """Events and metrics have a small number of templates: words of the API are no ids, and ids are no words."""
    assert (template, project_id, job_id) == described(path)
