"""The endpoints that make videos and previews without a project, and the reasons why their jobs fail."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, cast

import attrs

from pictory_async.errors import PictoryConfigError
from pictory_async.testing import bodies
from pictory_async.testing._ids import stable_between, stable_hex, timestamp_id
from pictory_async.testing._messages import SimRequest, SimResponse
from pictory_async.testing._projects import Phase, Render, SimProject
from pictory_async.testing._videos import SimVideo
from pictory_async.video import Part, SearchFilter, Sureness, VideoRequest, Voice
from pictory_async.video._part import is_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pictory_async.testing._account import Account

Routes: TypeAlias = "dict[str, Callable[[], SimResponse]]"

_PREVIEW: Final = 0.1  # of the time that a render takes
_WORDS_PER_SECOND: Final = 2.5
_VARIABLE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_USUAL: Final = 21.98  # seconds of a video about which nothing else is known
_NEEDED: Final = ("id", "elementType", "type", "startTime", "duration")


def video_routes(account: Account, parts: list[str], request: SimRequest, now: float) -> Routes:
    """Return what a path does, by method; nothing for a path that is not about videos."""
    match parts:
        case ["v2", "video", "storyboard"]:
            return {"POST": lambda: _make(account, request, now, is_preview=True)}
        case ["v2", "video", "storyboard", "render"]:
            return {"POST": lambda: _make(account, request, now, is_preview=False)}
        case ["v2", "video", "storyboard", job_id, "elements"]:
            return {"PUT": lambda: _change(account, job_id, request, now)}
        case ["v2", "video", "render"]:
            return {"POST": lambda: _render_params(account, request, now)}
        case ["v2", "video", "render", job_id]:
            return {"PUT": lambda: _render_preview(account, job_id, request, now)}
        case _:
            return {}


def _refused(problems: Mapping[str, str]) -> SimResponse:
    body = {
        "code": "INVALID_REQUEST_BODY",
        "message": "The request is invalid.",
        "fields": [{"name": name, "errors": problem} for name, problem in problems.items()],
    }
    return SimResponse.from_json(body, status=400)


def _json(request: SimRequest) -> Any:
    try:
        return json.loads(request.body or b"{}")
    except ValueError:
        return None  # which no endpoint takes


def _make(account: Account, request: SimRequest, now: float, *, is_preview: bool) -> SimResponse:
    raw = _json(request)
    try:
        asked = VideoRequest.from_dict(raw)
    except PictoryConfigError:
        return _refused({"": "must be an object"})
    wrong = {one.path.removeprefix("$."): one.message for one in asked.findings() if one.sureness is Sureness.ERROR}
    if wrong:
        return _refused(wrong)
    understood = _stripped(asked)
    cost = understood.cost()
    failure = _failure(account, understood, cost.credits, now)
    video = SimVideo(
        id=_id(account, now),
        name=str(asked.video_name),
        created_at=now,
        video_seconds=cost.seconds or _spoken(account, understood) or _USUAL,
        is_preview=is_preview,
        received=raw,
        understood=understood.to_dict(),
        credits=0.0 if failure else cost.credits,
        elements=[*_elements(understood, now)],
    )
    render = _start(account, video, now, failure)
    if understood.save_project and not render.fails:
        project_id = timestamp_id(account.date(now), "saved", account.seed, len(account.jobs))
        video.saved_as = project_id
        account.save_project(SimProject(id=project_id, name=video.name, created_at=render.ends_at))
    return SimResponse.from_json(bodies.render_started(render.job_id))


def _spoken(account: Account, request: VideoRequest) -> float:
    """How long the texts of a request or its template take to speak, in seconds."""
    template = account.find_template(str(request.template_id))
    values: Mapping[str, Any] = request.variables or {}
    scenes = () if template is None else template.scenes
    texts = [text for scene in scenes for text in scene.subtitles]
    texts += [scene.story for scene in request.scenes or () if scene.story]
    spoken = (_VARIABLE.sub(lambda one: str(values.get(one[1], "")), text) for text in texts)
    return round(sum(len(text.split()) for text in spoken) / _WORDS_PER_SECOND, 2)


def _id(account: Account, now: float) -> str:
    return timestamp_id(account.date(now), "video", account.seed, len(account.jobs))


def _start(account: Account, video: SimVideo, now: float, failure: tuple[str, str] | None = None) -> Render:
    mark = ("video", account.seed, len(account.jobs))
    seconds = stable_between(account.render_seconds, "duration", *mark)
    render = Render(
        now,
        duration=seconds * _PREVIEW if video.is_preview else seconds,
        queue=stable_between(account.queue_seconds, "queue", *mark),
    )
    if account.on_video:
        render = attrs.evolve(account.on_video.pop(0), at=now)
    if failure is not None:
        render = attrs.evolve(render, fails=True, error_code=failure[0], error_message=failure[1])
    if not video.is_preview and not render.fails:
        account.use_minutes(video.video_seconds / 60.0)
    return account.add_video(video, render)


def _stripped(part: VideoRequest) -> VideoRequest:
    """Remove what the API does not know, everywhere."""
    found: VideoRequest = _without_extra(part)
    return found


def _without_extra(value: Any) -> Any:
    if is_list(value):
        return tuple(map(_without_extra, value))
    if not isinstance(value, Part):
        return value
    fields = [field.name for field in attrs.fields(type(value)) if field.name != "extra"]
    return attrs.evolve(value, extra={}, **{name: _without_extra(getattr(value, name)) for name in fields})


def _parts(value: Any) -> Iterator[Part]:
    """Yield a part and all parts in it."""
    if is_list(value):
        for one in value:
            yield from _parts(one)
    elif isinstance(value, Part):
        yield value
        for field in attrs.fields(type(value)):
            yield from _parts(getattr(value, field.name))


def _failure(account: Account, request: VideoRequest, cost: float, now: float) -> tuple[str, str] | None:
    """Return the code and the message of the reason why a job fails."""
    template = str(request.template_id)
    if request.template_id is not None and not (account.find_template(template) or account.find_project(template, now)):
        return "TEXT_TO_VIDEO_FAILED", f"There is no template {template}."
    for part in _parts(request):
        if isinstance(part, Voice) and not account.has_voice(part.speaker):
            return "TEXT_TO_VIDEO_FAILED", f"invalid speaker: {part.speaker}"
    for scene in request.scenes or ():
        search = None if scene.background is None else scene.background.search_filter
        if search is not None and not _finds(account, search):
            return "SCENE_BACKGROUND_VISUAL_NOT_FOUND", "No visual was found for the background of a scene."
    if cost and not account.spend(cost, "Text-to-Video", now):
        return "INSUFFICIENT_CREDITS", "The account has too few AI credits."
    return None


def _finds(account: Account, search: SearchFilter) -> bool:
    wanted = " ".join([search.query or "", *(search.keywords or ())]).casefold()
    return not any(word.casefold() in wanted for word in account.unfindable)


def _elements(request: VideoRequest, now: float) -> Iterator[dict[str, Any]]:
    """Yield what the render of a preview is made of, in the documented form."""
    time = 0.0
    for number, scene in enumerate(request.scenes or ()):
        seconds = scene.seconds or 5.0
        mark = stable_hex("element", now, number)[:32]
        about = {"startTime": round(time, 3), "duration": round(seconds, 3)}
        if scene.story:
            yield {"id": f"SceneText_{mark}", "elementType": "SceneText", "type": "text", **about, "text": scene.story}
        yield {
            "id": f"backgroundElement_{mark}",
            "elementType": "backgroundElement",
            "type": "image",
            **about,
            "backgroundColor": (scene.background and scene.background.color) or "rgba(0,0,0,1)",
            "objectMode": "cover",
        }
        time += seconds


def _preview(account: Account, job_id: str, now: float) -> SimVideo | SimResponse:
    """Return a preview that is finished; else the response."""
    video, render = account.find_job(job_id) or (None, None)
    if render is None or not isinstance(video, SimVideo) or not video.is_preview:
        return SimResponse.from_json(bodies.message("Not Found"), status=404)
    if render.phase(now) is not Phase.RENDERED:
        return _refused({"storyboardjobid": "the preview is not completed"})
    return video


def _change(account: Account, job_id: str, request: SimRequest, now: float) -> SimResponse:
    preview, changes = _preview(account, job_id, now), _json(request)
    if isinstance(preview, SimResponse):
        return preview
    if not _are_elements(changes):
        return _refused({"elements": "must be a list of elements"})
    by_id = {one["id"]: one for one in changes}
    preview.elements = [by_id.get(one["id"], one) for one in preview.elements]
    return SimResponse(status=200, headers=(("content-length", "0"),))


def _are_elements(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(
        isinstance(one, dict) and all(name in one for name in _NEEDED) for one in cast("list[object]", value)
    )


def _render_preview(account: Account, job_id: str, request: SimRequest, now: float) -> SimResponse:
    preview = _preview(account, job_id, now)
    if isinstance(preview, SimResponse):
        return preview
    return _rendered(account, preview.name, _json(request), preview.elements, preview.video_seconds, now)


def _render_params(account: Account, request: SimRequest, now: float) -> SimResponse:
    params: Any = _json(request)
    if not isinstance(params, dict):
        return _refused({"": "must be an object"})
    params = cast("dict[str, Any]", params)
    output, elements = params.get("output", {}), params.get("elements", [])
    # Of parameters that are wrapped, nothing can be rendered; only the job shows it.
    failure = None if elements else ("TEXT_TO_VIDEO_FAILED", "There is nothing to render.")
    seconds = max((one["startTime"] + one["duration"] for one in elements), default=0.0)
    return _rendered(account, str(output.get("title", "video")), params, elements, seconds, now, failure)


def _rendered(
    account: Account,
    name: str,
    received: Any,
    elements: list[dict[str, Any]],
    seconds: float,
    now: float,
    failure: tuple[str, str] | None = None,
) -> SimResponse:
    video = SimVideo(
        id=_id(account, now),
        name=name,
        created_at=now,
        video_seconds=seconds,
        received=received,
        elements=[*elements],
    )
    return SimResponse.from_json(bodies.render_started(_start(account, video, now, failure).job_id))
