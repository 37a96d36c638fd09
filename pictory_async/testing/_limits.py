"""The request limit a simulated server enforces."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import attrs


def _positive(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        msg = f"{attribute.name} must be greater than 0, not {value!r}"
        raise ValueError(msg)


@attrs.define
class ServerLimit:
    """Let at most ``rate`` requests into any window of ``per`` seconds, counted exactly.

    The window slides: a request is let in when fewer than ``rate`` were let in during the ``per`` seconds
    before it. One that arrives exactly ``per`` seconds after another finds that place free again. Refused
    requests use no place.

    Args:
        rate: How many requests a window holds.
        per: The window's length in seconds.
    """

    rate: int = attrs.field(validator=_positive)
    per: float = attrs.field(default=60.0, validator=_positive)
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


def retry_after(wait: float) -> str:
    """Return a wait in seconds as a ``Retry-After`` value: whole seconds, rounded up, at least 1."""
    return str(max(1, math.ceil(wait)))
