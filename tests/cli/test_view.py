"""The live view, frame by frame."""

from __future__ import annotations

import io
from typing import Any

import attrs
import pytest

from pictory_async import PollerStatistics, Project, RateLimiter, RenderOutcome, RenderStatus
from pictory_async.testing import Simulator

pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("click", reason="the extra cli is not installed")

from rich.console import Console

from pictory_async.cli._follow import progress_line
from pictory_async.cli._tally import Pace, Tally
from pictory_async.cli.display.bars import Bar
from pictory_async.cli.display.live import Canvas
from pictory_async.cli.display.view import View


def tally_of(done: int, total: int = 300) -> Tally:
    tally = Tally([f"id-{number:03}" for number in range(total)])
    for number in range(done):
        status = RenderStatus.RENDERED if number % 10 else RenderStatus.FAILED
        project = Project(id=f"id-{number:03}", name=f"Project {number}\x1b[2J [red]")
        tally.add(RenderOutcome(project_id=project.id, status=status, project=project, polls=3, waited=12.3))
    tally.seconds, tally.requests = 83.0, 1234
    return tally


def frame(tally: Tally, width: int = 100, height: int = 30, **bars: Any) -> list[str]:
    out = io.StringIO()
    screen = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    limiter = RateLimiter(1500, 10.0)
    screen.print(View(title="A title", tally=tally, pace=Pace(97.5, 1250), limiter=limiter, height=height, **bars))
    return out.getvalue().splitlines()


def test_frame() -> None:
    """A frame shows progress, counts, the budget and the latest outcomes."""
    text = "\n".join(frame(tally_of(100)))
    for words in (
        "A title",
        "100/300   33 %  1 min 23 s",
        "✓ rendered 90   ✗ failed 10   ● watching 200",
        "97.5 requests/s",
        "1,250 of 1,500 in 10 s",
        "1,234 in all",
        "Project 99",
        "id-099",
        "12.3 s",
    ):
        assert words in text


def test_names_are_only_text() -> None:
    """A project's name cannot control the terminal, and is not taken for markup."""
    text = "\n".join(frame(tally_of(3)))
    assert "\x1b[2J" not in text
    assert "Project 2\ufffd[2J [red]" in text


def test_nothing_is_known_yet() -> None:
    """The first frame has no list of outcomes."""
    text = "\n".join(frame(tally_of(0)))
    assert "watching 300" in text
    assert "Latest" not in text


def in_an_outage(tally: Tally) -> Tally:
    watches = PollerStatistics(3, 0, 9, 9, 0.0, 0.0, "GET /v2/projects/x failed: connection refused. " * 5)
    tally.statistics = attrs.evolve(Simulator().client().statistics(), watches=watches)
    return tally


def test_an_outage_is_shown() -> None:
    """While all polls fail, a frame and a line say so; the frame has the reason."""
    tally = in_an_outage(tally_of(3))
    text = "\n".join(frame(tally))
    assert "! All polls fail: connection refused. GET" in text
    assert progress_line(tally, Pace(0.5, 3)).endswith("0.5 requests/s, all polls fail")


@pytest.mark.parametrize(
    ("width", "height", "most"), [(100, 30, 3), (80, 24, 3), (80, 14, 1), (60, 12, 1), (40, 24, 4)]
)
def test_frames_fit_in_an_outage(width: int, height: int, most: int) -> None:
    """The reason comes first and is wrapped between words, to a few lines, however long it is."""
    lines = frame(in_an_outage(tally_of(100)), width, height)
    first = next(number for number, line in enumerate(lines) if line.startswith("! All polls fail: connection"))
    assert most == [*lines, ""].index("", first) - first
    assert (most == 1 or width == 40) is lines[first + most - 1].endswith("…")
    assert max(map(len, lines)) <= width
    assert len(lines) <= max(height - 1, 11)


@pytest.mark.parametrize(("width", "height"), [(100, 30), (80, 24), (80, 14), (60, 10)])
def test_frames_fit(width: int, height: int) -> None:
    """A frame is never wider than the terminal, and leaves a line free if there is room."""
    lines = frame(tally_of(100), width, height)
    assert max(map(len, lines)) <= width
    assert len(lines) <= max(height - 1, 10)


def test_line_for_logs() -> None:
    """Without a terminal, progress is a line."""
    expected = "1 min 23 s: 100 of 300 ended (rendered 90, failed 10), 97.5 requests/s"
    assert expected == progress_line(tally_of(100), Pace(97.5, 1250))


@pytest.mark.parametrize("height", [10, 14, 16, 24, 60])
def test_bars_fit_too(height: int) -> None:
    """Renders and downloads have bars if there is room, the most advanced ones first."""
    rendering = [Bar(f"p{number}", 90.0 - number, 100.0, f"{90 - number} %") for number in range(50)]
    downloading = [Bar("Film\n[video]", 1.0, None, "1 B, 1 B/s")]
    lines = frame(tally_of(100), 80, height, rendering=rendering, downloading=downloading)
    assert max(map(len, lines)) <= 80
    assert len(lines) <= max(height - 1, 10)
    text = "\n".join(lines)
    assert (height >= 24) is ("Film [video]" in text and "p0 " in text and "90 %" in text)
    assert "p49 " not in text


def test_canvas_cleans_up() -> None:
    """A canvas redraws in place, removes the last frame, and shows the cursor again."""
    out = io.StringIO()
    screen = Console(file=out, width=100, height=30, force_terminal=True, color_system=None)
    frames = iter(["first 30", "second 30"])
    canvas = Canvas(lambda height: next(frames).replace("30", str(height)), screen)
    canvas.draw()
    canvas.close()
    text = out.getvalue()
    assert text.index("\x1b[?25l") < text.index("first 30") < text.rindex("second 30") < text.index("\x1b[?25h")
    assert text.endswith("\x1b[2K")
