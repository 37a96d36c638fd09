"""The rows of `pictory make`: what became of each video of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async import ResultStatus, VideoResult
from pictory_async.cli._orders import Order
from pictory_async.cli._tables import Column, Table
from pictory_async.cli._wording import in_command_words

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MADE", "MadeRow"]

_PENDING: Final = "pending"
_STILL: Final = "There is no result yet."
_UNDER_WAY: Final = "It is under way: the same command waits for it."
_INCOMPLETE: Final = "incomplete"
_SUCCESSES: Final = frozenset({ResultStatus.RENDERED, ResultStatus.UNCHANGED})
_REASONS: Final = {
    ResultStatus.LEFT_OUT: "Not requested, because of a limit.",
    ResultStatus.CHANGED: "A video was made of it with other values. --changed makes another one.",
}
# What the same command continues.
_RESUMED: Final = frozenset(
    {
        *(ResultStatus.TIMED_OUT, ResultStatus.REFUSED, ResultStatus.ERROR, ResultStatus.BUSY, ResultStatus.LEFT_OUT),
    }
)


@attrs.frozen
class MadeRow:
    """What became of one row of the table.

    Attributes:
        order: The row.
        status: What became of it, or what is planned.
        result: Its result; ``None`` if there is none.
        reason: Why there is no video.
        job: Its job, if there is no result that has it.
    """

    order: Order
    status: str
    result: VideoResult | None = None
    reason: str | None = None
    job: str | None = None

    @classmethod
    def of(cls, order: Order, result: VideoResult) -> MadeRow:
        """Make the row of a result."""
        failed = result.error is not None and result.status in _SUCCESSES
        reason = _REASONS.get(result.status) if result.error is None else in_command_words(str(result.error))
        return cls(order, _INCOMPLETE if failed else result.status.value, result, reason)

    @classmethod
    def pending(cls, order: Order, job: str | None) -> MadeRow:
        """Make the row of a video without a result.

        Args:
            order: What was to be made.
            job: Its job, if it was started.
        """
        return cls(order, _PENDING, reason=_STILL if job is None else _UNDER_WAY, job=job)

    @property
    def is_done(self) -> bool:
        """Whether the same command has nothing left to do about it."""
        return self.result is not None and self.result.status not in _RESUMED

    def fact(self, name: str) -> Any:
        """Return a fact about the video; ``None`` if it is not known."""
        return None if self.result is None else getattr(self.result.video, name, None)

    @property
    def job_id(self) -> str | None:
        """The id of the video: that of its job."""
        handle = None if self.result is None else self.result.handle
        return self.fact("job_id") or (self.job if handle is None else handle.job_id)

    @property
    def path(self) -> Path | None:
        """Where the video is, or the first file if that is none."""
        report = None if self.result is None else self.result.report
        return None if report is None else report.paths.get("video") or next(iter(report.paths.values()), None)

    def to_dict(self) -> dict[str, Any]:
        """The row as a JSON document."""
        found = {} if self.result is None else self.result.to_dict()
        key = self.order.order.key
        head = {"row": self.order.row.number, "key": key, "name": self.order.name, "job_id": self.job_id}
        return {**found, **head, "status": self.status, "error": self.reason}


MADE: Final[Table[MadeRow]] = Table(
    "videos",
    (
        Column("key", lambda row: row.order.order.key, plain=False),
        Column("row", lambda row: row.order.row.number),
        Column("name", lambda row: row.order.name),
        Column("status", lambda row: row.status),
        Column("id", lambda row: row.job_id, whole=True, spare=1),
        Column("seconds", lambda row: row.fact("duration"), spare=2),
        Column("share", lambda row: row.fact("share_url"), spare=3),
        Column("path", lambda row: row.path, spare=4),
        Column("reason", lambda row: row.reason),
    ),
)
"""What the command prints about each row, and writes to the file of results."""
