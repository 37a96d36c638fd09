"""The door through a real HTTP server, for programs that cannot be handed a transport.

Needs the extra: ``pip install "pictory-async[simulator]"``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any, Self

import anyio

from pictory_async.testing._faults import Delivery, Ending
from pictory_async.testing._messages import SimRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator
    from types import TracebackType

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

KEEP_ALIVE_SECONDS = 75
_BUFFERED_BYTES = 262144


class _Protocol(H11Protocol):
    """HTTP/1.1 that shows the application its connection, so that faults can break it."""

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


class _Door:
    """The ASGI application: from the socket to the simulator and back."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._running: set[anyio.CancelScope] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        with anyio.CancelScope() as running:
            self._running.add(running)
            try:
                await self._answer(request, send)
            finally:
                self._running.discard(running)
        if running.cancelled_caught:
            await _hang_up(request, reset=False)

    def stop(self) -> None:
        """End what is still being waited for, such as stalls."""
        for running in list(self._running):
            running.cancel()

    async def _answer(self, request: Request, send: Send) -> None:
        delivery = await self._simulator.exchange(await _simulated(request))
        if delivery.ending is Ending.COMPLETE and delivery.status is not None:
            response = StreamingResponse(_paced(delivery), status_code=delivery.status)
            response.raw_headers = [(k.lower().encode(), v.encode()) for k, v in delivery.headers]
            await response(request.scope, request.receive, send)
            return
        # What is wrong on purpose cannot pass an HTTP library: it goes straight to the connection.
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
        # A transport tells nobody but its protocol when it has written.
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
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Server(uvicorn.Server):
    """uvicorn without its hold on signals, which belong to the program around it."""

    def __init__(self, config: uvicorn.Config, door: _Door, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._door = door
        self._on_start = on_start
        self.connections_made = 0
        self.changed = threading.Condition()

    def _count(self) -> None:
        self.connections_made += 1

    def _tell(self) -> None:
        with self.changed:
            self.changed.notify_all()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.lifespan.state.update(made=self._count, lost=self._tell)
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._door.stop()
        await super().shutdown(sockets)


def make_app(simulator: Simulator) -> Starlette:
    """Return the simulator as an ASGI application, to be run or mounted by the caller.

    Faults that break connections need uvicorn with `ServerThread` or `serve`.

    Args:
        simulator: The simulator that answers.
    """
    return _make_app(_Door(simulator))


def _make_app(door: _Door) -> Starlette:
    return Starlette(routes=[Mount("/", app=door)])


def _make_server(simulator: Simulator, on_start: Callable[[], None]) -> _Server:
    door = _Door(simulator)
    config = uvicorn.Config(
        _make_app(door),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    return _Server(config, door, on_start)


def _listen(host: str, port: int) -> socket.socket:
    # With the protocol named, asyncio switches Nagle's algorithm off: it would hold each body back for 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def _origin(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    simulator: Simulator,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Serve a simulator in the running asyncio loop until this call is cancelled.

    Cancelling it closes the server in order before it returns.

    Args:
        simulator: The simulator that answers; it takes its time from this loop.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        on_start: Called with the base URL once requests are accepted.

    Raises:
        RuntimeError: The running loop is not asyncio's.
        OSError: The port is taken.
    """
    loop = asyncio.get_running_loop()
    listener = _listen(host, port)
    base_url = f"{_origin(listener)}/pictoryapis"
    simulator.keep_time(loop.time)
    server = _make_server(simulator, lambda: on_start(base_url) if on_start is not None else None)

    async def run() -> None:
        with anyio.CancelScope(shield=True):
            await server.serve(sockets=[listener])

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            try:
                await anyio.sleep(math.inf)
            finally:
                server.should_exit = True
    finally:
        listener.close()


class ServerThread:
    """A simulator behind a real HTTP server, in a thread with an event loop of its own.

    It serves clients of every kind: other event loops, other threads, other processes. Entering and leaving
    it block for moments, so do that outside of an event loop, or in a fixture that is not async.

    The world's time is the server's from then on; it begins with the first request or ``simulator.start()``.
    ``simulator.now()`` may be called from any thread, also after the server is gone.

    Example::

        with ServerThread(Simulator(world)) as server:
            run_my_program(base_url=server.base_url)

    Args:
        simulator: The simulator that answers.
        port: The port on the loopback address; 0 takes a free one.

    Attributes:
        simulator: The simulator that answers.
    """

    def __init__(self, simulator: Simulator, port: int = 0) -> None:
        self.simulator = simulator
        self._port = port
        self._origin: str | None = None
        self._thread: threading.Thread | None = None
        self._server: _Server | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port, such as ``http://127.0.0.1:40123``.

        Raises:
            RuntimeError: The server has not been started.
        """
        if self._origin is None:
            msg = "The server has no address before it starts: with ServerThread(simulator) as server: ..."
            raise RuntimeError(msg)
        return self._origin

    @property
    def base_url(self) -> str:
        """What to give a client as its base URL.

        Raises:
            RuntimeError: The server has not been started.
        """
        return f"{self.origin}/pictoryapis"

    def __enter__(self) -> Self:
        """Start the server; it accepts requests when this returns."""
        if self._thread is not None:
            msg = "This server is running already."
            raise RuntimeError(msg)
        listener = _listen("127.0.0.1", self._port)
        self._origin = _origin(listener)
        self._ready.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, args=(listener,), name="pictory-simulator", daemon=True)
        self._thread.start()
        self._ready.wait()
        self._raise_failure()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections and end the thread."""
        if self._server is not None:
            self._server.should_exit = True
        self._join()

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return 0 if self._server is None else len(self._server.server_state.connections)

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Block this thread until no connection is open.

        Args:
            timeout: Give up after so many seconds; None waits as long as it takes.

        Returns:
            Whether all connections are closed.
        """
        if self._server is None:
            return True
        with self._server.changed:
            return self._server.changed.wait_for(lambda: not self.open_connections, timeout)

    @property
    def connections_made(self) -> int:
        """How many connections there have been since the server started."""
        return 0 if self._server is None else self._server.connections_made

    def client_options(self) -> dict[str, Any]:
        """Return what `pictory_async.AsyncPictory` needs to reach this account: base URL and key."""
        return {"base_url": self.base_url, "api_key": self.simulator.world.api_key}

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            self._thread = None
            raise self._failure

    def _run(self, listener: socket.socket) -> None:
        async def main() -> None:
            self.simulator.keep_time(asyncio.get_running_loop().time)
            self._server = _make_server(self.simulator, self._ready.set)
            await self._server.serve(sockets=[listener])

        try:
            # This loop's time may be read from any thread; that of other loops may not.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(main())
        except BaseException as failure:  # noqa: BLE001 - it is raised again in the thread that waits
            self._failure = failure
        finally:
            listener.close()
            self._ready.set()
