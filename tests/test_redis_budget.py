"""A request budget in Redis or Valkey: real servers, real processes, judged by the log of the API's server."""

from __future__ import annotations

import math
import os
import random
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
import attrs
import pytest

from pictory_async import BudgetTerms, RateLimiter, RedisBudget, Secret, SharedPace
from pictory_async._limits.redis_budget import _read
from pictory_async._limits.redis_script import SCRIPT, script_arguments
from pictory_async._limits.window import SharedWindow
from pictory_async.errors import ConnectionFailedError, PictoryConfigError, PictoryError
from pictory_async.testing import Simulator, World, virtual_time
from tests._redis import SERVERS, RedisServer
from tests.lab.budgets._memory import busiest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anyio.abc import SocketStream

redis = pytest.importorskip("redis", reason="the extra redis is not installed")
redis_asyncio = pytest.importorskip("redis.asyncio")

TERMS = BudgetTerms(100, 10.0, 10)
NOMINAL = SharedPace()
ASYNCIO = pytest.mark.parametrize("anyio_backend", ["asyncio"])
WORKERS, REQUESTS = (8, 2000) if os.environ.get("PICTORY_ASYNC_BUDGET") else (4, 240)

# Sends requests whose path says when they were written, by a clock that all processes have. The clock of its wall is
# wrong by an hour.
WORKER = """
import sys, time
real = time.time
time.time = lambda: real() + float(sys.argv[5])
import anyio, httpx
from pictory_async import RateLimiter, RedisBudget
from pictory_async.errors import ConnectionFailedError

async def main(url, base_url, requests, rate):
    async with RedisBudget(url, "workers") as budget, httpx.AsyncClient() as client:
        limiter = RateLimiter(rate, 1.0, 5, shared=budget)
        async def send(count):
            while count:
                try:
                    confirmed = limiter.confirm(await limiter.acquire())
                except ConnectionFailedError:
                    await anyio.sleep(0.05)
                    continue
                if confirmed:
                    count -= 1
                    await client.get(f"{base_url}/v2/projects/{time.monotonic_ns()}")
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(send, requests // 4)

anyio.run(main, sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
"""


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A server of each kind."""
    with RedisServer(tmp_path, request.param) as running:
        yield running


@pytest.fixture
def known(server: RedisServer) -> RedisServer:
    """A server whose budget has been used, long ago: it has a burst."""
    key = RedisBudget(server.url, "workers")._key
    with redis.Redis.from_url(server.url) as client:
        client.eval(at_time("'1000'"), 1, key, *script_arguments("lease", TERMS, 1, 0.0, NOMINAL))
    return server


def at_time(seconds: str) -> str:
    """The script, with another clock."""
    assert "redis.call('TIME')" in SCRIPT
    return SCRIPT.replace("redis.call('TIME')", f"{{{seconds}, '0'}}")


def test_the_script_computes_what_the_window_does(server: RedisServer) -> None:
    """For the same calls at the same times, the script answers what `SharedWindow` does."""
    chance = random.Random(7)
    script = at_time("ARGV[16]")
    window, now = SharedWindow(), 1_700_000_000.0
    marks: list[tuple[int, int, str]] = []
    with redis.Redis.from_url(server.url) as client:
        for turn in range(400):
            now = round(now + chance.choice([0.0, 0.03, 0.3, 3.0]) * chance.random(), 6)
            now -= 5000.0 * (turn % 50 == 49)  # the clock is set back
            if not turn:
                window.forget(now, TERMS)
            slots, value = chance.randint(1, 12), chance.choice([math.inf, 0.0, 0.2])
            steps = window.pace.steps + chance.choice([0, 0, 0, 0, 1])
            progress = window.pace.progress + chance.choice([0.0, 0.3])
            share = 1.0 if progress > 1.5 else chance.uniform(0.1, 0.99)
            pace = chance.choice([NOMINAL, SharedPace(steps, progress, share, 0.3, 0.7, 0.5)])
            operation = chance.choice(["lease", "lease", "lease", "report", "give back"] if marks else ["lease"])
            mark, returned, epoch = chance.choice(marks) if operation == "give back" else (0, 0, "")
            sent = {"lease": value, "report": chance.random(), "give back": float(mark)}[operation]
            count = returned if operation == "give back" else slots
            arguments = script_arguments(operation, TERMS, count, sent, pace, epoch)
            answer = client.eval(script, 1, "key", *arguments, repr(now))
            if operation == "give back":
                window.give_back(TERMS, mark, returned)
                continue
            if operation == "report":
                found, expected = SharedPace(), window.report(now, TERMS, sent, pace)
            else:
                lease = window.lease(now, TERMS, slots, value, pace)
                assert (int(answer[1]), int(float(answer[3]))) == (lease.slots, lease.mark)
                assert float(answer[2]) == pytest.approx(lease.starts_in, abs=1e-5)
                expected = lease.pace
                if lease.slots:
                    marks.append((lease.mark, chance.randint(1, lease.slots), answer[0].decode()))
            found = SharedPace(int(float(answer[4])), *map(float, answer[5:]))
            assert [*attrs.astuple(found)] == pytest.approx([*attrs.astuple(expected)], abs=1e-5)


def test_processes_stay_within_one_budget_whatever_happens(server: RedisServer) -> None:
    """Workers whose clocks differ by an hour keep the budget, while one is killed, and the server is killed too."""
    module = pytest.importorskip(
        "pictory_async.testing.server", reason="the extra simulator is not installed", exc_type=ImportError
    )
    world, rate = World(), 200 if WORKERS == 4 else 300
    each = str(REQUESTS // WORKERS)
    with module.ServerThread(Simulator(world)) as api:
        workers = []
        for number in range(WORKERS):
            skew = str(3600 * (number % 2))
            command = [sys.executable, "-c", WORKER, server.url, api.base_url, each, str(rate), skew]
            workers.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        reached = [REQUESTS // 6, REQUESTS // 3]
        killed = threading.Event()
        while any(worker.poll() is None for worker in workers):
            if len(world.log) >= reached[0]:
                workers[0].kill()
            if len(world.log) >= reached[1] and not killed.is_set():
                killed.set()
                server.kill()
                server.start()
            killed.wait(0.01) if not killed.is_set() else workers[1].wait()
        errors = "".join(worker.communicate()[1] for worker in workers)
    assert [-signal.SIGKILL, *[0] * (WORKERS - 1)] == [worker.returncode for worker in workers], errors
    written = [int(entry.path.rpartition("/")[2]) / 1e9 for entry in world.log]
    assert len(written) >= REQUESTS * (WORKERS - 1) // WORKERS
    assert busiest(written, 1.0) <= rate


@ASYNCIO
class TestTheServer:
    """What is asked of it, and what it knows."""

    pytestmark = pytest.mark.anyio

    async def test_two_budgets_of_one_name_are_one(self, known: RedisServer) -> None:
        """What one takes, the other does not have; what is given back, it has; and the pause is that of both."""
        async with RedisBudget(known.url, "workers") as one, RedisBudget(Secret(known.url), "workers") as other:
            lease = await one.lease(TERMS, 10, 0.0, NOMINAL)
            assert (lease.slots, lease.starts_in, lease.lasts) == (10, 0.0, 0.2)
            await one.give_back(TERMS, attrs.evolve(lease, epoch="another"), 8)
            assert not (await other.lease(TERMS, 8, 0.0, NOMINAL)).slots
            await one.give_back(TERMS, lease, 8)
            assert (await other.lease(TERMS, 8, 0.0, NOMINAL)).slots == 8
            lowered = SharedPace(steps=1, share=0.5, start=0.5, peak=0.9)
            assert (await other.report(TERMS, 60.0, lowered)).share == 0.5
            paused = await one.lease(TERMS, 1, math.inf, NOMINAL)
            assert paused.slots == 0
            assert paused.pace.share == 0.5
            assert 50.0 < paused.starts_in <= 60.0

    async def test_the_key_is_not_there(self, server: RedisServer) -> None:
        """The server has one key, named by a hash, that expires; another name or prefix is another budget."""
        async with RedisBudget(server.url, "pictai_secret") as one, RedisBudget(server.url, "b", prefix="mine") as two:
            await one.lease(TERMS, 1, math.inf, NOMINAL)
            await two.lease(TERMS, 1, math.inf, NOMINAL)
        async with redis_asyncio.Redis.from_url(server.url) as client:
            keys = sorted([key.decode() for key in await client.keys()])
            assert [key.rpartition(":")[0] for key in keys] == ["mine:budget:1", "pictory:budget:1"]
            assert "pictai" not in str([await client.hgetall(key) for key in keys] + keys)
            assert await client.ttl(keys[0]) > 600_000

    async def test_a_budget_that_the_server_forgot(self, known: RedisServer) -> None:
        """A server that was started again, or lost the key, gives nothing out at first, and then no burst."""
        limiter = RateLimiter(100, 10.0, 10, shared=RedisBudget(known.url, "workers"))
        budget: Any = limiter._grants._shared  # type: ignore[attr-defined]
        async with budget:
            assert (await budget.lease(TERMS, 2, 0.0, NOMINAL)).slots == 2
            known.kill()
            known.start()
            lease = await budget.lease(TERMS, 5, math.inf, NOMINAL)  # over a new connection
            assert lease.slots == 0
            assert lease.starts_in == pytest.approx(TERMS.ahead + TERMS.spacing)

    @pytest.mark.parametrize("field", ["due", "not_before", "asked", "count", "share", "epoch", "check"])
    async def test_a_state_that_was_changed(self, known: RedisServer, field: str) -> None:
        """Whatever was written into the hash, the budget begins with a wait and no burst, and then goes on."""
        async with RedisBudget(known.url, "workers") as budget, redis_asyncio.Redis.from_url(known.url) as client:
            before = await budget.lease(TERMS, 2, 0.0, NOMINAL)
            assert before.slots == 2
            lost = before
            for value in ("nan", "inf", "1e300", "-5", "xx"):
                await client.hset(budget._key, field, value)
                lost = await budget.lease(TERMS, 10, math.inf, NOMINAL)
                assert (lost.slots, lost.pace) == (0, NOMINAL)
                assert lost.starts_in == pytest.approx(TERMS.ahead + TERMS.spacing)
            again = await budget.lease(TERMS, 10, math.inf, NOMINAL)
            assert (again.slots, again.epoch) == (0, lost.epoch)

    async def test_one_round_trip_for_a_lease(self, known: RedisServer) -> None:
        """A burst of ten callers is one command; a limiter that is not used opens no connection."""
        async with RedisBudget(known.url, "workers") as budget, redis_asyncio.Redis.from_url(known.url) as client:
            before = (await client.info("clients"))["connected_clients"]
            limiter = RateLimiter(100, 10.0, 10, shared=budget)
            assert before == (await client.info("clients"))["connected_clients"]
            await limiter.acquire()
            commands = (await client.info("stats"))["total_commands_processed"]
            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(limiter.acquire)
            after = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
            assert after <= 4
            assert commands > 0


@ASYNCIO
class TestOutages:
    """What happens while the server is out of reach."""

    pytestmark = pytest.mark.anyio

    async def test_a_call_fails_and_says_why(self, tmp_path: Path) -> None:
        """Without a server, calls get an error that names it without its password; they go on when it is back."""
        with RedisServer(tmp_path, "redis-server", "--requirepass", "sesame") as locked:
            url = locked.url.replace("redis://", "redis://default:sesame@")
            async with RedisBudget(f"{url}?socket_connect_timeout=1", "a") as budget:
                await budget.lease(TERMS, 1, math.inf, NOMINAL)
                locked.kill()
                for _ in range(2):  # the second one at once, without another try
                    with pytest.raises(ConnectionFailedError, match="out of reach") as caught:
                        await budget.lease(TERMS, 1, math.inf, NOMINAL)
                    assert f"redis://127.0.0.1:{locked.port}/0" in str(caught.value)
                    assert "sesame" not in str(caught.value) + repr(budget)
                    assert not caught.value.sent
                locked.start()
                await budget.aclose()  # or a quarter of a second later
                await budget.lease(TERMS, 1, math.inf, NOMINAL)
            async with RedisBudget(locked.url, "a") as stranger:
                with pytest.raises(ConnectionFailedError, match=r"authenticated|Authentication required"):
                    await stranger.lease(TERMS, 1, math.inf, NOMINAL)

    async def test_a_server_that_did_not_answer_is_asked_again_later(self, tmp_path: Path) -> None:
        """A quarter of a second after a failure, or after a new start, and not before, whatever the machine's clock."""

        async def refused(why: str) -> None:
            with pytest.raises(ConnectionFailedError, match=why):
                await budget.lease(TERMS, 1, math.inf, NOMINAL)

        async def ask() -> None:
            await refused("No such file")
            path.touch()
            await anyio.sleep(0.2)
            await refused("No such file")
            await anyio.sleep(0.1)
            await refused("refused")
            path.unlink()

        path = tmp_path / "redis.sock"
        budget = RedisBudget(f"unix://{path}", "a")
        for _ in range(2):  # the clock of the second event loop is behind that of the first
            await anyio.to_thread.run_sync(lambda: anyio.run(ask, backend_options={"loop_factory": virtual_time}))

    async def test_alone_with_a_fraction(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """With ``share``, the process goes on with its fraction and says so."""
        server = RedisServer(tmp_path)
        async with RedisBudget(server.url, "a", on_outage="share", fraction=0.25) as budget:
            assert (await budget.lease(TERMS, 5, 0.0, NOMINAL)).slots == 1
            assert (await budget.lease(TERMS, 5, math.inf, NOMINAL)).starts_in == pytest.approx(0.45, abs=0.05)
        assert "This process uses 25 % of it alone" in caplog.text

    async def test_an_answer_that_is_none(self) -> None:
        """What cannot be an answer of a budget, such as a number of a server that is not Redis, is none."""

        async def answer(stream: SocketStream) -> None:
            async with stream:
                async for data in stream:
                    await stream.send(b":5\r\n" * len(re.findall(rb"(?:^|\n)\*\d", data)))

        async with (
            await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, answer)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            async with RedisBudget(f"redis://127.0.0.1:{port}/0", "workers") as budget:
                with pytest.raises(ConnectionFailedError, match="out of reach: its answer is not that of a budget"):
                    await budget.lease(TERMS, 1, math.inf, NOMINAL)
            tasks.cancel_scope.cancel()
        nonsense: list[Any] = [b"OK", 5, None, [], [5], [b"a", b"b"], [b"a", 1, b"1", b"1", b"1", b"0", b"7"]]
        nonsense.append([b"a", 1, b"inf", b"1", b"0", b"0", b"1", b"1", b"1", b"0"])
        for answer in nonsense:
            with pytest.raises((ValueError, TypeError)):
                _read(answer, TERMS)

    async def test_another_event_loop_has_its_own_connection(self, known: RedisServer) -> None:
        """One object is used in one event loop after another; a connection is opened in each."""
        budget = RedisBudget(known.url, "workers")

        async def use() -> int:
            async with budget:
                return (await budget.lease(TERMS, 1, 1.0, NOMINAL)).slots

        assert await anyio.to_thread.run_sync(anyio.run, use) == 1
        assert await use() == 1
        await budget.aclose()


@pytest.mark.parametrize(
    ("url", "options", "why"),
    [
        ("http://127.0.0.1", {}, "url must be the address of a Redis server"),
        ("redis://", {}, "url must be"),
        ("redis://h:99999999", {}, "url must be"),
        ("redis://h", {"prefix": ""}, "prefix must be"),
        ("redis://h", {"on_outage": "share"}, "fraction belongs to"),
        ("", {}, "A secret is text"),
    ],
)
def test_arguments(url: str, options: dict[str, Any], why: str) -> None:
    """What cannot work is refused at once, without repeating an address that may have a password."""
    with pytest.raises(PictoryConfigError, match=why):
        RedisBudget(url, "a", **options)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rediss://me:secret@[::1]:6380/2?ssl_cert_reqs=none", "rediss://[::1]:6380/2"),
        ("unix://me:secret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("redis://cache.example.com", "redis://cache.example.com"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    """A budget is printed without user, password and settings."""
    assert f"RedisBudget({shown!r})" == repr(RedisBudget(url, "a"))


def test_trio() -> None:
    """On trio there is a clear error, from the first call."""
    budget = RedisBudget("redis://127.0.0.1:1", "a")
    with pytest.raises(PictoryError, match="needs asyncio"):
        anyio.run(budget.lease, TERMS, 1, 0.0, NOMINAL, backend="trio")


def test_the_extra() -> None:
    """Without the extra, the error names the command that installs it."""
    program = """
import sys
sys.modules["redis"] = None
from pictory_async import RedisBudget
try:
    RedisBudget("redis://h", "a")
except ValueError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == 'RedisBudget needs an extra: pip install "pictory-async[redis]"\n'
