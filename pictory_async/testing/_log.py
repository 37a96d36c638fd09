"""The log of requests, and how many there were in a window."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.frozen
class LoggedRequest:
    """One request that reached the simulator.

    Attributes:
        at: When it arrived, in seconds of the world's time.
        method: The HTTP method.
        path: The path as it was sent, still percent-encoded, without the query.
        status: The status of the response; None if a fault left no response.
        authorization_ok: Whether the right API key was sent; None if no key was sent.
    """

    at: float
    method: str
    path: str
    status: int | None
    authorization_ok: bool | None


def busiest_window(log: Iterable[LoggedRequest], per: float) -> int:
    """Return the largest number of requests in any window of ``per`` seconds.

    Two requests that are exactly ``per`` seconds apart are in one window.

    Args:
        log: Requests in the order in which they arrived, such as ``world.log``.
        per: The length of the window in seconds.

    Returns:
        The number of requests; 0 for an empty log.
    """
    window: deque[float] = deque()
    most = 0
    for request in log:
        window.append(request.at)
        while request.at - window[0] > per:
            window.popleft()
        most = max(most, len(window))
    return most
