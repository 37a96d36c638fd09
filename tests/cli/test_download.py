"""`pictory download`."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import ABSENT, Answer, Drip, Render, Stall, World
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
    ids = [film(world, "One"), film(world, "a:Two"), film(world, "Three")]
    world.projects[2].overrides = {"txtFile": ABSENT}
    found = run("download", *ids, "--dir", str(tmp_path / "new"))
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    assert (0, "", 15) == (found.exit_code, found.stderr, len(rows))
    assert ["written", ids[0], "video", "3000000", str(tmp_path / "new" / "One.mp4")] in rows
    assert ["absent", ids[2], "txt", "0", ""] in rows
    assert 14 == len(names_in(tmp_path / "new"))


def test_many_files_in_the_current_directory(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said where they go, unless that was chosen."""
    monkeypatch.chdir(tmp_path)
    ids = [film(world, f"Film {number}") for number in range(11)]
    found = run("download", *ids, "--kind", "srt")
    text = "Warning: The files of 11 projects go to the current directory. --dir names another one.\n"
    assert (0, text) == (found.exit_code, found.stderr)
    assert 11 == len(names_in(tmp_path))
    assert "" == run("download", *ids, "--kind", "srt", "--dir", ".").stderr


def test_a_project_without_a_video(world: World, tmp_path: Path) -> None:
    """A project that was never rendered has no video: an error with its own exit code. The rest is downloaded."""
    rendered, new = film(world), str(world.add_project())
    running = str(world.add_project(Render(-10.0, duration=1e6)))
    found = run("download", new, rendered, running, "--dir", str(tmp_path))
    assert 3 == found.exit_code
    assert [
        f"Error: Project '{new}' has no video. Render it first: 'pictory render ID'.",
        (
            f"Error: Project '{running}' has no video. It is being rendered: "
            "'pictory wait ID --download DIR' waits for it."
        ),
    ] == found.stderr.splitlines()
    assert 5 == len(names_in(tmp_path))
    assert "has no video" in json.loads(run("download", new, "--json", "--dir", str(tmp_path)).stdout)["error"]


@pytest.mark.parametrize("command", ["download", "backup"])
def test_a_directory_that_cannot_be(world: World, tmp_path: Path, command: str) -> None:
    """A target that cannot be a directory is refused in one sentence, before anything is sent."""
    file = tmp_path / "file"
    file.touch()
    for path, words in ((file, " is a file."), (file / "new", f"Cannot write to {file / 'new'}. {file} is a file.")):
        found = run(command, "x", "--dir", str(path))
        assert (2, "") == (found.exit_code, found.stdout)
        assert words in found.stderr
    assert [] == world.log


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
    """With --json, each project is a document, in the order of the ids."""
    ids = [film(world, f"Film {number}") for number in range(6)]
    found = run("download", *ids, "nope", "--dir", str(tmp_path), "--kind", "srt", "--json")
    reports = [json.loads(line) for line in found.stdout.splitlines()]
    assert (1, [*ids, "nope"]) == (found.exit_code, [report["project_id"] for report in reports])
    assert [None] * 6 == [report["error"] for report in reports[:-1]]
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
    assert (130, project_id) == (code, json.loads(out)["project_id"])
    assert err.endswith("Run the same command again to resume.\n")
    (file,) = json.loads(run(*command).stdout)["files"]
    assert file["resumed_from"] > 0
    assert ["Film.mp4"] == names_in(tmp_path)


def test_on_a_terminal(world: World, server: ServerThread, tmp_path: Path) -> None:
    """On a terminal, each project has a bar in bytes during the download, and then a line for each file."""
    server.simulator.faults = lambda request, _: Drip(65536, 0.02) if request.path.endswith(".mp4") else None
    text = seen(
        "download", film(world, "A [red]film[/red]"), str(world.add_project()), "nope", "--dir", str(tmp_path), code=3
    )
    live, _, end = text.rpartition("\x1b[?25h")
    assert "A [red]film[/red]  " in live
    assert " of 3.0 MB, " in live
    assert "3.0 MB" in end
    assert "- no video" in end
    assert "5 files (3.0 MB) written to " in end
