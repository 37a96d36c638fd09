"""`pictory projects`, `pictory templates` and `pictory jobs`."""

from __future__ import annotations

import json
import re
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import ABSENT, Answer, Render, Stall
from tests.cli._command import interrupted, run, seen, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest, World
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_projects_in_lines(world: World) -> None:
    """Each project is a line with tabs between its fields, even if its name has tabs; all pages are fetched."""
    world.page_size = 2
    ids = [str(world.add_project(project_id=f"p{number}", name="a\tb\n[c]")) for number in range(5)]
    found = run("projects")
    assert (0, "") == (found.exit_code, found.stderr)
    assert ids == [row[0] for row in rows(found.stdout)]
    assert {("a\ufffdb [c]", "script", "v3", "2025-12-31 23:00:00")} == {tuple(row[1:]) for row in rows(found.stdout)}


def test_limit_stops_early(world: World, server: ServerThread) -> None:
    """With --limit, no more pages are fetched than are needed."""
    world.page_size = 2
    for _ in range(9):
        world.add_project()
    assert 3 == len(rows(run("projects", "--limit", "3").stdout))
    assert 2 == len(server.simulator.log)


def test_projects_as_json(world: World) -> None:
    """With --json, each project is a document with the API's own keys."""
    world.add_project(integer_id=True, name="Grüße")
    (line,) = run("projects", "--json").stdout.splitlines()
    assert "Grüße" == json.loads(line)["name"]
    assert "savedDate" in json.loads(line)


def test_an_empty_account() -> None:
    """An empty list prints nothing and is not an error."""
    for name in ("projects", "templates", "jobs"):
        found = run(name)
        assert (0, "", "") == (found.exit_code, found.stdout, found.stderr)


def test_a_refused_list_is_one_sentence(server: ServerThread) -> None:
    """If a list cannot be fetched, the command prints one line and exits with 1."""
    server.simulator.faults = lambda *_: Answer(403, {"content-type": "application/json"}, b'{"message": "No"}')
    found = run("projects")
    assert (77, "", 1) == (found.exit_code, found.stdout, found.stderr.count("\n"))


def test_a_list_that_breaks_off(world: World, server: ServerThread) -> None:
    """On a terminal, the items before an error are printed, and an error alone has no table."""
    world.page_size = 2
    for _ in range(3):
        world.add_project(name="Seen")
    refused = Answer(403, {"content-type": "application/json"}, b'{"message": "No"}')
    server.simulator.faults = lambda request, _: refused if "pagekey" in request.query else None
    assert 2 == seen("projects", code=77).count("Seen")
    assert "none" not in seen("jobs", "--base-url", "http://127.0.0.1:1", code=75)


def test_templates_in_lines(world: World) -> None:
    """A template's line shows whether it can be used; --details adds fields from its details."""
    world.add_template("Hi {{Name}}", template_id="t1", name="One", variables={"Name": "you", "Other": ""})
    world.add_template(template_id="t2", name="Two", published=False, language="de")
    world.add_template(template_id="t3", name="Three", deprecated=True)
    assert [
        ["t1", "One", "en", "published"],
        ["t2", "Two", "de", "not published"],
        ["t3", "Three", "en", "deprecated"],
    ] == rows(run("templates").stdout)
    assert ["t1", "One", "en", "published", "v3", "1", "Name, Other"] == rows(run("templates", "--details").stdout)[0]
    assert [2] == [len(rows(run("templates", "--details", "--limit", "2").stdout))]


def test_templates_that_do_not_tell(world: World) -> None:
    """If it is not known whether a template is published, its state is unknown."""
    world.add_template("Hi", overrides={"published": ABSENT})
    assert "unknown" == rows(run("templates", "--details").stdout)[0][3]
    assert "templateId" in json.loads(run("templates", "--details", "--json").stdout)


def test_jobs_in_lines(world: World) -> None:
    """A job's line shows its progress, and its video or its error."""
    world.add_project(Render(-100.0, duration=10.0))
    world.add_project(Render(-90.0, duration=10.0, fails=True))
    world.add_project(Render(-80.0, duration=1e6))
    running, failed, done = rows(run("jobs").stdout)
    assert ("in-progress", "Generating video") == (running[1], running[3])
    assert running[2].endswith(" %")
    assert ("failed", "") == (failed[1], failed[2])
    assert ("completed", "100 %") == (done[1], done[2])
    assert ".mp4" in done[3]


def test_tables_on_a_terminal(world: World) -> None:
    """On a terminal, a list is a table: ids are complete even if it is narrow, and names are plain text."""
    project_id = str(world.add_project(name="A [bold]long[/bold] name \x1b[2J" + " and so on" * 9))
    text = seen("projects", columns=80)
    assert "saved (UTC)" in text
    assert project_id in text
    assert "\x1b[2J" not in text
    assert "Not shown, because the terminal is narrow: source, schema." in text
    assert "[bold]long" in text
    assert max(map(len, text.splitlines())) < 130  # the line's visible width and its colours


