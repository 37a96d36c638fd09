"""Tells a client's ``on_event`` about waits and their polls too. Imported only if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from pictory_async._http.reporter import Reporter
from pictory_async._polling.logged import seen_by
from pictory_async.events import PollEnded, WaitBegan, WaitEnded

if TYPE_CHECKING:
    from pictory_async._polling.watch import Watch
    from pictory_async.errors import APIError


class WatchReporter(Reporter):
    """Tells about what the watches of a client do."""

    def wait_began(self, watch: Watch) -> None:
        """Tell that a watch began."""
        self.tell(WaitBegan(wait=id(watch), project_id=watch.project_id, job_id=watch.job_id))

    def poll_ended(self, watch: Watch, error: APIError | None, *, of_job: bool) -> None:
        """Tell what a watch got from a poll."""
        event = PollEnded(
            wait=id(watch),
            project_id=watch.project_id,
            job_id=watch.job_id,
            of_job=of_job,
            seen=seen_by(watch, of_job=of_job) if error is None else None,
            error=error,
        )
        self.tell(event)

    def wait_ended(self, watch: Watch) -> None:
        """Tell how a watch ended."""
        outcome = watch.outcome
        event = WaitEnded(
            wait=id(watch),
            project_id=watch.project_id,
            job_id=watch.job_id,
            status=None if outcome is None else outcome.status.value,
            polls=watch.polls,
            waited=anyio.current_time() - watch.began if outcome is None else outcome.waited,
            detection_delay=0.0 if outcome is None else outcome.detection_delay,
            error=None if outcome is None else outcome.error,
        )
        self.tell(event)
