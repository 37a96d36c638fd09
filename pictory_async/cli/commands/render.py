"""`pictory render`: start renders, each once, and wait for them if that is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import attrs
import click
from anyio import to_thread

from pictory_async import RenderHandle
from pictory_async.cli._client import interrupts, open_client
from pictory_async.cli._exit_codes import INTERRUPTED, SUCCESS, complaint_of, worst
from pictory_async.cli._options import (
    Rate,
    as_json,
    base_url,
    given_ids,
    patience,
    project_ids,
    request_rate,
    start_grace,
    timely,
)
from pictory_async.cli._waiting import Waiting, say_how_to_wait_again
from pictory_async.cli.display.text import err_is_terminal
from pictory_async.errors import RenderSubmitUncertainError

if TYPE_CHECKING:
    from typing import IO

    from pictory_async import AsyncPictory, ProjectId

__all__ = ["command"]

_AT_ONCE: Final = 8  # so many are carried to their end after Ctrl-C
_EPILOG: Final = """\
\b
Exit codes: 0 all were started (with --wait: and are rendered), 1 one was
refused, 5 the answer for one was lost, so that nobody knows whether it was
started. With --wait also 3 some are not rendered, 4 the time is spent.
"""


@attrs.define(kw_only=True)
class Renders:
    """Renders that are asked for, each once.

    Attributes:
        ids: The projects.
        note: Called with each handle at once, in a thread, one after the other.
        handles: What was started, or may have been.
        kept: Those of the handles that `note` printed or wrote.
        refused: Why a render was not started, or may not have been, by id.
    """

    ids: list[str]
    note: Callable[[RenderHandle], None]
    handles: list[RenderHandle] = attrs.field(factory=list[RenderHandle], init=False)
    kept: list[RenderHandle] = attrs.field(factory=list[RenderHandle], init=False)
    refused: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)
    _noting: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _begun: set[str] = attrs.field(factory=set[str], init=False)

    async def start(self, client: AsyncPictory) -> None:
        """Ask for all of them. What has been asked for is carried to its end even if this is cancelled."""
        places = anyio.Semaphore(_AT_ONCE)

        async def one(project_id: str) -> None:
            async with places:
                self._begun.add(project_id)
                with anyio.CancelScope(shield=True):
                    await self._start(client, project_id)

        async with anyio.create_task_group() as tasks:
            for project_id in self.ids:
                tasks.start_soon(one, project_id)

    async def _start(self, client: AsyncPictory, project_id: str) -> None:
        try:
            handle = await client.projects.render(project_id)
        except RenderSubmitUncertainError as error:
            self.refused[project_id] = error
            handle = error.handle
        except Exception as error:  # noqa: BLE001 - one failure must not end the others
            self.refused[project_id] = error
            return
        self.handles.append(handle)
        async with self._noting:
            await to_thread.run_sync(self.note, handle)
            self.kept.append(handle)

    @property
    def not_begun(self) -> list[str]:
        """The projects for which nothing was sent."""
        return [project_id for project_id in self.ids if project_id not in self._begun]


@click.command("render", epilog=_EPILOG, short_help="Render projects. This costs money.")
@given_ids
@click.option("--wait", is_flag=True, help="Wait until all are rendered, and print what became of each.")
@click.option(
    "--handles",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add a line for each render to FILE, at once: 'pictory wait --handle FILE' waits for them, also much later.",
)
@patience
@start_grace
@request_rate
@base_url
@as_json("With --wait, print one JSON object at the end. (Handles are JSON anyway.)")
@click.pass_context
def command(  # noqa: PLR0913 - each option is one
    ctx: click.Context,
    *,
    ids: tuple[str, ...],
    wait: bool,
    file: Path | None,
    max_wait: float,
    interval: float,
    start_grace: float,
    rate: Rate,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Render projects: each one costs money.

    Prints a handle for each render, as a line of JSON. Each render is billed, so each request is sent once and never
    retried. With --wait, the handles of what is not finished at the end are printed on standard error, unless --handles
    names a file that holds them.
    """
    wanted = project_ids(ids)
    out = file.open("a", encoding="utf-8") if file is not None else None
    if err_is_terminal():
        many = "1 render, which costs" if len(wanted) == 1 else f"{len(wanted)} renders, each of which costs"
        click.echo(f"Asking for {many} money.", err=True)
    renders = Renders(ids=wanted, note=lambda handle: _note(handle, out, aloud=not wait))
    waiting: Waiting | None = None
    limiter = rate.limiter()

    def remind() -> None:
        lost = [one for one in renders.handles if not any(one is kept for kept in renders.kept)]
        unfinished: Sequence[ProjectId | RenderHandle] = lost
        if wait:
            unfinished = renders.handles if waiting is None else waiting.unfinished
        kept_in = str(file) if file is not None and not lost else None
        say_how_to_wait_again(unfinished, len(renders.handles), handles_file=kept_in)

    async def work() -> None:
        nonlocal waiting
        async with open_client(base_url, limiter) as client:
            await renders.start(client)
            if wait and renders.handles:
                terms = {**timely(max_wait, interval), "start_grace": start_grace}
                waiting = Waiting.of(renders.handles, limiter, terms, as_json=as_json)
                await waiting.follow(client)

    try:
        interrupted = interrupts(work)
        code = _report(renders, waiting, file, interrupted=interrupted, waited=wait)
    finally:
        remind()  # whatever went wrong, these renders are paid for
        if out is not None:
            out.close()
    ctx.exit(code)


def _report(renders: Renders, waiting: Waiting | None, file: Path | None, *, interrupted: bool, waited: bool) -> int:
    """Print what became of the renders, and return the exit code."""
    code = _complain(renders, waited=waited)
    if waiting is not None:
        handles = [json.loads(handle.to_json()) for handle in renders.handles]
        code = worst(code, waiting.report(interrupted=interrupted, handles=handles))
    elif renders.handles and file is not None and err_is_terminal():
        click.echo(f"Wait for them with: pictory wait --handle {file}", err=True)
    if interrupted and renders.not_begun:
        click.echo(f"Not asked for: {' '.join(renders.not_begun)}", err=True)
    return INTERRUPTED if interrupted else code


def _note(handle: RenderHandle, out: IO[str] | None, *, aloud: bool) -> None:
    text = handle.to_json()
    try:
        if out is not None:
            out.write(f"{text}\n")
            out.flush()
    except OSError:
        aloud = True  # the render has been paid for: its handle must not be lost
        raise
    finally:
        if aloud:
            click.echo(text)


def _complain(renders: Renders, *, waited: bool) -> int:
    """Say what was refused; whether an uncertain render was started is known after a wait."""
    debug = click.get_current_context().find_root().params["debug"]
    code = SUCCESS
    for error in renders.refused.values():
        complaint = complaint_of(error, debug=debug)
        complaint.show()
        if not (waited and isinstance(error, RenderSubmitUncertainError)):
            code = worst(code, complaint.exit_code)
    return code
