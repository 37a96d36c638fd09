"""Commands that say when a video is outdated, and refuse it on request."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import report, run, seen

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")

UNKNOWN = "may be older than its last save. Render again to be sure."
OUTDATED = "is outdated: the project was saved since. Render again to have the changes."
REFUSED = "is outdated: the project was saved after it was made. Render the project again, or leave out --fresh"


@pytest.fixture
def world() -> World:
    """An account whose files can be downloaded."""
    return World(media_base="self")


@pytest.fixture
def unknown(world: World) -> str:
    """A project that was saved after its video, which can mean anything."""
    one = world.add_project(name="Film", earlier_video=-500.0)
    world.edit_project(one, -100.0)
    return str(one)


@pytest.fixture
def outdated(world: World, server: ServerThread, unknown: str) -> str:
    """A project that was saved after this machine saw its video."""
    run("share", unknown)
    world.edit_project(unknown, server.simulator.now())
    return unknown


@pytest.mark.parametrize("name", ["wait", "share", "download"])
class TestEach:
    def arguments(self, name: str, one: str, path: Path) -> list[str]:
        return [name, one, *(["--dir", str(path), "--kind", "video"] if name == "download" else [])]

    def test_unknown(self, name: str, unknown: str, tmp_path: Path) -> None:
        """A video that may be older than the last save is handed out with a warning, once."""
        found = run(*self.arguments(name, unknown, tmp_path))
        assert (0, 1) == (found.exit_code, found.stderr.count(UNKNOWN))
        found = run(*self.arguments(name, unknown, tmp_path), "--fresh")
        assert 3 == found.exit_code
        assert "It is not known whether the video" in found.stderr + found.stdout

    def test_outdated(self, name: str, outdated: str, tmp_path: Path) -> None:
        """What this machine saw tells that a video is outdated; --fresh refuses it, and nothing is fetched."""
        found = run(*self.arguments(name, outdated, tmp_path), "--fresh")
        assert (3, False) == (found.exit_code, (tmp_path / "Film.mp4").exists())
        assert REFUSED in found.stderr + found.stdout
        assert "Warning" not in found.stderr
        found = run(*self.arguments(name, outdated, tmp_path))
        assert (0, 1) == (found.exit_code, found.stderr.count(OUTDATED))
        document = json.loads(run(*self.arguments(name, outdated, tmp_path), "--json").stdout.splitlines()[0])
        assert document["is_outdated"] is True
        (row,) = csv.DictReader(io.StringIO(run(*self.arguments(name, outdated, tmp_path), "--format", "csv").stdout))
        assert "yes" == row["outdated"]

    def test_a_ledger_that_cannot_be_used(self, name: str, unknown: str, tmp_path: Path, state: Path) -> None:
        """Without what was seen earlier, the dates tell; the command does its work."""
        (state / "ledger.db").write_text("not a ledger")
        found = run(*self.arguments(name, unknown, tmp_path))
        assert (0, 1, 1) == (
            found.exit_code,
            found.stderr.count(UNKNOWN),
            found.stderr.count("What earlier commands saw is not known."),
        )


def test_several(world: World) -> None:
    """The warning about several videos is one sentence, with some of their ids."""
    ids = [str(world.add_project(earlier_video=-500.0)) for _ in range(12)]
    for one in ids:
        world.edit_project(one, -100.0)
    found = run("share", *ids)
    assert "The videos of 12 projects may be older than their last saves (" in found.stderr
    assert f"{sorted(ids)[9]} and 2 more). Render again" in found.stderr
    text = seen("share", *ids[:2], columns=300)
    assert "The videos of 2 projects may be older than their last saves. Render again to be sure." in text
    assert f"To render again, which is billed:\r\n  pictory render {' '.join(sorted(ids[:2]))} --wait\r\n" in text


def test_share_after_a_render(world: World) -> None:
    """After a render of this machine, --wait gives the link of the new video, which is known to be the newest."""
    world.render_saves = True
    one = str(world.add_project(earlier_video=-500.0, on_render=[Render(0.0, duration=0.2)]))
    world.edit_project(one, -100.0)
    assert 0 == run("render", one).exit_code
    found = run("share", one, "--wait", "--interval", "0.05", "--fresh")
    assert (0, "") == (found.exit_code, found.stderr)
    assert 0 == run("share", one, "--fresh").exit_code


class TestWaits:
    def test_documents(self, outdated: str) -> None:
        """With --json, a refused video has no address, and the reason."""
        found = run("wait", outdated, "--fresh", "--json")
        (result,) = report(found.stdout)["results"]
        assert (3, "outdated", None, True) == (
            found.exit_code,
            result["status"],
            result["video_url"],
            result["is_outdated"],
        )
        assert REFUSED in result["error"]

    def test_rows(self, world: World, outdated: str, tmp_path: Path) -> None:
        """A refused video is not downloaded; the others are."""
        other = str(world.add_project(name="Other", earlier_video=-500.0))
        found = run("wait", outdated, other, "--fresh", "--download", str(tmp_path))
        lines = [line.split("\t") for line in found.stdout.splitlines()]
        assert 3 == found.exit_code
        assert {(outdated, "outdated"), (other, "rendered"), (other, "downloaded")} == {(*line[:2],) for line in lines}
        assert not (tmp_path / "Film.mp4").exists()
        assert (tmp_path / "Other.mp4").exists()
        assert "2 of 2 ended (rendered 2, 1 refused) in" in found.stderr

    def test_on_a_terminal(self, outdated: str) -> None:
        """On a terminal, refused videos are a group of their own."""
        text = seen("wait", outdated, "--fresh", code=3, columns=300).rpartition("\x1b[?25h")[2]
        assert re.search(r"○ outdated.*: .*is outdated", text)

    def test_marks_on_a_terminal(self, world: World, outdated: str) -> None:
        """What is handed out all the same is marked, and the command that renders it is printed, with its options."""
        newest, doubtful = (str(world.add_project(earlier_video=-500.0)) for _ in range(2))
        world.edit_project(doubtful, -100.0)
        found = seen("wait", newest, outdated, doubtful, "--interval", "1s", columns=300).rpartition("\x1b[?25h")[2]
        text = re.sub(r"\x1b(\[[0-9;]*m|\]8;[^\x1b]*\x1b\\)", "", found)
        assert re.search(rf"✓ .*{newest}\r\n\r\n○ outdated: it was saved after .*\r\n○ Film .*{outdated}\r\n", text)
        assert re.search(rf"○ perhaps outdated: it was saved while .*\r\n○ .*{doubtful}\r\n", text)
        assert (
            f"To render again, which is billed:\r\n  pictory render {outdated} {doubtful} --wait --interval 1s" in text
        )

    def test_exec(self, world: World, outdated: str, tmp_path: Path) -> None:
        """A command for each rendered project is not run for one that is refused."""
        run("wait", outdated, "--fresh", "--exec", f"touch {tmp_path / 'ran'}", "--summary", str(tmp_path / "sum.md"))
        assert not (tmp_path / "ran").exists()
        assert "outdated" in (tmp_path / "sum.md").read_text()


def test_a_sync_knows_what_commands_downloaded(world: World, tmp_path: Path) -> None:
    """A download is not fetched twice by another command: both have the same memory."""
    one = str(world.add_project(name="Film", earlier_video=-500.0))
    assert 0 == run("download", one, "--dir", str(tmp_path), "--kind", "video").exit_code
    assert "rendered" in run("projects", "--state", "rendered").stdout
    world.log.clear()
    run("projects", "--state", "rendered")
    assert 1 == len(world.log)
