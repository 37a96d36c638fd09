"""The rate limits that a simulated server can enforce."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Protocol

import attrs


def _positive(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        raise ValueError(f"{attribute.name} must be greater than 0, not {value!r}")


class Limit(Protocol):
    """A rate limit. Requests above it are rejected with 429."""

    @property
    def tells(self) -> bool:
        """Whether the 429 response has a ``Retry-After`` header."""
        ...

    def admit(self, now: float) -> float | None:
        """Accept a request, or return the seconds until one is accepted.

        Args:
            now: When the request arrives, in seconds of the world's time.

        Returns:
            None if the request is accepted; it then counts.
        """
        ...


@attrs.define
class ServerLimit:
    """At most ``rate`` requests in any window of ``per`` seconds, counted exactly.

    The window slides: a request is accepted if fewer than ``rate`` requests were accepted in the ``per`` seconds
    before it. A request that arrives exactly ``per`` seconds after another no longer counts that one. Rejected
    requests do not count.

    Args:
        rate: The number of requests in a window.
        per: The length of the window in seconds.
        tells: Whether the 429 response has a ``Retry-After`` header.

    Raises:
        ValueError: ``rate`` or ``per`` is not greater than 0.
    """

    rate: int = attrs.field(validator=_positive)
    per: float = attrs.field(default=60.0, validator=_positive)
    tells: bool = attrs.field(default=True, kw_only=True)
    _admitted: deque[float] = attrs.field(init=False, factory=deque[float], repr=False, eq=False)

    def admit(self, now: float) -> float | None:
        """Accept a request, or return the seconds until one is accepted; see `Limit.admit`."""
        while self._admitted and self._admitted[0] + self.per <= now:
            self._admitted.popleft()
        if len(self._admitted) < self.rate:
            self._admitted.append(now)
            return None
        return self._admitted[0] + self.per - now


@attrs.define
class FixedWindowLimit:
    """At most ``rate`` requests in each of consecutive windows of ``per`` seconds.

    Around the border of two windows, up to twice as many are accepted.

    Args:
        rate: The number of requests in a window.
        per: The length of the window in seconds.
        tells: Whether the 429 response has a ``Retry-After`` header.

    Raises:
        ValueError: ``rate`` or ``per`` is not greater than 0.
    """

    rate: int = attrs.field(validator=_positive)
    per: float = attrs.field(default=60.0, validator=_positive)
    tells: bool = attrs.field(default=True, kw_only=True)
    _window: int = attrs.field(init=False, default=-1, repr=False, eq=False)
    _admitted: int = attrs.field(init=False, default=0, repr=False, eq=False)

    def admit(self, now: float) -> float | None:
        """Accept a request, or return the seconds until one is accepted; see `Limit.admit`."""
        window = math.floor(now / self.per)
        if window != self._window:
            self._window, self._admitted = window, 0
        if self._admitted < self.rate:
            self._admitted += 1
            return None
        return (window + 1) * self.per - now


@attrs.define
class TokenBucketLimit:
    """At most ``rate`` requests a second on average, and up to ``burst`` at once.

    Args:
        rate: Requests per second.
        burst: The number of requests that are accepted at once after a pause; at least 1.
        tells: Whether the 429 response has a ``Retry-After`` header.

    Raises:
        ValueError: ``rate`` or ``burst`` is not greater than 0.
    """

    rate: float = attrs.field(validator=_positive)
    burst: int = attrs.field(default=1, validator=_positive)
    tells: bool = attrs.field(default=True, kw_only=True)
    _tokens: float = attrs.field(init=False, repr=False, eq=False)
    _filled_at: float = attrs.field(init=False, default=0.0, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Start with a full bucket."""
        self._tokens = float(self.burst)

    def admit(self, now: float) -> float | None:
        """Accept a request, or return the seconds until one is accepted; see `Limit.admit`."""
        self._tokens = min(float(self.burst), self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return None
        return (1.0 - self._tokens) / self.rate


def retry_after(wait: float) -> str:
    """Return a wait in seconds as a ``Retry-After`` value: whole seconds, rounded up, at least 1."""
    return str(max(1, math.ceil(wait)))
