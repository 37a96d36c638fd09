"""The HTML report of a wait: what became of each project, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from anyio import to_thread

from pictory_async._files.output import write_output
from pictory_async._settings.given import text
from pictory_async.insight._html import LONGEST_TITLE, page, top
from pictory_async.insight._html_card import STATES, state_of
from pictory_async.insight._html_embedded import logo_of
from pictory_async.insight._html_parts import element, is_web_address, link, moment, safe
from pictory_async.insight._text import length, utc_now
from pictory_async.insight._unread import VideoState

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pictory_async._polling.outcome import RenderOutcome

__all__ = ["wait_report_html", "write_wait_report"]

_BADGES: Final = {"rendered": "good", "failed": "warn", "error": "warn", "timed_out": "busy"}
_KEY: Final = (
    '<p class="key"><span><i class="queued"></i>not seen rendering</span><span><i class="busy"></i>rendering</span>'
    '<span><i class="ended"></i>ended in this time</span><span><i class="rendered"></i>reported</span></p>'
)


def wait_report_html(
    outcomes: Iterable[RenderOutcome],
    *,
    rendering_since: Mapping[str, float] | None = None,
    is_outdated: Mapping[str, bool | None] | None = None,
    title: str | None = None,
    logo: bytes | None = None,
    now: datetime | None = None,
) -> str:
    """Return a report about a wait for many projects as one self-contained HTML page.

    It shows how many projects ended how, a timeline of each with the time in which it ended and when that was reported,
    the longest delay, and the reasons of those without a video, equal ones once. A project that was saved after its
    video was made is marked, as in `project_report_html`. Like `project_report_html`, it has no
    scripts and loads nothing; addresses of videos are not in it, only those of their pages.

    Args:
        outcomes: What became of each project, in the order of the page.
        rendering_since: After how many seconds of the wait each project was first seen rendering, by the text of
            ``outcome.key``; those that never were are left out.
        is_outdated: Whether each video is outdated, by the text of its project's id. Where it is ``None`` or left
            out, the dates of the project tell.
        title: The heading of the page.
        logo: A picture beside the heading: the bytes of a PNG, JPEG, GIF, WebP or SVG file.
        now: The date of the report; by default the current time. Without a time zone, it is taken as UTC.

    Returns:
        The page. Write it as UTF-8, or use `write_wait_report`.

    Raises:
        PictoryConfigError: The title is no text, or the logo is no picture.
    """
    found = [*outcomes]
    heading = f"{len(found)} projects" if title is None else text("title", title, most=LONGEST_TITLE)
    image = logo_of(logo)
    badges = [_badge(outcome, is_outdated=(is_outdated or {}).get(str(outcome.project_id))) for outcome in found]
    timelines = _timelines(found, badges, rendering_since or {})
    body = [_top(found, heading, utc_now(now), badges, image), timelines, *_reasons(found)]
    return page(heading, "\n".join(body), embeds=image is not None)


async def write_wait_report(
    outcomes: Iterable[RenderOutcome],
    path: str | os.PathLike[str],
    *,
    rendering_since: Mapping[str, float] | None = None,
    is_outdated: Mapping[str, bool | None] | None = None,
    title: str | None = None,
    logo: bytes | None = None,
    now: datetime | None = None,
) -> Path:
    """Write the page of `wait_report_html` to a file, without blocking the event loop.

    The file appears only when it is complete; an existing file is replaced, a pipe or a device is written into.

    Args:
        outcomes: As of `wait_report_html`, as are the other arguments.
        path: The file. Its directory must exist.
        rendering_since: See there.
        is_outdated: See there.
        title: See there.
        logo: See there.
        now: See there.

    Returns:
        The file's absolute path.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
        PictoryConfigError: The title is no text, or the logo is no picture.
    """
    found = [*outcomes]
    content = await to_thread.run_sync(
        lambda: wait_report_html(
            found, rendering_since=rendering_since, is_outdated=is_outdated, title=title, logo=logo, now=now
        )
    )
    return await write_output(path, content.encode())


class _Badge(NamedTuple):
    """How a project ended, with the CSS class of its badge."""

    words: str
    css: str


def _badge(outcome: RenderOutcome, *, is_outdated: bool | None) -> _Badge:
    status, project = outcome.status.value, outcome.project
    if project is not None and outcome.ok:
        state = STATES[VideoState.SAVED_SINCE] if is_outdated else state_of(project)
        if state.css == "warn" and is_outdated is not False:
            return _Badge(state.label.lower(), state.css)
    return _Badge(status.replace("_", " "), _BADGES.get(status, "none"))


def _top(
    outcomes: Sequence[RenderOutcome], heading: str, now: datetime, badges: Iterable[_Badge], logo: str | None
) -> str:
    delays = [outcome.detection_delay for outcome in outcomes if outcome.ok]
    waited = f"Waited {length(max((outcome.waited for outcome in outcomes), default=0.0))}"
    delay = f", delay of a video at most {length(max(delays))}" if delays else ""
    return top(heading, f"{waited}{delay}. Created {moment(now)}", badges, logo)


def _timelines(outcomes: Sequence[RenderOutcome], badges: Iterable[_Badge], since: Mapping[str, float]) -> str:
    last = max((outcome.waited for outcome in outcomes), default=0.0) or 1.0
    ends = element("span", f"<span>0 s</span><span>{length(last)}</span>", class_="ends")
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Project", "Result"))
    number = '<th scope="col" class="number">{}</th>'
    head = f"{heads}{number.format('Reported after')}{number.format('Delay, at most')}"
    axis = element("th", ends, class_="axis", scope="col")
    rows = "".join(
        _row(outcome, badge, since.get(str(outcome.key)), last) for outcome, badge in zip(outcomes, badges, strict=True)
    )
    table = element("table", f"<thead><tr>{head}{axis}</tr></thead><tbody>{rows}</tbody>", class_="overview")
    return element("section", f'<div class="wide">{table}</div>{_KEY}', class_="card")


def _row(outcome: RenderOutcome, badge: _Badge, since: float | None, last: float) -> str:
    project = outcome.project
    name = str((project and project.name) or outcome.key)
    url = project.share_video_url if project is not None and outcome.ok else None
    shown = link(name, url) if url and is_web_address(url) else element("span", safe(name), dir="auto")
    cells = [
        f'<th scope="row">{shown}</th>',
        element("td", element("span", badge.words, class_=f"badge {badge.css}")),
        element("td", length(outcome.waited), class_="number"),
        element("td", length(outcome.detection_delay) if outcome.ok else "—", class_="number"),
        element("td", _timeline(outcome, badge.words, since, last)),
    ]
    return f"<tr>{''.join(cells)}</tr>\n"


def _timeline(outcome: RenderOutcome, ended: str, since: float | None, last: float) -> str:
    """Draw one wait. Positions are percentages, so the drawing fits any width."""
    end = max(0.0, outcome.waited - outcome.detection_delay)

    def line(css: str, start: float, stop: float) -> str:
        return f'<line class="{css}" x1="{_position(start, last)}" x2="{_position(stop, last)}" y1="9" y2="9"/>'

    words = [f"seen rendering after {length(since)}"] if since is not None else []
    words.append(f"{ended}, reported after {length(outcome.waited)}")
    shapes = [line("rail", 0.0, outcome.waited)]
    if since is not None:
        shapes.append(line("busy-span", min(since, end), end))
    if outcome.ok and outcome.detection_delay > 0.0:
        shapes.append(line("ended-span", end, outcome.waited))
    css = "dot-rendered" if outcome.ok else "dot-saved"
    shapes.append(f'<circle class="{css}" cx="{_position(outcome.waited, last)}" cy="9" r="5"/>')
    label = safe("; ".join(words))
    return f'<svg role="img" aria-label="{label}"><title>{label}</title>{"".join(shapes)}</svg>'


def _position(seconds: float, last: float) -> str:
    return f"{2 + 96 * seconds / last:.2f}%"  # with a margin on both sides, so that no dot is cut off


def _reasons(outcomes: Sequence[RenderOutcome]) -> list[str]:
    """Return the reasons of those without a video, each with its projects."""
    groups: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.error is not None:
            name = (outcome.project and outcome.project.name) or str(outcome.key)
            reason = str(outcome.error).replace(repr(outcome.project_id), "…")
            groups.setdefault(reason, []).append(name)
    items = "".join(
        element("li", f'{safe(reason)} <span class="soft">({safe(", ".join(names))})</span>')
        for reason, names in groups.items()
    )
    section = element("section", f"<h3>Why there is no video</h3><ul>{items}</ul>", class_="unread")
    return [element("article", element("div", section, class_="body"), class_="card")] if groups else []
