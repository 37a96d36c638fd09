"""The standard streams: encodings that lack characters, readers that leave, closed streams and full disks."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Render, World
from tests._files import names_in
from tests.cli._command import PROGRAM, started

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._streams import Output, OutputError
from pictory_async.cli.display.text import printable

ENCODINGS = ["cp1252", "latin-1", "ascii"]
FULL = Path("/dev/full")
on_unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files and shells")


@pytest.fixture
def world() -> World:
    return World(media_base="self")


def film(world: World, name: str) -> str:
    return str(world.add_project(Render(-100.0, duration=10.0), name=name))


def printed(encoding: str, *arguments: str) -> tuple[int, str, str]:
    """Run the command with streams of an encoding, and decode them strictly."""
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    with started(*arguments, env=environment, encoding=encoding) as process:
        out, err = process.communicate()
    return process.returncode, out, err


@pytest.mark.usefixtures("server")
def test_names_that_an_encoding_lacks(world: World, tmp_path: Path) -> None:
    """Characters that standard output cannot show become question marks; no command ends because of them."""
    ids = [film(world, "日本語"), film(world, "Plain")]
    commands = (["projects"], ["project", *ids], ["report", *ids], ["compare", *ids])
    for encoding, arguments in zip(cycle(ENCODINGS), commands, strict=False):
        code, out, err = printed(encoding, *arguments)
        assert (0, "") == (code, err)
        assert "???" in out
        assert "Plain" in out
    code, out, err = printed("latin-1", "download", *ids, "--dir", str(tmp_path))
    assert (0, "", 10) == (code, err, len(out.splitlines()))
    assert 10 == len(names_in(tmp_path))
    assert next(line for line in out.splitlines() if ids[0] in line).endswith("???.mp4")
    assert "日本語" == json.loads(printed("ascii", "project", ids[0], "--json")[1])["projectName"]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_signs_that_an_encoding_lacks(world: World, encoding: str) -> None:
    """The command's own signs become plain ones that mean the same."""
    world.add_template("a", template_id="T1", name="One")
    world.add_template("a", template_id="T2", name="Two")
    assert 'name: "One" -> "Two"\n' in printed(encoding, "diff", "T1", "T2")[1]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_errors_that_an_encoding_lacks(encoding: str) -> None:
    """An error that names something unprintable is still one sentence on standard error."""
    code, out, err = printed(encoding, "project", "日本")
    assert (1, "", 1) == (code, out, err.count("\n"))
    assert "??" in err


def test_half_a_character(capsys: pytest.CaptureFixture[str]) -> None:
    """What is no character at all is replaced in UTF-8, too; other errors of a codec stay as they are."""
    out = Output(sys.stdout, reports=True)
    out.write("a\ud800b\n")
    assert "a?b\n" == capsys.readouterr().out
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", "pictory.plain")


@pytest.mark.usefixtures("server")
def test_a_reader_that_leaves(world: World) -> None:
    """If the reader of a list leaves, as `head` does, the command ends without a word."""
    for _ in range(300):
        world.add_project(name="x" * 1000)
    for arguments in (["projects"], ["project", *(str(project.id) for project in world.projects)]):
        with started(*arguments) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert "" == process.stderr.read()
            assert 1 == process.wait()
    assert len(world.log) < 300


@pytest.mark.usefixtures("server")
def test_a_reader_that_leaves_does_not_end_work(world: World, tmp_path: Path) -> None:
    """If the reader of a download or a backup leaves, the files are written all the same, without a word."""
    ids = [film(world, f"Film {number}") for number in range(6)]
    templates = [world.add_template("Hi", template_id=f"T{number}") for number in range(3)]
    for arguments in (["download", *ids], ["download", *ids, "--json"], ["backup", *templates], ["report", *ids]):
        name = "-".join(arguments[:: len(arguments) - 1])
        place = ["--output" if arguments[0] == "report" else "--dir", str(tmp_path / name)]
        with started(*arguments, *place) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert "" == process.stderr.read()
            assert 1 == process.wait()
    assert 30 == len(names_in(tmp_path / f"download-{ids[-1]}")) == len(names_in(tmp_path / "download---json"))
    assert ["T0", "T1", "T2"] == names_in(tmp_path / "backup-T2")
    assert 6 == len(names_in(tmp_path / f"report-{ids[-1]}"))


