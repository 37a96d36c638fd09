"""Unattended runs: quiet, a log, commands to run, a limit on standstill, and summaries."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

import click

from pictory_async.cli._account import output_of
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._given import note
from pictory_async.cli._hooks import Ended, notify
from pictory_async.cli._markdown import as_markdown
from pictory_async.cli.display.pace import Lines
from pictory_async.cli.display.text import echo_progress
from pictory_async.testing import Render, World
from tests.cli._command import run, seen, started

if TYPE_CHECKING:
    from pictory_async.testing.server import ServerThread

pytestmark = pytest.mark.usefixtures("server")

AGES = 1e6  # seconds
FILES = ["wait done --download films", "download done --dir films"]


@pytest.fixture
def world() -> World:
    """An account with a project of each kind."""
    world = World(media_base="self", render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0))
    world.add_project(project_id="done", name="A *film*", earlier_video=-60.0)
    world.add_project(project_id="also", name="x{id}", earlier_video=-60.0)
    world.add_project(project_id="never")
    world.add_project(Render(-10.0, duration=AGES), project_id="running")
    world.add_project(project_id="quick", earlier_video=-60.0, edits=[-1.0], on_render=[Render(0.0, duration=0.0)] * 2)
    world.add_project(project_id="slow", earlier_video=-60.0, edits=[-1.0], on_render=[Render(0.0, duration=AGES)])
    world.add_template("Hi", template_id="greeting")
    return world


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of relative names; no CI is around."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def noting(code: int = 0) -> str:
    """A command that appends its arguments, its input and what it finds in its environment to a file."""
    program = (
        "import json, os, sys; found = {name: os.environ.get(name) for name in os.environ if 'PICTORY' in name}; "
        "text = sys.stdin.read(); open('noted', 'a').write(json.dumps([sys.argv[1:], text, found]) + chr(10)); "
        f"print('out'); sys.exit({code})"
    )
    return shlex.join([sys.executable, "-c", program])


def noted() -> list[tuple[list[str], str, dict[str, str]]]:
    """What these commands noted."""
    return [json.loads(line) for line in Path("noted").read_text().splitlines()] if Path("noted").exists() else []


@pytest.mark.parametrize("line", ["wait done", "download done", "render quick --wait --force --interval 0.05s", *FILES])
def test_quiet_and_well(line: str) -> None:
    """With --quiet, a run in which all is well prints nothing on standard error, so that cron sends no mail."""
    for words in (["--quiet", *line.split()], [*line.split(), "-q"]):
        found = run(*words)
        assert (0, "") == (found.exit_code, found.stderr)
        assert found.stdout


def test_quiet_and_rendered_before() -> None:
    """A render that was requested before has the same handle; then there is nothing to render, and nothing to say."""
    words = ["render", "quick", "--quiet"]
    first, again = run(*words), run(*words)
    assert (0, first.stdout, "") == (again.exit_code, again.stdout, again.stderr)
    assert 0 == run(*words, "--wait", "--interval", "0.05s").exit_code
    last = run(*words)
    assert (0, "", "") == (last.exit_code, last.stdout, last.stderr)


def test_quiet_and_not_well() -> None:
    """Errors, the summary and what is left are printed all the same."""
    found = run("wait", "done", "running", "--max-wait", "0.2s", "--quiet")
    assert 4 == found.exit_code
    assert "1 of 2 ended (rendered 1) in " in found.stderr
    assert "pictory wait --resume" in found.stderr
    assert "There is no project 'nope'" in run("download", "done", "nope", "--quiet").stderr


def test_quiet_on_a_terminal() -> None:
    """Nothing is drawn on a terminal either."""
    assert "\x1b[?25l" not in seen("wait", "done", "--quiet")


def test_quiet_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """A line about the progress is printed without --quiet only."""
    with click.Context(click.Command("wait")) as ctx:
        echo_progress("half")
        assert capsys.readouterr().err.endswith("Z half\n")
        note(ctx, click.Option(["--quiet"], is_flag=True), True)
        echo_progress("half")
        assert "" == capsys.readouterr().err


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def test_a_log_in_text(here: Path) -> None:
    """Each line has a time in UTC and a level; the next run appends to it."""
    for _ in range(2):
        assert 3 == run("wait", "done", "nope", "--interval", "0.05s", "--log-file", "log").exit_code
    lines = (here / "log").read_text(encoding="utf-8").splitlines()
    assert [] == [line for line in lines if re.match(rf"{TIME} (INFO|WARNING|ERROR) pictory\.", line) is None]
    assert 2 == sum("pictory.command.began: pictory wait began" in line for line in lines)
    assert 2 == sum("pictory.wait.ended" in line and "'done'" in line for line in lines)
    assert 2 == sum("ERROR pictory.command.ended" in line and "exit code 3" in line for line in lines)


def test_a_log_in_json(world: World, here: Path) -> None:
    """Each line is an object with time, level, event and message, and the facts of the event."""
    found = run("--log-format", "json", "download", "done", "nope", "--dir", "films", "--log-file", "log")
    assert 1 == found.exit_code
    text = (here / "log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [] == [one for one in lines if not {"time", "level", "event", "message"} <= {*one}]
    assert all(datetime.fromisoformat(one["time"]).tzinfo is not None for one in lines)
    ended = {one["project_id"]: one for one in lines if one["event"] == "pictory.command.download"}
    assert ("info", "downloaded") == (ended["done"]["level"], ended["done"]["status"])
    assert ended["done"]["path"].startswith("films")
    assert ("error", "incomplete") == (ended["nope"]["level"], ended["nope"]["status"])
    notes = [one for one in lines if one["event"] == "pictory.command.note"]
    assert ["error"] == [one["level"] for one in notes]
    assert ("pictory.command.ended", 1) == (lines[-1]["event"], lines[-1]["exit_code"])
    assert world.api_key not in text


def test_a_log_that_cannot_be_opened(world: World) -> None:
    """One sentence, before any request."""
    found = run("wait", "done", "--log-file", "no/log")
    assert (2, "Error: Cannot write the log no/log: No such file or directory.\n") == (found.exit_code, found.stderr)
    assert [] == world.log


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_log_on_a_full_disk() -> None:
    """The command goes on, and says at its end that something is missing in the log."""
    found = run("wait", "done", "--log-file", "/dev/full")
    assert (0, True) == (
        found.exit_code,
        "Warning: Some lines could not be written to the log /dev/full." in found.stderr,
    )


def test_a_log_that_is_rotated(here: Path) -> None:
    """A file that was moved away is made anew."""
    run("wait", "done", "--log-file", "log")
    (here / "log").rename(here / "log.1")
    run("wait", "done", "--log-file", "log")
    assert (here / "log").read_text(encoding="utf-8").count("pictory.command.began") == 1


@pytest.mark.parametrize("line", FILES)
def test_a_command_for_each_project(world: World, line: str) -> None:
    """It is run for each project that is downloaded, and only for those, with what is known about it."""
    words = [*line.split(), "also", "never", "nope"]
    more = ["--start-grace", "0.1s", "--interval", "0.05s"] if words[0] == "wait" else []
    command = f"{noting()} {{id}} 'name={{name}}' {{status}} {{path}} {{share_url}} {{other}}"
    found = run(*words, *more, "--exec", command)
    assert "out" not in found.stdout.split()
    by_id = {arguments[0]: (arguments, text) for arguments, text, _ in noted()}
    assert {"done", "also"} == {*by_id}
    arguments, text = by_id["done"]
    assert (["name=A *film*", "downloaded"], "") == (arguments[1:3], text)
    assert Path(arguments[3]).is_file()
    assert arguments[4].startswith("http")
    assert "{other}" == arguments[5]
    assert "name=x{id}" == by_id["also"][0][1]


def test_a_command_for_each_rendered_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without downloads it is run as soon as a project is rendered; the key is not handed on by the command."""
    monkeypatch.setenv("KEY", os.environ["PICTORY_API_KEY"])
    monkeypatch.delenv("PICTORY_API_KEY")
    key = shlex.join([sys.executable, "-c", "import os; print(os.environ['KEY'])"])
    words = ["render", "quick", "--wait", "--interval", "0.05s", "--key-command", key]
    assert 0 == run(*words, "--exec", f"{noting()} {{id}} {{status}} {{path}}").exit_code
    ((arguments, _, environment),) = noted()
    assert ["quick", "rendered", ""] == arguments
    assert "PICTORY_API_KEY" not in environment


