"""The commands of `--exec` and `--notify`: programs of the user's, run without a shell."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs
import click
from anyio.abc import TaskGroup

from pictory_async.cli.display.text import echo_note, printable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

__all__ = ["Ended", "Runner", "notify", "to_words"]

_AT_ONCE: Final = 4
_LIMIT: Final = 60.0  # seconds, for the command at the end
_PLACEHOLDER: Final = re.compile(r"\{(id|name|status|path|share_url)\}")


@attrs.frozen(kw_only=True)
class Ended:
    """A project that has ended, as `--exec`, `--notify` and summaries show it.

    Attributes:
        id: The project.
        name: Its name; empty if it is not known.
        status: How it ended, as in the lines of a wait.
        path: Its video, or another file of it, on this machine; empty if nothing was downloaded.
        share_url: The link to its public page; empty if there is none.
        error: Why it is not rendered or complete; ``None`` if it is.
    """

    id: str
    name: str = ""
    status: str = ""
    path: str = ""
    share_url: str = ""
    error: str | None = None

    def filled(self, words: Sequence[str]) -> list[str]:
        """Return the words of a command with what their placeholders stand for."""
        facts: dict[str, str] = attrs.asdict(self)
        return [_PLACEHOLDER.sub(lambda found: printable(facts[found[1]]), word) for word in words]


def to_words(_ctx: click.Context, param: click.Parameter, text: str | None) -> list[str] | None:
    """Split a command as a shell does it; the callback of an option.

    Raises:
        click.BadParameter: It is no command.
    """
    if text is None:
        return None
    with contextlib.suppress(ValueError):
        words = shlex.split(text)
        if words:
            return words
    raise click.BadParameter("this is not a command: a quotation mark is not closed, or it is empty.", param=param)


@attrs.define
class Runner:
    """Runs a command for each project that has ended well, a few at once.

    Attributes:
        words: The command, with placeholders.
        failed: How many of them failed.
        left: The projects whose command has not ended well, by their ids.
        again: The projects whose command is run although they are unchanged: it did not end well in an earlier run.
        on_success: Called with the id of each project whose command has ended well.
    """

    words: Sequence[str]
    failed: int = attrs.field(default=0, init=False)
    left: set[str] = attrs.field(factory=set[str], init=False)
    again: set[str] = attrs.field(factory=set[str], init=False)
    on_success: Callable[[str], Awaitable[object]] | None = attrs.field(default=None, init=False)
    _tasks: TaskGroup = attrs.field(init=False)
    _slots: anyio.Semaphore = attrs.field(factory=lambda: anyio.Semaphore(_AT_ONCE), init=False)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run commands during a block; it ends when all of them have ended."""
        async with anyio.create_task_group() as self._tasks:
            yield

    def start(self, ended: Ended) -> None:
        """Run the command for a project as soon as a slot is free. Called during `running`."""
        self.left.add(ended.id)
        self._tasks.start_soon(self._run, ended)

    async def _run(self, ended: Ended) -> None:
        async with self._slots:
            try:
                command = ended.filled(self.words)
                process = await anyio.open_process(
                    command, stdin=subprocess.DEVNULL, stdout=_standard_error(), stderr=None
                )
                async with process:
                    code = await process.wait()
            except OSError as error:
                why = f"could not be run: {error.strerror}"
            else:
                if not code:
                    await self._succeed(ended.id)
                    return
                why = f"failed with exit status {code}"
        self.failed += 1
        echo_note(f"Error: The command {self.words[0]!r} for project {ended.id!r} {why}.")

    async def _succeed(self, project_id: str) -> None:
        self.left.discard(project_id)
        if self.on_success is not None:
            await self.on_success(project_id)


def notify(words: Sequence[str], summary: Mapping[str, Any], limit: float = _LIMIT) -> str | None:
    """Run a command with a summary as JSON on its standard input, and return why it failed.

    Args:
        words: The command.
        summary: What is known about the end, with ``exit_code``, ``command`` and ``summary``.
        limit: How long the command may take, in seconds.
    """
    known = {f"PICTORY_{name.upper()}": str(summary[name]) for name in ("command", "exit_code", "summary")}
    environment = {**os.environ, **known}
    try:
        found = subprocess.run(  # noqa: S603 - the user's own
            words,
            input=json.dumps(summary).encode(),
            stdout=_standard_error(),
            env=environment,
            timeout=limit,
            check=False,
        )
    except OSError as error:
        return f"could not be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"did not end within {limit:.0f} s"
    return f"failed with exit status {found.returncode}" if found.returncode else None


def _standard_error() -> int:
    """What a command prints must not get among the results on standard output."""
    return subprocess.DEVNULL if sys.__stderr__ is None else sys.__stderr__.fileno()
