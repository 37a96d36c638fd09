"""Transports that lead into a simulator instead of the network, for httpx and for libraries with its interface."""

from __future__ import annotations

import functools
import math
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import anyio

from pictory_async.testing._faults import Delivery, Ending
from pictory_async.testing._messages import SimRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


_WITHOUT_BODY: Final = frozenset({204, 304})


class Exchange(Protocol):
    """What a transport needs of a simulator."""

    connect: float

    async def exchange(self, request: SimRequest) -> Delivery:
        """Return what the client receives for a request."""
        ...


class _Call:
    """One request of a client, with its library and its read timeout in seconds."""

    def __init__(self, library: Any, request: Any) -> None:
        self.library = library
        self.request = request
        read_timeout = request.extensions.get("timeout", {}).get("read")
        self.read_timeout = math.inf if read_timeout is None else float(read_timeout)

    async def wait(self, seconds: float) -> None:
        """Wait for bytes, at most as long as the read timeout."""
        if seconds > self.read_timeout:
            await anyio.sleep(self.read_timeout)
            raise self.library.ReadTimeout("the simulator sent nothing within the read timeout", request=self.request)
        await anyio.sleep(seconds)

    async def end(self, ending: Ending) -> None:
        """Raise the library's error for a response that is not complete."""
        match ending:
            case Ending.REFUSED:
                raise self.library.ConnectError("the simulator refused the connection", request=self.request)
            case Ending.RESET:
                raise self.library.ReadError("the simulator reset the connection", request=self.request)
            case Ending.STALLED:
                await self.wait(math.inf)
            case _:
                text = "the simulator closed the connection before the response was complete"
                raise self.library.RemoteProtocolError(text, request=self.request)


class _Stream:
    """The body of a response on its way to the client."""

    def __init__(self, call: _Call, delivery: Delivery) -> None:
        self._call = call
        self._delivery = delivery

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces, each after its wait; then end as the delivery says."""
        announced = sys.maxsize
        for name, value in self._delivery.headers:
            if name.lower() == "content-length":
                announced = int(value)
        received = 0
        for wait, piece in self._delivery.pieces:
            await self._call.wait(wait)
            # A client stops reading at the announced length.
            yield piece[: max(0, announced - received)] if received + len(piece) > announced else piece
            received += len(piece)
        if self._call.request.method == "HEAD" or self._delivery.status in _WITHOUT_BODY:
            return
        if received < announced or self._delivery.ending is Ending.STALLED:
            await self._call.end(self._delivery.ending)

    async def aclose(self) -> None:
        """Nothing to close."""


class _Transport:
    """The transport, without the base class of a library."""

    _library: Any
    _stream: Any

    def __init__(self, simulator: Exchange) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: Any) -> Any:
        """Return the simulator's response to a request.

        Of the client's timeouts only the read timeout has an effect: there is no connection to wait for.
        """
        call = _Call(self._library, request)
        simulated = await _simulated(request)
        if self._simulator.connect:
            await anyio.sleep(self._simulator.connect)
        trace = request.extensions.get("trace")
        if trace is not None:  # as the libraries' own transports do, immediately before they write
            await trace("simulator.send_request_headers.started", {"request": request})
        delivery: Delivery | None = None
        with anyio.move_on_after(call.read_timeout):
            delivery = await self._simulator.exchange(simulated)
        if delivery is None:
            raise self._library.ReadTimeout("the simulator did not respond within the read timeout", request=request)
        if delivery.status is None:
            await call.end(delivery.ending)
        stream = self._stream(call, delivery)
        return self._library.Response(delivery.status, headers=list(delivery.headers), stream=stream, request=request)


async def _simulated(request: Any) -> SimRequest:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    return SimRequest(
        method=request.method,
        path=path,
        query=query,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.aread(),
        origin=f"{request.url.scheme}://{request.url.netloc.decode('ascii')}",
    )


@functools.cache
def _transport_class(library: str) -> Any:
    """Make the transport of one library, which accepts only subclasses of its own base classes."""
    module = import_module(library)
    stream = type("SimulatorStream", (_Stream, module.AsyncByteStream), {"__module__": __name__})
    names = {"__module__": __name__, "_library": module, "_stream": stream}
    return type("SimulatorTransport", (_Transport, module.AsyncBaseTransport), names)


def make_transport(simulator: Exchange, library: Literal["httpx", "httpx2"] = "httpx") -> Any:
    """Return a transport of an HTTP library that leads into a simulator.

    Args:
        simulator: The simulator that responds.
        library: The library that uses the transport.

    Raises:
        ImportError: ``library`` is not installed.
        ValueError: ``library`` is neither ``"httpx"`` nor ``"httpx2"``.
    """
    if library not in {"httpx", "httpx2"}:
        raise ValueError(f"library must be 'httpx' or 'httpx2', not {library!r}")
    return _transport_class(library)(simulator)
