"""`pictory make`: a table in, videos out."""

from __future__ import annotations

import csv
import io
import json
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Answer, Render, Reset, World
from tests.cli._command import Terminal, interrupted, run, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server")

TEMPLATE = "template1"
PEOPLE = 'Name,Company\nAda,Acme\nBen,"Bolt, Inc."\nCleo,Core\n'
QUICK = ("--interval", "0.05", "--start-grace", "0.3", "--kind", "video")
LIMIT = ("--max-wait", "30s")


@pytest.fixture
def world() -> World:
    """An account with a template and short renders, whose files can be downloaded."""
    world = World(media_base="self", render_seconds=(0.1, 0.2), queue_seconds=(0.0, 0.0), media_sizes={"mp4": 1000})
    world.add_template("Hello {{Name}} of {{Company}}, how are you today?", template_id=TEMPLATE, name="Welcome")
    return world


@pytest.fixture(autouse=True)
def _budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTORY_RATE", "10000/s")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    return tmp_path / "videos"


def make(*options: str, data: str = PEOPLE, **settings: Any) -> Any:
    """Run the command with a table on standard input."""
    name = () if "--name" in options else ("--name", "Hello {Name}")
    return run("make", TEMPLATE, "--data", "-", *name, *options, input=data, **settings)


def made(videos: Path, *options: str, **settings: Any) -> Any:
    """Make the videos of a table and download them."""
    return make("--download", str(videos), "--yes", *QUICK, *LIMIT, *options, **settings)


def paid(world: World) -> int:
    return sum(entry.method == "POST" for entry in world.log)


def results(videos: Path) -> list[dict[str, str]]:
    """Read the file of results."""
    return [*csv.DictReader(io.StringIO((videos / "results.csv").read_text(encoding="utf-8-sig")))]


def test_a_video_for_each_row(world: World, videos: Path) -> None:
    """Each is downloaded, and the second run requests nothing."""
    found = made(videos)
    assert 0 == found.exit_code, found.stderr
    assert {"Hello Ada.mp4", "Hello Ben.mp4", "Hello Cleo.mp4"} == {path.name for path in videos.glob("*.mp4")}
    lines = sorted(line.split("\t") for line in found.stdout.splitlines())
    assert [["2", "Hello Ada", "rendered"], ["3", "Hello Ben", "rendered"], ["4", "Hello Cleo", "rendered"]] == [
        line[:3] for line in lines
    ]
    assert "Plan: 3 to make; about 0.2 minutes of video (the account has " in found.stderr
    assert "3 of 3 done (rendered 3) in " in found.stderr
    seconds = [video.video_seconds for video in world.videos]
    assert [3.2, 3.6, 3.2] == [video.video_seconds for video in sorted(world.videos, key=lambda one: one.name)]
    assert f"3 videos paid for, {sum(seconds) / 60.0:.1f} minutes, " in found.stderr
    assert f"Results: {videos / 'results.csv'}" in found.stderr
    rows = results(videos)
    assert ["2", "3", "4"] == [row["row"] for row in rows]
    assert [str(videos / f"Hello {name}.mp4") for name in ("Ada", "Ben", "Cleo")] == [row["path"] for row in rows]
    assert all(row["status"] == "rendered" and row["id"] and row["share"] and not row["reason"] for row in rows)
    values = [video.received["variables"] for video in world.videos]
    assert {"Name": "Ben", "Company": "Bolt, Inc."} in values
    again = made(videos)
    assert (0, 3) == (again.exit_code, paid(world))
    assert "Plan: 3 made before" in again.stderr
    assert rows == [{**row, "status": "rendered"} for row in results(videos)]
    assert {"unchanged"} == {row["status"] for row in results(videos)}


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


def test_nobody_is_there_to_ask(world: World) -> None:
    """Then nothing is paid for; a plan, or nothing to make, needs no answer."""
    found = make()
    assert (2, "", 0) == (found.exit_code, found.stdout, paid(world))
    assert "3 videos would be made, each of which is billed, and there is no terminal to ask on. Add --yes" in (
        found.stderr
    )
    left = make("--max-renders", "0")
    assert (4, 0) == (left.exit_code, paid(world))


