"""One project being waited for: what is known, and what follows from each answer. Pure."""

from __future__ import annotations

import math
import random
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._evidence import Verdict, judge
from pictory_async._outcome import RenderOutcome, RenderStatus
from pictory_async._retry import is_transient
from pictory_async._schedule import next_look
from pictory_async._wire import decode_project, read_evidence
from pictory_async.errors import (
    APIError,
    AuthenticationError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    PictoryError,
    RenderFailedError,
    RenderNotStartedError,
    WaitError,
    WaitTimeoutError,
)
from pictory_async.models import ProjectId

if TYPE_CHECKING:
    from pictory_async.models import Project

__all__ = ["Terms", "Watch"]

_CONFIRM_AFTER: Final = 2.0
_CONFIRMED: Final = 2
_UNUSABLE: Final = 5


@attrs.frozen(kw_only=True)
class Terms:
    """What all watches of one poller have in common; durations in seconds, ``None`` for no limit."""

    max_wait: float | None
    interval: float
    start_grace: float
    jitter: random.Random = attrs.field(factory=random.Random, repr=False)


@attrs.define(eq=False)
class Watch:
    """One project being waited for.

    Attributes:
        project_id: As it was given.
        after: The server's time that the video must be newer than.
        began: When the watch began.
        owner: The poller it belongs to.
        turn: How often it was entered into its owner's agenda; only the last entry counts.
        listed: Whether that entry is still there.
        open: Whether the outcome is still to come.
        polls: How many usable answers there were.
    """

    project_id: ProjectId
    after: datetime | None
    terms: Terms
    began: float
    owner: Any
    turn: int = 0
    listed: bool = False
    open: bool = True
    polls: int = 0
    _verdict: Verdict = Verdict.IDLE
    _digest: int | None = None
    _snapshot: bytes | None = None
    _unfinished_at: float = attrs.field(init=False)
    _grace_from: float = attrs.field(init=False)
    _started: bool = False
    _setbacks: int = 0
    _strikes: int = 0
    _last_error: APIError | None = None

    def __attrs_post_init__(self) -> None:
        self._unfinished_at = self._grace_from = self.began

    @property
    def deadline(self) -> float:
        """When ``max_wait`` is spent; infinite where there is none."""
        return math.inf if self.terms.max_wait is None else self.began + self.terms.max_wait

    def saw(self, body: bytes, sent_at: float, now: float) -> RenderOutcome | None:
        """Take in a snapshot.

        Args:
            body: The answer's body.
            sent_at: When it was asked for.
            now: When it is judged.

        Returns:
            The outcome, or ``None`` if the watch goes on.

        Raises:
            MalformedResponseError: The snapshot is not what the API documents; see `failed`.
        """
        digest = hash(body)
        if digest != self._digest:
            self._verdict = judge(read_evidence(body, self.project_id), self.after)
            self._snapshot = zlib.compress(body, 1)
            self._digest = digest
        self.polls += 1
        self._setbacks = self._strikes = 0
        self._last_error = None
        if self._verdict is Verdict.RENDERED:
            return self._end(RenderStatus.RENDERED, now, None)
        self._unfinished_at = sent_at
        if self._verdict is Verdict.RENDERING:
            self._started = True
            self._grace_from = sent_at
        elif sent_at >= self._grace_from + self.terms.start_grace:
            return self._gave_nothing(now)
        return None

    def failed(self, error: APIError, now: float) -> RenderOutcome | None:
        """Take in a failed look: it is not a failed render.

        Only an answer that says the same twice in a row ends a watch, or a body that stays unusable.
        """
        same = type(error) is type(self._last_error)
        self._last_error = error
        if is_transient(error):
            self._setbacks += 1
            self._strikes = 0
            return None
        self._strikes = self._strikes + 1 if same else 1
        if self._strikes < (_UNUSABLE if isinstance(error, MalformedResponseError) else _CONFIRMED):
            return None
        if isinstance(error, NotFoundError):
            return self._end(RenderStatus.MISSING, now, error)
        if isinstance(error, (AuthenticationError, PermissionDeniedError)):
            return self._end(RenderStatus.REFUSED, now, error)
        return self._end(RenderStatus.ERROR, now, error)

    def timed_out(self, now: float) -> RenderOutcome:
        """End the watch because ``max_wait`` is spent."""
        max_wait = self.terms.max_wait or 0.0
        seen = self._verdict.value if self.polls else "never seen"
        text = (
            f"Project {self.project_id!r} was not rendered within {max_wait:g} s (last seen: {seen}, {self.polls} "
            "polls). It may still finish: wait again, or raise max_wait."
        )
        if self._last_error is not None:
            text += f" The last look failed: {self._last_error}"
        error = WaitTimeoutError(
            text,
            max_wait=self.terms.max_wait,
            last_error=str(self._last_error) if self._last_error is not None else None,
            **self._facts(now),
        )
        return self._end(RenderStatus.TIMED_OUT, now, error)

    def next_look(self, now: float) -> float:
        """When to look again."""
        terms = self.terms
        if self._strikes or self._setbacks == 1:
            # To confirm, or because a connection broke once, one look comes early.
            return now + terms.jitter.uniform(0.5, 1.0) * min(terms.interval, _CONFIRM_AFTER)
        due = next_look(now, terms.interval, self.polls, terms.jitter)
        grace_ends = self._grace_from + terms.start_grace
        waiting_for_a_start = self.polls and self._verdict is not Verdict.RENDERING
        return grace_ends if waiting_for_a_start and now < grace_ends < due else due

    def _gave_nothing(self, now: float) -> RenderOutcome:
        grace = f"{self.terms.start_grace:g} s"
        if self._started:
            text = f"Project {self.project_id!r} stopped rendering and has had no new video for {grace}."
            error: PictoryError = RenderFailedError(
                f"{text} The render failed: open the project in Pictory to see why, then render it again.",
                **self._facts(now),
            )
            return self._end(RenderStatus.FAILED, now, error)
        what = "an old video" if self._verdict is Verdict.PREVIOUS else "no video"
        text = f"Project {self.project_id!r} has {what}, and no render was seen for {grace}."
        error = RenderNotStartedError(
            f"{text} Start one, or raise start_grace if renders queue for longer.", **self._facts(now)
        )
        return self._end(RenderStatus.NOT_STARTED, now, error)

    def _facts(self, now: float) -> dict[str, Any]:
        return {
            "project_id": self.project_id,
            "polls": self.polls,
            "waited": now - self.began,
            "project": self._project(),
        }

    def _project(self) -> Project | None:
        if self._snapshot is None:
            return None
        return decode_project(zlib.decompress(self._snapshot), self.project_id)

    def _end(self, status: RenderStatus, now: float, error: PictoryError | None) -> RenderOutcome:
        self.open = False
        return RenderOutcome(
            project_id=self.project_id,
            status=status,
            project=error.project if isinstance(error, WaitError) else self._project(),
            polls=self.polls,
            waited=now - self.began,
            notice_lag=now - self._unfinished_at,
            error=error,
        )
