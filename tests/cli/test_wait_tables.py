"""`--format`, `--columns` and `--output` of a wait: a row for each project in every format but lines."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Render, Stall, World
from tests.cli._command import interrupted, run, seen, started

if TYPE_CHECKING:
    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    """An account with a video."""
    world = World(media_base="self")
    world.add_project(earlier_video=-60.0, name='A "quoted", | name', project_id="P2")
    return world


def rows(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""))]


def test_a_row_for_each_project(world: World, tmp_path: Path) -> None:
    """Other formats than lines have one row for a project, with its page, date and path."""
    arguments = ["wait", "P2", "nope", "--interval", "0.05", "--download", str(tmp_path / "new")]
    found = run(*arguments, "--format", "csv")
    head, *lines = rows(found.stdout)
    assert [
        "id",
        "status",
        "seconds",
        "name",
        "job",
        "detail",
        "share",
        "generated (UTC)",
        "path",
        "outdated",
    ] == head
    by_id = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert {"P2", "nope"} == by_id.keys()
    done = by_id["P2"]
    assert (3, "rendered", "2025-12-31 23:59:00") == (found.exit_code, done["status"], done["generated (UTC)"])
    assert done["share"].startswith("http")
    assert done["path"].endswith(".mp4")
    assert Path(done["path"]).exists()
    assert "missing" == by_id["nope"]["status"]


def test_what_could_not_be_downloaded(server: ServerThread, tmp_path: Path) -> None:
    """A download that failed is in the row of its project; the path is that of another file."""
    server.simulator.faults = lambda request, _: Answer(403) if request.path.endswith(".mp4") else None
    options = ["--download", str(tmp_path), "--format", "csv", "--columns", "status,path,detail"]
    ((status, path, detail),) = rows(run("wait", "P2", *options).stdout)[1:]
    assert ("incomplete", True, True) == (status, path.endswith(".mp3"), "status 403" in detail)


def test_chosen_columns_of_lines() -> None:
    """Lines with tabs can have the other columns too; without a choice they have the same as ever."""
    assert 6 == len(run("wait", "P2").stdout.split("\t"))
    assert "P2\t2025-12-31 23:59:00\n" == run("wait", "P2", "--columns", "id,generated").stdout


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_after_ctrl_c(world: World, server: ServerThread, tmp_path: Path, form: str) -> None:
    """After Ctrl-C, what is pending has a row or a document too, and so has what was not downloaded."""
    running = str(world.add_project(Render(0.0, duration=1e6), project_id="P3"))
    stalled = threading.Event()

    def fault(request: SimRequest, _: float) -> Stall | None:
        if not request.path.endswith(".mp4"):
            return None
        stalled.set()
        return Stall()

    server.simulator.faults = fault
    arguments = ["wait", running, "P2", "--interval", "0.05", "--download", str(tmp_path), "--format", form]
    with started(*arguments) as process:
        stalled.wait()
        code, out, _ = interrupted(process)
    assert 130 == code
    if form == "csv":
        assert {"P2": "rendered", "P3": "pending"} == {line[0]: line[1] for line in rows(out)[1:]}
    else:
        first, second, last = map(json.loads, out.splitlines())
        assert ("P3", "pending") == (first["project_id"], first["status"])
        assert ("P2", "rendered") == (second["project_id"], second["status"])
        assert "interrupted" in second["download"]["error"]
        assert last["summary"]["interrupted"]


def test_documents_in_order(world: World) -> None:
    """JSON documents are in the order of the ids, whichever project ends first."""
    slow = str(world.add_project(Render(0.0, duration=0.4), name="Slow"))
    found = run("wait", slow, "P2", "--interval", "0.05", "--format", "jsonl")
    *results, last = map(json.loads, found.stdout.splitlines())
    assert [(slow, "Slow"), ("P2", 'A "quoted", | name')] == [(one["project_id"], one["name"]) for one in results]
    assert all(one["share_url"] and one["generated_at"] for one in results)
    assert {"rendered": 2} == last["summary"]["outcomes"]


def test_on_a_terminal() -> None:
    """A table that was chosen is drawn on a terminal, in place of the list."""
    text = seen("wait", "P2", "--format", "table", columns=200).rpartition("\x1b[?25h")[2]
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    assert re.search(r"id +status +seconds +name +detail", text)
    assert "✓" not in text


def test_to_a_file(tmp_path: Path) -> None:
    """The results can go to a file, also those of a wait on a terminal."""
    seen("wait", "P2", "--output", str(tmp_path / "a.csv"))
    assert "rendered" in (tmp_path / "a.csv").read_text(encoding="utf-8")
