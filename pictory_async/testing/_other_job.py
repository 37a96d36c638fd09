"""A job of the simulated account that is no render."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.define(kw_only=True)
class SimJob:
    """A job of the simulated account that is no render. Create one with `World.add_job`.

    Attributes:
        id: Its id.
        at: When it was requested, in seconds of the world's time.
        ends_at: When it is completed or fails.
        result: Its ``data`` when it is completed.
        error: Code and message, if it fails.
        listed: The list in which its result is then, and its entry there.
        cleaned: Whether its results were deleted.
    """

    id: str
    at: float
    ends_at: float
    result: dict[str, Any] = attrs.field(factory=dict[str, Any])
    error: tuple[str, str] | None = None
    listed: tuple[str, dict[str, Any]] | None = None
    cleaned: bool = False

    def is_over(self, now: float) -> bool:
        """Return whether it is completed or has failed."""
        return now >= self.ends_at

    def data(self, now: float) -> dict[str, Any]:
        """Return its ``data`` at a moment."""
        if self.cleaned:
            return {"status": "cleaned"}
        if not self.is_over(now):
            return {"status": "in-progress"}
        if self.error is not None:
            return {"status": "failed", "error_code": self.error[0], "error_message": self.error[1]}
        return {"status": "completed", **self.result}
