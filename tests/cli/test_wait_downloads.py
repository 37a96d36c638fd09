"""`pictory wait --download`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Answer, Render, World
from tests._files import names_in
from tests.cli._command import report, run, seen

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")

QUICK = ("--interval", "0.05", "--start-grace", "5")


@pytest.fixture
def world() -> World:
    """An account whose files can be downloaded."""
    return World(media_base="self")


def test_wait_downloads(world: World, tmp_path: Path) -> None:
    """With --download, the files of a project exist when its line is printed."""
    ids = [str(world.add_project(Render(0.0, duration=0.2), name=f"Film {number}")) for number in range(6)]
    found = run("wait", *ids, *QUICK, "--download", str(tmp_path / "new"))
    lines = found.stdout.splitlines()
    assert (0, 12) == (found.exit_code, len(lines))
    saved = [line.split("\t") for line in lines if "\tdownloaded\t" in line]
    assert set(ids) == {cells[0] for cells in saved}
    assert {"5 files, 1.1 MB"} == {cells[-1] for cells in saved}
    assert {f"Film {number}" for number in range(6)} == {cells[3] for cells in saved}
    assert f"30 files (6.6 MB) written to {tmp_path / 'new'}." == found.stderr.splitlines()[-1]
    assert 30 == len(names_in(tmp_path / "new"))


def test_wait_downloads_on_a_terminal(world: World, tmp_path: Path) -> None:
    """On a terminal, only a download that failed has a line of its own, and only files that were written."""
    command = ("wait", str(world.add_project(earlier_video=-60.0)), "--download", str(tmp_path))
    end, again = (seen(*command, columns=500).rpartition("\x1b[?25h")[2] for _ in range(2))
    assert f"5 files (1.1 MB) written to {tmp_path}." in end
    assert "downloaded" not in end
    assert ("1 of 1 ended (rendered 1)" in again, "files" in again) == (True, False)


@pytest.mark.parametrize("form", ["lines", "json", "terminal"])
def test_wait_with_a_download_that_fails(world: World, server: ServerThread, tmp_path: Path, form: str) -> None:
    """A file that cannot be downloaded is reported with its project, and the exit code is 1."""
    project_id = str(world.add_project(earlier_video=-60.0))
    server.simulator.faults = lambda request, _: Answer(403) if request.path.endswith(".mp4") else None
    arguments: Any = ("wait", project_id, "--download", str(tmp_path), *(["--json"] if form == "json" else []))
    if form == "terminal":
        text = seen(*arguments, code=1, columns=500).rpartition("\x1b[?25h")[2]
        assert "✓" in text
    else:
        found = run(*arguments)
        assert 1 == found.exit_code
        text = found.stdout
    if form == "json":
        (saved,) = [line["download"] for line in report(text)["results"]]
        assert "status 403" in saved["error"]
        assert ["failed", *["written"] * 4] == [file["status"] for file in saved["files"]]
    else:
        assert "incomplete" in text
        assert project_id in text
        assert "4 files, 105.0 kB; The server rejects the video" in text
