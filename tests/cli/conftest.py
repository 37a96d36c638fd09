"""A simulated account on a real server, to which the environment points the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
