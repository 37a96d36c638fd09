"""Web addresses: which texts are one, and which ones lead to this machine or its network. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_NAME: Final = r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?"
_NUMBER: Final = r"[0-9]+|0x[0-9a-f]*"
_PRIVATE: Final = (".localhost", ".local", ".internal", ".home.arpa", ".localdomain")
_PUBLIC_IPV6: Final = ipaddress.IPv6Network("2000::/3")


def web_address(url: str) -> SplitResult | None:
    """Parse an address; ``None`` if it is not one, or if two parsers could read it differently."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if "[" in parts.netloc:
        known = "%" not in host and isinstance(_ip(host), ipaddress.IPv6Address)
    else:
        known = re.fullmatch(_NAME, host) is not None
    return parts if known and parts.scheme in {"https", "http"} else None


def has_wrong_port(url: str) -> bool:
    """Whether a text that is no web address would be one without its port."""
    if not isinstance(url, str):
        return False
    found = re.fullmatch(r"(https?://[^/?#]+):[^:/?#\]]*([/?#].*)?", url)
    return found is not None and web_address(found[1]) is not None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for certain. No name is resolved."""
    address = _ip(host)
    return host == "localhost" if address is None else address.is_loopback


def objection(url: str, *, loopback: bool) -> str | None:
    """Why an address that the API returned must not be used; ``None`` if nothing is wrong with it.

    Args:
        url: The address.
        loopback: Whether addresses on this machine are allowed, over plain HTTP too.
    """
    parts = web_address(url)
    if parts is None:
        return "is not a web address"
    if parts.username is not None or parts.password is not None:
        return "contains credentials"
    host = parts.hostname or ""
    if is_loopback(host):
        return None if loopback else "points to this machine"
    if _is_private(host):
        return "does not lead to the public internet"
    return "is not encrypted" if parts.scheme == "http" else None


def _is_private(host: str) -> bool:
    address = _ip(host)
    if isinstance(address, ipaddress.IPv6Address):
        # Outside of 2000::/3, and as 6to4, it may stand for an IPv4 address.
        return not address.is_global or address not in _PUBLIC_IPV6 or address.sixtofour is not None
    if address is not None:
        return not address.is_global or address.is_multicast
    name = host.rstrip(".")
    # Resolvers read "127.1", "0x7f.1" and "2130706433" as 127.0.0.1.
    return "." not in name or name.endswith(_PRIVATE) or re.fullmatch(_NUMBER, name.rpartition(".")[2]) is not None


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
