"""The options about the names of downloaded files, and the map file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests._files import names_in
from tests.cli._command import run

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._filing import read_map

pytestmark = pytest.mark.usefixtures("server")

TEMPLATE = "{customer}/{name} [{id}].{lang}.{ext}"


@pytest.fixture
def world() -> World:
    return World(media_base="self", media_sizes={"mp4": 900, "mp3": 90, "srt": 9, "vtt": 9, "txt": 9, "jpg": 9})


def film(world: World, project_id: str, name: str = "Film") -> str:
    return str(world.add_project(Render(-100.0, duration=10.0), name=name, project_id=project_id))


def tree(directory: Path) -> list[str]:
    """All files below a directory, without the manifest."""
    found = (str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith(".pictory"))


def test_names_and_a_map(world: World, tmp_path: Path) -> None:
    """Files go where the table says; a project without a row is said once, and its empty directory is '_'."""
    ids = [film(world, "p1"), film(world, "p2")]
    (tmp_path / "map.csv").write_text("ID;Customer\np1;ACME, Inc./x\n", encoding="utf-8-sig")
    options = ("--kind", "video", "--kind", "srt", "-o", TEMPLATE, "--map", str(tmp_path / "map.csv"))
    found = run("download", *ids, "--dir", str(tmp_path / "new"), *options)
    assert (0, 4) == (found.exit_code, len(found.stdout.splitlines()))
    warning = f"Warning: 1 project has no row in {tmp_path / 'map.csv'}, so their fields are empty: p2"
    assert [warning] == found.stderr.splitlines()
    expected = ["ACME, Inc._x/Film [p1].en.srt", "ACME, Inc._x/Film [p1].mp4"]
    assert [*expected, "_/Film [p2].en.srt", "_/Film [p2].mp4"] == tree(tmp_path / "new")


def test_many_projects_without_a_row(world: World, tmp_path: Path) -> None:
    """Some of them are named."""
    ids = [film(world, f"p{number}") for number in range(5)]
    options = ("--kind", "srt", "-o", "{id}", "--map", "-")
    found = run("download", *ids, "--dir", str(tmp_path), *options, input="id\nother\n")
    assert "5 projects have no row in" in found.stderr
    assert "p0, p1, p2 and 2 more" in found.stderr
    assert 5 == len(names_in(tmp_path))


def test_every_project_has_a_row(world: World, tmp_path: Path) -> None:
    """Then there is no warning."""
    options = ("--kind", "srt", "-o", "{customer}", "--map", "-")
    found = run("download", film(world, "p1"), "--dir", str(tmp_path), *options, input="id,customer\np1,A\n")
    assert (0, "") == (found.exit_code, found.stderr)
    assert ["A.srt"] == names_in(tmp_path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "{custmer}"), "there is no field 'custmer'; the fields are name, id, date, saved, kind, lang, ext."),
        (("-o", "../{name}"), "no part of it may be empty, '.' or '..'"),
        (("--map", "-"), "--map needs --output-name TEMPLATE"),
        (("--keep-old", "2"), "--keep-old needs --on-conflict update"),
        (("--on-conflict", "update", "--keep-old", "-1"), "-1 is not in the range"),
        (("-o", "{name}", "--map", "-"), "there is no column 'id'"),
    ],
)
def test_options_that_cannot_work(world: World, tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    """They are refused in one sentence before anything is sent."""
    found = run("download", film(world, "p1"), "--dir", str(tmp_path / "new"), *options, input="name\nx\n")
    assert (2, "") == (found.exit_code, found.stdout)
    assert words in found.stderr
    assert ([], False) == (world.log, (tmp_path / "new").exists())


def test_earlier_versions(world: World, tmp_path: Path) -> None:
    """--keep-old keeps them, and "update" is what ``wait --download`` does if nothing is said."""
    project_id = film(world, "p1")
    options = ("--dir", str(tmp_path), "--kind", "video", "--on-conflict", "update", "--keep-old", "1")
    assert 0 == run("download", project_id, *options).exit_code
    for begin in (-80.0, -60.0):
        world.start_render(project_id, begin, duration=1.0, queue=0.0)
        assert 0 == run("download", project_id, *options).exit_code
    earlier = [*{*names_in(tmp_path)} - {"Film.mp4"}]
    assert 1 == len(earlier)
    world.start_render(project_id, -40.0, duration=1.0, queue=0.0)
    assert 0 == run("wait", project_id, "--download", str(tmp_path)).exit_code
    assert sorted([*earlier, "Film.mp3", "Film.mp4", "Film.srt", "Film.txt", "Film.vtt"]) == names_in(tmp_path)
    world.start_render(project_id, -20.0, duration=1.0, queue=0.0)
    assert 0 == run("wait", project_id, "--download", str(tmp_path), "--keep-old", "0").exit_code
    assert ["Film.mp3", "Film.mp4", "Film.srt", "Film.txt", "Film.vtt"] == names_in(tmp_path)


def test_wait_with_names(world: World, tmp_path: Path) -> None:
    """The same options are there for ``wait --download``, and only with a directory."""
    project_id = film(world, "p1")
    found = run("wait", project_id, "--download", str(tmp_path), "-o", "{id}/{kind}.{ext}")
    assert 0 == found.exit_code
    assert ["p1/audio.mp3", "p1/srt.srt", "p1/txt.txt", "p1/video.mp4", "p1/vtt.vtt"] == tree(tmp_path)
    found = run("wait", project_id, "--keep-old", "0")
    assert 2 == found.exit_code
    assert "These options about files need --download DIR." in found.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_map_that_a_spreadsheet_writes(encoding: str, delimiter: str, end: str) -> None:
    """In its encodings, with its separators, quotes, empty lines, columns without a title, and short rows."""
    rows = [["Customer", " Id ", "", "Größe"], ['"a,b;c"', "p1", "x", "ü"], [""], ["d", "p2"], ["", "p3", "", "", ""]]
    text = end.join(delimiter.join(row) for row in rows) + end
    found = read_map(io.BytesIO(text.encode(encoding)))
    assert ("customer", "id", "größe") == found.columns
    expected = {
        "p1": {"customer": "a,b;c", "id": "p1", "größe": "ü"},
        "p2": {"customer": "d", "id": "p2", "größe": ""},
        "p3": {"customer": "", "id": "p3", "größe": ""},
    }
    assert expected == found.rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: there are no titles of columns"),
        ("name,customer\n1,2\n", "<stdin>: there is no column 'id'"),
        ('"id\n', "line 1: a quotation mark is opened here, and not closed."),
        ("id,a,A\n", "line 1: two columns are called 'a'. Rename one."),
        ("id,a\np,1\n\nq,2\np,3\n", "line 5: the id p is there twice."),
        ("id,a\np,1,2\n", "line 2: there are 3 cells, but 2 columns."),
        ("id,a\n,1\n", "line 2: there is no id."),
        ('id,a\np,"1\n', "line 2: a quotation mark is opened here, and not closed."),
    ],
)
def test_a_map_that_cannot_be_used(text: str, words: str) -> None:
    """The line is named."""
    with pytest.raises(SettingError) as caught:
        read_map(io.BytesIO(text.encode()))
    assert words in str(caught.value)
