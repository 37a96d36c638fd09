"""Keeping a directory up to date with an account: the plan, and how it is carried out."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._api.results import BatchProgress, ResultStatus
from pictory_async._api.settled import settled_result, unread_result
from pictory_async._api.survey import Found, Selection, Survey, SyncState, enter_videos
from pictory_async._ledger.renders import REQUESTED, RenderState, Resubmit
from pictory_async._ledger.videos import SeenVideo, Videos
from pictory_async._settings.mistakes import AsyncBlock, AsyncItems
from pictory_async._values import ValueObject
from pictory_async.errors import APIError, PictoryConfigError
from pictory_async.models import Project, ProjectId

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pictory_async._api.render_batch import RenderBatch
    from pictory_async._api.results import RenderResult

_NOT_ENTERED: Final = (
    "This sync is not running. Use it like this: "
    "'async with client.projects.sync(directory, ledger=ledger) as sync: async for result in sync: ...'."
)
_SOON: Final = timedelta(seconds=1)  # by this, a project's two dates of one save may differ


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SyncPlan(ValueObject):
    """What a sync is going to do.

    Attributes:
        states: What is known of each project that was selected.
        to_render: The projects that are going to be rendered. Each render is billed.
        left_out: The projects that would be rendered too, but ``max_renders`` is reached before.
        to_wait: The projects that are waited for: somebody else renders them, or an earlier run requested their
            renders, which are not paid for again.
        to_download: The projects whose video is there, and whose files are not.
        given_up: The projects whose render failed, and that were not saved since: they are not requested again without
            ``retry_failed``.
        not_started: The projects whose request had no effect, and that were not saved since: they are not requested
            again without ``retry_unstarted``.
        missing: The ids that were asked for and are not in the account's list.
        failed: Why a project could not be fetched, so that nothing is known of it.
        names: The names of the projects that were selected, as the account's list has them; empty for none.
    """

    states: Mapping[ProjectId, SyncState]
    to_render: tuple[ProjectId, ...]
    to_wait: tuple[ProjectId, ...]
    to_download: tuple[ProjectId, ...]
    left_out: tuple[ProjectId, ...] = ()
    given_up: tuple[ProjectId, ...] = ()
    not_started: tuple[ProjectId, ...] = ()
    missing: frozenset[str] = frozenset()
    failed: Mapping[ProjectId, APIError] = attrs.field(factory=dict[ProjectId, "APIError"])
    names: Mapping[ProjectId, str] = attrs.field(factory=dict[ProjectId, str])

    @property
    def unchanged(self) -> int:
        """How many projects need nothing."""
        rest = (self.to_render, self.left_out, self.to_wait, self.to_download, self.given_up, self.not_started)
        return len(self.states) - sum(map(len, rest))

    @property
    def unknown(self) -> tuple[ProjectId, ...]:
        """The projects whose video may be outdated, and that are not going to be rendered."""
        rendered = {*self.to_render, *self.left_out, *self.to_wait}
        return tuple(one for one, state in self.states.items() if state is SyncState.UNKNOWN and one not in rendered)

    def __str__(self) -> str:
        parts = [f"{len(self.to_render)} to render"]
        if self.left_out:
            parts.append(f"{len(self.left_out)} left out by the limit")
        if self.to_wait:
            parts.append(f"{len(self.to_wait)} to wait for")
        unknown, downloaded = {*self.unknown} - {*self.given_up}, {*self.to_download}
        parts += [
            f"{len(downloaded)} to download{_doubtful(len(unknown & downloaded))}",
            f"{self.unchanged} unchanged{_doubtful(len(unknown - downloaded))}",
        ]
        for count, what in (
            (len(self.given_up), "given up after a failed render"),
            (len(self.not_started), "requested before and not started"),
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
            "left_out": [*self.left_out],
            "to_wait": [*self.to_wait],
            "to_download": [*self.to_download],
            "unknown": [*self.unknown],
            "unchanged": self.unchanged,
            "given_up": [*self.given_up],
            "not_started": [*self.not_started],
            "missing": sorted(self.missing),
            "failed": {str(one): str(error) for one, error in self.failed.items()},
            "states": {str(one): state.value for one, state in self.states.items()},
            "names": {str(one): name for one, name in self.names.items()},
        }


class ProjectSync(AsyncBlock, AsyncItems):
    """Brings a directory up to date with an account.

    ``client.projects.sync`` makes one. `plan` tells what there is to do, and changes nothing. As an async context
    manager, it does that; iterate over it inside the block: each project that was to be rendered, waited for or
    downloaded has a `RenderResult`. So have, first of all, those that are given up, were not started, or could not be
    fetched, with the reason: no request is sent for these.
    """

    def __init__(
        self,
        survey: Survey,
        selection: Selection,
        *,
        render: frozenset[SyncState],
        resubmit: Resubmit,
        max_renders: int | None,
        complete: Callable[[], Awaitable[dict[str, datetime]]],
        batch: Callable[[SyncPlan, Found], RenderBatch],
        on_progress: Callable[[int, int], object] | None,
    ) -> None:
        self._survey = survey
        self._selection = selection
        self._render = render
        self._resubmit = resubmit
        self._max_renders = max_renders
        self._complete = complete
        self._make = batch
        self._on_progress = on_progress
        self._found: Found | None = None
        self._plan: SyncPlan | None = None
        self._batch: RenderBatch | None = None
        self._rendered: dict[str, Project] = {}
        self._settled: deque[RenderResult] = deque()

    async def plan(self) -> SyncPlan:
        """Find out what there is to do; once. Nothing is rendered or downloaded.

        Raises:
            LedgerError: The ledger cannot be used.
            APIError: The list or a project could not be fetched, as its subclasses say.
        """
        if self._plan is None:
            self._found = await self._survey.find(self._selection, self._on_progress)
            renders = await self._survey.renders(self._found)
            decided = {one: _decided(intent.state, self._resubmit) for one, intent in renders.items()}
            plan = _plan(self._found, self._render, await self._complete(), decided)
            to_render, limit = plan.to_render, self._max_renders
            self._plan = (
                plan if limit is None else attrs.evolve(plan, to_render=to_render[:limit], left_out=to_render[limit:])
            )
            self._settled = deque(settled_result(one, renders[one]) for one in (*plan.given_up, *plan.not_started))
            self._settled += [unread_result(one, error) for one, error in plan.failed.items()]
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
        """How many renders were requested so far and started, as in `RenderBatch.paid`."""
        return 0 if self._batch is None else self._batch.paid

    @property
    def perhaps_paid(self) -> int:
        """How many more were requested and perhaps started, as in `RenderBatch.perhaps_paid`."""
        return 0 if self._batch is None else self._batch.perhaps_paid

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
        if self._settled:
            return self._settled.popleft()
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
        await self._survey.ledger.use(lambda file: enter_videos(Videos(file, self._survey.api), entries))


def _doubtful(count: int) -> str:
    return f" ({count} of them may be outdated)" if count else ""


def _decided(state: RenderState, resubmit: Resubmit) -> str:
    """What a sync does about a version that was to be rendered before: as `Renders.decide` has it, before it is asked.

    What may be requested again is going to be rendered: the plan is about what is billed at most.
    """
    if state is RenderState.INTENDED or resubmit.wants(state):
        return "to_render"
    if state in REQUESTED:
        return "to_render" if resubmit.unstarted and state is not RenderState.STARTED else "to_wait"
    return {RenderState.RENDERED: "nothing", RenderState.FAILED: "given_up"}.get(state, "not_started")


def _plan(
    found: Found, render: frozenset[SyncState], complete: Mapping[str, datetime], decided: Mapping[ProjectId, str]
) -> SyncPlan:
    wanted = [one for one, state in found.states.items() if state in render]
    rest = {one: state for one, state in found.states.items() if state not in render or decided.get(one) == "nothing"}

    def having(what: str) -> tuple[ProjectId, ...]:
        return tuple(one for one in wanted if decided.get(one, "to_render") == what)

    return SyncPlan(
        states=found.states,
        to_render=having("to_render"),
        given_up=having("given_up"),
        not_started=having("not_started"),
        missing=found.missing,
        failed=found.failed,
        names=found.names,
        to_wait=(*having("to_wait"), *(one for one, state in rest.items() if state is SyncState.RENDERING)),
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
