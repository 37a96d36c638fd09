"""Connections: bounded, reused, given back whatever happens, over every HTTP library."""

from __future__ import annotations

import gzip
import importlib
import importlib.util
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import AsyncPictory, Priority, RateLimiter, RetryPolicy, errors
from pictory_async._http.engine import KEEPALIVE, Engine
from pictory_async._http.messages import MAX_BODY, Request
from pictory_async._limits.slots import RequestSlots
from pictory_async.testing import BASE_URL, Answer, Refuse, Render, Reset, Simulator, Stall, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing import SimRequest

pytestmark = pytest.mark.anyio

HAS_HTTPX2 = importlib.util.find_spec("httpx2") is not None
if HAS_HTTPX2:
    importlib.import_module("httpx2")  # here, because importing blocks
LIBRARIES = [
    "httpx",
    pytest.param("httpx2", marks=pytest.mark.skipif(not HAS_HTTPX2, reason="the extra httpx2 is not installed")),
]
ONCE = RetryPolicy(attempts=1)
JSON = {"content-type": "application/json"}


class Failing(httpx.AsyncBaseTransport):
    """Fails to send anything."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self.error


class Telling(httpx.AsyncBaseTransport):
    """Says when it writes, as httpx's own transport does, some time after it was called, and as often as it is told."""

    def __init__(self, *delays: float) -> None:
        self.delays = delays

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for delay in self.delays:
            await anyio.sleep(delay)
            info = {"request": SimpleNamespace(method=b"GET", extensions=request.extensions)}
            await request.extensions["trace"]("http11.send_request_headers.started", info)
        return httpx.Response(200, json={"projectName": "x"})


class Lone(httpx.AsyncBaseTransport):
    """Answers every request with nothing."""

    def __init__(self) -> None:
        self.schemes: list[str] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.schemes.append(request.url.scheme)
        return httpx.Response(200)

    async def aclose(self) -> None:
        self.closed = True


def lone_engine(made: list[Lone]) -> Engine:
    """Make an engine whose connections are put into a list."""

    def make(_tls: object) -> Lone:
        made.append(Lone())
        return made[-1]

    return Engine(httpx, make, RequestSlots(2, 0))


def request_of(scheme: str) -> Request:
    """Make a request for a project."""
    return Request("GET", f"{scheme}://x/p", "/p", "project 'p'", [])


def budget() -> RateLimiter:
    """Make a budget that does not matter."""
    return RateLimiter(10_000, 1.0, 1000)


@pytest.fixture
def world() -> World:
    world = World()
    world.add_project(Render(-100.0, duration=10.0), project_id="p")
    return world


