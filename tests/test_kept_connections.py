"""Over real sockets: which connections serve another request, and which are closed; and how addresses are made."""

from __future__ import annotations

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

from pictory_async import errors
from pictory_async._http.addresses import Addresses
from pictory_async._http.idle import is_clean
from pictory_async._http.messages import Request
from tests._budget import FILM, client_of
from tests._raw import answer, kept, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.anyio

OTHER = kept(b'{"projectName": "Other"}', "content-type: application/json")


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
            threads = set(threading.enumerate())
            async with client_of(server.origin, engine) as client:
                await client.projects.get("p")
                started = set(threading.enumerate()) - threads
        # Daemons, such as those of the server, keep no program alive.
        assert [] == [thread for thread in started if not thread.daemon]


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
