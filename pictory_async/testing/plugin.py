"""The pytest plugin: fixtures that give a test a simulated Pictory account.

It is loaded by every pytest run in an environment that has pictory-async, so it imports the simulator only
when a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.testing import Simulator, World
    from pictory_async.testing.server import ServerThread


@pytest.fixture
def pictory_world() -> World:
    """Give an empty simulated account, to be filled by the test."""
    from pictory_async.testing import World  # noqa: PLC0415 - pytest loads this file for every suite

    return World()


@pytest.fixture
def pictory_simulator(pictory_world: World) -> Simulator:
    """Give a simulator of the test's account, reached without a network."""
    from pictory_async.testing import Simulator  # noqa: PLC0415 - as above

    return Simulator(pictory_world)


@pytest.fixture
def pictory_server(pictory_simulator: Simulator) -> Iterator[ServerThread]:
    """Give a real HTTP server on a free port that serves the test's account."""
    from pictory_async.testing.server import ServerThread  # noqa: PLC0415 - as above, and an extra

    with ServerThread(pictory_simulator) as server:
        yield server
