"""The pytest plugin: fixtures with a simulated Pictory account.

Every pytest run in an environment with pictory-async loads it, so it imports the simulator only when a fixture
is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.testing import Simulator, VirtualClock, World
    from pictory_async.testing.server import ServerThread


@pytest.fixture
def pictory_world() -> World:
    """An empty simulated account, for the test to fill."""
    from pictory_async.testing import World  # noqa: PLC0415 - every pytest run loads this file

    return World()


@pytest.fixture
def pictory_simulator(pictory_world: World) -> Simulator:
    """A simulator of the account, used without a network."""
    from pictory_async.testing import Simulator  # noqa: PLC0415 - as above

    return Simulator(pictory_world)


@pytest.fixture
def pictory_server(pictory_simulator: Simulator) -> Iterator[ServerThread]:
    """A real HTTP server on a free port that serves the account."""
    from pictory_async.testing.server import ServerThread  # noqa: PLC0415 - as above, and an extra

    with ServerThread(pictory_simulator) as server:
        yield server


@pytest.fixture
def pictory_clock() -> VirtualClock:
    """The virtual time of the test's event loop, which `virtual_time` or trio's MockClock must provide."""
    from pictory_async.testing import VirtualClock  # noqa: PLC0415 - as above

    return VirtualClock()
