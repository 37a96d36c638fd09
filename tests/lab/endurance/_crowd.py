"""Callers who give up at random moments, while others carry on: for the suite in small, for `churn` in great."""

from __future__ import annotations

import asyncio
import random

import anyio.lowlevel
import attrs

from pictory_async import AsyncPictory
from pictory_async.models import ProjectId


@attrs.define
class Crowd:
    """Some callers wait for renders that never end, and give up; the others ask for one that is there.

    Attributes:
        client: Whose calls they make.
        never: Projects that are being rendered for ever.
        done: A project that is rendered.
        chance: When to give up.
        by_scope: How many waits are left to be cancelled by a scope.
        natively: How many are left to be cancelled by ``Task.cancel``; some are told twice.
        patience: Seconds after which everybody has given up.
        succeeded: How many of the others' calls gave what they should.
    """

    client: AsyncPictory
    never: list[ProjectId]
    done: ProjectId
    chance: random.Random
    by_scope: int = 0
    natively: int = 0
    patience: float = 0.03
    succeeded: int = 0

    async def run(self, quitters: int = 30, others: int = 20) -> None:
        """Let them all come; returns when every wait is cancelled and every other call has its answer."""
        async with anyio.create_task_group() as tasks:
            for _ in range(quitters):
                tasks.start_soon(self._give_up)
            for _ in range(others):
                tasks.start_soon(self._carry_on)

    async def _give_up(self) -> None:
        while self.by_scope > 0 or self.natively > 0:
            never = self.chance.choice(self.never)
            patience = self.chance.uniform(0.0, self.patience)
            if self.natively > 0 and (self.by_scope <= 0 or self.chance.random() < 0.5):
                self.natively -= 1
                await self._cancel(never, patience)
            else:
                self.by_scope -= 1
                with anyio.move_on_after(patience) as scope:
                    await self.client.projects.wait(never, interval=0.01)
                assert scope.cancelled_caught

    async def _cancel(self, never: ProjectId, patience: float) -> None:
        task = asyncio.create_task(self.client.projects.wait(never, interval=0.01))
        await asyncio.wait({task}, timeout=patience)
        task.cancel()
        again = self.chance.random()
        if again < 0.5:
            if again < 0.25:
                await anyio.lowlevel.checkpoint()
            task.cancel()
        (end,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError), end

    async def _carry_on(self) -> None:
        while self.by_scope > 0 or self.natively > 0:
            assert (await self.client.projects.wait(self.done)).is_rendered
            assert (await self.client.projects.get(self.done)).is_rendered
            self.succeeded += 2
