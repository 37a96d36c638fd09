"""Texts that nothing shows: the API key, and the credentials of other services."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn
from urllib.parse import quote, quote_plus

from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

STARS: Final = "********"
"""What is shown instead of a secret."""

_SPECIAL: Final = frozenset('"\\/')
_ESCAPES: Final = re.compile(rb"\\u00[2-7]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")  # looks the same everywhere
_ANY_ESCAPES: Final = re.compile(rb"\\")


class Secret:
    """A text that nothing shows, such as a password for another service.

    Every way to print it shows stars. It cannot be pickled or copied, so it does not get into a file by
    mistake. Two secrets are equal only if they are the same object.

    Args:
        value: The text, or another secret.

    Raises:
        PictoryConfigError: It is no text, or it is empty. The error does not repeat it.
    """

    __slots__ = ("_escaped", "_unwrap", "_written")
    _SHORTEST: ClassVar[int] = 4  # characters: what is shorter than that is part of other texts by chance

    def __init__(self, value: str | Secret) -> None:
        given: Callable[[], Any] = wrapped(value.reveal() if isinstance(value, Secret) else value)
        del value  # tracebacks can show variables
        if not isinstance(given(), str) or not given():
            raise PictoryConfigError(f"A secret is text that is not empty, not {type(given()).__name__}.")
        self._hold(given)

    def _hold(self, unwrap: Callable[[], Any]) -> None:
        self._unwrap = unwrap
        self._escaped: Callable[[], Any] | None = None
        self._written: Callable[[], Any] | None = None

    def reveal(self) -> Any:
        """The text itself. Put it into no variable: tracebacks can show variables."""
        return self._unwrap()

    def hide_in(self, text: str) -> str:
        """Replace the secret in a text: a server may repeat what it was sent."""
        if len(self._unwrap()) >= self._SHORTEST:
            for written in self._ways():
                text = text.replace(written(), STARS)
        return text

    def _ways(self) -> tuple[Callable[[], Any], ...]:
        """Itself, and what a gateway makes of it that puts a rejected request into an address or a text."""
        if self._written is None:
            found = [self._unwrap]
            if not _PLAIN.fullmatch(self._unwrap()):
                found += map(wrapped, {quote(self._unwrap(), safe=safe) for safe in ("", "/", ":/?@!$&'()*+,;=")})
                found += [wrapped(quote_plus(self._unwrap())), wrapped(json.dumps(json.dumps(self._unwrap()))[3:-3])]
            self._written = wrapped(tuple(found))
        ways: tuple[Callable[[], Any], ...] = self._written()
        return ways

    def scrubbed(self, body: bytes) -> bytes:
        """The bytes of a response without the secret, as it is and in every way in which JSON can write it."""
        if len(self._unwrap()) < self._SHORTEST:
            return body
        for written in self._ways():
            body = body.replace(written().encode(), STARS.encode())
        # The pattern takes longer than reading the body, so it is left out where nothing in ASCII is escaped.
        is_plain = self._unwrap().isascii() and _SPECIAL.isdisjoint(self._unwrap())
        escapes = _ESCAPES if is_plain else _ANY_ESCAPES
        if not escapes.search(body):
            return body
        if self._escaped is None:
            self._escaped = wrapped(re.compile(b"".join(map(_forms, self._unwrap()))))
        return bytes(self._escaped().sub(STARS.encode(), body))

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{STARS}')"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret cannot be pickled or copied; make a new one where it is needed.")


def _forms(character: str) -> bytes:
    """A pattern for the ways in which JSON can write a character (RFC 8259, section 7)."""
    plain = re.escape(character.encode())
    escaped = rb"|\\" + plain if character in _SPECIAL else b""
    units = character.encode("utf-16-be").hex()
    written = b"".join(rb"\\u(?i:%b)" % units[start : start + 4].encode() for start in range(0, len(units), 4))
    return rb"(?:%b|%b%b)" % (plain, written, escaped)


def wrapped(value: object) -> Callable[[], Any]:
    """Keep a value where tools that list the attributes of objects do not find it."""
    return lambda: value
