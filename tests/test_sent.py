"""Whether a request may have been sent: a render is billed, so only proof counts."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pictory_async import AsyncPictory, RetryPolicy, errors
from pictory_async._http.translate import Cause, cause_of
from tests._raw import answer, raw_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.anyio

PROJECT = answer(200, b'{"projectName": "Film"}', "content-type: application/json")
CUT: dict[str, bytes] = {
    "before the status line": b"",
    "in the status line": b"HTTP/1.1 20",
    "in the headers": b"HTTP/1.1 200 OK\r\ncontent-type: appl",
    "before the body": b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n",
    "in the body": b'HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n{"success"',
    "in a chunk": b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{"success"',
    "after something that is not HTTP": b"SSH-2.0-OpenSSH_9.7\r\n\r\n",
}


def client_of(origin: str, engine: Any, timeout: float | None = 5.0) -> AsyncPictory:
    """Make a client that sends every request once."""
    return AsyncPictory("pictai_a", base_url=origin, http=engine, retry=RetryPolicy(attempts=1), timeout=timeout)


@pytest.mark.parametrize("where", CUT)
async def test_a_render_whose_response_is_cut_is_uncertain(engine: Any, where: str) -> None:
    """A server that reads the POST and then closes the connection may have started the render."""
    with raw_server(lambda head: PROJECT if head.startswith(b"GET") else CUT[where]) as server:
        async with client_of(server.origin, engine) as client:
            with pytest.raises(errors.RenderSubmitUncertainError, match="is not known") as caught:
                await client.projects.render("p")
    assert [b"GET", b"POST"] == [head.partition(b" ")[0] for head in server.requests]
    assert ("p", None) == (caught.value.handle.project_id, caught.value.handle.job_id)
    assert "within 5 s" not in str(caught.value)


async def test_a_render_whose_response_is_late_is_uncertain(engine: Any) -> None:
    """A server that reads the POST and sends nothing for longer than the timeout may have started the render."""
    done = threading.Event()

    def stall(_: bytes) -> Iterator[bytes]:
        done.wait(10)
        yield b""

    with raw_server(lambda head: PROJECT if head.startswith(b"GET") else stall(head)) as server:
        async with client_of(server.origin, engine, timeout=0.5) as client:
            with pytest.raises(errors.RenderSubmitUncertainError, match=r"within 0\.5 s"):
                await client.projects.render("p")
        done.set()


async def test_a_request_may_have_no_time_limit(engine: Any) -> None:
    """With ``timeout=None``, a request on a new connection is sent as any other."""
    with raw_server(lambda _: PROJECT) as server:
        async with client_of(server.origin, engine, timeout=None) as client:
            assert "Film" == (await client.projects.get("p")).name


async def test_a_proxy_that_refuses_proves_that_nothing_was_sent(anyio_backend_name: str) -> None:
    """A proxy that does not open the tunnel has not seen the request; the error has the proxy's status."""
    library = pytest.importorskip("httpx_aiohttp", reason="the extra aiohttp is not installed")
    if anyio_backend_name == "trio":
        pytest.skip("aiohttp works on asyncio only")
    with raw_server(lambda _: answer(403)) as proxy:
        async with library.AiohttpTransport(proxy=httpx.Proxy(proxy.origin)) as transport:
            client = AsyncPictory(
                "pictai_a", base_url="https://x.invalid", http=transport, retry=RetryPolicy(attempts=1)
            )
            async with client:
                with pytest.raises(
                    errors.ConnectionFailedError, match=r"the proxy refused to connect \(403\)"
                ) as caught:
                    await client.projects.get("p")
    assert caught.value.sent is False
    assert [b"CONNECT"] == [head.partition(b" ")[0] for head in proxy.requests]


async def test_a_reset_connection_is_no_proof(engine: Any) -> None:
    """A server that resets the connection after it has read the request may have acted on it."""

    def reset(head: bytes) -> bytes:
        if head.startswith(b"GET"):
            return PROJECT
        server.reset()
        return b""

    with raw_server(reset) as server:
        async with client_of(server.origin, engine) as client:
            with pytest.raises(errors.RenderSubmitUncertainError):
                await client.projects.render("p")


