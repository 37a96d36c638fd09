"""From responses to models: how to read each response of the API.

Everything here is pure: bytes in, models or errors out. The parts:
``names`` knows the API's spelling, ``json_bytes`` reads bytes, ``hooks`` single values, ``older`` the form of v2
projects, ``reader`` whole objects; ``writer`` is the way back, ``given`` reads what a program kept, ``error_body``
reads error responses, and ``origin`` tells the API's own responses from those of a gateway.

Every decoder raises one of these:

- `MalformedResponseError`: the response does not show what was asked for.
- `NotFoundError`, with status 200: it reports in words or by a code that what was asked for does not exist.
- `StatusError`, with status 200: it reports another error.

The last two come without the API's words, until `Response.blame` adds them with the key hidden.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_origin

from pictory_async import models
from pictory_async._codec import hooks
from pictory_async._codec.error_body import reported_error
from pictory_async._codec.given import read_given
from pictory_async._codec.hooks import TypeMismatchError
from pictory_async._codec.json_bytes import decode_json, fast_fields, is_deep, is_list
from pictory_async._codec.names import MATTERS, NAMES, attribute_of
from pictory_async._codec.origin import has_api_form
from pictory_async._codec.reader import at, place_of, read_items, reader_of, within
from pictory_async._codec.unreadable import unreadable
from pictory_async._codec.writer import unstructure
from pictory_async._log import LogEvent, write
from pictory_async._settings.paths import job_path
from pictory_async.errors import MalformedResponseError, PictoryConfigError
from pictory_async.models import Evidence, Job, Model, Project, ProjectId
from pictory_async.models._base import use_codec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

M = TypeVar("M", bound=Model)
T = TypeVar("T")

use_codec(unstructure, unreadable, read_given, attribute_of)


def decode_project(body: bytes, project_id: ProjectId) -> Project:
    """Read the response to ``GET /v2/projects/{id}``.

    Args:
        body: The response's body.
        project_id: The requested id; the project keeps it as given.

    Returns:
        The project. Its scenes are read when they are first used.

    Raises:
        MalformedResponseError: The body is not a JSON object or not a project, a field that matters has the wrong
            type, or the response is about another project.
        StatusError: The response reports an error instead (`NotFoundError` if there is no such project).
    """
    raw = decode_json(body)
    _check_project(raw, project_id)
    return _read(Project, raw, project_id)


def decode_rendered(body: bytes, project_id: ProjectId, job: Job | None) -> Project:
    """Read a project whose render is over.

    Args:
        body: As for `decode_project`.
        project_id: As for `decode_project`.
        job: The render's completed job, if it is known. Its video and files are those of the render. The project may
            still show older ones, or already newer ones: then it gets the job's, and no date.

    Raises:
        MalformedResponseError: As `decode_project`.
    """
    raw = decode_json(body)
    _check_project(raw, project_id)
    if job is not None and job.video_url and not same_file(raw.get("videoURL"), job.video_url):
        raw.pop("generatedDate", None)
        raw.update(_files_of(job))
    return _read(Project, raw, project_id)


def rendered_by(job: Job, project_id: ProjectId) -> Project:
    """A project of which nothing is known but the files that its completed job names."""
    return _read(Project, _files_of(job), project_id)


def decode_template(body: bytes, template_id: str) -> models.Template:
    """Read the response to ``GET /v1/templates/{id}``; ``template_id`` is used if the response has none.

    Raises:
        MalformedResponseError: The body is not a JSON object or not a template, its id is not text, or it is another
            template.
        StatusError: The response reports an error instead (`NotFoundError` if there is no such template).
    """
    raw = decode_json(body)
    _check_kind(raw, models.Template)
    template = _read(models.Template, raw, template_id)
    if template.id != template_id:
        raise _about_another("template", template.id, template_id, "$.templateId")
    return template


def decode_job(body: bytes, job_id: str | None = None) -> Job:
    """Read the response to ``GET /v1/jobs/{id}``; ``job_id`` is used if the response has none.

    Returns:
        The job; one with ``is_missing`` if the response says ``JOB_NOT_FOUND``, in any of the documented places.

    Raises:
        MalformedResponseError: The body is not a JSON object or not a job, or its id or status is not text.
        StatusError: The response reports an error about no job (`NotFoundError` if that is the error).
    """
    raw = decode_json(body)
    # An error with status 200 names no job, or shows nothing of it; read as a job, it would mean "failed".
    has_id, has_status, has_code = (
        place_of(raw, name, NAMES["Job"][name]) is not None for name in ("id", "status", "error_code")
    )
    says_nothing = not has_status and (not has_id or (raw.get("success") is False and not has_code))
    if says_nothing and not _is_missing_job(raw, job_id):
        _check_reported(raw, "job")
        if "success" not in raw and "data" not in raw:
            raise _not_a("job", raw)
    job = _read(Job, raw, job_id)
    if job_id is not None and job.id != job_id:  # such as a surplus response on a kept connection
        raise MalformedResponseError(
            f"The response is about another job, {job.id[:80]!r} instead of {job_id[:80]!r}. Try again.", json_path="$"
        )
    return job


def _is_missing_job(raw: dict[str, Any], job_id: str | None) -> bool:
    return job_id is not None and raw.get("success") is False and _read(Job, raw, job_id).is_missing


def decode_render_started(body: bytes) -> str:
    """Read the response to ``POST /v2/projects/{id}/render``: the id of the job that renders.

    Raises:
        MalformedResponseError: The response has no such id, or says that it is no success.
    """
    job = _read(Job, decode_json(body))
    if job.success is False:
        raise MalformedResponseError("The response has success: false.", json_path="$.success")
    try:
        job_path(job.id)
    except PictoryConfigError:
        raise MalformedResponseError("The response names a job by what cannot be an id.", json_path="$.data") from None
    return job.id


def decode_page(item: type[T], body: bytes) -> models.Page[T]:
    """Read a list, however the API wraps it; entries that cannot be read are left out, with a warning in the log.

    Args:
        item: The class of its entries; ``str`` for texts.
        body: The body.

    Raises:
        MalformedResponseError: The body is not a list of these.
        StatusError: The response reports an error instead.
    """
    return _read_page(item, decode_json(body, list_as="items"))


def decode_project_page(body: bytes) -> models.Page[models.ProjectItem]:
    """Read the response to ``GET /v2/projects``, as `decode_page`."""
    return _read_page(models.ProjectItem, decode_json(body))


def decode_one(kind: type[M], body: bytes, asked: str | None = None) -> M:
    """Read the response about one thing; ``asked`` is used as its id if the response has none.

    Raises:
        MalformedResponseError: The body shows nothing of it, or is about another one.
        StatusError: The response reports an error instead (`NotFoundError` if there is no such thing).
    """
    raw = decode_json(body)
    _check_kind(raw, kind)
    found = _read(kind, raw, asked)
    mine = getattr(found, "id", asked)
    if asked is not None and mine != asked:
        raise _about_another(_words(kind), mine, asked, "$")
    return found


def view_of(kind: type[M], job: Job, needed: str) -> M:
    """The results of a completed job, as another model.

    Args:
        kind: The class of the results.
        job: The job.
        needed: The attribute without which they are none.

    Raises:
        MalformedResponseError: They are not there, or not what they must be.
    """
    found = _read(kind, job.to_dict(), job.id)
    if not getattr(found, needed):
        text = f"Job {job.id[:80]!r} is completed, but its results show no {needed}. Look at the job's output."
        raise MalformedResponseError(text, json_path="$.data")
    return found


def decode_done(body: bytes) -> None:
    """Read the response to a request that returns nothing, or says only that it was a success.

    Raises:
        MalformedResponseError: The body is something else.
        StatusError: The response reports an error.
    """
    if body.strip():
        _check_reported(decode_json(body), "success")


def decode_created_template(body: bytes) -> models.TemplateItem:
    """Read the response to ``POST /v1/templates``, which shows a template in another form than all others do.

    Raises:
        MalformedResponseError: The body is not a JSON object, or has no id of a template.
        StatusError: The response reports an error instead.
    """
    return decode_one(models.TemplateItem, body)


def decode_template_page(body: bytes) -> models.Page[models.TemplateItem]:
    """Read the response to ``GET /v1/templates``, as `decode_page`."""
    return _read_page(models.TemplateItem, decode_json(body))


def decode_job_page(body: bytes) -> models.Page[Job]:
    """Read the response to ``GET /v1/jobs``, as `decode_page`."""
    return _read_page(Job, decode_json(body))


_FILES_OF_JOB = {"share_video_url": "share_url"} | {
    name: name for name in ("video_url", "thumbnail_url", "audio_url", "srt_url", "vtt_url", "txt_url", "duration")
}


def _files_of(job: Job) -> dict[str, Any]:
    names = NAMES["Project"]
    return {names[attribute][0][0]: getattr(job, mine) for attribute, mine in _FILES_OF_JOB.items()}


def same_file(shown: Any, url: str) -> bool:
    """Whether a URL that was shown is of the same file as another."""
    # The query holds a signature, which changes with each response.
    return isinstance(shown, str) and shown.partition("?")[0] == url.partition("?")[0]


def _read(kind: type[M], raw: dict[str, Any], asked: ProjectId | None = None) -> M:
    if is_deep(raw):
        text = "The response cannot be used: it is nested too deeply. Try again; if it persists, report it to Pictory."
        raise MalformedResponseError(text, from_api=has_api_form(raw))
    try:
        return cast("M", reader_of(kind).read(raw, asked))
    except TypeMismatchError as mismatch:
        marks = _marks((get_origin(kind) or kind).__name__)
        raise _malformed(mismatch, from_api=has_api_form(raw) or not marks.isdisjoint(raw)) from None


def _read_page(item: type[T], raw: dict[str, Any]) -> models.Page[T]:
    place = place_of(raw, "items", NAMES["Page"]["items"])
    items = None if place is None else at(raw, place)
    if not is_list(items) or raw.get("success") is False:
        _check_reported(raw, "list")
    page: models.Page[T] = _read(models.Page[item], raw)  # type: ignore[valid-type]  # the type is only known here
    left_out = len(cast("list[Any]", items)) - len(page.items)
    if left_out:
        _, wrong = read_items(items, item)  # again, for the reason
        reason = cast("TypeMismatchError", wrong).inside(f".{'.'.join(place or ())}").describe()
        write(LogEvent.LIST_ENTRIES_LEFT_OUT, "%d of a page cannot be read; the first: %s", left_out, reason)
    return page


def _malformed(mismatch: TypeMismatchError, *, from_api: bool = True) -> MalformedResponseError:
    return MalformedResponseError(
        f"The response cannot be used: {mismatch.describe()}. Try again; if it persists, the API has changed.",
        json_path=f"${mismatch.path}",
        from_api=from_api,
    )


def _check_project(raw: Mapping[str, Any], asked: ProjectId) -> None:
    _check_kind(raw, Project)
    found = raw.get("project_id")
    if found is None or found == "" or (type(found) is type(asked) and found == asked):
        return
    try:
        found = within(".project_id", hooks.project_id, found)
    except TypeMismatchError as mismatch:
        raise _malformed(mismatch) from None
    if str(found) != str(asked):
        raise _about_another("project", found, asked, "$.project_id")


def _about_another(what: str, found: object, asked: object, path: str) -> MalformedResponseError:
    text = f"The response is about another {what}, {str(found)[:80]!r} instead of {str(asked)[:80]!r}. Try again."
    return MalformedResponseError(text, json_path=path)


def _check_kind(raw: Mapping[str, Any], kind: type[Model]) -> None:
    # A gateway's `{}` or an error with status 200 shows no project; read as a snapshot, it would mean "not rendered".
    shown = False
    for name in _marks(kind.__name__):
        if raw.get(name) is not None:
            shown = True
            break
    if not shown or raw.get("success") is False:
        what = _words(kind)
        _check_reported(dict(raw), what)
        raise _not_a(what, dict(raw))


def _not_a(what: str, raw: dict[str, Any]) -> MalformedResponseError:
    article = "an" if what[0] in "aeiou" else "a"
    text = f"The response is JSON, but not {article} {what}. A proxy or gateway may have responded; try again."
    return MalformedResponseError(text, from_api=has_api_form(raw))


def _check_reported(raw: dict[str, Any], what: str) -> None:
    """Raise the error that a response reports instead of showing what was asked for."""
    error = reported_error(raw)
    if error is not None:
        raise error
    if raw.get("success") is False:
        text = f"The response has success: false and shows no {what}. Try again; if it persists, report it to Pictory."
        raise MalformedResponseError(text, json_path="$.success")


@cache
def _marks(kind: str) -> frozenset[str]:
    """The names that identify a response as one of a kind."""
    return frozenset(path[0] for places in NAMES[kind].values() for path in places)


def _words(kind: type[Model]) -> str:
    """What errors call a kind, such as ``smart layout``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()


