"""The overview of several projects in the HTML report, with a common timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._codec.unreadable import is_unread
from pictory_async.insight._html_card import duration_of, state_of
from pictory_async.insight._html_parts import element, safe
from pictory_async.insight._text import Gap, shown
from pictory_async.insight._unread import known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pictory_async.models import Project

__all__ = ["overview"]

_KEY = '<p class="key"><span><i class="rendered"></i>rendered</span><span><i class="saved"></i>saved</span></p>'


def overview(projects: Sequence[Project]) -> str:
    """Return a table with one row per project; their timelines have the same scale."""
    times = [time for project in projects for time in (project.saved_at, project.generated_at) if time is not None]
    first, last = (min(times), max(times)) if times else (None, None)
    axis = ""
    if first is not None and last is not None:
        ends = "".join(element("time", time.isoformat()[:10], datetime=time.isoformat()) for time in (first, last))
        axis = element("th", element("span", ends, class_="ends"), class_="axis", scope="col")
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Project", "Video", "Ratio"))
    head = f'<thead><tr>{heads}<th scope="col" class="number">Duration</th>{axis}</tr></thead>'
    rows = "".join(_row(project, number, first, last) for number, project in enumerate(projects, 1))
    table = element("table", f"{head}<tbody>{rows}</tbody>", class_="overview")
    return element("section", f'<div class="wide">{table}</div>{_KEY if axis else ""}', class_="card")


def _row(project: Project, number: int, first: datetime | None, last: datetime | None) -> str:
    state = state_of(project)
    name = element("a", safe(project.name or project.id), href=f"#p{number}", dir="auto")
    cells = [
        f'<th scope="row">{name}</th>',
        element("td", element("span", state.label, class_=f"badge {state.css}")),
        element("td", safe(shown(known(project, "layout")))),
        f'<td class="number"{_key(project)}>{duration_of(project)}</td>',
    ]
    if first is not None and last is not None:
        cells.append(element("td", _timeline(project, first, last)))
    return f"<tr>{''.join(cells)}</tr>\n"


def _key(project: Project) -> str:
    """By what the script sorts durations: as text, they sort differently."""
    duration = known(project, "duration")
    return f' data-key="{duration}"' if isinstance(duration, (int, float)) else ""


def _timeline(project: Project, first: datetime, last: datetime) -> str:
    """Draw when a project was rendered and saved. Positions are percentages, so the drawing fits any width."""
    times = {"rendered": project.generated_at, "saved": project.saved_at}
    words = [f"{label} {time.isoformat(' ')[:16]}" for label, time in times.items() if time]
    words += [f"saved {Gap.UNREADABLE}"] if is_unread(project, "saved_at") else []
    x = {label: _position(time, first, last) for label, time in times.items() if time}
    shapes = ['<line class="rail" x1="0" x2="100%" y1="9" y2="9"/>']
    if len(x) == len(times):
        shapes.append(f'<line class="span" x1="{x["rendered"]}" x2="{x["saved"]}" y1="9" y2="9"/>')
    if "rendered" in x:
        shapes.append(f'<circle class="dot-rendered" cx="{x["rendered"]}" cy="9" r="5"/>')
    if "saved" in x:
        diamond = '<path class="dot-saved" d="M0-6 6 0 0 6-6 0z"/>'
        shapes.append(f'<svg x="{x["saved"]}" y="9" width="1" height="1">{diamond}</svg>')
    label = safe(", ".join(words) or "no dates")
    return f'<svg role="img" aria-label="{label}"><title>{label}</title>{"".join(shapes)}</svg>'


def _position(time: datetime, first: datetime, last: datetime) -> str:
    whole = (last - first).total_seconds()
    part = (time - first).total_seconds() / whole if whole else 0.5
    return f"{2 + 96 * part:.2f}%"  # with a margin on both sides, so that no dot is cut off