@pytest.mark.parametrize(
    ("command", "why"),
    [(noting(3), "failed with exit status 3."), ("no-such-program", "could not be run: No such file or directory.")],
)
def test_a_command_that_fails(command: str, why: str) -> None:
    """Its failure is one line and the exit code 1; the other projects go on."""
    found = run("wait", "done", "also", "--exec", command)
    assert 1 == found.exit_code
    assert 2 == found.stderr.count(why)
    assert 2 == len(found.stdout.splitlines())


@pytest.mark.parametrize("option", ["--exec", "--notify"])
@pytest.mark.parametrize("command", ["", "'x"])
def test_what_is_no_command(world: World, option: str, command: str) -> None:
    """It is wrong usage, before any request."""
    found = run("wait", "done", option, command)
    assert 2 == found.exit_code
    assert "this is not a command" in found.stderr
    assert [] == world.log


def test_a_notification() -> None:
    """The command of --notify gets the end as JSON and in its environment, whatever the end is."""
    assert (
        3
        == run("wait", "done", "never", "--start-grace", "0.1s", "--interval", "0.05s", "--notify", noting()).exit_code
    )
    assert 2 == run("--notify", noting(), "project", "a,b").exit_code
    assert 0 == run("templates", "--notify", noting()).exit_code
    (_, text, environment), (_, second, _), (_, third, _) = noted()
    summary = json.loads(text)
    assert ("wait", 3, {"rendered": 1, "not_started": 1}) == (
        summary["command"],
        summary["exit_code"],
        summary["outcomes"],
    )
    assert {"done": "rendered", "never": "not_started"} == {one["id"]: one["status"] for one in summary["projects"]}
    assert ("3", "wait") == (environment["PICTORY_EXIT_CODE"], environment["PICTORY_COMMAND"])
    counts, _, code = environment["PICTORY_SUMMARY"].removeprefix("pictory wait: ").partition("; ")
    assert ({"rendered 1", "not started 1"}, True) == ({*counts.split(", ")}, code.startswith("exit code 3"))
    assert (2, True) == (json.loads(second)["exit_code"], "contains a comma" in json.loads(second)["error"])
    assert ("templates", 0, []) == tuple(json.loads(third)[name] for name in ("command", "exit_code", "projects"))