_EVIDENCE: tuple[tuple[str, str, Callable[[Any], Any]], ...] = tuple(
    (attribute, NAMES["Project"][attribute][0][0], hook)
    for attribute, hook in (
        ("step", hooks.step),
        ("in_progress", hooks.flag),
        ("video_url", hooks.text),
        ("generated_at", hooks.moment),
        ("saved_at", hooks.moment),
    )
)
_TELLING = frozenset(("projectName", *(name for _, name, _ in _EVIDENCE)))
_WANTED = _TELLING | {"project_id", "success"}


def read_evidence(body: bytes, project_id: ProjectId) -> Evidence:
    """Read from the response to ``GET /v2/projects/{id}`` only what shows whether the video is ready.

    With simdjson (the extra ``fast``) the rest of a big project takes almost no time. The verdict about a body, and the
    error's text, do not depend on it.

    Args:
        body: The response's body.
        project_id: The requested id.

    Returns:
        The facts, the same as ``decode_project(...).evidence``; also of a project that is nested too deeply for that.

    Raises:
        MalformedResponseError: As `decode_project`, and for the same bodies.
        StatusError: The same.
    """
    fields = fast_fields(body, _WANTED)
    # Only the whole body shows whether this is a project, and what an error says.
    if fields is None or fields.get("success") is False or not any(map(fields.get, _TELLING)):
        fields = decode_json(body)
    return judge_fields(fields, project_id)


def judge_fields(fields: Mapping[str, Any], project_id: ProjectId) -> Evidence:
    """Read the facts from a decoded response; raises as `read_evidence` does."""
    _check_project(fields, project_id)
    facts: dict[str, Any] = {}
    for attribute, name, read in _EVIDENCE:
        value = fields.get(name)
        if value is None or (value == "" and read is not hooks.flag):  # an empty text is none, but no flag
            continue
        try:
            facts[attribute] = read(value)
        except TypeMismatchError as mismatch:
            if attribute in MATTERS["Project"]:
                raise _malformed(mismatch.inside(f".{name}")) from None
    return Evidence(**facts)
