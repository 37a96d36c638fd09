"""Users who make videos without a project, and what must be true about what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pictory_async import Preview, RenderStatus, VideoHandle, errors
from pictory_async.testing import Phase, SimVideo
from pictory_async.video import Background, VideoRequest, VideoScene, VoiceOver
from tests.lab.worlds._evidence import Evidence
from tests.lab.worlds._plan import STEP

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from pictory_async import AsyncPictory
    from tests.lab.worlds._history import History, Told
    from tests.lab.worlds._plan import UserPlan


T = TypeVar("T")


class VideoMaker:
    """Requests a few videos, each once.

    Attributes:
        handles: The videos that were requested, or may have been.
        requested: When each of them was, by its key.
    """

    def __init__(self, plan: UserPlan, client: AsyncPictory, history: History) -> None:
        self.handles: list[VideoHandle] = []
        self.requested: dict[str, float] = {}
        self._plan = plan
        self._client = client
        self._history = history

    async def request_all(self) -> None:
        """Request the videos; look for those whose response was lost."""
        for number in range(len(self._plan.projects)):
            handle = await self._request(f"Video {self._plan.number}-{number}")
            if handle is not None and handle.job_id is not None:
                self.handles.append(handle)
                self.requested[f"job:{handle.job_id}"] = self._now

    @property
    def _now(self) -> float:
        return self._history.server.simulator.now()

    async def _request(self, name: str) -> VideoHandle | None:
        scene = VideoScene(story="One two three.", background=Background(color="#000"))
        request = VideoRequest(video_name=name, scenes=[scene], voice_over=VoiceOver.of("Martin"))
        if not (self._plan.mixed and name.endswith("0")):
            return await self._once(name, name, lambda: self._client.videos.render(request))
        times = {"max_wait": self._plan.max_wait, "interval": self._plan.interval}
        preview = await self._once(name, name, lambda: self._client.videos.preview(request, **times))
        if not isinstance(preview, Preview):
            return None
        return await self._once(name, preview.job_id, lambda: self._client.videos.render_preview(preview))

    async def _once(self, name: str, mark: str, call: Callable[[], Awaitable[T]]) -> T | VideoHandle | None:
        """Make a call that is paid for; a mark tells its request in the log."""
        self._history.renders += 1
        before = len(self._made(name))
        try:
            return await call()
        except errors.VideoSubmitUncertainError as error:
            self._history.met_error(error)
            return await self._find(error.handle, before)
        except errors.PictoryError as error:
            self._history.met_error(error)
            if error.handle is not None:
                return None
            if self._arrived(mark) and not isinstance(error, errors.StatusError):
                self._history.wrong("one render each", f"{mark} is said to be unsent, but it arrived: {error}")
            if len(self._made(name)) > before:
                self._history.wrong("one render each", f"{name} is said not to be started, but it was: {error}")
        return None

    def _made(self, name: str) -> list[SimVideo]:
        return [video for video in self._history.server.world.videos if video.name == name]

    def _arrived(self, mark: str) -> bool:
        return any(
            one.request.method in {"POST", "PUT"} and mark.encode() in one.request.path.encode() + one.request.body
            for one in self._history.server.exchanges
            if one.at is not None and one.kind != "connection refused"
        )

    async def _find(self, handle: VideoHandle, before: int) -> VideoHandle | None:
        """Look for a job, and check what is said about it; so many of its name were there before, such as a preview."""
        try:
            found = await self._client.videos.find(handle, start_grace=0.0)
        except errors.PictoryError as error:
            self._history.met_error(error)
            return None
        made = self._made(handle.name)[before:]
        if found.started is False and made:
            self._history.wrong("true", f"{handle.name} is said not to have been started")
        if found.started and not made:
            self._history.wrong("true", f"{handle.name} is said to have been started")
        mine = {render.job_id for video in made for render in video.renders}
        if found.found is not None and found.found.job_id not in mine:
            self._history.wrong("true", f"job {found.found.job_id} is not of {handle.name}")
        return None if handle.is_preview else found.found


def untrue_video(history: History, told: Told) -> Iterator[str]:
    """What is not true about one outcome of a video, at the moment it was given."""
    outcome, evidence = told.outcome, Evidence(history.server, told, history.told)
    found = history.server.world.find_job(outcome.job_id or "")
    if found is None or not isinstance(found[0], SimVideo):
        yield f"{outcome.key} is no video"
    elif outcome.status is RenderStatus.RENDERED:
        if found[1].phase(told.at) is not Phase.RENDERED or outcome.video is None:
            yield "it is not rendered"
        elif history.server.video_of(outcome.video.url) is not found[1]:
            yield f"the video {outcome.video.url} is of another job"
    else:
        yield from _untrue_failure(told, evidence)


def _untrue_failure(told: Told, evidence: Evidence) -> Iterator[str]:
    outcome = told.outcome
    if outcome.video is not None or any(one.shows_a_video for one in evidence.job_polls):
        yield "there is a video"
    if outcome.status is not RenderStatus.FAILED and evidence.was_told_failure:
        yield "the job had said before that it failed"
    said = any(one.job_status == "failed" for one in evidence.job_polls)
    against = {
        RenderStatus.FAILED: lambda: [] if said else ["the job did not say that it failed"],
        RenderStatus.TIMED_OUT: lambda: (
            [] if outcome.waited >= told.user.max_wait - STEP else [f"after only {outcome.waited} s"]
        ),
        RenderStatus.MISSING: lambda: [*evidence.against_refusal({404})],
        RenderStatus.REFUSED: lambda: [*evidence.against_refusal({401, 403})],
    }
    yield from against.get(outcome.status, lambda: [*evidence.against_error()])()
