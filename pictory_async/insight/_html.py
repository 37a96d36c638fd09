"""The HTML report: one page about one or more projects, without scripts and without other files."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from anyio import to_thread

from pictory_async._files.output import write_output
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
    """Return a report about one or more projects as one self-contained HTML page.

    For each project, the page shows its picture, whether its video is ready and up to date, when it was saved and
    rendered, its settings, and links to its files. For several projects, an overview with a common timeline comes
    first. The page follows the reader's light or dark mode and can be printed. It has no scripts, and its content
    security policy forbids them; only the pictures are loaded, over HTTPS. Names and URLs are escaped, and only
    ``http`` and ``https`` URLs become links.

    Args:
        projects: One project, or any number in the order of the page.
        now: The date of the report; by default the current time. Without a time zone, it is taken as UTC.

    Returns:
        The page. Write it as UTF-8, or use `write_html_report`.
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
    """Write the page of `project_report_html` to a file, without blocking the event loop.

    The file appears only when it is complete; an existing file is replaced, a pipe or a device is written into. If the
    call is cancelled while it writes, it finishes the file first.

    Args:
        projects: One project, or any number in the order of the page.
        path: The file. Its directory must exist.
        now: The date of the report; by default the current time. Without a time zone, it is taken as UTC.

    Returns:
        The file's absolute path.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
    """
    projects = (projects,) if isinstance(projects, Project) else tuple(projects)
    page = await to_thread.run_sync(lambda: project_report_html(projects, now=now))
    return await write_output(path, page.encode())


def _top(projects: Sequence[Project], now: datetime) -> str:
    states = [state_of(project) for project in projects]
    counts = "".join(
        element("li", f"{states.count(state)} {state.label.lower()}", class_=f"badge {state.css}")
        for state in dict.fromkeys(states)
    )
    listed = element("ul", counts, class_="counts") if len(projects) != 1 else ""
    created = element("p", f"Created {moment(now)}", class_="soft")
    heading = element("h1", "Pictory project" if len(projects) == 1 else f"{len(projects)} Pictory projects")
    return element("header", f"{heading}{created}{listed}", class_="top")


def _page(title: str, body: str) -> str:
    # Only this style sheet is allowed, by its hash; injected style sheets and style attributes have no effect.
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
