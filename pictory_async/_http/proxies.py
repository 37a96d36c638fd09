"""Which proxy leads to which host, and what it takes to use it. Nothing shows a proxy's password."""

from __future__ import annotations

import ipaddress
import os
import re
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies

import attrs

from pictory_async._settings.addresses import is_loopback, web_address
from pictory_async._settings.secret import wrapped
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pictory_async._settings.key import ApiKey

_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_ORIGIN: Final = re.compile(r"[^/]*//[^/?#]*")
_HOW: Final = (
    "Write it as http://proxy.example.com:3128 or http://USER:PASSWORD@proxy.example.com:3128, with the special "
    "characters of a password percent-encoded; https, socks5 and socks5h are possible too"
)


class Proxy:
    """A proxy.

    Args:
        unwrap: Returns its address, which was checked.

    Attributes:
        url: Its address without user name and password.
        shown: Host and port, for errors.
        scheme: ``http``, ``https``, ``socks5`` or ``socks5h``.
        local: Whether it is on this machine.
    """

    def __init__(self, unwrap: Callable[[], Any]) -> None:
        parts = cast("SplitResult", _parts(unwrap()))
        host = parts.hostname or ""
        self.scheme: str = parts.scheme
        self.shown: str = f"{f'[{host}]' if ':' in host else host}:{parts.port or _PORTS[parts.scheme]}"
        self.url: str = f"{self.scheme}://{self.shown}"
        self.local: bool = is_loopback(host)
        user = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
        self._unwrap = wrapped(user)

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS rather than HTTP."""
        return self.scheme.startswith("socks")

    def headers(self) -> dict[str, str]:
        """What proves to it who asks. Put them into no variable."""
        if self._unwrap() is None:
            return {}
        return {"Proxy-Authorization": f"Basic {b64encode(':'.join(self._unwrap()).encode()).decode()}"}

    def of(self, library: Any, tls: Any) -> Any:
        """This proxy as httpx or httpx2 wants it; ``tls`` is for the connection to the proxy itself."""
        if not self.is_socks:
            return library.Proxy(self.url, headers=self.headers(), ssl_context=tls if self.scheme == "https" else None)
        return library.Proxy(self.url, auth=self._unwrap() and tuple(map(_Unshown, self._unwrap())))

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"


class _Unshown(str):
    """A text that httpcore may log: it writes what it says to a SOCKS proxy at ``DEBUG``."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return _UnshownBytes(super().encode(encoding, errors))

    def __repr__(self) -> str:
        return "'********'"


class _UnshownBytes(bytes):
    __slots__ = ()

    __repr__ = _Unshown.__repr__


@attrs.frozen(eq=False)
class Way:
    """How to reach a host. There is one object for each way, so that ways can be compared by identity.

    Attributes:
        encrypted: Whether it goes over TLS to the host.
        proxy: The proxy that leads there; ``None`` for a direct connection.
    """

    encrypted: bool
    proxy: Proxy | None = None

    @property
    def secure(self) -> bool:
        """Whether any part of it goes over TLS, so that it needs authorities."""
        return self.encrypted or (self.proxy is not None and self.proxy.scheme == "https")

    @property
    def options(self) -> dict[str, Any]:
        """What a transport for it is made with, beside the TLS context."""
        return {} if self.proxy is None else {"proxy": self.proxy, "tunnel": self.encrypted}


DIRECT: Final = {True: Way(True), False: Way(False)}  # noqa: FBT003 - the key says what it is
"""The ways without a proxy, by whether they are encrypted."""


class Proxies:
    """Decides, once per host, whether a proxy leads there.

    Args:
        https: The proxy for ``https://`` addresses.
        http: The proxy for ``http://`` addresses, which are all on this machine. It is used only if it is on this
            machine too: requests to other proxies would carry the API key over the network unencrypted.
        exempt: Hosts that need no proxy, as in ``NO_PROXY``.
    """

    def __init__(self, https: Proxy | None, http: Proxy | None, exempt: str = "") -> None:
        self._ways = dict(DIRECT)
        if https is not None:
            self._ways[True] = Way(encrypted=True, proxy=https)
        if http is not None and http.local:
            self._ways[False] = Way(encrypted=False, proxy=http)
        self._exempt = [Exemption.of(entry) for entry in re.split(r"[,\s]+", exempt.lower()) if entry]
        self._decided = lru_cache(maxsize=64)(self._decide)

    def way(self, url: str) -> Way:
        """The way to the host of an absolute URL."""
        found = _ORIGIN.match(url)
        return self._decided(url if found is None else found[0])

    def all(self) -> Iterable[Proxy]:
        """Each proxy that may be used."""
        return [way.proxy for way in self._ways.values() if way.proxy is not None]

    def _decide(self, origin: str) -> Way:
        parts = urlsplit(origin)
        encrypted = parts.scheme == "https"
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or _PORTS["https" if encrypted else "http"]
        ways = DIRECT if any(one.covers(host, port) for one in self._exempt) else self._ways
        return ways[encrypted]


