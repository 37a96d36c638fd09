"""Failed polls in a row: what they mean for a watch, when to believe them, and how soon to poll again. Pure.

A failed poll is not a failed render. docs/architecture.md has the rules as a table.
"""

from __future__ import annotations

import math
import random
from enum import Enum
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async._http.backoff import scattered
from pictory_async._http.health import Health, likeness
from pictory_async._http.retry import is_transient
from pictory_async.errors import APIError, ConnectionFailedError, MalformedResponseError, NotFoundError, StatusError

if TYPE_CHECKING:
    from pictory_async._http.health import Likeness

# Seconds, unless they are counts.
_CONFIRM_AFTER: Final = 2.0
_LATEST_CONFIRMATION: Final = 2.5
_CONFIRMED: Final = 2
_KNOWN_FOR: Final = 30.0
_GATEWAY_FOR: Final = 60.0
_EVERYTHING_FOR: Final = 60.0
_UNUSABLE: Final = 5
CROWD: Final = 5


class Meaning(Enum):
    """What a failed poll says about the project or job that was asked for."""

    NOTHING = "nothing"
    """Nothing: broken connections, 429, 5xx, and whatever a gateway sends instead of the API."""

    REFUSED = "refused"
    """The API itself refuses it: 404, a rejected key, and other 4xx in the API's own form."""

    GATEWAY = "gateway"
    """A 404 or 403 in another form. It may be a gateway's, or the API's in a form that is not documented."""

    UNUSABLE = "unusable"
    """The API responded with status 200, but with an error of its own or with nothing that can be judged."""


def meaning(error: APIError) -> Meaning:
    """What a failed poll says."""
    if isinstance(error, MalformedResponseError):
        return Meaning.UNUSABLE if error.from_api else Meaning.NOTHING
    if not isinstance(error, StatusError) or is_transient(error):
        return Meaning.NOTHING
    if not error.from_api:
        return Meaning.GATEWAY if error.status in {403, 404} else Meaning.NOTHING
    if error.status < 300 and not isinstance(error, NotFoundError):  # noqa: PLR2004 - success, but it reports an error
        return Meaning.UNUSABLE
    return Meaning.NOTHING if 300 <= error.status < 400 or error.status >= 500 else Meaning.REFUSED  # noqa: PLR2004 - 3xx, 5xx


