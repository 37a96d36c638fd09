"""The server's rate limit, and the largest number of requests in a window."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, strategies as st

from pictory_async.testing import LoggedRequest, ServerLimit, TokenBucketLimit, busiest_window

times = st.lists(st.floats(0, 100), max_size=60).map(sorted)


def logged(moments: list[float]) -> list[LoggedRequest]:
    return [LoggedRequest(at, "GET", "/", 200, None) for at in moments]


@given(times, st.integers(1, 5), st.floats(0.5, 20))
def test_no_window_holds_more_than_the_limit(moments, rate, per):
    """No half-open window has more accepted requests than the rate, and no request is rejected without need."""
    limit = ServerLimit(rate, per)
    admitted: list[float] = []
    for now in moments:
        wait = limit.admit(now)
        inside = [at for at in admitted if at + per > now]
        assert (len(inside) < rate) == (wait is None)
        if wait is None:
            admitted.append(now)
        else:
            assert pytest.approx(inside[0] + per - now) == wait


@given(times, st.integers(1, 8), st.integers(1, 9))
def test_a_bucket_has_its_rate_and_its_burst(moments, rate, burst):
    """From any request on it accepts a burst and what its rate adds; one that it refuses is accepted at the end."""
    limit = TokenBucketLimit(rate, burst)
    admitted: list[float] = []
    for now in moments:
        wait = limit.admit(now)
        if wait is not None:
            assert 0.0 < wait <= 1.0 / rate
            assert TokenBucketLimit.admit(copy.copy(limit), now + wait * (1.0 + 1e-6)) is None
            continue
        admitted.append(now)
        for number, begin in enumerate(reversed(admitted), 1):
            assert number <= burst + rate * (now - begin) + 1e-6


@pytest.mark.parametrize("arguments", [(0, 60.0), (5, 0.0), (-1, 60.0)])
def test_a_limit_is_greater_than_zero(arguments):
    """A rate or a window of zero is rejected."""
    with pytest.raises(ValueError, match="must be greater than 0"):
        ServerLimit(*arguments)


@given(times, st.floats(0.5, 20))
def test_the_busiest_window_is_the_fullest_of_all(moments, per):
    """The result is the maximum over all windows that begin with a request."""
    expected = max((sum(0 <= at - begin <= per for at in moments) for begin in moments), default=0)
    assert expected == busiest_window(logged(moments), per)


def test_the_window_is_closed():
    """Two requests that are exactly one window apart count together."""
    assert 2 == busiest_window(logged([0.0, 10.0]), 10.0)
    assert 1 == busiest_window(logged([0.0, 10.0]), 9.99)
