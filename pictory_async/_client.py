"""`AsyncPictory`: configuration, opening and closing."""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pictory_async._api.others import OtherCalls
from pictory_async._http.authorities import Authorities
from pictory_async._http.closing import close_all
from pictory_async._http.libraries import is_own, open_engine
from pictory_async._http.options import SAME, CallOptions
from pictory_async._http.proxies import ProxySettings
from pictory_async._http.transport import Transport
from pictory_async._limits.limiter import RateLimiter
from pictory_async._settings.addresses import is_loopback
from pictory_async._settings.config import BaseUrl, Config
from pictory_async._settings.durations import optional_seconds
from pictory_async._settings.key import ApiKey
from pictory_async._settings.mistakes import AsyncBlock, KnownArguments, KnownCalls
from pictory_async._statistics import ClientStatistics, TemplateCacheStatistics
from pictory_async._values import Deferred, brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    import os
    import ssl
    from collections.abc import Callable
    from types import TracebackType
    from typing import Literal, Self

    from pictory_async._api.account import Account
    from pictory_async._api.jobs import Jobs
    from pictory_async._api.projects import Projects
    from pictory_async._api.templates import Templates
    from pictory_async._api.videos import Videos
    from pictory_async._cache.disk import DiskTemplateCache
    from pictory_async._cache.templates import TemplateCache
    from pictory_async._files.fetcher import Fetcher
    from pictory_async._http.engine import Engine
    from pictory_async._http.interface import HttpClient, HttpTransport
    from pictory_async._http.options import Unchanged
    from pictory_async._http.retry import RetryPolicy
    from pictory_async._limits.interface import Limiter
    from pictory_async._limits.wait_queue import Priority
    from pictory_async._polling.registry import WatchRegistry
    from pictory_async._polling.reporter import WatchReporter
    from pictory_async._settings.durations import Duration
    from pictory_async.events import Event


