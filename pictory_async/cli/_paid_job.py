"""A job that is billed: started once, waited for, and not lost if the wait ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import attrs
import click

from pictory_async.cli._again import echo_again
from pictory_async.cli._client import open_client, run
from pictory_async.cli._exit_codes import ungrouped
from pictory_async.cli._progress import telling
from pictory_async.cli._stalled import stalled_error, stopping_when_stalled
from pictory_async.cli.display.text import echo_note
from pictory_async.errors import JobCleanedError, JobFailedError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Self

    from pictory_async import AsyncPictory, Job

__all__ = ["PaidJob", "job_option"]

T = TypeVar("T")

_OVER = (JobFailedError, JobCleanedError, NotFoundError)


def job_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--job``."""
    text = "Start nothing: wait for this job, which was started before."
    return click.option("--job", "job_id", metavar="ID", help=text)(command)


@attrs.define(kw_only=True)
class PaidJob:
    """What a command does with such a job.

    Attributes:
        command: The name of the command.
        what: What the job makes, for people.
        job_id: The job; ``None`` until it is started.
        starting: Whether the request that starts it may have been sent.
        doing: What is being done now, for people.
    """

    command: str
    what: str
    job_id: str | None = None
    starting: bool = False
    doing: str = ""
    _seen: object = attrs.field(default=None, init=False)

    def result(
        self,
        base_url: str | None,
        start: Callable[[AsyncPictory], Awaitable[str]],
        wait: Callable[[AsyncPictory], Callable[..., Awaitable[T]]],
        settings: Mapping[str, Any],
    ) -> T:
        """Start the job, unless there is one, and wait for it.

        Args:
            base_url: The address of the API.
            start: Starts the job, and returns its id.
            wait: Returns the call of a client that waits for it.
            settings: Keyword arguments of that call.
        """

        async def work() -> T:
            async with open_client(base_url) as client, telling(lambda: self.doing, lambda: 0):
                if self.job_id is None:
                    self.job_id = await start(client)
                    self.doing = f"{self.what}: job {self.job_id} was started"
                return await self._waited(self.job_id, wait(client), settings)

        with self:
            return run(work)

    async def _waited(self, job_id: str, wait: Callable[..., Awaitable[T]], settings: Mapping[str, Any]) -> T:
        began, found = anyio.current_time(), list[T]()
        async with stopping_when_stalled(lambda: self._seen) as stalled:
            found.append(await wait(job_id, **settings, on_progress=self._on_progress))
        if stalled():
            raise stalled_error(job_id, anyio.current_time() - began, "job")
        return found[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Print what to do about a job that was started, or may have been, if something ended the command."""
        cause = ungrouped(error) if isinstance(error, Exception) else error
        if self.job_id is not None and cause is not None and not isinstance(cause, _OVER):
            echo_note("The job continues, and is billed. Wait for it with:")
            echo_again(self.command, "--job", self.job_id)
        elif self.starting and self.job_id is None and isinstance(cause, KeyboardInterrupt):
            echo_note("The job may have been started, and is billed then. Look for it with 'pictory jobs'.")

    def tell(self, doing: str) -> None:
        """Note what is being done now."""
        self.doing = doing

    def _on_progress(self, job: Job) -> None:
        self._seen = (job.status, job.progress, job.progress_message)
        self.doing = f"{self.what}: job {job.id} is {job.status or 'in an unknown state'}"
