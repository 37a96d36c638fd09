"""The command for the next wait, which is printed at the end."""

from __future__ import annotations

import shlex
from typing import Any


def advice(err: str) -> list[str]:
    """The command that was printed, as words."""
    (line,) = [line for line in err.splitlines() if line.startswith("  pictory wait ")]
    return shlex.split(line)[1:]


def kept_in(err: str) -> list[Any]:
    """What was kept for the command that was printed."""
    from pictory_async.cli._store import Store  # noqa: PLC0415 - needs the extra

    _, option, name, *_ = advice(err)
    assert "--resume" == option
    return Store().load(name)
