"""The HTML report: one page about one or more projects, without other files."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from anyio import to_thread

from pictory_async._files.output import write_output
from pictory_async._settings.given import text
from pictory_async.insight._html_card import Look, card, state_of
from pictory_async.insight._html_embedded import logo_of, pictures_of
from pictory_async.insight._html_overview import overview
from pictory_async.insight._html_parts import element, moment, safe
from pictory_async.insight._html_script import MANY, SCRIPT
from pictory_async.insight._style import STYLE
from pictory_async.insight._text import utc_now
from pictory_async.models import Project

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

__all__ = ["LONGEST_TITLE", "page", "project_report_html", "top", "write_html_report"]

LONGEST_TITLE: Final = 200


def project_report_html(
    projects: Project | Iterable[Project],
    *,
    now: datetime | None = None,
    title: str | None = None,
    logo: bytes | None = None,
    brief: bool = False,
    pictures: Mapping[str, bytes] | None = None,
) -> str:
    """Return a report about one or more projects as one self-contained HTML page.

    For each project, the page shows its picture, whether its video is ready and up to date, when it was saved and
    rendered, its settings, and links to its files. For several projects, an overview with a common timeline comes
    first. The page follows the reader's light or dark mode and can be printed. Its content security policy forbids
    scripts, except for one of its own on a page of ten projects or more, which filters and sorts them; without it, the
    page is complete. Only the pictures are loaded, over HTTPS. Names and URLs are escaped, and only ``http`` and
    ``https`` URLs become links.

    Args:
        projects: One project, or any number in the order of the page.
        now: The date of the report; by default the current time. Without a time zone, it is taken as UTC.
        title: The heading of the page, such as the name of a customer.
        logo: A picture beside the heading: the bytes of a PNG, JPEG, GIF, WebP or SVG file.
        brief: For a customer: what it is, since when, and a button that shows the video. The settings and the files of
            each project are folded under "Technical details".
        pictures: Pictures that are put into the page, by the ``thumbnail_url`` of their projects, so that it shows
            them without a network. The others are loaded when the page is read.

    Returns:
        The page. Write it as UTF-8, or use `write_html_report`.

    Raises:
        PictoryConfigError: The title is no text, or the logo is no picture.
    """
    projects = (projects,) if isinstance(projects, Project) else tuple(projects)
    heading = None if title is None else text("title", title, most=LONGEST_TITLE)
    look, image = Look(brief, pictures_of(pictures)), logo_of(logo)
    parts = [_top(projects, utc_now(now), heading, image)]
    if len(projects) > 1:
        parts.append(overview(projects))
    parts += [card(project, number, look) for number, project in enumerate(projects, 1)]
    if heading is None:
        heading = f"Pictory project: {projects[0].name or projects[0].id}" if len(projects) == 1 else "Pictory projects"
    script = SCRIPT if len(projects) >= MANY else ""
    return page(heading, "\n".join(parts), embeds=bool(image or look.pictures), script=script)


async def write_html_report(
    projects: Project | Iterable[Project],
    path: str | os.PathLike[str],
    *,
    now: datetime | None = None,
    title: str | None = None,
    logo: bytes | None = None,
    brief: bool = False,
    pictures: Mapping[str, bytes] | None = None,
) -> Path:
    """Write the page of `project_report_html` to a file, without blocking the event loop.

    The file appears only when it is complete; an existing file is replaced, a pipe or a device is written into. If the
    call is cancelled while it writes, it finishes the file first.

    Args:
        projects: One project, or any number in the order of the page.
        path: The file. Its directory must exist.
        now: As of `project_report_html`, as are ``title``, ``logo``, ``brief`` and ``pictures``.
        title: See there.
        logo: See there.
        brief: See there.
        pictures: See there.

    Returns:
        The file's absolute path.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
        PictoryConfigError: The title is no text, or the logo is no picture.
    """
    projects = (projects,) if isinstance(projects, Project) else tuple(projects)
    content = await to_thread.run_sync(
        lambda: project_report_html(projects, now=now, title=title, logo=logo, brief=brief, pictures=pictures)
    )
    return await write_output(path, content.encode())


def _top(projects: Sequence[Project], now: datetime, title: str | None, logo: str | None) -> str:
    states = [(state.label.lower(), state.css) for state in map(state_of, projects)]
    usual = "Pictory project" if len(projects) == 1 else f"{len(projects)} Pictory projects"
    heading = usual if title is None else title
    return top(heading, f"Created {moment(now)}", states if len(projects) != 1 else None, logo)


def top(heading: str, about: str, states: Iterable[tuple[str, str]] | None, logo: str | None) -> str:
    """Return the beginning of a page.

    Args:
        heading: The heading, as text.
        about: What stands below it, as HTML.
        states: What became of each project, with the class of its badge: they are counted; ``None`` for no counts.
        logo: The address that contains the picture beside the heading; ``None`` if there is none.
    """
    image = "" if logo is None else f'<img class="logo" src="{safe(logo)}" alt="">'
    counts = "".join(
        element("li", f"{count} {label}", class_=f"badge {css}")
        for (label, css), count in Counter(states or ()).items()
    )
    listed = "" if states is None else element("ul", counts, class_="counts")
    title = element("h1", safe(heading), dir="auto")
    return element("header", f"{image}{title}{element('p', about, class_='soft')}{listed}", class_="top")


def page(title: str, body: str, *, embeds: bool = False, script: str = "") -> str:
    """Return a whole page.

    Args:
        title: Its title, as text.
        body: Its content, as HTML.
        embeds: Whether it contains pictures.
        script: A script of ours that it runs at its end.
    """
    # Only this style sheet and this script are allowed, by their hashes; injected ones and attributes have no effect.
    data = " data:" if embeds else ""
    scripts = f" script-src {_allowed(script)};" if script else ""
    policy = (
        f"default-src 'none'; img-src https:{data}; style-src {_allowed(STYLE)};{scripts} base-uri 'none'; "
        "form-action 'none'"
    )
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
{f"<script>{script}</script>" if script else ""}</body>
</html>
"""


def _allowed(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