@attrs.frozen
class Exemption:
    """One entry of ``NO_PROXY``.

    It is a host, which stands for its subdomains too, also with a dot or ``*.`` before it; an IP address, a range of
    them such as ``10.0.0.0/8``, or ``*``. A port after it limits it to that port.

    Attributes:
        name: The host; empty for all hosts.
        port: The port; ``None`` for all ports.
    """

    name: str
    port: str | None

    @classmethod
    def of(cls, entry: str) -> Exemption:
        """Read an entry in lower case."""
        name, port = entry, None
        if "]:" in entry or entry.count(":") == 1:  # else the colons are those of an IPv6 address
            name, _, port = entry.rpartition(":")
        name = name.replace("[", "").replace("]", "").removeprefix("*").strip(".")
        return cls(name if name or entry.startswith("*") else entry, port)

    def covers(self, host: str, port: int) -> bool:
        """Whether it names this host and port."""
        if self.port not in {None, str(port)}:
            return False
        if not self.name or host == self.name or host.endswith(f".{self.name}"):
            return True
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(self.name, strict=False)
        except ValueError:  # one of them is a name
            return False


class ProxySettings:
    """What a user says about proxies, before it is checked: until then, a proxy's address may contain a password.

    Args:
        value: The argument ``proxy``.
        trust_env: Whether the environment is asked if there is no argument.
    """

    def __init__(self, value: object, *, trust_env: bool) -> None:
        self.given: bool = value is not None
        self._unwrap = wrapped(value)
        self._trust_env = trust_env

    def checked(self, key: ApiKey, *, plain: bool) -> Proxies | None:
        """The proxies to use; ``None`` if there is none.

        Args:
            key: The API key, which must be in no address.
            plain: Whether the base URL is a plain ``http://`` one, and so on this machine.

        Raises:
            PictoryConfigError: An argument or an environment variable names something that cannot be a proxy.
        """
        if self.given:
            proxy = _proxy("proxy", self._unwrap, key)
            if plain and not proxy.local:
                raise PictoryConfigError(
                    f"The proxy {proxy.shown} would get the API key unencrypted, because the base URL is a plain "
                    "http:// address. Remove proxy=, or use an https:// address."
                )
            return Proxies(proxy, proxy)
        if not self._trust_env:
            return None
        exempt = getproxies().get("no", "")
        if "*" in re.split(r"[,\s]+", exempt):
            return None
        https = _of_environment("https", key)
        http = _of_environment("http", key) if plain else None
        return None if https is http is None else Proxies(https, http, exempt)


def _of_environment(scheme: str, key: ApiKey) -> Proxy | None:
    kind = scheme if getproxies().get(scheme) else "all"
    unwrap = wrapped(getproxies().get(kind))
    if unwrap() is None:
        return None
    variable = f"{kind}_proxy"
    names = [name for name in os.environ if name.lower() == variable and os.environ[name] == unwrap()]
    return _proxy(f"The environment variable {(names or [variable])[0]}", unwrap, key)


def _proxy(name: str, unwrap: Callable[[], Any], key: ApiKey) -> Proxy:
    # No variable holds the address here: tracebacks can show variables.
    problem = _problem(unwrap(), key)
    if problem is not None:
        raise PictoryConfigError(f"{name} {problem}.")
    return Proxy(unwrap)


def _problem(text: object, key: ApiKey) -> str | None:
    if not isinstance(text, str):
        return f"must be the address of a proxy, not {type(text).__name__}. {_HOW}"
    if key.is_in(text):
        return "contains an API key. Remove it; a proxy does not need it"
    if _parts(text) is None:
        shown = "" if "@" in text else f" ({brief(text)})"
        return f"is not the address of a proxy{shown}. {_HOW}"
    return None


def _parts(text: str) -> SplitResult | None:
    scheme, mark, rest = text.strip().rpartition("://")
    scheme = scheme.lower() if mark else "http"  # as curl and httpx read variables
    parts = web_address(f"http://{rest}")
    # More than an address may be the rest of a password with a "#", a "?" or a "/" in it.
    if parts is None or scheme not in _PORTS or parts.path not in {"", "/"} or parts.query or parts.fragment:
        return None
    return parts._replace(scheme=scheme)
