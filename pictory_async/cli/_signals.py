"""The signals that end a command: Ctrl-C, SIGTERM (a plain `kill`) and SIGHUP (a lost terminal)."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Signals", "signals_as_ctrl_c"]

_GLANCE: Final = 0.2  # seconds
_NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")


class Signals:
    """What becomes of the signals while a command runs.

    Only the first one counts, and only until the work is over: people press Ctrl-C twice, and a lost terminal is often
    reported twice, and nothing of that may cut off the report. It says which renders are billed.

    Attributes:
        pressed: Whether a signal has come.
        settled: Whether the work is over, so that signals are ignored from now on.
    """

    def __init__(self) -> None:
        self.pressed = False
        self.settled = False
        self._on_press: Callable[[], None] | None = None
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Take over the signals. Those that are ignored stay ignored (`nohup` relies on it), and so do handlers."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                self._before[number] = signal.signal(number, self._press)

    def restore(self) -> None:
        """Let the signals do what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _press(self, *_: object) -> None:
        if self.pressed or self.settled:
            return
        self.pressed = True
        if self._on_press is None:
            raise KeyboardInterrupt
        self._on_press()

    @contextlib.contextmanager
    def calling(self, on_press: Callable[[], None] | None) -> Generator[None]:
        """During a block, let a signal call this function. ``None`` raises `KeyboardInterrupt` where the program is."""
        before, self._on_press = self._on_press, on_press
        try:
            yield
        finally:
            self._on_press = before

    @contextlib.contextmanager
    def noting(self) -> Generator[None]:
        """During a block, only take note of a signal: `check` tells it.

        An import must not be interrupted. Python prints a traceback of its own if that happens in the wrong place.
        """
        with self.calling(_nothing):
            yield

    def ask(self, prompt: str) -> str:
        """Ask for a line on the terminal, also if the work before is over: a signal ends the command nevertheless.

        Raises:
            KeyboardInterrupt: A signal came instead.
        """
        before, self.settled = self.settled, False
        try:
            # Only noted: an exception out of a handler can be lost, such as in a finalizer, and nothing would end this.
            with self.noting():
                sys.stderr.write(prompt)
                sys.stderr.flush()
                while os.name == "posix" and not select.select([sys.stdin], [], [], _GLANCE)[0]:
                    self.check()
                self.check()
                return sys.stdin.readline().strip()
        finally:
            self.settled = before

    def check(self) -> None:
        """Raise what a signal that was noted would have raised.

        Raises:
            KeyboardInterrupt: One was.
        """
        if self.pressed:
            raise KeyboardInterrupt


def _nothing() -> None:
    pass


_installed: list[Signals] = []


@contextlib.contextmanager
def signals_as_ctrl_c(*, ends_process: bool = False) -> Generator[Signals]:
    """Let all three signals end a block as Ctrl-C does: with a report. A block within another one shares its state.

    Args:
        ends_process: Whether the process ends after the block: then signals are ignored after the first one.
    """
    if _installed:
        yield _installed[-1]
        return
    signals = Signals()
    _installed.append(signals)
    signals.install()
    try:
        yield signals
    finally:
        if not (ends_process and signals.pressed):
            signals.restore()
        _installed.remove(signals)
