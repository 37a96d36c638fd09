"""Makes the batches of `render_all` and `sync` from what their callers pass."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from pictory_async._api.arriving import checked_ids
from pictory_async._api.batch_terms import BatchCalls, BatchTerms
from pictory_async._api.freshness import checked_ledger
from pictory_async._api.listing import Listing
from pictory_async._api.project_waits import checked_terms
from pictory_async._api.project_work import ProjectWork
from pictory_async._api.render_batch import RenderBatch
from pictory_async._api.survey import Found, Selection, Survey, SyncState
from pictory_async._api.sync import ProjectSync, SyncPlan
from pictory_async._files.downloads import DownloadProgress, DownloadReport, filing_of, kinds_of
from pictory_async._files.names import FileKind
from pictory_async._files.place import checked_directory
from pictory_async._ledger.files import Files
from pictory_async._polling.poller import RenderPoller
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Project, ProjectId, ProjectItem
from pictory_async.models.video import Video, project_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable
    from datetime import datetime

    from pictory_async._api.batch_work import BatchJob
    from pictory_async._api.submitting import Submitter
    from pictory_async._files.naming import Fields
    from pictory_async._files.partfile import OnConflict
    from pictory_async._http.transport import Transport
    from pictory_async._ledger.ledger import Ledger
    from pictory_async._ledger.renders import Resubmit


_MOST_AT_ONCE: Final = 10_000
_MAY_RENDER: Final = (SyncState.NEVER, SyncState.OUTDATED, SyncState.UNKNOWN)


@attrs.frozen(kw_only=True)
class ProjectCalls:
    """The calls that batches are made of: those of `Projects` with the same names."""

    get: Callable[[ProjectId], Awaitable[Project]]
    watch: Callable[..., RenderPoller]
    download: Callable[..., Awaitable[DownloadReport]]
    list: Callable[[], Listing[ProjectItem]]


@attrs.frozen
class Delivery:
    """Where files go.

    Attributes:
        directory: The directory.
        kinds: The kinds of files.
        options: More keyword arguments of `Projects.download`.
        transfers: What is being downloaded now, by project, or by the key of a video, and kind.
    """

    directory: str | os.PathLike[str]
    kinds: Sequence[FileKind]
    options: Mapping[str, Any]
    transfers: dict[tuple[ProjectId, str], DownloadProgress] = attrs.field(
        factory=dict[tuple[ProjectId, str], DownloadProgress], init=False
    )

    async def bring(self, calls: ProjectCalls, project: Project, ledger: Ledger) -> DownloadReport:
        """Download the files of a project, and remember them."""
        return await self._bring(calls.download, project, project.id, ledger=ledger, **self.options)

    async def bring_video(
        self,
        download: Callable[..., Awaitable[DownloadReport]],
        video: Video,
        *,
        called: ProjectId,
        fields: Mapping[str, str],
    ) -> DownloadReport:
        """Download the files of a video without a project."""
        naming = {} if self.options["naming"] is None else {"fields": {project_of(video).id: fields}}
        return await self._bring(download, video, called, **{**self.options, **naming})

    async def _bring(
        self, download: Callable[..., Awaitable[DownloadReport]], what: Project | Video, one: ProjectId, **options: Any
    ) -> DownloadReport:
        def note(progress: DownloadProgress) -> None:
            self.transfers[one, progress.kind] = attrs.evolve(progress, project_id=one)

        try:
            return await download(what, self.directory, kinds=self.kinds, on_progress=note, **options)
        finally:
            for kind in self.kinds:
                self.transfers.pop((one, kind), None)


def delivery_of(
    directory: str | os.PathLike[str] | None,
    kinds: Iterable[FileKind] | FileKind,
    on_conflict: OnConflict,
    keep_old: int | None,
    naming: str | None,
    fields: Fields | None,
) -> Delivery | None:
    """Check where files go, before anything is paid for; `None` if they go nowhere.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    filing_of(on_conflict, keep_old, naming, fields)
    options = {"on_conflict": on_conflict, "keep_old": keep_old, "naming": naming, "fields": fields}
    found = kinds_of(kinds)
    return None if directory is None else Delivery(checked_directory(directory), found, options)


