"""What the simulator was asked, and how fast."""

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
        status: The status of the answer; None when a fault gave none.
        authorization_ok: Whether the right API key was sent; None when no key was sent at all.
    """

    at: float
    method: str
    path: str
    status: int | None
    authorization_ok: bool | None


def busiest_window(log: Iterable[LoggedRequest], per: float) -> int:
    """Tell how many requests the busiest stretch of ``per`` seconds saw, wherever it begins.

    The stretch is closed: two requests exactly ``per`` seconds apart count together.

    Args:
        log: Requests in the order of their arrival, such as ``world.log``.
        per: The length of the window in seconds.

    Returns:
        The largest number of requests in any such window; 0 for an empty log.
    """
    window: deque[float] = deque()
    most = 0
    for request in log:
        window.append(request.at)
        while request.at - window[0] > per:
            window.popleft()
        most = max(most, len(window))
    return most
