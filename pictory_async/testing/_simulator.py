"""`Simulator`: a world with a clock, a latency and faults, and the doors that lead into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import anyio
import attrs

from pictory_async.testing._faults import Delivery, Fault
from pictory_async.testing._messages import SimRequest, SimResponse
from pictory_async.testing.world import World

if TYPE_CHECKING:
    from pictory_async import AsyncPictory
    from pictory_async.testing._limits import Limit
    from pictory_async.testing._log import LoggedRequest

BASE_URL = "https://simulator.invalid/pictoryapis"

Latency = float | Callable[[SimRequest, float], float]
Faults = Callable[[SimRequest, float], Fault | None]


@attrs.define(init=False, eq=False)
class Simulator:
    """A simulated Pictory API for tests and demonstrations, reached with or without a network.

    Its time begins with the first request, or with `start`. In one process it is the event loop's time, so
    that on a virtual clock (trio's ``MockClock``) a render of 30 minutes takes milliseconds. Use a simulator
    within one event loop; through a `ServerThread` it serves any number of loops and threads, and keeps the
    server's time.

    Args:
        world: The account it shows; an empty one when not given.
        latency: Seconds from sending a request to having its answer: half before it arrives, half after. A
            function of the request and the time gives each request its own.
        limit: How many requests are let in; takes the place of the world's own limit.
        faults: Asked for every request that arrives what goes wrong with it; None lets it pass.
    """

    world: World
    latency: Latency
    faults: Faults | None
    _clock: Callable[[], float]
    _started: float | None
    _last: float

    def __init__(
        self,
        world: World | None = None,
        *,
        latency: Latency = 0.0,
        limit: Limit | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.world = World() if world is None else world
        if limit is not None:
            self.world.limit = limit
        self.latency = latency
        self.faults = faults
        self._clock = anyio.current_time
        self._started = None
        self._last = 0.0

    @property
    def log(self) -> list[LoggedRequest]:
        """Every request that arrived, in order."""
        return self.world.log

    def start(self) -> None:
        """Begin the world's time now, if it has not begun."""
        if self._started is None:
            self._started = self._clock()

    def now(self) -> float:
        """Return the world's time in seconds: 0 until it begins.

        Where no event loop runs and no server keeps the time, it is the time of the latest request.
        """
        if self._started is None:
            return self._last
        try:
            return self._clock() - self._started
        except RuntimeError:
            return self._last

    def keep_time(self, clock: Callable[[], float]) -> None:
        """Take the time from ``clock`` instead of the running event loop; a server does this.

        The world's time goes on from where it is.
        """
        if self._started is not None:
            self._started = clock() - self.now()
        self._clock = clock

    async def exchange(self, request: SimRequest) -> Delivery:
        """Carry one request into the world and its answer out; the doors call this.

        Returns:
            What the client gets, and how.
        """
        self.start()
        latency = self.latency if isinstance(self.latency, (int, float)) else self.latency(request, self.now())
        await anyio.sleep(latency / 2)
        delivery = self.receive(request, self.now())
        await anyio.sleep(latency / 2)
        return delivery

    def receive(self, request: SimRequest, now: float) -> Delivery:
        """Answer a request that has arrived, with whatever goes wrong; never waits."""
        self._last = now
        fault = None if self.faults is None else self.faults(request, now)
        if fault is None:
            return Delivery.of(self.world.handle(request, now))
        if fault.reaches_world:
            return fault.deliver(self.world.handle(request, now))
        delivery = fault.deliver(SimResponse(status=200))
        self.world.record(request, now, delivery.status)
        return delivery

    def transport(self, library: Literal["httpx", "httpx2"] = "httpx") -> Any:
        """Return a transport that leads into this simulator without a network.

        Args:
            library: The HTTP library that will use it.

        Raises:
            ImportError: ``httpx2`` is asked for and not installed.
        """
        from pictory_async.testing._transport import make_transport  # noqa: PLC0415 - an HTTP library costs too much to import for a plugin

        return make_transport(self, library)

    def client(self, **options: Any) -> AsyncPictory:
        """Return a client of this simulated account.

        Args:
            options: Passed on to `pictory_async.AsyncPictory`.
        """
        from pictory_async import AsyncPictory  # noqa: PLC0415 - the client needs this only when it is asked for

        settings: dict[str, Any] = {"api_key": self.world.api_key, "base_url": BASE_URL}
        settings.update(options)
        if "http" not in settings:
            settings["http"] = self.transport()
        return AsyncPictory(**settings)
