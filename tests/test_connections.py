"""Over real sockets: when a request asks the budget, and what a user's own client may do."""

from __future__ import annotations

import gzip
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import RateLimiter, errors
from tests._budget import CLOSED, FILM, Book, client_of
from tests._raw import answer, raw_server

if TYPE_CHECKING:
    from pictory_async import Priority

pytestmark = pytest.mark.anyio


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

    async def test_a_call_that_is_cancelled_at_its_renewal_is_not_sent(self, engine: str) -> None:
        """The wait for a second grant ends with the call."""

        class Shut(Book):
            def confirm(self, granted_at: float, /) -> bool:
                self.gate = anyio.Event()
                denied.set()
                return super().confirm(granted_at)

        denied = anyio.Event()
        with raw_server(lambda _: FILM) as server:
            async with client_of(server.origin, engine, Shut(denials=1)) as client, anyio.create_task_group() as tasks:
                tasks.start_soon(client.projects.get, "p")
                await denied.wait()
                await wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
        assert [] == server.requests

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

    @pytest.mark.parametrize("second", ["arrives", "is refused"])
    async def test_a_transport_that_tries_again_does_not_pay_twice(self, second: str) -> None:
        """The first attempt arrived and was cut off: a second one is not written, and none is called unsent."""
        posts: list[bytes] = []

        def reply(head: bytes) -> bytes:
            if not head.startswith(b"POST"):
                return answer(200, b'{"projectName": "Film"}')
            posts.append(head)
            return b""

        class Retrying(httpx.AsyncHTTPTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                try:
                    return await super().handle_async_request(request)
                except httpx.RemoteProtocolError:
                    if second == "is refused":
                        request.url = request.url.copy_with(port=1)
                    return await super().handle_async_request(request)

        with raw_server(reply) as server:
            async with Retrying() as own, client_of(server.origin, own) as client:
                with pytest.raises(errors.RenderSubmitUncertainError):
                    await client.projects.render("p")
        assert 1 == len(posts)

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
