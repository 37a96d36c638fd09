"""The question before many renders are paid for, of `pictory sync` and `pictory render`."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Render, Stall, World
from tests.cli._command import Terminal, run, started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)

pytestmark = pytest.mark.usefixtures("server", "ample_budget")

AGES = 1e6  # seconds
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture
def world() -> World:
    """An account with short renders, whose files can be downloaded."""
    return World(media_base="self", render_seconds=(0.1, 0.2), queue_seconds=(0.0, 0.0), media_sizes={"mp4": 1000})


@pytest.fixture
def six(world: World) -> list[str]:
    """Projects without a video: one more than are rendered without a question."""
    return [str(world.add_project(name=f"Film {number}")) for number in range(6)]


@pytest.fixture(params=["sync", "render"])
def command(request: pytest.FixtureRequest, six: list[str], tmp_path: Path) -> list[str]:
    """A command that asks."""
    if request.param == "render":
        return ["render", *six]
    return ["sync", str(tmp_path / "videos"), "--interval", "0.05", "--start-grace", "0.3", "--kind", "video"]


@contextlib.contextmanager
def on_terminal(*arguments: str) -> Generator[tuple[Terminal, subprocess.Popen[str]]]:
    """Start a command with a terminal for its input and what it says; its results go to a pipe."""
    with Terminal(columns=200) as terminal:
        ours = {"stdin": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started(*arguments, **ours) as process:
            terminal.attached()
            yield terminal, process


def answered(answer: str, *arguments: str) -> tuple[int, str, str]:
    """Answer the question, and return the exit code, the results, and all that was said."""
    with on_terminal(*arguments) as (terminal, process):
        terminal.read_until("[y/N]")
        terminal.write(answer)
        out, _ = process.communicate()
        return process.returncode, out, " ".join(terminal.read_until().split())


def posts(world: World) -> int:
    return sum(entry.method == "POST" for entry in world.log)


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_end_it(world: World, command: list[str], number: int) -> None:
    """Nothing was paid for yet, so there is nothing to report but that."""
    with on_terminal(*command) as (terminal, process):
        terminal.read_until("[y/N]")
        process.send_signal(number)
        out, _ = process.communicate()
        text = terminal.read_until()
    assert (130, "", 0) == (process.returncode, out, posts(world)), text
    assert text.endswith("\r\nInterrupted: nothing was requested.\r\n")


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "return", "end of input"])
def test_no(world: World, command: list[str], answer: str) -> None:
    """Whatever is not a yes is a no, and that nothing was requested is said."""
    code, out, text = answered(answer, *command)
    assert (1, "", 0) == (code, out, posts(world)), text
    assert text.endswith("Nothing was requested.")
    assert "Error" not in text


def test_no_leaves_nothing_behind(command: list[str], tmp_path: Path) -> None:
    """Neither an empty table on the terminal, nor a file."""
    with Terminal(columns=200) as terminal:
        ours = {"stdin": terminal.theirs, "stdout": terminal.theirs, "stderr": terminal.theirs}
        with started(*command, **ours, env=terminal.environment) as process:
            terminal.attached()
            terminal.read_until("[y/N]")
            terminal.write("n\n")
            assert terminal.read_until().endswith("Nothing was requested.\r\n")
            assert 1 == process.wait()
    file = tmp_path / "results.csv"
    if command[0] == "sync":
        assert "Nothing was requested. Not written: " in answered("n\n", *command, "--output", str(file))[2]
        assert not file.exists()


@pytest.mark.parametrize("answer", ["y\n", "Yes\n"])
def test_yes(world: World, command: list[str], six: list[str], answer: str) -> None:
    """All is requested, and the results are not mixed with the question."""
    code, out, text = answered(answer, *command)
    assert (0, 6) == (code, posts(world)), text
    assert "6 to render" in text
    assert "6 renders are billed." in text
    lines = out.splitlines()
    assert 6 == len(lines)
    assert all(line.startswith(("{", *six)) for line in lines)


def test_a_limit(world: World, command: list[str]) -> None:
    """The question is about what is billed with --max."""
    more = [str(world.add_project(name=f"More {number}")) for number in range(2)]
    command += more if command[0] == "render" else []
    code, _, text = answered("y\n", *command, "--max", "6")
    assert (4, 6) == (code, posts(world)), text
    assert "6 renders are billed. Go on? [y/N]" in text


@pytest.mark.parametrize("most", [0, 2, 5])
def test_a_limit_below_which_nobody_asks(world: World, command: list[str], most: int) -> None:
    """What --max allows is not more than is rendered without a question, with a terminal and without one."""
    with on_terminal(*command, "--max", str(most)) as (terminal, process):
        text = terminal.read_until()
        assert (4, most) == (process.wait(), posts(world)), text
    assert "[y/N]" not in text
    found = run(*command, "--max", "1")
    assert (4 if most < 5 else 0, most + 1) == (found.exit_code, posts(world)), found.stderr


def test_only_what_is_billed_counts(world: World, six: list[str]) -> None:
    """Without a terminal too, projects that need no render are not counted."""
    unchanged = [str(world.add_project(earlier_video=-60.0)) for _ in range(6)]
    found = run("render", *six, *unchanged)
    assert (2, 0) == (found.exit_code, posts(world))
    assert found.stderr.startswith("Error: 6 projects may be rendered, ")
    found = run("render", *six[:2], *unchanged)
    assert (0, 2) == (found.exit_code, posts(world)), found.stderr
    assert (
        "Plan: 2 to render, 6 unchanged (the account has 587.5 video minutes left). 2 renders are billed."
        in found.stderr
    )


def test_the_plan_of_a_render(world: World, server: ServerThread, six: list[str]) -> None:
    """It says what is rendered and what is not, with what the account has left, if the API tells."""
    unchanged = str(world.add_project(earlier_video=-60.0))
    assert 0 == run("render", six[0]).exit_code
    six += [str(world.add_project(name=f"More {number}")) for number in range(2)]
    _, _, text = answered("n\n", "render", *six, unchanged)
    assert "Plan: 7 to render, 1 requested before, 1 unchanged (the account has 587.5 video minutes left)." in text

    def faults(request: SimRequest, _: float) -> Answer | None:
        return Answer(404, {}, b"") if request.path.endswith(six[1]) else None

    server.simulator.faults = faults
    world.quota = None
    _, _, text = answered("n\n", "render", *six, unchanged)
    assert "Plan: 6 to render, 1 requested before, 1 unchanged, 1 with an error. 6 renders are billed." in text
    world.quota = {"aiCredits": (1.0, 2.0)}
    assert "1 with an error. 6 renders" in answered("n\n", "render", *six, unchanged)[2]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot end a process so")
def test_the_plan_after_a_kill(world: World, server: ServerThread, command: list[str]) -> None:
    """It counts what is paid for now: also what was only intended, and not what was requested before."""
    more = [str(world.add_project(name=f"More {number}")) for number in range(2)]
    command += more if command[0] == "render" else []
    second = threading.Event()

    def faults(request: SimRequest, _: float) -> Stall | None:
        if request.method != "POST" or not posts(world):
            return None
        second.set()
        return Stall(reaches_world=True)

    server.simulator.faults = faults
    with started(*command, "--yes") as process:
        assert second.wait(30.0)
        process.kill()
        process.wait()
    server.simulator.faults = None
    assert 2 == posts(world)
    _, _, text = answered("n\n", *command)
    assert "Plan: 6 to render, " in text
    assert "6 renders are billed." in text
    assert 0 == run(*command, "--yes").exit_code
    assert 8 == posts(world)


def test_nothing_to_ask_about(world: World) -> None:
    """If nothing is going to be billed, there is no question."""
    ids = [str(world.add_project(earlier_video=-60.0)) for _ in range(6)]
    with on_terminal("render", *ids) as (terminal, process):
        text = terminal.read_until()
        assert (0, 0) == (process.wait(), posts(world)), text
    assert "0 renders are billed." in text
    assert "[y/N]" not in text


def test_one_that_is_being_rendered(world: World) -> None:
    """Without --no-overlap, it is skipped, and that is a failure with its own exit code."""
    one = str(world.add_project(Render(-1.0, duration=AGES)))
    found = run("render", one)
    assert (76, 0) == (found.exit_code, posts(world)), found.stderr


def test_nobody_to_ask(world: World, command: list[str]) -> None:
    """Without a terminal nothing is requested, and the error names the options."""
    found = run(*command)
    assert 2 == found.exit_code
    assert "6 projects may be rendered, each of which is billed, and there is no terminal to ask on." in found.stderr
    assert "Add --yes to render them, --max 5 to render no more than that, or --dry-run to see" in found.stderr
    assert not world.jobs
