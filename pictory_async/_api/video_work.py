"""Batches of videos that are made without a project."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import anyio
import attrs

from pictory_async._api.jobs import fetch_job
from pictory_async._api.results import ResultStatus
from pictory_async._api.submitting import Submitter
from pictory_async._api.video_requests import checked_request, request_video
from pictory_async._api.video_results import VideoResult
from pictory_async._api.video_search import VideoSearch, find_video, name_of, plain_name
from pictory_async._codec.answers import decode_job
from pictory_async._http.messages import Body
from pictory_async._ledger.renders import VIDEO, Intent, RenderState, Resubmit, Wish
from pictory_async._polling.handle import VideoHandle
from pictory_async._polling.targets import age_of
from pictory_async._values import brief
from pictory_async.errors import JobCleanedError, PictoryConfigError, PictoryError
from pictory_async.models.video import Video, project_of
from pictory_async.video import VideoRequest
from pictory_async.video._checks import is_number

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pictory_async._api.batch_work import BatchJob, Handle
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async.models import Job, ProjectId

_NOT_MADE: Final = frozenset({ResultStatus.FAILED, ResultStatus.NOT_STARTED})
_USUAL: Final = 60.0  # seconds of a video about which nothing is known


@attrs.frozen
class VideoOrder:
    """A video of a batch, for ``client.videos.make_all``.

    Attributes:
        request: What to make.
        key: What the video is known by from run to run, such as the number of a customer; unique within its template.
            By default, it is made of the request itself, so that another request is another video.
        seconds: How long it will be, as far as is known: for limits of minutes.
        fields: More fields for the names of its files; by default, the variables of the request.

    Batches refuse what cannot work: a key that is no text, or seconds that are no number above zero.
    """

    request: VideoRequest
    key: str | None = attrs.field(default=None, kw_only=True)
    seconds: float | None = attrs.field(default=None, kw_only=True)
    fields: Mapping[str, str] | None = attrs.field(default=None, kw_only=True)

    @property
    def digest(self) -> str:
        """The same for equal requests."""
        text = json.dumps(self.request.to_dict(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]

    @property
    def name(self) -> str:
        """The name that is asked for."""
        return str(self.request.video_name or "")


def order_of(item: object) -> VideoOrder:
    """Read one item of a batch.

    Raises:
        PictoryConfigError: It is no order and no request, or its key cannot work.
    """
    found = VideoOrder(item) if isinstance(item, VideoRequest) else item
    if not isinstance(found, VideoOrder) or not isinstance(cast("object", found.request), VideoRequest):
        raise PictoryConfigError(f"requests must be VideoRequest or VideoOrder objects, not {brief(item)}.")
    key: object = found.key
    if key is not None and (not isinstance(key, str) or not key.strip()):
        raise PictoryConfigError(f"The key of a video must be a text that is not empty, not {brief(key)}.")
    length: Any = found.seconds
    if length is not None and (not is_number(length) or not 0.0 < length < math.inf):
        raise PictoryConfigError(f"The seconds of a video must be a number above zero, not {brief(length)}.")
    fields: object = found.fields
    if fields is not None and (not isinstance(fields, Mapping) or not all(isinstance(one, str) for one in fields)):
        raise PictoryConfigError(f"The fields of a video must be texts by their names, not {brief(fields)}.")
    return found


def called(order: VideoOrder) -> ProjectId:
    """Return what progress calls a video: its key, or else its name."""
    return order.key or order.name


@attrs.frozen(kw_only=True)
class Allowance:
    """What a batch may use at most, as far as it is known in advance.

    Attributes:
        minutes: Minutes of video; `None` for no limit.
        credits: AI credits; `None` for no limit.
    """

    minutes: float | None = None
    credits: float | None = None


@attrs.define
class _Use:
    """What the videos of a batch use: what is known of those that are finished, and an estimate of the others."""

    allowance: Allowance
    _seconds: dict[str, float] = attrs.field(factory=dict[str, float])
    _credits: dict[str, float] = attrs.field(factory=dict[str, float])
    _finished: list[float] = attrs.field(factory=list[float])

    def begin(self, key: str, order: VideoOrder) -> None:
        cost = order.request.cost()
        guess = order.seconds or cost.seconds or _USUAL
        self._seconds[key] = sum(self._finished) / len(self._finished) if self._finished else guess
        self._credits[key] = cost.credits

    def forget(self, key: str) -> None:
        self._seconds.pop(key, None)
        self._credits.pop(key, None)

    def end(self, key: str, video: Video) -> None:
        if video.duration is not None:
            self._finished.append(video.duration)
            self._seconds[key] = video.duration
        if video.ai_credits_used is not None:
            self._credits[key] = video.ai_credits_used

    @property
    def has_room(self) -> bool:
        most = self.allowance
        enough = most.minutes is None or sum(self._seconds.values()) < most.minutes * 60.0
        return enough and (most.credits is None or sum(self._credits.values()) < most.credits)


@attrs.define
class VideoWork:
    """Makes videos.

    Attributes:
        submitter: Requests videos.
        batch: The name of the batch, if the same requests are to be made again for it.
        resubmit: Which videos are requested again although they were before.
        changed: Whether what was made under its key with other values is made again.
        allowance: What may be used at most.
        interval: Seconds between two looks for what a lost request may have started.
        start_grace: How long that may be unknown, in seconds.
        max_wait: How long to look, in seconds; `None` for ever.
        orders: The videos of the batch, if they are known before it begins.
    """

    advice: ClassVar = (
        "Check in the list of jobs whether it was. If it was not, name a new batch to pay for one more video."
    )

    submitter: Submitter
    batch: str | None
    resubmit: Resubmit
    changed: bool
    allowance: Allowance
    interval: float
    start_grace: float
    max_wait: float | None
    orders: Sequence[VideoOrder] = ()
    _use: _Use = attrs.field(init=False)
    _digests: dict[str, str] = attrs.field(factory=dict[str, str], init=False)
    _named: defaultdict[str, set[str]] = attrs.field(factory=lambda: defaultdict(set), init=False)
    _traced: set[str] = attrs.field(factory=set[str], init=False)  # jobs that were found, and may not be entered yet

    def __attrs_post_init__(self) -> None:
        self._use = _Use(self.allowance)
        for order in self.orders:
            self._note_name(order)

    def _note_name(self, order: VideoOrder) -> None:
        self._named[plain_name(order.name)].add(self._mark(order))

    def key(self, item: Any) -> ProjectId:
        """Its key, or else its name."""
        return called(item)

    def _mark(self, order: VideoOrder) -> str:
        return VIDEO + json.dumps([self.batch, order.request.template_id, order.key or order.digest])

    def same(self, item: Any) -> Hashable:
        """Its key and its request: two requests with one key are an error of the second one."""
        try:
            order = order_of(item)
        except PictoryConfigError:
            return object()  # `look` says what is wrong with it
        return self._mark(order), order.digest

    async def look(self, job: BatchJob) -> None:
        """Check the request."""
        job.item = order = order_of(job.item)
        checked_request(order.request)
        mark = self._mark(order)
        if self._digests.setdefault(mark, order.digest) != order.digest:
            raise PictoryConfigError(f"Two videos of this batch have the key {brief(order.key)}. Give each its own.")
        self._note_name(order)

    async def wish(self, job: BatchJob, *, has_room: bool, plans: bool) -> Wish:
        """The video with these values."""
        order = _order(job)
        return Wish(
            project=self._mark(order),
            version=order.digest,
            saved=None,
            baseline=None,
            wanted=True,
            alone=not self.changed,
            has_room=has_room and self._use.has_room,
            resubmit=self.resubmit,
            plans=plans,
        )

    def started(self, job: BatchJob) -> None:
        """Count what it is going to use."""
        self._use.begin(self._mark(_order(job)), _order(job))

    async def send(self, job: BatchJob) -> VideoHandle:
        """Request the video."""
        body = Body(_order(job).request.to_dict())
        return await request_video(self.submitter.transport, "/v2/video/storyboard/render", self.handle(job), body)

    def handle(self, job: BatchJob) -> VideoHandle:
        """The handle of the video as the ledger knows it."""
        intent, order = cast("Intent", job.intent), _order(job)
        return VideoHandle(
            intent.job,
            order.name,
            saves_project=order.request.save_project is True,
            after_job=intent.marker,
            requested_at=intent.asked,
        )

    def can_watch(self, handle: Handle) -> bool:
        """A video is watched by its job."""
        return handle.job_id is not None

    def shows(self, job: BatchJob, handle: Handle) -> bool:  # noqa: ARG002 - of `Work`
        """Nothing shows it but its job."""
        return handle.job_id is not None

    async def settled(self, job: BatchJob, *, waits_for_others: bool) -> Handle | ResultStatus:  # noqa: ARG002
        """Take the video that was made earlier."""
        if job.intent is None or job.intent.state is not RenderState.RENDERED:
            return ResultStatus.CHANGED
        job_id = cast("str", job.intent.job)
        if job.intent.made is not None:
            self._take(job, decode_job(job.intent.made.encode(), job_id))
            return ResultStatus.UNCHANGED
        # It was entered, and the program was killed before it was stored.
        found = await fetch_job(self.submitter.transport, job_id)
        if not found.video_url:
            text = f"Job {job_id!r} of {self.handle(job).subject} has no results any more. A new key makes it again."
            raise JobCleanedError(text, job_id=job_id)
        self._take(job, found)
        await self.enter(job)
        return ResultStatus.UNCHANGED

    async def take(self, job: BatchJob, outcome: RenderOutcome[Any]) -> None:
        """Take the video, and count what it used."""
        if outcome.video is not None:
            self._use.end(self._mark(_order(job)), self._take(job, outcome.video.job))

    @staticmethod
    def _take(job: BatchJob, found: Job) -> Video:
        job.video = video = Video(job=found, name=_order(job).name)
        job.project = project_of(video)
        return video

    async def enter(self, job: BatchJob) -> None:
        """Enter what was made."""
        text = json.dumps(cast("Video", job.video).job.to_dict())
        await self.submitter.ledger.use(
            lambda file: self.submitter.renders(file).keep(cast("Intent", job.intent), text)
        )

    async def trace(self, job: BatchJob, *, waits: bool) -> VideoHandle | str | None:
        """Look for the job of a request whose response was lost.

        A finished video has the name that was asked for, and so tells its job, unless another video of the batch has
        this name too. A job that is in no ledger and not finished can be it, so it is waited for. Without any such job,
        nothing was started.
        """
        handle, name = cast("VideoHandle", job.handle), plain_name(_order(job).name)
        began, age = anyio.current_time(), age_of(handle) or 0.0
        while True:
            async with self.submitter.turns:
                search = await self._search(handle)
            if search.found is not None and len(self._named[name]) == 1:
                self._traced.add(cast("str", search.found.job_id))
                return search.found
            # What is found for another doubtful request is in the ledger only a moment later.
            jobs = tuple(one for one in search.jobs if name_of(one) in {None, name} or name_of(one) not in self._named)
            unfinished = [one for one in jobs if not one.is_finished]
            passed = anyio.current_time() - began
            appears = not jobs and age + passed < self.start_grace
            over = self.max_wait is not None and passed >= self.max_wait
            if not waits or over or not (unfinished or appears):
                return _doubt(jobs, is_complete=search.is_complete, appears=appears)
            await anyio.sleep(self.interval)

    async def _search(self, handle: VideoHandle) -> VideoSearch:
        known = await self.submitter.ledger.use(lambda file: self.submitter.renders(file).jobs())
        return await find_video(self.submitter.transport, handle, {*known, *self._traced}, 0.0)

    async def result(self, job: BatchJob, status: ResultStatus, error: PictoryError | None) -> VideoResult:
        """What became of the video."""
        order = job.item if isinstance(job.item, VideoOrder) else None
        request: Any = job.item if order is None else order.request
        known = order if isinstance(request, VideoRequest) else None
        if known is not None and (job.handle is None or status in _NOT_MADE):
            self._use.forget(self._mark(known))
        return VideoResult(
            key=None if known is None else known.key or known.digest,
            request=request,
            status=status,
            paid=job.paid,
            video=job.video,
            handle=cast("VideoHandle | None", job.handle),
            outcome=job.outcome,
            report=job.report,
            error=error,
        )


def _order(job: BatchJob) -> VideoOrder:
    return cast("VideoOrder", job.item)  # `look` made it one


def _doubt(jobs: tuple[Job, ...], *, is_complete: bool, appears: bool) -> str | None:
    """Why it is not known whether something was started; ``None`` if nothing was."""
    if jobs:
        which = f"job {jobs[0].id!r}" if len(jobs) == 1 else f"{len(jobs)} jobs, such as {jobs[0].id!r},"
        return f"Since the request, {which} that no ledger knows {'was' if len(jobs) == 1 else 'were'} started."
    if not is_complete:
        return "The list of jobs is too long, incomplete, or does not go back to the request."
    return "Its job may still appear in the list of jobs." if appears else None