@virtual_time
@pytest.mark.parametrize("library", LIBRARIES)
class TestAnswers:
    """What an exchange can come to."""

    def client(self, world: World, library: str, fault: Any = None, **options: Any) -> AsyncPictory:
        """Make a client of a simulator in which every request meets a fault."""
        simulator = Simulator(world, faults=lambda _request, _now: fault)
        settings: dict[str, Any] = {"limiter": budget(), "retry": ONCE, "http": simulator.transport(library)}  # type: ignore[arg-type]
        return simulator.client(**{**settings, **options})

    async def test_a_whole_answer_is_read(self, world: World, library: str) -> None:
        """A project comes back over either library."""
        async with self.client(world, library) as client:
            assert (await client.projects.get("p")).is_rendered

    @pytest.mark.parametrize(("fault", "sent"), [(Refuse(), False), (Reset(), True)])
    async def test_a_broken_connection_is_our_error(self, world: World, library: str, fault: Any, sent: bool) -> None:
        """The error says whether the request can have arrived, and holds none of the library's objects."""
        async with self.client(world, library, fault) as client:
            with pytest.raises(errors.ConnectionFailedError, match="GET /v2/projects/p failed") as caught:
                await client.projects.get("p")
        assert caught.value.sent is sent
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
        assert isinstance(caught.value, ConnectionError)

    @pytest.mark.parametrize("after", [None, 10])
    async def test_a_request_has_a_wall_clock_limit(self, world: World, library: str, after: int | None) -> None:
        """However the server stalls, the request ends after ``timeout`` seconds."""
        async with self.client(world, library, Stall(after), timeout=7) as client:
            began = anyio.current_time()
            with pytest.raises(errors.RequestTimeoutError, match="did not complete within 7 s") as caught:
                await client.projects.get("p")
            assert anyio.current_time() - began == pytest.approx(7.0)
        assert (7.0, True) == (caught.value.timeout, caught.value.sent)

    async def test_compressed_answers_are_read(self, world: World, library: str) -> None:
        """An answer that is compressed as asked for is unpacked."""
        answer = Answer(200, {"content-encoding": "gzip"}, gzip.compress(b'{"projectName": "Zipped"}'))
        async with self.client(world, library, answer) as client:
            assert (await client.projects.get("p")).name == "Zipped"

    @pytest.mark.parametrize(
        ("headers", "body", "problem"),
        [
            ({"content-encoding": "gzip"}, b"not gzip", "broken gzip"),
            ({"content-encoding": "gzip"}, gzip.compress(b"{}" * 100, mtime=0)[:-12], "cut off"),
            ({"content-encoding": "gzip"}, gzip.compress(bytes(MAX_BODY + 1), mtime=0), "decompressed"),
            ({"content-encoding": "br"}, b"x", "not asked for"),
            ({"content-encoding": "gzip,gzip,gzip"}, b"x", "not asked for"),
            ({}, bytes(MAX_BODY + 1), "larger than"),
            ({}, b"<html>", "JSON"),
            ({}, b"", "empty"),
        ],
        ids=["broken", "cut-off", "bomb", "unasked", "layers", "oversized", "html", "empty"],
    )
    async def test_an_unusable_body_is_malformed(
        self, world: World, library: str, headers: dict[str, str], body: bytes, problem: str
    ) -> None:
        """Broken compression, a bomb, an oversized body or no JSON is one clear error."""
        async with self.client(world, library, Answer(200, headers, body)) as client:
            with pytest.raises(errors.MalformedResponseError, match=problem) as caught:
                await client.projects.get("p")
        assert caught.value.json_path == "$"
        assert not caught.value.from_api

    @pytest.mark.parametrize(
        ("coding", "layers"),
        [
            ("identity", 0),
            ("Identity", 0),
            ("", 0),
            ("utf-8", 0),
            ("aws-chunked", 0),
            ("x-gzip", 1),
            ("GZIP", 1),
            ("gzip, identity", 1),
            ("aws-chunked,gzip", 1),
            ("gzip, gzip", 2),
        ],
    )
    async def test_codings_as_servers_write_them(self, world: World, library: str, coding: str, layers: int) -> None:
        """A list of codings is undone, and what is no coding changes nothing."""
        body = b'{"projectName": "Plain"}'
        for _ in range(layers):
            body = gzip.compress(body)
        async with self.client(world, library, Answer(200, {"content-encoding": coding}, body)) as client:
            assert (await client.projects.get("p")).name == "Plain"

    async def test_gzip_may_have_several_members(self, world: World, library: str) -> None:
        """Members one after the other are one body, with zeros behind them or not; a cut one is an error."""
        members = [gzip.compress(part) for part in (b'{"projectName":', b"", b'"Plain"}')]
        headers = {"content-encoding": "gzip"}
        async with self.client(world, library, Answer(200, headers, b"".join(members) + bytes(9))) as client:
            assert (await client.projects.get("p")).name == "Plain"
        async with self.client(world, library, Answer(200, headers, b"".join(members)[:-3])) as client:
            with pytest.raises(errors.MalformedResponseError, match="cut off"):
                await client.projects.get("p")
        async with self.client(world, library, Answer(200, headers, members[1] * 10_001)) as client:
            with pytest.raises(errors.MalformedResponseError, match="broken"):
                await client.projects.get("p")


