"""`--json`: a document with an id for each id, whatever happens, and nothing else on standard output."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import RenderHandle
from pictory_async.testing import Answer, Render, Stall, World
from tests.cli._command import interrupted, report, run, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
EACH = {
    "project": "project_id",
    "report": "projectId",
    "share": "project_id",
    "download": "project_id",
    "template": "template_id",
    "variables": "template_id",
    "structure": "template_id",
    "check": "template_id",
    "backup": "templateId",
    "job": "job_id",
}
REJECTED = Answer(401, {"content-type": "application/json"}, b'{"message": "Unauthorized"}')


@pytest.fixture
def world() -> World:
    return World(media_base="self")


def ids_for(world: World, command: str, number: int = 2) -> list[str]:
    """Ids that the command can work with."""
    if EACH[command].startswith("template"):
        return [world.add_template("Hi", template_id=f"T{one}") for one in range(number)]
    projects = [str(world.add_project(Render(-100.0, duration=10.0))) for _ in range(number)]
    return [render.job_id for _, render in world.jobs] if command == "job" else projects


def options(command: str, folder: Path) -> list[str]:
    return ["--json", *(["--dir", str(folder)] if command in {"download", "backup"} else [])]


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("command", EACH)
def test_a_document_for_each_id(world: World, tmp_path: Path, command: str) -> None:
    """Each id has a document with the id, in their order; what failed has an error in it."""
    first, second = ids_for(world, command)
    found = run(command, first, "nope", second, *options(command, tmp_path))
    lines = documents(found.stdout)
    assert [first, "nope", second] == [line[EACH[command]] for line in lines]
    assert [False, True, False] == [bool(line.get("error")) for line in lines]
    assert "'nope'" in lines[1]["error"]
    assert (1, f"Error: {lines[1]['error']}\n") == (found.exit_code, found.stderr)


@pytest.mark.parametrize("command", EACH)
def test_all_fail(world: World, tmp_path: Path, command: str) -> None:
    """If all ids fail, each has a document with the error."""
    found = run(command, "no", "nope", *options(command, tmp_path))
    assert ["no", "nope"] == [line[EACH[command]] for line in documents(found.stdout) if line["error"]]
    assert (1, 2) == (found.exit_code, found.stderr.count("\n"))


@pytest.mark.parametrize("command", EACH)
def test_a_revoked_key_stops_all(world: World, server: ServerThread, tmp_path: Path, command: str) -> None:
    """A key that is rejected is reported once, after a few requests, and each id has a document."""
    ids = [f"id{number}" for number in range(100)]
    server.simulator.faults = lambda *_: REJECTED
    found = run(command, *ids, *options(command, tmp_path))
    lines = documents(found.stdout)
    assert (77, ids) == (found.exit_code, [line[EACH[command]] for line in lines])
    assert all("401 Unauthorized" in line["error"] for line in lines)
    error, stopped, *rest = found.stderr.splitlines()
    assert error.startswith("Error: Pictory rejected the API key (401 Unauthorized)")
    assert stopped.startswith("Stopped: 0 of 100 ")
    assert stopped.endswith("s done, 100 remain.")
    assert (["Run the same command again to resume."] if command == "download" else []) == rest[-1:]
    assert len(world.log) <= 16
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "number"), [(command, SIGNALS[at % len(SIGNALS)]) for at, command in enumerate(EACH)]
)
def test_a_signal(world: World, server: ServerThread, tmp_path: Path, command: str, number: int) -> None:
    """Ctrl-C, a plain kill and a lost terminal: what is there is printed, and each id has a document."""
    first, second, third = ids_for(world, command, 3)
    asked = threading.Event()

    def fault(request: SimRequest, _: float) -> Stall | None:
        if second in request.path:
            asked.set()
            return Stall()
        return None

    server.simulator.faults = fault
    with started(command, first, second, third, *options(command, tmp_path)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        asked.wait()
        code, out, err = interrupted(process, number)
    lines = documents(line + out)
    assert (130, [first, second, third]) == (code, [line[EACH[command]] for line in lines])
    assert (None, "Not done, because the command was interrupted.") == (lines[0].get("error"), lines[1]["error"])
    assert "Interrupted: " in err


@pytest.mark.parametrize(("command", "key"), [("compare", "project_id"), ("diff", "template_id")])
def test_one_result(world: World, command: str, key: str) -> None:
    """A command with one result prints a document for each id that failed if it has none."""
    good = world.add_template("Hi") if command == "diff" else str(world.add_project())
    found = run(command, good, "nope", "--json")
    assert (1, [{key: "nope", "error": found.stderr.removeprefix("Error: ").strip()}]) == (
        found.exit_code,
        documents(found.stdout),
    )
    assert "" == run(command, good, "nope").stdout


def test_render(world: World) -> None:
    """Of renders, those that were not started have a document with the error; also with --wait."""
    good = str(world.add_project(on_render=[Render(0.0, duration=0.0), Render(0.0, duration=0.0)]))
    found = run("render", good, "nope", "--json")
    handle, failed = documents(found.stdout)
    assert (1, good, "nope") == (found.exit_code, handle["project_id"], failed["project_id"])
    assert "There is no project 'nope'" in failed["error"]
    ends = report(run("render", good, "nope", "--json", "--wait", "--interval", "0.05").stdout)
    assert ([good], ["nope"]) == (
        [handle["project_id"] for handle in ends["handles"]],
        [error["project_id"] for error in ends["errors"]],
    )
    found = run("render", "no", "nope", "--json", "--wait")
    ends = report(found.stdout)
    assert (1, ["no", "nope"], []) == (
        found.exit_code,
        [one["project_id"] for one in ends["errors"]],
        ends["results"],
    )


def numbers(value: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """The whole numbers in a document, with their places."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner, f"{place}[]")
    elif isinstance(value, int):
        yield place, value