@attrs.define(repr=False, eq=False)
class FailureStreak:
    """The failed polls of one project or job since its last good one.

    Attributes:
        last: The last failure.
        meaning: What it says.
        count: How many there were.
        alike: How many in a row were like the last one.
        first_at: When the first of these came back.
        crowd: How many watches of the client were refused like this at most meanwhile, this one included.
    """

    last: APIError
    meaning: Meaning = Meaning.NOTHING
    count: int = 0
    alike: int = 0
    first_at: float = 0.0
    crowd: int = 0
    _previous_at: float = 0.0
    _last_at: float = 0.0
    _proven_at: float = -math.inf
    _lasted: float = 0.0
    _silent: int = 0

    @property
    def key(self) -> Likeness:
        """What failures of other watches must have in common with these to count as the same."""
        return likeness(self.last)

    @property
    def is_refusal(self) -> bool:
        """Whether the last failure is a response of the API itself."""
        return self.meaning in {Meaning.REFUSED, Meaning.UNUSABLE}

    def add(self, error: APIError, began: float, now: float, proven_at: float) -> None:
        """Add the failure of a poll.

        Args:
            error: The failure.
            began: When the poll began.
            now: When it came back.
            proven_at: When the latest request was sent that had succeeded before the poll began. The list of jobs does
                not count.
        """
        says = meaning(error)
        # However the API words it that it cannot say anything, it is the same.
        alike = likeness(error) == self.key or says is self.meaning is Meaning.UNUSABLE
        if not self.alike or not alike:
            self.alike, self.first_at, self._last_at, self.crowd = 0, now, now, 0
        self.last, self.meaning = error, says
        self.count += 1
        self.alike += 1
        self._lasted = began - self.first_at
        self._previous_at, self._last_at = self._last_at, now
        self._proven_at = proven_at
        self._silent = self._silent + 1 if self.meaning is Meaning.NOTHING else 0

    def believed(self, health: Health, *, known: bool, not_before: float) -> bool:
        """Whether the last failure is believed, so that it ends the watch.

        Args:
            health: What the client's other requests meet.
            known: Whether there was a good response in this wait.
            not_before: When a job is old enough that it cannot appear any more.
        """
        match self.meaning:
            case Meaning.NOTHING:
                return False
            case Meaning.GATEWAY:
                return self._lasted >= _GATEWAY_FOR and health.succeeded_at > self._previous_at
            case Meaning.UNUSABLE:
                enough = self.alike >= _UNUSABLE and (not known or self._lasted >= _KNOWN_FOR)
                return enough and not self.is_doubted
            case _:
                patience = _KNOWN_FOR if known else _CONFIRM_AFTER
                if self.alike < _CONFIRMED or self._lasted < patience or self._last_at < not_before:
                    return False
                return not self.is_doubted

    @property
    def is_doubted(self) -> bool:
        """Whether so many watches were refused alike that another request must succeed before this is believed.

        A success that came after the last poll began does not count: until then, the API may have refused everything.
        """
        return self.is_refusal and self.crowd >= CROWD and self._proven_at < self.first_at

    def next_poll(self, now: float, interval: float) -> float | None:
        """When to poll early: to confirm, or after a single broken connection. ``None`` means: at the usual time."""
        if self.meaning is Meaning.REFUSED and self.alike == 1:
            return now + min(interval, random.uniform(_CONFIRM_AFTER, _LATEST_CONFIRMATION))  # noqa: S311 - no secret
        if self._silent == 1 or (self.meaning is Meaning.UNUSABLE and self.alike < _UNUSABLE):
            return now + scattered(min(interval, _CONFIRM_AFTER))
        return None


def about_key(error: APIError) -> bool:
    """Whether a failure is the API's rejection of the key, and so says the same about every project."""
    return isinstance(error, StatusError) and error.status == 401 and error.from_api  # noqa: PLR2004 - Unauthorized


def about_address(error: APIError, health: Health) -> bool:
    """Whether a failure shows that the API is not at the client's base URL, so that it says the same about all."""
    return health.misses_api and isinstance(error, StatusError) and error.status in {403, 404} and not error.from_api


def ends_all(health: Health, crowd: int, began: float) -> bool:
    """Whether what all requests of a client meet is believed for every watch, also for one that began later.

    Args:
        health: What the client meets.
        crowd: How many watches are refused like the last failure.
        began: When the watch began.
    """
    error = health.error
    if not isinstance(error, (StatusError, MalformedResponseError)) or is_transient(error):
        return False
    lasted = health.until - max(health.since, began)
    if about_key(error) or about_address(error, health):
        # What never worked is wrong. A key that worked may be rejected by mistake for a while.
        return lasted >= (_EVERYTHING_FOR if health.ever_succeeded else _CONFIRM_AFTER)
    alone = error.from_api and crowd < CROWD  # then each watch is judged by itself
    return not health.ever_succeeded and not alone and lasted >= _EVERYTHING_FOR


def is_unreachable(health: Health, waited: float, unreachable_after: float | None) -> bool:
    """Whether a watch ends because its client never had a response of the API.

    Args:
        health: What the client meets.
        waited: How long the watch has lasted, in seconds.
        unreachable_after: The client's option, in seconds.
    """
    if health.reached or health.error is None:
        return False
    if isinstance(health.error, ConnectionFailedError) and "CERTIFICATE_VERIFY_FAILED" in health.error.message:
        return health.alike >= _CONFIRMED
    return unreachable_after is not None and waited >= unreachable_after
