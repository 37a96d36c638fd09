"""What happened in one world."""

from __future__ import annotations

import logging
import pickle
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from pictory_async import RenderOutcome
from tests.lab.worlds._faults import KEY
from tests.lab.worlds._limiters import NotingLimiter
from tests.lab.worlds._plan import Plan, UserPlan
from tests.lab.worlds._server import Server

if TYPE_CHECKING:
    from pictory_async.errors import PictoryError


@attrs.frozen
class Violation:
    """A promise that was not kept: which, and how."""

    promise: str
    text: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.text}"


@attrs.frozen
class Told:
    """An outcome, and what it is an answer to.

    Attributes:
        user: Who was told.
        outcome: What.
        began: When the wait began, in seconds of the world's time.
        at: When the outcome was decided.
        before: When the video that does not count was finished; ``None`` if any counts.
        requested: When the render of its job was requested; ``None`` without a job.
    """

    user: UserPlan
    outcome: RenderOutcome
    began: float
    at: float
    before: float | None
    requested: float | None = None


@attrs.define
class History:
    """All that happened in one world."""

    plan: Plan
    server: Server
    limiters: list[NotingLimiter]
    told: list[Told] = attrs.field(factory=list)
    violations: list[Violation] = attrs.field(factory=list)
    cancelled: int = 0
    downloads: int = 0
    renders: int = 0
    may_have_sent: Counter[str] = attrs.field(factory=Counter)  # calls that may have requested a render, by project

    def wrong(self, promise: str, text: str) -> None:
        """Note a promise that was not kept."""
        self.violations.append(Violation(promise, text))

    def met_error(self, error: PictoryError) -> None:
        """Note an error that a user was given: it must hold no key, and survive pickle."""
        self.holds_no_key(error, f"a {type(error).__name__}")
        chained = error.__cause__ or error.__context__
        if hasattr(chained, "request"):
            self.wrong("key", f"a {type(error).__name__} keeps {chained!r}, which holds the request")

    def holds_no_key(self, thing: object, what: str) -> None:
        """Look for the key in a thing's texts and in its pickle."""
        packed = pickle.dumps(thing)
        if KEY.encode() in packed or KEY in str(thing) or KEY in repr(thing):
            self.wrong("key", f"{what} holds the key: {thing}")
        if repr(pickle.loads(packed)) != repr(thing):
            self.wrong("key", f"{what} does not survive pickle: {thing}")


class LogReader(logging.Handler):
    """Looks for the key in every log record of the package."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.getMessage()} {record.__dict__}"
        if KEY in text:
            self._history.wrong("key", f"the log holds the key: {record.getMessage()}")
