"""Delivers the webhooks of simulated jobs."""

from __future__ import annotations

import heapq
import random
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote, urlsplit

import anyio

from pictory_async.testing import bodies
from pictory_async.testing._messages import SimRequest, encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from pictory_async.testing._simulator import Simulator

_LEAST: Final = 0.001  # seconds: less may be no step at all for a clock
_STEP: Final = 1.0  # seconds: how soon it sees that a job was requested


class Webhooks:
    """Calls an ASGI app as Pictory calls the webhooks of jobs, in the time of a simulator and without a network.

    Nothing is documented but that a POST is sent when a job is completed. So deliveries may be late, doubled, out of
    order, missing and wrong here. Each job that was requested with a ``webhook`` has its own; renders of projects have
    none.

    Args:
        simulator: The simulator.
        app: The app; it is called with the path of each webhook's address.
        seed: What happens to a delivery is derived from this number.
        delivered: The share of the jobs whose end is delivered, 0 to 1.
        late: Shortest and longest time in seconds from the end of a job to a delivery.
        twice: The share of deliveries that come a second time.
        false: The share of the jobs that a delivery calls completed while they run.

    Attributes:
        log: The deliveries so far: when each was made, of which job, and the status of the answer.
    """

    def __init__(
        self,
        simulator: Simulator,
        app: Callable[..., Awaitable[None]],
        *,
        seed: int = 0,
        delivered: float = 1.0,
        late: tuple[float, float] = (0.0, 2.0),
        twice: float = 0.0,
        false: float = 0.0,
    ) -> None:
        self.log: list[tuple[float, str, int]] = []
        self._simulator = simulator
        self._app = app
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._delivered = delivered
        self._late = late
        self._twice = twice
        self._false = false
        self._known: set[str] = set()
        self._planned: list[tuple[float, str, bool]] = []

    async def run(self) -> None:
        """Deliver until it is cancelled; run it in a task group, beside the program that is tested."""
        self._simulator.start()
        while True:
            now = self._simulator.now()
            for job_id in [*self._simulator.world.webhooks]:
                if job_id not in self._known:
                    self._known.add(job_id)
                    self._plan(job_id, now)
            while self._planned and self._planned[0][0] <= now:
                _, job_id, is_true = heapq.heappop(self._planned)
                await self._deliver(job_id, is_true=is_true)
            until = min(now + _STEP, self._planned[0][0] if self._planned else now + _STEP)
            await anyio.sleep(max(_LEAST, until - self._simulator.now()))

    def _plan(self, job_id: str, now: float) -> None:
        chance, ends_at = self._chance, self._simulator.world.job_ends_at(job_id)
        if chance.random() < self._false:
            heapq.heappush(self._planned, (chance.uniform(now, ends_at), job_id, False))
        times = (chance.random() < self._delivered) * (1 + (chance.random() < self._twice))
        for _ in range(times):
            heapq.heappush(self._planned, (ends_at + chance.uniform(*self._late), job_id, True))

    async def _deliver(self, job_id: str, *, is_true: bool) -> None:
        world, now = self._simulator.world, self._simulator.now()
        webhook = world.webhooks[job_id]
        said: dict[str, Any] = bodies.job(job_id, {"status": "completed"})
        if is_true:
            path = f"/pictoryapis/v1/jobs/{job_id}"
            said = world.peek(SimRequest(method="GET", path=path), now).json()
        body = encode({**said, **webhook.extra})
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        path = unquote(urlsplit(webhook.url).path)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        await self._app(scope, receive, send)
        self.log.append((now, job_id, cast("int", sent[0]["status"])))