@virtual_time
class TestTheGate:
    """Requests in flight are few and in order."""

    async def test_requests_in_flight_are_bounded(self, world: World) -> None:
        """However many calls are made at once, no more than 32 are in flight, and polls leave 8 places free."""
        most: dict[str, int] = {"calls": 0, "polls": 0}

        def watch(client: AsyncPictory, key: str) -> None:
            most[key] = max(most[key], client.statistics().http.busy)

        simulator = Simulator(world, latency=1.0)
        async with simulator.client(limiter=budget()) as client, anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(client.projects.get, "p")
            for _ in range(40):
                await anyio.sleep(0.1)
                watch(client, "calls")
        ids = [world.add_project(Render(0.0, duration=1000.0)) for _ in range(100)]
        async with simulator.client(limiter=budget()) as client, client.projects.watch(ids):
            for _ in range(40):
                await anyio.sleep(0.1)
                watch(client, "polls")
        assert most == {"calls": 32, "polls": 24}

    async def test_a_call_is_not_held_up_by_stalled_polls(self, world: World) -> None:
        """While all polls hang, an interactive call still gets a connection."""
        ids = [world.add_project(Render(0.0, duration=1000.0)) for _ in range(50)]

        def stall_polls(request: SimRequest, _now: float) -> Stall | None:
            return None if request.path.endswith("/p") else Stall()

        simulator = Simulator(world, faults=stall_polls)
        async with simulator.client(limiter=budget()) as client, client.projects.watch(ids):
            await anyio.sleep(1.0)
            with anyio.fail_after(1.0):
                assert (await client.projects.get("p")).is_rendered

    async def test_waiting_for_a_connection_can_be_cancelled(self, world: World) -> None:
        """Callers who give up while all connections are busy leave the others their turns."""
        simulator = Simulator(world, latency=10.0)
        done: list[float] = []

        async def call(client: AsyncPictory, limit: float) -> None:
            with anyio.move_on_after(limit):
                await client.projects.get("p")
                done.append(anyio.current_time())

        async with simulator.client(limiter=budget()) as client:
            async with anyio.create_task_group() as tasks:
                for number in range(96):
                    tasks.start_soon(call, client, 5.0 if 32 <= number < 64 else 1000.0)
                    await wait_all_tasks_blocked()
            assert client.statistics().http.busy == 0
        assert len(done) == 64


