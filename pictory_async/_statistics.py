"""Statistics: what a client and its parts did so far."""

from __future__ import annotations

import attrs

from pictory_async._values import ValueObject


@attrs.frozen(repr=False, eq=False)
class TransportStatistics(ValueObject):
    """What was sent so far.

    Attributes:
        requests: Requests sent, retries included.
        retries: Retries among them.
        failures: Requests without a usable response.
        limited: 429 responses among the failures.
    """

    requests: int
    retries: int
    failures: int
    limited: int


@attrs.frozen(repr=False, eq=False)
class HttpStatistics(ValueObject):
    """What the connections did so far.

    Attributes:
        connections: Connections held now, idle or busy.
        busy: Requests in flight now.
        opened: Connections made so far.
        sent: Requests sent so far.
        received: Bytes of bodies received so far, as sent (compressed).
    """

    connections: int
    busy: int
    opened: int
    sent: int
    received: int


@attrs.frozen(repr=False, eq=False)
class RateLimiterStatistics(ValueObject):
    """What a `Limiter` did so far; 0 where it does not count.

    Attributes:
        granted: Grants so far, renewed ones included.
        waiting: Callers in the queue now.
        delayed: Requests that had to wait.
        waited: Time spent waiting by all of them, in seconds.
        longest_wait: The longest single wait, in seconds.
        pauses: How often the server asked for a pause.
        refused: Requests that the server refused with 429.
        pace: Requests per second in the long run, as far as the server's refusals allow now.
    """

    granted: int = 0
    waiting: int = 0
    delayed: int = 0
    waited: float = 0.0
    longest_wait: float = 0.0
    pauses: int = 0
    refused: int = 0
    pace: float = 0.0


@attrs.frozen(repr=False, eq=False)
class PollerStatistics(ValueObject):
    """What a `RenderPoller` did so far, or all those of a client.

    Attributes:
        watching: Watches whose outcome is still to come.
        finished: Watches whose outcome is known.
        polls: Polls sent, failed ones included.
        failed_polls: Polls without a usable response.
        mean_lag: How long a rendered video can have gone unnoticed, in seconds: the mean of ``detection_delay``.
        longest_lag: The same, the longest of all.
        outage: Why all polls of the client fail now, in a sentence; ``None`` if they do not.
    """

    watching: int
    finished: int
    polls: int
    failed_polls: int
    mean_lag: float
    longest_lag: float
    outage: str | None = None


@attrs.frozen(repr=False, eq=False)
class TemplateCacheStatistics(ValueObject):
    """What the cache of templates did so far.

    Attributes:
        hits: Templates that were there.
        misses: Templates that were asked for at the API: not there, too old, or to be refreshed.
        joined: Calls that shared a request of another call.
    """

    hits: int = 0
    misses: int = 0
    joined: int = 0


@attrs.frozen(repr=False, eq=False)
class ClientStatistics(ValueObject):
    """What a client did so far.

    Attributes:
        transport: Requests, retries, failures.
        http: Connections and bytes.
        limiter: Waits for the request budget.
        watches: Polls, outcomes and detection delays.
        template_cache: Templates that were there, and that were not.
    """

    transport: TransportStatistics
    http: HttpStatistics
    limiter: RateLimiterStatistics
    watches: PollerStatistics
    template_cache: TemplateCacheStatistics
