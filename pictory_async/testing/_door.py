"""The door without a network: a transport for httpx, and the same for httpx2."""

from __future__ import annotations

import functools
import math
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio
import httpx

from pictory_async.testing._faults import Delivery, Ending
from pictory_async.testing._messages import SimRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import ModuleType

    from pictory_async.testing._simulator import Simulator


class _Stream:
    """The body of an answer on its way to the client."""

    def __init__(self, library: Any, request: Any, delivery: Delivery, read_timeout: float) -> None:
        self._library = library
        self._request = request
        self._delivery = delivery
        self._read_timeout = read_timeout

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces at their pace, then end as the delivery says."""
        announced = sys.maxsize
        for name, value in self._delivery.headers:
            if name.lower() == "content-length":
                announced = int(value)
        received = 0
        for wait, piece in self._delivery.pieces:
            await _wait(self._library, self._request, wait, self._read_timeout)
            # A client stops reading where the header said the body ends.
            yield piece[: max(0, announced - received)] if received + len(piece) > announced else piece
            received += len(piece)
        if self._request.method == "HEAD":
            return
        if received < announced or self._delivery.ending is Ending.STALLED:
            await _end(self._library, self._request, self._delivery, self._read_timeout)

    async def aclose(self) -> None:
        """Have nothing to close."""


async def _wait(library: Any, request: Any, seconds: float, read_timeout: float) -> None:
    """Wait for bytes as long as the client is willing to."""
    if seconds > read_timeout:
        await anyio.sleep(read_timeout)
        raise library.ReadTimeout("the simulator sent nothing in time", request=request)
    await anyio.sleep(seconds)


async def _end(library: Any, request: Any, delivery: Delivery, read_timeout: float) -> None:
    """Carry out an ending other than a complete body."""
    match delivery.ending:
        case Ending.REFUSED:
            raise library.ConnectError("the simulator refused the connection", request=request)
        case Ending.RESET:
            raise library.ReadError("the simulator reset the connection", request=request)
        case Ending.STALLED:
            await _wait(library, request, math.inf, read_timeout)
        case _:
            text = "the simulator closed the connection without sending the complete message"
            raise library.RemoteProtocolError(text, request=request)


class _Door:
    """What both transports do."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: Any) -> Any:
        """Answer one request from the simulator.

        The client's read timeout counts, its other timeouts find nothing to measure.
        """
        library, stream_type = self._library()
        read_timeout = request.extensions.get("timeout", {}).get("read")
        patience = math.inf if read_timeout is None else float(read_timeout)
        simulated = await _simulated(request)
        delivery: Delivery | None = None
        with anyio.move_on_after(patience):
            delivery = await self._simulator.exchange(simulated)
        if delivery is None:
            raise library.ReadTimeout("the simulator did not answer in time", request=request)
        if delivery.status is None:
            await _end(library, request, delivery, patience)
        return library.Response(
            delivery.status,
            headers=list(delivery.headers),
            stream=stream_type(library, request, delivery, patience),
            request=request,
        )

    def _library(self) -> tuple[Any, Any]:
        raise NotImplementedError


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


class _HttpxStream(_Stream, httpx.AsyncByteStream):
    """The body for httpx."""


class SimulatorTransport(_Door, httpx.AsyncBaseTransport):
    """A transport for `httpx.AsyncClient` that leads into a simulator instead of the network.

    Args:
        simulator: The simulator that answers.
    """

    def _library(self) -> tuple[Any, Any]:
        return httpx, _HttpxStream


@functools.cache
def _twin(library: str) -> type[Any]:
    """Make the transport for a library that is written like httpx."""
    module: ModuleType = import_module(library)
    stream = type("_Stream", (_Stream, module.AsyncByteStream), {"__module__": __name__})

    def choose(_: object) -> tuple[Any, Any]:
        return module, stream

    names = {"__module__": __name__, "__doc__": SimulatorTransport.__doc__, "_library": choose}
    return cast("type[Any]", type("SimulatorTransport", (_Door, module.AsyncBaseTransport), names))


def make_transport(simulator: Simulator, library: Literal["httpx", "httpx2"] = "httpx") -> Any:
    """Return a transport of one of the HTTP libraries that leads into a simulator.

    Args:
        simulator: The simulator that answers.
        library: The library that will use it.

    Raises:
        ImportError: ``httpx2`` is asked for and not installed.
        ValueError: The library is neither.
    """
    if library not in {"httpx", "httpx2"}:
        msg = f"library must be 'httpx' or 'httpx2', not {library!r}"
        raise ValueError(msg)
    return SimulatorTransport(simulator) if library == "httpx" else _twin(library)(simulator)