class AsyncPictory(OtherCalls, AsyncBlock, KnownArguments, KnownCalls):
    """A client of the Pictory API.

    Make one client for the life of the program and share it: it owns the connections and the request budget. Use it as
    an async context manager, or call `aclose` at the end. It belongs to one event loop.

    Args:
        api_key: The raw API key, or the path of a file with it, as a `pathlib.Path`. ``None`` reads the environment
            variable ``PICTORY_API_KEY``, or the file that ``PICTORY_API_KEY_FILE`` names.
        base_url: The address of the API; ``None`` reads the environment variable ``PICTORY_API_BASE_URL``, and if that
            is not set, it is ``https://api.pictory.ai/pictoryapis``. Plain ``http://`` is for loopback only.
        timeout: Wall-clock limit for one request, in seconds, retries not included; ``None`` for no limit.
        limiter: The request budget, a `RateLimiter` or your own `Limiter`; ``None`` makes one of 300 requests a
            minute. Pass one object to several clients of one key so that they share it.
        retry: How GETs, and what is as harmless to repeat, are retried after transient failures; ``None`` takes the
            defaults of `RetryPolicy`.
        http: What sends the requests: ``None`` or ``"httpx"``, ``"httpx2"`` or ``"aiohttp"`` (an extra each), or your
            own ``AsyncClient`` or ``AsyncBaseTransport`` of httpx or httpx2, which has its own proxies and
            certificates. You close your own.
        proxy: The address of a proxy for all requests and downloads, such as ``http://proxy.example.com:3128`` or
            ``http://USER:PASSWORD@proxy.example.com:3128``; ``https``, and ``socks5`` and ``socks5h`` with the extra
            ``socks``, are possible too. ``None`` asks ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.
        verify: The certificate authorities to trust: a file or a directory with their certificates, or a TLS context.
            ``None`` asks ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``; without them, they are the HTTP library's.
        trust_env: Whether these environment variables are used. They are read when the client is made, and those of
            certificates when it first connects.
        template_cache: How long, in seconds, ``templates.get`` returns the same template again from memory (1,000
            templates at most); or a `DiskTemplateCache`. ``None`` fetches it every time.
        unreachable_after: How many seconds a wait lasts if the client never had any response of the API, such as with a
            mistyped host; then its outcome is ``ERROR``. Two refused certificates in a row end it at once. A wait for
            a `RenderHandle` goes on until ``max_wait`` in any case. ``None``: as all other waits.
        on_event: Called with everything that happens: see `pictory_async.events`. It is called in the event loop, so
            it must not block. An error that it raises is logged once and harms nothing.

    Attributes:
        projects: The calls about projects.
        videos: The calls about videos that are made without a project.
        templates: The calls about templates.
        jobs: The calls about jobs.
        account: The calls about the account.

    The other groups of calls are properties, such as `voices`, `media` and `transcripts`.

    Raises:
        PictoryConfigError: There is no key, or a setting is not valid. Nothing was sent.
    """

    def __init__(  # noqa: PLR0913 - all settings of a client are in one place
        self,
        api_key: str | os.PathLike[str] | None = None,
        *,
        base_url: str | None = None,
        timeout: Duration | None = 30.0,
        limiter: Limiter | None = None,
        retry: RetryPolicy | None = None,
        http: Literal["httpx", "httpx2", "aiohttp"] | HttpClient | HttpTransport | None = None,
        proxy: str | None = None,
        verify: ssl.SSLContext | str | os.PathLike[str] | None = None,
        trust_env: bool = True,
        template_cache: Duration | DiskTemplateCache | None = None,
        unreachable_after: Duration | None = 300.0,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        key, address, through = ApiKey(api_key), BaseUrl(base_url), ProxySettings(proxy, trust_env=trust_env)
        del api_key, base_url, proxy  # an error that comes later must not show them: tracebacks can show variables
        self._config = Config.checked(key, address)
        options = CallOptions.of_client(timeout, retry)
        if limiter is not None and (isinstance(limiter, type) or not hasattr(limiter, "acquire")):
            raise PictoryConfigError(f"limiter must be an object such as RateLimiter(300), not {brief(limiter)}.")
        self._template_cache = None if template_cache is None else _open_cache(template_cache, self._config)
        plain = self._config.base_url.startswith("http:")
        authorities = Authorities(verify, trust_env=trust_env)
        if is_own(http) and (through.given or authorities.given):
            name = "proxy" if through.given else "verify"
            raise PictoryConfigError(f"{name}= is for connections of the library's own: set it in your http= instead.")
        proxies = None if is_own(http) else through.checked(key, plain=plain)
        opened = partial(open_engine, http, plain=plain, proxies=proxies, authorities=authorities)
        self._engine = opened()
        self._media_engine = opened(limit=4, reserve=0)
        limiter = limiter or RateLimiter()
        engine = "own" if is_own(http) else str(http or "httpx")
        reporter = None if on_event is None else _open_reporter(on_event, engine, limiter)
        transport = Transport(self._config, self._engine, limiter, options, reporter)
        limit = optional_seconds("unreachable_after", unreachable_after, above=0.0)
        self._registry = _open_registry(transport, limit, reporter)
        self._call_over(transport)

    def _call_over(self, transport: Transport) -> None:
        # Here, so that a program that imports the package, and makes a client later or never, starts sooner.
        from pictory_async._api.account import Account  # noqa: PLC0415
        from pictory_async._api.jobs import Jobs  # noqa: PLC0415
        from pictory_async._api.projects import Projects  # noqa: PLC0415
        from pictory_async._api.templates import Templates  # noqa: PLC0415
        from pictory_async._api.videos import Videos  # noqa: PLC0415

        engine, base = self._media_engine, urlsplit(self._config.base_url)
        fetcher = Deferred(lambda: _open_fetcher(engine, transport, base.hostname or ""))
        self._transport = transport
        self.projects: Projects = Projects(transport, self._registry, fetcher)
        self.videos: Videos = Videos(transport, self._registry, self.projects)
        self.templates: Templates = Templates(transport, fetcher, self._template_cache)
        self.jobs: Jobs = Jobs(transport, self._registry)
        self.account: Account = Account(transport)

    async def __aenter__(self) -> Self:
        self._engine.check_usable()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def with_options(
        self,
        *,
        timeout: Duration | Unchanged | None = SAME,
        max_queue: Duration | Unchanged | None = SAME,
        retry: RetryPolicy | Unchanged = SAME,
        priority: Priority | Unchanged = SAME,
    ) -> Self:
        """The same client with other options for calls, such as those of one handler of a web app.

        It shares connections, budget, watches and cache with this client, and closing one of them closes both. Making
        one is cheap. An option that is not given stays as it is here::

            quick = client.with_options(max_queue=0.5, timeout=5, retry=RetryPolicy(attempts=1))
            project = await quick.projects.get(project_id)  # an answer within some seconds, or an error

        The options apply to each request that a call makes itself, and ``timeout`` and ``retry`` to downloads too. They
        do not apply to polls: several callers share those. Polls wait for the budget, and have the time limit of the
        client.

        Args:
            timeout: As of the client.
            max_queue: How long a request may wait before it is sent, in seconds: `RateBudgetError` is raised at once if
                the budget has nothing free within that time. 0 means now or never, and ``None`` waits as long as it
                takes, as the client does.
            retry: As of the client.
            priority: Who goes first when the budget is short; the client's calls are ``INTERACTIVE``.

        Raises:
            PictoryConfigError: An option cannot work.
        """
        options = self._transport.options.changed(timeout, max_queue, retry, priority)
        view = copy.copy(self)
        view._call_over(self._transport.with_options(options))  # noqa: SLF001 - it is of this class
        return view

    async def aclose(self) -> None:
        """Close the connections, within 5 seconds; requests in flight close theirs when they end.

        It can be called twice. If it is cancelled, it closes them all the same before the cancellation takes effect.
        """
        closers = [self._engine.aclose, self._media_engine.aclose]
        if self._template_cache is not None:
            closers.append(self._template_cache.aclose)
        await close_all(closers)

    def statistics(self) -> ClientStatistics:
        """What the client did so far."""
        cache = self._template_cache
        return ClientStatistics(
            self._transport.statistics(),
            self._engine.statistics(),
            self._transport.limiter.statistics(),
            self.projects.statistics(),
            TemplateCacheStatistics() if cache is None else cache.statistics(),
        )

    @property
    def base_url(self) -> str:
        """The address of the API, without a trailing slash."""
        return self._config.base_url

    def __repr__(self) -> str:
        return f"AsyncPictory(base_url={self._config.base_url!r})"


def _open_cache(setting: Duration | DiskTemplateCache, config: Config) -> TemplateCache:
    from pictory_async._cache.disk import open_cache  # noqa: PLC0415 - few programs cache templates

    return open_cache(setting, config)


def _open_fetcher(engine: Engine, transport: Transport, host: str) -> Fetcher:
    from pictory_async._files.fetcher import Fetcher  # noqa: PLC0415 - few programs download

    retry, timeout = transport.options.retry, transport.options.timeout
    return Fetcher(engine, retry, timeout, loopback=is_loopback(host), reporter=transport.reporter)


def _open_registry(transport: Transport, limit: float | None, reporter: WatchReporter | None) -> WatchRegistry:
    from pictory_async._polling.registry import WatchRegistry  # noqa: PLC0415 - as the calls, with the first client

    return WatchRegistry(transport, limit, reporter)


def _open_reporter(on_event: Callable[[Event], object], engine: str, limiter: Limiter) -> WatchReporter:
    from pictory_async._polling.reporter import WatchReporter  # noqa: PLC0415 - few programs observe

    return WatchReporter(on_event, engine, limiter)
