"""The page of the benchmarks: every figure is in a table and in a chart that also shows misses."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.lab.benchmarks import _costs, _rows
from tests.lab.benchmarks._chart import ROOM, TARGET, chart, used
from tests.lab.benchmarks._figures import Figure, Row
from tests.lab.benchmarks._page import line, page, summary
from tests.lab.benchmarks._sections import SECTIONS

if TYPE_CHECKING:
    from pathlib import Path

GOOD = Figure("time of ours, over that of theirs", 0.5, 1.0)
BAD = Figure("share of the budget", 90.0, 99.0, " %", at_least=True)
NEVER = Figure("new connections", 3.0, 0.0)


def test_a_row_has_a_line_for_each_figure() -> None:
    """Each figure has its own verdict, and what it should be beside what it is."""
    text = line(Row("7", "A question", (GOOD, BAD), "the raw numbers"))
    assert [
        ["7", "MISS", "A", "question"],
        ["PASS", "0.50", "≤", "1", "time", "of", "ours,", "over", "that", "of", "theirs"],
        ["MISS", "90", "%", "≥", "99", "%", "share", "of", "the", "budget"],
        ["the", "raw", "numbers"],
    ] == [one.split() for one in text.splitlines()]


@pytest.mark.parametrize(("figure", "expected"), [(GOOD, 0.5), (BAD, 1.1), (NEVER, float("inf"))])
def test_a_bar_shows_how_much_of_the_target_is_used(figure: Figure, expected: float) -> None:
    """A bar that passes the line of the target is a miss, and none leaves the picture."""
    assert used(figure) == pytest.approx(expected)
    (bar,) = [
        one for one in ET.fromstring(chart("title", [Row("1", "", (figure,))])).iter() if one.get("height") == "14"
    ]
    end = float(bar.get("x", "0")) + float(bar.get("width", "0"))
    assert (end > TARGET) is (not figure.good)
    assert end <= ROOM
    assert bar.get("class") == ("good" if figure.good else "bad")


def test_every_row_is_in_one_section() -> None:
    """What is measured is on the page, once."""
    measured = [number for number, _ in (*_rows.REAL, *_rows.SIMULATED)] + [*_costs.NUMBERS]
    assert sorted(measured) == sorted(number for section in SECTIONS for number in section.rows)


def test_the_page_shows_all(tmp_path: Path) -> None:
    """Figures, targets, what could not be measured and why; a chart for each section."""
    numbers = sorted({number for section in SECTIONS for number in section.rows}, key=int)
    rows = [Row(number, f"Question {number}", (GOOD, BAD), "raw") for number in numbers[1:]]
    rows.append(Row(numbers[0], "Question", problem="not installed: aiohttp"))
    text = page(rows, "a machine", tmp_path, quick=False)
    assert text.count("| share of the budget | ≥ 99 % | 90 % | MISS |") == len(rows) - 1
    assert "not installed: aiohttp" in text
    assert summary(rows) in text
    assert {f"benchmarks-{section.slug}.svg" for section in SECTIONS} == {path.name for path in tmp_path.iterdir()}
    assert all(f"](benchmarks-{section.slug}.svg)" in text for section in SECTIONS)
