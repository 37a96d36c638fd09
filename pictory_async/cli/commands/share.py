"""`pictory share`: print the links to the public pages of videos."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import attrs
import click
from rich.text import Text

from pictory_async import Project, RenderHandle, RenderOutcome, RenderPoller, RenderStatus
from pictory_async.cli._again import echo_again
from pictory_async.cli._ages import AGES, Ages, fresh_option
from pictory_async.cli._batch import AT_ONCE, Batch, run_batch
from pictory_async.cli._exit_codes import CommandError
from pictory_async.cli._options import base_url_option, json_option, wait_options
from pictory_async.cli._selecting import Choice, selection_options
from pictory_async.cli._store import Store
from pictory_async.cli._tables import Column, Table, open_sheet, table_options
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import (
    echo_note,
    err_is_terminal,
    one_line,
    out_is_terminal,
)
from pictory_async.errors import WaitTimeoutError
from pictory_async.insight._unread import assets_unread

if TYPE_CHECKING:
    from pictory_async import AsyncPictory

__all__ = ["command"]


_TABLE: Final[Table[tuple[Project, bool | None]]] = Table(
    "shares",
    (
        Column("project", lambda row: str(row[0].id), whole=True),
        Column("link", lambda row: row[0].share_video_url),
        Column("name", lambda row: row[0].name, plain=False),
        Column("generated", lambda row: row[0].generated_at, unit="UTC", plain=False),
        Column("outdated", lambda row: AGES[row[1]], plain=False),
    ),
)


@attrs.define(kw_only=True)
class _Sharing:
    """Finds the links of several projects.

    Attributes:
        ids: The projects.
        settings: Keyword arguments of the library's calls that wait; ``None`` not to wait.
        ages: What is known of the age of the videos.
        renders: The renders of these projects that were started here and may still be pending.
        found: The projects that have a link.
        failed: Why another one has none.
        outcomes: How the waits for these renders ended.
    """

    ids: list[str]
    settings: dict[str, Any] | None
    ages: Ages
    renders: dict[str, RenderHandle] = attrs.field(factory=dict[str, RenderHandle], init=False)
    found: dict[str, Project] = attrs.field(factory=dict[str, Project], init=False)
    failed: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)
    outcomes: dict[str, RenderOutcome] = attrs.field(factory=dict[str, RenderOutcome], init=False)
    _watches: dict[str, RenderPoller] = attrs.field(factory=dict[str, "RenderPoller"], init=False)

    def __attrs_post_init__(self) -> None:
        if self.settings is not None:
            self.renders |= Store().newest(self.ids)

    async def find(self, client: AsyncPictory, project_id: str) -> Project:
        """Find one link: the project that has it."""
        try:
            project, outcome = await self._rendered(client, project_id)
            refusal = await self.ages.see(client, project, outcome, self.renders.get(project_id))
            if refusal is not None:
                raise refusal  # noqa: TRY301 - as below
            if "share" in assets_unread(project):
                raise CommandError(f"The address of the page of project {project_id!r} could not be read.")  # noqa: TRY301 - as below
            if not project.share_video_url:
                hint = "" if self.settings is not None else " Render it, or wait for its render with --wait."
                raise CommandError(f"Project {project_id!r} has no page to share.{hint}")  # noqa: TRY301 - it is a failure like others
        except Exception as error:
            self.failed[project_id] = error
            raise
        self.found[project_id] = project
        return project

    async def _rendered(self, client: AsyncPictory, project_id: str) -> tuple[Project, RenderOutcome | None]:
        """Return a project, and how the wait for it ended, if it was waited for."""
        handle = self.renders.get(project_id)
        if self.settings is None or handle is not None:
            project = await client.projects.get(project_id)
            if handle is None:
                return project, None
            if _is_after(project, handle):
                # It may be the video of a later render, so the outcome does not say that it is of this one.
                self.outcomes[project_id] = RenderOutcome(project_id=handle.project_id, status=RenderStatus.RENDERED)
                return project, None
        async with client.projects.watch([handle or project_id], **self.settings or {}) as watch:
            self._watches[project_id] = watch
            return self._take(project_id, await anext(watch))

    def _take(self, project_id: str, outcome: RenderOutcome) -> tuple[Project, RenderOutcome]:
        if project_id in self.renders:
            self.outcomes[project_id] = outcome
        return outcome.raise_for_status(), outcome

    def has_ended(self, project_id: str) -> bool:
        """Whether the render of a project is over."""
        outcome = self.outcomes.get(project_id)
        return outcome is not None and outcome.status in {RenderStatus.RENDERED, RenderStatus.FAILED}

    @property
    def done(self) -> int:
        """How many projects are done."""
        return len(self.found) + len(self.failed)

    @property
    def unfinished(self) -> list[str]:
        """The projects that may get their links by waiting longer."""
        if self.settings is None:
            return []
        return [
            one
            for one in self.ids
            if one not in self.found and isinstance(self.failed.get(one), WaitTimeoutError | None)
        ]

    def progress(self) -> object:
        """Return what changes while the renders make progress."""
        return [watch.progress for watch in self._watches.values()]

    def line(self) -> str:
        """Return the progress in one line, for logs."""
        return f"{self.done} of {len(self.ids)} done"


def _is_after(project: Project, handle: RenderHandle) -> bool:
    """Whether a project shows the video of a render, or a later one."""
    before, shown = handle.generated_before, project.generated_at
    return project.is_rendered and shown is not None and (before is None or shown > before)


@click.command("share", short_help="Print the links to the public pages of videos.")
@selection_options()
@click.option("--wait", is_flag=True, help="Wait for projects that are not rendered yet.")
@fresh_option
@wait_options
@table_options
@base_url_option
@json_option("Print a JSON document for each project.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    choice: Choice,
    wait: bool,
    ages: Ages,
    settings: dict[str, Any],
    base_url: str | None,
    as_json: bool,
) -> None:
    """Print the links to the public pages of videos: anybody with the link can watch.

    For one project, only the link is printed. For several, each line is the id, a tab and the link. With --wait, the
    renders that 'pictory render' started on this machine are waited for: the links show the new videos.
    """
    sheet = open_sheet(_TABLE, as_json=as_json)
    if sheet.is_default:
        sheet.leave()
    wanted = choice.find_any(base_url)
    sharing = _Sharing(ids=wanted, settings=settings if wait else None, ages=ages)
    alone = len(wanted) == 1 and not choice.is_list

    def frame(_: int) -> Text:
        return Text(f"Waiting for projects: {sharing.line()}", style="bold")

    def show(project: Project) -> None:
        if sheet.is_json:
            sheet.document(_document(project, ages.known.get(str(project.id))))
        elif sheet.is_default:
            url = one_line(project.share_video_url or "")
            click.echo(url if alone else f"{project.id}\t{url}")
        else:
            sheet.add((project, ages.known.get(str(project.id))))

    batch = Batch(
        ids=sharing.ids,
        get=sharing.find,
        show=show,
        json_id="project_id" if sheet.is_json else None,
        during=live_display(frame, sharing.line, share=lambda: sharing.done / len(sharing.ids)) if wait else None,
        progress=sharing.progress if wait else None,
        at_once=len(sharing.ids) if wait else AT_ONCE,
        holds=wait and out_is_terminal() and err_is_terminal(),
    )
    with contextlib.ExitStack() as at_end:
        at_end.callback(_print_rest, sharing)
        ctx.exit(run_batch(base_url, batch))


def _document(project: Project, is_outdated: bool | None) -> dict[str, Any]:  # noqa: FBT001 - one of three values
    generated = None if project.generated_at is None else project.generated_at.isoformat()
    url = project.share_video_url
    return {
        "project_id": str(project.id),
        "share_url": url,
        "name": project.name,
        "generated_at": generated,
        "is_outdated": is_outdated,
    }


def _print_rest(sharing: _Sharing) -> None:
    """Print on standard error what to do next."""
    ended = {one: handle for one, handle in sharing.renders.items() if sharing.has_ended(one)}
    Store().done(ended.values(), [(handle, sharing.outcomes[one]) for one, handle in ended.items()])
    sharing.ages.echo()
    unfinished = sharing.unfinished
    if unfinished:
        total = len(sharing.ids)
        echo_note(
            f"No final result yet: {len(unfinished)} of {total} project{'' if total == 1 else 's'}. Wait again with:"
        )
        echo_again("share", *unfinished, "--wait")
