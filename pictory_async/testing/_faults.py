"""What can go wrong between an answer and its reader, as plain descriptions that every door carries out."""

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
    """How an answer travels.

    Attributes:
        status: The status that is sent; None when not even a status arrives.
        headers: The headers that are sent, true or not.
        pieces: Pairs of a wait in seconds and the bytes that follow it.
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
        """Whether the world handles the request before its answer is spoilt or lost."""
        ...

    def deliver(self, response: SimResponse) -> Delivery:
        """Return what the client gets instead of ``response`` (which is empty if the world was not asked)."""
        ...


@attrs.frozen
class Answer:
    """Another answer than the API's, such as a 503 of a proxy or an HTML page of a firewall.

    Args:
        status: The HTTP status.
        headers: Its headers; the length is added.
        body: Its body.
        reaches_world: Whether the world handles the request all the same, as behind a gateway that gave up.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: bytes = b""
    reaches_world: bool = attrs.field(default=False, kw_only=True)

    def deliver(self, response: SimResponse) -> Delivery:  # noqa: ARG002 - nothing of it is kept
        """Return this answer."""
        headers = {"content-length": str(len(self.body)), **{k.lower(): v for k, v in self.headers.items()}}
        own = SimResponse(status=self.status, headers=tuple(headers.items()), body=self.body)
        return Delivery.of(own)


@attrs.frozen
class Refuse:
    """No connection comes about.

    A real server cannot refuse a single request: there it closes the connection without a word.
    """

    @property
    def reaches_world(self) -> bool:
        """Whether the world sees the request: never."""
        return False

    def deliver(self, response: SimResponse) -> Delivery:  # noqa: ARG002 - nothing of it is kept
        """Return nothing but the refusal."""
        return Delivery(ending=Ending.REFUSED)


@attrs.frozen
class Reset:
    """The connection breaks before a byte of the answer arrives.

    Args:
        reaches_world: Whether the world has handled the request by then: its effect stays.
    """

    reaches_world: bool = attrs.field(default=False, kw_only=True)

    def deliver(self, response: SimResponse) -> Delivery:  # noqa: ARG002 - nothing of it is kept
        """Return nothing but the break."""
        return Delivery(ending=Ending.RESET)


@attrs.frozen
class Stall:
    """Nothing arrives any more, and the connection stays open.

    Args:
        after: How many bytes of the body arrive first; None withholds status and headers too.
        reaches_world: Whether the world handles the request; always so when bytes of its answer arrive.
    """

    after: int | None = None
    reaches_world: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Take a stall within the body as one that has reached the world."""
        if self.after is not None:
            object.__setattr__(self, "reaches_world", True)

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the first bytes, then silence."""
        if self.after is None:
            return Delivery(ending=Ending.STALLED)
        return Delivery.of(response, _cut(response, self.after), Ending.STALLED)


@attrs.frozen
class _Spoilt:
    """A fault of an answer the world did give."""

    @property
    def reaches_world(self) -> bool:
        """Whether the world handles the request: always."""
        return True


@attrs.frozen
class Truncate(_Spoilt):
    """The connection closes in the middle of the body.

    Args:
        after: How many bytes of the body arrive.
        reset: Break the connection instead of closing it.
    """

    after: int
    reset: bool = False

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the first bytes, then the end."""
        return Delivery.of(response, _cut(response, self.after), Ending.RESET if self.reset else Ending.CLOSED)


@attrs.frozen
class Drip(_Spoilt):
    """The body arrives drop by drop: no single wait is long, the whole is.

    Args:
        size: Bytes in a drop.
        every: Seconds before each drop.
    """

    size: int
    every: float

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the body in drops."""

        def drops() -> Iterator[tuple[float, bytes]]:
            for piece in response.pieces():
                for start in range(0, len(piece), self.size):
                    yield self.every, piece[start : start + self.size]

        return Delivery.of(response, drops())


@attrs.frozen
class WrongLength(_Spoilt):
    """``Content-Length`` says something else than the body is.

    Args:
        difference: Bytes added to the true length. With a positive number the connection closes before the
            announced end; with a negative one the body goes on after it.
    """

    difference: int

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the body under a wrong length."""
        length = max(0, sum(map(len, response.pieces())) + self.difference)
        headers = tuple(pair for pair in response.headers if pair[0].lower() != "content-length")
        changed = attrs.evolve(response, headers=(*headers, ("content-length", str(length))))
        return Delivery.of(changed, ending=Ending.CLOSED)


@attrs.frozen
class BrokenGzip(_Spoilt):
    """The body says it is gzip and is not."""

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the plain body as if it were compressed."""
        return Delivery.of(attrs.evolve(response, headers=(*response.headers, ("content-encoding", "gzip"))))


def _cut(response: SimResponse, after: int) -> Iterator[tuple[float, bytes]]:
    """Yield the first ``after`` bytes of the body."""
    left = after
    for piece in response.pieces():
        if left <= 0:
            return
        yield 0.0, piece[:left]
        left -= len(piece)
