"""The endpoints of the simulated API, and the server of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast
from urllib.parse import parse_qs, unquote

from pictory_async.testing import bodies
from pictory_async.testing._lists import respond_with_jobs
from pictory_async.testing._media import MEDIA_PATH, denied, expired, serve_file
from pictory_async.testing._messages import SimRequest, SimResponse, encode
from pictory_async.testing._others import other_file, other_routes, receive_upload, upload_key
from pictory_async.testing._pages import UnknownPageKeyError, cut_page
from pictory_async.testing._projects import Phase, Render, SimProject
from pictory_async.testing._video_routes import video_routes
from pictory_async.testing._videos import SimVideo
from pictory_async.testing._write_routes import write_routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing._account import Account

PREFIX = "pictoryapis"
LISTED_LATER = 0.097  # seconds: by this, the dates of one project in the documented samples differ

_Route: TypeAlias = "tuple[str, Callable[[], SimResponse]]"


def respond_with_file(account: Account, request: SimRequest, now: float) -> SimResponse:
    """Return the response to a request for a file; it needs no key, only a valid URL."""
    path = unquote(request.path).removeprefix(MEDIA_PATH)
    key = upload_key(path)
    if request.method == "PUT" and key is not None:
        return receive_upload(account, request, key)
    if request.method not in {"GET", "HEAD"}:
        return _not_allowed()
    content: bytes | int | None = account.template_file(path)
    if content is None:
        content = other_file(account, path[1:], now)
    if content is None:
        found = account.find_file(path)
        if found is None or not found[0].exists(now) or found[1].phase(now) is not Phase.RENDERED:
            return _not_found()
        content = account.media_sizes.get(path.rpartition(".")[2], 0)
    return denied() if expired(request, now) else serve_file(request, path, content)


def respond(account: Account, request: SimRequest, now: float) -> SimResponse:
    """Return the response to a request that has the right key and is within the limit."""
    # Split before decoding, so that an encoded slash is part of an id.
    prefix, *parts = [unquote(part) for part in request.path.split("/")[1:]] or [""]
    route = _route(account, parts, request, now) if prefix == PREFIX else None
    routes = dict([route]) if route is not None else video_routes(account, parts, request, now)
    routes = (routes or other_routes(account, parts, request, now)) | write_routes(account, parts, request, now)
    if prefix != PREFIX or not routes:
        return _not_found()
    handler = routes.get(request.method)
    if handler is None:
        return _not_allowed()
    try:
        return handler()
    except UnknownPageKeyError as error:
        return SimResponse.from_json({"code": "INVALID_REQUEST", "message": str(error)}, status=400)


def _route(account: Account, parts: list[str], request: SimRequest, now: float) -> _Route | None:
    """Return the method of a path and what it does; None for a path that does not exist."""
    route: _Route | None = None
    match parts:
        case ["v2", "projects"]:
            route = "GET", lambda: _projects(account, request, now)
        case ["v2", "projects", project_id]:
            route = "GET", lambda: _project(account, project_id, request, now)
        case ["v2", "projects", project_id, "render"]:
            route = "POST", lambda: _render(account, project_id, now)
        case ["v1", "templates"]:
            route = "GET", lambda: _templates(account)
        case ["v1", "templates", template_id]:
            route = "GET", lambda: _template(account, template_id, request, now)
        case ["v1", "quota"] if account.quota is not None:
            quota = {name: {"used": used, "limit": limit} for name, (used, limit) in account.quota.items()}
            route = "GET", lambda: SimResponse.from_json(quota)
        case ["v1", "jobs"]:
            route = "GET", lambda: _jobs(account, request, now)
        case ["v1", "jobs", job_id]:
            route = "GET", lambda: _job(account, job_id, request, now)
        case _:
            pass
    return route


def _not_found() -> SimResponse:
    return SimResponse.from_json(bodies.message("Not Found"), status=404)


def _not_allowed() -> SimResponse:
    return SimResponse.from_json(bodies.message("Method Not Allowed"), status=405)


def _query(request: SimRequest, name: str) -> str | None:
    return parse_qs(request.query, keep_blank_values=True).get(name, [None])[0]


def _project(account: Account, project_id: str, request: SimRequest, now: float) -> SimResponse:
    project = account.find_project(project_id, now)
    if project is None:
        return _not_found()
    view = project.view(now)
    state = (view, account.media_root(request.origin), account.media_query(now), account.missing_fields)
    # The body of a project with many scenes is large and is polled often, but changes only a few times.
    if project.cached is None or project.cached[0] != state:
        body = bodies.project(
            project,
            view,
            media=None if view.video is None else account.media(project, view.video, request.origin, now),
            created=account.date(project.created_at),
            saved=account.date(view.saved_at),
            generated=None if view.video is None else account.date(view.video.ends_at),
            missing=account.missing_fields,
            root=account.media_root(request.origin),
        )
        project.cached = (state, encode(body))
    return SimResponse.from_bytes(project.cached[1])


def _projects(account: Account, request: SimRequest, now: float) -> SimResponse:
    page, key = cut_page(
        sorted(account.projects, key=lambda project: project.created_at, reverse=True),
        key=_query(request, "pagekey"),
        size=account.page_size,
        identity=lambda project: str(project.id),
        created=lambda project: account.date(project.created_at),
        visible=lambda project: project.exists(now),
        trailing=account.trailing_page,
    )

    def item(project: SimProject) -> object:
        view = project.view(now)
        preview = None
        if view.video is not None:
            preview = account.media(project, view.video, request.origin, now).thumbnail
        return bodies.project_item(project, preview=preview, saved=account.date(view.saved_at + LISTED_LATER))

    return SimResponse.from_json({"items": [item(project) for project in page], "pageKey": key})


def _templates(account: Account) -> SimResponse:
    return SimResponse.from_json({"items": [template.item() for template in account.templates]})


def _template(account: Account, template_id: str, request: SimRequest, now: float) -> SimResponse:
    template = account.find_template(template_id)
    if template is None:
        return _not_found()
    return SimResponse.from_json(template.body(account.template_root(request.origin), account.media_query(now)))


def _render(account: Account, project_id: str, now: float) -> SimResponse:
    project = account.find_project(project_id, now)
    if project is None:
        return _not_found()
    return SimResponse.from_json(bodies.render_started(account.start_render(project.id, now)))


def _job(account: Account, job_id: str, request: SimRequest, now: float) -> SimResponse:
    other = account.find_other_job(job_id)
    if other is not None and other.at <= now:
        return SimResponse.from_json(bodies.job(job_id, other.data(now)))
    found = account.find_job(job_id)
    if found is None or found[1].phase(now) is Phase.UNASKED:
        if account.unknown_job == "404":
            return _not_found()
        return SimResponse.from_json(bodies.unknown_job(account.unknown_job))
    return SimResponse.from_json(bodies.job(job_id, _job_data(account, *found, request, now)))


def _jobs(account: Account, request: SimRequest, now: float) -> SimResponse:
    def data(job_id: str, at: float) -> dict[str, object]:
        other = account.find_other_job(job_id)
        if other is not None:
            return other.data(at)
        return _job_data(account, *cast("tuple[SimProject, Render]", account.find_job(job_id)), request, at)

    return respond_with_jobs(account, request, now, data)


def _job_data(
    account: Account, project: SimProject, render: Render, request: SimRequest, now: float
) -> dict[str, object]:
    if account.is_cleaned(render.job_id):
        return {"status": "cleaned"}
    media = account.media(project, render, request.origin, now)
    if isinstance(project, SimVideo):
        return project.data(render, now, media, account.media_root(request.origin))
    return bodies.job_data(project, render, now, media)
