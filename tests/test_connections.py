"""Over real sockets: when a request asks the budget, and which connections serve another request."""

from __future__ import annotations

import gzip
import socketserver
import ssl
import threading
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import AsyncPictory, RateLimiter, RateLimiterStatistics, RetryPolicy, errors
from pictory_async._http.addresses import Addresses
from pictory_async._http.kept import is_clean
from pictory_async._http.messages import Request
from tests._raw import answer, kept, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async import Limiter, Priority

pytestmark = pytest.mark.anyio

FILM = kept(b'{"projectName": "Film"}', "content-type: application/json")
CLOSED = answer(200, b'{"projectName": "Film"}')
OTHER = kept(b'{"projectName": "Other"}', "content-type: application/json")


class Book:
    """A limiter that keeps a book of what it was asked, and says no as often as it is told to.

    Attributes:
        acquired: How often it was asked for a grant.
        confirmed: How many requests it let through at their writes.
        denials: How many of the next confirmations it refuses.
        gate: Nothing is granted before it is set.
    """

    def __init__(self, denials: int = 0) -> None:
        self.acquired = 0
        self.confirmed = 0
        self.denials = denials
        self.gate = anyio.Event()
        self.gate.set()

    async def acquire(self, priority: Priority, *, max_wait: object = None) -> float:
        await self.gate.wait()
        self.acquired += 1
        return anyio.current_time()

    def confirm(self, granted_at: float, /) -> bool:
        assert granted_at <= anyio.current_time()
        if self.denials:
            self.denials -= 1
            return False
        self.confirmed += 1
        return True

    def accepted(self, sent_at: float) -> None:
        assert sent_at <= anyio.current_time()

    def refused(self, sent_at: float, pause: object = None) -> None:
        """Nothing follows."""

    def pause(self, duration: object) -> None:
        """Nothing follows."""

    def statistics(self) -> RateLimiterStatistics:
        return RateLimiterStatistics(granted=self.acquired)


def client_of(origin: str, http: Any = None, limiter: Limiter | None = None, **options: Any) -> AsyncPictory:
    """Make a client that sends every request once."""
    settings: dict[str, Any] = {"retry": RetryPolicy(attempts=1), "timeout": 60.0, **options}
    return AsyncPictory("pictai_a", base_url=origin, http=http, limiter=limiter or Book(), **settings)