def test_the_question(world: World, tmp_path: Path) -> None:
    """It has the plan, and no is no."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    options = ("make", TEMPLATE, "--data", str(tmp_path / "people.csv"), "--name", "Hello {Name}", *QUICK[:4])
    for answer, code, count in (("n", 1, 0), ("y", 0, 3)):
        with Terminal() as terminal:
            streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.theirs)
            with started(*options, **streams, env=terminal.environment) as process:
                terminal.attached()
                terminal.read_until("Go on? [y/N]: ")
                terminal.write(f"{answer}\n")
                text = terminal.read_until()
                assert code == process.wait()
        assert (answer == "n") == text.rstrip().endswith("Nothing was requested.")
        assert count == paid(world)


def test_rows_that_changed(world: World, videos: Path) -> None:
    """They are listed, and made again only if that is wanted."""
    made(videos, "--key", "Name")
    data = PEOPLE.replace("Acme", "Apex")
    found = made(videos, "--key", "Name", data=data)
    assert (0, 3) == (found.exit_code, paid(world))
    assert "Plan: 2 made before, 1 made before with other values (--changed makes them again)" in found.stderr
    assert {"changed", "unchanged"} == {row["status"] for row in results(videos)}
    changed = made(videos, "--key", "Name", "--changed", data=data)
    assert (0, 4) == (changed.exit_code, paid(world))
    assert ["Ada", "Ben", "Cleo"] == [row["key"] for row in results(videos)]


def test_rows_that_failed(world: World, videos: Path) -> None:
    """They are made again only if that is wanted."""
    world.on_video = [Render(0.0, duration=0.1, fails=True)]
    found = made(videos)
    assert (3, 3) == (found.exit_code, paid(world))
    assert ["failed", "rendered", "rendered"] == sorted(row["status"] for row in results(videos))
    assert (3, 3) == (made(videos).exit_code, paid(world))
    assert (0, 4) == (made(videos, "--retry-failed").exit_code, paid(world))


def test_limits(world: World, videos: Path) -> None:
    """The first rows, a number of videos, minutes and credits; what is left out is in the exit code."""
    assert (0, 1) == (made(videos, "--limit", "1").exit_code, paid(world))
    found = made(videos, "--max-renders", "1")
    assert (4, 2) == (found.exit_code, paid(world))
    assert "2 of 3 done (" in found.stderr
    assert "left_out 1" in found.stderr
    assert "Left: 1 of 3. Run the same command again: nothing is paid for twice." in found.stderr
    assert (4, 2) == (made(videos, "--max-minutes", "0").exit_code, paid(world))
    assert (4, 2) == (made(videos, "--max-credits", "0").exit_code, paid(world))
    assert (0, 3) == (made(videos).exit_code, paid(world))


def test_an_account_without_minutes(world: World, videos: Path) -> None:
    """Nothing is requested that the account has no minutes for."""
    world.quota = {"videoMinutes": (600.0, 600.0)}
    found = made(videos)
    assert (4, 0) == (found.exit_code, paid(world)), found.stderr
    assert "(the account has 0 minutes left)" in found.stderr


def test_previews(world: World) -> None:
    """Of the first rows, with their links; no video is rendered."""
    found = make("--preview", "2", "--interval", "0.05")
    assert 0 == found.exit_code, found.stderr
    lines = [line.split("\t") for line in found.stdout.splitlines()]
    assert [["2", "Hello Ada"], ["3", "Hello Ben"]] == [line[:2] for line in lines]
    assert all("/preview/" in line[2] for line in lines)
    assert all(video.is_preview for video in world.videos)


def test_names_of_files(world: World, videos: Path) -> None:
    """They can have the columns of the table."""
    found = made(videos, "-o", "{Company}/{name}.{ext}", "--limit", "1")
    assert 0 == found.exit_code, found.stderr
    assert (videos / "Acme" / "Hello Ada.mp4").is_file()


def test_no_cell_is_a_formula(world: World, videos: Path) -> None:
    """A spreadsheet would run it."""
    found = made(videos, "--name", "{Name}", data="Name,Company\n=1+1,A\n")
    assert 0 == found.exit_code, found.stderr
    assert ["'=1+1"] == [row["name"] for row in results(videos)]


def test_the_key_is_a_column(world: World, videos: Path) -> None:
    """Of what is printed as CSV, as in the file of results, and of lines if it is named."""
    options = ("--key", "Name", "--limit", "1")
    found = made(videos, *options, "--format", "csv")
    assert (videos / "results.csv").read_text(encoding="utf-8-sig").splitlines()[0] == found.stdout.splitlines()[0]
    assert found.stdout.startswith("key,row,name,")
    assert ["Ada\t2\tunchanged"] == made(videos, *options, "--columns", "key,row,status").stdout.splitlines()


def test_documents(world: World, videos: Path) -> None:
    """One for each row, and one with a summary."""
    found = made(videos, "--json", "--key", "Name")
    *rows, last = map(json.loads, found.stdout.splitlines())
    assert {"Ada", "Ben", "Cleo"} == {row["key"] for row in rows}
    assert {"rendered"} == {row["status"] for row in rows}
    assert {2, 3, 4} == {row["row"] for row in rows}
    assert all(row["job_id"] for row in rows)
    again = [json.loads(line) for line in made(videos, "--json", "--key", "Name").stdout.splitlines()[:-1]]
    assert {(row["key"], "unchanged", row["job_id"]) for row in rows} == {
        (row["key"], row["status"], row["job_id"]) for row in again
    }
    assert (3, {"rendered": 3}, False) == tuple(last["summary"][name] for name in ("paid", "outcomes", "interrupted"))


def test_a_lost_response(world: World, server: ServerThread, videos: Path) -> None:
    """The video is found by its name; a request without any effect is told, and sent again if that is wanted."""
    faults = iter([Reset(reaches_world=True), Reset()])
    server.simulator.faults = lambda request, _: next(faults, None) if request.method == "POST" else None
    found = made(videos)
    assert 3 == found.exit_code
    assert ["not_started", "rendered", "rendered"] == sorted(row["status"] for row in results(videos))
    assert (3, 2) == (made(videos).exit_code, len(world.videos))
    assert (0, 3) == (made(videos, "--retry-unstarted").exit_code, len(world.videos))


def test_what_cannot_be_known(world: World, server: ServerThread, videos: Path) -> None:
    """A job of somebody else can be it, so it is uncertain, with an exit code of its own."""

    def fault(request: SimRequest, now: float) -> Any:
        if request.method != "POST" or len(world.videos):
            return None
        world.start_render(world.add_project(), now)
        return Reset()

    server.simulator.faults = fault
    found = made(videos, "--limit", "1")
    assert 5 == found.exit_code, found.stderr
    (row,) = results(videos)
    assert ("uncertain", True) == (row["status"], "that no ledger knows was started" in row["reason"])


def test_no_minutes_in_the_middle(world: World, server: ServerThread, videos: Path) -> None:
    """A refusal is the result of its row; the others are made."""
    refusal = Answer(403, {"content-type": "application/json"}, b'{"message": "No"}')
    faults = iter([refusal])
    server.simulator.faults = lambda request, _: next(faults, None) if request.method == "POST" else None
    found = made(videos)
    assert 1 == found.exit_code
    assert ["refused", "rendered", "rendered"] == sorted(row["status"] for row in results(videos))
    assert (0, 3) == (made(videos).exit_code, len(world.videos))


def test_sigterm(world: World, server: ServerThread, videos: Path, tmp_path: Path) -> None:
    """What is known is written, and the same command goes on."""
    world.render_seconds = (600.0, 600.0)
    (tmp_path / "people.csv").write_text(PEOPLE)
    polled = threading.Event()

    def fault(request: SimRequest, _now: float) -> None:
        if "/jobs/" in request.path and len(world.videos) == 3:
            polled.set()

    server.simulator.faults = fault
    options = ("--name", "Hello {Name}", "--download", str(videos), "--yes", *QUICK)
    with started("make", TEMPLATE, "--data", str(tmp_path / "people.csv"), *options) as process:
        polled.wait()
        code, out, err = interrupted(process, signal.SIGTERM)
    assert 130 == code, err
    assert ["pending"] * 3 == [line.split("\t")[2] for line in out.splitlines()]
    assert "Interrupted: 0 of 3 done (none yet)" in err
    assert "3 videos paid for" in err
    rows = results(videos)
    assert ["pending"] * 3 == [row["status"] for row in rows]
    assert {render.job_id for video in world.videos for render in video.renders} == {row["id"] for row in rows}
    assert {"It is under way: the same command waits for it."} == {row["reason"] for row in rows}


def test_bad_usage(world: World, tmp_path: Path) -> None:
    """Wrong options and places are told before anything is sent."""
    assert "need --download DIR" in make("--kind", "video").stderr
    (tmp_path / "file").write_text("x")
    found = make("--download", str(tmp_path / "file" / "videos"))
    assert (2, 0) == (found.exit_code, len(world.log))
    assert "is a file" in found.stderr
    assert "is a directory" in make("--results", str(tmp_path)).stderr


def test_a_standstill(world: World, videos: Path) -> None:
    """Nothing is awaited for ever."""
    world.render_seconds = (600.0, 600.0)
    found = made(videos, "--stalled", "0.5s", "--limit", "1")
    assert 4 == found.exit_code, found.stderr
    assert ["timed_out"] == [row["status"] for row in results(videos)]


def test_results_that_cannot_be_written(world: World, videos: Path) -> None:
    """That is told before anything is paid for."""
    (videos / "results.csv").mkdir(parents=True)
    found = made(videos)
    assert (2, 0) == (found.exit_code, paid(world))
    assert "It is a directory" in found.stderr


def test_what_it_left_is_resumed_by_itself(world: World, videos: Path) -> None:
    """A video has no project: the same command waits for it, and no other one takes it for a project."""
    world.render_seconds = (1e6, 1e6)
    assert 4 == made(videos, "--max-wait", "0.2").exit_code
    assert ["make", "3"] == [run("runs").stdout.split("\t")[number] for number in (1, 4)]
    found = run("resume")
    assert (2, "") == (found.exit_code, found.stdout)
    assert "was a make. The same 'pictory make' command resumes it" in found.stderr
    found = run("wait", "--last")
    assert (2, "") == (found.exit_code, found.stdout)
    assert "Nothing is pending" in found.stderr
    assert 3 == len(world.videos)


def test_a_line_says_how_far_it_is(world: World, tmp_path: Path) -> None:
    """Where there is no terminal, there is one now and then."""
    world.render_seconds = (1e6, 1e6)
    (tmp_path / "people.csv").write_text(PEOPLE)
    options = ("make", TEMPLATE, "--data", str(tmp_path / "people.csv"), "--name", "Hello {Name}", "--yes")
    with started(*options, *QUICK[:4]) as process:
        assert process.stderr is not None
        line = ""
        while "0 of 3 done" not in line:
            line = process.stderr.readline()
            assert line
        code, _, _ = interrupted(process)
    assert (130, 3) == (code, paid(world))
