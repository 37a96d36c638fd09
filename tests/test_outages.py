"""When failed polls are an outage although the list of jobs can be read: the policy alone."""

from __future__ import annotations

from typing import Any

import attrs

from pictory_async._polling.outage import Outage


@attrs.frozen
class Watched:
    """As much of a watch as counts here."""

    job_id: str | None
    project_id: str | None = "p"
    open: bool = True


def watched(*jobs: str, **options: Any) -> Any:
    return [Watched(job, **options) for job in jobs]


def test_half_of_what_is_watched_is_wide() -> None:
    """Counted are renders, however many callers wait for one, and only those that are still waited for."""
    outage = Outage("host")
    assert not outage.is_wide
    outage.spreads([], 0)
    assert not outage.is_wide
    outage.spreads(watched("a", "a", "a"), 4)
    assert not outage.is_wide
    outage.spreads(watched("c", open=False), 4)
    assert not outage.is_wide
    outage.spreads(watched("b"), 4)
    assert outage.is_wide
    outage.forget(watched("b")[0])
    assert not outage.is_wide


def test_a_good_poll_begins_anew() -> None:
    """Polls that failed before it do not count."""
    outage = Outage("host")
    outage.spreads(watched("a", "b"), 4)
    assert outage.is_wide
    outage.ended(0.0)
    assert not outage.is_wide
    outage.spreads(watched("c"), 4)
    assert not outage.is_wide
