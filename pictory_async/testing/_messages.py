"""Requests and responses of the simulator, as plain data without an HTTP library."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

import attrs

NOWHERE: Final = "https://127.0.0.1:1"
"""An origin on this machine where nothing listens: what a test sends there by mistake never leaves the machine.

No name, not even one that ends with ``.invalid``, because to resolve it a question leaves the machine.
"""


class LazyBody(Protocol):
    """A body that is computed while it is sent, so that a large one is never in memory."""

    def __len__(self) -> int:
        """Return the size in bytes."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Yield the body from its start to its end."""
        ...


@attrs.frozen(kw_only=True)
class SimRequest:
    """One request as it arrived at the simulator.

    Attributes:
        method: The HTTP method in upper case.
        path: The path as it was sent, still percent-encoded, without the query.
        query: The query as it was sent, without the question mark.
        headers: The headers, with names in lower case.
        body: The body.
        origin: Scheme, host and port that the request was sent to, for URLs that point to the simulator itself.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=lambda headers: repr(sorted(headers)))
    body: bytes = b""
    origin: str = NOWHERE


@attrs.frozen(kw_only=True)
class SimResponse:
    """One response of the simulated API.

    Attributes:
        status: The HTTP status.
        headers: Pairs of name and value, in the order in which they are sent.
        body: The body: bytes, or an object that computes them.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | LazyBody = b""

    @classmethod
    def from_json(cls, value: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> SimResponse:
        """Return a response whose body is ``value`` as JSON."""
        return cls.from_bytes(encode(value), status=status, headers=headers)

    @classmethod
    def from_bytes(cls, body: bytes, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> SimResponse:
        """Return a response whose body is encoded JSON."""
        basic = (("content-type", "application/json"), ("content-length", str(len(body))))
        return cls(status=status, headers=basic + headers, body=body)

    def header(self, name: str) -> str | None:
        """Return the first value of a header, ignoring the case of its name; None if it is absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body's bytes from start to end."""
        if isinstance(self.body, bytes):
            if self.body:
                yield self.body
        else:
            yield from self.body.pieces()

    def json(self) -> Any:
        """Return the body, decoded as JSON.

        Raises:
            ValueError: The body is not JSON.
        """
        return json.loads(b"".join(self.pieces()))


def encode(value: object) -> bytes:
    """Return ``value`` as compact UTF-8 JSON, with its keys in their order."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
