"""The API key: one type holds it from the moment it is read, and nothing shows it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

_VARIABLE: Final = "PICTORY_API_KEY"
_FILE_VARIABLE: Final = "PICTORY_API_KEY_FILE"
_PREFIX: Final = "pictai_"
_GET_KEY: Final = f"Copy one from https://app.pictory.ai/api-access and pass it as api_key or set {_VARIABLE}."
_LONGEST_FILE: Final = 65536  # bytes: a wrong name may be that of a video
_STARS: Final = "********"
_SPECIAL: Final = frozenset('"\\/')
_ESCAPES: Final = re.compile(rb"\\u00[2-7]")
_ANY_ESCAPES: Final = re.compile(rb"\\")
_QUOTES: Final = "\"'"
_TELLING: Final = 12  # characters; a shorter text may be part of another one by chance


class ApiKey:
    """The API key, which is shown to nobody.

    It is made first of all, and cannot fail: an error is raised only when no variable holds the key as text any more,
    because tracebacks can show variables. It is unwrapped where a request is written, and nowhere else.

    Args:
        value: What a user passed: the key, or the path of a file with it; another `ApiKey`; or ``None`` for the
            environment variable ``PICTORY_API_KEY``, or the file that ``PICTORY_API_KEY_FILE`` names.

    Attributes:
        warning: What a user should know about the file that it was read from; ``None`` if there is nothing.
    """

    __slots__ = ("_escaped", "_failure", "_unwrap", "warning")

    def __init__(self, value: str | os.PathLike[str] | ApiKey | None = None) -> None:
        self._failure: str | None = None
        self.warning: str | None = None
        if isinstance(value, ApiKey):
            self._failure, self.warning = value._failure, value.warning  # noqa: SLF001 - it is of this class
            value = value.reveal()
        elif value is None:
            value = self._of_environment()
        if isinstance(value, os.PathLike):
            self._unwrap = self._read(value)
        else:
            # Secret stores end with a line end.
            self._unwrap = wrapped(value.strip() if isinstance(value, str) else value)
        self._escaped: Callable[[], Any] | None = None

    def _of_environment(self) -> str | os.PathLike[str] | None:
        file = os.environ.get(_FILE_VARIABLE)
        if not file:
            return os.environ.get(_VARIABLE)
        if os.environ.get(_VARIABLE):
            self._failure = f"{_VARIABLE} and {_FILE_VARIABLE} are both set. Unset one of them."
            return None
        return Path(file)

    def _read(self, path: os.PathLike[str]) -> Callable[[], Any]:
        """Read the key from a file; it must not be read by other users of the machine."""
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - any object with a path
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & stat.S_IROTH:
                    self.warning = f"The file {os.fspath(path)} with the API key can be read by all users: chmod 600."
                found = wrapped(file.read(_LONGEST_FILE))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "that is no name of a file"
            self._failure = f"The API key could not be read from {os.fspath(path)}: {reason}."
            return wrapped(None)
        return wrapped(_without_line_end(found().decode(errors="replace")))

    def check(self) -> None:
        """Refuse a key that no server would accept.

        Raises:
            PictoryConfigError: There is no key, or it is not one; the text does not repeat it.
        """
        problem = self._problem()
        if problem is not None:
            raise PictoryConfigError(problem)

    @property
    def is_usual(self) -> bool:
        """Whether it has the form of Pictory's keys."""
        return bool(self._unwrap().startswith(_PREFIX))

    def reveal(self) -> Any:
        """The key itself: for the header of a request. Put it into no variable."""
        return self._unwrap()

    def digest(self, purpose: bytes) -> bytes:
        """A secret that is derived from the key, and that does not reveal it: another one for each purpose."""
        import hmac  # noqa: PLC0415 - only a cache on disk needs it

        return hmac.digest(self.reveal().encode(), purpose, "sha256")

    def hide_in(self, text: str) -> str:
        """The text without the key: a server may repeat what it was sent."""
        return text.replace(self._unwrap(), _STARS)

    def scrubbed(self, body: bytes) -> bytes:
        """The bytes of a response without the key, as it is and in every way in which JSON can write it."""
        body = body.replace(self._unwrap().encode(), _STARS.encode())
        # The pattern takes longer than reading the body, so it is left out where nothing in ASCII is escaped.
        escapes = _ESCAPES if _SPECIAL.isdisjoint(self._unwrap()) else _ANY_ESCAPES
        if not escapes.search(body):
            return body
        if self._escaped is None:
            self._escaped = wrapped(re.compile(b"".join(map(_forms, self._unwrap()))))
        return bytes(self._escaped().sub(_STARS.encode(), body))

    def is_in(self, text: str) -> bool:
        """Whether a text contains the key, or what looks like one."""
        return _PREFIX in text or (len(self._unwrap()) >= _TELLING and self._unwrap() in text)

    def _problem(self) -> str | None:
        if self._failure is not None:
            return self._failure
        if not self._unwrap():
            return f"There is no API key. {_GET_KEY}"
        if not isinstance(self._unwrap(), str):
            return f"The API key must be text, not {type(self._unwrap()).__name__}. {_GET_KEY}"
        return self._misspelt()

    def _misspelt(self) -> str | None:
        if self._unwrap()[0] in _QUOTES:
            return "The API key begins with a quotation mark. Remove it, and the one at the end."
        if self._unwrap().lower().startswith("bearer "):
            return "The API key starts with 'Bearer '. Pictory takes the raw key: remove that word."
        if not self._unwrap().isascii() or not self._unwrap().isprintable() or " " in self._unwrap():
            return f"The API key contains spaces, line ends or other impossible characters. {_GET_KEY}"
        return None

    def __repr__(self) -> str:
        return f"ApiKey('{_STARS}')"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("An API key cannot be pickled or copied; make a new client where it is needed.")


def _without_line_end(text: str) -> str:
    """The text without the one line end that editors and shells put at the end of a file."""
    return text.removesuffix("\n").removesuffix("\r")


def _forms(character: str) -> bytes:
    """A pattern for the ways in which JSON can write an ASCII character (RFC 8259, section 7)."""
    plain = re.escape(character.encode())
    escaped = rb"|\\" + plain if character in _SPECIAL else b""
    return rb"(?:%b|\\u(?i:%04x)%b)" % (plain, ord(character), escaped)


def wrapped(value: object) -> Callable[[], Any]:
    """Keep a value where tools that list the attributes of objects do not find it."""
    return lambda: value
