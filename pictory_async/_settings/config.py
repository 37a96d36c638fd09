"""The settings of a client: the key, the base URL and the time limit of one request."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Final, NoReturn

import attrs

from pictory_async._settings.addresses import is_loopback, web_address
from pictory_async._settings.durations import optional_seconds
from pictory_async._values import ValueObject
from pictory_async._version import __version__
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from pictory_async._settings.durations import Duration

BASE_URL: Final = "https://api.pictory.ai/pictoryapis"
_GET_KEY: Final = "Copy one from https://app.pictory.ai/api-access and pass it as api_key or set PICTORY_API_KEY."


class ApiKey:
    """The API key, which is shown only to the code that sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def hide_in(self, text: str) -> str:
        """The text without the key: a server may repeat what it was sent."""
        return text.replace(self._value, "********")

    def __repr__(self) -> str:
        return "ApiKey('********')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("An API key cannot be pickled or copied; make a new client where it is needed.")


@attrs.frozen(repr=False, eq=False)
class Config(ValueObject):
    """Checked settings of one client.

    Attributes:
        key: The API key.
        base_url: The address of the API, without a trailing slash.
        timeout: Wall-clock limit for one request, in seconds; ``None`` for no limit.
    """

    key: ApiKey
    base_url: str
    timeout: float | None

    @classmethod
    def checked(cls, api_key: str | None, base_url: str | None, timeout: Duration | None) -> Config:
        """Take settings from arguments, then from the environment, and check them.

        Raises:
            PictoryConfigError: There is no key, or the key, the URL or the limit is not valid.
        """
        key = api_key if api_key is not None else os.environ.get("PICTORY_API_KEY")
        url = base_url if base_url is not None else os.environ.get("PICTORY_API_BASE_URL") or BASE_URL
        return cls(_checked_key(key), _checked_url(url), optional_seconds("timeout", timeout, above=0.0))


def _checked_key(key: str | None) -> ApiKey:
    if isinstance(key, str):
        key = key.strip()  # files and secret stores end with a line end
    if not key:
        raise PictoryConfigError(f"There is no API key. {_GET_KEY}")
    if not isinstance(key, str):
        raise PictoryConfigError(f"The API key must be text, not {type(key).__name__}. {_GET_KEY}")
    if key.lower().startswith("bearer "):
        raise PictoryConfigError("The API key starts with 'Bearer '. Pictory takes the raw key: remove that word.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise PictoryConfigError(f"The API key contains spaces, line ends or other impossible characters. {_GET_KEY}")
    if not key.startswith("pictai_"):
        warnings.warn("The API key does not start with 'pictai_'; Pictory's keys do.", stacklevel=4)
    return ApiKey(key)


def _checked_url(url: str) -> str:
    parts = web_address(url)
    # Neither passwords are shown, nor a key that was passed in the wrong place.
    shown = "" if "@" in str(url) or "pictai_" in str(url) else f" {url!r}"
    problem = None
    if parts is None:
        problem = "is not a web address: it must start with https:// and name a host"
    elif parts.username is not None or parts.password is not None:
        problem = "contains credentials. Remove them; the API key is sent as a header"
    elif parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        problem = "would send the API key unencrypted; use https:// (http:// is for loopback only)"
    elif parts.query or parts.fragment:
        problem = "must be a plain address without query or fragment"
    if problem:
        raise PictoryConfigError(f"The base URL{shown} {problem}.")
    return url.rstrip("/")


def user_agent() -> str:
    """The User-Agent header: Cloudflare rejects the default ones of some HTTP libraries (403, error 1010)."""
    return f"pictory-async/{__version__}"
