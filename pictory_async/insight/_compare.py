"""The settings of several projects, side by side."""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from pictory_async._codec.unreadable import is_unread, unread_fields
from pictory_async._values import Displayed
from pictory_async.errors import PictoryConfigError
from pictory_async.insight._diff_scene import known_extra
from pictory_async.insight._numbers import places_unread
from pictory_async.insight._text import Gap, canonical, is_list, is_object, same, short, shown
from pictory_async.insight._unread import known
from pictory_async.models import ProjectId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pictory_async.models import Model, Project

__all__ = ["ProjectComparison", "Setting", "compare_projects"]

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&#$!])")
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NO_SETTING = frozenset({"project_id", "projectId", "id", "saveDate", "savedDate", "generatedDate", "success"})
_MAX_DEPTH: Final = 8  # levels of unknown objects that are settings of their own
_MOST: Final = 2000  # unknown settings of one project
_LONG: Final = 100  # characters of a name
_REST: Final = "…"
_AMBIGUOUS: Final = re.compile(r'[.\[\]"\\]')  # in a name, these would look like a part of the path


@attrs.frozen(kw_only=True)
class Setting:
    """One setting of the compared projects.

    Attributes:
        key: Its name in `ProjectComparison.to_dict`, such as ``layouts``. For a setting that this package does not
            know, its path in the API's JSON, such as ``audio.voiceOverTextSpeed``; a name in it that has dots,
            brackets or quotes is in quotes, as in JSON: ``audio."a.b"``.
        label: Its name for people, such as ``Aspect ratio``.
        values: The value in each project, in the order of the projects; ``None`` if the project has none, and
            ``could not be read`` if it has one that does not have the documented type.
        known: Whether this package knows the setting, so that it has a type and a unit.
    """

    key: str
    label: str
    values: tuple[Any, ...]
    known: bool = True

    @property
    def differs(self) -> bool:
        """Whether the projects have different values. A value that could not be read counts as different."""
        first, *others = self.values
        unknown = bool(others) and any(isinstance(value, Gap) for value in self.values)
        return unknown or not all(same(first, value) for value in others)


