"""Tests of which some hang, for ``test_limits.py``: those that have "hangs" in their names. The others pass.

pytest runs this file only when it is named. After each way to hang, there are tests that need the event loop, the
fixtures and the process to be in order.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import pytest
from hypothesis import given, strategies as st

from tests._virtual import virtual_time

soon = pytest.mark.timeout(0.1, func_only=True)  # only the call: nothing else may be hit, however slow the machine is
later = pytest.mark.timeout(1.0)
two_loops = pytest.mark.parametrize("anyio_backend", [("asyncio", {}), ("trio", {})], ids=["asyncio", "trio"])


@pytest.fixture(autouse=True)
def worker() -> None:
    """Note which process runs the test."""
    with Path(os.environ["PICTORY_ASYNC_WORKERS"]).open("a", encoding="utf-8") as file:
        print(os.getpid(), file=file)


def works() -> None:
    pass


@pytest.mark.anyio
async def works_async() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 0.001)


@soon
def test_lock_hangs() -> None:
    threading.Event().wait()


test_after_lock = works


@soon
def test_loop_hangs() -> None:
    while True:
        pass


test_after_loop = works


@soon
def test_process_hangs() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        process.wait()


test_after_process = works


@soon
@given(st.integers())
def test_example_hangs(number) -> None:
    threading.Event().wait()


test_after_example = works


@soon
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_own_loop_hangs(backend) -> None:
    anyio.run(anyio.sleep_forever, backend=backend)


test_after_own_loop = works_async


@soon
@pytest.mark.anyio
async def test_sleep_hangs() -> None:
    await anyio.sleep_forever()


test_after_sleep = works_async


@soon
@pytest.mark.anyio
async def test_child_hangs() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep_forever)
        await anyio.Event().wait()


test_after_child = works_async


@soon
@pytest.mark.anyio
async def test_shield_hangs() -> None:
    with anyio.CancelScope(shield=True):
        await anyio.sleep_forever()


test_after_shield = works_async


@soon
@pytest.mark.anyio
async def test_blocked_hangs() -> None:
    threading.Event().wait()


test_after_blocked = works_async


@soon
@pytest.mark.anyio
async def test_blocked_child_hangs() -> None:
    async def block() -> None:
        threading.Event().wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(block)


test_after_blocked_child = works_async


@soon
@pytest.mark.anyio
@virtual_time
async def test_virtual_sleep_hangs() -> None:
    await anyio.sleep_forever()


@soon
@pytest.mark.anyio
@virtual_time
async def test_virtual_poll_hangs() -> None:
    for _ in itertools.count():
        await anyio.sleep(1.0)


@pytest.mark.anyio
@virtual_time
async def test_after_virtual() -> None:
    await anyio.sleep(1000.0)


class TestFixtures:
    """The limit counts for fixtures too."""

    @pytest.fixture
    async def begins_never(self, anyio_backend) -> None:
        await anyio.sleep_forever()

    @pytest.fixture
    async def ends_never(self, anyio_backend):
        yield
        await anyio.sleep_forever()

    @pytest.fixture
    def is_stuck(self):
        yield
        threading.Event().wait()

    @later
    @two_loops
    @pytest.mark.anyio
    async def test_setup_hangs(self, begins_never) -> None:
        pass

    def test_after_setup(self) -> None:
        pass

    @later
    @two_loops
    @pytest.mark.anyio
    async def test_teardown_hangs(self, ends_never) -> None:
        pass

    def test_after_teardown(self) -> None:
        pass

    @later
    def test_failure_hangs(self, is_stuck) -> None:
        raise ValueError

    def test_after_failure(self) -> None:
        pass
