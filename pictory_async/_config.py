"""What a client is told once: the key, the address and the time limit of one request."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

import attrs

from pictory_async._durations import optional_seconds
from pictory_async._version import __version__
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from pictory_async._durations import Duration

__all__ = ["ApiKey", "Config", "is_loopback", "user_agent"]

BASE_URL: Final = "https://api.pictory.ai/pictoryapis"
_GET_KEY: Final = "Copy one from https://app.pictory.ai/api-access and pass it as api_key or set PICTORY_API_KEY."


class ApiKey:
    """The API key, which shows itself only to the code that sends it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def __repr__(self) -> str:
        return "ApiKey('********')"

    def __reduce__(self) -> NoReturn:
        msg = "An API key is not pickled or copied; make the client anew where it is needed."
        raise TypeError(msg)


@attrs.frozen
class Config:
    """Checked settings of one client.

    Attributes:
        key: The API key.
        base_url: Where the API is, without a trailing slash.
        timeout: Wall-clock limit for one request, in seconds; ``None`` for no limit.
    """

    key: ApiKey
    base_url: str
    timeout: float | None

    @classmethod
    def checked(cls, api_key: str | None, base_url: str | None, timeout: Duration | None) -> Config:
        """Take settings from arguments, then from the environment, and refuse what cannot work.

        Raises:
            PictoryConfigError: No key, or a key, URL or limit that cannot work.
        """
        key = api_key if api_key is not None else os.environ.get("PICTORY_API_KEY")
        url = base_url if base_url is not None else os.environ.get("PICTORY_API_BASE_URL") or BASE_URL
        return cls(_checked_key(key), _checked_url(url), optional_seconds("timeout", timeout, above=0.0))


def _checked_key(key: str | None) -> ApiKey:
    if not key:
        raise PictoryConfigError(f"There is no API key. {_GET_KEY}")
    if not isinstance(key, str):
        raise PictoryConfigError(f"The API key must be text, not {type(key).__name__}. {_GET_KEY}")
    if key.lower().startswith("bearer "):
        raise PictoryConfigError("The API key starts with 'Bearer '. Pictory takes the raw key: remove that word.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise PictoryConfigError(f"The API key holds spaces, line ends or other characters no key has. {_GET_KEY}")
    if not key.startswith("pictai_"):
        warnings.warn("The API key does not start with 'pictai_'; Pictory's keys do.", stacklevel=4)
    return ApiKey(key)


def _checked_url(url: str) -> str:
    problem = None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except (ValueError, AttributeError):
        raise PictoryConfigError(f"The base URL {url!r} is not a URL.") from None
    if parts.username is not None or parts.password is not None:
        raise PictoryConfigError("The base URL holds credentials. Remove them; the API key is sent as a header.")
    if parts.scheme not in {"https", "http"} or not host:
        problem = "must start with https:// and name a host"
    elif parts.scheme == "http" and not is_loopback(host):
        problem = "would send the API key unencrypted; use https:// (http:// is for loopback only)"
    elif parts.query or parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        problem = "must be a plain address without query, fragment or spaces"
    if problem:
        raise PictoryConfigError(f"The base URL {url!r} {problem}.")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    return host in {"localhost", "::1"} or (
        host.startswith("127.") and host.count(".") == 3 and host.replace(".", "").isdigit()  # noqa: PLR2004 - IPv4
    )


def user_agent() -> str:
    """What requests call themselves: Cloudflare refuses some HTTP libraries' default names (403, error 1010)."""
    return f"pictory-async/{__version__}"
