"""The endpoints that change or delete projects and templates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, cast

import attrs

from pictory_async.testing._messages import SimRequest, SimResponse
from pictory_async.testing._templates import TemplateScene
from pictory_async.testing.bodies import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing._account import Account

Routes: TypeAlias = "dict[str, Callable[[], SimResponse]]"

# What a client cannot change.
_OF_THE_SERVER: Final = frozenset(
    {
        *("project_id", "step", "inProgress", "saveDate", "generatedDate", "thumbnail", "videoURL", "shareVideoURL"),
        *("audioURL", "srtFile", "vttFile", "txtFile", "videoDuration"),
    }
)


def write_routes(account: Account, parts: list[str], request: SimRequest, now: float) -> Routes:
    """Return what a path does, by method, besides what is read from it."""
    match parts:
        case ["v2", "projects", project_id]:
            return {
                "PUT": lambda: _change_project(account, project_id, request, now),
                "DELETE": lambda: _delete_project(account, project_id, now),
            }
        case ["v1", "templates"]:
            return {"POST": lambda: _create_template(account, request, now)}
        case ["v1", "templates", template_id]:
            return {
                "PUT": lambda: _change_template(account, template_id, request),
                "DELETE": lambda: _delete_template(account, template_id),
            }
        case _:
            return {}


def _not_found() -> SimResponse:
    return SimResponse.from_json(message("Not Found"), status=404)


def _refused(name: str, problem: str) -> SimResponse:
    fields = [{"name": name, "errors": problem}]
    body = {"code": "INVALID_REQUEST_BODY", "message": "The request is invalid.", "fields": fields}
    return SimResponse.from_json(body, status=400)


def _read(request: SimRequest) -> dict[str, Any]:
    try:
        found: object = json.loads(request.body)
    except ValueError:
        found = None
    return found if _is_object(found) else {}


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _change_project(account: Account, project_id: str, request: SimRequest, now: float) -> SimResponse:
    project, body = account.find_project(project_id, now), _read(request)
    if project is None:
        return _not_found()
    if not body:
        return _refused("", "must be a project")
    # What is left out may be lost.
    project.overrides = {name: value for name, value in body.items() if name not in _OF_THE_SERVER}
    project.edits.append(now)
    project.cached = None
    return SimResponse.from_json({"success": True, "message": "Project updated successfully", "project": body})


def _delete_project(account: Account, project_id: str, now: float) -> SimResponse:
    project = account.find_project(project_id, now)
    if project is None:
        return _not_found()
    project.deleted_at = now
    return SimResponse.from_json({"success": True, "message": "Project deleted successfully"})


def _are_scenes(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and all(_is_object(one) and "text" in one for one in cast("list[object]", value))


def _scenes(scenes: list[dict[str, Any]]) -> tuple[TemplateScene, ...]:
    return tuple(TemplateScene((str(scene.get("text", "")),)) for scene in scenes)


def _create_template(account: Account, request: SimRequest, now: float) -> SimResponse:
    body = _read(request)
    if not body:
        return _refused("", "must be a .pictai file")
    name, scenes = str(body.get("projectName", "Untitled")), body.get("scenes", [])
    template = account.save_template(name, _scenes(scenes), now)
    return SimResponse.from_json(
        {
            **template.item(),
            "audio": {"musicUrl": "", "musicVolume": 10, "aiVoice": {"voiceId": "3108", "speed": 100}},
            "scenes": [
                {"sceneId": scene["sceneId"], "subtitles": scene["subtitles"]} for scene in template.body()["scenes"]
            ],
            "variables": dict(template.variables),
        }
    )


def _change_template(account: Account, template_id: str, request: SimRequest) -> SimResponse:
    template, scenes = account.find_template(template_id), _read(request).get("scenes")
    if template is None:
        return _not_found()
    if not _are_scenes(scenes):
        return _refused("scenes", "must be scenes of a project")
    account.replace_template(attrs.evolve(template, scenes=_scenes(scenes)))
    said = {"success": True, "message": "Template updated successfully", "templateId": template_id}
    return SimResponse.from_json(said)


def _delete_template(account: Account, template_id: str) -> SimResponse:
    if account.find_template(template_id) is None:
        return _not_found()
    account.remove_template(template_id)
    return SimResponse.from_json({"success": True, "message": "Template deleted successfully"})
