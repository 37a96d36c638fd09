"""Values as people write them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")

import click

from pictory_async.cli._options import Rate, limit, moment, project_ids, rate, seconds, span

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("expected", "read", "text"),
    [
        (90.0, seconds, "90"),
        (0.5, seconds, ".5"),
        (1.5, seconds, "1.5s"),
        (1800.0, seconds, "30m"),
        (120.0, seconds, "2 min"),
        (7200.0, seconds, "2h"),
        (math.inf, limit, "None"),
        (60.0, limit, "1m"),
        ((5.0, 20.0), span, "5:20"),
        ((0.2, 0.2), span, "0.2"),
        (Rate(300, 60.0), rate, "300/60"),
        (Rate(300, 60.0), rate, "300/min"),
        (Rate(5, 1.0), rate, "5/s"),
        (Rate(9, 5400.0), rate, "9/1.5h"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), moment, "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), moment, " 2026-01-31 13:00+01:00 "),
    ],
)
def test_values(expected: object, read: Callable[[str], object], text: str) -> None:
    """Durations, spans, rates and times can be written the way people do."""
    assert expected == read(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((seconds, text) for text in ("", "x", "-1", "1d", "1e3", "inf", "nan", "none", "\u0663")),
        *((span, text) for text in ("", "20:5", "0:1", ":", "5:", "1:2:3")),
        *((rate, text) for text in ("", "3", "0/s", "3/", "3/0", "3/x", "x/s", "1.5/s", "-3/s")),
        *((moment, text) for text in ("", "now", "2026-01-31T12:00:00", "2026-13-01")),
    ],
)
def test_refused_values(read: Callable[[str], object], text: str) -> None:
    """What is not such a value is refused with an example of one."""
    with pytest.raises(click.BadParameter, match="such as"):
        read(text)


def test_ids_are_collected_once() -> None:
    """Ids from both places keep their order, without repetitions, comments and empty lines."""
    assert ["b", "a", "1"] == project_ids(("b", " a "), ["# made today\n", "\n", "a\n", "  1\r\n", "b"])


def test_no_ids() -> None:
    """A file without ids is wrong usage."""
    with pytest.raises(click.UsageError):
        project_ids((), ["# none\n"])
