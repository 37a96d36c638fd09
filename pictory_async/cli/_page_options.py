"""How web pages look: their options, their embedded pictures, writing one about a wait, and opening one."""

from __future__ import annotations

import functools
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs
import click

from pictory_async.cli._client import open_client
from pictory_async.cli._places import check_file
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import can_ask, echo_note, in_ci
from pictory_async.errors import PictoryError
from pictory_async.insight import write_wait_report
from pictory_async.insight._html import LONGEST_TITLE
from pictory_async.insight._html_embedded import embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pictory_async import AsyncPictory, Project, RenderOutcome

__all__ = ["PageLook", "WaitPage", "open_in_browser", "page_options", "wait_page_options"]

_AT_ONCE: Final = 4
_LARGEST: Final = 2_000_000  # bytes of one picture
_ALL: Final = 20_000_000  # bytes of all pictures of a page: what mail systems take, and browsers show at once


@attrs.define
class PageLook:
    """What was asked for about a page.

    Attributes:
        title: Its heading; ``None`` for the usual one.
        logo: The picture beside it; ``None`` if there is none.
        brief: Whether the details are folded.
        embeds: Whether pictures are put into it.
        opens: Whether it is shown in the browser.
        pictures: The pictures so far, by the addresses that the projects have for them.
    """

    title: str | None = None
    logo: bytes | None = None
    brief: bool = False
    embeds: bool = True
    opens: bool = False
    pictures: dict[str, bytes] = attrs.field(factory=dict[str, bytes], init=False)

    @property
    def is_given(self) -> bool:
        """Whether any option about a page was given."""
        return self != PageLook()

    @property
    def settings(self) -> dict[str, Any]:
        """The keyword arguments of `project_report_html`."""
        return {"title": self.title, "logo": self.logo, "brief": self.brief, "pictures": self.pictures}

    async def take_pictures(self, base_url: str | None, projects: Sequence[Project]) -> None:
        """Fetch the pictures of projects, if they are to be embedded; what cannot be fetched is left where it is."""
        left = iter([project for project in projects if project.thumbnail_url] if self.embeds else [])

        async def take(client: AsyncPictory) -> None:
            for project in left:
                await self._take(client, project, project.thumbnail_url or "")

        async with open_client(base_url) as client, anyio.create_task_group() as tasks:
            for _ in range(_AT_ONCE):
                tasks.start_soon(take, client)

    async def _take(self, client: AsyncPictory, project: Project, url: str) -> None:
        async with anyio.TemporaryDirectory(prefix="pictory-") as directory:
            content = await _picture(client, project, directory)
        if content is not None and len(content) <= min(_LARGEST, _ALL - sum(map(len, self.pictures.values()))):
            self.pictures[url] = content


async def _picture(client: AsyncPictory, project: Project, directory: str) -> bytes | None:
    try:
        report = await client.projects.download(project, directory, kinds="thumbnail")
    except PictoryError:
        return None
    return await anyio.Path(report.paths["thumbnail"]).read_bytes()


@attrs.frozen
class WaitPage:
    """A page about a wait.

    Attributes:
        path: Its file.
        title: Its heading; ``None`` for the usual one.
        logo: The picture beside it; ``None`` if there is none.
    """

    path: Path
    title: str | None = None
    logo: bytes | None = None

    async def write(
        self,
        outcomes: Iterable[RenderOutcome],
        rendering_since: Mapping[str, float],
        is_outdated: Mapping[str, bool | None],
    ) -> None:
        """Write what became of the projects, when each was first seen rendering, and which videos are outdated."""
        await write_wait_report(
            [*map(_in_command_words, outcomes)],
            self.path,
            rendering_since=rendering_since,
            is_outdated=is_outdated,
            title=self.title,
            logo=self.logo,
        )


def _in_command_words(outcome: RenderOutcome) -> RenderOutcome:
    """Return an outcome whose reason names the options of the command: its page is about what was typed."""
    if outcome.error is None:
        return outcome
    return attrs.evolve(outcome, error=PictoryError(in_command_words(str(outcome.error))))


def _read_logo(_: click.Context, __: click.Parameter, path: Path | None) -> bytes | None:
    content = None if path is None else path.read_bytes()
    if content is not None and embedded(content) is None:
        raise click.BadParameter(f"{path} is no PNG, JPEG, GIF, WebP or SVG file.", param_hint="--logo")
    return content


def _check_title(_: click.Context, __: click.Parameter, title: str | None) -> str | None:
    if title is not None and not (title.strip() and len(title) <= LONGEST_TITLE):
        text = f"it must have 1 to {LONGEST_TITLE} characters, and has {len(title)}."
        raise click.BadParameter(text, param_hint="--title")
    return title


_TITLE: Final = click.option(
    "--title", callback=_check_title, metavar="TEXT", help="Of a web page: its heading, of at most 200 characters."
)
_LOGO: Final = click.option(
    "--logo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_read_logo,
    metavar="FILE",
    help="Of a web page: a picture beside the heading (PNG, JPEG, GIF, WebP or SVG).",
)


def wait_page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about a page about its wait, as its argument ``page``; ``None`` for no page."""

    @functools.wraps(command)
    def prepared(*args: Any, report: str | None, title: str | None, logo: bytes | None, **options: Any) -> Any:
        if report is None and (title, logo) != (None, None):
            raise click.UsageError("--title and --logo are about a web page: add --report FILE.")
        page = None if report is None else WaitPage(check_file(report, replaces=True), title, logo)
        return command(*args, page=page, **options)

    report = click.option(
        "--report",
        type=click.Path(),
        metavar="FILE",
        help="Write a web page about the wait to FILE: a timeline of each project, counts, delays and reasons.",
    )
    return report(_TITLE(_LOGO(prepared)))


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about a page, as its argument ``look``."""

    @functools.wraps(command)
    def prepared(
        *args: Any,
        title: str | None,
        logo: bytes | None,
        brief: bool,
        no_embed: bool,
        opens: bool,
        **options: Any,
    ) -> Any:
        look = PageLook(title, logo, brief=brief, embeds=not no_embed, opens=opens)
        return command(*args, look=look, **options)

    for option in reversed(
        (
            _TITLE,
            _LOGO,
            click.option(
                "--brief",
                is_flag=True,
                help="Of a web page: what a customer wants, with a button that shows the video; the rest is folded.",
            ),
            click.option(
                "--no-embed",
                is_flag=True,
                help="Of a web page: load the pictures when it is read, instead of putting those up to 2 MB into it.",
            ),
            click.option("--open", "opens", is_flag=True, help="Show the web page in the browser."),
        )
    ):
        prepared = option(prepared)
    return prepared


def open_in_browser(address: str) -> bool:
    """Show a page, if somebody sits at a terminal; return whether it is shown."""
    if not can_ask() or in_ci() or not webbrowser.open(address):
        return False
    echo_note(f"Opened {address}")
    return True
