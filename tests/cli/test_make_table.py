"""What `pictory make` says of a template and a table before anything is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli._command import run
from tests.cli._makes import PEOPLE, QUICK, TEMPLATE, account, made, make, paid, results

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import World

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server", "ample_budget")


@pytest.fixture
def world() -> World:
    return account()


def test_a_plan(world: World, videos: Path) -> None:
    """It requests nothing, and says what would be done about each row."""
    made(videos, "--max-renders", "1")
    found = make("--download", str(videos), "--dry-run")
    assert (0, 1) == (found.exit_code, paid(world))
    assert ["to_make", "to_make", "unchanged"] == sorted(line.split("\t")[2] for line in found.stdout.splitlines())
    assert "Plan: 2 to make, 1 made before; about " in found.stderr


@pytest.mark.parametrize(
    ("options", "left_out"),
    [
        (("--max-renders", "1"), ["4"]),
        (("--max-renders", "0"), ["3", "4"]),
        (("--max-minutes", "0.1"), ["4"]),
        (("--max-minutes", "9"), []),
        (("--max-credits", "0"), ["3", "4"]),
        (("--max-credits", "1"), []),
    ],
)
def test_a_plan_within_limits(world: World, tmp_path: Path, options: tuple[str, ...], left_out: list[str]) -> None:
    """What a limit leaves out is counted, and has its own status; what is under way counts as well."""
    world.render_seconds = (1e6, 1e6)
    assert 4 == make("--yes", *QUICK[:4], "--limit", "1", "--max-wait", "0.2").exit_code
    found = make("--dry-run", *options)
    assert (0, 1) == (found.exit_code, paid(world)), found.stderr
    rows = {line.split("\t")[0]: line.split("\t")[2] for line in found.stdout.splitlines()}
    new = {number: "left_out" if number in left_out else "to_make" for number in ("3", "4")}
    assert {"2": "started", **new} == rows
    counts = [f"{2 - len(left_out)} to make"] * (len(left_out) < 2) + [f"{len(left_out)} left out"] * bool(left_out)
    assert f"Plan: {', '.join(counts)}, 1 requested before" in found.stderr


def test_a_plan_of_an_account_without_minutes(world: World) -> None:
    """Nothing is asked about what would not be made."""
    world.quota = {"videoMinutes": (600.0, 600.0)}
    found = make("--dry-run")
    assert ["left_out"] * 3 == [line.split("\t")[2] for line in found.stdout.splitlines()]
    assert "Plan: 3 left out (the account has 0 minutes left)." in found.stderr


def test_a_plan_of_an_account_whose_minutes_are_not_known(world: World) -> None:
    """Then only the limits of the command count."""
    world.quota = {}
    found = make("--dry-run", "--max-renders", "1")
    assert "Plan: 1 to make, 2 left out; about 0.1 minutes of video." in found.stderr


@pytest.mark.parametrize(
    ("options", "data", "words"),
    [
        ((), "Name\nAda\n", "<stdin> has no column 'Company', which the template uses. Its columns are: Name."),
        (("--name", "{Nam}"), PEOPLE, "<stdin> has no column 'Nam', which --name has."),
        (("--key", "Id"), PEOPLE, "<stdin> has no column 'Id', which --key has."),
        (("--name", " "), PEOPLE, "The name of the videos must not be empty"),
        ((), "Name,Company\n", "<stdin> has no rows."),
        (
            ("--name", "Hello {Name"),
            PEOPLE,
            "--name 'Hello {Name' has a brace that is not closed, not opened or empty.",
        ),
        (("--name", "Hello {Name}}"), PEOPLE, "--name 'Hello {Name}}' has a brace that is not closed"),
        (("--name", "Hello {}"), PEOPLE, "--name 'Hello {}' has a brace that is not closed"),
        ((), '{"Name": "Ada", "Company": "\\ud800"}', "line 1: the field 'Company' has a character that is not one"),
        (("--name", "Hi \udcff {Name}"), PEOPLE, "$.videoName: It has a character that is not one"),
        (
            (),
            "Name,Company\nAnn Lee,A\nann-lee!,B\n",
            "line 3: it makes a video of the same name as line 2: 'Hello ann-lee!' has the same letters and digits as ",
        ),
        ((), "Name,Company\nAda,\n,\nBen,B\n", "<stdin>, line 2: Company is empty."),
        (
            (),
            "Name,Company\nAda,A\nAda,B\n",
            "<stdin>, line 3: it makes a video of the same name as line 2: 'Hello Ada'.",
        ),
        (
            ("--key", "Company"),
            "Name,Company\nAda,A\nBen,A\n",
            "<stdin>, line 3: it has the same Company as line 2: 'A'.",
        ),
        ((), '{"Name": "Ada", "Company": "A"}\n{"Name": "Ben"}\n', "<stdin>, line 2: Company is empty."),
        ((), "Name,Company\n" + ",\n" * 3 + "x,\n" * 15, "... and 19 more."),
    ],
)
def test_what_is_wrong_with_a_table(world: World, options: tuple[str, ...], data: str, words: str) -> None:
    """It is told before anything is paid for, with the numbers of the rows."""
    found = make(*options, "--yes", data=data)
    assert (2, "", 0) == (found.exit_code, found.stdout, paid(world))
    assert words in found.stderr


def test_a_workbook_with_several_sheets(world: World, tmp_path: Path) -> None:
    """A column that is missing may be on another sheet: the error says which one is read."""
    library = pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    pytest.importorskip("python_calamine", reason="the extra xlsx is not installed")
    with library.Workbook(tmp_path / "people.xlsx") as book:
        book.add_worksheet("Notes").write(0, 0, "Name")
        book.add_worksheet("People").write_row(0, 0, ["Name", "Company"])
    found = run("make", TEMPLATE, "--data", str(tmp_path / "people.xlsx"), "--name", "{Name}")
    assert (2, 0) == (found.exit_code, paid(world))
    assert "Its columns are: Name. Only the first sheet, 'Notes', is read." in found.stderr


def test_all_that_is_wrong_is_told_at_once(world: World) -> None:
    data = "Name,Company\nAda,\nBen,B\nBen,C\n"
    found = make("--yes", data=data)
    assert (2, 0) == (found.exit_code, paid(world))
    assert "line 2: Company is empty." in found.stderr
    assert "line 4: it makes a video of the same name as line 3" in found.stderr


def test_warnings(world: World, videos: Path) -> None:
    """Columns that are not sent, and names that the API may refuse: one line for all, and nothing of the library's."""
    data = "Name,Company,Town,Age\nAda,A,Ulm,36\nO'Neil,B,Ulm,36\na/b,C,Ulm,36\n+1,D,Ulm,36\n"
    found = made(videos, "--log-file", str(videos.parent / "log"), data=data)
    assert 0 == found.exit_code, found.stderr
    warnings = [line for line in found.stderr.splitlines() if line.startswith("Warning: ")]
    assert [
        "Warning: <stdin>: Town, Age are no variables of the template: they are not sent (file names may use them).",
    ] == warnings[:1]
    (name,) = warnings[1:]
    assert """<stdin>, line 3 and 2 more: the name "Hello O'Neil" has a character that clients report to be""" in name
    assert "$.videoName" not in found.stderr
    assert "$.videoName" in (videos.parent / "log").read_text()
    assert {"Name": "Ada", "Company": "A"} in [video.received["variables"] for video in world.videos]
    found = made(videos, data="Name,Company,Town\nAda,A,Ulm\n")
    assert "<stdin>: Town is no variable of the template: it is not sent (file names may use it)." in found.stderr