@attrs.frozen(kw_only=True)
class ProjectComparison(Displayed):
    """The settings of projects, side by side.

    Attributes:
        ids: The ids of the projects, in their order.
        labels: A unique one-line label for each project: its name, with the id if several have the same name.
        settings: All settings that at least one project has.
        unreadable: For each project, the places of what could not be read, such as ``visualFilter.styles[0]``; at most
            100, and then how many more.
    """

    ids: tuple[ProjectId, ...]
    labels: tuple[str, ...]
    settings: tuple[Setting, ...]
    unreadable: tuple[tuple[str, ...], ...] = ()

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from ((setting.label, tuple(map(shown, setting.values))) for setting in self.settings)

    def _repr_html_(self) -> str:
        from pictory_async._display import table_html  # noqa: PLC0415 - only notebooks ask

        differing = self.rows(differing_only=True)
        same = len(self.settings) - len(differing)
        return table_html(type(self).__name__, self.header, differing, f"{same} settings are the same.")

    @property
    def differing(self) -> tuple[Setting, ...]:
        """The settings in which the projects differ."""
        return tuple(setting for setting in self.settings if setting.differs)

    @property
    def header(self) -> tuple[str, ...]:
        """The head of the table that `rows` returns: ``Setting``, then the label of each project."""
        return ("Setting", *self.labels)

    def rows(self, *, differing_only: bool = False) -> list[tuple[str, ...]]:
        """Return the rows of a table: the setting's label, then its value in each project, as text.

        Every text is one line without control characters, so it is safe to print in a terminal.

        Args:
            differing_only: Whether to leave out the settings in which all projects are the same.
        """
        settings = self.differing if differing_only else self.settings
        return [(setting.label, *map(shown, setting.values)) for setting in settings]

    def to_markdown(self, *, differing_only: bool = False) -> str:
        """Return the comparison as a Markdown table; the labels of differing settings are bold.

        Args:
            differing_only: Whether to leave out the settings in which all projects are the same.
        """
        differing = {setting.label for setting in self.differing}
        rows = [[*map(_escaped, self.header)], ["---"] * len(self.header)]
        for label, *values in self.rows(differing_only=differing_only):
            name = f"**{_escaped(label)}**" if label in differing else _escaped(label)
            rows.append([name, *map(_escaped, values)])
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON values.

        Each setting is a list with one value per project. The keys ``names``, ``layouts``, ``schemas``,
        ``durations``, ``audioSpeeds``, ``videoVolumes`` and ``maxLines`` are those of the API's page. These and the
        keys of all other known settings are always present. Other keys: ``projectIds``; ``other``, with the unknown
        settings by their path; ``differing``, the keys of the settings that differ; and ``unreadable``, if something
        could not be read.
        """
        known = {key: [None] * len(self.ids) for key, *_ in _KNOWN}
        found = {setting.key: _plain(setting.values) for setting in self.settings if setting.known}
        return {
            "projectIds": list(self.ids),
            **known,
            **found,
            "other": {setting.key: _plain(setting.values) for setting in self.settings if not setting.known},
            "differing": [setting.key for setting in self.differing],
            **({"unreadable": [list(places) for places in self.unreadable]} if any(self.unreadable) else {}),
        }


def compare_projects(projects: Iterable[Project]) -> ProjectComparison:
    """Compare the settings of projects.

    Does what "Compare Project Settings" on https://docs.pictory.ai/api-reference/projects/get-project-by-id does, for
    every setting, including those that this package does not know. URLs, ids of files and times are not compared.
    Of a project with more than 2,000 unknown settings, the setting ``…`` says how many are left out. You can also
    compare two snapshots of one project.

    Args:
        projects: One or more projects.

    Returns:
        The comparison, as table rows, as Markdown and as a ``dict``.

    Raises:
        PictoryConfigError: ``projects`` is empty.
    """
    projects = tuple(projects)
    if not projects:
        raise PictoryConfigError("A comparison needs at least one project.")
    unread = [places_unread(project) for project in projects]
    unknown = [_unknown_settings(project) for project in projects]
    settings = [
        Setting(
            key=key,
            label=label,
            values=tuple(_value(project, attributes) for project in projects),
        )
        for key, label, *attributes in _KNOWN
    ]
    settings += [
        Setting(
            key=path,
            label=short(path),
            values=tuple(_unknown_value(project, each, path) for project, each in zip(projects, unknown, strict=True)),
            known=False,
        )
        for path in dict.fromkeys(path for each in unknown for path in each)
    ]
    return ProjectComparison(
        ids=tuple(project.id for project in projects),
        labels=_labels(projects),
        settings=tuple(setting for setting in settings if any(value is not None for value in setting.values)),
        unreadable=tuple(unread),
    )


_Known: TypeAlias = "tuple[str, str, *tuple[str, ...]]"
_KNOWN: tuple[_Known, ...] = (
    ("names", "Name", "name"),
    ("sources", "Source", "source"),
    ("types", "Project type", "project_type"),
    ("schemas", "Schema", "schema_version"),
    ("layouts", "Aspect ratio", "layout"),
    ("durations", "Duration (s)", "duration"),
    ("languages", "Language", "language"),
    ("voiceOvers", "Voice-over", "voice_over_id"),
    ("audioSpeeds", "Audio speed (%)", "audio_speed"),
    ("videoVolumes", "Video volume (%)", "video_volume"),
    ("brands", "Brand", "brand_id"),
    ("templates", "Smart layout", "smart_template_id"),
    ("maxLines", "Max. lines per scene", "scene_settings", "max_lines"),
    ("autoHighlights", "Auto-highlight keywords", "scene_settings", "auto_highlight_keywords"),
    ("autoVisuals", "Auto-select visuals", "scene_settings", "auto_visual_selection"),
    ("sceneBreaks", "Scene break", "scene_settings", "scene_break"),
    ("visualLibraries", "Visual libraries", "visual_filter", "libraries"),
    ("visualStyles", "Visual styles", "visual_filter", "styles"),
    ("visualCategories", "Visual categories", "visual_filter", "categories"),
)
"""Key, label, and the way to the value."""

_PARTS: Final = {"scene_settings": "scriptTxtSceneSettings.", "visual_filter": "visualFilter."}


def _value(project: Project, attributes: Iterable[str]) -> Any:
    value = known(project, *attributes)
    if is_list(value):
        return tuple(sorted(value))  # the order of the names has no meaning
    return None if value == "" else value


def _unknown_value(project: Project, found: Mapping[str, Any], path: str) -> Any:
    hidden = any(path.startswith(inside) and is_unread(project, attr) for attr, inside in _PARTS.items())
    return Gap.UNREADABLE if hidden else found.get(path)


def _unknown_settings(project: Project) -> dict[str, Any]:
    """Return the unknown settings by their path; what is nested deeply is one setting, as JSON."""
    found: dict[str, Any] = {}
    left_out = 0
    parts: list[tuple[Model | None, str]] = [(project, "")]
    parts += [(getattr(project, attr), inside) for attr, inside in _PARTS.items()]
    for part, inside in parts:
        # A known setting that could not be read is no unknown one, or a readable one would seem to lack it.
        values = {} if part is None else known_extra(part.extra, unread_fields(part))
        for path, value in _flat(values, inside):
            if len(found) < _MOST:
                found[path] = canonical(value) if is_object(value) else value
            else:
                left_out += 1
    if left_out:
        found[_REST] = Gap.LEFT_OUT
    return found


def _flat(values: Mapping[str, Any], inside: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        yield from _setting(key, value, f"{inside}{_shortened(key)}", depth)


def _setting(key: str, value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth < _MAX_DEPTH and is_object(value):
        yield from _flat(value, f"{path}.", depth + 1)
    elif depth < _MAX_DEPTH and is_list(value) and any(is_object(item) or is_list(item) for item in value):
        for index, item in enumerate(value):
            yield from _setting("", item, f"{path}[{index}]", depth + 1)
    elif is_object(value):
        yield path, value
    elif is_list(value):
        kept = tuple(item for item in value if not _is_url(item))
        if kept or not value:
            yield path, kept
    elif value is not None and value != "" and not _is_url(value) and key not in _NO_SETTING:
        yield path, value


def _shortened(key: str) -> str:
    # Paths contain the names of all objects around, so long ones would add up.
    name = key if len(key) <= _LONG else f"{key[:_LONG]}…{zlib.crc32(key.encode(errors='replace')):08x}"
    return json.dumps(name, ensure_ascii=False) if _AMBIGUOUS.search(name) or name in {"", _REST} else name


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.match(value) is not None


def _labels(projects: tuple[Project, ...]) -> tuple[str, ...]:
    names = [shown(project.name) if (project.name or "").strip() else shown(project.id) for project in projects]
    times = Counter(names)
    ids = [shown(project.id) for project in projects]
    names = [name if times[name] == 1 else f"{name} ({number})" for name, number in zip(names, ids, strict=True)]
    # Snapshots of one project have the same id too, so they get a number.
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    for index, name in enumerate(names):
        label = name
        while label in taken:
            counts[name] += 1
            label = f"{name} #{counts[name] + 1}"
        taken.add(label)
        names[index] = label
    return tuple(names)


def _plain(values: tuple[Any, ...]) -> list[Any]:
    return [list(value) if is_list(value) else value for value in values]


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)
