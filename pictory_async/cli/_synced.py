"""The rows of `pictory sync`: what became of each project, or what would be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async import DownloadStatus, ProjectId, RenderResult, ResultStatus
from pictory_async.cli._results import without_id
from pictory_async.cli._tables import Column, Table
from pictory_async.cli._wording import in_command_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pictory_async import SyncPlan

__all__ = ["SYNCED", "SyncRow", "planned_rows"]

_PENDING: Final = "pending"
_STILL: Final = "There is no result yet."
_NOTE: Final = "Saved while the video was made, or later. To render: --render unknown."
_MARK: Final = "*"
_REASONS: Final = {
    ResultStatus.LEFT_OUT.value: "Not requested: --max is reached.",
    "given_up": "The render failed, and nothing was saved since. To render: --retry-failed.",
    ResultStatus.NOT_STARTED.value: "The render was not started, and nothing was saved since. To render: "
    "--retry-unstarted.",
}
# What the same command continues. The others have ended, or are never requested again by themselves.
_RESUMED: Final = frozenset({ResultStatus.TIMED_OUT, ResultStatus.REFUSED, ResultStatus.ERROR})
_INCOMPLETE: Final = "incomplete"
_DOWNLOADED: Final = "downloaded"


@attrs.frozen(kw_only=True)
class SyncRow:
    """A row about one project.

    Attributes:
        project_id: The project.
        status: What became of it, or what is planned.
        listed_name: Its name in the account's list; ``None`` if it has none.
        result: Its result; ``None`` if there is none.
        reason: Why it is not complete.
        note: What else to know about it.
    """

    project_id: ProjectId
    status: str
    listed_name: str | None = None
    result: RenderResult | None = None
    reason: str | None = None
    note: str | None = None

    @classmethod
    def of(cls, result: RenderResult, listed_name: str | None, *, may_be_old: bool) -> SyncRow:
        """Make the row of a result, and of a project that may have been saved after its video was made."""
        reason = None if result.error is None else in_command_words(str(result.error))
        if result.status is ResultStatus.LEFT_OUT:
            reason = _REASONS[result.status]
        return cls(
            project_id=result.project_id,
            status=_status_of(result),
            listed_name=listed_name,
            result=result,
            reason=reason,
            note=_NOTE if may_be_old else None,
        )

    @classmethod
    def pending(cls, project_id: ProjectId, listed_name: str | None) -> SyncRow:
        """Make the row of a project without a result."""
        return cls(project_id=project_id, status=_PENDING, listed_name=listed_name, reason=_STILL)

    @property
    def is_resumed(self) -> bool:
        """Whether the same command continues it."""
        return self.status == _INCOMPLETE or (self.result is not None and self.result.status in _RESUMED)

    @property
    def name(self) -> str | None:
        """The name of the project, as it was seen last."""
        return self.fact("name") or self.listed_name

    def fact(self, name: str) -> Any:
        """Return a fact about the project; ``None`` if it is not known."""
        return None if self.result is None else getattr(self.result.project, name, None)

    @property
    def shared_reason(self) -> tuple[str, str]:
        """The reason, as it is for others too, and what the project is called."""
        text = self.reason or (f"{_MARK} {self.note}" if self.note else "")
        return without_id(text, self.project_id), self.name or str(self.project_id)

    @property
    def mark(self) -> str:
        """A mark if the note below a table is about this row."""
        return f" {_MARK}" if self.note and not self.reason else ""

    @property
    def path(self) -> Path | None:
        """Where the video is, or the first file if that is none."""
        report = None if self.result is None else self.result.report
        return None if report is None else report.paths.get("video") or next(iter(report.paths.values()), None)


SYNCED: Final[Table[SyncRow]] = Table(
    "results",
    (
        Column("id", lambda row: str(row.project_id), spare=3, whole=True),
        Column("status", lambda row: row.status, mark=lambda row: row.mark),
        Column("name", lambda row: row.name, short=True),
        Column("share", lambda row: row.fact("share_video_url"), spare=1),
        Column("generated", lambda row: row.fact("generated_at"), unit="UTC", spare=2),
        Column("path", lambda row: row.path),
        Column("reason", lambda row: row.reason or row.note, note=lambda row: row.shared_reason),
    ),
)
"""What a sync prints about each project."""


def _status_of(result: RenderResult) -> str:
    """Return what became of a project, with its files."""
    files = () if result.report is None else result.report.files
    if result.status in {ResultStatus.RENDERED, ResultStatus.UNCHANGED} and result.error is not None:
        return _INCOMPLETE
    if result.status is ResultStatus.UNCHANGED and any(file.status is DownloadStatus.WRITTEN for file in files):
        return _DOWNLOADED
    return result.status.value


def planned_rows(plan: SyncPlan) -> Iterator[SyncRow]:
    """Make a row for each project about which something is planned, or not."""
    groups: tuple[tuple[str, Sequence[ProjectId]], ...] = (
        ("to_render", plan.to_render),
        (ResultStatus.LEFT_OUT.value, plan.left_out),
        ("to_wait", plan.to_wait),
        ("to_download", plan.to_download),
        ("given_up", plan.given_up),
        (ResultStatus.NOT_STARTED.value, plan.not_started),
        ("error", [*plan.failed]),
    )
    unknown, downloaded, names = {*plan.unknown}, {*plan.to_download}, plan.names
    for status, ids in groups:
        for one in ids:
            error = plan.failed.get(one)
            reason = _REASONS.get(status) if error is None else in_command_words(str(error))
            note = _NOTE if one in unknown else None
            yield SyncRow(project_id=one, status=status, listed_name=names.get(one), reason=reason, note=note)
    for one in plan.unknown:
        if one not in downloaded:
            yield SyncRow(project_id=one, status="unknown", listed_name=names.get(one), note=_NOTE)
