"""When a request is repeated, and how a server's wish to wait is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from pictory_async import RetryPolicy, errors
from pictory_async._http.retry import is_transient, parse_retry_after

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524])
def test_transient_statuses_are_repeated(status: int) -> None:
    """Statuses that may pass by themselves are worth another try."""
    assert is_transient(errors.StatusError("Text.", status=status))


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 405, 409, 410, 422, 501, 505, 525, 526])
def test_other_statuses_are_not_repeated(status: int) -> None:
    """Statuses that say the same next time are not repeated."""
    assert not is_transient(errors.StatusError("Text.", status=status))


def test_broken_connections_and_timeouts_are_transient() -> None:
    """A connection that broke, or an answer that did not come, may be better next time; a strange one is not."""
    assert is_transient(errors.ConnectionFailedError("Text."))
    assert is_transient(errors.RequestTimeoutError("Text."))
    assert not is_transient(errors.MalformedResponseError("Text."))


@given(st.integers(1, 3))
def test_the_backoff_is_jittered_and_capped(attempt: int) -> None:
    """The wait is drawn between zero and a doubling limit, which ``max_backoff`` caps."""
    policy = RetryPolicy(attempts=4, backoff=1.0, max_backoff=3.0)
    delay = policy.delay(errors.ConnectionFailedError("Text."), attempt)
    assert delay is not None
    assert 0.0 <= delay <= min(3.0, 2.0 ** (attempt - 1))


def test_the_last_attempt_is_the_last() -> None:
    """After ``attempts`` tries there is no other."""
    assert RetryPolicy(attempts=2).delay(errors.ConnectionFailedError("Text."), 2) is None
    assert RetryPolicy(attempts=1).delay(errors.ConnectionFailedError("Text."), 1) is None


def test_the_servers_wish_comes_before_our_backoff() -> None:
    """``Retry-After`` is waited out where it is bearable, and ends the tries where it is not."""
    policy = RetryPolicy(max_pause=60)
    assert policy.delay(errors.RateLimitedError("Text.", status=429, retry_after=17.0), 1) == 17.0
    assert policy.delay(errors.ServerError("Text.", status=503, retry_after=86400.0), 1) is None


@pytest.mark.parametrize(("attempts"), [0, -1, 1.5, True])
def test_attempts_is_a_positive_whole_number(attempts: object) -> None:
    """A policy that would never send anything is refused."""
    with pytest.raises(errors.PictoryConfigError, match="attempts must be"):
        RetryPolicy(attempts=attempts)  # type: ignore[arg-type]


def test_policy_durations_may_be_timedeltas() -> None:
    """Durations are seconds or ``timedelta``; nonsense is refused by name."""
    assert RetryPolicy(backoff=timedelta(seconds=2)).backoff == 2.0
    with pytest.raises(errors.PictoryConfigError, match="max_backoff must be"):
        RetryPolicy(max_backoff=-1.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        ("86400", 86400.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("9" * 400, None),
        ("Fri, 01 May 2026 12:00:30 GMT", 30.0),
        ("Fri, 01 May 2026 11:59:00 GMT", 0.0),
        ("Fri, 01 May 2026 12:00:30", 30.0),
        ("Fri, 99 May 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None) -> None:
    """Both forms of ``Retry-After`` are read, a past date is no wait, and nonsense is as if it were absent."""
    assert parse_retry_after(value, NOW) == expected


@given(st.text(max_size=40))
def test_no_retry_after_can_break_anything(value: str) -> None:
    """Whatever the header says, reading it gives a wait that is not negative, or none."""
    delay = parse_retry_after(value, NOW)
    assert delay is None or delay >= 0.0
