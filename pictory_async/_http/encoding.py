"""Headers of responses, and the compression that they announce."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Headers = list[tuple[bytes, bytes]]

_REQUEST_IDS: Final = (b"x-amzn-requestid", b"x-amz-request-id", b"cf-ray", b"x-request-id")
_REQUEST_ID: Final = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)
_PIECE: Final = 1024 * 1024
_SLICE: Final = 16 * 1024
_MEMBERS: Final = 10_000  # real files have tens; millions of empty ones would hold up the event loop
# What stores and frameworks write there although it changes no byte: chunks are undone by them, and a charset is no
# coding.
_NOTHING: Final = frozenset({"", "identity", "none", "aws-chunked", "utf-8", "utf8"})


def header(headers: Headers, name: bytes) -> str | None:
    """The value of a header, whose name is given in lower case; ``None`` if it is absent."""
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1").strip()
    return None


def request_id_of(headers: Headers, hide: Callable[[str], str]) -> str | None:
    """The server's own id of the request, by the first header that has what can be one; ``None`` if none has.

    Args:
        headers: Those of the response.
        hide: Removes the API key, which a server may repeat: stars are no part of an id.
    """
    for name in _REQUEST_IDS:
        value = header(headers, name)
        if value is not None and _REQUEST_ID.fullmatch(hide(value)):
            return value
    return None


def codings(headers: Headers) -> list[str]:
    """The codings of a response's body in the order in which they were applied (RFC 9110, section 8.4).

    Those that change nothing are left out, and ``x-gzip`` is ``gzip``.
    """
    found: list[str] = []
    for key, value in headers:
        if key.lower() == b"content-encoding":
            found += (name.strip().lower() for name in value.decode("latin-1").split(","))
    return ["gzip" if name == "x-gzip" else name for name in found if name not in _NOTHING]


class Gunzip:
    """Decompresses gzip, of one or several members (RFC 1952), in bounded pieces."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._members = 1

    @property
    def complete(self) -> bool:
        """Whether everything so far ends with the end of a member."""
        return self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress more bytes, and yield the result in pieces of at most 1 MiB.

        Raises:
            zlib.error: These bytes are not gzip, or have more than 10,000 members.
        """
        # In slices: zlib copies what is left over, and a body can have a million members.
        for start in range(0, len(data), _SLICE):
            yield from self._feed(data[start : start + _SLICE])

    def _feed(self, data: bytes) -> Iterator[bytes]:
        while True:
            if self._member.eof:
                data = data.lstrip(b"\0")  # tape drives and some tools pad to whole blocks
                if not data:
                    return
                self._members += 1
                if self._members > _MEMBERS:
                    raise zlib.error("too many members")
                self._member = zlib.decompressobj(wbits=31)
            plain = self._member.decompress(data, _PIECE)
            data = self._member.unused_data or self._member.unconsumed_tail
            if plain:
                yield plain
            # A full piece may have left output behind although all input is used.
            if not data and len(plain) < _PIECE:
                return
