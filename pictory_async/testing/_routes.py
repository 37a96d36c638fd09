"""Which request gets which answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from pictory_async.testing import bodies
from pictory_async.testing._life import Phase, Render, SimProject
from pictory_async.testing._media import MEDIA_PATH, denied, expired, serve_file
from pictory_async.testing._messages import SimRequest, SimResponse, encode
from pictory_async.testing._pages import UnknownPageKeyError, cut_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing.world import World

PREFIX = "pictoryapis"


def answer_media(world: World, request: SimRequest, now: float) -> SimResponse:
    """Answer a request for a file; files need no key, only a valid address."""
    if request.method not in {"GET", "HEAD"}:
        return SimResponse.from_json(bodies.message("Method Not Allowed"), status=405)
    path = unquote(request.path).removeprefix(MEDIA_PATH)
    template = world.template_file(path)
    if template is not None:
        return denied() if expired(request, now) else serve_file(request, path, template)
    found = world.find_file(path)
    if found is None or not found[0].exists(now) or found[1].phase(now) is not Phase.RENDERED:
        return _not_found()
    if expired(request, now):
        return denied()
    return serve_file(request, path, world.media_sizes.get(path.rpartition(".")[2], 0))


def segments(path: str) -> list[str]:
    """Split a path as it was sent, then decode each part, so that an encoded slash divides nothing."""
    return [unquote(part) for part in path.split("/")[1:]]


def answer(world: World, request: SimRequest, now: float) -> SimResponse:
    """Answer a request that was let in and had the right key."""
    prefix, *route = segments(request.path) or [""]
    if prefix != PREFIX:
        return _not_found()
    handlers = _handlers(world, route, request, now)
    if not handlers:
        return _not_found()
    if request.method not in handlers:
        return SimResponse.from_json(bodies.message("Method Not Allowed"), status=405)
    return handlers[request.method]()


def _handlers(world: World, route: list[str], request: SimRequest, now: float) -> dict[str, Callable[[], SimResponse]]:
    """Return what each method of a path does; nothing for a path that does not exist."""
    handlers: dict[str, Callable[[], SimResponse]] = {}
    match route:
        case ["v2", "projects"]:
            handlers["GET"] = lambda: _projects(world, request, now)
        case ["v2", "projects", project_id]:
            handlers["GET"] = lambda: _project(world, project_id, request, now)
        case ["v2", "projects", project_id, "render"]:
            handlers["POST"] = lambda: _render(world, project_id, now)
        case ["v1", "templates"]:
            handlers["GET"] = lambda: _templates(world)
        case ["v1", "templates", template_id]:
            handlers["GET"] = lambda: _template(world, template_id, request, now)
        case ["v1", "jobs"]:
            handlers["GET"] = lambda: _jobs(world, request, now)
        case ["v1", "jobs", job_id]:
            handlers["GET"] = lambda: _job(world, job_id, request, now)
        case _:
            pass
    return handlers


def _not_found() -> SimResponse:
    return SimResponse.from_json(bodies.message("Not Found"), status=404)


def _bad_key(error: UnknownPageKeyError) -> SimResponse:
    return SimResponse.from_json({"code": "INVALID_REQUEST", "message": str(error)}, status=400)


def _query(request: SimRequest, name: str) -> str | None:
    return parse_qs(request.query, keep_blank_values=True).get(name, [None])[0]


def _project(world: World, project_id: str, request: SimRequest, now: float) -> SimResponse:
    project = world.find_project(project_id, now)
    if project is None:
        return _not_found()
    view = project.view(now)
    state = (view, world.media_root(request.origin), world.media_query(now), world.missing_fields)
    # The body of a project with many scenes is big, is asked for again and again, and changes a few times.
    if project.cached is None or project.cached[0] != state:
        body = bodies.project(
            project,
            view,
            media=None if view.video is None else world.media(project, view.video, request.origin, now),
            created=world.date(project.created_at),
            saved=world.date(view.saved_at),
            generated=None if view.video is None else world.date(view.video.ends_at),
            missing=world.missing_fields,
        )
        project.cached = (state, encode(body))
    return SimResponse.from_bytes(project.cached[1])


def _projects(world: World, request: SimRequest, now: float) -> SimResponse:
    try:
        page, key = cut_page(
            sorted(world.projects, key=lambda project: project.created_at, reverse=True),
            key=_query(request, "pagekey"),
            size=world.page_size,
            identity=lambda project: str(project.id),
            created=lambda project: world.date(project.created_at),
            visible=lambda project: project.exists(now),
            trailing=world.trailing_page,
        )
    except UnknownPageKeyError as error:
        return _bad_key(error)

    def item(project: SimProject) -> object:
        view = project.view(now)
        preview = None
        if view.video is not None:
            preview = world.media(project, view.video, request.origin, now).thumbnail
        return bodies.project_item(project, preview=preview, saved=world.date(view.saved_at))

    return SimResponse.from_json({"items": [item(project) for project in page], "pageKey": key})


def _templates(world: World) -> SimResponse:
    return SimResponse.from_json({"items": [template.item() for template in world.templates]})


def _template(world: World, template_id: str, request: SimRequest, now: float) -> SimResponse:
    template = world.find_template(template_id)
    if template is None:
        return _not_found()
    return SimResponse.from_json(template.body(world.template_root(request.origin), world.media_query(now)))


def _render(world: World, project_id: str, now: float) -> SimResponse:
    project = world.find_project(project_id, now)
    if project is None:
        return _not_found()
    return SimResponse.from_json(bodies.render_started(world.start_render(project.id, now)))


def _job(world: World, job_id: str, request: SimRequest, now: float) -> SimResponse:
    found = world.find_job(job_id)
    if found is None or found[1].phase(now) is Phase.UNASKED:
        if world.unknown_job == "body":
            return SimResponse.from_json(bodies.unknown_job(job_id))
        return _not_found()
    project, render = found
    media = world.media(project, render, request.origin, now)
    return SimResponse.from_json(bodies.job(job_id, bodies.job_data(project, render, now, media)))


def _jobs(world: World, request: SimRequest, now: float) -> SimResponse:
    try:
        page, key = cut_page(
            sorted(world.jobs, key=lambda job: job[1].at, reverse=True),
            key=_query(request, "nextPageKey"),
            size=world.page_size,
            identity=lambda job: job[1].job_id,
            created=lambda job: world.date(job[1].at),
            visible=lambda job: job[1].phase(now) is not Phase.UNASKED,
            trailing=world.trailing_page,
        )
    except UnknownPageKeyError as error:
        return _bad_key(error)

    def item(project: SimProject, render: Render) -> object:
        media = world.media(project, render, request.origin, now)
        return bodies.job_item(render.job_id, bodies.job_data(project, render, now, media))

    return SimResponse.from_json({"items": [item(*job) for job in page], "nextPageKey": key})