class TestTheBudget:
    """It is asked before there is a connection, and confirms each write."""

    @pytest.mark.parametrize("keep", [False, True])
    async def test_each_write_is_confirmed(self, engine: str, keep: bool) -> None:
        """On new and on kept connections, as many requests arrive as were confirmed."""
        book = Book()
        with raw_server(lambda _: FILM if keep else CLOSED) as server:
            server.keep = keep
            async with client_of(server.origin, engine, book) as client:
                for _ in range(4):
                    await client.projects.get("p")
                assert 4 == client.statistics().http.sent
                assert 4 == client.statistics().limiter.granted
        assert (4, 4, 4) == (len(server.requests), book.acquired, book.confirmed)
        assert (1 if keep else 4) == server.connections

    @pytest.mark.parametrize("keep", [False, True])
    async def test_a_grant_that_does_not_hold_is_renewed(self, engine: str, keep: bool) -> None:
        """Nothing is written before the limiter agrees."""
        book = Book()
        with raw_server(lambda _: FILM if keep else CLOSED) as server:
            server.keep = keep
            async with client_of(server.origin, engine, book) as client:
                await client.projects.get("p")
                book.denials = 3
                await client.projects.get("p")
        assert (2, 5, 2) == (len(server.requests), book.acquired, book.confirmed)

    async def test_a_connection_is_reopened_under_the_same_rule(self, engine: str) -> None:
        """A server that closes after each response without saying so gets no request that was not confirmed."""
        book = Book()
        with raw_server(lambda _: FILM) as server:
            async with client_of(server.origin, engine, book) as client:
                for _ in range(4):
                    with suppress(errors.ConnectionFailedError):
                        await client.projects.get("p")
                sent = client.statistics().http.sent
        assert len(server.requests) <= book.confirmed == sent

    async def test_a_request_that_aiohttp_repeats_asks_again(self, anyio_backend_name: str) -> None:
        """Aiohttp repeats a GET by itself if the server cuts a kept connection: that is another request."""
        pytest.importorskip("httpx_aiohttp", reason="the extra aiohttp is not installed")
        if anyio_backend_name == "trio":
            pytest.skip("aiohttp works on asyncio only")
        book = Book()
        with raw_server(lambda _: b"" if len(server.requests) % 3 == 2 else FILM) as server:
            server.keep = True
            async with client_of(server.origin, "aiohttp", book) as client:
                for _ in range(6):
                    await client.projects.get("p")
                assert 9 == client.statistics().http.sent
        assert (9, 9, 9) == (len(server.requests), book.acquired, book.confirmed)

    async def test_a_post_is_not_repeated(self, engine: str) -> None:
        """It has a connection of its own, so that nobody repeats it, and what it came to is not known."""
        book = Book()
        with raw_server(lambda head: FILM if head.startswith(b"GET") else b"") as server:
            server.keep = True
            async with client_of(server.origin, engine, book) as client:
                with pytest.raises(errors.RenderSubmitUncertainError):
                    await client.projects.render("p")
        assert [b"GET", b"POST"] == [head.partition(b" ")[0] for head in server.requests]
        assert (2, 2) == (server.connections, book.confirmed)

    async def test_nobody_holds_a_connection_while_waiting(self, engine: str) -> None:
        """Requests that wait for the budget have no connection yet; then they use as few as they need."""
        book = Book()
        with raw_server(lambda _: FILM) as server:
            server.keep = True
            async with client_of(server.origin, engine, book) as client:
                await client.projects.get("p")
                book.gate = anyio.Event()
                async with anyio.create_task_group() as tasks:
                    for _ in range(20):
                        tasks.start_soon(client.projects.get, "p")
                    await wait_all_tasks_blocked()
                    assert 1 == server.connections
                    tasks.cancel_scope.cancel()
                book.gate.set()
                for _ in range(5):
                    await client.projects.get("p")
        assert 1 == server.connections

    async def test_the_wait_for_a_renewal_does_not_count(self, engine: str) -> None:
        """A request may wait for the budget at its write for longer than its time limit."""
        slow = RateLimiter(1, 0.6, 1)
        with raw_server(lambda _: FILM) as server:
            async with client_of(server.origin, engine, slow, timeout=0.5) as client:
                slow.confirm(await slow.acquire())
                slow.confirm(await slow.acquire())
                with anyio.fail_after(60):
                    await client.projects.get("p")

    async def test_a_limiter_that_fails_is_a_typed_error(self, engine: str) -> None:
        """Whatever a user's limiter raises, at the queue or at the write, nothing is sent and the error says so."""

        class Broken(Book):
            async def acquire(self, priority: Priority, *, max_wait: object = None) -> float:
                if self.acquired:
                    raise ZeroDivisionError
                return await super().acquire(priority, max_wait=max_wait)

        with raw_server(lambda _: FILM) as server:
            async with client_of(server.origin, engine, Broken(denials=1)) as client:
                for _ in range(2):
                    with pytest.raises(
                        errors.ConnectionFailedError, match=r"limiter failed \(ZeroDivisionError"
                    ) as caught:
                        await client.projects.get("p")
                    assert caught.value.sent is False
        assert [] == server.requests

    async def test_the_errors_of_a_limiter_that_are_ours_stay(self) -> None:
        """A limiter may refuse with our own error."""

        class Full(Book):
            async def acquire(self, priority: Priority, *, max_wait: object = None) -> float:
                raise errors.RateBudgetError("Full.", max_wait=0.0)

        async with client_of("http://127.0.0.1:9", None, Full()) as client:
            with pytest.raises(errors.RateBudgetError, match="Full"):
                await client.projects.get("p")


