"""Names of files, and files that are not whole yet."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from pictory_async._files.names import ending_of, safe_name
from pictory_async._files.partfile import PartFile
from pictory_async._files.publish import Directory
from pictory_async.testing import ABSENT

if TYPE_CHECKING:
    from pathlib import Path

BIDI = [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]


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
        ("می\u200cشوی 👩\u200d🎬", "می\u200cشوی 👩\u200d🎬"),
        ("CONIN$", "_CONIN$"),
        ("conout$.mp4", "_conout$.mp4"),
        ("COM¹.tar.gz", "_COM¹.tar.gz"),
        ("nul .txt", "_nul .txt"),
        ("conin", "conin"),
    ],
)
def test_names_are_made_safe(name: str | None, expected: str) -> None:
    """Whatever a project is called, its files have a name that every system can take."""
    assert safe_name(name, "project p") == expected


@pytest.mark.parametrize("sign", [*"\u061c\u200b\u200e\u200f\u2028\u2060\ufeff\u00ad\u180e\U000e0041", *BIDI])
def test_no_name_hides_how_it_is_read(sign: str) -> None:
    """Characters that are not seen, or turn the reading direction, are in no name."""
    assert "Film_4pm" == safe_name(f"Film{sign}4pm", "project p")


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
    file = PartFile(Directory(directory), name, owner)
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
        {"validator": ABSENT},
        {"validator": 5},
        {"validator": "x\r\ny: z"},
        {"validator": "\u65e5"},
        {"total": ABSENT},
        {"total": "y"},
        {"total": math.inf},
        {"head": ABSENT},
        {"head": 0},
        {"head": -1},
        {"head": 6},
        {"head": 4},
        {"digest": ABSENT},
        {"digest": ""},
    ],
)
def test_a_part_without_a_good_note_begins_anew(tmp_path: Path, note: bytes | dict[str, object] | None) -> None:
    """Bytes of an unknown version are thrown away."""
    first = part(tmp_path)
    first.describe('"tag"', 10)
    first.write(b"12345")
    first.close()
    (path,) = tmp_path.glob("*.part.json")
    if note is None:
        path.unlink()
    elif isinstance(note, bytes):
        path.write_bytes(note)
    else:
        changed = {**json.loads(path.read_bytes()), **note}
        path.write_text(json.dumps({key: value for key, value in changed.items() if value is not ABSENT}))
    again = part(tmp_path)
    assert (0, None) == (again.size, again.validator)
    again.close()


@pytest.mark.parametrize(
    ("planted", "size"), [(b"12345", 5), (b"12345678", 8), (b"02345678", 0), (b"54321", 0), (b"", 0)]
)
def test_a_part_that_was_replaced_begins_anew(tmp_path: Path, planted: bytes, size: int) -> None:
    """A note belongs to the bytes that it was written for, not to whatever has the part's name."""
    first = part(tmp_path)
    first.describe('"tag"', 10)
    first.write(b"12345")
    first.write(b"678")
    first.close()
    (path,) = tmp_path.glob("*.part")
    path.unlink()
    path.write_bytes(planted)
    again = part(tmp_path)
    assert size == again.size
    again.close()


def test_hostile_endings_take_no_time() -> None:
    """An address of a megabyte is read once."""
    assert ".mp4" == ending_of("video", "https://media.invalid/" + "." * 1_000_000)
    assert ".mp4" == ending_of("video", "//" * 500_000 + "?")
    assert ".mp4" == ending_of("video", "https://[::1")


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "日本 ü"), ("latin-1", "__ ü"), ("ascii", "project p")])
def test_names_fit_the_encoding_of_the_file_system(encoding: str, expected: str) -> None:
    """What the file system cannot write becomes an underscore."""
    assert expected == safe_name("日本 ü", "project p", encoding)
    assert "project p" == safe_name("日本", "project p", "ascii")
