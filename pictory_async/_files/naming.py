"""Names of downloaded files from a template, such as ``{customer}/{name} [{id}].{lang}.{ext}``. Pure.

Only ``{field}`` means anything in a template: there are no attributes, indexes or formats. Each part between two
slashes is filled in and made safe as a whole, so a value never makes a directory, and no name leads out of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard

import attrs

from pictory_async._files.names import KINDS, ending_of, path_of, plain_ending, safe_name, safe_part
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import ProjectId

if TYPE_CHECKING:
    from datetime import datetime

    from pictory_async.models import Project

Fields: TypeAlias = (
    Mapping[str, Mapping[str, str]] | Mapping[int, Mapping[str, str]] | Mapping[ProjectId, Mapping[str, str]]
)
"""The caller's fields of each project, by id."""

FIELDS: Final = ("name", "id", "date", "saved", "kind", "lang", "ext")
"""The fields that every template can use."""

_TOKEN: Final = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")
_DATES: Final = frozenset({"date", "saved"})
_OF_A_FILE: Final = frozenset({"kind", "lang", "ext"})
_SUBTITLES: Final = frozenset({"srt", "vtt", "txt"})
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_IN_ADDRESS: Final = re.compile(r"\.([A-Za-z]{2}(?:-[A-Za-z0-9]{2,8})?)", re.ASCII)
_EMPTY: Final = "_"


@attrs.frozen
class _Token:
    field: str | None
    text: str


@attrs.frozen
class Naming:
    """A template that was read.

    Attributes:
        parts: What is between its slashes; the last one is the file's name without its ending.
        rows: What the caller's fields are for each project, by id.
        columns: The names of these fields.
    """

    parts: tuple[tuple[_Token, ...], ...]
    rows: Mapping[str, Mapping[str, str]]
    columns: frozenset[str]

    @property
    def is_dated(self) -> bool:
        """Whether a new version of a project gets another name."""
        return any(token.field in _DATES for part in self.parts for token in part)

    def row(self, project_id: str) -> Mapping[str, str]:
        """The caller's fields of a project; empty texts if there are none."""
        return {**dict.fromkeys(self.columns, ""), **self.rows.get(project_id, {})}


class FileNames:
    """The names of a project's files.

    Args:
        project: The project.
        naming: The template; ``None`` for the project's name and the usual endings.

    Attributes:
        plain: What they begin with, before another project's files are looked at.
        is_dated: Whether a new version of the project gets other names.
        follows: Whether they follow the project when it is renamed.
    """

    def __init__(self, project: Project, naming: Naming | None) -> None:
        self._project = project
        self._naming = naming
        self.is_dated = naming is not None and naming.is_dated
        self.follows = naming is not None
        self.plain = (
            safe_name(project.name, _unnamed(project))
            if naming is None
            else self._expanded(naming, dict.fromkeys(_OF_A_FILE, ""))
        )

    def name(self, kind: str, url: str, stem: str, more: str = "") -> str:
        """The name of a file.

        Args:
            kind: Its kind.
            url: Its address.
            stem: What the project's files begin with: `plain`, and perhaps more.
            more: What else is before the ending.
        """
        if self._naming is None:
            return f"{stem}{more}{self.ending(kind, url)}"
        before, ending = self._stem_of(self._naming, kind, url), self.ending(kind, url)
        earlier = KINDS[: KINDS.index(kind)]
        taken = {
            (self._stem_of(self._naming, one, address) + plain_ending(one, address)).casefold()
            for one, address in self._project.assets.items()
            if one in earlier
        }
        mark = f" ({kind})" if (before + ending).casefold() in taken else ""
        return f"{before}{stem.removeprefix(self.plain)}{mark}{more}{ending}"

    def ending(self, kind: str, url: str) -> str:
        """How the name of a file ends."""
        return ending_of(kind, url) if self._naming is None else plain_ending(kind, url)

    def _stem_of(self, naming: Naming, kind: str, url: str) -> str:
        lang = _language(self._project, url) if kind in _SUBTITLES else ""
        return self._expanded(naming, {"kind": kind, "lang": lang, "ext": plain_ending(kind, url)[1:]})

    def _expanded(self, naming: Naming, of_file: dict[str, str]) -> str:
        project = self._project
        values = {
            **naming.row(str(project.id)),
            "name": safe_name(project.name, _unnamed(project)),
            "id": str(project.id),
            "date": _day(project.generated_at),
            "saved": _day(project.saved_at),
            **of_file,
        }
        return "/".join(_part(part, values) for part in naming.parts)


def _unnamed(project: Project) -> str:
    """What files are called if the name cannot be used; a video without a project has the id of its job."""
    noun = "video" if str(project.id).startswith("job:") else "project"
    return f"{noun} {project.id}"


