"""A simulated account, and nights on which it is synced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictory_async import Ledger, RateLimiter
from pictory_async.testing import Simulator, World

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import RenderResult, SyncPlan


class Night:
    """A simulated account, and nights on which it is synced."""

    def __init__(self, world: World, path: Path) -> None:
        self.world = world
        self.simulator = Simulator(world, latency=0.01)
        self.ledger = Ledger(path / "ledger.db")
        self.videos = path / "videos"

    async def sync(self, **options: Any) -> tuple[SyncPlan, dict[Any, RenderResult]]:
        """Sync once, and return the plan and the results."""
        self.world.log.clear()
        options = {"kinds": ["video"], "ledger": self.ledger, **options}
        async with self.simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client:
            sync = client.projects.sync(self.videos, **options)
            plan = await sync.plan()
            async with sync:
                return plan, {result.project_id: result async for result in sync}

    async def plan(self, **options: Any) -> SyncPlan:
        """Make a plan, and do nothing."""
        self.world.log.clear()
        options = {"kinds": ["video"], "ledger": self.ledger, **options}
        async with self.simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client:
            return await client.projects.sync(self.videos, **options).plan()

    @property
    def posts(self) -> int:
        return sum(entry.method == "POST" for entry in self.world.log)

    @property
    def gets(self) -> int:
        """The requests of the API, without those for files."""
        return sum(entry.method == "GET" and entry.path.startswith("/pictoryapis/") for entry in self.world.log)
