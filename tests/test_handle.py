"""Handles of renders survive a restart."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from pictory_async import RenderHandle, errors


@given(
    st.text() | st.integers(),
    st.none() | st.text(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_a_handle_survives_as_text(project_id: str | int, job_id: str | None, before: datetime | None) -> None:
    """Whatever a handle holds, reading what it wrote gives an equal one."""
    handle = RenderHandle(project_id=project_id, job_id=job_id, generated_before=before)
    assert handle == RenderHandle.from_json(handle.to_json())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "project_id": "p"}',
        '{"version": 1}',
        '{"version": 1, "project_id": true}',
        '{"version": 1, "project_id": "p", "job_id": 5}',
        '{"version": 1, "project_id": "p", "generated_before": "soon"}',
        '{"version": 1, "project_id": "p", "generated_before": 5}',
        '{"version": 1, "project_id": "p", "generated_before": "2026-01-01T00:00:00"}',
    ],
)
def test_what_is_no_handle_is_refused(text: str) -> None:
    """Damaged text, or one of another version, is one clear error."""
    with pytest.raises(errors.PictoryConfigError, match="render handle"):
        RenderHandle.from_json(text)


def test_a_handle_is_readable_json() -> None:
    """The text is JSON with a version, for other programs to keep."""
    assert json.loads(RenderHandle(project_id=5).to_json()) == {
        "version": 1,
        "project_id": 5,
        "job_id": None,
        "generated_before": None,
        "requested_at": None,
    }
