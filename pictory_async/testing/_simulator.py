"""`Simulator`: a world with a clock, a latency and faults, which clients can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import anyio
import attrs

from pictory_async import AsyncPictory
from pictory_async._settings.key import ApiKey
from pictory_async.testing._faults import Delivery, Fault
from pictory_async.testing._messages import NOWHERE, SimRequest, SimResponse
from pictory_async.testing._transport import make_transport
from pictory_async.testing.world import World

if TYPE_CHECKING:
    from pictory_async.testing._limits import Limit
    from pictory_async.testing._log import LoggedRequest

BASE_URL = f"{NOWHERE}/pictoryapis"

Latency = float | Callable[[SimRequest, float], float]
Faults = Callable[[SimRequest, float], Fault | None]


@attrs.define(init=False, eq=False)
class Simulator:
    """A simulated Pictory API for tests and demos, used with or without a network.

    Its time begins with the first request, or with `start`. In one process it is the time of the event loop, so
    with a virtual clock (trio's ``MockClock``) a render of 30 minutes takes milliseconds. Use a simulator in one
    event loop only. With a `ServerThread`, clients in any number of event loops and threads can use it, and its
    time is the time of the server.

    Args:
        world: The account; an empty one if None.
        latency: Seconds from sending a request to receiving its response: half of it before the request arrives,
            half of it after. A function of the request and the time sets it for each request.
        limit: The request limit; it replaces the limit of the world.
        faults: Called for every request that arrives, with the request and the time; returns what goes wrong with
            it, or None.
        connect: Seconds that opening a connection takes. If it is not 0, each request has a connection of its own, and
            the request is sent when that is open.
    """

    world: World
    latency: Latency
    faults: Faults | None
    connect: float
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
        connect: float = 0.0,
    ) -> None:
        self.world = World() if world is None else world
        if limit is not None:
            self.world.limit = limit
        self.latency = latency
        self.faults = faults
        self.connect = connect
        self._clock = anyio.current_time
        self._started = None
        self._last = 0.0

    @property
    def log(self) -> list[LoggedRequest]:
        """Every request that arrived, in order."""
        return self.world.log

    def start(self) -> None:
        """Begin the world's time now, unless it has begun already."""
        if self._started is None:
            self._started = self._clock()

    def now(self) -> float:
        """Return the world's time in seconds; 0 until it begins.

        Outside of an event loop, and without a server, it is the time of the last request.
        """
        if self._started is None:
            return self._last
        try:
            return self._clock() - self._started
        except RuntimeError:
            return self._last

    def keep_time(self, clock: Callable[[], float]) -> None:
        """Take the time from ``clock`` instead of the running event loop; servers call this.

        The world's time continues from its present value.

        Args:
            clock: Returns the time in seconds since any fixed moment.
        """
        if self._started is not None:
            self._started = clock() - self.now()
        self._clock = clock

    async def exchange(self, request: SimRequest) -> Delivery:
        """Pass a request to the world and return its response, after the latency; transports and servers call this.

        Returns:
            What the client receives, and how.
        """
        self.start()
        latency = self.latency if isinstance(self.latency, (int, float)) else self.latency(request, self.now())
        await anyio.sleep(latency / 2)
        delivery = self.receive(request, self.now())
        await anyio.sleep(latency / 2)
        return delivery

    def receive(self, request: SimRequest, now: float) -> Delivery:
        """Return the response to a request that has arrived, with its fault if it has one; never waits.

        Args:
            request: The request.
            now: When it arrives, in seconds of the world's time.
        """
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
        """Return a transport that leads into this simulator, without a network.

        Args:
            library: The HTTP library that uses it.

        Raises:
            ImportError: ``library`` is not installed.
            ValueError: ``library`` is neither ``"httpx"`` nor ``"httpx2"``.
        """
        return make_transport(self, library)

    def client(self, **options: Any) -> AsyncPictory:
        """Return a client of this simulated account.

        Args:
            options: Passed to `pictory_async.AsyncPictory`; they replace the simulator's own.
        """
        # An error of the client must not show the key: tracebacks can show variables.
        key = ApiKey(options.pop("api_key", self.world.api_key))
        own: dict[str, Any] = {"api_key": key, "base_url": BASE_URL, "http": self.transport()}
        return AsyncPictory(**own | options)
