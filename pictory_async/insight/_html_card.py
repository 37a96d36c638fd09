"""The part of the HTML report about one project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pictory_async.insight._html_parts import element, link, moment, picture, safe
from pictory_async.insight._numbers import places_unread
from pictory_async.insight._text import NOT_GIVEN, length, shown

if TYPE_CHECKING:
    from pictory_async.models import Project

__all__ = ["State", "card", "state_of"]

_LINKS = {
    "share": "Watch online",
    "video": "Video",
    "audio": "Audio",
    "srt": "Subtitles (SRT)",
    "vtt": "Subtitles (WebVTT)",
    "txt": "Transcript",
}
_LONG = 24  # a value with at least this many characters is probably an id
_ID = ' class="id"'


class State(NamedTuple):
    """The state of a project's video, with the CSS class of its badge."""

    css: str
    label: str
    sentence: str


_RENDERING = State("busy", "Rendering", "The video is being rendered.")
_NO_VIDEO = State("none", "No video", "There is no video yet.")
_OUTDATED = State("warn", "Outdated", "The project was saved after its video was rendered.")
_RENDERED = State("good", "Rendered", "Ready to watch.")


def state_of(project: Project) -> State:
    """Return the state of a project's video."""
    if project.is_rendering:
        return _RENDERING
    if not project.is_rendered:
        return _NO_VIDEO
    return _OUTDATED if project.is_outdated else _RENDERED


def card(project: Project, number: int) -> str:
    """Return a project's part of the page; its anchor is ``p`` and ``number``."""
    name = project.name or str(project.id)
    head = element("div", f"{picture(project.thumbnail_url, name)}{_title(project, name)}", class_="head")
    columns = ("".join(_group(title, values) for title, values in groups.items()) for groups in _settings(project))
    settings = "".join(element("div", column) for column in columns if column)
    body = element("div", f"{settings}{_links(project)}{_unread(project)}", class_="body")
    return element("article", f"\n{head}\n{body}\n", class_="card", id=f"p{number}")


def _title(project: Project, name: str) -> str:
    state = state_of(project)
    badge = element("span", state.label, class_=f"badge {state.css}")
    parts = [
        element("h2", safe(name), dir="auto"),
        element("p", safe(project.id), class_="id"),
        element("p", f'{badge} <span class="soft">{state.sentence}</span>'),
        _events(project),
    ]
    return element("div", "".join(parts), class_="title")


def _events(project: Project) -> str:
    times = ((project.generated_at, "rendered", "Video rendered"), (project.saved_at, "saved", "Saved"))
    items: list[str] = []
    before = None
    for time, css, label in sorted((time, css, label) for time, css, label in times if time is not None):
        later = ""
        if before is not None and time > before:
            later = f' <span class="soft">({length((time - before).total_seconds())} later)</span>'
        items.append(element("li", f'<i class="{css}"></i>{label} {moment(time)}{later}'))
        before = time
    return element("ol", "".join(items), class_="events") if items else ""


def _settings(project: Project) -> tuple[dict[str, dict[str, str]], ...]:
    """Return the settings in three columns of groups."""
    scenes, allowed = project.scene_settings, project.visual_filter
    video = {
        "Aspect ratio": shown(project.layout),
        "Duration": NOT_GIVEN if project.duration is None else length(project.duration),
        "Volume": _percent(project.video_volume),
    }
    origin = {
        "Source": shown(project.source),
        "Type": shown(project.project_type),
        "Step": shown(project.step),
        "In progress": shown(project.in_progress),
        "Schema": shown(project.schema_version),
    }
    voice = {
        "Language": shown(project.language),
        "Speed": _percent(project.audio_speed),
        "Voice-over": shown(project.voice_over_id),
    }
    branding = {"Brand": shown(project.brand_id), "Smart layout": shown(project.smart_template_id)}
    scene = {
        "Scenes": str(len(project.scenes)) if project.scenes else NOT_GIVEN,
        "Max. lines": shown(scenes and scenes.max_lines),
        "Auto-highlight keywords": shown(scenes and scenes.auto_highlight_keywords),
        "Auto-select visuals": shown(scenes and scenes.auto_visual_selection),
        "Scene break": shown(scenes and scenes.scene_break),
        "Visual libraries": shown(allowed and allowed.libraries),
        "Visual styles": shown(allowed and allowed.styles),
        "Visual categories": shown(allowed and allowed.categories),
    }
    return {"Video": video, "Project": origin}, {"Voice": voice, "Branding": branding}, {"Scenes": scene}


def _percent(value: Any) -> str:
    return NOT_GIVEN if value is None else f"{shown(value)} %"


def _group(title: str, values: dict[str, str]) -> str:
    given = {label: value for label, value in values.items() if value != NOT_GIVEN}
    if not given:
        return ""
    items = "".join(
        f"<dt>{label}</dt><dd{_ID if len(value) >= _LONG else ''}><bdi>{safe(value)}</bdi></dd>"
        for label, value in given.items()
    )
    return element("section", f"<h3>{title}</h3><dl>{items}</dl>")


def _unread(project: Project) -> str:
    places = places_unread(project)
    if not places:
        return ""
    items = element("ul", "".join(element("li", safe(place)) for place in places))
    return element("section", f"<h3>Could not be read</h3>{items}", class_="unread")


def _links(project: Project) -> str:
    assets = project.assets
    items = [element("li", link(label, assets[kind])) for kind, label in _LINKS.items() if kind in assets]
    content = element("ul", "".join(items)) if items else element("p", "No files yet.", class_="soft")
    return element("section", f"<h3>Files</h3>{content}", class_="links")
