"""The calls about projects."""

from __future__ import annotations

from collections.abc import AsyncIterable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

import attrs

from pictory_async._api.listing import Listing
from pictory_async._codec.answers import decode_project, decode_project_page, decode_render_started
from pictory_async._codec.unreadable import unread_fields
from pictory_async._limits.wait_queue import Priority
from pictory_async._polling import logged
from pictory_async._polling.evidence import UNDATED
from pictory_async._polling.handle import RenderHandle
from pictory_async._polling.outcome import RenderOutcomes
from pictory_async._polling.poller import RenderPoller
from pictory_async._polling.scheduler import Scheduler
from pictory_async._polling.schedules import ProgressSchedule
from pictory_async._polling.targets import arriving_targets, target_of, targets_of
from pictory_async._polling.watch import Terms
from pictory_async._settings.durations import optional_seconds, seconds
from pictory_async._settings.paths import project_path
from pictory_async._values import brief
from pictory_async.errors import (
    APIError,
    ConnectionFailedError,
    MalformedResponseError,
    PictoryConfigError,
    RenderSubmitUncertainError,
    RequestTimeoutError,
    StatusError,
)
from pictory_async.models import Project

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from pictory_async._files.downloads import DownloadProgress, DownloadReport
    from pictory_async._files.fetcher import Fetcher
    from pictory_async._files.names import FileKind
    from pictory_async._files.naming import Fields
    from pictory_async._files.partfile import OnConflict
    from pictory_async._http.transport import Transport
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._polling.registry import WatchRegistry
    from pictory_async._polling.schedules import PollSchedule
    from pictory_async._polling.targets import After, AfterEach, Target
    from pictory_async._polling.watch import Watch
    from pictory_async._settings.durations import Duration
    from pictory_async._statistics import PollerStatistics
    from pictory_async._values import Deferred
    from pictory_async.models import ProjectId, ProjectItem


