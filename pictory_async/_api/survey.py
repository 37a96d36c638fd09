"""What is known of the videos of an account: from the list of projects, the ledger, and each project if it must."""

from __future__ import annotations

import fnmatch
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import anyio
import attrs

from pictory_async._api.deleted import SecondLook
from pictory_async._gather import each
from pictory_async._ledger.ledger import Ledger
from pictory_async._ledger.outcomes import known_video
from pictory_async._ledger.renders import REQUESTED, Intent, Renders, RenderState, version_of
from pictory_async._ledger.videos import SeenVideo, Videos
from pictory_async._values import brief
from pictory_async.errors import APIError, AuthenticationError, PictoryConfigError
from pictory_async.models import Project, ProjectId, ProjectItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from pictory_async._ledger.database import Database

_AT_ONCE: Final = 64  # projects that are fetched at the same time; the budget decides how fast


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
        names: The name of each project in the list; empty if it has none.
        failed: Why a project could not be fetched.
        missing: The ids that were asked for and are not in the list.
    """

    states: dict[ProjectId, SyncState] = attrs.field(factory=dict[ProjectId, SyncState])
    dates: dict[ProjectId, datetime] = attrs.field(factory=dict[ProjectId, datetime])
    listed: dict[str, datetime | None] = attrs.field(factory=dict[str, "datetime | None"])
    saved: dict[str, datetime | None] = attrs.field(factory=dict[str, "datetime | None"])
    names: dict[ProjectId, str] = attrs.field(factory=dict[ProjectId, str])
    failed: dict[ProjectId, APIError] = attrs.field(factory=dict[ProjectId, "APIError"])
    missing: frozenset[str] = frozenset()

    def take(self, item: ProjectItem, video: SeenVideo | None) -> None:
        """Take in an entry of the list, and what the ledger knows of it."""
        self.listed[str(item.id)] = item.saved_at
        self.names[item.id] = item.name or ""
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
        items: Makes the list of projects; it can be one that the caller has.
        items_now: Fetches the list of projects.
        get: Fetches a project.
        ledger: What is remembered.
        api: The address of the API.
        verify: Whether every project is fetched.
    """

    items: Callable[[], AsyncIterable[ProjectItem]]
    items_now: Callable[[], AsyncIterable[ProjectItem]]
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
        items = {str(item.id): item async for item in self.items() if selection.has(item)}  # each once
        known, rendered = await self.ledger.use(self._known)
        found = Found(missing=(selection.ids or frozenset()) - items.keys())
        to_fetch: list[ProjectItem] = []
        for item in items.values():
            video = known.get(str(item.id))
            unlisted = video is None or video.listed is None or video.listed != item.saved_at
            if self.verify or unlisted or _may_have_changed(video, rendered.get(str(item.id), frozenset())):
                to_fetch.append(item)
            found.take(item, video)
        slots, look = anyio.Semaphore(_AT_ONCE), SecondLook(self._listed)

        async def fetch(item: ProjectItem) -> tuple[str, SeenVideo] | None:
            async with slots:
                try:
                    project = await look.fetch(str(item.id), lambda: self.get(item.id))
                except APIError as error:
                    if isinstance(error, AuthenticationError):
                        raise  # it says the same about every project
                    found.states.pop(item.id, None)
                    found.failed[item.id] = error
                    return None
            if project is None:  # deleted since it was listed
                found.states.pop(item.id, None)
                return None
            if on_progress is not None:
                on_progress(len(found.saved) + 1, len(to_fetch))
            old = known.get(str(item.id))
            if str(item.id) in rendered:
                old = await self.ledger.use(lambda file: known_video(file, self.api, project))
            return found.take_project(item, project, old)

        entries = await each(fetch, to_fetch)
        await self.ledger.use(lambda file: enter_videos(Videos(file, self.api), entries))
        return found

    async def _listed(self) -> AsyncIterator[str]:
        async for item in self.items_now():
            yield str(item.id)

    def _known(self, file: Database) -> tuple[dict[str, SeenVideo], dict[str, set[RenderState]]]:
        """The videos that the ledger knows, and in which states it has renders, by project."""
        states: dict[str, set[RenderState]] = {}
        for intent in Renders(file, self.api).newest().values():
            states.setdefault(intent.project, set()).add(intent.state)
        return Videos(file, self.api).find(), states

    async def renders(self, found: Found) -> dict[ProjectId, Intent]:
        """The last render of each project's present version, for those that have one in the ledger."""
        renders, known = await self.ledger.use(
            lambda file: (Renders(file, self.api).newest(), Videos(file, self.api).find())
        )
        versions = {one: (str(one), found.version(one, known)) for one in found.states}
        return {one: renders[version] for one, version in versions.items() if version in renders}


_STATES: Final = {True: SyncState.OUTDATED, False: SyncState.RENDERED, None: SyncState.UNKNOWN}


def _state_of(video: SeenVideo) -> SyncState:
    if video.generated is None:
        return SyncState.NEVER
    return _STATES[video.is_outdated(video.generated, video.saved)]


def _may_have_changed(video: SeenVideo | None, renders: Collection[RenderState]) -> bool:
    """Whether there may be another video than the ledger knows, because of a render whose end it did not take in."""
    state = SyncState.NEVER if video is None else _state_of(video)
    if state is SyncState.NEVER and RenderState.RENDERED in renders:
        return True
    return state is not SyncState.RENDERED and not REQUESTED.isdisjoint(renders)


def enter_videos(videos: Videos, entries: Collection[tuple[str, SeenVideo] | None]) -> None:
    """Enter what was found out about projects."""
    for entry in entries:
        if entry is not None:
            videos.see(*entry)
