"""Where a file is downloaded from, and how often that is tried."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import anyio
import attrs

from pictory_async._http.backoff import doubled, scattered
from pictory_async.errors import ConnectionFailedError

if TYPE_CHECKING:
    from pictory_async._http.retry import RetryPolicy

T = TypeVar("T")

MIN_SPEED: Final = 1000.0
"""Bytes per second: what a media host must send at least, on average over `WINDOW`."""

WINDOW: Final = 30.0
"""Seconds."""

_PATIENCE: Final = 300.0  # seconds
_PAUSES: Final = 100
_VERSIONS: Final = 5


class Cut(Exception):  # noqa: N818 - not an error: the download resumes
    """The response ended early or made no sense; a retry may help."""


class Slow(Cut):
    """The response arrived too slowly; what arrived is no reason to retry for ever."""


class Busy(Cut):
    """The server asked to come back later.

    Attributes:
        after: In how many seconds; ``None`` if it did not say.
    """

    def __init__(self, text: str, after: float | None) -> None:
        super().__init__(text)
        self.after = after


class CallbackFailed(Exception):  # noqa: N818 - a carrier, which no `except` for other errors stops
    """The caller's own callback raised an error.

    Attributes:
        error: The error, to be raised unchanged.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Renewal(Generic[T]):
    """Fetches an object again when the addresses of its files have expired: once for all of them each time.

    Args:
        fetch: Fetches the object.
        address_of: The address of one of its files; ``None`` if it has no such file.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], address_of: Callable[[T, str], str | None]) -> None:
        self._fetch = fetch
        self._address_of = address_of
        self._fetched: list[T] = []
        self._fetching = anyio.Lock()

    async def address(self, kind: str, seen: int) -> tuple[str | None, int]:
        """The newest address of a file, and how often the object was fetched for it.

        Args:
            kind: The kind of file.
            seen: The number that came with the address that was rejected; 0 for the first one.
        """
        async with self._fetching:
            if len(self._fetched) <= seen:
                self._fetched.append(await self._fetch())
        return self._address_of(self._fetched[-1], kind), len(self._fetched)


@attrs.define(kw_only=True)
class Source:
    """Where to download a file from.

    Attributes:
        url: Its address.
        kind: What it is; ``project`` and ``structure`` are JSON.
        what: What errors call it, such as ``the video of project 'x'``.
        renew: Returns the newest address if an older one is rejected; see `Renewal.address`.
        progress: Called with bytes done and bytes in total (``None`` if unknown) after each piece.
        min_speed: Bytes per second that must arrive, on average over 30 seconds; 0 for no limit.
        in_parts: Whether to ask for what is missing only.
    """

    url: str
    kind: str
    what: str
    renew: Callable[[str, int], Awaitable[tuple[str | None, int]]]
    progress: Callable[[int, int | None], object] | None = None
    min_speed: float = MIN_SPEED
    in_parts: bool = True
    _renewals: int = 0

    def tell(self, done: int, total: int | None) -> None:
        """Report progress.

        Raises:
            CallbackFailed: The callback raised an error.
        """
        if self.progress is None:
            return
        try:
            self.progress(done, total)
        except BaseException as error:  # noqa: BLE001 - a cancellation that it raises would end this task without a result
            raise CallbackFailed(error) from None

    async def renewed(self) -> bool:
        """Get the newest address; ``False`` if there is none."""
        url, self._renewals = await self.renew(self.kind, self._renewals)
        self.url = url or self.url
        return url is not None


class Patience:
    """How long one download is continued. Progress, that is more bytes on disk than ever before, starts it anew.

    Args:
        retry: How often in a row a download may fail without progress, and the waits in between.
        size: Bytes that are there at the beginning.
    """

    def __init__(self, retry: RetryPolicy, size: int) -> None:
        self._retry = retry
        self._most = size
        self._attempts = self._pauses = self._versions = 0
        self._waited = 0.0
        self._renewable = True

    def may_renew(self, size: int) -> bool:
        """Whether to get a new address: once, and once more after each progress."""
        self._see(size)
        renewable, self._renewable = self._renewable, False
        return renewable

    def may_begin_anew(self) -> bool:
        """Whether to begin another version of the file: some hosts call each response another version."""
        self._versions += 1
        self._most = 0
        return self._versions <= _VERSIONS

    def delay(self, reason: Exception, size: int) -> float | None:
        """Seconds until the next attempt; ``None`` to give up.

        A server that is busy is waited for up to five minutes without progress, and as long as it asks to.
        """
        if isinstance(reason, Slow):
            self._most = max(self._most, size)
        else:
            self._see(size)
        if isinstance(reason, Busy) and self._retry.attempts > 1:
            return self._pause(reason.after)
        self._attempts += 1
        return self._retry.delay(ConnectionFailedError(str(reason)), self._attempts)

    def _see(self, size: int) -> None:
        if size > self._most:
            self._most, self._attempts, self._pauses, self._waited, self._renewable = size, 0, 0, 0.0, True

    def _pause(self, asked: float | None) -> float | None:
        self._pauses += 1
        longest = doubled(self._retry.backoff, self._pauses, self._retry.max_backoff)
        delay = scattered(longest) if asked is None else asked
        self._waited += delay
        impossible = delay > max(self._retry.max_pause, self._retry.max_backoff)
        return None if impossible or self._waited > _PATIENCE or self._pauses > _PAUSES else delay


class Meter:
    """Measures how fast a response arrives.

    Args:
        lowest: Bytes per second.
    """

    def __init__(self, lowest: float) -> None:
        self._lowest = lowest
        self._since = anyio.current_time()
        self._arrived = 0

    def add(self, arrived: int) -> None:
        """Count bytes.

        Raises:
            Slow: Too few arrived in the last 30 seconds.
        """
        self._arrived += arrived
        elapsed = anyio.current_time() - self._since
        if elapsed < WINDOW:
            return
        if self._arrived < self._lowest * elapsed:
            raise Slow(f"fewer than {self._lowest:g} bytes per second arrived for {WINDOW:g} s.")
        self._since, self._arrived = anyio.current_time(), 0