WITH_NUMBERS = {
    "projects": [],
    "project": ["old", "new"],
    "report": ["old", "new"],
    "report of files": ["old", "new", "--output", "pages.html"],
    "compare": ["old", "new"],
    "share": ["old", "new"],
    "download": ["old", "new", "--dir", "files", "--kind", "video"],
    "wait": ["old", "new", "busy", "--max-wait", "0.2s"],
    "wait for handles": ["--handle", "handles", "--max-wait", "0.2s"],
    "render": ["old", "new", "--force"],
    "render to the end": ["old", "new", "--force", "--wait"],
    "sync as a plan": ["files", "--dry-run"],
    "sync": ["files", "--max", "1", "--max-wait", "0.3s", "--kind", "video"],
}


@pytest.mark.parametrize("command", WITH_NUMBERS)
def test_ids_are_text(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """The API has integers for some ids: in every document of every command they are text, as they were typed."""
    monkeypatch.chdir(tmp_path)
    world.render_seconds = world.queue_seconds = (0.0, 0.0)
    ids = {
        "old": world.add_project(integer_id=True, earlier_video=-60.0),
        "new": world.add_project(integer_id=True, earlier_video=-60.0),
        "busy": world.add_project(Render(-1.0, duration=1e6), integer_id=True),
        "never": world.add_project(integer_id=True),
        "another": world.add_project(integer_id=True),
    }
    handles = [RenderHandle(project_id=ids[one]).to_json() for one in ("old", "busy")]
    (tmp_path / "handles").write_text("\n".join(handles), encoding="utf-8")
    words = [str(ids.get(word, word)) for word in WITH_NUMBERS[command]]
    more = ["--interval", "0.05", "--start-grace", "0.2"] if command.startswith(("wait", "render", "sync")) else []
    found = documents(run(command.split(maxsplit=1)[0], *words, *more, "--json").stdout)
    assert [] == [place for place, number in numbers(found) if number in ids.values()]
    assert str(ids["old"]) in json.dumps(found)


def test_ids_of_all_types(world: World) -> None:
    """The id in a document is the one that was given, as text, also of a body that has none."""
    old = str(world.add_project(integer_id=True))
    (line,) = documents(run("project", old, "--json").stdout)
    assert old == line["project_id"]
