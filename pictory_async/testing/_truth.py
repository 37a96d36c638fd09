"""The oracle: what really is the case with a simulated project, to check what a client concluded."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from pictory_async.testing._projects import Phase, SimProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class TruthKind(StrEnum):
    """What is the case with a project at one moment."""

    RENDERED = "rendered"
    RENDERING = "rendering"
    QUEUED = "queued"
    FAILED = "failed"
    NEVER = "never"
    MISSING = "missing"


@attrs.frozen(kw_only=True)
class Truth:
    """What is the case with a project at one moment; all times are seconds of the world's time.

    Of the renders, only those count that ended after ``after``, where one was given.

    Attributes:
        kind: The state: ``MISSING`` if the project is not there; else ``RENDERING`` if a render runs; else
            ``QUEUED`` if one waits; else how the last one ended (``RENDERED``, ``FAILED``); else ``NEVER``.
        first_finished_at: When the first render was finished: the earliest moment a client can learn of it.
        finished_at: When the newest finished render was finished.
        failed_at: When the newest failed render failed.
        failures: How many renders have failed.
        deleted_at: When the project disappeared.
    """

    kind: TruthKind
    first_finished_at: float | None = None
    finished_at: float | None = None
    failed_at: float | None = None
    failures: int = 0
    deleted_at: float | None = None

    @property
    def rendered(self) -> bool:
        """Whether a render was finished, whatever has happened since."""
        return self.finished_at is not None


MISSING = Truth(kind=TruthKind.MISSING)


def find_truth(project: SimProject, now: float, *, after: datetime | None, date: Callable[[float], datetime]) -> Truth:
    """Judge one project.

    Args:
        project: The project.
        now: The moment, in seconds of the world's time.
        after: Count only renders that ended later than this date of the server's; None counts all.
        date: Turns the world's time into the server's dates.

    Returns:
        The truth.
    """
    if now < project.created_at:
        return MISSING
    deleted = project.deleted_at is not None and project.deleted_at <= now
    until = project.deleted_at if deleted and project.deleted_at is not None else now
    phases = [(render.phase(until), render) for render in project.renders]
    counted = [pair for pair in phases if after is None or date(pair[1].ends_at) > after]
    finished = [render.ends_at for phase, render in counted if phase is Phase.RENDERED]
    failed = [render.ends_at for phase, render in counted if phase is Phase.FAILED]
    open_phases = {phase for phase, _ in phases}
    if deleted:
        kind = TruthKind.MISSING
    elif Phase.RENDERING in open_phases:
        kind = TruthKind.RENDERING
    elif Phase.QUEUED in open_phases:
        kind = TruthKind.QUEUED
    elif not finished and not failed:
        kind = TruthKind.NEVER
    else:
        kind = TruthKind.FAILED if max(failed, default=-1e300) > max(finished, default=-1e300) else TruthKind.RENDERED
    return Truth(
        kind=kind,
        first_finished_at=min(finished, default=None),
        finished_at=max(finished, default=None),
        failed_at=max(failed, default=None),
        failures=len(failed),
        deleted_at=project.deleted_at if deleted else None,
    )
