"""Tables that users pass in: the kinds, what separates cells, and what is said about wrong ones."""

from __future__ import annotations

import io
import json
import sys
from datetime import date
from typing import Any

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._rows import Rows, read_rows

PEOPLE = [{"Name": "Ada", "Company": "Acme, Inc."}, {"Name": "Bob", "Company": ""}]


def read(content: str | bytes, needed: tuple[str, ...] = ()) -> Rows:
    """Read a table from a file."""
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    file.name = "people"
    return read_rows(file, needed)


def workbook(*rows: list[Any], formats: dict[str, Any] | None = None) -> bytes:
    """Make a workbook."""
    library = pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    pytest.importorskip("python_calamine", reason="the extra xlsx is not installed")
    file = io.BytesIO()
    with library.Workbook(file, {"default_date_format": "yyyy-mm-dd", **(formats or {})}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        book.add_worksheet("another").write(0, 0, "other")
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_texts(encoding: str, delimiter: str) -> None:
    """Commas, semicolons and tabs, as spreadsheets write them in the languages of the world."""
    rows = [["Name", "Company"], ["Ada", '"Acme, Inc."'], [], ["Bob"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    found = read(text.encode(encoding))
    assert (("Name", "Company"), PEOPLE) == (found.columns, [row.values for row in found.rows])
    assert ["people, line 2", "people, line 4"] == [*map(found.where, found.rows)]


def test_lines_of_json() -> None:
    """Each row can have other fields; what is missing is empty, and numbers stay as they are written."""
    text = '{"Name": "Ada", "Company": " Acme, Inc. "}\n\n{"Name": "Bob", "Age": 1.50, "Vip": true, "Company": null}\n'
    found = read(text)
    assert ("Name", "Company", "Age", "Vip") == found.columns
    assert {**PEOPLE[0], "Age": "", "Vip": ""} == found.rows[0].values
    assert {**PEOPLE[1], "Age": "1.50", "Vip": "true"} == found.rows[1].values
    assert ["people, line 1", "people, line 3"] == [*map(found.where, found.rows)]


def test_a_workbook() -> None:
    """The first sheet of it, as it shows numbers and dates."""
    found = read(workbook(["Name", "Age", "Due", "Vip"], ["Ada", 36, date(2026, 12, 10), True], [], ["Bob", 1.5]))
    assert ("Name", "Age", "Due", "Vip") == found.columns
    assert {"Name": "Ada", "Age": "36", "Due": "2026-12-10", "Vip": "true"} == found.rows[0].values
    assert {"Name": "Bob", "Age": "1.5", "Due": "", "Vip": ""} == found.rows[1].values
    assert ["people, row 2", "people, row 4"] == [*map(found.where, found.rows)]


def test_a_title_that_is_needed_tells_what_separates_cells() -> None:
    """A title can have more commas in it than there are semicolons."""
    text = "Name, first, and last;Company\nAda;Acme\n"
    assert ("Name", "first", "and last;Company") == read("Name, first, and last;Company\n").columns
    assert ("Name, first, and last", "Company") == read(text, ("Company",)).columns


def test_one_column() -> None:
    assert [{"Name": "Ada"}, {"Name": "Bob"}] == [row.values for row in read("Name\nAda\nBob\n").rows]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "people, line 1: there are no titles of columns, separated by commas, semicolons or tabs."),
        (",\n,\n", "people, line 1: there are no titles of columns, separated by commas, semicolons or tabs."),
        ("Name,Name\n", "people, line 1: two columns are called 'Name'. Rename one."),
        ("Name,Age\nAda,1,2\n", "people, line 2: there are 3 cells, but 2 columns."),
        ('Name\n"Ada\n', "people, line 2: a quotation mark is opened here, and not closed."),
        ('Name\n"', "people, line 2: a quotation mark is opened here, and not closed."),
        ('A,B\n1,2\n"x\ny","z\n3,4\n5,6\n', "people, line 4: a quotation mark is opened here, and not closed."),
        (
            'A,B\n1,2\n"x,y\nz,"w"\n',
            "people, line 3: this is not a table in CSV: ',' expected after '\"'. Its row continues to line 4: is",
        ),
        ('"' + "x" * 140_000, "people, line 1: this is not a table in CSV: field larger than field limit (131072)."),
        ('A\n"x"y\n', "people, line 2: this is not a table in CSV: ',' expected after '\"'."),
        (
            "Name\nM\xfcller\n".encode("latin-1"),
            'people, line 2: this is not text in UTF-8. Save the file in that encoding; in Excel, save as "CSV UTF-8".',
        ),
        ('[\n{"a": 1}]', "people: this is a JSON list. Write one object per line, without the brackets around them."),
        ("[]", "people: this is a JSON list."),
        ('{"a": NaN}', "people, line 1: the field 'a' is NaN, not a text or a number."),
        ('{"a": -Infinity}', "people, line 1: the field 'a' is -Infinity, not a text or a number."),
        (
            '{"a": "\\ud800"}',
            "people, line 1: the field 'a' has a character that is not one: half of a surrogate pair.",
        ),
        (
            '{"\\udc00": 1}',
            "people, line 1: the field '\ufffd' has a character that is not one: half of a surrogate pair.",
        ),
        ('{"a": 1}\n{"a": 1', "people, line 2: this is not one JSON object."),
        ('{"a": 1}\n[1]', "people, line 2: this is not one JSON object."),
        ('{"a": 1, "a": 2}', "people, line 1: the field 'a' is there twice."),
        ('{"": 1}', "people, line 1: the field '' is no title."),
        ('{"a": {}}', "people, line 1: the field 'a' is a list or an object, not a text or a number."),
        ('{"a": [1]}', "people, line 1: the field 'a' is a list or an object, not a text or a number."),
        (b"PK\x03\x04 and no more", "people: this is not a workbook that can be read: "),
    ],
)
def test_what_is_no_table(content: str | bytes, words: str) -> None:
    """It is said where, and what is wrong."""
    if isinstance(content, bytes) and content.startswith(b"PK"):
        pytest.importorskip("python_calamine", reason="the extra xlsx is not installed")
    with pytest.raises(SettingError) as caught:
        read(content)
    assert words in str(caught.value)


