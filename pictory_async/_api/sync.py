"""Keeping a directory in step with an account: what is to be rendered and downloaded, and doing it."""

from __future__ import annotations

import fnmatch
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs

from pictory_async._api.results import BatchProgress, ResultStatus
from pictory_async._gather import each
from pictory_async._ledger.ledger import Ledger
from pictory_async._ledger.renders import Again, Renders, version_of
from pictory_async._ledger.videos import SeenVideo, Videos
from pictory_async._values import ValueObject, brief
from pictory_async.errors import APIError, AuthenticationError, NotFoundError, PictoryConfigError
from pictory_async.models import Project, ProjectId, ProjectItem

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType
    from typing import Self

    from pictory_async._api.render_batch import RenderBatch
    from pictory_async._api.results import RenderResult

_AT_ONCE: Final = 64  # projects that are fetched at the same time; the budget decides how fast
_NOT_ENTERED: Final = (
    "This sync is not running. Use it like this: "
    "'async with client.projects.sync(directory, ledger=ledger) as sync: async for result in sync: ...'."
)
_SOON: Final = timedelta(seconds=1)  # by this, a project's two dates of one save may differ


class SyncState(StrEnum):
    """What is known of a project's video."""

    NEVER = "never"
    """There is none."""

    OUTDATED = "outdated"
    """The project was saved since it was made."""

    UNKNOWN = "unknown"
    """The project was saved later than it was made, and whether that changed it is not known."""

    RENDERED = "rendered"
    """It shows the project as it is."""

    RENDERING = "rendering"
    """A render is under way."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SyncPlan(ValueObject):
    """What a sync is going to do.

    Attributes:
        states: What is known of each project that was selected.
        to_render: The projects that are going to be rendered. Each render is billed.
        to_wait: The projects that are being rendered by somebody else, and are waited for.
        to_download: The projects whose video is there, and whose files are not.
        given_up: The projects whose render failed, or was not started, and that were not saved since: they are not
            requested again.
        missing: The ids that were asked for and are not in the account's list.
        failed: Why a project could not be fetched, so that nothing is known of it.
    """

    states: Mapping[ProjectId, SyncState]
    to_render: tuple[ProjectId, ...]
    to_wait: tuple[ProjectId, ...]
    to_download: tuple[ProjectId, ...]
    given_up: tuple[ProjectId, ...] = ()
    missing: frozenset[str] = frozenset()
    failed: Mapping[ProjectId, APIError] = attrs.field(factory=dict[ProjectId, "APIError"])

    @property
    def unchanged(self) -> int:
        """How many projects need nothing."""
        rest = (self.to_render, self.to_wait, self.to_download, self.given_up)
        return len(self.states) - sum(map(len, rest))

    @property
    def unknown(self) -> tuple[ProjectId, ...]:
        """The projects whose video may be outdated, and that are not going to be rendered."""
        rendered = {*self.to_render}
        return tuple(one for one, state in self.states.items() if state is SyncState.UNKNOWN and one not in rendered)

    def __str__(self) -> str:
        parts = [f"{len(self.to_render)} to render"]
        if self.to_wait:
            parts.append(f"{len(self.to_wait)} to wait for")
        parts += [f"{len(self.to_download)} to download", f"{self.unchanged} unchanged"]
        if self.unknown:
            parts.append(f"{len(self.unknown)} unknown")
        for count, what in (
            (len(self.given_up), "given up after a failed render"),
            (len(self.missing), "not in the account"),
            (len(self.failed), "that could not be fetched"),
        ):
            if count:
                parts.append(f"{count} {what}")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON values."""
        return {
            "to_render": [*self.to_render],
            "to_wait": [*self.to_wait],
            "to_download": [*self.to_download],
            "unknown": [*self.unknown],
            "unchanged": self.unchanged,
            "given_up": [*self.given_up],
            "missing": sorted(self.missing),
            "failed": {str(one): str(error) for one, error in self.failed.items()},
            "states": {str(one): state.value for one, state in self.states.items()},
        }


@attrs.frozen
class Selection:
    """Which projects are meant.

    Attributes:
        name: A pattern for names, such as ``ACME*``, in any case; ``None`` for all.
        saved_since: Only projects that were saved at this time or later.
        ids: Only these projects; ``None`` for all.
    """

    name: str | None = None
    saved_since: datetime | None = None
    ids: frozenset[str] | None = None

    def has(self, item: ProjectItem) -> bool:
        """Whether an entry of the list is meant."""
        if self.ids is not None and str(item.id) not in self.ids:
            return False
        if self.name is not None and not fnmatch.fnmatch((item.name or "").casefold(), self.name.casefold()):
            return False
        return self.saved_since is None or (item.saved_at is not None and item.saved_at >= self.saved_since)


