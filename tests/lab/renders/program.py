"""Renders projects with a ledger in a process of its own, which is killed at a step: a request, or a use of the ledger.

The steps are counted, so where it is killed does not depend on how fast the machine is.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import httpx

from pictory_async import AsyncPictory, Ledger, RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._ledger.database import Database

T = TypeVar("T")


class Steps:
    """Counts steps, and kills the process at one of them.

    Args:
        last: The step at which it is killed; 0 never kills it.
        post: The request for a render before which it is killed; 0 never kills it.
    """

    def __init__(self, last: int, post: int = 0) -> None:
        self.count = 0
        self._last = last
        self._post = post

    def step(self) -> None:
        """Count one more."""
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_post(self) -> None:
        """Count one more, before a request for a render."""
        self._post -= 1
        if self._post == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.step()


class CountedLedger(Ledger):
    """A ledger whose uses are steps."""

    def __init__(self, path: str, steps: Steps) -> None:
        super().__init__(path)
        self._steps = steps

    async def use(self, call: Callable[[Database], T], *, always: bool = False) -> T:
        """Use it, between two steps."""
        self._steps.step()
        found = await super().use(call, always=always)
        self._steps.step()
        return found


class CountedTransport(httpx.AsyncBaseTransport):
    """Connections whose POSTs are steps: there is nothing to lose between two GETs."""

    def __init__(self, steps: Steps) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._steps = steps

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, between two steps if it is a POST."""
        if request.method != "POST":
            return await self._inner.handle_async_request(request)
        self._steps.before_post()
        response = await self._inner.handle_async_request(request)
        self._steps.step()
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


async def render(order: dict[str, Any], steps: Steps) -> dict[str, str]:
    """Render what an order says, and return the status of each project."""
    transport = CountedTransport(steps)
    async with AsyncPictory(**order["client"], http=transport, limiter=RateLimiter(10_000, 1.0, 1000)) as client:
        batch = client.projects.render_all(
            order["ids"], ledger=CountedLedger(order["ledger"], steps), **order["options"]
        )
        async with batch:
            found = {str(result.project_id): result.status.value async for result in batch}
    await transport.aclose()
    return found


def run(order: dict[str, Any], answer: Any) -> None:
    """Do what an order says in this process, and send the statuses and the number of steps back."""
    steps = Steps(order["last"], order["post"])
    answer.send((anyio.run(render, order, steps), steps.count))


if __name__ == "__main__":
    run(globals()["ORDER"], globals()["ANSWER"])