class TestEngines:
    """What can be passed as ``http``."""

    @pytest.mark.parametrize("kind", ["client", "transport"])
    async def test_a_users_own_client_stays_the_users(self, world: World, kind: str) -> None:
        """An httpx client or transport that was handed in is used and not closed."""
        simulator = Simulator(world)
        transport = simulator.transport()
        own = httpx.AsyncClient(transport=transport, auth=("user", "password"), follow_redirects=True)
        async with own:
            async with simulator.client(http=own if kind == "client" else transport) as client:
                assert (await client.projects.get("p")).is_rendered
            assert not own.is_closed
        assert [True] == [entry.authorization_ok for entry in simulator.log]

    async def test_a_redirect_is_not_followed(self, world: World) -> None:
        """Even a client that follows redirects does not carry the key elsewhere."""
        simulator = Simulator(world, faults=lambda _request, _now: Answer(302, {"location": f"{BASE_URL}/else"}))
        async with (
            httpx.AsyncClient(transport=simulator.transport(), follow_redirects=True) as own,
            simulator.client(http=own) as client,
        ):
            with pytest.raises(errors.StatusError, match=r"redirect 302.*not followed"):
                await client.projects.get("p")
        assert len(simulator.log) == 1

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (httpx.ReadTimeout("slow"), errors.RequestTimeoutError),
            (httpx.PoolTimeout("full"), errors.RequestTimeoutError),
            (ZeroDivisionError("a mistake"), errors.ConnectionFailedError),
        ],
    )
    async def test_errors_of_a_users_transport(self, world: World, error: Exception, expected: type[Exception]) -> None:
        """Its own time limits count as ours; a mistake in it is a failed request that was perhaps sent."""
        async with Simulator(world).client(http=Failing(error), retry=ONCE) as client:
            with pytest.raises(expected) as caught:
                await client.projects.get("p")
        assert getattr(caught.value, "sent", None) is {"slow": True, "full": False}.get(str(error), True)

    @virtual_time
    @pytest.mark.parametrize(
        ("delays", "sent", "counted"), [((0.0,), 1, 1), ((0.3,), 1, 2), ((0.0, 0.0), 2, 2), ((), 1, 1)]
    )
    async def test_a_users_transport_is_checked_before_its_call_and_at_the_write(
        self, delays: tuple[float, ...], sent: int, counted: int
    ) -> None:
        """A write that is later than the call is checked again, and one that is repeated is another request."""
        asked = 0

        class Counting(RateLimiter):
            def confirm(self, granted_at: float, /) -> bool:
                nonlocal asked
                asked += 1
                return super().confirm(granted_at)

        limiter = Counting(10_000, 1.0, 1000)
        async with AsyncPictory("pictai_a", base_url=BASE_URL, http=Telling(*delays), limiter=limiter) as client:
            await client.projects.get("p")
            assert (sent, counted) == (client.statistics().http.sent, asked)

    @virtual_time
    async def test_an_idle_connection_is_not_kept_for_long(self) -> None:
        """A connection that was idle for two minutes is closed, because the server may have dropped it."""
        made: list[Lone] = []
        engine = lone_engine(made)
        for idle in (KEEPALIVE - 1.0, KEEPALIVE + 1.0, 0.0):
            await engine.send(request_of("http"), Priority.INTERACTIVE, budget())
            await anyio.sleep(idle)
        assert 2 == engine.statistics().opened
        assert [(2, True), (1, False)] == [(len(one.schemes), one.closed) for one in made]
        await engine.aclose()
        assert made[1].closed

    async def test_a_connection_is_kept_for_its_scheme(self) -> None:
        """A connection that was made for HTTP is not used for HTTPS, nor the other way round."""
        made: list[Lone] = []
        engine = lone_engine(made)
        for scheme in ("http", "https", "http", "https", "https"):
            await engine.send(request_of(scheme), Priority.INTERACTIVE, budget())
        assert [["http", "http"], ["https", "https", "https"]] == [one.schemes for one in made]
        await engine.aclose()

    @pytest.mark.parametrize(("name", "extra"), [("httpx2", "httpx2"), ("aiohttp", "aiohttp")])
    async def test_a_missing_extra_is_named(self, name: Any, extra: str) -> None:
        """Without the extra the error gives the command that installs it."""
        module = {"aiohttp": "httpx_aiohttp"}.get(name, name)
        if importlib.util.find_spec(module) is not None:
            async with AsyncPictory("pictai_a", http=name) as client:
                assert client.statistics().http.opened == 0
            return
        with pytest.raises(errors.PictoryConfigError, match=rf'pip install "pictory-async\[{extra}\]"'):
            AsyncPictory("pictai_a", http=name)


async def test_two_event_loops_are_told_apart(world: World, make_loop: Callable[[Any], None]) -> None:
    """A client that is used in a second event loop says so instead of hanging."""
    client = Simulator(world).client()
    await client.projects.get("p")

    async def elsewhere() -> None:
        with pytest.raises(errors.PictoryConfigError, match="another event loop"):
            await client.projects.get("p")

    await anyio.to_thread.run_sync(make_loop, elsewhere)
    await client.aclose()


@pytest.fixture
def make_loop(anyio_backend_name: str) -> Callable[[Any], None]:
    """Run a function in a loop of its own."""
    return lambda function: anyio.run(function, backend=anyio_backend_name)