def _part(tokens: tuple[_Token, ...], values: Mapping[str, str]) -> str:
    text = ""
    for token in tokens:
        value = token.text if token.field is None else values[token.field]
        if token.field == "lang" and not value:
            text = text.removesuffix(".")
        text += value
    return safe_part(text) or _EMPTY


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()


def _language(project: Project, url: str) -> str:
    """The language of subtitles, from their address or the project; empty if it is unknown."""
    found = _IN_ADDRESS.fullmatch(PurePosixPath(PurePosixPath(path_of(url)).stem).suffix)
    if found is not None:
        return found[1]
    return project.language if project.language and _LANGUAGE.fullmatch(project.language) else ""


def naming_of(template: str | None, fields: Fields | None, columns: Iterable[str] = ()) -> Naming | None:
    """Read a template; see ``client.projects.download``.

    Args:
        template: The template; ``None`` for the usual names.
        fields: The caller's fields of each project, by id.
        columns: More names of such fields.

    Raises:
        PictoryConfigError: The template or the fields cannot work.
    """
    rows = {str(key): _row(row) for key, row in _items(fields)}
    if template is None:
        if rows:
            raise PictoryConfigError("fields are used by naming only: pass naming too.")
        return None
    known = frozenset(name for row in rows.values() for name in row) | {_key(name) for name in columns}
    return Naming(_parts(template, known), rows, known)


def check_naming(naming: str, columns: Iterable[str] = ()) -> None:
    """Check a template for ``client.projects.download(naming=)`` without a project. Sends no request.

    Args:
        naming: The template, such as ``{customer}/{name}.{ext}``.
        columns: The names of the fields that ``fields=`` has.

    Raises:
        PictoryConfigError: The template cannot work; the error says why, and names the fields it can use.
    """
    naming_of(naming, None, columns)


def _items(fields: object) -> list[tuple[Any, Any]]:
    if fields is None:
        return []
    if not _is_mapping(fields):
        raise PictoryConfigError(f"fields must be a mapping from project ids to mappings of text, not {brief(fields)}.")
    return [*fields.items()]


def _is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _row(row: object) -> dict[str, str]:
    found = _items(row) if _is_mapping(row) else [(None, None)]
    texts = {_key(name): value for name, value in found if isinstance(name, str) and isinstance(value, str)}
    if len(texts) != len(found):
        raise PictoryConfigError(f"Each of fields must be a mapping from text to text, not {brief(row)}.")
    return texts


def _key(name: str) -> str:
    return name.strip().lower()


def _parts(template: object, columns: frozenset[str]) -> tuple[tuple[_Token, ...], ...]:
    if not isinstance(template, str):
        raise PictoryConfigError(f"naming must be a text such as '{{name}}.{{ext}}', not {brief(template)}.")
    texts = template.split("/")
    if template.startswith(("/", "~")) or re.match("[A-Za-z]:", template):
        raise _wrong(template, "it must be relative to the directory")
    if "\\" in template:
        raise _wrong(template, "use '/' to make directories, not a backslash")
    if any(text.strip() in {"", ".", ".."} for text in texts):
        raise _wrong(template, "no part of it may be empty, '.' or '..'")
    *above, last = (_tokens(template, text, columns) for text in texts)
    return (*above, _without_ending(template, last))


def _tokens(template: str, text: str, columns: frozenset[str]) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    for field, literal, brace in _TOKEN.findall(text):
        if brace:
            raise _wrong(template, "each '{' needs a '}'")
        name = _key(field)
        if not literal and name not in {*FIELDS, *columns}:
            known = ", ".join([*FIELDS, *sorted(columns - {*FIELDS})])
            raise _wrong(template, f"there is no field {brief(field)}; the fields are {known}")
        if not literal and name in columns and name in {*FIELDS} - {"id"}:
            raise _wrong(template, f"{brief(field)} is a field of every project and a column too: rename the column")
        tokens.append(_Token(None, literal) if literal else _Token(name, ""))
    return tuple(tokens)


def _without_ending(template: str, tokens: tuple[_Token, ...]) -> tuple[_Token, ...]:
    """Remove ``.{ext}`` from the end: every name gets its ending, and it is never cut."""
    if tokens[-1].field == "ext":
        *rest, dot = tokens[:-1] or [_Token(None, "")]
        if dot.text.endswith("."):
            tokens = (*rest, _Token(None, dot.text[:-1])) if dot.text != "." else tuple(rest)
        elif len(tokens) == 1:
            tokens = ()
    if not tokens:
        raise _wrong(template, "the file needs a name before its ending")
    return tokens


def _wrong(template: str, why: str) -> PictoryConfigError:
    return PictoryConfigError(f"naming {brief(template)} cannot work: {why}.")