@pytest.mark.parametrize("command", ["projects", "templates", "jobs"])
def test_lists_on_a_narrow_terminal(world: World, command: str) -> None:
    """On a terminal that is too narrow for a table, each item is its id and a line for each field below it."""
    world.add_project(name="")
    project_id = str(world.add_project(Render(-100.0, duration=10.0), name="A film"))
    template = world.add_template("Hi", name="A template")
    ids = {"projects": project_id, "templates": template, "jobs": world.jobs[0][1].job_id}
    lines = seen(command, columns=40).splitlines()
    assert any(ids[command] in line for line in lines)
    assert not any(line.startswith("  name    ") for line in lines[:2])
    assert any("A film" in line or "A template" in line or "completed" in line for line in lines)


def test_a_comparison_on_a_narrow_terminal(world: World) -> None:
    """A comparison of many projects is a list of settings on a narrow terminal, and no name is cut."""
    ids = [str(world.add_project(name=f"Number {number}", layout=f"{number}:1")) for number in range(5)]
    text = seen("compare", *ids, columns=40)
    assert all(f"Number {number}" in text for number in range(5))
    assert "Aspect ratio" in text


def test_a_signal_in_a_list(world: World, server: ServerThread) -> None:
    """A signal in the middle of a list ends it with what is there."""
    world.page_size = 2
    for _ in range(5):
        world.add_project()
    asked = threading.Event()

    def fault(request: SimRequest, _: float) -> Stall | None:
        if "pagekey" in request.query:
            asked.set()
            return Stall()
        return None

    server.simulator.faults = fault
    with started("projects", "--json") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        asked.wait()
        code, out, err = interrupted(process, signal.SIGTERM)
    assert (130, "", "") == (code, out, err)
    assert all("savedDate" in json.loads(line) for line in lines)


def test_jobs_on_a_terminal(world: World) -> None:
    """On a terminal, a job's video is shown by its length, not by a URL that would fill the table."""
    world.add_project(Render(-100.0, duration=10.0))
    text = seen("jobs", columns=80)
    assert "a video of 21.98 s" in text
    assert ".mp4" not in text


def test_an_empty_table_says_so() -> None:
    """On a terminal, an empty list prints "none"."""
    assert "none" in seen("jobs")


@pytest.mark.parametrize("columns", [40, 80, 160])
def test_columns_that_are_not_shown_are_named(world: World, columns: int) -> None:
    """Whatever the width, each column is in the table, in a line of its own, or in the sentence about the others."""
    world.add_project(name="A long name of a film " * 3, earlier_video=-60.0)
    words = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", seen("projects", columns=columns)).split())
    assert all(name in words for name in ("name", "source", "schema", "saved (UTC)"))
    assert (columns == 80) is ("Not shown, because the terminal is narrow: " in words)


@pytest.mark.parametrize("columns", [40, 60])
def test_errors_are_wrapped_between_words(world: World, server: ServerThread, columns: int) -> None:
    """On a narrow terminal, no line of an error ends within a word; an id stays whole."""
    project_id = "20251110174236984d8bc37d1a6bd480fbcdd0fbafcbb0d1c"
    refused = Answer(403, {"content-type": "application/json"}, b'{"message": "No"}')
    server.simulator.faults = lambda *_: refused
    lines = seen("project", project_id, world.api_key[:3] + "x", columns=columns, code=77).split("\r\n")
    assert any(project_id in line for line in lines)
    assert all(len(line) <= columns or " " not in line.strip() for line in lines)
    assert "Error: This API key may not access" in " ".join(lines)
    assert "The same as for" in " ".join(lines)


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize(
    "command", ["projects", "jobs", "runs", "compare", "download", "share", "sync", "templates", "wait"]
)
def test_ids_and_dates_are_never_broken(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, columns: int
) -> None:
    """Whatever the width of a table, an id or a date is in one piece."""
    monkeypatch.chdir(tmp_path)
    ids = [str(world.add_project(name=f"The report of quarter {one}", earlier_video=-60.0)) for one in range(2)]
    world.add_template("Hi", name="A template")
    assert 0 == run("sync", "videos", "--render", "none", "--kind", "video").exit_code
    arguments = {
        "compare": ids,
        "download": [*ids, "--kind", "video"],
        "share": [*ids, "--columns", "project,generated,name,link"],
        "sync": ["again", "--dry-run"],
        "wait": [*ids, "--columns", "status,id,generated,name,share"],
    }.get(command, [])
    table = [] if command == "compare" else ["--format", "table"]
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen(command, *arguments, *table, columns=columns))
    cells = [cell for row in rows(run(command, *arguments).stdout) for cell in row]
    dates = {cell[:16] for cell in cells if re.fullmatch(r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d", cell)}
    found = {cell for cell in cells if re.fullmatch(r"(?=.*\d)[0-9A-Za-z-]{20,}", cell)}
    assert dates if command in {"projects", "runs", "share", "wait"} else found
    missing = [one for one in {*found, *dates} if one not in text]
    assert not missing or "narrow: id." in " ".join(text.split())
