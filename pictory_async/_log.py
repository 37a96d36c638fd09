"""What the library writes to its log: every event, and the one place that writes them."""

from __future__ import annotations

import logging
from enum import StrEnum
from logging import DEBUG, INFO, WARNING
from typing import Final

_log: Final = logging.getLogger("pictory_async")

writes = _log.isEnabledFor
"""Whether events of a level are written: asked before anything is put together for one that happens often."""


class LogEvent(StrEnum):
    """What can happen: the beginning of the message, and its ``pictory_event``."""

    API_REACHABLE = "pictory.api.reachable"
    API_UNREACHABLE = "pictory.api.unreachable"
    BUDGET_REACHABLE = "pictory.budget.reachable"
    BUDGET_UNREACHABLE = "pictory.budget.unreachable"
    CACHE_UNUSABLE = "pictory.cache.unusable"
    HOOK_FAILED = "pictory.hook.failed"
    IDS_FAILED = "pictory.ids.failed"
    JOB_CANCELLED = "pictory.job.cancelled"
    JOBS_LISTED = "pictory.jobs.listed"
    JOBS_NOT_LISTED = "pictory.jobs.not_listed"
    JOB_REQUESTED = "pictory.job.requested"
    JOB_UNKNOWN_STATUS = "pictory.job.unknown_status"
    LIMITER_FAILED = "pictory.limiter.failed"
    LIST_ENTRIES_LEFT_OUT = "pictory.list.entries_left_out"
    POLL_ENDED = "pictory.poll.ended"
    PROJECT_COMPLETE_WITHOUT_VIDEO = "pictory.project.complete_without_video"
    RENDER_CANCELLED = "pictory.render.cancelled"
    RENDER_REQUESTED = "pictory.render.requested"
    REQUEST_FAILED = "pictory.request.failed"
    VIDEO_WARNING = "pictory.video.warning"
    WAIT_BEGAN = "pictory.wait.began"
    WAIT_ENDED = "pictory.wait.ended"


LEVELS: Final = {
    LogEvent.API_REACHABLE: WARNING,  # as its counterpart: whoever is alarmed is told that it is over
    LogEvent.API_UNREACHABLE: WARNING,
    LogEvent.BUDGET_REACHABLE: WARNING,
    LogEvent.BUDGET_UNREACHABLE: WARNING,
    LogEvent.CACHE_UNUSABLE: WARNING,
    LogEvent.HOOK_FAILED: WARNING,
    LogEvent.IDS_FAILED: WARNING,
    LogEvent.JOB_CANCELLED: WARNING,
    LogEvent.JOBS_LISTED: DEBUG,
    LogEvent.JOBS_NOT_LISTED: INFO,
    LogEvent.JOB_REQUESTED: INFO,
    LogEvent.JOB_UNKNOWN_STATUS: INFO,
    LogEvent.LIMITER_FAILED: WARNING,
    LogEvent.LIST_ENTRIES_LEFT_OUT: WARNING,
    LogEvent.POLL_ENDED: DEBUG,
    LogEvent.PROJECT_COMPLETE_WITHOUT_VIDEO: WARNING,
    LogEvent.RENDER_CANCELLED: WARNING,
    LogEvent.RENDER_REQUESTED: INFO,
    LogEvent.REQUEST_FAILED: INFO,
    LogEvent.VIDEO_WARNING: WARNING,
    LogEvent.WAIT_BEGAN: DEBUG,
    LogEvent.WAIT_ENDED: INFO,
}
"""The level of each event."""


def write(
    event: LogEvent,
    text: str,
    *values: object,
    level: int | None = None,
    failure: BaseException | None = None,
    **facts: object,
) -> None:
    """Write an event to the log, if its level is on.

    Args:
        event: What happened.
        text: The message after the event's name, with ``%`` for the values.
        values: What the text shows.
        level: Another level than usual.
        failure: An error whose traceback is written too.
        facts: For handlers that write structured logs: they become attributes of the record, prefixed with
            ``pictory_``. Those that are ``None`` are left out.
    """
    level = LEVELS[event] if level is None else level
    if not writes(level):
        return
    extra: dict[str, object] = {"pictory_event": event.value}
    extra |= {f"pictory_{name}": value for name, value in facts.items() if value is not None}
    _log.log(level, f"{event}: {text}", *values, exc_info=failure, extra=extra, stacklevel=2)