def open_batch(  # noqa: PLR0913 - what its callers' callers may choose
    made_of: ProjectCalls,
    transport: Transport,
    ids: Iterable[ProjectId] | AsyncIterable[ProjectId],
    ledger: Ledger,
    *,
    delivery: Delivery | None,
    batch: str | None,
    force: bool,
    resubmit: Resubmit,
    overlap: str,
    max_renders: int | None,
    waits: bool,
    watch: Mapping[str, Any],
    at_once: int,
    wants: Callable[[Project, bool | None], bool] | None = None,
    command: str = "render_all",
) -> RenderBatch:
    """Make a batch.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    checked_ledger(ledger)
    terms = checked_terms_of(
        command, resubmit, overlap=overlap, max_renders=max_renders, waits=waits, watch=watch, at_once=at_once
    )

    def wants_render(project: Project, is_outdated: bool | None) -> bool:  # noqa: FBT001 - a callback
        if force:
            return True
        fresh = bool(project.video_url) and is_outdated is False and batch is None
        return not project.is_rendering and not fresh

    async def download(job: BatchJob) -> DownloadReport:
        assert delivery is not None  # noqa: S101 - it is not called otherwise
        return await delivery.bring(made_of, cast("Project", job.project), ledger)

    calls = BatchCalls(
        watch=made_of.watch,
        download=None if delivery is None else download,
        transfers={} if delivery is None else delivery.transfers,
    )

    def work(submitter: Submitter) -> ProjectWork:
        return ProjectWork(submitter, made_of.get, batch, resubmit, wants or wants_render)

    return RenderBatch(calls, transport, checked_ids(ids), ledger, terms, work)


def checked_terms_of(
    command: str,
    resubmit: Resubmit,
    *,
    overlap: str,
    max_renders: int | None,
    waits: bool,
    watch: Mapping[str, Any],
    at_once: int,
) -> BatchTerms:
    """Check what a batch does.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    checked = checked_terms(**watch)
    watch = {"max_wait": checked.max_wait, "interval": checked.interval, "start_grace": checked.start_grace}
    if not isinstance(at_once, bool) and isinstance(at_once, int) and at_once > _MOST_AT_ONCE:
        raise PictoryConfigError(f"at_once must be at most {_MOST_AT_ONCE}, not {at_once}.")
    for name, value, least in (("at_once", at_once, 1), ("max_renders", max_renders, 0)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise PictoryConfigError(f"{name} must be a whole number, at least {least}, not {brief(value)}.")
    if overlap not in {"skip", "wait"}:
        raise PictoryConfigError(f'overlap must be "skip" or "wait", not {brief(overlap)}.')
    return BatchTerms(
        command=command,
        retry_unstarted=resubmit.unstarted,
        overlap=overlap,
        max_renders=max_renders,
        waits=waits,
        at_once=at_once,
        watch=watch,
    )


def open_sync(  # noqa: PLR0913 - what its callers' callers may choose
    made_of: ProjectCalls,
    transport: Transport,
    ledger: Ledger,
    delivery: Delivery | None,
    selection: Selection,
    *,
    render: Iterable[SyncState | str],
    verify: bool,
    on_progress: Callable[[int, int], object] | None,
    resubmit: Resubmit,
    max_renders: int | None,
    **options: Any,
) -> ProjectSync:
    """Make a sync.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    if delivery is None:
        raise PictoryConfigError("directory must be the path of a directory, not None.")
    chosen = _render_states(render)

    def batch(plan: SyncPlan, found: Found) -> RenderBatch:
        to_render = [*plan.to_render, *plan.left_out]  # one of the first may turn out to need nothing
        renders = {*to_render}

        def wants(project: Project, _: object) -> bool:
            # If there is another video than when the plan was made, somebody else has rendered it meanwhile.
            return project.id in renders and not project.is_rendering and found.shows(project)

        return open_batch(
            made_of,
            transport,
            [*to_render, *plan.to_wait, *plan.to_download],
            ledger,
            delivery=delivery,
            batch=None,
            force=False,
            overlap="wait",
            waits=True,
            wants=wants,
            resubmit=resubmit,
            max_renders=max_renders,
            command="sync",
            **options,
        )

    async def complete() -> dict[str, datetime]:
        return await ledger.use(
            lambda file: Files(file, transport.base_url, delivery.directory).complete(delivery.kinds)
        )

    batch(SyncPlan(states={}, to_render=(), to_wait=(), to_download=()), Found())  # the arguments are checked here
    listed, api = made_of.list, transport.base_url
    survey = Survey(items=listed, items_now=listed, get=made_of.get, ledger=ledger, api=api, verify=verify)
    return ProjectSync(
        survey,
        selection,
        render=chosen,
        resubmit=resubmit,
        max_renders=max_renders,
        complete=complete,
        batch=batch,
        on_progress=on_progress,
    )


def _render_states(render: Iterable[SyncState | str]) -> frozenset[SyncState]:
    given = [*render] if isinstance(render, Iterable) and not isinstance(render, str) else [render]
    for one in given:
        if one not in {*_MAY_RENDER}:
            names = ", ".join(_MAY_RENDER)
            raise PictoryConfigError(f"render must have some of {names}, not {brief(one)}.")
    return frozenset(map(SyncState, given))
