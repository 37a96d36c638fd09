"""Run the command: in this process, or in its own process with pipes or a terminal."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

# A process that is started from the background of a shell inherits that it ignores Ctrl-C, and from `nohup` that it
# ignores the end of its terminal.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
from pictory_async.cli import main
sys.exit(main())
"""


def run(*arguments: str, **options: Any) -> Any:
    """Run the command in this process."""
    testing = pytest.importorskip("click.testing", reason="the extra cli is not installed")
    from pictory_async.cli._app import pictory  # noqa: PLC0415

    # click 8.1 mixes both outputs unless told not to; later ones keep them apart.
    mixes = "mix_stderr" in inspect.signature(testing.CliRunner).parameters
    runner = testing.CliRunner(mix_stderr=False) if mixes else testing.CliRunner()
    return runner.invoke(pictory, arguments, **options)


def report(text: str) -> dict[str, Any]:
    """Read the JSON Lines of a wait: its summary, with the documents of all projects as ``results`` and ``errors``."""
    *lines, last = map(json.loads, text.splitlines())
    results = [line for line in lines if "polls" in line or line.get("status") == "pending"]
    return {**last["summary"], "results": results, "errors": [line for line in lines if line not in results]}


@contextlib.contextmanager
def started(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start the command in its own process, with pipes by default."""
    settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], **settings) as process:
        try:
            yield process
        finally:
            process.kill()


def seen(*arguments: str, code: int = 0, **options: Any) -> str:
    """Run the command in this process, with both outputs on a terminal, and return everything that it wrote."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    from pictory_async.cli._app import pictory  # noqa: PLC0415 - needs the extra

    with Terminal(**options) as terminal, ThreadPoolExecutor(1) as reader:
        text = reader.submit(terminal.read_until)
        with (
            os.fdopen(terminal.theirs, "w", encoding="utf-8") as screen,
            mock.patch.dict(os.environ, terminal.environment),
            contextlib.redirect_stdout(screen),
            contextlib.redirect_stderr(screen),
            pytest.raises(SystemExit) as end,
        ):
            pictory.main(arguments, prog_name="pictory")
    assert code == (end.value.code or 0), text.result()
    return text.result()


def interrupted(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, str, str]:
    """Press Ctrl-C, or send another signal, and return the exit code and the output since then."""
    process.send_signal(number)
    out, err = process.communicate()
    return process.returncode, out, err


class Terminal:
    """A terminal that a process can write to."""

    def __init__(self, lines: int = 30, columns: int = 100) -> None:
        self.environment = {
            **os.environ,
            "LINES": str(lines),
            "COLUMNS": str(columns),
            "TERM": "xterm-256color",
            "PYTHONIOENCODING": "utf-8",
        }
        self._ours, self.theirs = os.openpty()
        self.text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._ours)

    def attached(self) -> None:
        """Close our copy of the process's end, so that the end of its output is detected."""
        os.close(self.theirs)

    def write(self, text: str) -> None:
        """Type a text."""
        os.write(self._ours, text.encode())

    def read_until(self, wanted: str = "") -> str:
        """Read until a text appears, or to the end, and return everything that was read."""
        while not wanted or wanted not in self.text:
            try:
                piece = os.read(self._ours, 65536)
            except OSError:
                break
            if not piece:
                break
            self.text += piece.decode(errors="replace")
        return self.text
