"""Tables on terminals of every width: what is left out, what is in one piece, and what a row is called."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import World
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
from pictory_async.cli.display.table import draw_table

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    """An account whose files can be downloaded."""
    return World(media_base="self", render_seconds=(0.1, 0.2), queue_seconds=(0.0, 0.0), media_sizes={"mp4": 1000})


@pytest.fixture
def films(world: World) -> list[str]:
    """Projects with videos."""
    return [str(world.add_project(name=f"The film of quarter {one}", earlier_video=-60.0)) for one in range(2)]


def shown(*arguments: str, columns: int, code: int = 0) -> str:
    """What a terminal shows, without colours."""
    text = seen(*arguments, columns=columns, code=code)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("command", ["report", "share", "sync", "wait"])
def test_links_are_never_broken(films: list[str], tmp_path: Path, command: str, columns: int) -> None:
    """Whatever the width, a link is in one piece, or its column is left out and named."""
    arguments = [str(tmp_path / "videos"), "--kind", "video"] if command == "sync" else films
    wanted = ["--columns", "id,status,share"] if command == "wait" else []
    text = shown(command, *arguments, *wanted, "--format", "table", columns=columns)
    links = [line.split("\t")[1] for line in run("share", *films).stdout.splitlines()]
    hidden = text.partition("Not shown")[2] if command == "sync" or columns == 200 else ""
    assert all(link in text for link in links) or "share" in hidden


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_words_are_never_broken(world: World, tmp_path: Path, columns: int) -> None:
    """Whatever the width, the reasons have whole words."""
    for number in range(5):
        world.add_project(name=f"Film {number}")
    text = shown("sync", str(tmp_path), "--dry-run", "--max", "1", "--format", "table", columns=columns)
    assert 4 == text.count("left_out")
    assert columns == 40 or 5 == len(re.findall(r"^\w{40,} ", text, re.MULTILINE))  # the ids stay
    assert "4 projects (Film 1, Film 2, Film 3 and 1 more): Not requested: --max is reached." in " ".join(text.split())
    assert all(f"Film {number}" in text for number in range(4))
    quick = ("--kind", "video", "--interval", "0.05", "--format", "table")
    text = shown("sync", str(tmp_path), "--max", "1", *quick, columns=columns, code=4)
    assert 1 == " ".join(text.split()).count("Film 3 and 1 more): Not requested: --max is reached.")
    assert text.index("rendered") < text.index("left_out")


def test_a_sync_on_a_narrow_terminal(films: list[str], tmp_path: Path) -> None:
    """A project takes a line if there is room for its status, its name and its path."""
    command = ["sync", "videos", "--kind", "video"]
    with contextlib.chdir(tmp_path):
        text = shown(*command, columns=80)
        *_, first, second, hidden, _end = text.splitlines()
        assert "downloaded  The film of quarter 0  videos/The film of quarter 0.mp4" in text
        assert all(line.startswith("downloaded  ") for line in (first, second))
        assert "Not shown, because the terminal is narrow: id, share, generated (UTC)." == hidden
        done = "Plan: 0 to render, 0 to download, 2 unchanged. Everything is up to date.\n"
        assert [done, done] == [shown(*command, *more, columns=80) for more in ([], ["--dry-run"])]


def test_a_sync_that_cannot_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no table then, and no word about one."""
    monkeypatch.delenv("PICTORY_API_KEY")
    assert shown("sync", str(tmp_path), columns=80, code=2).startswith("Error: There is no API key.")


def test_what_asks_for_something_is_never_left_out(world: World, films: list[str]) -> None:
    """On a narrow terminal, the counts of runs that somebody must look at are there, and the dates of reports too."""
    assert 0 == run("render", str(world.add_project(name="Film"))).exit_code
    text = shown("runs", columns=80)
    head, _, rest = text.partition("Not shown, because the terminal is narrow:")
    assert all(name in head for name in ("ended", "open", "failed", "not_started", "uncertain", "pending"))
    assert "command, started (UTC), rendered." in " ".join(rest.split())
    text = shown("report", *films, "--format", "table", columns=80)
    assert "Not shown" not in text
    assert 2 == text.count("2025-12-31 23:59")


@pytest.mark.parametrize("columns", [40, 80])
def test_a_record_is_called_by_its_id(films: list[str], tmp_path: Path, columns: int) -> None:
    """Where each field has a line, the first one is the id, wherever its column stands; else the first column."""
    arguments = ["download", *films, "--dir", str(tmp_path), "--kind", "video", "--format", "table"]
    lines = [line.rstrip() for line in shown(*arguments, columns=columns).splitlines()]
    assert {*films} <= {*lines}
    assert "  status  written" in lines
    lines = shown("share", *films, "--columns", "link,name", "--format", "table", columns=40).splitlines()
    assert 2 == sum(line.startswith("http") for line in lines)


def test_help_and_facts_have_whole_words() -> None:
    """On a narrow terminal no line of the help, of wrong usage or of facts is broken within a word."""
    for code, *arguments in (
        (0, "--help"),
        (0, "wait", "--help"),
        (2, "wait"),
        (2, "wiat"),
        (0, "auth", "status"),
        (0, "quota"),
    ):
        lines = shown(*arguments, columns=40, code=code).splitlines()
        assert [] == [line for line in lines if len(line) > 40 and len(line.split()) > 2], arguments
    assert "  --resume NAME\n      Wait for what an earlier" in shown("wait", "--help", columns=40)
    assert "    PICTORY_RATE\n        the request" in shown("--help", columns=40)
    assert "    PICTORY_RATE          the request budget, as --rate\n" in shown("--help", columns=200)


def test_a_terminal_of_hardly_any_width() -> None:
    """Nothing fails for want of room."""
    for columns in (1, 4):
        assert "auth" in shown("--help", columns=columns)


def test_columns_without_a_value(films: list[str], tmp_path: Path) -> None:
    """They are left out of a table for people, unless somebody asked for them."""
    arguments = ["sync", str(tmp_path), "--dry-run", "--format", "table"]
    assert ["id", "status", "name"] == shown(*arguments, columns=200).splitlines()[1].split()
    assert ["id", "path"] == shown(*arguments, "--columns", "id,path", columns=200).splitlines()[1].split()
    assert films


def test_a_row_without_a_name(films: list[str]) -> None:
    """In the list of a wait, on a narrow terminal, a row without a name has its id in the name's place."""
    text = shown("wait", films[0], "nope", "--interval", "0.05", columns=40, code=3)
    assert re.search(r"(?m)^\? nope  +\d\.\d s$", text)


def test_a_link_beyond_the_edge(capsys: pytest.CaptureFixture[str]) -> None:
    """In the last column only the links go on beyond the edge: texts are wrapped, and the line below the heads ends."""
    draw_table(["id", "link"], [["A" * 10, "https://example.com/" + "x" * 80], ["B", "word " * 20]])
    lines = capsys.readouterr().out.splitlines()
    assert ["https://example.com/" + "x" * 80] == [line.split()[1] for line in lines if len(line) > 80]
    assert 3 <= sum("word" in line for line in lines) + 1


def test_empty_columns_go_first(capsys: pytest.CaptureFixture[str]) -> None:
    """A column without a value is left out before one with values."""
    draw_table(["id", "empty", "spare"], [["A" * 40, "", "word " * 4]] * 2, spare=[2])
    assert "empty" in capsys.readouterr().out
    draw_table(["id", "empty" * 8, "spare"], [["A" * 40, "", "word " * 4]] * 2, spare=[2])
    out = capsys.readouterr().out
    assert "word" in out
    assert "empty" not in out
