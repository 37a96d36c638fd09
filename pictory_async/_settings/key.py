"""The API key: one type holds it from the moment it is read, and nothing shows it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pictory_async._settings.secret import Secret, wrapped
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

_VARIABLE: Final = "PICTORY_API_KEY"
_FILE_VARIABLE: Final = "PICTORY_API_KEY_FILE"
_PREFIX: Final = "pictai_"
_GET_KEY: Final = f"Copy one from https://app.pictory.ai/api-access and pass it as api_key or set {_VARIABLE}."
_LONGEST_FILE: Final = 65536  # bytes: a wrong name may be that of a video
_QUOTES: Final = "\"'"
_TELLING: Final = 12  # characters; a shorter text may be part of another one by chance


class ApiKey(Secret):
    """The API key, which is shown to nobody.

    It is made first of all, and cannot fail: an error is raised only when no variable holds the key as text any more,
    because tracebacks can show variables. It is unwrapped where a request is written, and nowhere else.

    Args:
        value: What a user passed: the key, or the path of a file with it; another `ApiKey`; or ``None`` for the
            environment variable ``PICTORY_API_KEY``, or the file that ``PICTORY_API_KEY_FILE`` names.

    Attributes:
        warning: What a user should know about the file that it was read from; ``None`` if there is nothing.
    """

    __slots__ = ("_failure", "warning")
    _SHORTEST = 0

    def __init__(self, value: str | os.PathLike[str] | ApiKey | None = None) -> None:
        self._failure: str | None = None
        self.warning: str | None = None
        if isinstance(value, ApiKey):
            self._failure, self.warning = value._failure, value.warning  # noqa: SLF001 - it is of this class
            value = value.reveal()
        elif value is None:
            value = self._of_environment()
        if isinstance(value, os.PathLike):
            self._hold(self._read(value))
        else:
            # Secret stores end with a line end.
            self._hold(wrapped(value.strip() if isinstance(value, str) else value))

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

    def digest(self, purpose: bytes) -> bytes:
        """A secret that is derived from the key, and that does not reveal it: another one for each purpose."""
        import hmac  # noqa: PLC0415 - only a cache on disk needs it

        return hmac.digest(self.reveal().encode(), purpose, "sha256")

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

    def __reduce__(self) -> NoReturn:
        raise TypeError("An API key cannot be pickled or copied; make a new client where it is needed.")


def _without_line_end(text: str) -> str:
    """The text without the one line end that editors and shells put at the end of a file."""
    return text.removesuffix("\n").removesuffix("\r")
