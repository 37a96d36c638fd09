"""The HTTP libraries to choose from, and the engine for each."""

from __future__ import annotations

import importlib
import importlib.util
import ssl
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import httpx

from pictory_async._http.engine import KEEPALIVE, Engine
from pictory_async._limits.slots import RequestSlots
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from pictory_async._http.authorities import Authorities
    from pictory_async._http.proxies import Proxies, Proxy

_EXTRAS: Final = {"httpx2": ("httpx2", "httpx2"), "aiohttp": ("httpx_aiohttp", "aiohttp")}


def open_engine(
    http: object,
    *,
    limit: int = 32,
    reserve: int = 8,
    plain: bool = False,
    proxies: Proxies | None = None,
    authorities: Authorities | None = None,
) -> Engine:
    """Make the engine for what a user passed as ``http``.

    Args:
        http: ``None`` or ``"httpx"``, ``"httpx2"``, ``"aiohttp"``, or an ``AsyncClient`` or ``AsyncBaseTransport`` of
            httpx or httpx2, which stays the user's to close.
        limit: As of `RequestSlots`.
        reserve: As of `RequestSlots`.
        plain: Whether it is for plain HTTP. Then all imports are made here, and no thread is started for them.
        proxies: Which proxy leads to which host, for connections of the engine's own; ``None`` if there are none.
        authorities: The authorities that these trust; ``None`` for the usual ones.

    Raises:
        PictoryConfigError: It is none of these, or an extra is not installed that it or a proxy needs.
    """
    slots = RequestSlots(limit, reserve)
    if http is None or isinstance(http, str):
        name = "httpx" if http is None else http
        _check_proxies(name, proxies)
        if authorities is not None and authorities.ready is not None:
            plain = True  # no thread either
        return _named_engine(name, slots, plain=plain, proxies=proxies, authorities=authorities)
    for library in (httpx, sys.modules.get("httpx2")):
        if library is not None and isinstance(http, (library.AsyncClient, library.AsyncBaseTransport)):
            return Engine(library, partial(_as_passed, http), slots, pooled=True, owned=False)
    raise PictoryConfigError(
        'http must be "httpx", "httpx2", "aiohttp", or an AsyncClient or AsyncBaseTransport of httpx or httpx2, '
        f"not {type(http).__name__}."
    )


def _as_passed(http: object, _: ssl.SSLContext) -> object:
    return http


def is_own(http: object) -> bool:
    """Whether a user passed a client or a transport, which has its own proxies and authorities."""
    return http is not None and not isinstance(http, str)


def _check_proxies(name: str, proxies: Proxies | None) -> None:
    for proxy in () if proxies is None else proxies.all():
        if not proxy.is_socks:
            continue
        if name == "aiohttp":
            text = f'http="aiohttp" cannot use the SOCKS proxy {proxy.shown}. Use http="httpx" or an HTTP proxy.'
            raise PictoryConfigError(text)
        if importlib.util.find_spec("socksio") is None:
            raise PictoryConfigError(
                f'The SOCKS proxy {proxy.shown} needs an extra: pip install "pictory-async[socks]". '
                "If it is the environment's, remove its variable, or pass trust_env=False."
            )


def _named_engine(name: str, slots: RequestSlots, *, plain: bool, **options: Any) -> Engine:
    if name == "httpx":
        return _own_connections(httpx, slots, plain=plain, **options)
    if name not in _EXTRAS:
        raise PictoryConfigError(
            f'http must be "httpx", "httpx2" or "aiohttp", or a client or transport object, not {brief(name)}.'
        )
    module, extra = _EXTRAS[name]
    try:
        library: Any = importlib.import_module(module)
    except ImportError:
        raise PictoryConfigError(f'http={name!r} needs an extra: pip install "pictory-async[{extra}]"') from None
    if name == "httpx2":
        return _own_connections(library, slots, plain=plain, **options)
    from pictory_async._http.over_aiohttp import Transport  # noqa: PLC0415 - it needs the extra

    def make(tls: ssl.SSLContext, **way: Any) -> Any:
        # As many connections as there can be requests: none of them waits inside the pool.
        return Transport(tls, slots.most, KEEPALIVE, **way)

    return Engine(httpx, make, slots, pooled=True, **options)


def _own_connections(library: Any, slots: RequestSlots, *, plain: bool, **options: Any) -> Engine:
    one = library.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE)
    if plain:
        library.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # which imports what it needs

    def make(tls: ssl.SSLContext, *, proxy: Proxy | None = None, **_: bool) -> Any:
        through = None if proxy is None else proxy.of(library, tls)
        return library.AsyncHTTPTransport(verify=tls, limits=one, proxy=through)

    return Engine(library, make, slots, **options)
