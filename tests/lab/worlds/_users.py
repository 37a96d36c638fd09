"""Users: what they call, and how they leave."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.lowlevel
import attrs

from pictory_async import AsyncPictory, Project, RenderHandle, RenderOutcome, RenderStatus, errors
from tests.lab.worlds._history import History, Told
from tests.lab.worlds._plan import ProjectPlan, UserPlan
from tests.lab.worlds._videos import VideoMaker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pictory_async import RenderPoller
    from pictory_async._polling.targets import Wanted

STATUS: Final[tuple[tuple[type[errors.PictoryError], RenderStatus], ...]] = (
    (errors.RenderFailedError, RenderStatus.FAILED),
    (errors.RenderNotStartedError, RenderStatus.NOT_STARTED),
    (errors.WaitTimeoutError, RenderStatus.TIMED_OUT),
    (errors.NotFoundError, RenderStatus.MISSING),
    (errors.AuthenticationError, RenderStatus.REFUSED),
    (errors.PermissionDeniedError, RenderStatus.REFUSED),
    (errors.APIError, RenderStatus.ERROR),
)


class _Bored(Exception):  # noqa: N818 - not an error, but a reason to leave
    """Why a user leaves a loop."""


@attrs.define
class User:
    """One user of one client."""

    plan: UserPlan
    client: AsyncPictory
    projects: list[ProjectPlan]
    history: History

    async def live(self) -> None:
        """Come, call, and perhaps leave early."""
        await anyio.sleep(self.plan.starts)
        calls: dict[str, Callable[[], Awaitable[None]]] = {
            "wait": self._wait,
            "wait_all": self._wait_all,
            "watch": self._watch,
            "render": self._render,
            "handles": self._handles,
            "render_and_wait": self._render_and_wait,
            "jobs": self._jobs,
            "get": self._get,
            "crowd": self._crowd,
            "videos": self._videos,
        }
        if not self.projects:
            return
        if self.plan.ending != "after":
            await calls[self.plan.kind]()
            return
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._lose_patience, scope)
                await calls[self.plan.kind]()
                tasks.cancel_scope.cancel()
        self.history.cancelled += scope.cancelled_caught

    async def _lose_patience(self, scope: anyio.CancelScope) -> None:
        await anyio.sleep(self.plan.patience)
        for _ in range(self.plan.steps):
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    @property
    def _now(self) -> float:
        return self.history.server.simulator.now()

    def _before(self, project: ProjectPlan) -> float | None:
        return project.earlier if self.plan.newer else None

    def _after(self, project: ProjectPlan) -> Any:
        before = self._before(project)
        if before is None:
            return None
        date = self.history.server.world.date(before)
        snapshot = self.plan.mixed and project.number % 2
        return Project(id=project.id, video_url="https://old.invalid/", generated_at=date) if snapshot else date

    def _id(self, project: ProjectPlan) -> str | int:
        """The id, or the same as text where the API uses a number, and the other way round."""
        if not self.plan.mixed:
            return project.id
        text = str(project.id)
        return text if isinstance(project.id, int) else int(text) if text.isdecimal() and text[0] != "0" else text

    @property
    def _terms(self) -> dict[str, Any]:
        plan = self.plan
        return {"max_wait": plan.max_wait, "interval": plan.interval, "start_grace": plan.start_grace}

    def _told(self, outcome: RenderOutcome, began: float, before: float | None, requested: float | None = None) -> None:
        self.history.told.append(Told(self.plan, outcome, began, began + outcome.waited, before, requested))

    def _in_time(self, began: float) -> None:
        end = began + self.plan.max_wait
        late = self._now - end
        if late > self.history.plan.lateness(end):
            self.history.wrong("max_wait", f"{self.plan.kind} came back {late:.3f} s after its max_wait")

    # The calls.

    async def _wait(self) -> None:
        project, began = self.projects[0], self._now
        outcome: dict[str, Any]
        try:
            found = await self.client.projects.wait(self._id(project), after=self._after(project), **self._terms)
            outcome = {"status": RenderStatus.RENDERED, "project": found}
        except errors.PictoryError as error:
            outcome = self._outcome_of(error)
        self._in_time(began)
        waited = self._now - began
        self._told(RenderOutcome(project_id=project.id, waited=waited, **outcome), began, self._before(project))

    def _outcome_of(self, error: errors.PictoryError) -> dict[str, Any]:
        self.history.met_error(error)
        status = next(status for kind, status in STATUS if isinstance(error, kind))
        return {"status": status, "error": error, "project": getattr(error, "project", None)}

    async def _wait_all(self) -> None:
        wanted = [self._id(project) for project in (*self.projects, self.projects[0])]
        began = self._now
        after = {project.id: self._after(project) for project in self.projects}
        outcomes = await self.client.projects.wait_all(wanted, after=after, **self._terms)
        self._in_time(began)
        if [outcome.project_id for outcome in outcomes] != wanted or outcomes[-1] is not outcomes[0]:
            self.history.wrong("one outcome each", "wait_all does not answer in the order of its ids")
        for project, outcome in zip(self.projects, outcomes, strict=False):
            self._told(outcome, began, self._before(project))

    async def _watch(self) -> None:
        first, others = self.projects[: self.plan.first], self.projects[self.plan.first :]
        began = {self._id(project): self._now for project in self.projects}
        wanted = [self._id(project) for project in first]
        after = {project.id: self._after(project) for project in first}
        try:
            async with self.client.projects.watch([*wanted, *wanted[:1]], after=after, **self._terms) as watch:
                for project in others:
                    await anyio.sleep(self.plan.pause)
                    began[self._id(project)] = self._now
                    watch.add(self._id(project), after=self._after(project))
                    watch.add(project.id, after=self._after(project))
                await self._outcomes(watch, began, {self._id(one): self._before(one) for one in self.projects})
        except _Bored:
            self.history.cancelled += 1

    async def _outcomes(
        self,
        watch: RenderPoller,
        began: dict[Any, float],
        before: dict[Any, float | None],
        requested: Mapping[Any, float] = MappingProxyType({}),
    ) -> None:
        """Take the outcomes: one for each watch, each as soon as it is there."""
        due = dict.fromkeys(began, 1)
        again = self.plan.again
        taken = 0
        async for outcome in watch:
            project_id = outcome.key
            taken += 1
            due[project_id] = due.get(project_id, 0) - 1
            self._told(outcome, began[project_id], before[project_id], requested.get(project_id))
            late = self._now - began[project_id] - outcome.waited
            if late > self.history.plan.slack and not self.plan.pause:
                self.history.wrong("one outcome each", f"{project_id} was given {late:.3f} s after it was decided")
            if again:
                again = False
                due[project_id] += 1
                began[project_id] = self._now
                before[project_id] = None
                watch.add(project_id)
            self._is_small(watch)
            if self.plan.ending == "raise" and taken > self.plan.patience:
                raise _Bored
            if self.plan.ending == "break" and taken > self.plan.patience:
                self.history.cancelled += 1
                return
            await anyio.sleep(self.plan.pause)
        if any(due.values()):
            self.history.wrong("one outcome each", f"outcomes left or given too often: {due}")

    def _is_small(self, watch: RenderPoller) -> None:
        """Look at what the poller keeps: no more than in proportion to its watches."""
        inside, pending = watch._scheduler, len(watch.pending)
        sizes = {
            "entries in the agenda": (len(inside._agenda._heap), 2 * pending + 2),
            "due polls": (len(inside._due), pending),
            # Polls of watches that are out of time are cancelled, and may still be ending.
            "polls in flight": (
                sum(poll.task.status is anyio.TaskHandle.Status.PENDING for poll in inside._in_flight.values()),
                pending + 2,
            ),
            "ended watches": (len(inside._news), len(self.projects) + 1),
        }
        for what, (size, most) in sizes.items():
            if size > most:
                self.history.wrong("memory", f"{size} {what} for {pending} watches")

    async def _render(self) -> None:
        handles: list[RenderHandle] = []
        before: dict[Any, float | None] = {}
        for project in self.projects:
            handle, before[project.id] = await self._start(project)
            handles += [] if handle is None else [handle]
        if not handles:
            return
        await self._watch_handles(handles, before, {handle.project_id: self._now for handle in handles})

    async def _videos(self) -> None:
        """Make videos without a project."""
        maker = VideoMaker(self.plan, self.client, self.history)
        await maker.request_all()
        if maker.handles:
            await self._watch_handles(maker.handles, dict.fromkeys(maker.requested), maker.requested)

    async def _watch_handles(
        self, handles: Sequence[Wanted], before: dict[Any, float | None], requested: dict[Any, float]
    ) -> None:
        began = dict.fromkeys(requested, self._now)
        try:
            async with (
                self.client.projects.watch(handles, **self._terms) as watch,
                anyio.create_task_group() as hinting,
            ):
                hinting.start_soon(self._hint, watch, handles)
                try:
                    await self._outcomes(watch, began, before, requested)
                finally:
                    hinting.cancel_scope.cancel()
        except* _Bored:
            self.history.cancelled += 1

    async def _hint(self, watch: RenderPoller, handles: Sequence[Any]) -> None:
        """Say again and again that something happened, which is seldom true."""
        plan, server = self.history.plan, self.history.server
        while plan.hints:
            await anyio.sleep(plan.hints)
            handle = handles[round(self._now * 10.0) % len(handles)]
            hinted, at = watch.hint(handle), self._now
            self.client.jobs.hint("unknown")
            if hinted and plan.is_well:
                await anyio.sleep(3.0 * plan.once)
                ends = (f"/jobs/{handle.job_id}", f"/projects/{getattr(handle, 'project_id', None)}")
                polled = any(one.sent >= at and one.request.path.endswith(ends) for one in server.exchanges)
                if handle in watch.handles() and not polled:
                    self.history.wrong("hint", f"{handle.job_id} was not polled after a hint at {at:.3f}")

    async def _handles(self) -> None:
        """Wait for renders that somebody requested some time ago."""
        handles: list[RenderHandle] = []
        requested: dict[Any, float] = {}
        known = {project.id for project in self.projects}
        for project, render in self.history.server.world.jobs:
            if project.id not in known or project.id in requested or render.at > self._now:
                continue
            requested[project.id] = render.at
            at = datetime.now(UTC) - timedelta(seconds=self._now - render.at)
            handles.append(
                RenderHandle(
                    project_id=project.id,
                    job_id=render.job_id,
                    generated_before=None,
                    requested_at=None if self.plan.mixed else at,
                )
            )
        if handles:
            began = dict.fromkeys(requested, self._now)
            await self._watch_handles(handles, dict.fromkeys(requested), began if self.plan.mixed else requested)

    async def _start(self, project: ProjectPlan) -> tuple[RenderHandle | None, float | None]:
        """Start a render; give also when the video before it was finished."""
        self.history.renders += 1
        self.history.may_have_sent[str(project.id)] += 1
        handle, called = None, self._now
        try:
            handle = await self.client.projects.render(project.id)
        except errors.RenderSubmitUncertainError as error:
            self.history.met_error(error)
            handle = error.handle
        except errors.PictoryError as error:
            self.history.met_error(error)
            self._is_unsent(error, str(project.id))
        return handle, self._latest_video(project, called)

    def _is_unsent(self, error: errors.PictoryError, project_id: str) -> None:
        """Check that a render that is said to be not sent did not arrive: others may have requested the same."""
        if not isinstance(error, (errors.ConnectionFailedError, errors.RequestTimeoutError)):
            return
        self.history.may_have_sent[project_id] -= 1
        arrived = sum(
            one.request.method == "POST" and project_id in one.request.path
            for one in self.history.server.exchanges
            if one.at is not None and one.kind != "connection refused"
        )
        if arrived > self.history.may_have_sent[project_id]:
            self.history.wrong("one render each", f"the render of {project_id} is said to be unsent, but it arrived")

    def _latest_video(self, plan: ProjectPlan, called: float) -> float | None:
        """When the video was finished that the project showed before its render was asked for."""
        server, project_id = self.history.server, plan.id
        answers = server.of(self.plan.client, f"/projects/{project_id}")
        shown = next((one.shown for one in answers if one.sent >= called and one.shown is not None), None)
        if shown is None or (shown.video is None and shown.generated is None):
            return None
        if shown.generated is None and not plan.undated:
            return None  # the date was left out once: every dated video is newer than an undated one
        renders = next(project.renders for project in server.world.projects if project.id == project_id)
        ends = [
            render.ends_at
            for render in renders
            if server.video_of(shown.video) is render or server.world.date(render.ends_at) == shown.generated
        ]
        return max(ends, default=None)

    async def _crowd(self) -> None:
        """Eight callers ask for one project every second."""

        async def ask() -> None:
            for _ in range(20):
                with suppress(errors.PictoryError):
                    await self.client.projects.get(self.projects[0].id)
                await anyio.sleep(1.0)

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(ask)

    async def _render_and_wait(self) -> None:
        project, called = self.projects[0], self._now
        self.history.renders += 1
        self.history.may_have_sent[str(project.id)] += 1
        found = None
        try:
            found = await self.client.projects.render_and_wait(project.id, **self._terms)
        except errors.PictoryError as error:
            self.history.met_error(error)
        posts = [one for one in self.history.server.exchanges if one.request.method == "POST"]
        mine = [one for one in posts if str(project.id) in one.request.path and one.sent >= called]
        if len(mine) != 1 or mine[0].back > self._now:
            return  # nothing was started, or somebody else started the same
        began = mine[0].back
        self._in_time(began)
        if found is not None:
            outcome = RenderOutcome(
                project_id=project.id, status=RenderStatus.RENDERED, project=found, job_id="?", waited=self._now - began
            )
            self._told(outcome, began, project.earlier)

    async def _jobs(self) -> None:
        for project, render in self.history.server.world.jobs:
            if project.id != self.projects[0].id or render.at < -1000.0:
                continue
            began = self._now
            status = None
            try:
                plan = self.plan
                job = await self.client.jobs.wait(render.job_id, max_wait=plan.max_wait, interval=plan.interval)
                status = str(job.status)
            except errors.JobFailedError as error:
                self.history.met_error(error)
                status = "failed"
            except errors.PictoryError as error:
                self.history.met_error(error)
            self._in_time(began)
            answers = self.history.server.of(self.plan.client, f"/jobs/{render.job_id}")
            if status is not None and not any(one.job_status == status and one.back >= began for one in answers):
                self.history.wrong("true", f"job {render.job_id} is said to be {status}, and the server did not say so")

    async def _get(self) -> None:
        project = self.projects[0]
        for _ in range(3):
            began = self._now
            try:
                found = await self.client.projects.get(project.id)
            except errors.PictoryError as error:
                self.history.met_error(error)
                got = self.history.server.of(self.plan.client, f"/projects/{project.id}")
                if not any(one.sent >= began and (one.kind or one.status != 200) for one in got) and isinstance(
                    error, errors.StatusError
                ):
                    self.history.wrong("true", f"get failed without need: {error}")
            else:
                self.history.holds_no_key(found, "a project")
            await anyio.sleep(self.plan.interval)
