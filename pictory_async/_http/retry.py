"""Whether to retry a request, and after how long. Pure: nothing here waits."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import attrs

from pictory_async._http.backoff import doubled
from pictory_async._settings.durations import Duration, seconds
from pictory_async._values import ValueObject, brief
from pictory_async.errors import (
    APIError,
    ConnectionFailedError,
    PictoryConfigError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    StatusError,
)

__all__ = ["RetryBudget", "RetryPolicy", "is_transient", "parse_retry_after", "retry_after"]

_MOST_RETRIES: Final = 10.0
_EARNED: Final = 0.2
_TRANSIENT: Final = frozenset({408, 429, 500, 502, 503, 504, *range(520, 525)})


def is_transient(error: APIError) -> bool:
    """Whether the same GET may succeed later: broken connections, timeouts, 408, 429, 500, 502-504, 520-524."""
    if isinstance(error, StatusError) and not isinstance(error, RateLimitedError):  # which can have other statuses
        return error.status in _TRANSIENT
    return isinstance(error, (RateLimitedError, ConnectionFailedError, RequestTimeoutError))


def _check_attempts(_: object, __: object, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        msg = f"attempts must be a whole number, at least 1, not {brief(value)}."
        raise PictoryConfigError(msg)


def _backoff(value: Duration) -> float:
    return seconds("backoff", value)


def _max_backoff(value: Duration) -> float:
    return seconds("max_backoff", value)


def _max_pause(value: Duration) -> float:
    return seconds("max_pause", value)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RetryPolicy(ValueObject):
    """How a request is retried after a transient failure. Only GETs and calls that are harmless to repeat are retried.

    The wait before retry *n* (counting from 1) is drawn evenly from zero to
    ``min(max_backoff, backoff * 2 ** (n - 1))`` seconds ("full jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). A ``Retry-After`` of the server has
    priority: it pauses the whole client, up to ``max_pause`` seconds; if the server asks for more, the error is raised.

    This policy does not retry polls of watched projects: the poller polls again at its own times. And all calls of a
    client share a retry budget: in an outage it sends ten retries in total, and earns new ones with good responses.

    Attributes:
        attempts: How often one request is sent at most; 1 switches retries off.
        backoff: Longest first wait, in seconds.
        max_backoff: Longest wait, in seconds.
        max_pause: Longest pause that a ``Retry-After`` can ask for, in seconds.
    """

    attempts: int = attrs.field(default=4, validator=_check_attempts)
    backoff: float = attrs.field(default=0.5, converter=_backoff)
    max_backoff: float = attrs.field(default=8.0, converter=_max_backoff)
    max_pause: float = attrs.field(default=120.0, converter=_max_pause)

    def delay(self, error: APIError, attempt: int) -> float | None:
        """Seconds to wait before the next attempt, or ``None`` to give up.

        Args:
            error: What went wrong.
            attempt: How often the request was sent so far.
        """
        if attempt >= self.attempts or not is_transient(error):
            return None
        asked = retry_after(error)
        if asked is not None:
            return None if asked > self.max_pause else asked
        return random.uniform(0.0, doubled(self.backoff, attempt - 1, self.max_backoff))  # noqa: S311 - no secret


class RetryBudget:
    """How many retries a client may still send: in an outage, retries make it worse for everybody.

    A retry costs one, and each good response adds a fifth, up to ten. So while up to one request in six fails, every
    failure is retried; in an outage there are ten retries in total.
    """

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MOST_RETRIES

    def earn(self) -> None:
        """Add 0.2 for a good response."""
        if self._left < _MOST_RETRIES:
            self._left = min(_MOST_RETRIES, self._left + _EARNED)

    def spend(self) -> bool:
        """Take one retry, if there is one left."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def retry_after(error: APIError) -> float | None:
    """Seconds that the server asked to wait, if it did."""
    return error.retry_after if isinstance(error, (RateLimitedError, ServerError)) else None


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date (RFC 9110, section 10.2.3).

    Args:
        value: The header.
        now: The server's time, from its ``Date`` header; the local time if there is none.

    Returns:
        Seconds from now, zero for a time in the past; ``None`` if the header is absent or makes no sense.
    """
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= 9 else None  # noqa: PLR2004 - 30 years
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
