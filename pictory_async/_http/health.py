"""What all requests of one client meet together. Pure."""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import attrs

from pictory_async.errors import APIError, MalformedResponseError, RateLimitedError, StatusError

Likeness: TypeAlias = tuple[type[APIError], int, bool]

_LIMIT_WITHIN: Final = 10.0  # seconds
_MANY: Final = 10
_UNAVAILABLE: Final = 503
_PATHS: Final = 1000
_FORGOTTEN_AFTER: Final = 300.0  # seconds
_ALONE: Final = 3


def likeness(error: APIError) -> Likeness:
    """What two failures have in common that count as the same: class, status, and whose response it is."""
    return type(error), error.status if isinstance(error, StatusError) else 0, from_api(error)


def from_api(error: APIError) -> bool:
    """Whether a failure is a response in the API's own form."""
    return isinstance(error, (StatusError, MalformedResponseError)) and error.from_api


@attrs.define(repr=False, eq=False)
class Health:
    """Whether the API responds to a client, and if not, what the client gets instead.

    Every response counts, of polls and of direct calls.

    Attributes:
        host: Where the API is, for messages.
        at_root: Whether the base URL is nothing but that host.
        succeeded_at: When the latest request that succeeded was sent.
        proven_at: The same without pages of the list of jobs, which prove nothing about refusals of single jobs.
        reached: Whether there was any response in the API's own form.
        error: The last failure, if nothing succeeded since.
        alike: How many failures in a row were like the last one.
        since: When the first of these came back.
        until: When the last of these came back.
    """

    host: str
    at_root: bool = False
    succeeded_at: float = -math.inf
    proven_at: float = -math.inf
    reached: bool = False
    error: APIError | None = None
    alike: int = 0
    since: float = 0.0
    until: float = 0.0
    # Paths that were refused with 429 or 503 last time: how many requests had succeeded by then, when it was, and how
    # often in a row they were refused while many others were not.
    _limited: dict[str, tuple[int, float, int]] = attrs.field(init=False, factory=dict[str, tuple[int, float, int]])
    _successes: int = attrs.field(init=False, default=0)

    def succeeded(self, sent_at: float, *, of_list: bool = False) -> None:
        """Take in a usable response, to a request that was sent at ``sent_at``, perhaps for the list of jobs."""
        self.succeeded_at = max(self.succeeded_at, sent_at)
        if not of_list:
            self.proven_at = max(self.proven_at, sent_at)
        self.reached = True
        self.error = None

    def failed(self, error: APIError, now: float) -> None:
        """Take in a failure that came back at ``now``."""
        if self.error is None or likeness(error) != likeness(self.error):
            self.alike, self.since = 0, now
        self.error, self.until = error, now
        self.alike += 1
        self.reached = self.reached or from_api(error)

    @property
    def ever_succeeded(self) -> bool:
        """Whether any request succeeded."""
        return self.succeeded_at > -math.inf

    @property
    def misses_api(self) -> bool:
        """Whether the API may not be at the base URL: it is nothing but a host, and no request succeeded."""
        return self.at_root and not self.ever_succeeded

    def succeeds(self, sent_at: float) -> bool:
        """Whether some request succeeded within ten seconds of another, which was sent at ``sent_at``."""
        return sent_at - self.succeeded_at <= _LIMIT_WITHIN

    def not_limited(self, path: str) -> None:
        """Take in that a request for a path had a response with a good status."""
        self._successes += 1
        if self._limited:
            self._limited.pop(path, None)

    def is_limit(self, error: StatusError, sent_at: float) -> bool:
        """Whether a response means "too many requests": a 503 does while others succeed, as with nginx's limits.

        A path that is refused again and again, although many others were not meanwhile, is refused for reasons of its
        own. Two or three times may be chance.
        """
        if not isinstance(error, RateLimitedError) and not (error.status == _UNAVAILABLE and self.succeeds(sent_at)):
            return False
        successes, at, alone = self._limited.pop(error.path, (0, -math.inf, 0))
        if len(self._limited) >= _PATHS:
            del self._limited[next(iter(self._limited))]
        recent = sent_at - at <= _FORGOTTEN_AFTER
        alone = alone + 1 if recent and self._successes - successes >= _MANY else 0
        self._limited[error.path] = self._successes, sent_at, alone
        return alone < _ALONE
