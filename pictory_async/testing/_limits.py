"""The request limits a simulated server may enforce."""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Protocol

import attrs


def _positive(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        msg = f"{attribute.name} must be greater than 0, not {value!r}"
        raise ValueError(msg)


class Limit(Protocol):
    """How many requests are let in."""

    @property
    def tells(self) -> bool:
        """Whether a refusal says how long to wait."""
        ...

    def admit(self, now: float) -> float | None:
        """Let a request in, or say how many seconds the caller has to wait."""
        ...


@attrs.define
class ServerLimit:
    """Let at most ``rate`` requests into any window of ``per`` seconds, counted exactly.

    The window slides: a request is let in when fewer than ``rate`` were let in during the ``per`` seconds
    before it. One that arrives exactly ``per`` seconds after another finds that place free again. Refused
    requests use no place.

    Args:
        rate: How many requests a window holds.
        per: The window's length in seconds.
        tells: Whether a refusal says in ``Retry-After`` how long to wait.
    """

    rate: int = attrs.field(validator=_positive)
    per: float = attrs.field(default=60.0, validator=_positive)
    tells: bool = attrs.field(default=True, kw_only=True)
    _admitted: deque[float] = attrs.field(init=False, factory=deque[float], repr=False, eq=False)

    def admit(self, now: float) -> float | None:
        """Let a request in, or say how long the caller has to wait.

        Args:
            now: When the request arrives, in seconds of the world's time.

        Returns:
            None when the request is let in (it then counts); otherwise the seconds until a place is free.
        """
        while self._admitted and self._admitted[0] + self.per <= now:
            self._admitted.popleft()
        if len(self._admitted) < self.rate:
            self._admitted.append(now)
            return None
        return self._admitted[0] + self.per - now


@attrs.define
class FixedWindowLimit:
    """Let at most ``rate`` requests into each window of ``per`` seconds; the windows stand one after the other.

    Around the turn of two windows up to twice as many get in.

    Args:
        rate: How many requests a window holds.
        per: The window's length in seconds.
        tells: Whether a refusal says in ``Retry-After`` how long to wait.
    """

    rate: int = attrs.field(validator=_positive)
    per: float = attrs.field(default=60.0, validator=_positive)
    tells: bool = attrs.field(default=True, kw_only=True)
    _window: int = attrs.field(init=False, default=-1, repr=False, eq=False)
    _admitted: int = attrs.field(init=False, default=0, repr=False, eq=False)

    def admit(self, now: float) -> float | None:
        """Let a request in, or say how long the caller has to wait; as `ServerLimit.admit`."""
        window = math.floor(now / self.per)
        if window != self._window:
            self._window, self._admitted = window, 0
        if self._admitted < self.rate:
            self._admitted += 1
            return None
        return (window + 1) * self.per - now


@attrs.define
class TokenBucketLimit:
    """Let ``rate`` requests a second in, and up to ``burst`` at once after a quiet time.

    Args:
        rate: Requests per second.
        burst: How many may come at once; at least 1.
        tells: Whether a refusal says in ``Retry-After`` how long to wait.
    """

    rate: float = attrs.field(validator=_positive)
    burst: int = attrs.field(default=1, validator=_positive)
    tells: bool = attrs.field(default=True, kw_only=True)
    _tokens: float = attrs.field(init=False, repr=False, eq=False)
    _filled_at: float = attrs.field(init=False, default=0.0, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Begin with a full bucket."""
        self._tokens = float(self.burst)

    def admit(self, now: float) -> float | None:
        """Let a request in, or say how long the caller has to wait; as `ServerLimit.admit`."""
        self._tokens = min(float(self.burst), self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return None
        return (1.0 - self._tokens) / self.rate


def retry_after(wait: float) -> str:
    """Return a wait in seconds as a ``Retry-After`` value: whole seconds, rounded up, at least 1."""
    return str(max(1, math.ceil(wait)))
