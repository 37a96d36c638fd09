"""What the tests of the poller have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictory_async import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.testing import Fault, SimRequest, Simulator


def client_of(simulator: Simulator, **options: Any) -> Any:
    """Make a client whose budget does not matter."""
    return simulator.client(**{"limiter": RateLimiter(10_000, 1.0, 1000), **options})


class Script:
    """Faults for the first requests, in order; ``None`` lets one pass."""

    def __init__(self, *faults: Fault | None) -> None:
        self._faults: Iterator[Fault | None] = iter(faults)

    def __call__(self, request: SimRequest, now: float) -> Fault | None:
        return next(self._faults, None)