class TestUsersOwn:
    """A user's own client."""

    async def test_a_kept_connection_costs_one_request(self) -> None:
        """The check before the call counts, and also the one at the write if that is later."""
        book = Book()
        with raw_server(lambda _: FILM) as server:
            server.keep = True
            async with httpx.AsyncClient() as own, client_of(server.origin, own, book) as client:
                for _ in range(5):
                    await client.projects.get("p")
                assert 5 == client.statistics().http.sent
        assert 5 == len(server.requests)
        assert 5 <= book.confirmed <= 10

    async def test_a_proxy_is_not_counted(self) -> None:
        """The CONNECT that a user's client sends to its proxy is no request of the API."""
        book = Book()
        with raw_server(lambda _: answer(403)) as proxy:
            own = httpx.AsyncClient(proxy=proxy.origin)
            async with own, client_of("https://x.invalid", own, book) as client:
                with pytest.raises(errors.ConnectionFailedError):
                    await client.projects.get("p")
        assert 1 == book.confirmed

    @pytest.mark.parametrize("packed", [False, True])
    async def test_a_hook_may_read_the_response(self, packed: bool) -> None:
        """The usual way to log bodies works, also with compressed ones."""
        bodies: list[str] = []

        async def log(response: httpx.Response) -> None:
            await response.aread()
            bodies.append(response.text)

        body = b'{"projectName": "Film"}'
        reply = answer(200, gzip.compress(body), "content-encoding: gzip") if packed else answer(200, body)
        with raw_server(lambda _: reply) as server:
            own = httpx.AsyncClient(event_hooks={"response": [log]})
            async with own, client_of(server.origin, own) as client:
                assert "Film" == (await client.projects.get("p")).name
        assert [body.decode()] == bodies

    async def test_a_hook_may_read_a_file(self, tmp_path: Any) -> None:
        """A download is complete, too."""

        async def read(response: httpx.Response) -> None:
            await response.aread()

        def reply(head: bytes) -> bytes:
            if b"/v2/" in head.partition(b"\r\n")[0]:
                return answer(200, b'{"projectName": "F", "videoURL": "%s/a.mp4"}' % server.origin.encode())
            return answer(200, b"video" * 1000, "content-type: video/mp4")

        with raw_server(reply) as server:
            own = httpx.AsyncClient(event_hooks={"response": [read]})
            async with own, client_of(server.origin, own) as client:
                report = await client.projects.download("p", tmp_path)
        assert [b"video" * 1000] == [file.path.read_bytes() for file in report.files if file.path is not None]

    async def test_a_hook_that_consumes_the_body_is_a_typed_error(self) -> None:
        """If it keeps the body to itself, the response cannot be used."""

        async def consume(response: httpx.Response) -> None:
            async for _ in response.aiter_raw():
                pass

        with raw_server(lambda _: answer(200, b"{}")) as server:
            own = httpx.AsyncClient(event_hooks={"response": [consume]})
            async with own, client_of(server.origin, own) as client:
                with pytest.raises(errors.ConnectionFailedError, match="ResponseNotRead"):
                    await client.projects.get("p")

    @pytest.mark.parametrize("event", ["request", "response"])
    async def test_a_hook_that_raises_leaves_a_render_uncertain(self, event: str) -> None:
        """Its error does not hide that the render may have been started."""

        async def fail(message: httpx.Request | httpx.Response) -> None:
            request = message if isinstance(message, httpx.Request) else message.request
            if request.method == "POST":
                raise ZeroDivisionError

        with raw_server(lambda _: answer(200, b'{"projectName": "Film"}')) as server:
            own = httpx.AsyncClient(event_hooks={event: [fail]})
            async with own, client_of(server.origin, own) as client:
                with pytest.raises(errors.RenderSubmitUncertainError) as caught:
                    await client.projects.render("p")
        assert "p" == caught.value.handle.project_id

    async def test_a_client_that_the_user_closed_is_a_typed_error(self) -> None:
        """Between two calls, or while one waits for the budget."""
        book = Book()
        with raw_server(lambda _: FILM) as server:
            own = httpx.AsyncClient()
            async with client_of(server.origin, own, book) as client:
                await client.projects.get("p")
                book.gate = anyio.Event()
                caught: list[Exception] = []

                async def call() -> None:
                    try:
                        await client.projects.get("p")
                    except errors.PictoryError as error:
                        caught.append(error)

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(call)
                    await wait_all_tasks_blocked()
                    await own.aclose()
                    book.gate.set()
                await call()
        assert [errors.ConnectionFailedError] * 2 == [type(error) for error in caught]
        assert 1 == len(server.requests)


