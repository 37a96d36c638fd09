"""The results so far, and the request rate."""

from __future__ import annotations

import pytest

from pictory_async import RenderOutcome, RenderStatus

pytest.importorskip("click", reason="the extra cli is not installed")

from pictory_async.cli._exit_codes import outcomes_code, worst_code
from pictory_async.cli._tally import Meter, Pace, Tally, percentile
from pictory_async.cli.display.text import as_duration, as_size, as_text, printable, shortened
from pictory_async.errors import WaitError, WaitTimeoutError

RENDERED, FAILED, TIMED_OUT = RenderStatus.RENDERED, RenderStatus.FAILED, RenderStatus.TIMED_OUT


def outcome(project_id: str | int, status: RenderStatus = RENDERED, polls: int = 1) -> RenderOutcome:
    error = None if status is RENDERED else WaitTimeoutError("No.") if status is TIMED_OUT else WaitError("No.")
    return RenderOutcome(project_id=project_id, status=status, polls=polls, error=error)


def test_tally() -> None:
    """A tally has the outcomes, their number by status, and what is pending."""
    tally = Tally(["a", 2, "c", "d"])
    assert ("none yet", 0.0) == (tally.counts_text, tally.polls_per_project)
    for one in (outcome("c", FAILED, 3), outcome(2), outcome("a", polls=2)):
        tally.add(one)
    assert (4, 3, ["d"]) == (tally.total, tally.done, tally.pending)
    assert "rendered 2, failed 1" == tally.counts_text
    assert 2.0 == tally.polls_per_project
    assert ["a", 2] == [one.project_id for one in tally.latest(2)]
    assert ["a", 2, "c"] == [one.project_id for one in tally.ordered()]
    found = tally.to_dict()
    assert {"rendered": 2, "failed": 1} == found["outcomes"]
    assert ["a", 2, "c"] == [one["project_id"] for one in found["results"]]


def test_what_timed_out_has_not_ended() -> None:
    """It is counted apart, in words; more counts follow those of the statuses."""
    tally = Tally(["a", "b", "c"])
    assert ("0 of 3 ended (none yet)", "") == (tally.ended_text(), tally.timed_out_text)
    tally.add(outcome("a", TIMED_OUT))
    assert ("0 of 3 ended", ", 1 timed out") == (tally.ended_text(), tally.timed_out_text)
    tally.add(outcome("b", RenderStatus.NOT_STARTED))
    assert "1 of 3 ended (not started 1, 2 refused)" == tally.ended_text("2 refused")


@pytest.mark.parametrize(
    ("expected", "statuses"),
    [(0, []), (0, [RENDERED]), (4, [RENDERED, TIMED_OUT]), (3, [FAILED]), (3, [FAILED, TIMED_OUT, RENDERED])],
)
def test_exit_codes(expected: int, statuses: list[RenderStatus]) -> None:
    """Code 0 means that all are rendered, 4 that some timed out, 3 that something else failed."""
    assert expected == outcomes_code(outcome(number, status) for number, status in enumerate(statuses))


@pytest.mark.parametrize(
    ("expected", "codes"), [(0, []), (0, [0, 0]), (4, [0, 4]), (1, [4, 1]), (3, [1, 3, 4]), (5, [3, 5, 2])]
)
def test_the_worst_exit_code(expected: int, codes: list[int]) -> None:
    """Of several exit codes the highest counts, but 4 only if no other applies."""
    assert expected == worst_code(*codes)


def test_meter_measures_the_last_two_seconds() -> None:
    """The rate is that of the last two seconds, however often it is read."""
    meter = Meter(10.0)
    paces = [meter.read(tenth / 10, tenth) for tenth in range(1, 51)]
    assert Pace(10.0, 50) == paces[-1]
    assert pytest.approx(0.0) == meter.read(10.0, 50).per_second


def test_meter_counts_the_window() -> None:
    """Requests in the window of the budget are those since its beginning."""
    meter = Meter(1.0)
    paces = [meter.read(tenth / 10, tenth * 5) for tenth in range(1, 101)]
    assert 5.0 == paces[0].in_window
    assert max(pace.in_window for pace in paces) <= 50
    assert paces[-1].in_window >= 45


def test_meter_that_is_rarely_read() -> None:
    """If readings are further apart than the window, the rate is the one between them."""
    meter = Meter(1.0)
    assert 20.0 == meter.read(5.0, 100).per_second
    assert 2.0 == meter.read(10.0, 110).per_second


@pytest.mark.parametrize(
    ("expected", "values"), [(None, []), (7.0, [7.0]), (19, range(1, 21)), (95, range(1, 101)), (10, range(1, 11))]
)
def test_percentile(expected: float | None, values: list[float]) -> None:
    """The 95th percentile is the value that 95 of 100 do not exceed."""
    assert expected == percentile(values, 0.95)


def test_texts() -> None:
    """Values are formatted for people, and cannot control the terminal."""
    assert ["0.0 s", "59.9 s", "1 min 00 s", "61 min 01 s"] == [as_duration(s) for s in (0, 59.9, 60, 3661)]
    assert ["999 B", "1.2 kB", "1.00 GB", "1500.00 GB"] == [as_size(count) for count in (999, 1234, 999_999_999, 15e11)]
    assert ["", "yes", "no", "1.5", "x", "0"] == [as_text(value) for value in (None, True, False, 1.5, "x", 0)]
    assert "a\ufffd]0;b\n日本" == printable("a\x1b]0;b\n日本")


@pytest.mark.parametrize("text", ["می\u200cشوی", "नमस्\u200dते", "👨\u200d👩\u200d👧\u200d👦"])
def test_joiners_are_kept(text: str) -> None:
    """Scripts and emojis that are written with joiners are printed as they are."""
    assert text == printable(text)
    assert text == as_text(text)


@pytest.mark.parametrize("sign", "\u061c\u200b\u200e\u200f\u202a\u202e\u2069\u2066\u2060\ufeff\u00ad\x07\x9b")
def test_what_hides_or_reorders_text_is_replaced(sign: str) -> None:
    """Other invisible characters are replaced, also beside a joiner."""
    assert "a\ufffdb\u200d" == printable(f"a{sign}b\u200d")


@pytest.mark.parametrize(
    ("name", "width", "shown"),
    [
        ("Simulated project 14", 20, "Simulated project 14"),
        ("Simulated project 14", 18, "Simulated…oject 14"),
        ("日本語のプロジェクト名です", 11, "日本語…です"),
        ("日本", 2, "…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
    ],
)
def test_names_are_shortened_in_their_middle(name: str, width: int, shown: str) -> None:
    """Similar names often differ at their ends; a character may be two columns wide."""
    assert shown == shortened(name, width)