@pytest.mark.parametrize(
    ("command", "why"),
    [(noting(3), "failed with exit status 3."), ("no-such-program", "could not be run: No such file or directory.")],
)
def test_a_notification_that_fails(command: str, why: str) -> None:
    """It is a warning, and the exit code stays."""
    found = run("project", "done", "--notify", command)
    assert 0 == found.exit_code
    assert found.stderr.startswith("Warning: The command ")
    assert f"of --notify {why}" in found.stderr


SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_commands_that_do_not_end() -> None:
    """A command that is asked for a key, or told the end, has so much time."""
    summary = {"command": "wait", "exit_code": 0, "summary": "Done."}
    assert "did not end within 0 s" == notify(SLEEPS, summary, 0.1)
    with pytest.raises(SettingError, match="did not end within 0 s"):
        output_of(SLEEPS, 0.1)


def test_a_standstill(world: World) -> None:
    """A wait in which nothing changes any more ends as timed out, says why, and keeps what is left."""
    found = run("wait", "running", "done", "--stalled", "0.4s", "--interval", "0.05s")
    assert 4 == found.exit_code
    rows = {line.split("\t")[0]: line.split("\t") for line in found.stdout.splitlines()}
    assert ["timed_out", "rendered"] == [rows["running"][1], rows["done"][1]]
    assert "because nothing had changed for 0.4 s (--stalled)" in rows["running"][-1]
    assert "pictory wait --resume" in found.stderr
    found = run("render", "slow", "--wait", "--stalled", "0.4s", "--interval", "0.05s", "--json")
    result, _ = map(json.loads, found.stdout.splitlines())
    assert (4, "timed_out", world.jobs[-1][1].job_id) == (found.exit_code, result["status"], result["job_id"])
    assert "No final result yet: 1 of 1 render." in found.stderr


def test_a_summary_for_a_ci(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is appended where the CI shows it, and to a file of one's own; cells are shown as they are."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(here / "github.md"))
    assert 3 == run("wait", "done", "nope", "--interval", "0.05s", "--summary", "own.md").exit_code
    assert 0 == run("download", "done", "--dir", "films").exit_code
    assert 0 == run("project", "done").exit_code
    own, github = (here / "own.md").read_text(), (here / "github.md").read_text()
    assert github.startswith(own)
    rows = [line.split(" | ") for line in own.splitlines() if line.startswith("| ")][1:]
    assert ["| nope", "| done"] == [row[0] for row in rows]
    assert "A &#42;film&#42;" == rows[1][1]
    assert 2 == github.count("### pictory ")
    assert "### pictory download" in github


def test_a_summary_that_cannot_be_written() -> None:
    """It is a warning."""
    found = run("wait", "done", "--summary", "no/summary.md")
    assert 0 == found.exit_code
    assert "Warning: The summary could not be written to no/summary.md: No such file or directory." in found.stderr


def test_a_long_summary() -> None:
    """A CI shows so much, and what did not end well comes first."""
    ended = [
        Ended(id=f"p{number}", name="a|b\n<c>", error="x" * 999 if number == 600 else None) for number in range(601)
    ]
    text = as_markdown({"command": "wait", "summary": "Done.", "error": "Bad."}, ended)
    rows = [line for line in text.splitlines() if line.startswith("| p")]
    assert (500, "| p600 ") == (len(rows), rows[0][:7])
    assert "And 101 more." in text
    assert "Bad." in text
    assert "| Project |" not in as_markdown({"command": "render", "summary": "Done.", "error": None}, [])
    assert "| a&#124;b &#60;c&#62; |" in text


def test_how_often_a_log_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The first one at once, then each ten minutes, or when a tenth of the work is done."""
    done = [0.0]
    lines = Lines(lambda: done[0])
    found = [(now, lines.due(float(now))) for now in (0, 5, 595, 600, 605)]
    done[0] = 0.1
    found += [(now, lines.due(float(now))) for now in (610, 615, 1205, 1210)]
    assert [0, 600, 610, 1210] == [now for now, due in found if due]
    assert [True, False] == [Lines().due(0.0), (other := Lines()).due(0.0) and other.due(9.0)]
    del capsys


def test_a_line_of_progress_has_a_time(server: ServerThread) -> None:
    """In a log, a line of progress begins with its time in UTC."""
    with started("wait", "running", "--interval", "0.1s") as process:
        assert process.stderr is not None
        line = process.stderr.readline()
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \d+\.\d s: 0 of 1 ended", line)