def test_all_wrong_lines_are_told_at_once() -> None:
    """Each with its number; of very many, the first ones."""
    with pytest.raises(SettingError) as caught:
        read('{"a": 1}\n{"a": NaN}\n{"a"\n{"a": [1]}\n')
    assert ["line 2", "line 3", "line 4"] == [line[8:14] for line in str(caught.value).splitlines()]
    with pytest.raises(SettingError) as caught:
        read("a\n1,2\n3\n4,5\n")
    assert ["line 2", "line 4"] == [line[8:14] for line in str(caught.value).splitlines()]
    with pytest.raises(SettingError, match=r"(?s)line 11: .*\n\.\.\. and 5 more\.$"):
        read('{"a": 1}\n' + "{\n" * 15)


def test_lines_of_json_end_where_json_says() -> None:
    """What separates lines elsewhere can be in a JSON text."""
    text = "x\u2028y\u0085z"
    found = read(f'{{"a": "{text}"}}\r\n{{"a": "2"}}\n')
    assert [(1, text), (2, "2")] == [(row.number, row.values["a"]) for row in found.rows]


def test_the_number_of_a_row_of_several_lines() -> None:
    """It is that of its first line."""
    found = read('a,b\n1,"x\ny\nz"\n\n2,w\n')
    assert [2, 6] == [row.number for row in found.rows]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("first", ["sep={}", "SEP={}", '"sep={}"'])
def test_a_first_line_that_names_what_separates_cells(delimiter: str, first: str) -> None:
    """Excel writes and reads it."""
    titles = ['"a, b"', '"c;d;e;f"', '"g\th"']
    found = read("\r\n".join([first.format(delimiter), delimiter.join(titles), "1"]))
    assert (("a, b", "c;d;e;f", "g\th"), [3]) == (found.columns, [row.number for row in found.rows])


def test_empty_rows_before_the_titles() -> None:
    """They are skipped, and counted."""
    found = read(workbook([], ["", ""], ["Name"], ["Ada"]))
    assert (("Name",), ["people, row 4"]) == (found.columns, [*map(found.where, found.rows)])
    found = read("\n;;\nName;Age\nAda;3\n")
    assert (("Name", "Age"), ["people, line 4"]) == (found.columns, [*map(found.where, found.rows)])


def test_a_workbook_without_titles() -> None:
    """Cells of a workbook are separated by nothing; the sheet that was read has a name."""
    with pytest.raises(SettingError) as caught:
        read(workbook([]))
    assert "people, row 1: there are no titles of columns. Only the first sheet, 'Sheet1', is read." == str(
        caught.value
    )


def test_numbers_that_a_workbook_cannot_have() -> None:
    """They are rounded in it, so they are not what was meant."""
    with pytest.raises(SettingError, match="row 2: the number 20251222191648030720 is too long for a spreadsheet"):
        read(workbook(["id"], [20251222191648030720]))


def test_a_workbook_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what is to be installed."""
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(SettingError, match=r'pip install "pictory-async\[xlsx\]"'):
        read(b"PK\x03\x04")


def test_columns_without_a_title_at_the_end() -> None:
    """Empty ones are none."""
    assert ("a", "b") == read("a,b,,\n1,2,,\n").columns


def test_nothing_is_lost_on_the_way() -> None:
    """What JSON has is what comes out."""
    rows = [{"a": "x\ny", "b": '"quoted"'}, {"a": "ü", "b": "a\tb"}]
    assert rows == [row.values for row in read("\n".join(map(json.dumps, rows))).rows]
