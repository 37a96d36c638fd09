"""The budget counts what is written: slow connections and a busy event loop cannot push requests together."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from hypothesis import given, settings, strategies as st

from pictory_async import Priority, RateLimiter
from pictory_async._http.engine import Engine
from pictory_async._http.messages import Request
from pictory_async._limits.pace import Pace
from pictory_async._limits.slots import RequestSlots
from tests._virtual import virtual_time
from tests.lab.budgets._memory import busiest
from tests.test_limiter import paces

if TYPE_CHECKING:
    from collections.abc import Callable


@given(paces(), st.lists(st.floats(0.0, 5.0), max_size=600))
@settings(max_examples=200)
def test_a_pace_of_writes_keeps_the_promise_too(pace: Pace, gaps: list[float]) -> None:
    """It has the same spacing, and is only more lenient with writes that are late."""
    writes, now, taken = Pace(pace.rate, pace.per, pace.burst, writes=True), 1000.0, []
    assert pytest.approx(pace.spacing) == writes.spacing
    for gap in gaps:
        now += gap * pace.spacing
        if writes.take(now):
            taken.append(now)
    assert busiest(taken, pace.per) <= pace.rate


async def send(limiter: RateLimiter, requests: int, delay: Callable[[], float]) -> list[float]:
    """Send requests as a client does, each with a delay between grant and write, and return when they were written."""
    written: list[float] = []

    async def one() -> None:
        granted_at = await limiter.acquire(Priority.POLL)
        await anyio.sleep(delay())
        while not limiter.confirm(granted_at):
            granted_at = await limiter.acquire(Priority.INTERACTIVE)
        written.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        for _ in range(requests):
            tasks.start_soon(one)
    return written


@virtual_time
class TestWrites:
    """Grants and writes of a limiter."""

    pytestmark = pytest.mark.anyio

    @pytest.mark.parametrize("burst", [1, 10, 40])
    @pytest.mark.parametrize("slowest", [0.001, 0.3, 5.0, 90.0])
    async def test_no_window_of_writes_holds_more_than_the_rate(self, burst: int, slowest: float) -> None:
        """Whatever happens between grant and write, no closed window holds more than ``rate`` writes."""
        for seed in range(3):
            chance = random.Random(seed)
            limiter = RateLimiter(40, 10.0, burst)
            written = await send(limiter, 400, lambda chance=chance: chance.uniform(0.0, slowest))  # type: ignore[misc]
            assert 400 == len(written)
            assert busiest(written, 10.0) <= 40

    async def test_a_changing_pace_keeps_the_promise(self) -> None:
        """Refusals, pauses and idle times in between change nothing."""
        chance = random.Random(1)
        limiter = RateLimiter(20, 5.0, 10)
        written: list[float] = []
        for _ in range(60):
            written += await send(limiter, chance.randrange(60), lambda: chance.choice([0.0, 0.2, 2.0]))
            match chance.randrange(4):
                case 0:
                    limiter.refused(anyio.current_time())
                case 1:
                    limiter.pause(chance.uniform(0.0, 3.0))
                case 2:
                    await anyio.sleep(chance.choice([1.0, 700.0]))
                case _:
                    limiter.accepted(anyio.current_time())
        assert busiest(written, 5.0) <= 20

    @pytest.mark.parametrize("burst", [1, 10])
    @pytest.mark.parametrize("delay", [0.3, 2.0])
    async def test_slow_connections_waste_no_grant(self, burst: int, delay: float) -> None:
        """With a new connection for each request, which takes its time, the pace is the nominal one."""
        limiter = RateLimiter(300, 60.0, burst)
        began = anyio.current_time()
        written = await send(limiter, 600, lambda: delay)
        spacing = (written[-1] - began - delay) / 600
        assert spacing < 1.01 / limiter.statistics().pace
        assert limiter.statistics().granted < 612

    async def test_connections_of_any_slowness_waste_few(self) -> None:
        """If some are slow and some are quick, nearly the nominal pace is left."""
        chance = random.Random(3)
        limiter = RateLimiter(300, 60.0, 10)
        began = anyio.current_time()
        written = await send(limiter, 600, lambda: chance.choice([0.0, 0.05, 0.3, 1.0]))
        assert (written[-1] - began) / 600 < 1.05 / limiter.statistics().pace

    async def test_a_stall_does_not_bunch_requests(self) -> None:
        """What was granted during a stall of the event loop leaves with no new burst."""
        limiter = RateLimiter(10, 5.0, 5)
        began = anyio.current_time()
        written = await send(limiter, 30, lambda: max(0.0, began + 1.2 - anyio.current_time()))
        assert busiest(written, 5.0) <= 10

    async def test_nothing_is_written_in_a_pause(self) -> None:
        """A grant from before the pause has to wait as the others do."""
        limiter = RateLimiter(10, 1.0, 5)
        granted_at = await limiter.acquire()
        limiter.pause(30.0)
        assert not limiter.confirm(granted_at)
        began = anyio.current_time()
        assert limiter.confirm(await limiter.acquire())
        assert anyio.current_time() - began >= 30.0

    async def test_an_idle_day_ends_at_the_nominal_pace(self) -> None:
        """However slow the client was when it stopped, the first requests after an idle time do not have to wait."""
        limiter = RateLimiter(300, 60.0, 10)
        nominal = limiter.statistics().pace
        while limiter.statistics().pace > nominal / 3.0:
            limiter.accepted(await limiter.acquire())
            await anyio.sleep(0.1)
            limiter.refused(await limiter.acquire())
        assert limiter.statistics().pace < nominal / 2.0
        await anyio.sleep(86_400.0)
        began = anyio.current_time()
        await send(limiter, 10, lambda: 0.0)
        assert began == anyio.current_time()
        assert pytest.approx(nominal) == limiter.statistics().pace

    async def test_a_short_rest_does_not_raise_the_pace(self) -> None:
        """Five minutes without requests prove nothing yet; seven raise it by a part."""
        for idle, raised in ((300.0, False), (420.0, True)):
            limiter = RateLimiter(300, 60.0, 10)
            await limiter.acquire()
            limiter.refused(anyio.current_time())
            pace = limiter.statistics().pace
            await anyio.sleep(idle)
            await limiter.acquire()
            assert raised is (limiter.statistics().pace > pace)


class Slow(httpx.AsyncBaseTransport):
    """Opens a connection for each request, which takes its time, and notes when it writes.

    Attributes:
        written: When each request was written.
    """

    def __init__(self, delay: Callable[[], float], written: list[float]) -> None:
        self.delay = delay
        self.written = written

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        trace = request.extensions["trace"]
        await trace("connection.connect_tcp.started", {})
        await anyio.sleep(self.delay())
        await trace("http11.send_request_headers.started", {"request": SimpleNamespace(method=b"GET", extensions={})})
        self.written.append(anyio.current_time())
        return httpx.Response(200)


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize("burst", [1, 10])
@pytest.mark.parametrize("slowest", [0.3, 3.0])
async def test_an_engine_sends_no_more_than_the_rate(burst: int, slowest: float) -> None:
    """With a server that closes each connection, the server's own log holds no more than the rate in any window."""
    chance = random.Random(1)
    written: list[float] = []
    limiter = RateLimiter(40, 10.0, burst)
    engine = Engine(httpx, lambda _: Slow(lambda: chance.uniform(0.1, slowest), written), RequestSlots(32, 8))

    async def poll() -> None:
        await engine.send(Request("GET", "http://x/p", "/p", "it", [], 5.0), Priority.POLL, limiter)

    async with anyio.create_task_group() as tasks:
        for _ in range(300):
            tasks.start_soon(poll)
    assert 300 == len(written) == engine.statistics().sent
    assert busiest(written, 10.0) <= 40
    if burst > 1:
        assert (written[-1] - written[0]) / 299 < 1.05 / limiter.statistics().pace
    await engine.aclose()
