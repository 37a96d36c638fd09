"""The settings of several projects, side by side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from pictory_async.errors import PictoryConfigError
from pictory_async.insight._text import clean, is_list, is_object, same, shown
from pictory_async.models import ProjectId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pictory_async.models import Project, SceneSettings, VisualFilter

__all__ = ["ProjectComparison", "Setting", "compare_projects"]

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&#$!])")
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NO_SETTING = frozenset({"project_id", "projectId", "id", "saveDate", "savedDate", "generatedDate", "success"})
_MAX_DEPTH = 4  # levels of unknown objects that are compared


@attrs.frozen(kw_only=True)
class Setting:
    """One setting of the compared projects.

    Attributes:
        key: Its name in `ProjectComparison.to_dict`, such as ``layouts``. For a setting that this package does not
            know, its path in the API's JSON, such as ``audio.voiceOverTextSpeed``.
        label: Its name for people, such as ``Aspect ratio``.
        values: The value in each project, in the order of the projects; ``None`` if the project has none.
        known: Whether this package knows the setting, so that it has a type and a unit.
    """

    key: str
    label: str
    values: tuple[Any, ...]
    known: bool = True

    @property
    def differs(self) -> bool:
        """Whether the projects have different values."""
        return not all(same(self.values[0], value) for value in self.values)


@attrs.frozen(kw_only=True)
class ProjectComparison:
    """The settings of projects, side by side.

    Attributes:
        ids: The ids of the projects, in their order.
        labels: A unique one-line label for each project: its name, with the id if several have the same name.
        settings: All settings that at least one project has.
    """

    ids: tuple[ProjectId, ...]
    labels: tuple[str, ...]
    settings: tuple[Setting, ...]

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
        settings by their path; and ``differing``, the keys of the settings that differ.
        """
        known = {key: [None] * len(self.ids) for key, _, _ in _KNOWN}
        found = {setting.key: _plain(setting.values) for setting in self.settings if setting.known}
        return {
            "projectIds": list(self.ids),
            **known,
            **found,
            "other": {setting.key: _plain(setting.values) for setting in self.settings if not setting.known},
            "differing": [setting.key for setting in self.differing],
        }


def compare_projects(projects: Iterable[Project]) -> ProjectComparison:
    """Compare the settings of projects.

    Does what "Compare Project Settings" on https://docs.pictory.ai/api-reference/projects/get-project-by-id does, for
    every setting, including those that this package does not know. URLs, ids of files and times are not compared.
    You can also compare two snapshots of one project.

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
    unknown = [dict(_unknown_settings(project)) for project in projects]
    settings = [
        Setting(key=key, label=label, values=tuple(_value(read, project) for project in projects))
        for key, label, read in _KNOWN
    ]
    settings += [
        Setting(key=path, label=clean(path), values=tuple(each.get(path) for each in unknown), known=False)
        for path in dict.fromkeys(path for each in unknown for path in each)
    ]
    given = tuple(setting for setting in settings if any(value is not None for value in setting.values))
    return ProjectComparison(ids=tuple(project.id for project in projects), labels=_labels(projects), settings=given)


def _scene(read: Callable[[SceneSettings], Any]) -> Callable[[Project], Any]:
    return lambda project: None if project.scene_settings is None else read(project.scene_settings)


def _visual(read: Callable[[VisualFilter], tuple[str, ...]]) -> Callable[[Project], Any]:
    # The order of the names has no meaning.
    return lambda project: None if project.visual_filter is None else tuple(sorted(read(project.visual_filter)))


_Known: TypeAlias = "tuple[str, str, Callable[[Project], Any]]"
_KNOWN: tuple[_Known, ...] = (
    ("names", "Name", lambda project: project.name),
    ("sources", "Source", lambda project: project.source),
    ("types", "Project type", lambda project: project.project_type),
    ("schemas", "Schema", lambda project: project.schema_version),
    ("layouts", "Aspect ratio", lambda project: project.layout),
    ("durations", "Duration (s)", lambda project: project.duration),
    ("languages", "Language", lambda project: project.language),
    ("voiceOvers", "Voice-over", lambda project: project.voice_over_id),
    ("audioSpeeds", "Audio speed (%)", lambda project: project.audio_speed),
    ("videoVolumes", "Video volume (%)", lambda project: project.video_volume),
    ("brands", "Brand", lambda project: project.brand_id),
    ("templates", "Smart layout", lambda project: project.smart_template_id),
    ("maxLines", "Max. lines per scene", _scene(lambda settings: settings.max_lines)),
    ("autoHighlights", "Auto-highlight keywords", _scene(lambda settings: settings.auto_highlight_keywords)),
    ("autoVisuals", "Auto-select visuals", _scene(lambda settings: settings.auto_visual_selection)),
    ("sceneBreaks", "Scene break", _scene(lambda settings: settings.scene_break)),
    ("visualLibraries", "Visual libraries", _visual(lambda allowed: allowed.libraries)),
    ("visualStyles", "Visual styles", _visual(lambda allowed: allowed.styles)),
    ("visualCategories", "Visual categories", _visual(lambda allowed: allowed.categories)),
)


def _value(read: Callable[[Project], Any], project: Project) -> Any:
    value = read(project)
    return None if value == "" else value


def _unknown_settings(project: Project) -> Iterator[tuple[str, Any]]:
    yield from _flat(project.extra)
    if project.scene_settings is not None:
        yield from _flat(project.scene_settings.extra, "scriptTxtSceneSettings.")
    if project.visual_filter is not None:
        yield from _flat(project.visual_filter.extra, "visualFilter.")


def _flat(values: Mapping[str, Any], inside: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if is_object(value):
            if depth < _MAX_DEPTH:
                yield from _flat(value, f"{inside}{key}.", depth + 1)
        elif is_list(value):
            if all(isinstance(item, str | int | float) and not _is_url(item) for item in value):
                yield f"{inside}{key}", tuple(value)
        elif value is not None and value != "" and not _is_url(value) and key not in _NO_SETTING:
            yield f"{inside}{key}", value


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and _URL.match(value) is not None


def _labels(projects: tuple[Project, ...]) -> tuple[str, ...]:
    names = [shown(project.name) if (project.name or "").strip() else str(project.id) for project in projects]
    if len(set(names)) < len(names):
        ids = [clean(str(project.id)) for project in projects]
        names = [
            name if names.count(name) == 1 else f"{name} ({number})" for name, number in zip(names, ids, strict=True)
        ]
    # Snapshots of one project have the same id too, so they get a number.
    taken: set[str] = set()
    for index, name in enumerate(names):
        label, count = name, 1
        while label in taken:
            count += 1
            label = f"{name} #{count}"
        taken.add(label)
        names[index] = label
    return tuple(names)


def _plain(values: tuple[Any, ...]) -> list[Any]:
    return [list(value) if is_list(value) else value for value in values]


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)