@pytest.mark.usefixtures("server")
@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output(world: World, tmp_path: Path) -> None:
    """If the output cannot be written, one sentence says so; downloads and backups are finished first."""
    ids = [film(world, f"Film {number}") for number in range(3)]
    template = world.add_template("Hi", template_id="T1")
    for arguments in (
        ["projects"],
        ["project", *ids, "--json"],
        ["download", *ids, "--dir", str(tmp_path / "films")],
        ["backup", template, "--dir", str(tmp_path / "backups")],
    ):
        with FULL.open("w") as full, started(*arguments, stdout=full) as process:
            _, err = process.communicate()
        expected = "Error: Standard output cannot be written: No space left on device.\n"
        assert (73, expected) == (process.returncode, err), arguments
    assert 15 == len(names_in(tmp_path / "films"))
    assert ["T1"] == names_in(tmp_path / "backups")


@on_unix
@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("closed", "commands"),
    {
        ">&-": ["download", "--help"],
        "2>&-": ["project"],
        "<&-": ["wait"],
        ">&- 2>&- <&-": ["download", "project", "--help", "wait"],
    }.items(),
)
def test_closed_streams(world: World, tmp_path: Path, closed: str, commands: list[str]) -> None:
    """With closed standard streams, a command does its work, and prints to those that are open."""
    project_id = film(world, "Film")
    options: dict[str, tuple[list[str], int]] = {
        "download": ([project_id, "--dir", str(tmp_path / "films")], 0),
        "project": ([project_id, "nope"], 1),
        "wait": (["--ids-from", "-"], 0),
    }
    for command in commands:
        arguments, expected = options.get(command, ([], 0))
        program = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", PROGRAM, command, *arguments]
        found = subprocess.run(program, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert expected == found.returncode, (command, found.stderr)
        assert "Traceback" not in found.stderr
    assert ("download" in commands) is ((tmp_path / "films").is_dir() and 5 == len(names_in(tmp_path / "films")))


@pytest.fixture
def full() -> Iterator[Any]:
    """A stream that cannot be written to, and that is no file."""

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    with Full() as stream:
        yield stream


def test_standard_error_ends_nothing(full: Any) -> None:
    """What cannot be written to standard error is lost; of standard output, the first failure is raised."""
    err, out = Output(full, reports=False), Output(full, reports=True)
    assert 2 == err.write("ab")
    err.flush()
    with pytest.raises(OutputError, match="No space left"):
        out.write("ab")
    assert 2 == out.write("ab")


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="paths are not bytes, or always in UTF-8")
def test_paths_in_a_locale_without_their_characters(world: World, server: object, tmp_path: Path) -> None:
    """A path is printed as it was given, on both streams, although ASCII lacks its characters; names are not."""
    del server
    world.add_project(project_id="p", name="Grüße", earlier_video=-60.0)
    place = tmp_path / "Büro 日本"
    place.mkdir()
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"}
    command: list[Any] = [sys.executable, "-c", PROGRAM, "report", "p", "--output"]
    options: dict[str, Any] = {"env": {**plain, **locale}, "capture_output": True}
    found = subprocess.run([*command, os.fsencode(place / "p.json")], check=False, **options)
    assert f"Written: {place}/p.json\n".encode() == found.stdout
    assert (place / "p.json").exists()
    found = subprocess.run([*command, os.fsencode(place / "none" / "p.json")], check=False, **options)
    assert os.fsencode(place) in found.stderr
    found = subprocess.run([*command[:3], "project", "p"], check=False, **options)
    assert b"name: Gr??e\n" in found.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\udcc3\udca9", "\udcc3\udca9"),
        ("\udc9b", "�"),
        ("x\udcc2\udc9b", "x��"),
        ("a\udcc3\udca9\x1bb\udc80", "a\udcc3\udca9�b�"),
    ],
    ids=range(4),
)
def test_only_text_in_utf_8_stays_escaped(text: str, expected: str) -> None:
    """Bytes that are no text, or control the terminal, are replaced."""
    assert expected == printable(text)
