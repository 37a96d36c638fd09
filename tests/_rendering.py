"""What the tests of batches of renders have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from pictory_async import RateLimiter
from pictory_async.testing import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import Ledger, RenderResult
    from pictory_async._ledger.database import Database
    from pictory_async.testing import Fault, SimRequest, Simulator, World

VIRTUAL: Final = [
    pytest.mark.anyio,
    # trio's virtual clock does not wait for threads, which ledgers and downloads work in; test_ledger.py has trio.
    pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True),
]
LIMITED: Final = Answer(429, {"content-type": "application/json"}, b'{"message": "Slow down"}')


def client_of(simulator: Simulator, **options: Any) -> Any:
    """Make a client that no limiter holds up."""
    return simulator.client(limiter=RateLimiter(10_000, 1.0, 1000), **options)


def posts(world: World) -> list[str]:
    """The projects whose render was requested, in order."""
    return [entry.path.split("/")[-2] for entry in world.log if entry.method == "POST"]


def on_post(*faults: Fault | None) -> Callable[[SimRequest, float], Fault | None]:
    """Let faults hit the first requests for renders, in order."""
    waiting = iter(faults)
    return lambda request, _now: next(waiting, None) if request.method == "POST" else None


async def rendered(simulator: Simulator, ids: Any, ledger: Ledger, **options: Any) -> dict[Any, RenderResult]:
    """Render everything with a client of its own."""
    async with client_of(simulator) as client, client.projects.render_all(ids, ledger=ledger, **options) as batch:
        return {result.project_id: result async for result in batch}


async def state_of(ledger: Ledger) -> list[tuple[str, str | None]]:
    """The state and the job of each render of a ledger."""
    return await ledger.use(lambda file: file.rows("SELECT state, job FROM render ORDER BY id"))


def change(file: Database, sql: str) -> None:
    """Change a ledger by hand."""
    with file.changing() as run:
        run(sql)