async def test_a_closed_port_proves_that_nothing_was_sent(engine: Any) -> None:
    """Nobody accepts the connection: that is no timeout, and the request was not sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with client_of(origin, engine) as client:
            with pytest.raises(errors.ConnectionFailedError, match="GET /v2/projects/p failed") as caught:
                await client.projects.get("p")
    assert caught.value.sent is False


async def test_a_failed_handshake_proves_that_nothing_was_sent(engine: Any) -> None:
    """A server that does not speak TLS cannot have read the request."""
    with raw_server(lambda _: b"") as server:
        server.greeting = b"220 mail.example ESMTP\r\n"
        async with client_of(server.origin.replace("http:", "https:"), engine) as client:
            with pytest.raises(errors.ConnectionFailedError) as caught:
                await client.projects.get("p")
    assert caught.value.sent is False
    assert [] == server.requests


async def test_a_connection_that_never_stands_proves_it_too(engine: Any) -> None:
    """The time limit can strike before there is a connection. Then the request was not sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, contextlib.ExitStack() as crowd:
        for _ in range(3):  # a full queue: the system drops whatever else tries to connect
            waiting = crowd.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        async with client_of(f"http://127.0.0.1:{server.getsockname()[1]}", engine, timeout=0.5) as client:
            with pytest.raises(errors.RequestTimeoutError) as caught:
                await client.projects.get("p")
    assert caught.value.sent is False


@pytest.mark.parametrize(
    ("make", "timed_out", "sent"),
    [
        (httpx.ConnectError, False, False),
        (httpx.ConnectTimeout, True, False),
        (httpx.PoolTimeout, True, False),
        (httpx.ProxyError, False, False),
        (httpx.UnsupportedProtocol, False, False),
        (httpx.ReadError, False, True),
        (httpx.ReadTimeout, True, True),
        (httpx.WriteError, False, True),
        (httpx.WriteTimeout, True, True),
        (httpx.RemoteProtocolError, False, True),
        (httpx.LocalProtocolError, False, True),
        (ConnectionResetError, False, True),
    ],
)
def test_an_exception_is_judged_by_what_it_proves(
    make: Callable[[str], Exception], timed_out: bool, sent: bool
) -> None:
    """Nothing was sent if there was no connection yet; all else may have been sent."""
    assert Cause("broken", timed_out=timed_out, sent=sent) == cause_of(httpx, make("broken"))


@pytest.mark.parametrize(
    ("name", "arguments", "timed_out", "sent"),
    [
        ("ServerDisconnectedError", (), False, True),
        ("ClientOSError", (104, "reset"), False, True),
        ("ClientConnectionResetError", ("closing",), False, True),
        ("ClientPayloadError", ("short",), False, True),
        ("SocketTimeoutError", (), True, True),
        ("ServerTimeoutError", (), True, True),
        ("ConnectionTimeoutError", (), True, False),
        ("ServerFingerprintMismatch", (b"a", b"b", "host", 1), False, False),
        ("InvalidURL", ("x",), False, False),
        ("ClientError", ("x",), False, True),
    ],
)
@pytest.mark.parametrize("mapped", [True, False])
def test_an_exception_of_aiohttp_is_judged_itself(
    name: str, arguments: tuple[Any, ...], timed_out: bool, sent: bool, mapped: bool
) -> None:
    """What httpx-aiohttp makes of an exception says nothing: it calls a cut connection a connect timeout."""
    aiohttp = pytest.importorskip("aiohttp", reason="the extra aiohttp is not installed")
    error = getattr(aiohttp, name)(*arguments)
    outer = httpx.ConnectTimeout("mapped") if mapped else error
    if mapped:
        outer.__cause__ = error
    cause = cause_of(httpx, outer)
    assert (timed_out, sent) == (cause.timed_out, cause.sent)


def test_what_is_not_known_may_have_been_sent() -> None:
    """Nor is its text shown: it may quote the request."""
    assert Cause("KeyError", timed_out=False, sent=True) == cause_of(httpx, KeyError("x"))