class TestSurplus:
    """What nobody asked for answers nothing."""

    async def test_a_surplus_response_is_not_believed(self, engine: str) -> None:
        """Bytes that come together with a response end its connection."""
        with raw_server(lambda _: FILM + OTHER) as server:
            server.keep = True
            async with client_of(server.origin, engine) as client:
                names = [(await client.projects.get("p")).name for _ in range(3)]
        assert ["Film"] * 3 == names
        assert 3 == server.connections

    async def test_a_surplus_response_that_comes_later_is_not_believed(self, engine: str) -> None:
        """Nor do bytes that arrive while the connection is idle."""
        asked, sent = threading.Event(), threading.Event()

        def reply(_: bytes) -> Iterator[bytes]:
            yield FILM
            if len(server.requests) == 1:
                asked.wait(30)
                yield OTHER
                sent.set()

        with raw_server(reply) as server:
            server.keep = True
            async with client_of(server.origin, engine) as client:
                await client.projects.get("p")
                asked.set()
                await anyio.to_thread.run_sync(sent.wait, 30)
                await wait_all_tasks_blocked()
                assert "Film" == (await client.projects.get("p")).name
        assert 2 == server.connections

    async def test_a_surplus_response_never_answers_a_post(self, engine: str) -> None:
        """A render is asked for over a new connection, whatever waits on a kept one."""
        job = b'{"success": true, "data": {"job_id": "j"}}'
        with raw_server(lambda head: FILM if head.startswith(b"GET") else kept(job)) as server:
            server.keep = True
            async with client_of(server.origin, engine) as client:
                for _ in range(3):
                    await client.projects.render("p")
                await client.projects.get("p")
        assert 3 == sum(head.startswith(b"POST") for head in server.requests)
        assert 4 <= server.connections <= 5

    @pytest.mark.parametrize("held", ["none", "parser", "records", "socket"])
    def test_all_buffers_are_looked_at(self, held: str) -> None:
        """The parser's, that of TLS, and that of the socket."""
        records = ssl.MemoryBIO()
        records.write(b"x" if held == "records" else b"")
        plain = SimpleNamespace(_protocol=SimpleNamespace(read_queue=[b"x"] if held == "socket" else []))
        stream = SimpleNamespace(_stream=SimpleNamespace(_read_bio=records, transport_stream=plain))
        parser = SimpleNamespace(trailing_data=(b"x" if held == "parser" else b"", False))
        http = SimpleNamespace(_h11_state=parser, _network_stream=stream)
        transport = SimpleNamespace(_pool=SimpleNamespace(connections=[SimpleNamespace(_connection=http)]))
        assert (held == "none") is is_clean(transport)

    @pytest.mark.parametrize("transport", [object(), SimpleNamespace(_pool=SimpleNamespace(connections=[object()]))])
    def test_an_unknown_structure_counts_as_clean(self, transport: object) -> None:
        """A later version of the HTTP library is used without the check."""
        assert is_clean(transport)


