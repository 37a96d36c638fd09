"""The simulated account of `pictory demo` and `pictory simulate`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal

from pictory_async.cli._exit_codes import SettingError
from pictory_async.testing import ServerLimit, Simulator, World, populate, populate_agency

if TYPE_CHECKING:
    from pictory_async.cli._options import Rate
    from pictory_async.testing import Planned

__all__ = ["Scenario", "make_simulator", "server_module"]

Scenario = Literal["renders", "agency"]


def server_module() -> Any:
    """Import the simulator's HTTP server.

    Raises:
        SettingError: The extra ``simulator`` is not installed.
    """
    try:
        return importlib.import_module("pictory_async.testing.server")
    except ImportError as error:
        raise SettingError(f"{error}.") from None


def make_simulator(
    projects: int,
    render_seconds: tuple[float, float],
    seed: int,
    *,
    rate: Rate | None = None,
    latency: float = 0.0,
    scenario: Scenario = "renders",
) -> tuple[Simulator, list[Planned]]:
    """Make an account with projects that will be rendered.

    Args:
        projects: The number of projects.
        render_seconds: Shortest and longest render.
        seed: Seed of the random account.
        rate: The server's request limit; ``None`` for no limit.
        latency: Seconds from a request to its response.
        scenario: ``"renders"``: all are rendered; ``"agency"``: see `populate_agency`.

    Returns:
        The simulator, and the plan for each project.
    """
    queue_seconds = (0.0, 0.6 * render_seconds[0])
    world = World(
        seed=seed,
        media_base="self",
        limit=None if rate is None else ServerLimit(rate.requests, rate.per),
        # Of the renders that clients request.
        render_seconds=render_seconds,
        queue_seconds=queue_seconds,
    )
    if scenario == "agency":
        return Simulator(world, latency=latency), populate_agency(world, projects, render_seconds, seed)
    planned = populate(world, projects, render_seconds, seed, queue_seconds=queue_seconds)
    return Simulator(world, latency=latency), planned
