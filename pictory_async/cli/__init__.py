"""The `pictory` command, from the extra ``cli``: ``pip install "pictory-async[cli]"``."""

from __future__ import annotations

import importlib.util
import sys
from typing import cast

from pictory_async.cli._signals import signals_as_ctrl_c

__all__ = ["main"]

_NEEDED = ("click", "rich")


def main() -> int:
    """Run the command with the arguments of the process.

    Returns:
        The exit code, unless the command exits with `SystemExit`.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        text = f'pictory needs {" and ".join(missing)}. Install with: pip install "pictory-async[cli]"'
        print(text, file=sys.stderr)  # noqa: T201 - click, which prints everything else, is missing
        return 2
    with signals_as_ctrl_c(ends_process=True) as signals:
        try:
            with signals.noting():
                from pictory_async.cli._app import pictory  # noqa: PLC0415 - needs the extra
            signals.check()
            return cast("int", pictory.main(prog_name="pictory"))
        except KeyboardInterrupt:  # while the command was loading
            return 130
