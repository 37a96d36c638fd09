"""The HTML report: one file about one or many projects, which runs no script and needs no other file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._files.atomic import write_atomically
from pictory_async.insight._html_card import card, state_of
from pictory_async.insight._html_overview import overview
from pictory_async.insight._html_parts import element, moment, safe
from pictory_async.insight._style import STYLE
from pictory_async.insight._text import utc_now
from pictory_async.models import Project

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

__all__ = ["project_report_html", "write_html_report"]


def project_report_html(projects: Project | Iterable[Project], *, now: datetime | None = None) -> str:
    """Give a report of one or many projects as one self-contained HTML page.

    For each project: its picture, whether its video is there and up to date, when it was saved and made, its settings,
    and links to its files; for several, an overview with a common timeline before them. The page follows the reader's
    light or dark mode and can be printed. It has no script, and its content security policy allows none; only
    the pictures are loaded, over HTTPS. Whatever names and URLs hold, they stay text: a link leads to an ``http`` or
    ``https`` address or is not made.

    Args:
        projects: One project, or any number in the order in which they shall appear.
        now: When the report is made; the clock's time by default. Without a zone it is taken to be UTC.

    Returns:
        The page. Write it as UTF-8, or let `write_html_report` do so.
    """
    projects = (projects,) if isinstance(projects, Project) else tuple(projects)
    title = f"Pictory project: {projects[0].name or projects[0].id}" if len(projects) == 1 else "Pictory projects"
    parts = [_top(projects, utc_now(now))]
    if len(projects) > 1:
        parts.append(overview(projects))
    parts += [card(project, number) for number, project in enumerate(projects, 1)]
    return _page(title, "\n".join(parts))


async def write_html_report(
    projects: Project | Iterable[Project], path: str | os.PathLike[str], *, now: datetime | None = None
) -> Path:
    """Write the page of `project_report_html` to a file, without holding up the event loop.

    The file appears complete or not at all; a file that is there already is replaced only by a complete one. When
    the call is cancelled while it writes, it first finishes the file.

    Args:
        projects: One project, or any number in the order in which they shall appear.
        path: Where to write. Its directory must exist.
        now: When the report is made; the clock's time by default.

    Returns:
        The file's absolute path.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
    """
    from anyio import to_thread  # noqa: PLC0415  # seldom needed

    projects = (projects,) if isinstance(projects, Project) else tuple(projects)
    page = await to_thread.run_sync(lambda: project_report_html(projects, now=now))
    return await write_atomically(path, page.encode())


def _top(projects: Sequence[Project], now: datetime) -> str:
    states = [state_of(project) for project in projects]
    counts = "".join(
        element("li", f"{states.count(state)} {state.label.lower()}", class_=f"badge {state.look}")
        for state in dict.fromkeys(states)
    )
    listed = element("ul", counts, class_="counts") if len(projects) != 1 else ""
    made = element("p", f"Report of {moment(now)}", class_="soft")
    heading = element("h1", "Pictory project" if len(projects) == 1 else f"{len(projects)} Pictory projects")
    return element("header", f"{heading}{made}{listed}", class_="top")


def _page(title: str, body: str) -> str:
    from base64 import b64encode  # noqa: PLC0415  # seldom needed
    from hashlib import sha256  # noqa: PLC0415  # seldom needed

    # The one style sheet is allowed by its hash, so that a smuggled one or a style attribute has no effect.
    style = b64encode(sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src https:; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{safe(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""
