"""Names of files, and files that are not whole yet."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from pictory_async._files.partfile import PartFile, safe_name

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async._files.partfile import OnConflict


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Hello World", "Hello World"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a/b\\c", "a_b_c"),
        ("CON", "_CON"),
        ("con.mp4", "_con.mp4"),
        ("LPT¹", "_LPT¹"),
        ("console", "console"),
        ("", "project p"),
        (None, "project p"),
        (".", "project p"),
        ("..", "project p"),
        ("   ", "project p"),
        ("///", "project p"),
        ("name. . .", "name"),
        (".hidden", "hidden"),
        ("🎬 Film", "🎬 Film"),
        ("a\x00b\nc", "a_b_c"),
        ("x" * 300, "x" * 150),
        ("🎬" * 100, "🎬" * 37),
        ("e\u0301", "é"),
        ("a:b*c?", "a_b_c_"),
        ("\ud800", "project p"),
        ("Film\u202e4pm", "Film_4pm"),
    ],
)
def test_names_are_made_safe(name: str | None, expected: str) -> None:
    """Whatever a project is called, its files have a name that every system can take."""
    assert safe_name(name, "project p") == expected


@given(st.text())
def test_no_name_leaves_the_directory(name: str) -> None:
    """No name has a separator, is a relative step, is hidden, or is too long."""
    safe = safe_name(name, name)
    assert safe
    assert not set(safe) & set('/\\\0:<>"|?*')
    assert not safe.startswith(".")
    assert safe == safe.strip(" .")
    assert len(safe.encode()) <= 151


def part(directory: Path, name: str = "Film.mp4", owner: str = "p\nvideo") -> PartFile:
    """Make and open an unfinished file."""
    file = PartFile(directory, name, owner)
    file.open()
    return file


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    """A part goes on where it was left if its note says what it is a part of."""
    first = part(tmp_path)
    first.describe('"tag"', 10)
    first.write(b"12345")
    first.close()
    again = part(tmp_path)
    assert (5, '"tag"', 10) == (again.size, again.validator, again.total)
    again.close()


@pytest.mark.parametrize(
    "note",
    [
        None,
        b"",
        b"{",
        b"[]",
        b'{"validator": "x"}',
        b'{"validator": "x", "total": "y"}',
        b'{"validator": "x\\r\\ny: z", "total": 5}',
        b'{"validator": "\\u65e5", "total": 5}',
        b'{"validator": "x", "total": Infinity}',
    ],
)
def test_a_part_without_a_good_note_begins_anew(tmp_path: Path, note: bytes | None) -> None:
    """Bytes of an unknown version are thrown away."""
    first = part(tmp_path)
    first.describe('"tag"', 10)
    first.write(b"12345")
    first.close()
    (path,) = tmp_path.glob("*.part.json")
    if note is None:
        path.unlink()
    else:
        path.write_bytes(note)
    again = part(tmp_path)
    assert (0, None) == (again.size, again.validator)
    again.close()


def test_two_projects_of_one_name_share_nothing(tmp_path: Path) -> None:
    """Parts of two projects have two names, and the second file gets a number."""
    one, other = part(tmp_path, owner="a\nvideo"), part(tmp_path, owner="b\nvideo")
    one.write(b"one")
    other.write(b"other")
    assert one.finish("rename") == tmp_path / "Film.mp4"
    assert other.finish("rename") == tmp_path / "Film (2).mp4"
    assert ["Film (2).mp4", "Film.mp4"] == sorted(path.name for path in tmp_path.iterdir())
    assert (tmp_path / "Film (2).mp4").read_bytes() == b"other"


def test_an_existing_file_is_skipped_or_replaced(tmp_path: Path) -> None:
    """At the last step, too, an existing file is only touched when that was asked for."""
    (tmp_path / "Film.mp4").write_bytes(b"old")
    first = part(tmp_path)
    first.write(b"new")
    assert first.finish("skip") is None
    assert (tmp_path / "Film.mp4").read_bytes() == b"old"
    second = part(tmp_path)
    second.write(b"newer")
    second.finish("overwrite")
    assert ["Film.mp4"] == [path.name for path in tmp_path.iterdir()]
    assert (tmp_path / "Film.mp4").read_bytes() == b"newer"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file locks of this kind")
def test_a_part_belongs_to_one_download_at_a_time(tmp_path: Path) -> None:
    """While one download writes, another one of the same file is refused."""
    first = part(tmp_path)
    with pytest.raises(BlockingIOError):
        part(tmp_path)
    first.close()
    part(tmp_path).close()


@pytest.mark.parametrize("note", [True, False])
def test_a_kill_before_the_last_step_costs_no_finished_file(tmp_path: Path, note: bool) -> None:
    """A finished file that still has its old name too is left as it is, and the next download begins anew."""
    first = part(tmp_path)
    if note:
        first.describe('"tag"', 3)
    first.write(b"old")
    os.link(first.path, first.target)  # and here the program is killed
    first.close()
    second = part(tmp_path)
    assert (0, None) == (second.size, second.validator)
    second.write(b"new one")
    assert tmp_path / "Film (2).mp4" == second.finish("rename")
    assert b"old" == (tmp_path / "Film.mp4").read_bytes()
    assert ["Film (2).mp4", "Film.mp4"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not delete files that are open")
@pytest.mark.parametrize("policy", ["rename", "skip", "overwrite"])
def test_only_what_was_written_is_published(tmp_path: Path, policy: OnConflict) -> None:
    """A part that was deleted meanwhile, so that another download could begin one, is not published."""
    first = part(tmp_path)
    first.write(b"whole")
    first.path.unlink()
    second = part(tmp_path)
    second.write(b"ha")
    with pytest.raises(OSError, match="deleted or replaced"):
        first.finish(policy)
    first.close()
    second.write(b"lf")
    assert tmp_path / "Film.mp4" == second.finish(policy)
    assert b"half" == (tmp_path / "Film.mp4").read_bytes()
