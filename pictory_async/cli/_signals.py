"""The signals that end a command."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["signals_as_ctrl_c"]


@contextlib.contextmanager
def signals_as_ctrl_c() -> Generator[None]:
    """Let SIGTERM (a plain `kill`) and SIGHUP (a lost terminal) end a block as Ctrl-C does: with a report.

    Only the first one counts. A lost terminal is often reported twice, and the second time must not end the report.
    """
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    handled = [number for name in names if (number := getattr(signal, name, None)) is not None]
    # A signal that is ignored stays ignored: `nohup` relies on it.
    handled = [number for number in handled if signal.getsignal(number) is signal.SIG_DFL]

    def press_ctrl_c(*_: object) -> None:
        for number in handled:
            signal.signal(number, signal.SIG_IGN)
        signal.raise_signal(signal.SIGINT)

    for number in handled:
        signal.signal(number, press_ctrl_c)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
