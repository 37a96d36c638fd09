"""The simulator as a real HTTP server, for programs that cannot be given a transport.

Needs the extra: ``pip install "pictory-async[simulator]"``.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

import anyio

from pictory_async.testing._uvicorn import Server, SimulatorApp, make_server, wrap

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from starlette.applications import Starlette

    from pictory_async.testing._simulator import Simulator

__all__ = ["ServerThread", "make_app", "serve"]


def make_app(simulator: Simulator) -> Starlette:
    """Return a simulator as an ASGI application that you can run or mount.

    Faults that break connections work only with `ServerThread` and `serve`.

    Args:
        simulator: The simulator that responds.
    """
    return wrap(SimulatorApp(simulator))


def _listen(host: str, port: int) -> socket.socket:
    # asyncio disables Nagle's algorithm only if the protocol is named; otherwise each body is delayed by 40 ms.
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
    control: bool = False,
) -> None:
    """Serve a simulator in the running asyncio event loop until this call is cancelled.

    When it is cancelled, it shuts the server down before it returns.

    Args:
        simulator: The simulator that responds; its time is the time of this event loop.
        host: The address to listen on.
        port: The port; 0 chooses a free one.
        on_start: Called with the base URL once the server accepts requests.
        control: Whether requests below ``/_control`` change the account; ``GET /_control`` shows what they are. They
            are accepted from the same machine only, need no key, and are not in the world's log.

    Raises:
        RuntimeError: The running event loop is not asyncio's.
        OSError: The server cannot listen on this address and port, for example because the port is in use.
    """
    loop = asyncio.get_running_loop()
    listener = _listen(host, port)
    base_url = f"{_origin(listener)}/pictoryapis"
    simulator.keep_time(loop.time)
    server = make_server(simulator, lambda: on_start(base_url) if on_start is not None else None, control=control)

    async def run() -> None:
        with anyio.CancelScope(shield=True):
            await server.serve(sockets=[listener])

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            try:
                await anyio.sleep(math.inf)
            finally:
                server.stop()
    finally:
        listener.close()


class ServerThread:
    """A simulator as a real HTTP server, in a thread with its own event loop.

    Clients can be in other event loops, threads and processes. Entering and leaving the block takes a moment in
    which the thread is blocked, so do it outside of an event loop, or in a fixture that is not async.

    The world's time is then the time of the server. It begins with the first request or ``simulator.start()``.
    ``simulator.now()`` works in every thread, and after the server is closed.

    Example::

        with ServerThread(Simulator(world)) as server:
            run_my_program(base_url=server.base_url)

    Args:
        simulator: The simulator that responds.
        port: The port on 127.0.0.1; 0 chooses a free one.
        control: Whether requests below ``/_control`` change the account, as with `serve`.

    Attributes:
        simulator: The simulator that responds.
    """

    def __init__(self, simulator: Simulator, port: int = 0, *, control: bool = False) -> None:
        self.simulator = simulator
        self._control = control
        self._port = port
        self._origin: str | None = None
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self._stop: Callable[[], object] | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port, such as ``http://127.0.0.1:40123``.

        Raises:
            RuntimeError: The server was never started.
        """
        if self._origin is None:
            raise RuntimeError(
                "The server has no address before it starts: with ServerThread(simulator) as server: ..."
            )
        return self._origin

    @property
    def base_url(self) -> str:
        """The base URL for a client.

        Raises:
            RuntimeError: The server was never started.
        """
        return f"{self.origin}/pictoryapis"

    def __enter__(self) -> Self:
        """Start the server. When this returns, it accepts requests.

        Raises:
            RuntimeError: The server is already running.
            OSError: The port is in use.
        """
        if self._thread is not None:
            raise RuntimeError("This server is already running.")
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
        """Close all connections and wait until the thread has ended."""
        if self._stop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself: `_join` raises why
                self._stop()
        self._join()

    @property
    def open_connections(self) -> int:
        """Number of connections that are open now."""
        return 0 if self._server is None else len(self._server.server_state.connections)

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """Block this thread until no connection is open.

        Args:
            timeout: Wait at most this many seconds; None waits without a limit.

        Returns:
            Whether no connection is open.
        """
        if self._server is None:
            return True
        with self._server.changed:
            return self._server.changed.wait_for(lambda: not self.open_connections, timeout)

    @property
    def connections_made(self) -> int:
        """Number of connections since the server started."""
        return 0 if self._server is None else self._server.connections_made

    def client_options(self) -> dict[str, Any]:
        """Return the options for `pictory_async.AsyncPictory` to use this server: base URL and API key.

        And ``trust_env=False``, so that no proxy of the environment is used.
        """
        return {"base_url": self.base_url, "api_key": self.simulator.world.api_key, "trust_env": False}

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
            loop = asyncio.get_running_loop()
            self.simulator.keep_time(loop.time)
            self._server = server = make_server(self.simulator, self._ready.set, control=self._control)
            self._stop = lambda: loop.call_soon_threadsafe(server.stop)
            await self._server.serve(sockets=[listener])

        try:
            # The time of this event loop can be read in any thread; that of other loops cannot.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(main())
        except BaseException as failure:  # noqa: BLE001 - raised again in the thread that waits
            self._failure = failure
        finally:
            listener.close()
            self._ready.set()
