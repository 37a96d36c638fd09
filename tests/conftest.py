"""Fixtures that every test gets: the event loops, and the detectors for what a test must not leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import pkgutil
from typing import TYPE_CHECKING, Any

import anyio.lowlevel
import coverage
import hypothesis
import pytest
import trio
from blockbuster import BlockBuster

import pictory_async
from pictory_async import Ledger
from pictory_async.testing import Simulator, World
from tests import _limits, _tracing
from tests._nights import Night
from tests._virtual import VIRTUAL_BACKENDS, backend_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

# An installed package has announced its plugin itself; a bare source tree has not.
if not importlib.metadata.entry_points(group="pytest11", name="pictory_async"):
    pytest_plugins = ["pictory_async.testing.plugin"]

# No deadline: the two cores of a CI machine are not a stopwatch; pytest-timeout ends what hangs.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, database=None, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")

REAL_TIME = [
    # Debug mode takes as long as coverage does; the session with the oldest versions has it.
    pytest.param(("asyncio", {"debug": coverage.Coverage.current() is None}), id="asyncio"),
    pytest.param(
        ("asyncio", {"use_uvloop": True}),
        id="asyncio+uvloop",
        marks=pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed"),
    ),
    pytest.param(("trio", {}), id="trio"),
]
ENGINES = {"httpx": "httpx", "httpx2": "httpx2", "aiohttp": "httpx_aiohttp"}
MAY_BLOCK = [
    ("pictory_async/_settings/key.py", "_read"),  # the client of a program is made once, and the file is small
    ("lab/budgets/_memory.py", "_change"),  # a file on virtual time, which does not wait for threads
    ("redis/utils.py", "get_lib_version"),  # redis-py reads its version from a file for each connection
    ("pictory_async/_http/libraries.py", "open_engine"),  # the first client of a process imports its HTTP library
]


# Clients in tests, and in the processes that they start, use no proxy of the machine.
for _name in [name for name in os.environ if name.lower() in {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}]:
    del os.environ[_name]


def pytest_configure(config: pytest.Config) -> None:
    """Have time limits that end a test that hangs, and nothing else."""
    for module in pkgutil.walk_packages(pictory_async.__path__, "pictory_async."):  # a module may be traced only once
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # an extra is not installed
                importlib.import_module(module.name)
    config.pluginmanager.register(_limits, "limits of tests")
    config.pluginmanager.register(_tracing, "what coverage sees")


@pytest.fixture(params=REAL_TIME)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The event loops that an async test runs on, each in its turn."""
    return backend_options(request.param) if isinstance(request.param, str) else request.param


@pytest.fixture(params=VIRTUAL_BACKENDS)
def virtual_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Event loops with virtual time, for fixtures and modules that cannot use the mark ``virtual_time``."""
    return backend_options(request.param)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, anyio_backend_name: str) -> str:
    """The HTTP library that sends the requests."""
    if importlib.util.find_spec(ENGINES[request.param]) is None:
        pytest.skip(f"the extra {request.param} is not installed")
    if (request.param, anyio_backend_name) == ("aiohttp", "trio"):
        pytest.skip("aiohttp works on asyncio only")
    importlib.import_module(ENGINES[request.param])  # here, because importing blocks
    return str(request.param)


@pytest.fixture
def world() -> World:
    """An account with nothing in it."""
    return World()


@pytest.fixture
def simulator(world: World) -> Simulator:
    """The account's API, whose responses take 0.1 s."""
    return Simulator(world, latency=0.1)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger that does not exist yet."""
    return Ledger(tmp_path / "state" / "ledger.db")


@pytest.fixture
def night(request: pytest.FixtureRequest, tmp_path: Path) -> Night:
    """An account for nights; the parameter says whether a render changes the date of the last save."""
    saves = getattr(request, "param", False)
    world = World(render_seconds=(20.0, 60.0), media_sizes={"mp4": 1000}, render_saves=saves)
    return Night(world, tmp_path)


@pytest.fixture(scope="session", autouse=True)
def no_blocking_calls() -> Iterator[None]:
    """A call of the package that would block an asyncio event loop raises ``BlockingError``."""
    detector = BlockBuster("pictory_async")
    for function in detector.functions.values():
        for file, name in MAY_BLOCK:
            function.can_block_in(file, name)
    acquire = detector.functions["threading.Lock.acquire"]
    does_not_wait = acquire.can_block_predicate
    acquire.can_block_predicate = lambda lock, *how, **given: (
        _is_of_coverage(lock) or does_not_wait(lock, *how, **given)
    )
    detector.activate()
    try:
        yield
    finally:
        detector.deactivate()


def _is_of_coverage(lock: object) -> bool:
    """Whether it is the lock that coverage takes in every thread: the measuring instrument, not what is measured."""
    collector = getattr(coverage.Coverage.current(), "_collector", None)
    return collector is not None and lock is collector.data_lock


@pytest.fixture(autouse=True)
def levels_of_logs() -> Iterator[None]:
    """Frameworks that a test starts set the levels of logs for the whole process; the next test has the usual ones."""
    before = [(log, log.level) for log in (logging.getLogger(), logging.getLogger("pictory_async"))]
    yield
    for log, level in before:
        log.setLevel(level)


@pytest.fixture(autouse=True)
def no_task_left(request: pytest.FixtureRequest) -> None:
    """An async test fails when a task that it started outlives it and its fixtures."""
    if "anyio_backend" in request.fixturenames:
        request.getfixturevalue("_tasks_are_done")


@pytest.fixture
async def _tasks_are_done(anyio_backend_name: str) -> AsyncIterator[None]:
    before = _running_tasks(anyio_backend_name)
    yield
    # A task that has already been told to stop may need a turn of the loop to do so.
    for _ in range(3):
        await anyio.lowlevel.checkpoint()
    left = _running_tasks(anyio_backend_name) - before
    if left:
        pytest.fail(f"still running after the test: {left}")


def _running_tasks(backend: str) -> set[Any]:
    if backend == "asyncio":
        # anyio's runner drives each fixture and test from a task of its own.
        return {task for task in asyncio.all_tasks() if "TestRunner." not in repr(task.get_coro())}
    root = trio.lowlevel.current_root_task()
    tasks: set[Any] = set()
    waiting = [root] if root is not None else []
    while waiting:
        task = waiting.pop()
        tasks.add(task)
        waiting.extend(child for nursery in task.child_nurseries for child in nursery.child_tasks)
    return tasks
