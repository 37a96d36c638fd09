"""The endpoints of the simulated API besides projects, templates, jobs and the quota."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote

from pictory_async.testing import _jobs as jobs
from pictory_async.testing._ids import share_id, stable_hex
from pictory_async.testing._lists import WRAPPERS, identity, respond_with_list, search_music, search_stock
from pictory_async.testing._messages import SimRequest, SimResponse
from pictory_async.testing.bodies import iso, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing._account import Account

Routes: TypeAlias = "dict[str, Callable[[], SimResponse]]"

_UPLOADS: Final = "uploads"
_SECRETS: Final = frozenset({"clientSecret", "accessToken"})
_CHANGEABLE: Final = ("name", "description", "enabled", "clientIdentifier")


def other_routes(account: Account, parts: list[str], request: SimRequest, now: float) -> Routes:
    """Return what a path does, by method; nothing for a path that does not exist."""
    path = "/".join(parts[1:])
    routes: Routes = {}
    if parts[:1] == ["v1"] and path in WRAPPERS:
        routes["GET"] = lambda: respond_with_list(account, path, request, now)
    match parts:
        case ["v1", "music", "search"]:
            routes["POST"] = lambda: search_music(account, request)
        case ["v1", "media", "search"]:
            routes["GET"] = lambda: search_stock(account, request)
        case ["v1", "media", "generateurl" | "generateUrl"]:
            routes["POST"] = lambda: _upload_url(account, request)
        case ["v1", "voiceovers", "tracks"]:
            routes["POST"] = lambda: _add_voice(account, request)
        case ["v1", "awsconnections" | "vimeo-connections" as kind]:
            routes["POST"] = lambda: _connect(account, kind, request, now)
        case ["v1", "awsconnections" | "vimeo-connections" as kind, connection_id]:
            routes["GET"] = lambda: _connection(account, kind, connection_id)
            routes["PUT"] = lambda: _change(account, kind, connection_id, request, now)
            routes["DELETE"] = lambda: _disconnect(account, kind, connection_id)
        case _:
            routes |= _job_routes(account, parts, request, now)
    return routes


def _job_routes(account: Account, parts: list[str], request: SimRequest, now: float) -> Routes:
    match parts:
        case ["v1", "jobs", job_id, "clean"]:
            return {"DELETE": lambda: _clean(account, job_id, now)}
        case ["v2", "transcription"]:
            return {"POST": lambda: jobs.started(jobs.transcribe(account, _fields(request), now))}
        case ["v2", "transcription", "highlights"]:
            return {"POST": lambda: jobs.started(jobs.highlight(account, _fields(request), now))}
        case ["v2", "transcription", job_id, "highlights"]:
            return {"POST": lambda: _highlight(account, job_id, request, now)}
        case ["v1", "aistudio", "images" | "videos" as kind]:
            return {"POST": lambda: jobs.started(jobs.make(account, kind, _fields(request), request, now))}
        case _:
            return {}


def _fields(request: SimRequest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.body or b"{}")
    return found


def _not_found() -> SimResponse:
    return SimResponse.from_json(message("Not Found"), status=404)


def _upload_url(account: Account, request: SimRequest) -> SimResponse:
    fields = _fields(request)
    name, kind = fields.get("fileName"), fields.get("contentType")
    if not name or not kind:
        return jobs.invalid("contentType" if name else "fileName", "is required")
    key = f"{_UPLOADS}/{stable_hex('upload', account.seed, len(account.upload_types))[:16]}/{name}"
    account.upload_types[key] = kind
    url = f"{account.media_root(request.origin)}/{quote(key)}"
    signed = f"{url}?X-Amz-Expires=86400&X-Amz-Signature={stable_hex('signature', key)[:32]}"
    return SimResponse.from_json({"success": True, "data": {"signedUrl": signed, "url": url, "key": key}})


def receive_upload(account: Account, request: SimRequest, key: str) -> SimResponse:
    """Return what the store of files says to an upload, and keep the file."""
    signature = f"X-Amz-Signature={stable_hex('signature', key)[:32]}"
    if "authorization" in request.headers:  # the address has a signature already
        return _store_error(400, "InvalidArgument", "Only one auth mechanism allowed")
    if signature not in request.query or account.upload_types.get(key) != request.headers.get("content-type"):
        return _store_error(
            403, "SignatureDoesNotMatch", "The request signature does not match the signature provided."
        )
    if "content-length" not in request.headers:
        return _store_error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    account.uploads[key] = request.body
    return SimResponse(status=200, headers=(("content-length", "0"),))


def _store_error(status: int, code: str, text: str) -> SimResponse:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'.encode()
    headers = (("content-type", "application/xml"), ("content-length", str(len(body))))
    return SimResponse(status=status, headers=headers, body=body)


def other_file(account: Account, path: str, now: float) -> bytes | int | None:
    """Return a file that was uploaded, or that AI Studio made: its bytes or its size; None if there is none."""
    if path in account.uploads:
        return account.uploads[path]
    folder, _, name = path.partition("/")
    job = account.find_other_job(name.partition(".")[0][:36]) if folder == "ai" else None
    if job is None or not job.is_over(now) or job.cleaned or not job.result:
        return None
    return jobs.tiny_picture() if name.endswith(".png") else account.media_sizes.get("mp4", 0)


def _add_voice(account: Account, request: SimRequest) -> SimResponse:
    fields = _fields(request)
    voices = account.lists["voiceovers/tracks"]
    for name in ("name", "service", "language", "voiceId"):
        if not fields.get(name):
            return jobs.invalid(name, "is required")
    if any(voice["name"] == fields["name"] for voice in voices):
        return jobs.invalid("name", "is taken")
    voice = {
        "id": 9000 + len(voices),
        "name": fields["name"],
        "engine": fields.get("engine", "neural"),
        "service": fields["service"],
        "language": fields["language"],
        "gender": "Male",
        "accent": "Simulated",
        "category": "standard",
    }
    voices.append({**voice, "voice": fields["voiceId"]})
    return SimResponse.from_json(voice)


def _clean(account: Account, job_id: str, now: float) -> SimResponse:
    over = account.clean_job(job_id, now)
    if over is None:
        return _not_found()
    if not over:
        return SimResponse.from_json(message("The job is not finished."), status=400)
    return SimResponse.from_json({"success": True})


def _highlight(account: Account, job_id: str, request: SimRequest, now: float) -> SimResponse:
    source = account.find_other_job(job_id)
    if source is None:
        return _not_found()
    return jobs.started(jobs.highlight(account, _fields(request), now, source))


def _shown(connection: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    hidden = _SECRETS if whole else _SECRETS | {"type", "createdDate", "updatedDate"}
    return {name: value for name, value in connection.items() if name not in hidden}


def _find(account: Account, kind: str, connection_id: str) -> dict[str, Any] | None:
    return next((one for one in account.lists.get(kind, []) if identity(one) == connection_id), None)


def _connect(account: Account, kind: str, request: SimRequest, now: float) -> SimResponse:
    fields = _fields(request)
    connections = account.lists.setdefault(kind, [])
    is_aws = kind == "awsconnections"
    needed = ("name", "awsAccountId", "awsRegion") if is_aws else ("name", "clientIdentifier", *sorted(_SECRETS))
    for name in needed:
        if not fields.get(name):
            return jobs.invalid(name, "is required")
    if any(one["name"] == fields["name"] for one in connections):
        return jobs.invalid("name", "is taken")
    moment = account.date(now)
    connection: dict[str, Any] = {
        "connectionId": share_id(moment, kind, account.seed, len(connections)).lower(),
        "name": fields["name"],
        "description": fields.get("description", ""),
        **{name: fields[name] for name in needed[1:] if name not in _SECRETS},
        "type": "AWS" if is_aws else "VIMEO",
        "enabled": fields.get("enabled", True),
        "createdDate": iso(moment),
        "updatedDate": iso(moment),
        "version": 1,
    }
    connections.append(connection)
    return SimResponse.from_json(_shown(connection, whole=not is_aws))


def _connection(account: Account, kind: str, connection_id: str) -> SimResponse:
    found = _find(account, kind, connection_id)
    return _not_found() if found is None else SimResponse.from_json(_shown(found, whole=True))


def _change(account: Account, kind: str, connection_id: str, request: SimRequest, now: float) -> SimResponse:
    found, fields = _find(account, kind, connection_id), _fields(request)
    if found is None:
        return _not_found()
    if fields.get("version") != found["version"]:
        text = f"The connection has version {found['version']}."
        return SimResponse.from_json({"code": "VERSION_CONFLICT", "message": text}, status=409)
    found |= {name: fields[name] for name in _CHANGEABLE if name in fields}
    found |= {"version": found["version"] + 1, "updatedDate": iso(account.date(now))}
    return SimResponse.from_json(_shown(found, whole=kind != "awsconnections"))


def _disconnect(account: Account, kind: str, connection_id: str) -> SimResponse:
    found = _find(account, kind, connection_id)
    if found is None and kind == "awsconnections":
        return _not_found()
    if found is not None:
        account.lists[kind].remove(found)
    return SimResponse(status=204)


def upload_key(path: str) -> str | None:
    """Return the name of an uploaded file in the store, from its path below the media root; None for another file."""
    return path[1:] if path.startswith(f"/{_UPLOADS}/") else None
