"""A simulated account on a real server, to which the environment points the command."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread


@pytest.fixture
def server(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerThread]:
    """The account's server."""
    module = pytest.importorskip(
        "pictory_async.testing.server", reason="the extra simulator is not installed", exc_type=ImportError
    )
    with module.ServerThread(Simulator(world)) as running:
        monkeypatch.setenv("PICTORY_API_BASE_URL", running.base_url)
        monkeypatch.setenv("PICTORY_API_KEY", world.api_key)
        yield running


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which the command keeps what is pending; each test has its own, and looks like no CI."""
    monkeypatch.delenv("CI", raising=False)
    directory = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("PICTORY_STATE_DIR", str(directory))
    return directory


@pytest.fixture
def ample_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """No command waits for its request budget."""
    monkeypatch.setenv("PICTORY_RATE", "10000/s")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """A directory for files, which is not there yet."""
    return tmp_path / "videos"


@pytest.fixture
def asked(server: ServerThread) -> threading.Event:
    """Set when a project or a job is polled while a wait goes on."""
    event = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if request.method == "GET" and len(server.simulator.log) > 2:
            event.set()

    server.simulator.faults = note
    return event
