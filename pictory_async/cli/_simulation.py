"""The simulated account of `pictory demo` and `pictory simulate`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pictory_async.cli._exit_codes import SettingComplaint
from pictory_async.testing import ServerLimit, Simulator, World, populate

if TYPE_CHECKING:
    from pictory_async.cli._options import Rate
    from pictory_async.testing import Planned

__all__ = ["make_simulator", "server_module"]


def server_module() -> Any:
    """The simulator's HTTP server.

    Raises:
        SettingComplaint: The extra ``simulator`` is not installed.
    """
    try:
        return importlib.import_module("pictory_async.testing.server")
    except ImportError as error:
        raise SettingComplaint(f"{error}.") from None


def make_simulator(
    projects: int,
    render_seconds: tuple[float, float],
    seed: int,
    *,
    rate: Rate | None = None,
    latency: float = 0.0,
) -> tuple[Simulator, list[Planned]]:
    """Make an account whose projects are waiting to be rendered.

    Args:
        projects: How many.
        render_seconds: Shortest and longest render.
        seed: The account follows from this number.
        rate: How many requests are let in; ``None`` for all.
        latency: Seconds from a request to its answer.

    Returns:
        The simulator, and what is planned for each project.
    """
    world = World(seed=seed, media_base="self", limit=None if rate is None else ServerLimit(rate.requests, rate.per))
    planned = populate(world, projects, render_seconds, seed, queue_seconds=(0.0, 0.6 * render_seconds[0]))
    return Simulator(world, latency=latency), planned