def test_a_template_without_variables(world: World, videos: Path) -> None:
    """Cells of columns that are not sent can be empty, but not those that give the names."""
    world.add_template("Hello.", template_id="plain", name="Plain")
    options = ("make", "plain", "--data", "-", "--name", "Hi {{ Name }}", "--download", str(videos), "--yes", *QUICK)
    found = run(*options, input="Name,Town\nAda,\n,Ulm\n")
    assert (2, 0) == (found.exit_code, paid(world))
    assert "Error: <stdin>, line 3: Name is empty." in found.stderr
    found = run(*options, input="Name,Town\nAda,\n")
    assert 0 == found.exit_code, found.stderr
    assert ["Hi Ada"] == [row["name"] for row in results(videos)]
    assert "variables" not in world.videos[0].received


def test_a_project_as_template(world: World, videos: Path) -> None:
    """Its variables are not known, so all columns are sent."""
    project = world.add_project(name="Base")
    options = ("--download", str(videos), "--yes", *QUICK, "--name", "Hello {Name}", "--key", "Id")
    found = run("make", str(project), "--data", "-", *options, input="Id,Name\n1,Ada\n")
    assert 0 == found.exit_code, found.stderr
    assert "is a project: what variables it has is not known, so all columns are sent." in found.stderr
    assert {"Name": "Ada"} == world.videos[0].received["variables"]


def test_neither_a_template_nor_a_project(world: World) -> None:
    found = run("make", "nothing", "--data", "-", "--name", "x", input=PEOPLE)
    assert (1, 0) == (found.exit_code, paid(world))
    assert "nothing" in found.stderr
