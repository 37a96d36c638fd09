"""The calls about projects."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from pictory_async._api.listing import Listing
from pictory_async._api.project_waits import ProjectWaits, checked_terms
from pictory_async._api.requests import request_render
from pictory_async._codec.answers import decode_project, decode_project_page
from pictory_async._codec.unreadable import unread_fields
from pictory_async._ledger.renders import Again
from pictory_async._limits.wait_queue import Priority
from pictory_async._polling import logged
from pictory_async._polling.targets import target_of
from pictory_async._settings.paths import project_path
from pictory_async.errors import MalformedResponseError
from pictory_async.models import Project

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Callable, Iterable
    from datetime import datetime

    from pictory_async._api.batches import ProjectCalls
    from pictory_async._api.render_batch import RenderBatch
    from pictory_async._api.sync import ProjectSync, SyncState
    from pictory_async._files.downloads import DownloadProgress, DownloadReport
    from pictory_async._files.fetcher import Fetcher
    from pictory_async._files.names import FileKind
    from pictory_async._files.naming import Fields
    from pictory_async._files.partfile import OnConflict
    from pictory_async._http.transport import Transport
    from pictory_async._ledger.ledger import Ledger
    from pictory_async._polling.handle import RenderHandle
    from pictory_async._polling.registry import WatchRegistry
    from pictory_async._settings.durations import Duration
    from pictory_async._values import Deferred
    from pictory_async.models import ProjectId, ProjectItem


class Projects(ProjectWaits):
    """The calls about projects: ``client.projects``."""

    def __init__(self, transport: Transport, registry: WatchRegistry, fetcher: Deferred[Fetcher]) -> None:
        super().__init__(registry)
        self._transport = transport
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
        return await request_render(self._transport, await self.get(project_id), project_id)

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
        terms = checked_terms(max_wait, interval, start_grace)
        handle = await self.render(project_id)
        try:
            return await self._wait(target_of(handle, None), terms)
        except BaseException as error:
            logged.render_cancelled(error, handle)
            raise

    def render_all(  # noqa: PLR0913 - each option is an argument
        self,
        ids: Iterable[ProjectId] | AsyncIterable[ProjectId],
        *,
        ledger: Ledger,
        download_to: str | os.PathLike[str] | None = None,
        kinds: Iterable[FileKind] | FileKind = ("video", "audio", "srt", "vtt", "txt"),
        on_conflict: OnConflict = "update",
        keep_old: int | None = None,
        naming: str | None = None,
        fields: Fields | None = None,
        batch: str | None = None,
        force: bool = False,
        retry_failed: bool = False,
        retry_unstarted: bool = False,
        overlap: Literal["skip", "wait"] = "skip",
        max_renders: int | None = None,
        wait: bool = True,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        at_once: int = 500,
    ) -> RenderBatch:
        """Render many projects, each once, wait for them, download them, and get a result for each as it is known.

        Example::

            async with client.projects.render_all(ids, ledger=Ledger("videos.db"), download_to="videos") as batch:
                async for result in batch:
                    print(result.project_id, result.status)

        The ledger remembers what was requested, before it is requested. So the same call goes on after a crash, a kill
        or a lost connection: nothing is paid for twice, and what is finished is not polled again. A project is rendered
        once for each version of it, which the date of its last save tells apart. One whose video is known not to be
        outdated is not rendered again.

        Renders are requested one after the other, so that at most one request is unanswered at any time. If its
        response is lost, and nothing shows within ``start_grace`` that a render was started, the list of jobs tells:
        without a job that can be it, the result is ``NOT_STARTED``; else it is ``UNCERTAIN``, and it is never requested
        again.

        Args:
            ids: The projects, or an async iterable of them; equal ones count once.
            ledger: Where everything is remembered.
            download_to: A directory for the files of what is rendered, and of what was rendered before.
            kinds: Which files, as in `download`, as are ``on_conflict``, ``keep_old``, ``naming`` and ``fields``.
            on_conflict: See there.
            keep_old: See there.
            naming: See there.
            fields: See there.
            batch: A name. Then each project is rendered once for this name, whatever its version is: after a change of
                the brand, for example.
            force: Render again what is rendered already, or is being rendered.
            retry_failed: Request renders that failed again.
            retry_unstarted: Request renders again whose first request had no effect.
            overlap: What to do about projects that another run of this ledger is at: ``"skip"`` reports them as
                ``BUSY``, and ``"wait"`` waits for it.
            max_renders: How many renders are requested at most; the others are ``LEFT_OUT``. 0 requests none, and so
                tells which would be requested.
            wait: Whether to wait for the renders; if not, results are ``STARTED``.
            max_wait: As in `wait`, from when a render was requested.
            interval: As in `wait_all`.
            start_grace: As in `wait`.
            at_once: How many projects are under way at most, or have a result that was not taken yet.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.

        The block, or iterating, raises ``LedgerError`` if the ledger cannot be used: then nothing more is requested.
        """
        from pictory_async._api.batches import delivery_of, open_batch  # noqa: PLC0415 - few programs need it

        again = Again(rendered=force, failed=force or retry_failed, unstarted=retry_unstarted)
        return open_batch(
            self._calls,
            self._transport,
            ids,
            ledger,
            delivery=delivery_of(download_to, kinds, on_conflict, keep_old, naming, fields),
            batch=batch,
            force=force,
            again=again,
            overlap=overlap,
            max_renders=max_renders,
            waits=wait,
            watch={"max_wait": max_wait, "interval": interval, "start_grace": start_grace},
            at_once=at_once,
        )

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
        keep_old: int | None = None,
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
                ``None`` keeps no more of them, and removes none.
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

    def sync(  # noqa: PLR0913 - each option is an argument
        self,
        directory: str | os.PathLike[str],
        *,
        ledger: Ledger,
        render: Iterable[SyncState | str] = ("never", "outdated"),
        name: str | None = None,
        saved_since: datetime | None = None,
        ids: Iterable[ProjectId] | None = None,
        kinds: Iterable[FileKind] | FileKind = ("video", "audio", "srt", "vtt", "txt"),
        on_conflict: OnConflict = "update",
        keep_old: int | None = None,
        naming: str | None = None,
        fields: Fields | None = None,
        retry_failed: bool = False,
        retry_unstarted: bool = False,
        max_renders: int | None = None,
        verify: bool = False,
        on_progress: Callable[[int, int], object] | None = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        at_once: int = 500,
    ) -> ProjectSync:
        """Bring a directory in step with the account: render what has no newest video, and download.

        Example::

            sync = client.projects.sync("videos", ledger=Ledger("videos.db"))
            print(await sync.plan())  # 12 to render, 31 to download, 457 unchanged, 3 unknown
            async with sync:
                async for result in sync:
                    print(result.project_id, result.status)

        The list of projects is read, and of the projects only those that are new or were saved since the last time:
        the ledger knows the others. So where nothing changed, it costs the pages of the list. Nothing is deleted.

        Whether a video is outdated is often not known (see ``RenderResult.is_outdated``); such a project is rendered
        only if ``render`` has ``"unknown"``. A video that was rendered again elsewhere, without a save of the project,
        is seen with ``verify`` only.

        Args:
            directory: Where the files go.
            ledger: As in `render_all`.
            render: Which projects are rendered: any of ``"never"``, ``"outdated"`` and ``"unknown"``.
            name: Only projects whose name matches a pattern, such as ``ACME*``, in any case.
            saved_since: Only projects that were saved at this time, with a time zone, or later.
            ids: Only these projects.
            kinds: Which files, as in `download`, as are ``on_conflict``, ``keep_old``, ``naming`` and ``fields``.
            on_conflict: See there.
            keep_old: See there.
            naming: See there.
            fields: See there.
            retry_failed: As in `render_all`, as are ``retry_unstarted``, ``max_wait``, ``interval``, ``start_grace``
                and ``at_once``.
            retry_unstarted: See there.
            max_renders: How many renders are requested at most; the others are ``LEFT_OUT``.
            verify: Fetch every project, also those that the list shows unchanged.
            on_progress: Called while the plan is made, with how many projects of how many were fetched.
            max_wait: See there.
            interval: See there.
            start_grace: See there.
            at_once: See there.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
        """
        from pictory_async._api.batches import delivery_of, open_sync  # noqa: PLC0415 - few programs need it
        from pictory_async._api.sync import selection_of  # noqa: PLC0415

        return open_sync(
            self._calls,
            self._transport,
            ledger,
            delivery_of(directory, kinds, on_conflict, keep_old, naming, fields),
            selection_of(name, saved_since, ids),
            render=render,
            verify=verify,
            on_progress=on_progress,
            again=Again(failed=retry_failed, unstarted=retry_unstarted),
            max_renders=max_renders,
            watch={"max_wait": max_wait, "interval": interval, "start_grace": start_grace},
            at_once=at_once,
        )

    @property
    def _calls(self) -> ProjectCalls:
        from pictory_async._api.batches import ProjectCalls  # noqa: PLC0415 - few programs need it

        return ProjectCalls(get=self.get, watch=self.watch, download=self.download, list=self.list)

    def list(self) -> Listing[ProjectItem]:
        """List the account's projects, across all pages, as an async iterator.

        See https://docs.pictory.ai/api-reference/projects/get-projects. Items do not show whether there is a video.
        """
        return Listing(self._transport, "/v2/projects", "the list of projects", "pagekey", decode_project_page)

    async def _fetch(self, project_id: ProjectId, priority: Priority | None = None) -> Project:
        return await self._transport.get(
            project_path(project_id),
            f"project {project_id!r}",
            lambda body: decode_project(body, project_id),
            priority=priority,
        )
