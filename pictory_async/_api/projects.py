"""The calls about projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pictory_async._api.listing import Listing
from pictory_async._api.one_project import OneProject
from pictory_async._codec.answers import decode_project_page
from pictory_async._settings.mistakes import hinted

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Callable, Iterable
    from datetime import datetime

    from pictory_async._api.batches import ProjectCalls
    from pictory_async._api.render_batch import RenderBatch
    from pictory_async._api.survey import SyncState
    from pictory_async._api.sync import ProjectSync
    from pictory_async._files.names import FileKind
    from pictory_async._files.naming import Fields
    from pictory_async._files.partfile import OnConflict
    from pictory_async._ledger.ledger import Ledger
    from pictory_async._settings.durations import Duration
    from pictory_async.models import ProjectId, ProjectItem


class Projects(OneProject):
    """The calls about projects: ``client.projects``."""

    @hinted
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
        from pictory_async._ledger.renders import Resubmit  # noqa: PLC0415

        resubmit = Resubmit(rendered=force, failed=force or retry_failed, unstarted=retry_unstarted)
        return open_batch(
            self._calls,
            self._transport,
            ids,
            ledger,
            delivery=delivery_of(download_to, kinds, on_conflict, keep_old, naming, fields),
            batch=batch,
            force=force,
            resubmit=resubmit,
            overlap=overlap,
            max_renders=max_renders,
            waits=wait,
            watch={"max_wait": max_wait, "interval": interval, "start_grace": start_grace},
            at_once=at_once,
        )

    @hinted
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
        """Bring a directory up to date with the account: render what has no newest video, and download.

        Example::

            sync = client.projects.sync("videos", ledger=Ledger("videos.db"))
            print(await sync.plan())  # 12 to render, 31 to download, 457 unchanged (3 of them may be outdated)
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
        from pictory_async._api.survey import selection_of  # noqa: PLC0415
        from pictory_async._ledger.renders import Resubmit  # noqa: PLC0415

        return open_sync(
            self._calls,
            self._transport,
            ledger,
            delivery_of(directory, kinds, on_conflict, keep_old, naming, fields),
            selection_of(name, saved_since, ids),
            render=render,
            verify=verify,
            on_progress=on_progress,
            resubmit=Resubmit(failed=retry_failed, unstarted=retry_unstarted),
            max_renders=max_renders,
            watch={"max_wait": max_wait, "interval": interval, "start_grace": start_grace},
            at_once=at_once,
        )

    async def states(
        self,
        *,
        ledger: Ledger,
        name: str | None = None,
        saved_since: datetime | None = None,
        ids: Iterable[ProjectId | ProjectItem] | None = None,
        verify: bool = False,
        on_progress: Callable[[int, int], object] | None = None,
    ) -> dict[ProjectId, SyncState]:
        """Find out which projects have no video, an outdated one, or the newest one.

        The list of projects does not show it. Where the date of the last save in the list is the one that the ledger
        knows, the ledger tells; every other project is fetched, concurrently within the request budget.

        Args:
            ledger: What earlier calls remembered; what is found is entered in it.
            name: As in `sync`.
            saved_since: As in `sync`.
            ids: Only these projects. If they are entries of the list, the list is not read again.
            verify: As in `sync`. Without it, ``RENDERING`` is seen only of projects that are fetched.
            on_progress: As in `sync`.

        Returns:
            The state of each project that is meant and in the list, in the list's order.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            LedgerError: The ledger cannot be used.
            APIError: The list or a project could not be fetched, as its subclasses say.
        """
        from pictory_async._api.states import find_states  # noqa: PLC0415 - few programs need it

        return await find_states(
            self._calls,
            self._transport.base_url,
            ledger,
            name=name,
            saved_since=saved_since,
            ids=ids,
            verify=verify,
            on_progress=on_progress,
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
