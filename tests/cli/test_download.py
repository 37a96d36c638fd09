"""`pictory download`."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Drip, Render, Stall, World
from tests._files import names_in
from tests.cli._command import interrupted, run, seen, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    return World(media_base="self", media_sizes={"mp4": 3_000_000, "mp3": 900, "srt": 9, "vtt": 9, "txt": 9, "jpg": 9})


def film(world: World, name: str = "Film") -> str:
    return str(world.add_project(Render(-100.0, duration=10.0), name=name))


def test_files_in_lines(world: World, tmp_path: Path) -> None:
    """Each file is a line with its status, project, kind, size and path."""
    ids = [film(world, "One"), film(world, "a:Two"), str(world.add_project())]
    found = run("download", *ids, "--dir", str(tmp_path / "new"))
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    assert (0, "", 15) == (found.exit_code, found.stderr, len(rows))
    assert ["written", ids[0], "video", "3000000", str(tmp_path / "new" / "One.mp4")] in rows
    assert ["absent", ids[2], "txt", "0", ""] in rows
    assert 10 == len(names_in(tmp_path / "new"))


def test_kinds_and_conflicts(world: World, tmp_path: Path) -> None:
    """--kind selects the files, and --on-conflict says what to do with existing ones."""
    project_id = film(world)
    for policy, statuses in (
        ("rename", "written"),
        ("rename", "skipped"),
        ("skip", "skipped"),
        ("overwrite", "written"),
    ):
        options = ("--kind", "srt", "--kind", "share", "--on-conflict", policy, "--dir", str(tmp_path))
        lines = run("download", project_id, *options).stdout.splitlines()
        assert [(statuses, "srt"), (statuses, "share")] == [tuple(line.split("\t")[:3:2]) for line in lines]
    assert ["Film.srt", "Film.url"] == names_in(tmp_path)


def test_json(world: World, tmp_path: Path) -> None:
    """With --json, each project that exists is a document, in the order of the ids."""
    ids = [film(world, f"Film {number}") for number in range(6)]
    found = run("download", *ids, "nope", "--dir", str(tmp_path), "--kind", "srt", "--json")
    reports = [json.loads(line) for line in found.stdout.splitlines()]
    assert (1, ids) == (found.exit_code, [report["project_id"] for report in reports])
    assert found.stderr.startswith("Error: There is no project 'nope'")
    assert {("srt", "written", 9)} == {
        (file["kind"], file["status"], file["size"]) for report in reports for file in report["files"]
    }


def test_failures(world: World, server: ServerThread, tmp_path: Path) -> None:
    """A failure is reported in its line and on standard error; the rest is downloaded, and the exit code is 1."""
    project_id = film(world)
    server.simulator.faults = lambda request, _: Answer(403) if request.path.endswith(".mp4") else None
    found = run("download", "nope", project_id, "--dir", str(tmp_path))
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    assert (1, 5) == (found.exit_code, len(rows))
    assert rows[0][:4] == ["failed", project_id, "video", "0"]
    assert "status 403" in rows[0][4]
    first, second = found.stderr.splitlines()
    assert first.startswith("Error: There is no project 'nope'")
    assert "status 403" in second


def test_ctrl_c_and_again(world: World, server: ServerThread, tmp_path: Path) -> None:
    """Ctrl-C keeps partial files, and the same command resumes them."""
    project_id = film(world)
    halfway = threading.Event()
    slow: list[Fault] = [Stall(1_500_000)]

    def note(request: SimRequest, _: float) -> Fault | None:
        if request.path.endswith(".mp4") and slow:
            halfway.set()
            return slow.pop()
        return None

    server.simulator.faults = note
    command = ("download", project_id, "--dir", str(tmp_path), "--kind", "video", "--json")
    with started(*command) as process:
        halfway.wait()
        part = threading.Event()
        while not any(path.stat().st_size for path in tmp_path.glob("*.part")):
            part.wait(0.02)
        code, out, err = interrupted(process)
    assert (130, "") == (code, out)
    assert err.endswith("Interrupted. Run the same command again to resume.\n")
    (file,) = json.loads(run(*command).stdout)["files"]
    assert file["resumed_from"] > 0
    assert ["Film.mp4"] == names_in(tmp_path)


def test_on_a_terminal(world: World, server: ServerThread, tmp_path: Path) -> None:
    """On a terminal, each file has a bar in bytes during the download, and then a line under its project."""
    server.simulator.faults = lambda request, _: Drip(65536, 0.02) if request.path.endswith(".mp4") else None
    text = seen(
        "download", film(world, "A [red]film[/red]"), str(world.add_project()), "nope", "--dir", str(tmp_path), code=1
    )
    live, _, end = text.rpartition("\x1b[?25h")
    assert "A [red]film[/red] (video)" in live
    assert " of 3.0 MB, " in live
    assert "3.0 MB" in end
    assert "absent" in end
    assert "5 files (3.0 MB) written to " in end
