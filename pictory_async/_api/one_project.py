"""The calls about one project."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pictory_async._api.jobs import fetch_job
from pictory_async._api.project_waits import ProjectWaits, checked_terms
from pictory_async._api.requests import request_render
from pictory_async._codec.answers import decode_done, decode_project
from pictory_async._codec.unreadable import unread_fields
from pictory_async._limits.wait_queue import Priority
from pictory_async._polling import logged
from pictory_async._polling.outcome import RenderOutcome
from pictory_async._polling.targets import target_of
from pictory_async._settings.mistakes import hinted
from pictory_async._settings.paths import project_path
from pictory_async.errors import MalformedResponseError
from pictory_async.models import Project
from pictory_async.models.video import Video, project_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

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
    from pictory_async.models import ProjectId


class OneProject(ProjectWaits):
    """The calls about one project; a part of ``client.projects``."""

    def __init__(self, transport: Transport, registry: WatchRegistry, fetcher: Deferred[Fetcher]) -> None:
        super().__init__(transport, registry)
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

    @hinted
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

    @hinted
    async def share_link(
        self,
        project_id: ProjectId,
        *,
        wait: bool = False,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        fresh: bool = False,
        ledger: Ledger | None = None,
    ) -> str | None:
        """Get the address of the public page that shows the project's video.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).
            wait: Wait until the project is rendered, if it is not.
            max_wait: As in `wait`.
            interval: As in `wait`.
            fresh: As in `wait`.
            ledger: As in `wait`.

        Returns:
            The address; ``None`` if the project has none.

        Raises:
            MalformedResponseError: The address could not be read: it is not a text.
            PictoryError: Whatever `get` and `wait` raise.
        """
        freshness = self._freshness(ledger, fresh=fresh)
        if wait:
            project = await self.wait(project_id, max_wait=max_wait, interval=interval, fresh=fresh, ledger=ledger)
        else:
            project = await self.get(project_id)
            if freshness is not None:
                await freshness.see(project)
        name = unread_fields(project).get("share_video_url")
        if name is not None:
            text = f"The address of the page of project {project.id!r} could not be read: it is not a text."
            path = project_path(project_id)
            raise MalformedResponseError(text, method="GET", path=path, json_path=f"$.{name}")
        return project.share_video_url

    async def download(  # noqa: PLR0913 - one task, and what can be said about it
        self,
        project: Project | ProjectId | Video | RenderOutcome[Any],
        directory: str | os.PathLike[str],
        *,
        kinds: Iterable[FileKind] | FileKind = ("video", "audio", "srt", "vtt", "txt"),
        on_conflict: OnConflict = "rename",
        keep_old: int | None = None,
        naming: str | None = None,
        fields: Fields | None = None,
        on_progress: Callable[[DownloadProgress], object] | None = None,
        min_speed: float = 1000.0,
        fresh: bool = False,
        ledger: Ledger | None = None,
    ) -> DownloadReport:
        """Download a project's files, several at once.

        Each file gets its name only when it is complete, and has the date of the video. The same call again resumes
        what was interrupted. A manifest, ``.pictory.json``, has the project and the render of each file. So a file of
        the same render is not downloaded again, a new render replaces the old file, and another project of the same
        name gets a part of its id. Calls of one program for one file share one download; what another process writes is
        waited for as long as it grows. Media hosts never get the key.

        Args:
            project: A project, or the id of one; a video without a project; or the outcome of a watch.
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
            fresh: Refuse a video that is not known to show the project as it was last saved, as in `wait`.
            ledger: As in `wait`; it also remembers which version of each file is there, so that `sync` does not
                download it again.

        Returns:
            What was written, and where.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            WaitError: The outcome has no video; or another of its errors.
            DownloadError: A file cannot be downloaded, or the directory cannot be written to (nothing was sent).
            OutdatedVideoError: With ``fresh``: the video is outdated, or not known not to be. No file was fetched.
            LedgerError: The ledger cannot be used.
            APIError: The project could not be fetched, as its subclasses say.
        """
        from pictory_async._files import downloads  # noqa: PLC0415 - few programs download

        freshness = self._freshness(ledger, fresh=fresh)
        filing = downloads.filing_of(on_conflict, keep_old, naming, fields)
        order = await downloads.order_of(directory, kinds, filing, on_progress, min_speed)
        if isinstance(project, RenderOutcome):
            shown: Project | Video = project.raise_for_status()
            project = project.video or shown
        if isinstance(project, Video):
            # It shows what was asked for, so it has no age.
            again = partial(self._fetch_video, project)
            return await downloads.download_assets(self._fetcher.get(), project_of(project), order, again)
        found = project if isinstance(project, Project) else await self.get(project)
        again = partial(self._fetch, found.id, Priority.BACKGROUND)
        if freshness is None:
            return await downloads.download_assets(self._fetcher.get(), found, order, again)
        await freshness.see(found)
        download = downloads.download_assets(self._fetcher.get(), found, order, again)
        return await freshness.remember_files(found, directory, on_conflict, download)

    async def update(self, project: Project) -> Project:
        """Write a changed project: one that was fetched, and changed with ``attrs.evolve``.

        See https://docs.pictory.ai/api-reference/projects/update-project. The API replaces the whole project, and has
        no lock. So the project is fetched before, and nothing is written if it was changed since; and after, to see
        that it shows the changes. An edit of somebody else that comes between these requests can still be overwritten,
        or overwrite yours. The request is sent once.

        Example::

            project = await client.projects.get(project_id)
            await client.projects.update(attrs.evolve(project, name="Spring sale"))

        Args:
            project: The changed project. Names, texts, styles and backgrounds can be changed; Pictory sets dates, files
                and the state of rendering itself.

        Returns:
            The project as it is afterwards.

        Raises:
            PictoryConfigError: It was not fetched, but made by hand; nothing was sent.
            ProjectConflictError: It was changed meanwhile, and nothing was written; or it does not show the changes.
            NotFoundError: There is no such project for this key.
            APIError: It could not be fetched or written, as its subclasses say.
        """
        from pictory_async._api.updates import update_project  # noqa: PLC0415 - few programs change projects

        return await update_project(self._transport, project)

    async def delete(self, project_id: ProjectId) -> None:
        """Delete a project and its files, for good. The request is sent once.

        See https://docs.pictory.ai/api-reference/projects/delete-project.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).

        Raises:
            PictoryConfigError: The id cannot be a project id; nothing was sent.
            NotFoundError: There is no such project for this key; it may be deleted already.
            PermissionDeniedError: It belongs to another team.
            APIError: Any other failure, as its subclasses say. Where it says nothing about the project, it may be
                deleted all the same: fetch it.
        """
        path = project_path(project_id)
        await self._transport.submit(path, f"project {project_id!r}", decode_done, method="DELETE")

    async def _fetch_video(self, video: Video) -> Project:
        job = await fetch_job(self._transport, video.job_id, Priority.BACKGROUND)
        return project_of(Video(job=job, name=video.name))

    async def _fetch(self, project_id: ProjectId, priority: Priority | None = None) -> Project:
        return await self._transport.get(
            project_path(project_id),
            f"project {project_id!r}",
            lambda body: decode_project(body, project_id),
            priority=priority,
        )
