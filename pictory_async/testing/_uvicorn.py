"""The simulator as an ASGI application, and the uvicorn server that lets faults break its connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

import anyio

from pictory_async.testing._control import PREFIX, Control
from pictory_async.testing._faults import Delivery, Ending
from pictory_async.testing._messages import SimRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from starlette.types import Receive, Scope, Send

    from pictory_async.testing._simulator import Simulator

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import StreamingResponse
    from starlette.routing import Mount
    from uvicorn.protocols.http.h11_impl import H11Protocol
except ImportError as _error:
    _text = 'The simulator\'s HTTP server needs an extra: pip install "pictory-async[simulator]"'
    raise ImportError(_text, name=_error.name) from _error

__all__ = ["Server", "SimulatorApp", "make_server", "wrap"]

KEEP_ALIVE_SECONDS = 75
_BUFFERED_BYTES = 262144
_ACCEPTING_TURNS = 3  # of the event loop, until a connection that was just accepted is known


class SimulatorApp:
    """The ASGI application: passes requests to a simulator, and its responses to the server."""

    def __init__(self, simulator: Simulator, control: Control | None = None) -> None:
        self._simulator = simulator
        self._control = control
        self._running: set[anyio.CancelScope] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        with anyio.CancelScope() as running:
            self._running.add(running)
            try:
                await self._respond(request, send)
            finally:
                self._running.discard(running)
        if running.cancelled_caught:
            await _hang_up(request, reset=False)

    def stop(self) -> None:
        """Cancel the requests in flight: a stall would hold up the server's shutdown."""
        for running in list(self._running):
            running.cancel()

    async def _respond(self, request: Request, send: Send) -> None:
        simulated = await _simulated(request)
        if self._control is not None and f"{simulated.path}/".startswith(f"{PREFIX}/"):
            client = None if request.client is None else request.client.host
            delivery = Delivery.of(self._control.respond(simulated, client))
        else:
            delivery = await self._simulator.exchange(simulated)
        if delivery.ending is Ending.COMPLETE and delivery.status is not None:
            response = StreamingResponse(_paced(delivery), status_code=delivery.status)
            response.raw_headers = [(k.lower().encode(), v.encode()) for k, v in delivery.headers]
            await response(request.scope, request.receive, send)
            return
        # An HTTP library sends no incomplete responses, so these are written to the connection directly.
        transport: asyncio.Transport = request.scope["state"]["transport"]
        await _write(transport, delivery)
        if delivery.ending is Ending.STALLED:
            await _disconnected(request)
        else:
            await _hang_up(request, reset=delivery.ending is Ending.RESET)


async def _simulated(request: Request) -> SimRequest:
    host = request.headers.get("host", "localhost")
    return SimRequest(
        method=request.method,
        path=request.scope["raw_path"].decode("ascii"),
        query=request.scope["query_string"].decode("ascii"),
        headers=dict(request.headers.items()),
        body=await request.body(),
        origin=f"{request.scope['scheme']}://{host}",
    )


async def _paced(delivery: Delivery) -> AsyncIterator[bytes]:
    for wait, piece in delivery.pieces:
        if wait:
            await anyio.sleep(wait)
        yield piece


async def _write(transport: asyncio.Transport, delivery: Delivery) -> None:
    if delivery.status is None:
        return
    lines = [f"HTTP/1.1 {delivery.status} Simulated"]
    lines += [f"{name}: {value}" for name, value in delivery.headers]
    transport.write("\r\n".join([*lines, "", ""]).encode())
    async for piece in _paced(delivery):
        transport.write(piece)
        # A transport reports only to its protocol when it has written, so its buffer is polled.
        while transport.get_write_buffer_size() > _BUFFERED_BYTES and not transport.is_closing():  # noqa: ASYNC110
            await anyio.sleep(0.005)


async def _hang_up(request: Request, *, reset: bool) -> None:
    transport: asyncio.Transport = request.scope["state"]["transport"]
    if reset:
        connection: socket.socket = transport.get_extra_info("socket")
        # Without lingering, closing sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    await _disconnected(request)


async def _disconnected(request: Request) -> None:
    # The next message is the disconnect: the body was read before.
    await request.receive()


class _Protocol(H11Protocol):
    """HTTP/1.1 that passes its connection to the application, so that faults can break it."""

    app_state: dict[str, Any]
    _lost: Callable[[], None]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # always TCP
        super().connection_made(transport)
        self.app_state["made"]()
        self._lost = self.app_state["lost"]
        self.app_state = {"transport": transport}

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._lost()


class Server(uvicorn.Server):
    """uvicorn that installs no signal handlers, because these belong to the program around it.

    Attributes:
        connections_made: How many connections were opened.
        changed: Notified whenever a connection is closed.
    """

    def __init__(self, config: uvicorn.Config, app: SimulatorApp, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._on_start = on_start
        self._stopping: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.connections_made = 0
        self.changed = threading.Condition()

    def _made(self) -> None:
        self.connections_made += 1

    def _lost(self) -> None:
        with self.changed:
            self.changed.notify_all()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state.update(made=self._made, lost=self._lost)
        await super().startup(sockets)
        self._on_start()

    def stop(self) -> None:
        """Have the server shut down; call it in its event loop."""
        self.should_exit = True
        self._stopping.cancel()  # only ends the wait for it, and does nothing if that has ended

    # uvicorn looks ten times a second whether it should exit, and then lets a tenth of a second pass: too long for
    # programs that start a server for each of their tests.
    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            # No cancel scope: while Python 3.11 traces, as for coverage, the cancellation of one can escape it.
            await asyncio.wait([self._stopping], timeout=0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.stop()
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        turns = 0
        while turns < _ACCEPTING_TURNS or self.server_state.connections or self.server_state.tasks:
            turns += 1
            for connection in list(self.server_state.connections):
                connection.shutdown()
            await anyio.sleep(0.001)


def wrap(app: SimulatorApp) -> Starlette:
    """Return the application with starlette around it, which handles errors and mount points."""
    return Starlette(routes=[Mount("/", app=app)])


def make_server(simulator: Simulator, on_start: Callable[[], None], *, control: bool = False) -> Server:
    """Return a server of a simulator; it calls ``on_start`` once it accepts requests."""
    app = SimulatorApp(simulator, Control(simulator) if control else None)
    config = uvicorn.Config(
        wrap(app),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    return Server(config, app, on_start)
