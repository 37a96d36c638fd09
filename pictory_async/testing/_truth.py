"""The true state of a simulated project, to check the result of a client."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from pictory_async.testing._projects import Phase, SimProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class TruthKind(StrEnum):
    """The state of a project at one moment."""

    RENDERED = "rendered"
    RENDERING = "rendering"
    QUEUED = "queued"
    FAILED = "failed"
    NEVER = "never"
    MISSING = "missing"


@attrs.frozen(kw_only=True)
class Truth:
    """The true state of a project at one moment. All times are seconds of the world's time.

    With ``after``, only renders that ended later than that date count.

    Attributes:
        kind: The state: ``MISSING`` if the project does not exist; else ``RENDERING`` if a render runs; else
            ``QUEUED`` if one waits; else how the last one ended (``RENDERED``, ``FAILED``); else ``NEVER``.
        first_finished_at: When the first render finished: a client cannot detect it earlier.
        finished_at: When the last successful render finished.
        failed_at: When the last failed render failed.
        failures: Number of failed renders.
        deleted_at: When the project was deleted.
    """

    kind: TruthKind
    first_finished_at: float | None = None
    finished_at: float | None = None
    failed_at: float | None = None
    failures: int = 0
    deleted_at: float | None = None

    @property
    def rendered(self) -> bool:
        """Whether a render has finished, also if another one runs or failed since then."""
        return self.finished_at is not None


MISSING = Truth(kind=TruthKind.MISSING)


def find_truth(project: SimProject, now: float, *, after: datetime | None, date: Callable[[float], datetime]) -> Truth:
    """Return the true state of a project.

    Args:
        project: The project.
        now: The moment, in seconds of the world's time.
        after: Count only renders that ended later than this date of the server; None counts all.
        date: Converts the world's time into a date of the server.
    """
    if now < project.created_at:
        return MISSING
    deleted_at = project.deleted_at if project.deleted_at is not None and project.deleted_at <= now else None
    phases = [(render.phase(now if deleted_at is None else deleted_at), render) for render in project.renders]
    counted = [pair for pair in phases if after is None or date(pair[1].ends_at) > after]
    finished = [render.ends_at for phase, render in counted if phase is Phase.RENDERED]
    failed = [render.ends_at for phase, render in counted if phase is Phase.FAILED]
    present = {phase for phase, _ in phases}
    if deleted_at is not None:
        kind = TruthKind.MISSING
    elif Phase.RENDERING in present:
        kind = TruthKind.RENDERING
    elif Phase.QUEUED in present:
        kind = TruthKind.QUEUED
    elif not finished and not failed:
        kind = TruthKind.NEVER
    else:
        newer = max(failed, default=-math.inf) > max(finished, default=-math.inf)
        kind = TruthKind.FAILED if newer else TruthKind.RENDERED
    return Truth(
        kind=kind,
        first_finished_at=min(finished, default=None),
        finished_at=max(finished, default=None),
        failed_at=max(failed, default=None),
        failures=len(failed),
        deleted_at=deleted_at,
    )
