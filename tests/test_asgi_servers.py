"""Browsers that leave a real server, under each framework: the places of their requests come back."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from pictory_async.asgi import cancel_on_disconnect
from pictory_async.testing import Render, Simulator, Stall, World
from tests._polling import client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

uvicorn = pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", [pytest.param(("asyncio", {}), id="asyncio")]),  # uvicorn's only one
]

BROWSERS = 300


class Count:
    """A number that can be waited for."""

    def __init__(self) -> None:
        self.value = 0
        self._changed = anyio.Event()

    def add(self) -> None:
        self.value += 1
        self._changed.set()

    async def until(self, value: int) -> None:
        while self.value < value:
            self._changed = anyio.Event()
            await self._changed.wait()


class App:
    """Handlers that wait for a render that never ends, written for each framework."""

    def __init__(self, client: Any, project_id: Any) -> None:
        self.client = client
        self.project_id = project_id
        self.entered, self.left = Count(), Count()

    async def wait(self, request: Any) -> bool:
        self.entered.add()
        async with cancel_on_disconnect(request.receive) as scope:
            await self.client.projects.wait(self.project_id, max_wait=None, interval=0.01)
        self.left.add()
        return scope.cancelled_caught

    def starlette(self, *middleware: Any) -> Any:
        applications = pytest.importorskip("starlette.applications")
        from starlette.responses import Response  # noqa: PLC0415 - an extra
        from starlette.routing import Route  # noqa: PLC0415 - the same

        async def show(request: Any) -> Any:
            return Response(status_code=499 if await self.wait(request) else 200)

        return applications.Starlette(routes=[Route("/", show)], middleware=list(middleware))

    def middleware(self) -> Any:
        """Starlette's class for simple middleware, which passes messages on through tasks of its own."""
        from starlette.middleware import Middleware  # noqa: PLC0415 - an extra
        from starlette.middleware.base import BaseHTTPMiddleware  # noqa: PLC0415 - the same

        async def add_header(request: Any, call_next: Any) -> Any:
            response = await call_next(request)
            response.headers["x-seen"] = "yes"
            return response

        return self.starlette(*[Middleware(BaseHTTPMiddleware, dispatch=add_header)] * 2)

    def fastapi(self) -> Any:
        fastapi = pytest.importorskip("fastapi", reason="fastapi is not installed")

        async def show(request):  # no annotation: here they are texts, which FastAPI looks up in the module
            return {"left": await self.wait(request)}

        show.__annotations__ = {"request": fastapi.Request}
        app = fastapi.FastAPI()
        app.get("/")(show)
        return app

    def litestar(self) -> Any:
        litestar = pytest.importorskip("litestar", reason="litestar is not installed")

        async def show(request):
            return {"left": await self.wait(request)}

        show.__annotations__ = {"request": litestar.Request, "return": dict[str, bool]}
        return litestar.Litestar([litestar.get("/")(show)])


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serve an app in this event loop until the block ends, and give its port."""

    class Server(uvicorn.Server):  # type: ignore[name-defined,misc]
        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        server = Server(uvicorn.Config(app, log_level="critical", lifespan="off", loop="asyncio"))
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listener])
            try:
                yield int(listener.getsockname()[1])
            finally:
                server.should_exit = True


@pytest.mark.parametrize("framework", ["starlette", "middleware", "fastapi", "litestar"])
async def test_abandoned_requests_give_their_places_back(framework: str) -> None:
    """Hundreds of browsers leave: their waits end, with the polls, watches and places in the queue."""
    world = World()
    polls = Count()

    def stall(*_: Any) -> Stall:
        polls.add()
        return Stall()

    project_id = world.add_project(Render(0.0, duration=1e6))
    async with client_of(Simulator(world, faults=stall), timeout=None) as client:
        app = App(client, project_id)
        async with serving(getattr(app, framework)()) as port:
            browsers = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(BROWSERS)]
            for browser in browsers:
                await browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await app.entered.until(BROWSERS)
            await polls.until(1)
            assert 1 <= client.statistics().http.busy
            for browser in browsers:
                await browser.aclose()
            await app.left.until(BROWSERS)
            seen = client.statistics()
            assert (0, 0, 0) == (seen.watches.watching, seen.http.busy, seen.limiter.waiting)


async def test_without_it_the_handler_stays() -> None:
    """A server does not cancel a handler whose browser has left: this is why the helper exists."""
    pytest.importorskip("starlette")
    ended = anyio.Event()
    left: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert "http.request" == (await receive())["type"]
        left.append((await receive())["type"])
        await anyio.lowlevel.checkpoint()  # it would be cancelled here
        left.append("still here")
        ended.set()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async with serving(app) as port:
        async with await anyio.connect_tcp("127.0.0.1", port) as browser:
            await browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await ended.wait()
    assert ["http.disconnect", "still here"] == left


async def test_what_comes_after_the_block_still_works() -> None:
    """A stream that follows a wait is sent whole, and its own look for the disconnect is not disturbed."""
    pytest.importorskip("starlette")
    from starlette.requests import Request  # noqa: PLC0415 - an extra
    from starlette.responses import StreamingResponse  # noqa: PLC0415 - the same

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        body = await request.body()
        async with cancel_on_disconnect(request.receive):
            await anyio.lowlevel.checkpoint()

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield body
                await anyio.lowlevel.checkpoint()

        await StreamingResponse(pieces())(scope, receive, send)

    async with serving(app) as port, await anyio.connect_tcp("127.0.0.1", port) as browser:
        await browser.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
        answer = b"".join([piece async for piece in browser])
    assert 3 == answer.count(b"hello")
