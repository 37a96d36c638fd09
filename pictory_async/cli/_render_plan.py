"""What `pictory render` would request: found out without requesting anything, for its question and `--dry-run`."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async import RenderResult, ResultStatus
from pictory_async.cli._client import open_client, run
from pictory_async.cli._failures import report_failures
from pictory_async.cli._renders import minutes_left
from pictory_async.cli._store import Store
from pictory_async.cli._tables import Column, Table
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import counted, echo_summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.cli._tables import Sheet

__all__ = ["PLANNED", "PlannedRow", "RenderPlan", "plan_of", "show_plan"]

_TO_RENDER: Final = "to_render"
_WORDS: Final = {
    ResultStatus.LEFT_OUT: "to render",
    ResultStatus.STARTED: "requested before",
    ResultStatus.UNCERTAIN: "requested before, perhaps in vain",
    ResultStatus.BUSY: "being rendered",
    ResultStatus.UNCHANGED: "unchanged",
}


@attrs.frozen
class PlannedRow:
    """A row about one project.

    Attributes:
        project_id: The project.
        status: ``to_render``, ``left_out`` because of ``--max``, or why it is not requested.
        name: Its name.
        reason: Why nothing is known of it.
    """

    project_id: str
    status: str
    name: str | None
    reason: str | None


PLANNED: Final[Table[PlannedRow]] = Table(
    "plan",
    (
        Column("id", lambda row: row.project_id, spare=2, whole=True),
        Column("status", lambda row: row.status),
        Column("name", lambda row: row.name, short=True),
        Column("reason", lambda row: row.reason, spare=1),
    ),
)
"""What `pictory render --dry-run` prints about each project."""


@attrs.frozen
class RenderPlan:
    """What would be requested.

    Attributes:
        results: What became of each project while nothing could be requested: left out is what would be rendered.
        most: How many renders are requested at most; ``None`` for no limit.
        minutes: How many minutes of video the account has left; ``None`` if the API does not tell.
    """

    results: Sequence[RenderResult]
    most: int | None
    minutes: float | None

    @property
    def billed(self) -> int:
        """How many renders would be requested."""
        found = sum(result.status is ResultStatus.LEFT_OUT for result in self.results)
        return found if self.most is None else min(found, self.most)

    @property
    def failed(self) -> dict[str, Exception]:
        """Why nothing is known of a project, by its id."""
        results = (one for one in self.results if one.status not in _WORDS)
        return {str(one.project_id): one.error for one in results if one.error is not None}

    def __str__(self) -> str:
        counts = Counter(result.status for result in self.results)
        parts = [f"{counts[status]} {text}" for status, text in _WORDS.items() if counts[status]]
        rest = counts.total() - sum(counts[status] for status in _WORDS)
        parts += [f"{rest} with an error"] if rest else []
        quota = "" if self.minutes is None else f" (the account has {self.minutes:g} video minutes left)"
        return ", ".join(parts) + quota

    def rows(self) -> Iterator[PlannedRow]:
        """Yield a row for each project."""
        room, failed = self.billed, self.failed
        for result in self.results:
            one, status, error = str(result.project_id), result.status.value, failed.get(str(result.project_id))
            if result.status is ResultStatus.LEFT_OUT and room:
                status, room = _TO_RENDER, room - 1
            name = None if result.project is None else result.project.name
            yield PlannedRow(one, status, name, None if error is None else in_command_words(str(error)))

    def to_dict(self) -> dict[str, Any]:
        """Return the ids by status, and what the account has left, as plain JSON values."""
        found: dict[str, Any] = {_TO_RENDER: [], ResultStatus.LEFT_OUT.value: []}
        for row in self.rows():
            found.setdefault(row.status, []).append(row.project_id)
        return {**found, "minutes_left": self.minutes}


def plan_of(base_url: str | None, ids: Sequence[str], options: dict[str, Any]) -> RenderPlan:
    """Find out what would be rendered.

    Args:
        base_url: The address of the API.
        ids: The projects.
        options: Keyword arguments of ``client.projects.render_all``.
    """

    async def look() -> RenderPlan:
        with contextlib.closing(Store().ledger()) as ledger:
            async with open_client(base_url) as client:
                left = await minutes_left(client)
                terms: dict[str, Any] = {**options, "max_renders": 0, "wait": False, "overlap": "skip"}
                async with client.projects.render_all(ids, ledger=ledger, **terms) as batch:
                    found = {str(result.project_id): result async for result in batch}
        return RenderPlan([found[one] for one in ids], options["max_renders"], left[0] if left else None)

    return run(look)


def show_plan(plan: RenderPlan, sheet: Sheet[PlannedRow]) -> int:
    """Print what would be requested, and return the exit code: that of what nothing is known of."""
    billed = f"{counted(plan.billed, 'render')} would be requested; each is billed"
    echo_summary(f"Plan: {plan}. {billed if plan.billed else 'Nothing would be requested'}.", good=True)
    if sheet.is_json:
        sheet.document({"plan": plan.to_dict()})
    for row in plan.rows():
        sheet.add(row)
    sheet.show()
    return report_failures(plan.failed)
