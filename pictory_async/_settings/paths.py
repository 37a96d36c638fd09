"""Paths of the API's resources, with ids that cannot escape from their place. Pure."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Mapping
from typing import Final
from urllib.parse import quote, unquote

from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Model

_MAX_ID: Final = 256
_MAX_KEY: Final = 4096  # characters

# What an id follows, and its name.
_IDS: Final = {
    "/v2/projects": "project_id",
    "/v1/templates": "template_id",
    "/v1/jobs": "job_id",
    "/v2/transcription": "job_id",
    "/v2/video/storyboard": "job_id",
    "/v2/video/render": "job_id",
    "/v1/awsconnections": "connection_id",
    "/v1/vimeo-connections": "connection_id",
}
_WITHOUT_ID: Final = {"/v2/transcription/highlights", "/v2/video/storyboard/render"}


def path_segment(what: str, value: object) -> str:
    """Turn an id into one segment of a path, whatever it contains.

    Args:
        what: The kind of id, for the error.
        value: Text, or an integer for projects of schema v2 and older.

    Raises:
        PictoryConfigError: The value cannot be an id.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise PictoryConfigError(f"A {what} id is text or an integer, not {type(value).__name__}.{_cure(what, value)}")
    # Numbers of thousands of digits have no text.
    text = "" if isinstance(value, int) and abs(value) >= 10**_MAX_ID else str(value)
    if not text.strip() or text in {".", ".."} or len(text) > _MAX_ID or not text.isprintable():
        needed = f"Pass the id that the API has for it: 1 to {_MAX_ID} printable characters."
        raise PictoryConfigError(f"{brief(value)} cannot be a {what} id. {needed}")
    return text if text.isascii() and text.isalnum() else quote(text, safe="")


def _cure(what: str, value: object) -> str:
    """What to write instead of something that is easily taken for an id."""
    if isinstance(value, Model) and hasattr(value, "id"):
        return f" Pass its attribute id, such as {what}.id."
    if isinstance(value, Coroutine):
        value.close()  # else Python adds a warning that it was never awaited
        return " Write 'await' before the call that made it."
    if isinstance(value, Collection) and not isinstance(value, (bytes, Mapping)):
        return " This call takes one id; call it for each one."
    return ""


def is_page_key(key: str) -> bool:
    """Whether what the API calls the key of a list's next page can be a part of an address."""
    return len(key) <= _MAX_KEY and key.isprintable()


def project_path(project_id: object) -> str:
    """The path of a project; raises as `path_segment` does."""
    return f"/v2/projects/{path_segment('project', project_id)}"


def job_path(job_id: object) -> str:
    """The path of a job; raises as `path_segment` does."""
    return f"/v1/jobs/{path_segment('job', job_id)}"


def template_path(template_id: object) -> str:
    """The path of a template; raises as `path_segment` does."""
    return f"/v1/templates/{path_segment('template', template_id)}"


def described(path: str) -> tuple[str, str | None, str | None]:
    """A path of this library's own with a name instead of the id, the project's id in it, and the job's."""
    parts = path.split("/")  # such as "", "v2", "projects", an id, "render"
    place = next((n for n in (3, 4) if len(parts) > n and "/".join(parts[:n]) in _IDS), None)
    if place is None or path in _WITHOUT_ID:
        return path, None, None
    name, found = _IDS["/".join(parts[:place])], unquote(parts[place])
    template = "/".join([*parts[:place], f"{{{name}}}", *parts[place + 1 :]])
    return template, found if name == "project_id" else None, found if name == "job_id" else None