def selection_of(name: str | None, saved_since: datetime | None, ids: Iterable[ProjectId] | None) -> Selection:
    """Check which projects a caller means.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    if saved_since is not None and (not isinstance(saved_since, datetime) or saved_since.tzinfo is None):
        raise PictoryConfigError(f"saved_since must be a datetime with a time zone, not {brief(saved_since)}.")
    if ids is not None and (isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable)):
        raise PictoryConfigError(f"ids must be a list of project ids; for one project, pass [{brief(ids)}].")
    return Selection(name, saved_since, None if ids is None else frozenset(map(str, ids)))


@attrs.define
class Found:
    """What is known of the videos of an account.

    Attributes:
        states: The state of each project.
        dates: When each video was made, by project.
        listed: The date of each project in the list, by its id as text.
        saved: The project's own date, of those that were fetched.
        failed: Why a project could not be fetched.
        missing: The ids that were asked for and are not in the list.
    """

    states: dict[ProjectId, SyncState] = attrs.field(factory=dict[ProjectId, SyncState])
    dates: dict[ProjectId, datetime] = attrs.field(factory=dict[ProjectId, datetime])
    listed: dict[str, datetime | None] = attrs.field(factory=dict[str, "datetime | None"])
    saved: dict[str, datetime | None] = attrs.field(factory=dict[str, "datetime | None"])
    failed: dict[ProjectId, APIError] = attrs.field(factory=dict[ProjectId, "APIError"])
    missing: frozenset[str] = frozenset()

    def take(self, item: ProjectItem, video: SeenVideo | None) -> None:
        """Take in an entry of the list, and what the ledger knows of it."""
        self.listed[str(item.id)] = item.saved_at
        self.states[item.id] = SyncState.NEVER if video is None else _state_of(video)
        if video is not None and video.generated is not None:
            self.dates[item.id] = video.generated

    def shows(self, project: Project) -> bool:
        """Whether a project has the video that was found, or still none."""
        if self.states[project.id] is SyncState.NEVER or not project.video_url:
            return not project.video_url
        return project.generated_at == self.dates.get(project.id)

    def take_project(self, item: ProjectItem, project: Project, old: SeenVideo | None) -> tuple[str, SeenVideo] | None:
        """Take in a project that was fetched, and return what the ledger is to remember of it."""
        self.saved[str(item.id)] = project.saved_at
        generated = project.generated_at if project.video_url else None
        video = SeenVideo(generated=generated, saved=project.saved_at, listed=item.saved_at, name=project.name)
        if generated is not None:
            self.dates[item.id] = generated
        outdated = (old if old is not None and old.generated == generated else video).is_outdated(
            generated, project.saved_at
        )
        self.states[item.id] = _STATES[outdated] if project.video_url else SyncState.NEVER
        if project.is_rendering:
            self.states[item.id] = SyncState.RENDERING
        # With its new date in the list, it would not be fetched again. And without its date, a video is not known.
        unknown = project.video_url and generated is None
        return None if outdated or unknown or project.is_rendering else (str(item.id), video)

    def version(self, project_id: ProjectId, known: Mapping[str, SeenVideo]) -> str:
        """What the ledger calls the present version of a project."""
        one = str(project_id)
        saved = self.saved[one] if one in self.saved else known[one].saved if one in known else None
        return version_of(saved)


@attrs.frozen(kw_only=True)
class Survey:
    """Finds out what is known of the videos of an account: from the list, the ledger, and where it must, each project.

    Attributes:
        items: Makes the list of projects.
        get: Fetches a project.
        ledger: What is remembered.
        api: The address of the API.
        verify: Whether every project is fetched.
    """

    items: Callable[[], AsyncIterable[ProjectItem]]
    get: Callable[[ProjectId], Awaitable[Project]]
    ledger: Ledger
    api: str
    verify: bool = False

    async def find(self, selection: Selection, on_progress: Callable[[int, int], object] | None = None) -> Found:
        """Find out the state of each project.

        Args:
            selection: Which projects are meant.
            on_progress: Called with how many of the projects that must be fetched are, and their number.
        """
        items = [item async for item in self.items() if selection.has(item)]
        known = await self.ledger.use(lambda file: Videos(file, self.api).find())
        found = Found(missing=(selection.ids or frozenset()) - {str(item.id) for item in items})
        to_fetch: list[ProjectItem] = []
        for item in items:
            video = known.get(str(item.id))
            if self.verify or video is None or video.listed is None or video.listed != item.saved_at:
                to_fetch.append(item)
            found.take(item, video)
        slots = anyio.Semaphore(_AT_ONCE)

        async def fetch(item: ProjectItem) -> tuple[str, SeenVideo] | None:
            async with slots:
                try:
                    project = await self.get(item.id)
                except NotFoundError:
                    found.states.pop(item.id, None)  # deleted since it was listed
                    return None
                except APIError as error:
                    if isinstance(error, AuthenticationError):
                        raise  # it says the same about every project
                    found.states.pop(item.id, None)
                    found.failed[item.id] = error
                    return None
            if on_progress is not None:
                on_progress(len(found.saved) + 1, len(to_fetch))
            return found.take_project(item, project, known.get(str(item.id)))

        entries = await each(fetch, to_fetch)
        await self.ledger.use(lambda file: _enter(Videos(file, self.api), entries))
        return found

    async def given_up(self, found: Found, again: Again) -> frozenset[ProjectId]:
        """The projects whose present version was requested, in vain, and is not requested again."""
        renders, known = await self.ledger.use(
            lambda file: (Renders(file, self.api).given_up(), Videos(file, self.api).find())
        )
        settled = {one: version for one, (version, state) in renders.items() if not again.wants(state)}
        return frozenset(
            one for one in found.states if str(one) in settled and settled[str(one)] == found.version(one, known)
        )


_STATES: Final = {True: SyncState.OUTDATED, False: SyncState.RENDERED, None: SyncState.UNKNOWN}


def _state_of(video: SeenVideo) -> SyncState:
    if video.generated is None:
        return SyncState.NEVER
    return _STATES[video.is_outdated(video.generated, video.saved)]


def _enter(videos: Videos, entries: Collection[tuple[str, SeenVideo] | None]) -> None:
    for entry in entries:
        if entry is not None:
            videos.see(*entry)


class ProjectSync:
    """A directory that is brought in step with an account.

    ``client.projects.sync`` makes one. `plan` tells what there is to do, and changes nothing. As an async context
    manager, it does that; iterate over it inside the block: each project that was to be rendered, waited for or
    downloaded has a `RenderResult`.
    """

    def __init__(
        self,
        survey: Survey,
        selection: Selection,
        *,
        render: frozenset[SyncState],
        again: Again,
        complete: Callable[[], Awaitable[dict[str, datetime]]],
        batch: Callable[[SyncPlan, Found], RenderBatch],
        on_progress: Callable[[int, int], object] | None,
    ) -> None:
        self._survey = survey
        self._selection = selection
        self._render = render
        self._again = again
        self._complete = complete
        self._make = batch
        self._on_progress = on_progress
        self._found: Found | None = None
        self._plan: SyncPlan | None = None
        self._batch: RenderBatch | None = None
        self._rendered: dict[str, Project] = {}

    async def plan(self) -> SyncPlan:
        """Find out what there is to do; once. Nothing is rendered or downloaded.

        Raises:
            LedgerError: The ledger cannot be used.
            APIError: The list or a project could not be fetched, as its subclasses say.
        """
        if self._plan is None:
            self._found = await self._survey.find(self._selection, self._on_progress)
            given_up = await self._survey.given_up(self._found, self._again)
            self._plan = _plan(self._found, self._render, await self._complete(), given_up)
        return self._plan

    @property
    def run(self) -> str:
        """The name of the run in the ledger; empty before the block."""
        return "" if self._batch is None else self._batch.run

    @property
    def progress(self) -> BatchProgress:
        """What is under way now."""
        return BatchProgress() if self._batch is None else self._batch.progress

    @property
    def paid(self) -> int:
        """How many renders were requested so far, as in `RenderBatch.paid`."""
        return 0 if self._batch is None else self._batch.paid

    async def __aenter__(self) -> Self:
        plan = await self.plan()
        self._batch = self._make(plan, self._found or Found())
        await self._batch.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return None if self._batch is None else await self._batch.__aexit__(kind, error, trace)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RenderResult:
        if self._batch is None:
            raise PictoryConfigError(_NOT_ENTERED)
        try:
            result = await anext(self._batch)
        except StopAsyncIteration:
            await self._learn_dates()
            raise
        if result.status is ResultStatus.RENDERED and result.project is not None and not result.is_outdated:
            self._rendered[str(result.project_id)] = result.project
        return result

    async def _learn_dates(self) -> None:
        """Remember the dates in the list of what was rendered, so that the next sync need not fetch it."""
        new, self._rendered = self._rendered, {}
        found = {} if self._found is None else self._found.listed
        fetched = {} if self._found is None else self._found.saved
        learned = {one: found[one] for one, it in new.items() if one in found and fetched.get(one) == it.saved_at}
        if learned.keys() != new.keys():  # a render may change the date
            async for item in self._survey.items():
                project = new.get(str(item.id))
                if project is not None and _same_save(project.saved_at, item.saved_at):
                    learned[str(item.id)] = item.saved_at
        entries = [
            (one, SeenVideo(generated=new[one].generated_at, saved=new[one].saved_at, listed=date))
            for one, date in learned.items()
        ]
        await self._survey.ledger.use(lambda file: _enter(Videos(file, self._survey.api), entries))


def _plan(
    found: Found, render: frozenset[SyncState], complete: Mapping[str, datetime], given_up: frozenset[ProjectId]
) -> SyncPlan:
    rest = {one: state for one, state in found.states.items() if state not in render}
    return SyncPlan(
        states=found.states,
        to_render=tuple(one for one, state in found.states.items() if state in render and one not in given_up),
        given_up=tuple(one for one, state in found.states.items() if state in render and one in given_up),
        missing=found.missing,
        failed=found.failed,
        to_wait=tuple(one for one, state in rest.items() if state is SyncState.RENDERING),
        to_download=tuple(
            one
            for one, state in rest.items()
            if state not in {SyncState.NEVER, SyncState.RENDERING}
            and (str(one) not in complete or complete[str(one)] != found.dates.get(one))
        ),
    )


def _same_save(own: datetime | None, listed: datetime | None) -> bool:
    """Whether the project's date and that in the list are of one save: they differ a little."""
    return own is not None and listed is not None and abs(listed - own) < _SOON