class Projects:
    """The calls about projects: ``client.projects``."""

    def __init__(self, transport: Transport, registry: WatchRegistry, fetcher: Deferred[Fetcher]) -> None:
        self._transport = transport
        self._registry = registry
        self._fetcher = fetcher

    async def get(self, project_id: ProjectId) -> Project:
        """Fetch one project as it is now.

        See https://docs.pictory.ai/api-reference/projects/get-project-by-id.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).

        Raises:
            PictoryConfigError: The id cannot be a project id; nothing was sent.
            NotFoundError: There is no such project for this key.
            MalformedResponseError: The response is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        return await self._fetch(project_id)

    async def wait(
        self,
        project_id: ProjectId | RenderHandle,
        *,
        after: After = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> Project:
        """Wait until a project's video is rendered, and return the project.

        Cancelling the wait leaves nothing behind; the render itself continues.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older); or the handle of a render, with which only
                its own video counts, and its job shows progress and failure.
            after: For a project that already has a video: a snapshot (`Project`) taken before the new render, or a
                time of the server's. Only a newer video counts.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two polls; Pictory recommends 10 to 30.
            start_grace: How long to wait for a render to start, in seconds, before reporting that it did not start:
                a render may be queued.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            RenderFailedError: A render was seen, and ended without a new video.
            RenderNotStartedError: No render was seen for ``start_grace`` seconds.
            WaitTimeoutError: ``max_wait`` is over.
            NotFoundError: There is no such project for this key.
            AuthenticationError: The key is rejected.
            PermissionDeniedError: The key may not read the project.
            APIError: The responses stayed unusable.
        """
        return await self._wait(target_of(project_id, after), _terms(max_wait, interval, start_grace))

    async def wait_all(
        self,
        ids: Iterable[ProjectId | RenderHandle],
        *,
        after: After | AfterEach = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        schedule: PollSchedule | None = None,
    ) -> RenderOutcomes:
        """Wait for many projects, and get a definite result for each one.

        No project raises an error: whatever happens to it is its outcome.

        Args:
            ids: The projects, or the handles of renders; equal ones are watched once.
            after: As in `wait`; or a mapping from id to snapshot or time, with one for each project. Ids compare as
                text, and a key that is not among ``ids`` is an error.
            max_wait: As in `wait`, for all of them together.
            interval: As in `wait`; with a small request budget, all intervals stretch alike.
            start_grace: As in `wait`.
            schedule: When to poll which project; ``None`` means a `ProgressSchedule`. Several waits can share one.

        Returns:
            The outcomes, in the order of ``ids``: a list whose ``str()`` is a summary.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
        """
        terms = _terms(max_wait, interval, start_grace, schedule)
        async with Scheduler(self._registry, terms, targets_of(ids, after)) as scheduler:
            while await scheduler.next_news() is not None:
                pass
        return RenderOutcomes(cast("RenderOutcome", watch.outcome) for watch in scheduler.first)

    def watch(
        self,
        ids: Iterable[ProjectId | RenderHandle] | AsyncIterable[ProjectId | RenderHandle] = (),
        *,
        after: After | AfterEach = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        schedule: PollSchedule | None = None,
        keep_open: bool = False,
        history: int = 1000,
    ) -> RenderPoller:
        """Watch many projects, and get each outcome as soon as it is known.

        Example::

            async with client.projects.watch(ids) as watch:
                async for outcome in watch:
                    print(outcome.project_id, outcome.status)

        Args:
            ids: The first projects, or handles of renders; `RenderPoller.add` adds more while it runs. Or an async
                iterable, such as a queue's: its next id is taken while fewer than 1,000 are pending or unread. If it
                fails, what it gave before is waited for, and its error is raised when the block ends.
            after: As in `wait_all`.
            max_wait: As in `wait`, for each project from the moment it is added.
            interval: As in `wait_all`.
            start_grace: As in `wait`.
            schedule: As in `wait_all`.
            keep_open: Go on when nothing is pending, until `RenderPoller.close`: for an app that adds projects all day.
                Outcomes are then kept for iteration from the first iteration on only.
            history: With ``keep_open``, how many outcomes are kept unread, and how many ended projects are remembered
                for `RenderPoller.snapshot` and new subscribers; the newest ones.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
        """
        terms = _terms(max_wait, interval, start_grace, schedule)
        if isinstance(history, bool) or not isinstance(history, int) or history < 1:
            raise PictoryConfigError(f"history must be a whole number of outcomes, at least 1, not {brief(history)}.")
        targets = arriving_targets(ids, after) if isinstance(ids, AsyncIterable) else targets_of(ids, after)
        return RenderPoller(Scheduler(self._registry, terms, targets, keep=history if keep_open else None))

    async def render(self, project_id: ProjectId) -> RenderHandle:
        """Start rendering a project. Each render is billed, so the request is sent once and never retried.

        See https://docs.pictory.ai/api-reference/videos/render-project. The project is fetched first, because only the
        date of its old video shows which video is new.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).

        Returns:
            The handle of the render: pass it to `wait_all`, `watch` or `RenderPoller.add`.

        Raises:
            PictoryConfigError: The id cannot be a project id; nothing was sent.
            RenderSubmitUncertainError: The response was lost; the error says how to find out if the render started.
            ConnectionFailedError: No connection could be made, so nothing was started.
            StatusError: The API itself rejected the request, as its subclasses say; nothing was started.
        """
        before = await self.get(project_id)
        undated = UNDATED if before.video_url else None
        now = datetime.now(UTC)
        # From before the request: a render can be quick.
        old = before.generated_at or undated
        handle = RenderHandle(project_id=project_id, generated_before=old, requested_at=now)
        subject = f"the render of project {project_id!r}"
        try:
            path = f"{project_path(project_id)}/render"
            job_id = await self._transport.submit(path, subject, decode_render_started)
            logged.render_requested(project_id, job_id)
            return attrs.evolve(handle, job_id=job_id)
        except APIError as error:
            if _proves_nothing_started(error):
                raise
            cause = str(error)
        except BaseException as error:
            logged.render_cancelled(error, handle)
            raise
        text = (
            f"It is not known whether {subject} was started: {cause} The request was not sent again, because each "
            "render is billed. Wait for error.handle: a render that was started is seen within start_grace."
        )
        raise RenderSubmitUncertainError(text, handle=handle, cause=cause)

    async def render_and_wait(
        self,
        project_id: ProjectId,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> Project:
        """Start rendering a project and wait until the new video is there.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).
            max_wait: As in `wait`, from when the render was started.
            interval: As in `wait`.
            start_grace: As in `wait`.

        Returns:
            The project with its new video.

        Raises:
            PictoryError: Whatever `render` and `wait` raise. If the render was requested, the error's ``handle`` is it.
        """
        terms = _terms(max_wait, interval, start_grace)
        handle = await self.render(project_id)
        try:
            return await self._wait(target_of(handle, None), terms)
        except BaseException as error:
            logged.render_cancelled(error, handle)
            raise

    async def share_link(
        self,
        project_id: ProjectId,
        *,
        wait: bool = False,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
    ) -> str | None:
        """Get the address of the public page that shows the project's video.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).
            wait: Wait until the project is rendered, if it is not.
            max_wait: As in `wait`.
            interval: As in `wait`.

        Returns:
            The address; ``None`` if the project has none.

        Raises:
            MalformedResponseError: The address could not be read: it is not a text.
            PictoryError: Whatever `get` and `wait` raise.
        """
        waiting = self.wait(project_id, max_wait=max_wait, interval=interval) if wait else self.get(project_id)
        project = await waiting
        name = unread_fields(project).get("share_video_url")
        if name is not None:
            text = f"The address of the page of project {project.id!r} could not be read: it is not a text."
            path = project_path(project_id)
            raise MalformedResponseError(text, method="GET", path=path, json_path=f"$.{name}")
        return project.share_video_url

    async def download(  # noqa: PLR0913 - one task, and what can be said about it
        self,
        project: Project | ProjectId,
        directory: str | os.PathLike[str],
        *,
        kinds: Iterable[FileKind] | FileKind = ("video", "audio", "srt", "vtt", "txt"),
        on_conflict: OnConflict = "rename",
        keep_old: int = 0,
        naming: str | None = None,
        fields: Fields | None = None,
        on_progress: Callable[[DownloadProgress], object] | None = None,
        min_speed: float = 1000.0,
    ) -> DownloadReport:
        """Download a project's files, several at once.

        Each file gets its name only when it is complete, and has the date of the video. The same call again resumes
        what was interrupted. A manifest, ``.pictory.json``, has the project and the render of each file. So a file of
        the same render is not downloaded again, a new render replaces the old file, and another project of the same
        name gets a part of its id. Calls of one program for one file share one download. Media hosts never get the key.

        Args:
            project: A project, or the id of one.
            directory: Where to put the files; made if it does not exist.
            kinds: Any of ``video``, ``audio``, ``srt``, ``vtt``, ``txt``, ``thumbnail``, and ``share`` (a small file
                with the address of the share page). What the project does not have is reported as absent.
            on_conflict: What to do if another file has the name: ``"rename"`` and ``"update"`` add a number, ``"skip"``
                downloads nothing, ``"overwrite"`` replaces it, and downloads a file of the same render again.
            keep_old: With ``"update"``, how many earlier versions of each unedited file to keep; others are removed.
            naming: A template such as ``"{customer}/{name} [{id}].{lang}.{ext}"``. Its fields are ``name``, ``id``,
                ``date`` (of the video), ``saved``, ``kind``, ``lang``, ``ext``, and those of ``fields``.
            fields: More fields of projects, by id; a project without them has empty ones.
            on_progress: Called in the event loop, about once per megabyte. An error that it raises ends the call.
            min_speed: Bytes per second that must arrive, on average over 30 seconds; 0 for no limit.

        Returns:
            What was written, and where.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            DownloadError: A file cannot be downloaded, or the directory cannot be written to (nothing was sent).
            APIError: The project could not be fetched, as its subclasses say.
        """
        from pictory_async._files import downloads  # noqa: PLC0415 - few programs download

        filing = downloads.filing_of(on_conflict, keep_old, naming, fields)
        order = await downloads.order_of(directory, kinds, filing, on_progress, min_speed)
        found = project if isinstance(project, Project) else await self.get(project)
        again = partial(self._fetch, found.id, Priority.BACKGROUND)
        return await downloads.download_assets(self._fetcher.get(), found, order, again)

    def list(self) -> Listing[ProjectItem]:
        """List the account's projects, across all pages, as an async iterator.

        See https://docs.pictory.ai/api-reference/projects/get-projects. Items do not show whether there is a video.
        """
        return Listing(self._transport, "/v2/projects", "the list of projects", "pagekey", decode_project_page)

    def statistics(self) -> PollerStatistics:
        """What all waits of this client did so far; a part of ``client.statistics()``."""
        return self._registry.statistics()

    async def _wait(self, target: Target, terms: Terms) -> Project:
        async with Scheduler(self._registry, terms, [target]) as scheduler:
            outcome = cast("RenderOutcome", cast("Watch", await scheduler.next_news()).outcome)
        return outcome.raise_for_status()

    async def _fetch(self, project_id: ProjectId, priority: Priority | None = None) -> Project:
        return await self._transport.get(
            project_path(project_id),
            f"project {project_id!r}",
            lambda body: decode_project(body, project_id),
            priority=priority,
        )


def _proves_nothing_started(error: APIError) -> bool:
    """Whether a failed render request had no effect, so that the caller may send another: each one is billed."""
    if isinstance(error, (ConnectionFailedError, RequestTimeoutError)):
        return not error.sent
    if isinstance(error, StatusError) and error.status == 429:  # noqa: PLR2004 - Too Many Requests
        return True
    # A gateway's response proves nothing, and neither does an error of the server or a 408 (Request Timeout).
    return isinstance(error, StatusError) and error.from_api and error.status in {*range(400, 500)} - {408}


def _terms(
    max_wait: Duration | None, interval: Duration, start_grace: Duration, schedule: PollSchedule | None = None
) -> Terms:
    schedule = ProgressSchedule() if schedule is None else schedule
    if isinstance(schedule, type) or not callable(getattr(schedule, "next_poll", None)):
        raise PictoryConfigError(
            f"schedule must be an object with a method next_poll, such as FairSchedule(), not {brief(schedule)}."
        )
    return Terms(
        schedule=schedule,
        max_wait=optional_seconds("max_wait", max_wait, above=0.0),
        interval=seconds("interval", interval, above=0.0),
        start_grace=seconds("start_grace", start_grace),
    )