class Silent(socketserver.ThreadingTCPServer):
    """Accepts connections, reads, and says nothing.

    Attributes:
        begun: Released for each connection on which something arrived.
        ended: Released for each connection that was closed by its client.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Reader)
        self.begun = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)


class _Reader(socketserver.BaseRequestHandler):
    server: Silent

    def handle(self) -> None:
        with suppress(OSError):
            self.request.recv(65536)
            self.server.begun.release()
            while self.request.recv(65536):
                pass
        self.server.ended.release()


@pytest.fixture
def silent() -> Iterator[Silent]:
    with Silent() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class TestCutOff:
    """Connections that do not get far."""

    @pytest.mark.parametrize("kind", ["calls", "downloads"])
    async def test_a_cancelled_handshake_closes_its_socket(
        self, silent: Silent, engine: str, kind: str, tmp_path: Any
    ) -> None:
        """A server that does not answer a TLS handshake sees the end of each connection that was given up."""
        origin = f"127.0.0.1:{silent.server_address[1]}"
        with raw_server(lambda _: answer(200, b'{"videoURL": "https://%s/a.mp4"}' % origin.encode())) as api:
            async with client_of(api.origin if kind == "downloads" else f"https://{origin}", engine) as client:
                async with anyio.create_task_group() as tasks:
                    for number in range(4):
                        if kind == "calls":
                            tasks.start_soon(client.projects.get, "p")
                        else:
                            tasks.start_soon(client.projects.download, "p", tmp_path / str(number))
                    for _ in range(4):
                        assert await anyio.to_thread.run_sync(silent.begun.acquire, True, 30)
                    tasks.cancel_scope.cancel()
                for _ in range(4):
                    assert await anyio.to_thread.run_sync(silent.ended.acquire, True, 30)

    async def test_connections_of_the_same_age_are_dropped_after_a_timeout(self, engine: str) -> None:
        """When a kept connection goes silent, the next call does not try the others that were idle at that time."""
        silence, over = threading.Event(), threading.Event()
        first = threading.Barrier(3)

        def reply(_: bytes) -> Iterator[bytes]:
            if len(server.requests) <= 3:
                first.wait(30)  # three connections at the same time
            elif silence.is_set() and server.connections == 3:
                over.wait(30)
            yield FILM

        with raw_server(reply) as server:
            server.keep = True
            async with client_of(server.origin, engine, timeout=1.0) as client:
                async with anyio.create_task_group() as tasks:
                    for _ in range(3):
                        tasks.start_soon(client.projects.get, "p")
                silence.set()
                with pytest.raises(errors.RequestTimeoutError):
                    await client.projects.get("p")
                assert "Film" == (await client.projects.get("p")).name
                assert 4 == server.connections
                over.set()

    async def test_a_timeout_on_a_new_connection_says_nothing_about_others(self, engine: str) -> None:
        """The kept ones go on to serve."""
        over = threading.Event()

        def reply(head: bytes) -> Iterator[bytes]:
            if head.startswith(b"POST"):
                over.wait(30)
            yield FILM

        with raw_server(reply) as server:
            server.keep = True
            async with client_of(server.origin, engine, timeout=1.0) as client:
                with pytest.raises(errors.RenderSubmitUncertainError):
                    await client.projects.render("p")
                await client.projects.get("p")
                over.set()
        assert 2 == server.connections

    async def test_plain_http_starts_no_thread(self, engine: str) -> None:
        """A thread would keep a program alive that ends without closing its event loop."""
        with raw_server(lambda _: FILM) as server:
            threads = {thread.name for thread in threading.enumerate()}
            async with client_of(server.origin, engine) as client:
                await client.projects.get("p")
                started = {thread.name for thread in threading.enumerate()} - threads
        assert set() == {name for name in started if "process_request_thread" not in name}


@pytest.mark.parametrize("base", ["https://api.pictory.ai/pictoryapis", "http://127.0.0.1:8000", "http://[::1]:8000/a"])
@pytest.mark.parametrize(
    "path", ["/v2/projects/123_a-B", "/v1/jobs/x", "/v2/projects/..%2F..", "/v2/projects/../x", "/v2/p/a.b", "/v2/é"]
)
@pytest.mark.parametrize("query", ["", "?limit=5&next=a%20b"])
def test_an_address_is_the_same_as_if_it_was_parsed(base: str, path: str, query: str) -> None:
    """The short way to a URL, for plain paths, gives the same as the long way."""
    make = Addresses(httpx)
    for _ in range(2):
        made = make(Request("GET", base + path + query, path, "it", []))
        assert httpx.URL(base + path + query) == made
        assert httpx.URL(base + path + query).raw_path == made.raw_path
        assert httpx.URL(base + path + query).raw_host == made.raw_host


def test_ten_thousand_addresses_are_not_kept() -> None:
    """The memory for addresses does not grow with what is watched, and none is parsed twice."""

    class Counting(httpx.URL):
        parsed = 0

        def __init__(self, url: Any) -> None:
            Counting.parsed += isinstance(url, str)
            super().__init__(url)

    make = Addresses(SimpleNamespace(URL=Counting))
    for number in range(10_000):
        path = f"/v2/projects/{number}"
        assert path == make(Request("GET", f"https://x{path}", path, "it", [])).path
    assert 1 == Counting.parsed


def test_a_library_that_hides_its_parts_is_used_the_long_way() -> None:
    """Without the attribute that a copy needs, each address is parsed."""

    class Url(str):
        __slots__ = ()

    make = Addresses(SimpleNamespace(URL=Url))
    assert "https://x/v2" == make(Request("GET", "https://x/v2", "/v2", "it", []))
