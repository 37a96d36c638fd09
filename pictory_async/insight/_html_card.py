"""The part of the HTML report about one project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pictory_async.insight._html_parts import element, is_web_address, link, moment, picture, safe
from pictory_async.insight._numbers import places_unread
from pictory_async.insight._text import NOT_GIVEN, Gap, length, shown
from pictory_async.insight._unread import VideoState, assets_unread, count_of, known, video_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pictory_async.models import Project

__all__ = ["STATES", "Look", "State", "card", "duration_of", "state_of"]

_LINKS = {
    "share": "Watch online",
    "video": "Video",
    "audio": "Audio",
    "srt": "Subtitles (SRT)",
    "vtt": "Subtitles (WebVTT)",
    "txt": "Transcript",
}
_LONG = 24  # a value with at least this many characters, and no space, is probably an id
_ID = ' class="id"'


class Look(NamedTuple):
    """What a page shows of each project: all, or what its customer asks for; and its embedded pictures, by URL."""

    brief: bool
    pictures: Mapping[str, str]


class State(NamedTuple):
    """The state of a project's video, with the CSS class of its badge."""

    css: str
    label: str
    sentence: str


_RENDERING = State("busy", "Rendering", "The video is being rendered.")
_RENDERING_AGAIN = State(
    "busy", "Rendering", "A new video is being rendered. Until it is ready, the files are those of the previous one."
)
_NO_VIDEO = State("none", "No video", "There is no video yet.")
_SAVED_SINCE = State(
    "warn", "Rendered, saved since", "The project was saved after its video was rendered, so the video may be outdated."
)
_RENDERED = State("good", "Rendered", "Ready to watch.")


_UNDATED = State("warn", "Rendered, perhaps outdated", "Whether the project was saved since could not be read.")
STATES = {
    VideoState.RENDERING: _RENDERING,
    VideoState.NONE: _NO_VIDEO,
    VideoState.SAVED_SINCE: _SAVED_SINCE,
    VideoState.UNDATED: _UNDATED,
    VideoState.RENDERED: _RENDERED,
}
"""What is said about each state."""


def state_of(project: Project) -> State:
    """Return the state of a project's video."""
    state = STATES[video_state(project)]
    return _RENDERING_AGAIN if state is _RENDERING and project.video_url else state


def card(project: Project, number: int, look: Look) -> str:
    """Return a project's part of the page; its anchor is ``p`` and ``number``."""
    name = project.name or str(project.id)
    missing = "The picture could not be read" if "thumbnail" in assets_unread(project) else "No picture"
    image = picture(project.thumbnail_url, name, missing, look.pictures.get(project.thumbnail_url or ""))
    head = element("div", f"{image}{_title(project, name, look)}", class_="head")
    columns = ("".join(_group(title, values) for title, values in groups.items()) for groups in _settings(project))
    settings = "".join(element("div", column) for column in columns if column)
    body = element("div", f"{settings}{_links(project)}{_unread(project)}", class_="body")
    if look.brief:
        heading = f"<summary>Technical details</summary>{element('p', safe(project.id), class_='id')}"
        body = element("details", f"{heading}{body}")
    return element("article", f"\n{head}\n{body}\n", class_="card", id=f"p{number}")


def _title(project: Project, name: str, look: Look) -> str:
    state = state_of(project)
    badge = element("span", state.label, class_=f"badge {state.css}")
    parts = [
        element("h2", safe(name), dir="auto"),
        "" if look.brief else element("p", safe(project.id), class_="id"),
        element("p", f'{badge} <span class="soft">{state.sentence}</span>'),
        _watch(project) if look.brief else "",
        _events(project),
    ]
    return element("div", "".join(parts), class_="title")


def _watch(project: Project) -> str:
    """Return a button that leads to the video's page, with its address for those who have it on paper."""
    url = project.share_video_url
    if not url or not is_web_address(url):
        return ""
    label = "Watch the previous video" if project.is_rendering else "Watch the video"
    return element("p", f'{link(label, url)}<span class="id">{safe(url)}</span>', class_="watch")


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

    def value(*attributes: str) -> str:
        return shown(known(project, *attributes))

    video = {
        "Aspect ratio": value("layout"),
        "Duration": duration_of(project),
        "Volume": _percent(known(project, "video_volume")),
    }
    origin = {
        "Source": value("source"),
        "Type": value("project_type"),
        "Step": value("step"),
        "In progress": value("in_progress"),
        "Schema": value("schema_version"),
    }
    voice = {
        "Language": value("language"),
        "Speed": _percent(known(project, "audio_speed")),
        "Voice-over": value("voice_over_id"),
    }
    branding = {"Brand": value("brand_id"), "Smart layout": value("smart_template_id")}
    count = count_of(project, "scenes")
    scene = {
        "Scenes": NOT_GIVEN if count == "0" else count,
        "Max. lines": value("scene_settings", "max_lines"),
        "Auto-highlight keywords": value("scene_settings", "auto_highlight_keywords"),
        "Auto-select visuals": value("scene_settings", "auto_visual_selection"),
        "Scene break": value("scene_settings", "scene_break"),
        "Visual libraries": value("visual_filter", "libraries"),
        "Visual styles": value("visual_filter", "styles"),
        "Visual categories": value("visual_filter", "categories"),
    }
    return {"Video": video, "Project": origin}, {"Voice": voice, "Branding": branding}, {"Scenes": scene}


def _percent(value: Any) -> str:
    return NOT_GIVEN if value is None else shown(value) if isinstance(value, Gap) else f"{shown(value)} %"


def duration_of(project: Project) -> str:
    """Return how long a project's video is, for people."""
    duration = known(project, "duration")
    return shown(duration) if duration is None or isinstance(duration, Gap) else length(duration)


def _group(title: str, values: dict[str, str]) -> str:
    given = {label: value for label, value in values.items() if value != NOT_GIVEN}
    if not given:
        return ""
    items = "".join(
        f"<dt>{label}</dt><dd{_ID if len(value) >= _LONG and ' ' not in value else ''}><bdi>{safe(value)}</bdi></dd>"
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
    assets, unread = project.assets, assets_unread(project)
    previous = " (previous video)" if project.is_rendering else ""
    items = [
        element("li", f"{label}: {Gap.UNREADABLE}" if kind in unread else link(f"{label}{previous}", assets[kind]))
        for kind, label in _LINKS.items()
        if kind in assets or kind in unread
    ]
    content = element("ul", "".join(items)) if items else element("p", "No files yet.", class_="soft")
    return element("section", f"<h3>Files</h3>{content}", class_="links")
