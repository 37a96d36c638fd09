"""The HTTP libraries to choose from, and the engine for each."""

from __future__ import annotations

import importlib
import ssl
import sys
from typing import Any, Final

import httpx

from pictory_async._http.engine import KEEPALIVE, Engine
from pictory_async._limits.slots import RequestSlots
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

_EXTRAS: Final = {"httpx2": ("httpx2", "httpx2"), "aiohttp": ("httpx_aiohttp", "aiohttp")}


def open_engine(http: object, *, limit: int = 32, reserve: int = 8, plain: bool = False) -> Engine:
    """Make the engine for what a user passed as ``http``.

    Args:
        http: ``None`` or ``"httpx"``, ``"httpx2"``, ``"aiohttp"``, or an ``AsyncClient`` or ``AsyncBaseTransport`` of
            httpx or httpx2, which stays the user's to close.
        limit: As of `RequestSlots`.
        reserve: As of `RequestSlots`.
        plain: Whether it is for plain HTTP. Then all imports are made here, and no thread is started for them.

    Raises:
        PictoryConfigError: It is none of these, or its extra is not installed.
    """
    slots = RequestSlots(limit, reserve)
    if http is None or http == "httpx":
        return _own_connections(httpx, slots, plain=plain)
    if isinstance(http, str):
        return _named_engine(http, slots, plain=plain)
    for library in (httpx, sys.modules.get("httpx2")):
        if library is not None and isinstance(http, (library.AsyncClient, library.AsyncBaseTransport)):
            return Engine(library, lambda _: http, slots, pooled=True, owned=False)
    raise PictoryConfigError(
        'http must be "httpx", "httpx2", "aiohttp", or an AsyncClient or AsyncBaseTransport of httpx or httpx2, '
        f"not {type(http).__name__}."
    )


def _named_engine(name: str, slots: RequestSlots, *, plain: bool) -> Engine:
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
        return _own_connections(library, slots, plain=plain)
    from pictory_async._http.over_aiohttp import Transport  # noqa: PLC0415 - it needs the extra

    # As many connections as there can be requests: none of them waits inside the pool.
    return Engine(httpx, lambda tls: Transport(tls, slots.most, KEEPALIVE), slots, pooled=True)


def _own_connections(library: Any, slots: RequestSlots, *, plain: bool) -> Engine:
    one = library.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE)
    if plain:
        library.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # which imports what it needs
    return Engine(library, lambda tls: library.AsyncHTTPTransport(verify=tls, limits=one), slots)
