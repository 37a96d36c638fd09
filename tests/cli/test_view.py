"""The live view, frame by frame."""

from __future__ import annotations

import io

import pytest

from pictory_async import Project, RateLimiter, RenderOutcome, RenderStatus

pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("click", reason="the extra cli is not installed")

from rich.console import Console

from pictory_async.cli._follow import Lines
from pictory_async.cli._live import LiveScreen
from pictory_async.cli._tally import Pace, Tally
from pictory_async.cli._view import View


def tally_of(done: int, total: int = 300) -> Tally:
    tally = Tally([f"id-{number:03}" for number in range(total)])
    for number in range(done):
        status = RenderStatus.RENDERED if number % 10 else RenderStatus.FAILED
        project = Project(id=f"id-{number:03}", name=f"Project {number}\x1b[2J [red]")
        tally.add(RenderOutcome(project_id=project.id, status=status, project=project, polls=3, waited=12.3))
    tally.seconds, tally.requests = 83.0, 1234
    return tally


def frame(tally: Tally, width: int = 100, height: int = 30) -> list[str]:
    out = io.StringIO()
    screen = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    limiter = RateLimiter(1500, 10.0)
    screen.print(View(title="A title", tally=tally, pace=Pace(97.5, 1250), limiter=limiter, height=height))
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
    """A project's name neither steers the terminal nor is taken for markup."""
    text = "\n".join(frame(tally_of(3)))
    assert "\x1b[2J" not in text
    assert "Project 2\ufffd[2J [red]" in text


def test_nothing_is_known_yet() -> None:
    """The first frame has no list of outcomes."""
    text = "\n".join(frame(tally_of(0)))
    assert "watching 300" in text
    assert "Latest" not in text


@pytest.mark.parametrize(("width", "height"), [(100, 30), (80, 24), (80, 14), (60, 10)])
def test_frames_fit(width: int, height: int) -> None:
    """A frame is never wider than the terminal, and leaves room below where there is any."""
    lines = frame(tally_of(100), width, height)
    assert max(map(len, lines)) <= width
    assert len(lines) <= max(height - 1, 10)


def test_lines_for_logs(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal, progress is a line on standard error."""
    lines = Lines(tally_of(100))
    lines.show(Pace(97.5, 1250))
    lines.close()
    expected = "1 min 23 s: 100 of 300 done (rendered 90, failed 10), 97.5 requests/s\n"
    assert ("", expected) == capsys.readouterr()


def test_live_screen_cleans_up() -> None:
    """The live view draws over itself, takes itself away, and gives the cursor back."""
    out = io.StringIO()
    screen = Console(file=out, width=100, height=30, force_terminal=True, color_system=None)
    live = LiveScreen("A title", tally_of(1), RateLimiter(), screen)
    live.show(Pace(1.0, 2))
    live.close()
    text = out.getvalue()
    assert 2 <= text.count("A title")
    assert text.index("\x1b[?25l") < text.rindex("A title") < text.index("\x1b[?25h")
    assert text.endswith("\x1b[2K")
