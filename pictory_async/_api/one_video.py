"""The calls about one video that is made without a project, and its preview."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from pictory_async._api.project_waits import checked_terms
from pictory_async._codec.answers import decode_done
from pictory_async._http.messages import Body
from pictory_async._polling import logged
from pictory_async._polling.handle import VideoHandle
from pictory_async._polling.scheduler import Scheduler
from pictory_async._polling.targets import video_target
from pictory_async._settings.mistakes import hinted
from pictory_async._settings.paths import path_segment
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models.video import Preview

if TYPE_CHECKING:
    from pictory_async._api.projects import Projects
    from pictory_async._http.transport import Transport
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._polling.registry import WatchRegistry
    from pictory_async._polling.targets import Target
    from pictory_async._polling.wait import Terms
    from pictory_async._polling.watch import Watch
    from pictory_async._settings.durations import Duration
    from pictory_async.models import Job
    from pictory_async.models.video import Video
    from pictory_async.video import VideoRequest

_NEEDED = ("id", "elementType", "type", "startTime", "duration")


class OneVideo:
    """The calls of ``client.videos`` that are about one video.

    Requests that start something are sent once, and never retried: a video costs video minutes, and a preview may cost
    AI credits. Before such a request, the list of jobs is read once, because it shows later what a request whose
    response was lost has started.
    """

    def __init__(self, transport: Transport, registry: WatchRegistry, projects: Projects) -> None:
        self._transport = transport
        self._registry = registry
        self._projects = projects

    async def render(self, request: VideoRequest) -> VideoHandle:
        """Start making a video. Each video is billed, so the request is sent once and never retried.

        See https://docs.pictory.ai/api-reference/videos/render-storyboard-video. Surprises in the request are written
        to the log; `VideoRequest.check` returns them.

        Args:
            request: What to make.

        Returns:
            The handle of the video: pass it to `wait`, ``client.projects.watch`` or `RenderPoller.add`.

        Raises:
            PictoryConfigError: The request has errors; nothing was sent.
            VideoSubmitUncertainError: The response was lost; `find` looks for the job of the error's handle.
            ConnectionFailedError: No connection could be made, so nothing was started.
            StatusError: The API itself rejected the request, as its subclasses say; nothing was started.
        """
        return await self._start(request, "/v2/video/storyboard/render")

    @hinted
    async def wait(
        self,
        handle: VideoHandle | str,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> Video:
        """Wait until a video is finished, and return it.

        Cancelling the wait leaves nothing behind; the video itself is made all the same.

        Args:
            handle: The video, or the id of its job.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two polls; Pictory recommends 10 to 30.
            start_grace: How long a job that was requested just now may be unknown, in seconds.

        Raises:
            PictoryConfigError: An argument cannot work, or the job is not known; nothing was sent.
            RenderFailedError: The job failed, for the reason in the error.
            JobCleanedError: The job's results were deleted.
            WaitTimeoutError: ``max_wait`` is over.
            NotFoundError: There is no such job for this key.
            AuthenticationError: The key is rejected.
            PermissionDeniedError: The key may not read the job.
            APIError: The responses stayed unusable.
            WaitError: The job is completed, and names no video.
        """
        target = video_target(handle_of(handle))
        watch = await self._watched(target, checked_terms(max_wait, interval, start_grace))
        return cast("Video", cast("RenderOutcome", watch.outcome).video)

    @hinted
    async def render_and_wait(
        self,
        request: VideoRequest,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> Video:
        """Make a video, and wait until it is finished.

        Args:
            request: What to make.
            max_wait: As in `wait`, from when the video was requested.
            interval: As in `wait`.
            start_grace: As in `wait`.

        Raises:
            PictoryError: Whatever `render` and `wait` raise. If the video was requested, the error's ``handle`` is it.
        """
        checked_terms(max_wait, interval, start_grace)
        handle = await self.render(request)
        try:
            return await self.wait(handle, max_wait=max_wait, interval=interval, start_grace=start_grace)
        except BaseException as error:
            logged.render_cancelled(error, handle)
            raise

    @hinted
    async def preview(
        self,
        request: VideoRequest,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> Preview:
        """Make a preview of a video, and wait for it: to look at it before its render is paid for.

        See https://docs.pictory.ai/api-reference/videos/create-storyboard-preview. A preview costs no video minutes.
        What AI makes for it may cost credits, so the request is sent once and never retried.

        Args:
            request: What to make.
            max_wait: As in `wait`, from when the preview was requested.
            interval: As in `wait`.
            start_grace: As in `wait`.

        Raises:
            PictoryError: Whatever `render` and `wait` raise. If the preview was requested, the error's ``handle`` is
                it: `wait_preview` waits for it again.
        """
        checked_terms(max_wait, interval, start_grace)
        handle = await self._start(request, "/v2/video/storyboard", is_preview=True)
        try:
            return await self.wait_preview(handle, max_wait=max_wait, interval=interval, start_grace=start_grace)
        except BaseException as error:
            logged.render_cancelled(error, handle)
            raise

    @hinted
    async def wait_preview(
        self,
        handle: VideoHandle | str,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> Preview:
        """Wait until a preview is finished, and return it.

        Args:
            handle: The preview, or the id of its job.
            max_wait: As in `wait`.
            interval: As in `wait`.
            start_grace: As in `wait`.

        Raises:
            PictoryError: Whatever `wait` raises.
        """
        wanted = handle_of(handle, is_preview=True)
        target = video_target(wanted, is_preview=True)
        watch = await self._watched(target, checked_terms(max_wait, interval, start_grace))
        return Preview(job=cast("Job", watch.job), name=wanted.name)

    async def update_elements(self, preview: Preview | str, elements: Iterable[Mapping[str, Any]]) -> None:
        """Change elements of a preview, before it is rendered. It costs nothing.

        See https://docs.pictory.ai/api-reference/videos/update-storyboard-elements. Elements that are not given stay as
        they are, and none can be added.

        Args:
            preview: The preview, or the id of its job.
            elements: The changed elements. Each has ``id``, ``elementType``, ``type``, ``startTime`` and ``duration``,
                as in ``preview.elements``.

        Raises:
            PictoryConfigError: An element lacks one of these, or cannot be sent; nothing was sent.
            NotFoundError: There is no such preview for this key.
            APIError: Any other failure, as its subclasses say.
        """
        if isinstance(elements, (str, bytes, Mapping)) or not isinstance(elements, Iterable):
            raise PictoryConfigError(f"elements must be a list of elements, not {brief(cast('object', elements))}.")
        changed = [dict(_element(number, one)) for number, one in enumerate(elements)]
        if not changed:
            raise PictoryConfigError("There are no elements to change.")
        job_id = _job_of(preview)
        path = f"/v2/video/storyboard/{path_segment('job', job_id)}/elements"
        body = Body(changed)
        # The same elements again have the same effect.
        await self._transport.repeat("PUT", path, f"the elements of preview {job_id!r}", decode_done, body)

    async def render_preview(
        self, preview: Preview | str, *, webhook: str | None = None, overrides: Mapping[str, Any] | None = None
    ) -> VideoHandle:
        """Render the video of a preview. Each video is billed, so the request is sent once and never retried.

        See https://docs.pictory.ai/api-reference/videos/render-from-preview.

        Args:
            preview: The preview, or the id of its job.
            webhook: An address that Pictory calls at the end.
            overrides: Other fields of the request. Pictory documents that there are some, and not which.

        Raises:
            PictoryError: Whatever `render` raises.
        """
        from pictory_async._api.job_search import newest_job  # noqa: PLC0415
        from pictory_async._api.video_requests import request_video  # noqa: PLC0415

        job_id, name = _job_of(preview), preview.name if isinstance(preview, Preview) else ""
        path = f"/v2/video/render/{path_segment('job', job_id)}"
        if overrides is not None and not isinstance(overrides, Mapping):
            raise PictoryConfigError(f"overrides must be the fields of a JSON object, not {brief(overrides)}.")
        if webhook is not None and not (isinstance(webhook, str) and webhook.startswith(("https://", "http://"))):
            raise PictoryConfigError(f"webhook must be an address that begins with https://, not {brief(webhook)}.")
        fields = {**(overrides or {}), **({} if webhook is None else {"webhook": webhook})}
        body = Body(fields)
        handle = VideoHandle(None, name, after_job=await newest_job(self._transport))
        return await request_video(self._transport, path, handle, body, method="PUT")

    async def render_params(self, params: Mapping[str, Any], *, name: str = "") -> VideoHandle:
        """Render a video from the parameters of a preview. Each video is billed, so the request is sent once.

        See https://docs.pictory.ai/api-reference/videos/render-video.

        Args:
            params: ``preview.render_params``, changed or as they are. What is not known is sent as it is.
            name: The name of the video, for the handle; it is not sent.

        Raises:
            PictoryError: Whatever `render` raises.
        """
        from pictory_async._api.job_search import newest_job  # noqa: PLC0415
        from pictory_async._api.video_requests import request_video  # noqa: PLC0415

        if not isinstance(params, Mapping) or not params:
            raise PictoryConfigError(f"params must be those of a preview, not {brief(params)}.")
        if "renderParams" in params:
            raise PictoryConfigError("Pass what renderParams holds: wrapped in that name, the render fails.")
        body = Body(dict(params))
        handle = VideoHandle(None, name, after_job=await newest_job(self._transport))
        return await request_video(self._transport, "/v2/video/render", handle, body)

    async def _start(self, request: VideoRequest, path: str, *, is_preview: bool = False) -> VideoHandle:
        # Few programs make videos.
        from pictory_async._api.job_search import newest_job  # noqa: PLC0415
        from pictory_async._api.video_requests import checked_request, request_video  # noqa: PLC0415

        body = Body(checked_request(request))
        handle = VideoHandle(
            None,
            cast("str", request.video_name),
            is_preview=is_preview,
            saves_project=request.save_project is True,
            after_job=await newest_job(self._transport),
        )
        return await request_video(self._transport, path, handle, body)

    async def _watched(self, target: Target, terms: Terms) -> Watch:
        async with Scheduler(self._registry, terms, [target]) as scheduler:
            watch = cast("Watch", await scheduler.next_news())
        error = cast("RenderOutcome", watch.outcome).error
        if error is not None:
            raise error
        return watch


def handle_of(one: VideoHandle | str, *, is_preview: bool = False) -> VideoHandle:
    if isinstance(one, str):
        return VideoHandle(one, is_preview=is_preview)
    if not isinstance(one, VideoHandle):
        raise PictoryConfigError(f"It must be a VideoHandle, not {brief(one)}.")
    return one


def _job_of(preview: Preview | str) -> str:
    return preview.job_id if isinstance(preview, Preview) else preview


def _element(number: int, element: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(element, Mapping):
        raise PictoryConfigError(f"Element {number} must be an object, not {brief(element)}.")
    missing = [name for name in _NEEDED if element.get(name) is None]
    if missing:
        raise PictoryConfigError(f"Element {number} needs {', '.join(missing)}, as in the elements of the preview.")
    return element
