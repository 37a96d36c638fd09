"""Every row of the page about what the command prints: the command is run, and its output and exit code compared."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from pictory_async.testing import Render, World
from tests.cli._command import PROGRAM, interrupted, run, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

PAGE = Path(__file__).parents[2] / "docs" / "situations.md"
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
AGES = 1e6  # seconds


@attrs.frozen
class Row:
    """One row of the page."""

    section: str
    command: list[str]
    out: str
    err: str
    code: int


def rows() -> Iterator[Row]:
    """Yield the rows of all tables of situations."""
    section = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("### "):
            section = line.removeprefix("### ")
        elif line.startswith("| `pictory "):
            command, out, err, code = line.strip("| ").split(" | ")
            yield Row(section, shlex.split(command.strip("`"))[1:], out, err, int(code))


def of(*sections: str) -> list[Any]:
    """The rows of some sections, as parameters of a test."""
    found = (row for row in rows() if row.section in sections)
    return [pytest.param(row, id=f"{row.section}: {' '.join(row.command)}") for row in found]


def compare(cell: str, text: str) -> None:
    """Compare an output with a cell of a table."""
    if cell == "nothing":
        assert "" == text
        return
    kind = re.match(r"(?:(\d+) lines?|one object): ", cell)
    if kind is not None and kind[1] is not None:
        assert int(kind[1]) == len(text.splitlines()), text
    elif kind is not None:
        assert isinstance(json.loads(text), dict)
    position = 0
    for words in re.findall(r"`([^`]+)`", cell):
        wanted = words.replace("<tab>", "\t")
        assert wanted in text[position:], text
        position = text.index(wanted, position) + len(wanted)


@pytest.fixture
def world() -> World:
    """The account that the page describes."""
    world = World(media_base="self")
    projects: list[tuple[str, list[Render], dict[str, Any]]] = [
        ("done", [], {"earlier_video": -60.0}),
        ("outdated", [], {"earlier_video": -60.0, "edits": [-30.0]}),
        ("never", [], {}),
        ("running", [Render(-10.0, duration=AGES)], {}),
        ("soon", [Render(-10.0, duration=AGES)], {}),
        ("again", [], {"earlier_video": -60.0, "edits": [-1.0], "on_render": [Render(0.0, duration=AGES)]}),
        ("quick", [], {"earlier_video": -60.0, "edits": [-1.0], "on_render": [Render(0.0, duration=0.0)]}),
        ("bad", [], {"on_render": [Render(0.0, duration=0.0, fails=True)]}),
    ]
    for name, renders, options in projects:
        world.add_project(*renders, project_id=name, name=name.title(), **options)
    world.add_template("Hi {{Name}}", template_id="greeting", name="Greeting", variables={"Name": "you"})
    return world


@pytest.fixture
def later(server: ServerThread) -> Callable[[], None]:
    """Let every render end."""
    ahead = [0.0]
    server.simulator.keep_time(lambda: time.monotonic() + ahead[0])
    return lambda: ahead.append(ahead.pop() + 2 * AGES)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of relative names are written here."""
    monkeypatch.chdir(tmp_path)


def prepare(section: str, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring about what the title of a section says."""
    match section:
        case "The network is down":
            with socket.socket() as closed:
                closed.bind(("127.0.0.1", 0))
                monkeypatch.setenv("PICTORY_API_BASE_URL", f"http://127.0.0.1:{closed.getsockname()[1]}/pictoryapis")
        case "The key is missing":
            monkeypatch.delenv("PICTORY_API_KEY")
        case "The key is rejected":
            monkeypatch.setenv("PICTORY_API_KEY", "pictai_wrong")
        case "The base URL lacks /pictoryapis":
            monkeypatch.setenv("PICTORY_API_BASE_URL", server.origin)
        case _:
            assert section == "The API responds"


IN_PROCESS = (
    "The API responds",
    "The network is down",
    "The key is missing",
    "The key is rejected",
    "The base URL lacks /pictoryapis",
)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("row", of(*IN_PROCESS))
def test_a_situation(row: Row, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command prints what the page says, and ends with its code."""
    prepare(row.section, server, monkeypatch)
    found = run(*row.command)
    compare(row.out, found.stdout)
    compare(row.err, found.stderr)
    assert row.code == found.exit_code


SIGNALLED = "Ctrl-C, SIGTERM or SIGHUP"


@pytest.mark.parametrize("row", of(SIGNALLED))
def test_a_signal(row: Row, server: ServerThread) -> None:
    """The same for a signal that comes after the first response. The rows take turns with the signals."""
    number = SIGNALS[[*rows()].index(row) % len(SIGNALS)]
    asked = threading.Event()
    wanted = "/jobs/" if row.command[0] == "render" else "/projects/"

    def note(request: SimRequest, _: float) -> None:
        if wanted in request.path:
            asked.set()

    server.simulator.faults = note
    with started(*row.command) as process:
        asked.wait()
        code, out, err = interrupted(process, number)
    compare(row.out, out)
    compare(row.err, err)
    assert row.code == code


GONE = "The reader of standard output is gone"


@pytest.mark.parametrize("row", of(GONE))
def test_a_reader_that_is_gone(row: Row, server: ServerThread, later: Callable[[], None]) -> None:
    """The same for a reader of a pipe that has read enough."""
    with started(*row.command) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        process.stdout.close()
        later()
        err = process.stderr.read()
        code = process.wait()
    compare(row.out, line)
    compare(row.err, err)
    assert row.code == code


CLOSED = "Standard output is closed"


@pytest.mark.skipif(sys.platform == "win32", reason="its shell cannot close an output")
@pytest.mark.parametrize("row", of(CLOSED))
def test_a_closed_output(row: Row, server: ServerThread) -> None:
    """The same without a standard output."""
    line = f"exec {shlex.join([sys.executable, '-c', PROGRAM, *row.command])} >&-"
    found = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    compare(row.out, found.stdout)
    compare(row.err, found.stderr)
    assert row.code == found.returncode


def test_every_row_is_run() -> None:
    """Each table of the page belongs to one of the tests above, and they see its rows."""
    assert {*IN_PROCESS, SIGNALLED, GONE, CLOSED} == {row.section for row in rows()}
    assert len([*rows()]) > 40


def test_the_columns_are_those_of_the_page(server: ServerThread) -> None:
    """The page lists the fields of each line, in their order."""
    from pictory_async.cli._results import RESULTS  # noqa: PLC0415 - needs the extra

    text = PAGE.read_text(encoding="utf-8")
    table = text[text.index("| Field | Contents |") : text.index("## What is kept")]
    columns = [column.name for column in RESULTS.columns if column.plain]
    assert columns == re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    lines = run("wait", "done", "nope", "--interval", "0.1").stdout.splitlines()
    cells = {cell[0]: cell for line in lines if (cell := line.split("\t"))}
    assert {len(columns)} == {len(cell) for cell in cells.values()}
    assert ["done", "rendered"] == cells["done"][:2]
    assert ["Done", ""] == cells["done"][3:5]
    assert float(cells["done"][2]) >= 0.0


def test_the_projects_are_those_of_the_page(world: World) -> None:
    """The page describes each project of the account, and one that does not exist."""
    named = re.findall(r"^\| `(\w+)` \| (?:is|was|has|does)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {str(project.id) for project in world.projects} | {"nope"} == set(named)
