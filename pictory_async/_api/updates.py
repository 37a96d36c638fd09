"""Changes a project that was read: as a whole, because the API has nothing else, and no lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeGuard

from pictory_async._codec.answers import decode_done, decode_project
from pictory_async._http.messages import Body
from pictory_async._settings.paths import project_path
from pictory_async._values import brief
from pictory_async.errors import APIError, PictoryConfigError, ProjectConflictError
from pictory_async.models import Project
from pictory_async.models._base import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async._http.transport import Transport

# What the server sets by itself: when it renders, and with each response that signs addresses anew.
_OF_THE_SERVER: Final = frozenset(
    {
        *("step", "inProgress", "saveDate", "generatedDate", "thumbnail", "videoURL", "shareVideoURL", "audioURL"),
        *("srtFile", "vttFile", "txtFile", "videoDuration"),
    }
)
_MOST: Final = 5  # places in a message


async def update_project(transport: Transport, changed: Project) -> Project:
    """Write a changed project; see ``client.projects.update``."""
    origin = origin_of(changed) if isinstance(changed, Project) else None
    if origin is None:
        raise PictoryConfigError(
            f"This is not a project that was fetched: {brief(changed)}. Change one with attrs.evolve, and pass that."
        )
    body = changed.to_dict()
    changes = dict(_changes(origin.raw, body))
    now = await _fetch(transport, changed)
    fresh = now.to_dict()
    meanwhile = [place for place, _ in _changes(origin.raw, fresh)]
    if origin.raw.get("saveDate") != fresh.get("saveDate"):
        meanwhile.append("$.saveDate")
    if meanwhile:
        text = f"Project {changed.id!r} was changed since it was fetched ({_listed(meanwhile)}). Nothing was written."
        raise _conflict(f"{text} Fetch it again, and change that.", now, meanwhile)
    if not changes:
        return now
    path, subject, failure = project_path(changed.id), f"the update of project {changed.id!r}", None
    try:
        await transport.submit(path, subject, decode_done, Body(body), method="PUT")
    except APIError as error:
        failure = error
    # What was written shows whether it arrived, whatever became of the response.
    after = await _fetch(transport, changed)
    shown = after.to_dict()
    lost = [place for place, (found, value) in changes.items() if _at(shown, found) != _comparable(value)]
    if failure is not None and lost:
        raise failure
    if lost:
        text = f"Project {changed.id!r} does not show what was written ({_listed(lost)})."
        raise _conflict(f"{text} Somebody else may have changed it, or Pictory does not accept it.", after, lost)
    return after


def _conflict(text: str, project: Project, places: list[str]) -> ProjectConflictError:
    return ProjectConflictError(text, project_id=project.id, project=project, places=tuple(places))


def _listed(places: list[str]) -> str:
    return ", ".join(places[:_MOST]) + (f" and {len(places) - _MOST} more" if len(places) > _MOST else "")


async def _fetch(transport: Transport, project: Project) -> Project:
    project_id = project.id
    subject = f"project {project_id!r}"
    return await transport.get(project_path(project_id), subject, lambda body: decode_project(body, project_id))


_Way = tuple[str | int, ...]


def _changes(old: Any, new: Any, way: _Way = ()) -> Iterator[tuple[str, tuple[_Way, Any]]]:
    """Where two JSON values differ, with the ways there and the new values; what the server sets is left out."""
    if _is_object(old) and _is_object(new):
        for name in dict.fromkeys((*old, *new)):
            if way or name not in _OF_THE_SERVER:
                yield from _changes(old.get(name), new.get(name), (*way, name))
    elif _is_list(old) and _is_list(new) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(one, other, (*way, number))
    elif _comparable(old) != _comparable(new):
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way)
        yield f"${place}", (way, new)


def _at(value: Any, way: _Way) -> Any:
    for step in way:
        if isinstance(step, int):
            value = value[step] if _is_list(value) and step < len(value) else None
        else:
            value = value.get(step) if _is_object(value) else None
    return _comparable(value)


def _comparable(value: Any) -> Any:
    """A value without the queries of addresses, which are signatures; they change with each response."""
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return value.partition("?")[0]
    if _is_object(value):
        return {name: _comparable(one) for name, one in value.items()}
    return [_comparable(one) for one in value] if _is_list(value) else value


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
