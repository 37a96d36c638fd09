"""Ids and handles from the command line and from files, in the encodings of all systems."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import report, run

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import click

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._input import collect_ids, read_text

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


def file_of(content: str | bytes) -> io.BytesIO:
    return io.BytesIO(content.encode() if isinstance(content, str) else content)


def test_ids_are_collected_once() -> None:
    """Ids from both sources keep their order, without duplicates, comments and empty lines."""
    lines = file_of("# made today, für alle\n\na\n  1\r\nb")
    assert ["b", "a", "1"] == collect_ids(("b", " a "), lines)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(encoding: str) -> None:
    """Files of Windows programs are read, with and without a byte order mark."""
    assert "a\r\nbé\r\n" == read_text(file_of("a\r\nbé\r\n".encode(encoding)))


@pytest.mark.parametrize(("content", "line"), [(b"a\nb\n\xe9\n", 3), (b"\xff\xfea\x00\x00", 1), (b"# caf\xe9\na", 1)])
def test_other_encodings(content: bytes, line: int) -> None:
    """A file in another encoding is refused in one sentence, with the number of the line."""
    with pytest.raises(SettingError, match=rf"^<stdin>, line {line}: this is not text in UTF-8\. Save the file"):
        collect_ids((), file_of(content))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,Film", "it contains a comma"),
        ("a;Film", "it contains a semicolon"),
        ("a\tFilm", "it contains a tab"),
        ("a Film", "it contains a space"),
        ('"a"', "it contains a quotation mark"),
        ("a\x00b", "it contains a control character"),
        ("ID", "'ID' is the title of a column"),
        ("x" * 100 + ",", "xxx…'"),
        ('{"project_id": "a"}', "These are handles of renders, not ids: use --handle FILE."),
    ],
)
def test_what_is_no_id(text: str, words: str) -> None:
    """A table, handles or garbage are refused before anything is asked for, with the number of the line."""
    with pytest.raises(SettingError) as refused:
        collect_ids(("b",), file_of(f"# ids\na\n{text}\n"))
    assert refused.value.message.startswith("<stdin>, line 3: ")
    assert words in refused.value.message
    with pytest.raises(click.UsageError) as wrong:
        collect_ids((text,))
    assert words in wrong.value.message


def test_no_ids() -> None:
    """Without ids and without a file the usage is wrong; a file can be empty."""
    with pytest.raises(click.UsageError):
        collect_ids((" ",))
    assert [] == collect_ids((), file_of("# none\n"))


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("option", ["--ids-from", "--handle"])
def test_an_empty_file_is_nothing_to_do(world: World, option: str) -> None:
    """An empty file of ids or handles is nothing to do, and no error; nothing is sent."""
    found = run("wait", option, "-", input="\n")
    assert (0, "", "Nothing to do: there are no ids and no handles.\n") == (
        found.exit_code,
        found.stdout,
        found.stderr,
    )
    ends = report(run("wait", option, "-", "--json", input="").stdout)
    assert (0, [], []) == (ends["projects"], ends["results"], ends["pending"])
    assert [] == world.log


@pytest.mark.usefixtures("server")
def test_handles_among_the_ids(world: World, tmp_path: Path) -> None:
    """A file of handles that is passed as ids is refused with the right option, and nothing is sent."""
    project_id = str(world.add_project(on_render=[Render(0.0, duration=0.0)]))
    file = tmp_path / "handles.jsonl"
    run("render", project_id, "--handles", str(file))
    sent = len(world.log)
    found = run("wait", "--ids-from", str(file))
    assert (2, "", 1) == (found.exit_code, found.stdout, found.stderr.count("\n"))
    assert f"{file}, line 1: These are handles of renders, not ids: use --handle FILE." in found.stderr
    assert sent == len(world.log)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_files_of_windows(world: World, tmp_path: Path, encoding: str) -> None:
    """Handles that a Windows shell redirected into a file are read, and so are values of a template."""
    project_id = str(world.add_project(on_render=[Render(0.0, duration=0.0)]))
    handles, values = tmp_path / "handles.jsonl", tmp_path / "values.json"
    handles.write_text(run("render", project_id).stdout, encoding=encoding)
    found = run("wait", "--handle", str(handles), "--interval", "0.05", "--json")
    assert (0, {"rendered": 1}) == (found.exit_code, report(found.stdout)["outcomes"])
    template = world.add_template("Hi {{Name}}", variables={"Name": "you"})
    values.write_text('{"Name": "Zoë"}', encoding=encoding)
    assert 0 == run("check", template, "--values", str(values)).exit_code


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\n\n"])
def test_a_key_from_a_file(world: World, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """A key with a line end, as a file or a secret store has it, is the key without it."""
    monkeypatch.setenv("PICTORY_API_KEY", world.api_key + end)
    found = run("project", str(world.add_project()))
    assert (0, "") == (found.exit_code, found.stderr)


@pytest.mark.parametrize(
    ("text", "advice"),
    [("a b", "Leave out the quotation marks around several ids."), ("a,b", "Separate ids by spaces.")],
)
def test_several_ids_in_one_word(text: str, advice: str) -> None:
    """The advice fits: ids that are separated by spaces already are in quotation marks."""
    with pytest.raises(click.UsageError) as refused:
        collect_ids((text,))
    assert refused.value.message.endswith(f" {advice}")


CHANGED = [
    "1.23457E+19",
    "1,76277E+12",
    "2.0251110174236984e+48",
    "2E+48",
    "1762768083800.0",
    "1.762.768.083.800",
    "202511101742369000000",
    "#NAME?",
    "#N/A",
    "#VALUE!",
    "#DIV/0!",
    "#BEZUG!",
    "########",
]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("text", CHANGED)
def test_what_a_spreadsheet_made_of_an_id(world: World, text: str) -> None:
    """It is refused with a sentence that says so, also where a line would be a comment; nothing is sent."""
    for found in (
        run("render", "a", text),
        run("wait", "--ids-from", "-", input=f"a\n{text}\n"),
        run("diff", "a", text),
    ):
        assert (2, "") == (found.exit_code, found.stdout)
        assert f"{text!r} is not an id: a spreadsheet changed it. Format its column as text" in found.stderr
    assert [] == world.log


def test_real_ids_are_not_taken_for_numbers() -> None:
    """Ids of all versions, and of jobs, are left alone, whatever digits they have; and so are comments."""
    ids = [
        "20251110174236984d8bc37d1a6bd480fbcdd0fbafcbb0d1c",
        "202508151145238899abc123def456gh",
        "1762768083800",
        "1762768083000",
        "17627680838000000",
        "2025e110",
        "12e34",
        "1f0e9d8c7b6a59483726150413223140",
        "77",
        "v1.2",
    ]
    assert ids == collect_ids(ids)
    assert ids == collect_ids((), file_of("\n".join(["# name?", "#", "##", "#1", *ids])))
