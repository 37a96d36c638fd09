"""JSON to models and back: what each answer of the API says.

Everything here is pure: bytes in, models or errors out. The parts:
``names`` knows the API's spelling, ``json_bytes`` reads bytes, ``hooks`` single values,
``reader`` whole objects; ``writer`` is the way back, and ``error_body`` reads error responses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from pictory_async import models
from pictory_async._codec import hooks
from pictory_async._codec.error_body import ErrorBody, decode_error
from pictory_async._codec.hooks import MisfitError
from pictory_async._codec.json_bytes import decode_json, fast_fields
from pictory_async._codec.names import MATTERS, NAMES
from pictory_async._codec.reader import place_of, reader_of, within
from pictory_async._codec.writer import unstructure
from pictory_async.errors import MalformedResponseError
from pictory_async.models import Evidence, Job, Model, Project, ProjectId
from pictory_async.models._base import write_with

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "ErrorBody",
    "decode_error",
    "decode_job",
    "decode_job_page",
    "decode_json",
    "decode_project",
    "decode_project_page",
    "decode_render_started",
    "decode_template",
    "decode_template_page",
    "judge_fields",
    "read_evidence",
]

M = TypeVar("M", bound=Model)

write_with(unstructure)


def decode_project(body: bytes, project_id: ProjectId) -> Project:
    """Read the answer of ``GET /v2/projects/{id}``.

    Args:
        body: The answer's body.
        project_id: The id that was asked for; the project keeps it as given.

    Returns:
        The project. Its scenes are read when first looked at.

    Raises:
        MalformedResponseError: The body is no JSON object or no project, a field that matters has a wrong type,
            or the answer is about another project.
    """
    raw = decode_json(body)
    _check_project(raw, project_id)
    return _read(Project, raw, project_id)


def decode_template(body: bytes, template_id: str) -> models.Template:
    """Read the answer of ``GET /v1/templates/{id}``; ``template_id`` is used where the answer has none.

    Raises:
        MalformedResponseError: The body is no JSON object or no template, or its id is no text.
    """
    raw = decode_json(body)
    _check_kind(raw, models.Template)
    return _read(models.Template, raw, template_id)


def decode_job(body: bytes, job_id: str | None = None) -> Job:
    """Read the answer of ``GET /v1/jobs/{id}``; ``job_id`` is used where the answer has none.

    Raises:
        MalformedResponseError: The body is no JSON object or no job, or its id or status is no text.
    """
    raw = decode_json(body)
    # An error with status 200 names no job; taken for one it would say "failed".
    if raw.get("success") is False and not any(place_of(raw, name, NAMES["Job"][name]) for name in ("id", "status")):
        raise MalformedResponseError(
            "The answer says success: false instead of showing the job. Try again.", json_path="$.success"
        )
    return _read(Job, raw, job_id)


def decode_render_started(body: bytes) -> str:
    """Read the answer of ``POST /v2/projects/{id}/render``: the id of the job that renders.

    Raises:
        MalformedResponseError: There is no such id in the answer.
    """
    return _read(Job, decode_json(body)).id


def decode_project_page(body: bytes) -> models.Page[models.ProjectItem]:
    """Read the answer of ``GET /v2/projects``.

    Raises:
        MalformedResponseError: The body is no list of projects, or one of them has no id.
    """
    return cast(
        "models.Page[models.ProjectItem]",
        _read(cast("type[models.Page[Any]]", models.Page[models.ProjectItem]), decode_json(body)),
    )


def decode_template_page(body: bytes) -> models.Page[models.TemplateItem]:
    """Read the answer of ``GET /v1/templates``.

    Raises:
        MalformedResponseError: The body is no list of templates, or one of them has no id.
    """
    return cast(
        "models.Page[models.TemplateItem]",
        _read(cast("type[models.Page[Any]]", models.Page[models.TemplateItem]), decode_json(body)),
    )


def decode_job_page(body: bytes) -> models.Page[Job]:
    """Read the answer of ``GET /v1/jobs``.

    Raises:
        MalformedResponseError: The body is no list of jobs, or one of them has no id.
    """
    return cast("models.Page[Job]", _read(cast("type[models.Page[Any]]", models.Page[Job]), decode_json(body)))


def _read(kind: type[M], raw: dict[str, Any], asked: ProjectId | None = None) -> M:
    try:
        return cast("M", reader_of(kind).read(raw, asked))
    except MisfitError as misfit:
        raise _malformed(misfit) from None


def _malformed(misfit: MisfitError) -> MalformedResponseError:
    return MalformedResponseError(
        f"The answer cannot be used: {misfit.describe()}. Try again; if it stays so, the API has changed.",
        json_path=f"${misfit.path}",
    )


def _check_project(raw: Mapping[str, Any], asked: ProjectId) -> None:
    _check_kind(raw, Project)
    found = raw.get("project_id")
    if found is None or found == "" or (type(found) is type(asked) and found == asked):
        return
    try:
        found = within(".project_id", hooks.project_id, found)
    except MisfitError as misfit:
        raise _malformed(misfit) from None
    if str(found) != str(asked):
        raise MalformedResponseError(
            f"The answer is about another project, {str(found)[:80]!r} instead of {str(asked)[:80]!r}. Try again.",
            json_path="$.project_id",
        )


def _check_kind(raw: Mapping[str, Any], kind: type[Model]) -> None:
    # A gateway's `{}` or an error with status 200 says nothing; taken for a snapshot it would say "not rendered".
    what = kind.__name__.lower()
    if raw.get("success") is False:
        raise MalformedResponseError(
            f"The answer says success: false instead of showing the {what}. Try again.", json_path="$.success"
        )
    for name in _MARKS[kind.__name__]:
        if raw.get(name) is not None:
            return
    raise MalformedResponseError(f"The answer is JSON, but no {what}. Try again.")


# The names by which an answer shows itself to be one of these.
_MARKS = {
    kind: tuple(dict.fromkeys(path[0] for places in NAMES[kind].values() for path in places))
    for kind in ("Project", "Template")
}

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
    """Read from the answer of ``GET /v2/projects/{id}`` only what tells whether the video is ready.

    With simdjson installed (the extra ``fast``) the rest of a big project costs next to nothing. The verdict
    about a body, and the error's text, do not depend on it.

    Args:
        body: The answer's body.
        project_id: The id that was asked for.

    Returns:
        The facts, the same as ``decode_project(...).evidence``.

    Raises:
        MalformedResponseError: As :func:`decode_project`, and for the same bodies.
    """
    fields = fast_fields(body, _WANTED)
    if fields is None or not any(map(fields.get, _TELLING)):  # only all of it shows whether this is a project
        fields = decode_json(body)
    return judge_fields(fields, project_id)


def judge_fields(fields: Mapping[str, Any], project_id: ProjectId) -> Evidence:
    """Read the facts from a decoded answer; raises as :func:`read_evidence` does."""
    _check_project(fields, project_id)
    facts: dict[str, Any] = {}
    for attribute, name, read in _EVIDENCE:
        value = fields.get(name)
        if value is None or value == "":
            continue
        try:
            facts[attribute] = read(value)
        except MisfitError as misfit:
            if attribute in MATTERS["Project"]:
                raise _malformed(misfit.inside(f".{name}")) from None
    return Evidence(**facts)
