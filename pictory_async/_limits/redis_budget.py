"""A request budget in Redis or Valkey, for the processes of several machines. Needs the extra ``redis``."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import math
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import anyio

from pictory_async._limits.redis_script import SCRIPT, script_arguments
from pictory_async._limits.shared import Lease, SharedPace
from pictory_async._limits.stored import OutOfReachError, StoredBudget
from pictory_async._settings.secret import Secret
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pictory_async._limits.shared import BudgetTerms

_SCHEMES: Final = ("redis", "rediss", "unix")
_TIMEOUT: Final = 1.5  # seconds, to connect or for an answer
_AT_ONCE: Final = 0.25  # seconds: a server that did not answer just now is not asked again
_PURPOSE: Final = b"pictory-async shared request budget"


class RedisBudget(StoredBudget):
    """A request budget that processes of several machines share, for ``RateLimiter(shared=...)``.

    It is kept by one script on the server, by the server's clock: the clocks of the machines may differ. It needs
    asyncio, the extra ``redis`` (``pip install "pictory-async[redis]"``), and Redis 5 or newer, or any Valkey. Use it
    as an async context manager or call `aclose` at the end. Its first use of an event loop opens a connection.

    Args:
        url: The server, as redis-py takes it: ``redis://HOST:6379/0``, ``rediss://USER:PASSWORD@HOST:6380/0`` with TLS,
            or ``unix:///run/redis.sock``; with settings such as ``?ssl_ca_certs=FILE``. It is shown without its user,
            password and settings.
        name: What the processes have in common, such as the API key. The server gets a hash of it only.
        prefix: What the name of the one key on the server begins with.
        on_outage: What happens while the server is out of reach: ``"fail"`` raises `ConnectionFailedError` and sends
            nothing; ``"share"`` uses a ``fraction`` of the budget in this process alone, with a warning in the log.
        fraction: More than 0, at most 1; only with ``"share"``.

    Raises:
        PictoryConfigError: An argument cannot work, or the extra is missing.
    """

    def __init__(
        self,
        url: str | Secret,
        name: str | Secret,
        *,
        prefix: str = "pictory",
        on_outage: Literal["fail", "share"] = "fail",
        fraction: float | None = None,
    ) -> None:
        url, name = Secret(url), Secret(name)  # tracebacks can show variables
        try:
            from redis import RedisError, asyncio as redis  # noqa: PLC0415 - an extra
            from redis.asyncio.retry import Retry  # noqa: PLC0415 - an extra
            from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra
        except ImportError:
            raise PictoryConfigError('RedisBudget needs an extra: pip install "pictory-async[redis]"') from None
        if not isinstance(prefix, str) or not prefix.isprintable() or not prefix:
            raise PictoryConfigError(f"prefix must be a text such as 'pictory', not {brief(prefix)}.")
        super().__init__(_place(url), on_outage, fraction)
        # A server that was started again has closed the connection, so the question is asked once more. A lease that is
        # given out twice counts twice, and does no other harm.
        options: dict[str, Any] = {
            "socket_timeout": _TIMEOUT,
            "socket_connect_timeout": _TIMEOUT,
            "retry": Retry(NoBackoff(), 1),
        }
        from_url: Any = redis.Redis.from_url  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        self._open: Callable[[], Any] = lambda: from_url(url.reveal(), **options)
        self._failures = (RedisError, OSError)
        digest = hmac.digest(name.reveal().encode(errors="surrogatepass"), _PURPOSE, "sha256").hex()[:32]
        self._key = f"{prefix}:budget:1:{digest}"  # 1 is the version of what is kept there
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Any = None
        self._script: Any = None
        self._failed: tuple[float, str] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. The next use opens one again."""
        client, self._client, self._loop = self._client, None, None
        if client is not None:
            await client.aclose()

    async def _lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        return await self._run(script_arguments("lease", terms, slots, within, pace), terms)

    async def _give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        await self._run(script_arguments("give back", terms, slots, lease.mark, SharedPace(), lease.epoch), terms)

    async def _report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        return (await self._run(script_arguments("report", terms, 1, pause, pace), terms)).pace

    async def _run(self, arguments: list[str], terms: BudgetTerms) -> Lease:
        script = self._connected()
        if self._failed is not None and anyio.current_time() - self._failed[0] < _AT_ONCE:
            raise OutOfReachError(self._failed[1])
        try:
            lease = _read(await script(keys=[self._key], args=arguments), terms)
        except self._failures as error:
            reason = _reason(error)
        except (ValueError, TypeError, OverflowError):
            reason = "its answer is not that of a budget"
        else:
            self._failed = None
            return lease
        self._failed = anyio.current_time(), reason
        raise OutOfReachError(reason)

    def _connected(self) -> Any:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            text = "A RedisBudget needs asyncio, because its client does. A FileBudget works on trio too."
            raise PictoryConfigError(text) from None
        if self._client is None or self._loop is not loop:  # connections belong to one event loop
            self._client, self._loop, self._failed = self._open(), loop, None  # and so do times
            self._script = self._client.register_script(SCRIPT)
        return self._script


def _place(url: Secret) -> str:
    """The server without what may be secret."""
    parts, port = urlsplit(""), None
    with contextlib.suppress(ValueError):
        given: str = url.reveal()
        port = urlsplit(given).port
        parts = urlsplit(given)
    if parts.scheme not in _SCHEMES or not (parts.hostname or parts.scheme == "unix"):
        text = "url must be the address of a Redis server: redis://HOST:6379/0, rediss://HOST:6380/0 or unix:///PATH."
        raise PictoryConfigError(text)
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{'' if port is None else f':{port}'}{parts.path}"


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return f"{text or type(error).__name__}"


def _read(answer: Any, terms: BudgetTerms) -> Lease:
    """Read an answer of the script.

    Raises:
        ValueError: It is another one, such as of a server that is not Redis.
        TypeError: As above.
        OverflowError: As above.
    """
    epoch, granted, *numbers = answer
    starts_in, mark, steps, *pace = map(float, numbers)
    lease = Lease(
        int(granted),
        starts_in,
        terms.lasts,
        int(mark),
        epoch.decode() if isinstance(epoch, bytes) else str(epoch),
        SharedPace(int(steps), *pace),
    )
    if not all(map(math.isfinite, (starts_in, *pace))) or lease.slots < 0 or not 0.0 < lease.pace.share <= 1.0:
        raise ValueError("not a lease")
    return lease
