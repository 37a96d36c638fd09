"""The values of options."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")

import click

from pictory_async.cli._options import Rate, to_limit, to_rate, to_seconds, to_span, to_time
from tests.cli._command import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing import World
    from pictory_async.testing.server import ServerThread


@pytest.mark.parametrize(
    ("expected", "read", "text"),
    [
        (90.0, to_seconds, "90"),
        (0.5, to_seconds, ".5"),
        (1.5, to_seconds, "1.5s"),
        (1800.0, to_seconds, "30m"),
        (120.0, to_seconds, "2 min"),
        (7200.0, to_seconds, "2h"),
        (math.inf, to_limit, "None"),
        (60.0, to_limit, "1m"),
        ((5.0, 20.0), to_span, "5:20"),
        ((0.2, 0.2), to_span, "0.2"),
        (Rate(300, 60.0), to_rate, "300/60"),
        (Rate(300, 60.0), to_rate, "300/min"),
        (Rate(5, 1.0), to_rate, "5/s"),
        (Rate(9, 5400.0), to_rate, "9/1.5h"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), to_time, "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), to_time, " 2026-01-31 13:00+01:00 "),
    ],
)
def test_values(expected: object, read: Callable[[str], object], text: str) -> None:
    """Durations, spans, rates and times are read in all their spellings."""
    assert expected == read(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((to_seconds, text) for text in ("", "x", "-1", "1d", "1e3", "inf", "nan", "none", "\u0663")),
        *((to_span, text) for text in ("", "20:5", "0:1", ":", "5:", "1:2:3")),
        *((to_rate, text) for text in ("", "3", "0/s", "3/", "3/0", "3/x", "x/s", "1.5/s", "-3/s")),
        *((to_time, text) for text in ("", "now", "2026-01-31T12:00:00", "2026-13-01")),
    ],
)
def test_refused_values(read: Callable[[str], object], text: str) -> None:
    """An invalid value is rejected, with a valid example."""
    with pytest.raises(click.BadParameter, match="such as"):
        read(text)


def test_an_empty_address_is_none(world: World, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty option is as good as none, and so is an empty variable."""
    project_id = str(world.add_project())
    assert 0 == run("project", project_id, "--base-url", "").exit_code
    monkeypatch.setenv("PICTORY_API_BASE_URL", "")
    assert 0 == run("project", project_id, "--base-url", server.base_url).exit_code
