"""What a snapshot proves: the table of the architecture page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pictory_async._polling.evidence import Verdict, baseline, judge
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Evidence, Project

OLD = datetime(2026, 1, 1, tzinfo=UTC)
NEW = OLD + timedelta(milliseconds=1)
URL = "https://media.invalid/video.mp4"


def evidence(**fields: object) -> Evidence:
    """Make evidence with all that is not given absent."""
    known = {"step": None, "in_progress": None, "video_url": None, "generated_at": None, "saved_at": None}
    return Evidence(**{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "after", "expected"),
    [
        ({"in_progress": True}, None, Verdict.RENDERING),
        ({"in_progress": True, "video_url": URL, "generated_at": NEW}, None, Verdict.RENDERING),
        ({"step": "RENDER"}, None, Verdict.RENDERING),
        ({"step": "render", "in_progress": False}, None, Verdict.RENDERING),
        ({"step": "STORYBOARD", "in_progress": False, "video_url": URL}, None, Verdict.RENDERED),
        ({"video_url": URL}, None, Verdict.RENDERED),
        ({"video_url": URL, "generated_at": NEW}, OLD, Verdict.RENDERED),
        ({"video_url": URL, "generated_at": OLD}, OLD, Verdict.PREVIOUS),
        ({"video_url": URL, "generated_at": OLD}, NEW, Verdict.PREVIOUS),
        ({"video_url": URL}, OLD, Verdict.PREVIOUS),
        ({}, None, Verdict.IDLE),
        ({"step": "STORYBOARD", "in_progress": False}, OLD, Verdict.IDLE),
        ({"step": "COMPLETE", "in_progress": False}, None, Verdict.IDLE),
        ({"video_url": ""}, None, Verdict.IDLE),
        ({"step": "SOMETHING_NEW", "video_url": URL}, None, Verdict.RENDERED),
    ],
)
def test_the_verdict_follows_the_table(fields: dict[str, object], after: datetime | None, expected: Verdict) -> None:
    """Each row of the verdict table holds."""
    assert judge(evidence(**fields), after) is expected


def test_a_snapshot_gives_the_date_of_its_video() -> None:
    """``after`` may be the project as it was before the render."""
    assert baseline(Project(id="p", video_url=URL, generated_at=OLD)) == OLD


def test_a_snapshot_without_a_video_asks_for_any_video() -> None:
    """Before a first render there is nothing to be newer than."""
    assert baseline(Project(id="p")) is None
    assert baseline(None) is None
    assert baseline(OLD) == OLD


@pytest.mark.parametrize("after", [OLD.replace(tzinfo=None), "2026-01-01", 5, Project(id="p", video_url=URL)])
def test_an_after_that_cannot_be_compared_is_refused(after: object) -> None:
    """A naive time, another type, or a video without a date would make the answer a guess."""
    with pytest.raises(PictoryConfigError):
        baseline(after)  # type: ignore[arg-type]
