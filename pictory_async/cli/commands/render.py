"""`pictory render`: start renders, each exactly once, and wait for them on request."""

from __future__ import annotations

import contextlib
import json
import logging
import math
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import anyio
import attrs
import click
from anyio import to_thread

from pictory_async import RenderHandle
from pictory_async.cli._client import open_client, run_until_interrupted
from pictory_async.cli._exit_codes import INTERRUPTED, worst_code
from pictory_async.cli._failures import report_failures
from pictory_async.cli._kept import Kept, Store
from pictory_async.cli._next_wait import NextWait, note_unanswered, options_again
from pictory_async.cli._options import (
    Rate,
    base_url_option,
    collect_ids,
    ids_argument,
    json_option,
    night_options,
    rate_option,
    stalled_option,
    start_grace_option,
    wait_options,
    wait_settings,
)
from pictory_async.cli._places import check_file
from pictory_async.cli._waiting import Wait
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import echo_command, echo_json, echo_note, err_is_terminal
from pictory_async.errors import AuthenticationError, RenderSubmitUncertainError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pictory_async import AsyncPictory

__all__ = ["command"]

_AT_ONCE: Final = 8  # requests: after Ctrl-C, those in flight are still completed
_PATIENCE: Final = 15.0  # seconds, for those: the budget may be used up, or the server silent
_CANCELLED: Final = "pictory.render.cancelled"
_log: Final = logging.getLogger("pictory_async")


@attrs.define(kw_only=True)
class Renders:
    """Starts renders, each exactly once.

    Attributes:
        ids: The projects.
        keeper: Keeps each handle at once.
        handles: The renders that were started, or may have been.
        failed: Why a render was not started, or may not have been, by project id.
        stopped: Why no more requests are sent; ``None`` while they are.
        wait: The wait for the renders; ``None`` if there is none.
    """

    ids: list[str]
    keeper: Keeper
    handles: list[RenderHandle] = attrs.field(factory=list[RenderHandle], init=False)
    failed: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)
    stopped: AuthenticationError | None = attrs.field(default=None, init=False)
    wait: Wait | None = attrs.field(default=None, init=False)
    _store: Store = attrs.field(factory=Store, init=False)
    _keeping: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _sent: set[str] = attrs.field(factory=set[str], init=False)
    _shields: list[anyio.CancelScope] = attrs.field(factory=list[anyio.CancelScope], init=False)
    _deadline: float = attrs.field(default=math.inf, init=False)

    async def start(self, client: AsyncPictory) -> None:
        """Start all renders. If this is cancelled, the requests in flight are still completed, within some seconds."""
        slots = anyio.Semaphore(_AT_ONCE)

        async def one(project_id: str) -> None:
            async with slots:
                if self.stopped is None:
                    await self._start(client, project_id)

        _log.addFilter(self._take_cancelled)
        over = anyio.Event()
        try:
            async with anyio.create_task_group() as clock:
                clock.start_soon(self._limit_shields, over)
                async with anyio.create_task_group() as tasks:
                    for project_id in self.ids:
                        tasks.start_soon(one, project_id)
                over.set()
        finally:
            _log.removeFilter(self._take_cancelled)

    async def _limit_shields(self, over: anyio.Event) -> None:
        try:
            await over.wait()
        finally:  # from a cancellation on
            self._deadline = anyio.current_time() + _PATIENCE
            for shield in self._shields:
                shield.deadline = self._deadline

    async def _start(self, client: AsyncPictory, project_id: str) -> None:
        try:
            await to_thread.run_sync(self._store.ask, project_id)
            self._sent.add(project_id)
            await self._request(client, project_id)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._store.answered, project_id)

    async def _request(self, client: AsyncPictory, project_id: str) -> None:
        # Shielded: a render that was started is billed, so its handle must be known.
        with anyio.CancelScope(shield=True, deadline=self._deadline) as shield:
            self._shields.append(shield)
            try:
                self.handles.append(await client.projects.render(project_id))
            except RenderSubmitUncertainError as error:
                self._doubt(error)
            except Exception as error:  # noqa: BLE001 - one failure must not end the others
                self.failed[project_id] = error
                if isinstance(error, AuthenticationError):  # it says the same about every project
                    self.stopped = error
        handle = next((one for one in self.handles if one.project_id == project_id), None)
        if handle is not None:
            with anyio.CancelScope(shield=True):
                async with self._keeping:
                    await to_thread.run_sync(self.keeper.keep, handle)
        elif project_id not in self.failed:
            self._sent.remove(project_id)

    def _doubt(self, error: RenderSubmitUncertainError) -> None:
        self.failed[str(error.handle.project_id)] = error
        self.handles.append(error.handle)

    def _take_cancelled(self, record: logging.LogRecord) -> bool:
        """Take the handle of a call that was cancelled: whoever cancels it finds the handle in the log only."""
        arguments = record.args
        if not record.msg.startswith(_CANCELLED) or not isinstance(arguments, tuple):
            return True
        handle = RenderHandle.from_json(str(arguments[-1]))
        cause = "The command was interrupted before the response arrived."
        text = f"It is not known whether the render of project {handle.project_id!r} was started: {cause}"
        self._doubt(RenderSubmitUncertainError(text, handle=handle, cause=cause))
        return False

    def errors(self) -> list[dict[str, Any]]:
        """The projects without a handle, and why, in the order of the ids.

        Those whose renders may have been started are among them, with their handles, unless a wait finds it out.
        """
        handles = {str(handle.project_id): handle for handle in self.handles}
        found: list[dict[str, Any]] = []
        for one in self.ids:
            error = self.failed.get(one)
            if one in handles and (error is None or self.wait is not None):
                continue
            text = "No request was sent." if error is None else in_command_words(str(error))
            handle = {"handle": json.loads(handles[one].to_json())} if one in handles else {}
            found.append({"project_id": one, "error": text, **handle})
        return found

    @property
    def not_sent(self) -> list[str]:
        """The projects for which no request was sent."""
        return [project_id for project_id in self.ids if project_id not in self._sent]


