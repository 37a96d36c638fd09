"""Entries and readings of the list of jobs, for tests of the policy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async.models import Job

if TYPE_CHECKING:
    from pictory_async._polling.sweep import JobSweep


def jobs(*ids: str, status: str | None = "in-progress") -> list[Job]:
    """Entries of the list."""
    return [Job(id=one, status=status) for one in ids]


def ids(count: int) -> dict[str, bool]:
    """Pending jobs, the newest first, none of them young."""
    return {f"j{number}": False for number in range(count)}


def read(sweep: JobSweep, pending: dict[str, bool], pages: list[list[str]], now: float = 0.0) -> int:
    """Let a reading get pages until it has enough, and return how many it took."""
    reading = sweep.begin(pending, now)
    if reading is None:
        return 0
    for number, page in enumerate(pages, 1):
        sweep.saw(reading, jobs(*page), now, more=number < len(pages))
        if reading.over or sweep.problem:
            break
    if sweep.problem is None:
        sweep.end(reading, now)
    return reading.pages


def cut(entries: list[str], size: int) -> list[list[str]]:
    """Cut a list into pages."""
    return [entries[start : start + size] for start in range(0, len(entries), size)]


def shown(job: str, status: str | None, progress: float | None = None) -> Job:
    """A view of a job."""
    return Job(id=job, status=status, progress=progress)
