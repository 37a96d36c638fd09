"""What can go wrong between a response and the client, as plain data that transports and servers apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Protocol

import attrs

from pictory_async.testing._messages import SimResponse


class Ending(Enum):
    """How a delivery ends."""

    COMPLETE = "complete"
    REFUSED = "refused"
    CLOSED = "closed"
    RESET = "reset"
    STALLED = "stalled"


@attrs.frozen(kw_only=True)
class Delivery:
    """What the client receives of a response, and when.

    Attributes:
        status: The status that is sent; None if not even a status is sent.
        headers: The headers that are sent, correct or not.
        pieces: Pairs of a wait in seconds and the bytes that are sent after it.
        ending: What happens after the last piece.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    pieces: Iterable[tuple[float, bytes]] = ()
    ending: Ending = Ending.COMPLETE

    @classmethod
    def of(
        cls,
        response: SimResponse,
        pieces: Iterable[tuple[float, bytes]] | None = None,
        ending: Ending = Ending.COMPLETE,
    ) -> Delivery:
        """Deliver a response as it is, or with other pieces or another ending."""
        if pieces is None:
            pieces = ((0.0, piece) for piece in response.pieces())
        return cls(status=response.status, headers=response.headers, pieces=pieces, ending=ending)


class Fault(Protocol):
    """Something that goes wrong with one request."""

    @property
    def reaches_world(self) -> bool:
        """Whether the world handles the request before its response is damaged or lost."""
        ...

    def deliver(self, response: SimResponse) -> Delivery:
        """Return what the client receives instead of ``response``.

        Args:
            response: The world's response; empty if the request does not reach the world.
        """
        ...


@attrs.frozen
class Answer:
    """A response that is not the API's, such as a 503 of a proxy or an HTML page of a firewall.

    Args:
        status: The HTTP status.
        headers: Its headers; ``Content-Length`` is added.
        body: Its body.
        reaches_world: Whether the world handles the request anyway, as behind a gateway that timed out.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: bytes = b""
    reaches_world: bool = attrs.field(default=False, kw_only=True)

    def deliver(self, response: SimResponse) -> Delivery:  # noqa: ARG002 - none of it is sent
        """Return this response."""
        headers = {"content-length": str(len(self.body)), **{k.lower(): v for k, v in self.headers.items()}}
        return Delivery.of(SimResponse(status=self.status, headers=tuple(headers.items()), body=self.body))


@attrs.frozen
class Refuse:
    """No connection can be made.

    A real server cannot refuse the connection of a single request: it closes the connection without a response.
    """

    @property
    def reaches_world(self) -> bool:
        """Whether the world sees the request: never."""
        return False

    def deliver(self, response: SimResponse) -> Delivery:  # noqa: ARG002 - none of it is sent
        """Return only the refused connection."""
        return Delivery(ending=Ending.REFUSED)


@attrs.frozen
class Reset:
    """The connection breaks before a byte of the response arrives.

    Args:
        reaches_world: Whether the world handles the request before that, so that its effect remains.
    """

    reaches_world: bool = attrs.field(default=False, kw_only=True)

    def deliver(self, response: SimResponse) -> Delivery:  # noqa: ARG002 - none of it is sent
        """Return only the broken connection."""
        return Delivery(ending=Ending.RESET)


@attrs.frozen
class Stall:
    """The connection stays open, and nothing more arrives.

    Args:
        after: How many bytes of the body arrive first; if None, not even status and headers arrive.
        reaches_world: Whether the world handles the request; always true if bytes of its response arrive.
    """

    after: int | None = None
    reaches_world: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """A stall within the body means that the request has reached the world."""
        if self.after is not None:
            object.__setattr__(self, "reaches_world", True)

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the first bytes, and then nothing."""
        if self.after is None:
            return Delivery(ending=Ending.STALLED)
        return Delivery.of(response, _cut(response, self.after), Ending.STALLED)


@attrs.frozen
class _AfterResponse:
    """A fault in a response of the world."""

    @property
    def reaches_world(self) -> bool:
        """Whether the world handles the request: always."""
        return True


@attrs.frozen
class Truncate(_AfterResponse):
    """The connection closes in the middle of the body.

    Args:
        after: How many bytes of the body arrive.
        reset: Whether the connection is reset instead of closed.
    """

    after: int
    reset: bool = False

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the first bytes, and then the end of the connection."""
        return Delivery.of(response, _cut(response, self.after), Ending.RESET if self.reset else Ending.CLOSED)


@attrs.frozen
class Drip(_AfterResponse):
    """The body arrives in small pieces: each wait is short, but all of them together are long.

    Args:
        size: Bytes in a piece.
        every: Seconds before each piece.
    """

    size: int
    every: float

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the body in small pieces."""
        drops = (
            (self.every, piece[start : start + self.size])
            for piece in response.pieces()
            for start in range(0, len(piece), self.size)
        )
        return Delivery.of(response, drops)


@attrs.frozen
class WrongLength(_AfterResponse):
    """``Content-Length`` is not the length of the body.

    Args:
        difference: Bytes added to the true length. If it is positive, the connection closes before the
            announced end; if it is negative, the body continues after it.
    """

    difference: int

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the body with a wrong length."""
        length = max(0, sum(map(len, response.pieces())) + self.difference)
        headers = tuple(pair for pair in response.headers if pair[0].lower() != "content-length")
        changed = attrs.evolve(response, headers=(*headers, ("content-length", str(length))))
        return Delivery.of(changed, ending=Ending.CLOSED)


@attrs.frozen
class BrokenGzip(_AfterResponse):
    """The headers say that the body is gzip, but it is not."""

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the plain body with the header of a compressed one."""
        return Delivery.of(attrs.evolve(response, headers=(*response.headers, ("content-encoding", "gzip"))))


def _cut(response: SimResponse, after: int) -> Iterator[tuple[float, bytes]]:
    """Yield the first ``after`` bytes of the body."""
    left = after
    for piece in response.pieces():
        if left <= 0:
            return
        yield 0.0, piece[:left]
        left -= len(piece)