@attrs.define(kw_only=True)
class Keeper:
    """Keeps the handle of each render at once, so that it can be waited for whatever happens to this process.

    Attributes:
        out: A file of the user's for the handles.
        prints: Whether each handle is printed.
        name: The name under which all handles are kept for `pictory wait`; ``None`` if they are not.
        written: The handles that were printed, or written to the file.
    """

    out: IO[str] | None
    prints: bool
    name: str | None = attrs.field(default=None, init=False)
    written: list[RenderHandle] = attrs.field(factory=list[RenderHandle], init=False)
    _store: Store | None = attrs.field(factory=Store, init=False)

    def keep(self, handle: RenderHandle) -> None:
        """Keep one more handle.

        Raises:
            OSError: It could not be written to the user's file, or not be printed.
        """
        if self._store is not None:
            try:
                self.name = self._store.keep([handle], self.name)
            except OSError:
                self._store = self.name = None
        text, prints = handle.to_json(), self.prints
        try:
            if self.out is not None:
                self.out.write(f"{text}\n")
                self.out.flush()
        except OSError:
            prints = True  # the render is billed: its handle must not be lost
            raise
        finally:
            if prints:
                click.echo(text)
        self.written.append(handle)


@click.command("render", short_help="Render projects. Each render is billed.")
@ids_argument
@click.option("--wait", "waits", is_flag=True, help="Wait until all are rendered, and print the result of each.")
@click.option(
    "--handles",
    type=click.Path(),
    metavar="FILE",
    help="Append a line per render to FILE immediately. 'pictory wait --handle FILE' waits for them, now or later.",
)
@wait_options
@start_grace_option
@stalled_option
@night_options
@rate_option
@base_url_option
@json_option("With --wait, print one JSON object at the end. (Handles are always JSON.)")
@click.pass_context
def command(  # noqa: PLR0913 - each option is an argument
    ctx: click.Context,
    *,
    ids: tuple[str, ...],
    waits: bool,
    handles: str | None,
    max_wait: float,
    interval: float,
    start_grace: float,
    rate: Rate,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Render projects. Each render is billed.

    Prints a handle for each render, as a line of JSON. Each request is sent once and never retried. The handles are
    kept on this machine. If a render is not finished at the end of --wait, the command that waits for it is printed.
    """
    wanted = collect_ids(ids)
    note_unanswered(wanted)
    file = None if handles is None else check_file(handles, replaces=False)
    with contextlib.ExitStack() as at_end:
        out = at_end.enter_context(file.open("a", encoding="utf-8")) if file is not None else None
        if err_is_terminal():
            what = "1 render, which is" if len(wanted) == 1 else f"{len(wanted)} renders, each of which is"
            echo_note(f"Starting {what} billed.")
        renders = Renders(ids=wanted, keeper=Keeper(out=out, prints=not waits))
        limiter = rate.limiter()

        async def work() -> None:
            async with open_client(base_url, limiter) as client:
                await renders.start(client)
                if waits and renders.handles:
                    settings = {**wait_settings(max_wait, interval), "start_grace": start_grace}
                    renders.wait = Wait.of(renders.handles, limiter, settings, as_json=as_json)
                    await renders.wait.run(client)

        end = partial(_end, renders, file, waits=waits, as_json=as_json)
        ctx.exit(end(interrupted=_run(work, _Told(renders, file, waits))))


@attrs.frozen
class _Told:
    """Tells what is left if a block fails: whatever goes wrong, these renders are billed."""

    renders: Renders
    file: Path | None
    waits: bool

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            _keep_rest(self.renders, self.file, waits=self.waits).echo()


def _run(work: Callable[[], Awaitable[None]], told: _Told) -> bool:
    with told:
        return run_until_interrupted(work)


def _end(renders: Renders, file: Path | None, *, interrupted: bool, waits: bool, as_json: bool) -> int:
    next_wait = _keep_rest(renders, file, waits=waits)
    try:
        return _report(renders, file, next_wait, interrupted=interrupted, waits=waits, as_json=as_json)
    finally:
        next_wait.echo()


def _keep_rest(renders: Renders, file: Path | None, *, waits: bool) -> NextWait:
    keeper = renders.keeper
    # By identity: two renders of one project can have equal handles.
    lost = [one for one in renders.handles if not any(one is written for written in keeper.written)]
    unfinished: Sequence[Kept] = lost
    if waits:
        unfinished = renders.handles if renders.wait is None else renders.wait.unfinished
    complete_file = str(file) if file is not None and file.is_file() and not lost else None
    return NextWait.keep(unfinished, len(renders.handles), file=complete_file, name=keeper.name)


def _report(
    renders: Renders, file: Path | None, next_wait: NextWait, *, interrupted: bool, waits: bool, as_json: bool
) -> int:
    """Print the results, and return the exit code."""
    # A wait tells whether an uncertain render was started.
    told = (RenderSubmitUncertainError,) if waits else ()
    code = report_failures({one: renders.failed[one] for one in renders.ids if one in renders.failed}, told)
    errors = renders.errors() if as_json else []
    rest = {
        "handles": [json.loads(handle.to_json()) for handle in renders.handles],
        "errors": errors,
        **next_wait.to_dict(),
    }
    if not waits:
        for error in errors:
            echo_json(error)
    elif as_json and renders.wait is None:
        echo_json({"projects": len(renders.ids), "results": [], **rest, "interrupted": interrupted})
    if renders.wait is not None:
        code = worst_code(code, renders.wait.report(interrupted=interrupted, **rest))
        total, started = len(renders.ids), len(renders.handles)
        if started < total and not as_json:  # the wait counts what was started
            echo_note(f"Not started: {total - started} of {total} renders.")
    elif renders.handles and err_is_terminal():
        _print_first_wait(renders.keeper.name, file)
    if renders.not_sent:
        echo_note(f"Not requested: {' '.join(renders.not_sent)}")
    return INTERRUPTED if interrupted else code


def _print_first_wait(name: str | None, file: Path | None) -> None:
    source = ["--handle", str(file)] if file is not None else ["--resume", str(name)]
    if file is not None or name is not None:
        echo_note("Wait for them with:")
        echo_command(["pictory", "wait", *source, *options_again()])
