"""Every option that names a place to write to: what cannot be written is refused before any request is sent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import World
from tests.cli._command import PROGRAM, run

if TYPE_CHECKING:
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._places import names_of

FILES = [["report", "x", "--output"], ["render", "x", "--handles"], ["simulate", "--ids"]]
PAGE = [["report", "x", "--html", "--output"]]
DIRECTORIES = [["download", "x", "--dir"], ["wait", "x", "--download"], ["backup", "x", "--dir"]]
REPORTS = [["report", "x", "y", "--output"]]


@pytest.fixture
def world() -> World:
    """An account with one project."""
    world = World(media_base="self")
    world.add_project(project_id="p", name="Film", earlier_video=-60.0)
    return world


def refused(world: World, command: list[str], place: object) -> str:
    """Run a command that must refuse its place in one sentence, and return the sentence."""
    found = run(*command, str(place))
    assert (2, "", []) == (found.exit_code, found.stdout, world.log)
    text: str = found.stderr
    assert text.splitlines()[-1].startswith("Error: ")
    return text.splitlines()[-1]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", FILES + PAGE, ids=" ".join)
def test_no_place_for_a_file(world: World, tmp_path: Path, command: list[str]) -> None:
    """A file needs a directory that exists; a directory, or a name that ends with a slash, is no file."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "no" / "file")
    (tmp_path / "circle").symlink_to("circle")
    assert "is a directory. Name a file" in refused(world, command, f"{tmp_path}/new/")
    assert "There is no directory" in refused(world, command, tmp_path / "no" / "file")
    assert "There is no directory" in refused(world, command, tmp_path / "file" / "file")
    assert f"There is no directory {tmp_path / 'no'}." in refused(world, command, tmp_path / "link")
    assert "symbolic links" in refused(world, command, tmp_path / "circle")
    assert "too long" in refused(world, command, tmp_path / ("n" * 300))
    assert ["circle", "file", "link"] == sorted(os.listdir(tmp_path))  # noqa: PTH208 - names are enough


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", DIRECTORIES + REPORTS, ids=" ".join)
def test_no_place_for_a_directory(world: World, tmp_path: Path, command: list[str]) -> None:
    """No directory can be below a file, or have a name that is too long."""
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} is a file. Name a directory." in refused(world, command, tmp_path / "file" / "sub")
    assert "too long" in refused(world, command, tmp_path / ("n" * 300))
    assert ["file"] == os.listdir(tmp_path)  # noqa: PTH208 - names are enough


@pytest.mark.usefixtures("server")
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("command", FILES + PAGE + DIRECTORIES + REPORTS, ids=" ".join)
def test_a_place_where_nothing_can_be_made(world: World, command: list[str]) -> None:
    """What the permissions allow and the system refuses is found out too."""
    assert "No file can be made in /proc: " in refused(world, command, "/proc/x")


@pytest.mark.usefixtures("server")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
@pytest.mark.parametrize("options", [[], ["--html"]])
def test_a_pipe(tmp_path: Path, options: list[str]) -> None:
    """A report is written into a pipe, which stays one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    found = run("report", "p", *options, "--output", str(pipe))
    text = os.read(descriptor, 65536)
    os.close(descriptor)
    assert (0, f"Written: {pipe}\n") == (found.exit_code, found.stdout)
    assert text.startswith(b"<!DOCTYPE" if options else b"{")
    assert pipe.is_fifo()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output(name: str) -> None:
    """Standard output has names too: there, nothing but the report is printed."""
    assert "Film" == json.loads(run("report", "p", "--output", name).stdout)["basicInfo"]["name"]
    assert run("report", "p", "--html", "--output", name).stdout.endswith("</html>\n")
    assert 2 == run("report", "p", "--html", "--json", "--output", name).exit_code


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such link")
def test_the_file_behind_standard_output(server: ServerThread, tmp_path: Path) -> None:
    """A file that the shell opened as standard output has the report, and keeps its name."""
    del server
    command: list[Any] = [sys.executable, "-c", PROGRAM, "report", "p", "--output", "/dev/stdout"]
    with (tmp_path / "out.json").open("wb") as out:
        subprocess.run(command, stdout=out, check=True)
    assert "Film" == json.loads((tmp_path / "out.json").read_bytes())["basicInfo"]["name"]


MARKED = names_of(["a:b"])["a:b"]
TWINS = [
    ("a:b", "a_b"),
    ("a/b", "a:b"),
    ("x", "X"),
    ("ä", "a\u0308"),
    ("x" * 300, "x" * 299),
    (".a", "_a"),
    ("con", "CON"),
    ("a:b", MARKED),
]


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_different_ids_have_different_names(one: str, other: str) -> None:
    """On every file system, whatever the ids are, no name is that of another id."""
    names = names_of([one, other])
    assert 2 == len({name.lower() for name in names.values()})
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{,120}", name) for name in names.values())


def test_a_safe_id_is_its_own_name() -> None:
    """Real ids are kept as they are, and a name does not depend on the other ids; of a device, a file gets no name."""
    ids = ["20251110174236984d8bc37d1", "6ab2f6f5-f4ae-4ebd-8ab1-b2d2f2a3b8e7", "A.b_c"]
    assert ids == list(names_of(ids).values())
    assert names_of(["a:b"])["a:b"] == names_of(["a:b", "a_b"])["a:b"]
    assert names_of(["nul.x"])["nul.x"].startswith("nul_x_")


@pytest.mark.usefixtures("server")
def test_reports_of_ids_that_are_alike(world: World, tmp_path: Path) -> None:
    """Each of two projects has its report in a file of its own."""
    for one in ("a:b", "a_b"):
        world.add_project(project_id=one, name=f"Film {one}", earlier_video=-60.0)
    assert 0 == run("report", "a:b", "a_b", "--output", str(tmp_path / "reports")).exit_code
    names = {json.loads(file.read_bytes())["basicInfo"]["name"] for file in (tmp_path / "reports").iterdir()}
    assert {"Film a:b", "Film a_b"} == names


@pytest.mark.usefixtures("server")
def test_backups_of_ids_that_are_alike(world: World, tmp_path: Path) -> None:
    """Each of two templates has its backup in a directory of its own, also if the ids differ in case only."""
    ids = ["a:b", "a_b", "A_B"]
    for one in ids:
        world.add_template("Hi", template_id=one, name=one)
    assert 0 == run("backup", *ids, "--dir", str(tmp_path)).exit_code
    assert 3 == len({path.name.lower() for path in tmp_path.iterdir() if path.is_dir()})
