"""The results of a wait on a terminal: a line for each project, and what is to be done next."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import Terminal, run, seen, started

if TYPE_CHECKING:
    import threading

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")


pytestmark = pytest.mark.usefixtures("server")

AGES = 1e6  # seconds


@pytest.fixture
def world() -> World:
    """An account whose renders take a moment, if nothing else is said."""
    return World(media_base="self", render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0))


def lines_of(text: str) -> list[str]:
    """The lines that a terminal shows after the live view."""
    end = text.rpartition("\x1b[?25h")[2]
    return re.sub(r"\x1b(\[[0-9;]*[A-Za-z]|\]8;[^\x1b]*\x1b\\)", "", end).replace("\r", "").split("\n")


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_results_on_a_terminal(world: World, columns: int) -> None:
    """No line wraps, names are shortened and ids are not; equal reasons are printed once, and come last."""
    long = "A name that is much longer than there is room for on any terminal that people use, and then some more"
    done = [
        str(world.add_project(earlier_video=-60.0, name=name)) for name in (long, "Short", "日本語のプロジェクト名")
    ]
    never = [str(world.add_project(name=f"Never {number}")) for number in range(3)]
    quick = ("--interval", "0.05", "--start-grace", "0.1")
    text = seen("wait", never[0], *done, *never[1:], *quick, code=3, columns=columns)
    lines = lines_of(text)
    ids = [*done, *never]
    command = next(number for number, line in enumerate(lines) if line.startswith("To render what"))
    words = " ".join(lines[command:]).replace("\\", "").split()
    assert words[-10:] == ["pictory", "render", *never, "--wait", *quick]
    del lines[command:]
    links = [line.split("\t")[1] for line in run("share", *done).stdout.splitlines()]
    assert links == re.findall(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b\\", text.rpartition("\x1b[?25h")[2])
    assert {True} >= {line.strip() in ids and columns == 40 for line in lines if len(line) > columns}
    assert ids == [found for line in lines for found in ids if found in line]
    assert 1 == sum(line.startswith("○ not started (3): Project … has no") for line in lines)
    assert sum("…" in line and line.startswith("✓ A name") for line in lines) == 1
    text = " ".join(lines)
    assert "6 of 6 ended (rendered 3," in text


@pytest.mark.parametrize("columns", [40, 80])
def test_one_failure(world: World, columns: int) -> None:
    """The reason is above the project, and no id in it is broken."""
    project_id = f"nope{'e' * 45}"
    lines = lines_of(seen("wait", project_id, "--interval", "0.05", code=3, columns=columns))
    assert " ".join(lines).startswith("? missing: There is no project … for this API key")
    assert 1 == sum(project_id in line for line in lines)


def test_a_long_id_in_a_note_is_not_broken(world: World) -> None:
    """An id that is longer than the line of a terminal can be copied in one piece."""
    project_id = str(world.add_project(earlier_video=-60.0, edits=[-1.0]))
    assert f"{project_id}'" in seen("share", project_id, columns=40)


def test_pending_projects_on_a_terminal(world: World, asked: threading.Event) -> None:
    """After Ctrl-C, those without a result are listed last."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    running = [str(world.add_project(Render(-1.0, duration=AGES), name=name)) for name in ("Ada", "Ben")]
    rendered = str(world.add_project(earlier_video=-60.0, edits=[-1.0]))
    with Terminal() as terminal:
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("wait", *running, rendered, "--interval", "0.05", **both) as process:
            terminal.attached()
            terminal.read_until("Simulated")
            process.send_signal(signal.SIGINT)
            lines = lines_of(terminal.read_until())
            assert 130 == process.wait()
    listed = [found for line in lines for found in (*running, rendered) if line.endswith(found)]
    assert [rendered, *running] == listed
    assert ["● Ada", "● Ben"] == [line[:5] for line in lines if line.endswith(tuple(running))]
    assert "● pending (2): there is no result yet." in lines
    assert any(line.startswith("Interrupted: 1 of 3 ended (rendered 1) in ") for line in lines)


def test_many_pending_on_a_terminal(world: World, asked: threading.Event) -> None:
    """More than a few without a result are counted: rows that say nothing would hide the results."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    running = [str(world.add_project(Render(-1.0, duration=AGES))) for _ in range(11)]
    with Terminal(columns=80) as terminal:
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("wait", *running, "--interval", "0.05", **both) as process:
            terminal.attached()
            assert asked.wait(30.0)
            process.send_signal(signal.SIGINT)
            text = terminal.read_until()
    frames = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.rpartition("\x1b[?25h")[0])
    lines = lines_of(text)
    assert 76 == max(
        map(len, re.split(r"[\r\n]+", frames))
    )  # in a full line, the ^C of the terminal would begin a new one
    assert ["", "● pending: 11 projects", ""] == lines[:3]
    assert lines[3].startswith("Interrupted: 0 of 11 ended (none yet) in ")
    assert lines[4].startswith("No final result yet: 11 of 11 projects. Wait again with:")


class TestRejectedKeys:
    """One fact about the key ends the whole batch."""

    @pytest.fixture(autouse=True)
    def wrong_key(self, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
        """The key is not the account's."""
        assert server.base_url
        monkeypatch.setenv("PICTORY_API_KEY", "pictai_revoked")

    def test_no_more_renders_are_requested(self, world: World) -> None:
        """Only the requests in flight are rejected, and the reason is printed once."""
        ids = [f"p{number}" for number in range(500)]
        found = run("render", *ids, "--yes", "--rate", "10000/s")
        assert (77, "") == (found.exit_code, found.stdout)
        assert len(world.log) <= 8
        assert "(500 projects: " in found.stderr
        assert 1 == found.stderr.count("Pictory rejected the API key")

    def test_a_wait_ends_soon(self, world: World) -> None:
        """Not every project is polled twice to find out."""
        ids = [f"p{number}" for number in range(500)]
        text = seen("wait", *ids, "--interval", "1s", code=77, columns=80)
        assert len(world.log) < 150
        lines = lines_of(text)
        assert 1 == " ".join(lines).count("Pictory rejected the API key")
        assert max(map(len, lines)) <= 80
        assert set(ids) == {line.split()[-1] for line in lines if re.match(r"⊘ +\d", line)}


def test_no_network_is_said_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """For many projects the reason is printed once, with the host."""
    monkeypatch.setenv("PICTORY_API_BASE_URL", "http://127.0.0.1:1/pictoryapis")
    ids = [f"p{number}" for number in range(30)]
    lines = lines_of(seen("wait", *ids, "--max-wait", "1s", "--interval", "0.1", code=75, columns=80))
    assert 1 == " ".join(lines).count("(127.0.0.1:1)")
    assert ids == sorted({line.split()[-1] for line in lines if re.match(r"… +\d", line)}, key=ids.index)
    assert [] == world.log
