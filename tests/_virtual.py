"""Tests on virtual time: hours pass in milliseconds, on asyncio and on trio.

Both clocks obey one rule: while anything can run, time stands still; when everything waits, time jumps to the next
timer. trio's clock waits neither for a socket nor for a thread, so a test on virtual time talks to the in-process
simulator.
"""

from __future__ import annotations

from typing import Any

import pytest
from trio.testing import MockClock

from pictory_async.testing import virtual_time as virtual_loop

VIRTUAL_BACKENDS = ["asyncio+virtual", "trio+virtual"]

virtual_time = pytest.mark.parametrize("anyio_backend", VIRTUAL_BACKENDS, indirect=True)
"""Mark for a test, or a module's ``pytestmark``: run on the event loops with virtual time."""


def backend_options(name: str) -> tuple[str, dict[str, Any]]:
    """Return anyio's backend with the options that make its time virtual; a fresh clock for each test."""
    if name == "asyncio+virtual":
        return "asyncio", {"loop_factory": virtual_loop}
    return "trio", {"clock": MockClock(autojump_threshold=0)}
