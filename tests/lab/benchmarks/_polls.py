"""One poll of each SDK: its GET, and what it needs to judge the answer; a peer's is its own GET, parsed as it does."""

from __future__ import annotations

import importlib
import warnings
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio

from pictory_async import AsyncPictory, ProgressSchedule, RateLimiter
from pictory_async._polling.wait import Terms
from pictory_async._polling.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Poll = Callable[[], Awaitable[Any]]

KEY = "pictai_benchmark"
UNLIMITED = 10_000_000


@asynccontextmanager
async def ours(base_url: str, http: Any = "httpx") -> AsyncIterator[Poll]:
    """Ours: one poll, with what the poller concludes from it."""
    limiter = RateLimiter(UNLIMITED, 1.0, UNLIMITED // 10)
    async with AsyncPictory(KEY, base_url=base_url, http=http, limiter=limiter) as client:
        # The rendered sample is not the video that is waited for, so that the watch goes on.
        terms = Terms(max_wait=None, interval=10.0, start_grace=1e9, schedule=ProgressSchedule())
        watch = Watch("p", datetime(2100, 1, 1, tzinfo=UTC), None, terms, anyio.current_time(), None)

        async def poll() -> None:
            response = await client._transport.poll(watch.path, watch.subject)
            watch.saw(response.body, response.sent_at, anyio.current_time())

        yield poll


@asynccontextmanager
async def stainless(base_url: str, name: str, *, aiohttp: bool = False, **settings: Any) -> AsyncIterator[Poll]:
    """Those of openai, anthropic and runwayml, which share a generator."""
    library: Any = importlib.import_module(name)
    kind = {"openai": "AsyncOpenAI", "anthropic": "AsyncAnthropic", "runwayml": "AsyncRunwayML"}[name]

    class Project(library.BaseModel):  # type: ignore[misc]
        projectName: str | None = None  # noqa: N815 - the wire's spelling
        step: str | None = None
        inProgress: bool | None = None  # noqa: N815
        videoURL: str | None = None  # noqa: N815
        generatedDate: str | None = None  # noqa: N815
        saveDate: str | None = None  # noqa: N815
        videoDuration: float | None = None  # noqa: N815

    options = {"api_key": KEY, "base_url": base_url, "max_retries": 0, **settings}
    if aiohttp:
        options["http_client"] = library.DefaultAioHttpClient()
    async with getattr(library, kind)(**options) as client:
        yield lambda: client.get("/v2/projects/p", cast_to=Project)


@asynccontextmanager
async def replicate(base_url: str) -> AsyncIterator[Poll]:
    """That of replicate."""
    library: Any = importlib.import_module("replicate")
    client = library.Client(api_token=KEY, base_url=base_url)
    yield lambda: client.predictions.async_get("p")


def poller(name: str, base_url: str) -> Any:
    """The poll that a name stands for."""
    warnings.simplefilter("ignore")
    base, _, mode = name.partition("+")
    if base == "ours":
        return ours(base_url, mode or "httpx")
    if base == "replicate":
        return replicate(base_url)
    return stainless(base_url, base, aiohttp=mode == "aiohttp")


PEERS = ("openai", "anthropic", "runwayml", "replicate")
PEERS_AIOHTTP = ("openai+aiohttp", "anthropic+aiohttp", "runwayml+aiohttp")
