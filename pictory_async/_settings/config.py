"""The settings of a client: the key and the base URL."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Final, cast

import attrs

from pictory_async._settings.addresses import has_wrong_port, is_loopback, web_address
from pictory_async._settings.key import ApiKey
from pictory_async._settings.secret import wrapped
from pictory_async._values import ValueObject, brief
from pictory_async._version import __version__
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["ApiKey", "BaseUrl", "Config", "user_agent"]

BASE_URL: Final = "https://api.pictory.ai/pictoryapis"
_USUAL_PORTS: Final = {"https": 443, "http": 80}


@attrs.frozen(repr=False, eq=False)
class Config(ValueObject):
    """Checked settings of one client.

    Attributes:
        key: The API key.
        base_url: The address of the API, without a trailing slash.
    """

    key: ApiKey
    base_url: str

    @classmethod
    def checked(cls, api_key: str | os.PathLike[str] | ApiKey | None, base_url: str | BaseUrl | None) -> Config:
        """Take settings from arguments, then from the environment, and check them.

        Raises:
            PictoryConfigError: There is no key, or the key or the URL is not valid.
        """
        key, address = ApiKey(api_key), base_url if isinstance(base_url, BaseUrl) else BaseUrl(base_url)
        del api_key, base_url  # a traceback of this frame can show its variables
        key.check()
        if key.warning is not None:
            warnings.warn(key.warning, stacklevel=3)
        if not key.is_usual:
            warnings.warn("The API key does not start with 'pictai_'; Pictory's keys do.", stacklevel=3)
        return cls(key, address.checked(key))


class BaseUrl:
    """The address of the API before it is checked: until then, it may contain a password, or the key by mistake.

    Args:
        value: What a user passed, or ``None`` for the environment variable ``PICTORY_API_BASE_URL`` and, if that is not
            set, for Pictory's own address.
    """

    __slots__ = ("_unwrap",)

    def __init__(self, value: str | None = None) -> None:
        self._unwrap = wrapped(os.environ.get("PICTORY_API_BASE_URL") or BASE_URL if value is None else value)

    def checked(self, key: ApiKey) -> str:
        """The address in one spelling, which a ledger knows it by: in small letters, without a usual port and slashes.

        Raises:
            PictoryConfigError: It cannot be one; the text repeats neither a password nor the key.
        """
        problem = self._problem(key)
        if problem is not None:
            raise PictoryConfigError(problem)
        parts = cast("SplitResult", web_address(self._unwrap()))
        host = parts.netloc.lower().removesuffix(f":{_USUAL_PORTS[parts.scheme]}").removesuffix(":")
        return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"

    def _problem(self, key: ApiKey) -> str | None:
        url = self._unwrap()
        parts = web_address(url)
        problem = None
        if parts is None and has_wrong_port(url):
            problem = "has a wrong port: it must be a number up to 65535"
        elif parts is None:
            problem = "is not a web address: it must start with https:// and name a host"
        elif parts.username is not None or parts.password is not None:
            problem = "contains credentials. Remove them; the API key is sent as a header"
        elif parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            problem = "would send the API key unencrypted; use https:// (http:// is for loopback only)"
        elif parts.query or parts.fragment:
            problem = "must be a plain address without query or fragment"
        elif key.is_in(url):
            problem = "contains an API key. Remove it; the API key is sent as a header"
        if problem is None:
            return None
        shown = "" if "@" in str(url) or key.is_in(str(url)) else f" {brief(url)}"
        return f"The base URL{shown} {problem}."


def user_agent() -> str:
    """The User-Agent header: Cloudflare rejects the default ones of some HTTP libraries (403, error 1010)."""
    return f"pictory-async/{__version__}"
