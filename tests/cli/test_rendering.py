"""`pictory render`, and `pictory wait` with handles."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import RenderHandle
from pictory_async.testing import Answer, Render, Reset, World
from tests.cli._advice import advice, kept_in
from tests.cli._command import report, run, seen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")


pytestmark = pytest.mark.usefixtures("server")

JSON = {"content-type": "application/json"}
QUICK = ("--interval", "0.05", "--start-grace", "0.3")


@pytest.fixture
def world() -> World:
    """An account with short renders, whose files can be downloaded."""
    return World(media_base="self", render_seconds=(0.3, 0.5), queue_seconds=(0.0, 0.1))


@pytest.fixture
def posts(server: ServerThread) -> list[Fault | None]:
    """The faults of the next POST requests, in order; ``None`` is no fault."""
    planned: list[Fault | None] = []
    server.simulator.faults = lambda request, _: planned.pop(0) if request.method == "POST" and planned else None
    return planned


def test_handles_are_lines(world: World) -> None:
    """Each render that was started is a line of JSON; each request is sent once."""
    ids = [str(world.add_project(earlier_video=-60.0, edits=[-1.0])), str(world.add_project())]
    found = run("render", *ids)
    handles = [RenderHandle.from_json(line) for line in found.stdout.splitlines()]
    assert (0, "") == (found.exit_code, found.stderr)
    assert set(ids) == {handle.project_id for handle in handles}
    assert {job[1].job_id for job in world.jobs[-2:]} == {handle.job_id for handle in handles}
    assert 2 == sum(request.method == "POST" for request in world.log)


def test_handles_go_to_a_file(world: World, tmp_path: Path) -> None:
    """With --handles, they are appended to a file, which 'wait --handle' follows to the new video, not the old one."""
    file = tmp_path / "handles.jsonl"
    ids = [str(world.add_project(earlier_video=-60.0, edits=[-1.0])), str(world.add_project())]
    for project_id in ids:
        assert 0 == run("render", project_id, "--handles", str(file)).exit_code
    assert ids == [RenderHandle.from_json(line).project_id for line in file.read_text().splitlines()]
    found = run("wait", "--handle", str(file), *QUICK, "--start-grace", "5", "--json")
    ends = report(found.stdout)
    assert (0, {"rendered": 2}) == (found.exit_code, ends["outcomes"])
    assert [job[1].job_id for job in world.jobs[-2:]] == [result["job_id"] for result in ends["results"]]


def test_two_renders_of_one_project(world: World, tmp_path: Path) -> None:
    """Two handles of one project are two waits, and each of them ends."""
    project_id = str(world.add_project())
    lines = "".join(run("render", project_id, "--batch", name, "--force").stdout for name in ("one", "two"))
    found = run("wait", "--handle", "-", *QUICK, "--start-grace", "5", input=f"{lines}\n{lines}")
    assert (0, 2) == (found.exit_code, len(found.stdout.splitlines()))
    assert "2 of 2 ended" in found.stderr


def test_render_and_wait(world: World) -> None:
    """With --wait, the result of each is printed as by 'wait', failures with the job's reason."""
    good, bad = world.add_project(), world.add_project(on_render=[Render(0.0, duration=0.2, fails=True)])
    found = run("render", str(good), str(bad), "--wait", "--interval", "0.05")
    lines = {line.split("\t")[0]: line.split("\t") for line in found.stdout.splitlines()}
    assert (3, 1) == (found.exit_code, len(found.stderr.splitlines()))  # nothing is left to wait for
    assert "rendered" == lines[str(good)][1]
    assert "failed" == lines[str(bad)][1]
    assert "TEXT_TO_VIDEO_FAILED" in lines[str(bad)][-1]


def test_render_and_wait_as_json(world: World) -> None:
    """With --wait and --json there is one object, and the handles are in it."""
    project_id = str(world.add_project())
    ends = report(run("render", project_id, "--wait", "--interval", "0.05", "--json").stdout)
    assert [project_id] == [handle["project_id"] for handle in ends["handles"]]
    assert ["rendered"] == [result["status"] for result in ends["results"]]


def test_refused_renders(world: World) -> None:
    """A missing project is reported with exit code 1; the others are rendered."""
    project_id = str(world.add_project())
    found = run("render", "nope", project_id)
    assert (1, 1) == (found.exit_code, len(found.stdout.splitlines()))
    assert found.stderr.startswith("Error: There is no project 'nope'")
    assert (1, "") == (run("render", "nope", "--wait").exit_code, run("render", "nope", "--wait").stdout)


@pytest.mark.parametrize("fault", [Reset(), Answer(502)])
def test_a_lost_answer(world: World, posts: list[Fault | None], fault: Fault) -> None:
    """If the response is lost, nothing is sent again, the exit code is 5, and the handle is printed."""
    project_id = str(world.add_project())
    posts += [fault, None, None]
    found = run("render", project_id)
    handle = RenderHandle.from_json(found.stdout)
    assert (5, project_id, None) == (found.exit_code, handle.project_id, handle.job_id)
    assert "is not known" in found.stderr
    assert 2 == len(posts)


def test_a_lost_answer_that_is_waited_for(world: World, posts: list[Fault | None]) -> None:
    """A wait finds out whether the render was started: here, it was not."""
    posts.append(Reset())
    found = run("render", str(world.add_project()), "--wait", *QUICK)
    assert 3 == found.exit_code
    assert "not_started" in found.stdout
    assert "is not known" in found.stderr


def test_a_file_that_cannot_be_written(world: World, tmp_path: Path) -> None:
    """Nothing is rendered if the handles cannot be saved."""
    found = run("render", str(world.add_project()), "--handles", str(tmp_path / "no" / "file"))
    assert (2, "", 1) == (found.exit_code, found.stdout, found.stderr.count("\n"))
    assert [] == world.log


def test_a_full_disk_does_not_lose_a_handle(world: World) -> None:
    """A handle that cannot be written to its file is printed, and kept for the next wait, with or without a wait."""
    for wait in ([], ["--wait"]):
        found = run("render", str(world.add_project()), *wait, "--handles", "/dev/full")
        assert 73 == found.exit_code
        assert RenderHandle.from_json(found.stdout).job_id is not None
        assert "No space left on device" in found.stderr
        assert 0 == next_wait(found.stderr).exit_code


def test_no_place_for_the_ledger(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be remembered is not paid for."""
    monkeypatch.setenv("PICTORY_STATE_DIR", "/dev/full")
    found = run("render", str(world.add_project()))
    assert (73, "") == (found.exit_code, found.stdout)
    assert "The ledger /dev/full/ledger.db cannot be used" in found.stderr
    assert not world.log


def test_no_place_for_handles(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a wait can be kept nowhere, its handle is printed, and the command names the file to save it in."""
    handle = run("render", str(world.add_project(on_render=[SLOW]))).stdout
    monkeypatch.setenv("PICTORY_STATE_DIR", "/dev/full")
    found = run("wait", "--handle", "-", "--max-wait", "0.2", *QUICK, input=handle)
    assert handle.strip() == found.stderr.splitlines()[-2]
    assert 4 == found.exit_code
    assert "save the lines below as handles.jsonl and run the command after them:" in found.stderr
    assert found.stderr.endswith("  pictory wait --handle handles.jsonl --interval 0.05 --start-grace 0.3\n")


@pytest.mark.parametrize("text", ["x", "{}", '{"version": 2, "project_id": "x"}'])
def test_what_is_no_handle(text: str) -> None:
    """A line that is not a handle is reported with its number, and nothing is sent."""
    found = run("wait", "--handle", "-", input=f"\n{text}\n")
    assert (2, "") == (found.exit_code, found.stdout)
    assert ", line 2: This " in found.stderr


def test_no_handles_at_all() -> None:
    """A file without handles is nothing to do."""
    assert 0 == run("wait", "--handle", "-", input="\n").exit_code


def next_wait(err: str) -> Any:
    """Run the command that was printed, without the usual time between polls."""
    return run(*advice(err), "--interval", "0.05", "--json")


SLOW, FAST = Render(0.0, duration=1000.0), Render(0.0, duration=0.0)


@pytest.fixture
def later(server: ServerThread) -> Callable[[], None]:
    """Let the server's time jump to the end of every slow render."""
    ahead = 0.0

    def jump() -> None:
        nonlocal ahead
        ahead += 2000.0

    server.simulator.keep_time(lambda: time.monotonic() + ahead)
    return jump


@pytest.mark.parametrize("named", [True, False])
def test_time_spent_in_the_wait(world: World, later: Callable[[], None], tmp_path: Path, named: bool) -> None:
    """A wait that times out prints how to wait for the new video; the old video is not taken for it."""
    ids = [str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[render])) for render in (SLOW, FAST)]
    file = ["--handles", str(tmp_path / "my handles")] if named else []
    found = run("render", *ids, "--wait", "--max-wait", "1.5", "--interval", "0.05", *file)
    assert 4 == found.exit_code
    assert "It may still finish: wait again, or raise --max-wait." in found.stdout
    assert "No final result yet: 1 of 2 renders." in found.stderr
    assert named is ("--handle" in found.stderr)
    later()
    again = next_wait(found.stderr)
    ends = report(again.stdout)
    assert (0, "") == (again.exit_code, again.stderr)
    assert {"rendered"} == {result["status"] for result in ends["results"]}
    assert {job[1].job_id for job in world.jobs[-2:]} >= {result["job_id"] for result in ends["results"]}
    assert ids[0] in {result["project_id"] for result in ends["results"]}


def test_every_render_is_counted(world: World) -> None:
    """Of three renders, one was not started, one has ended and one is left: each is counted, in words that agree."""
    ids = [str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[render])) for render in (SLOW, FAST)]
    found = run("render", *ids, "nope", "--wait", "--max-wait", "1.5", "--interval", "0.05")
    assert re.search(r"1 of 2 ended \(rendered 1\) in [\d.]+ s, 1 timed out, ", found.stderr)
    assert "\nNot started: 1 of 3 renders.\n" in found.stderr
    assert "\nNo final result yet: 1 of 2 renders. Wait again with:\n" in found.stderr
    assert "Not started" not in run("render", ids[1], "nope", "--wait", "--json", *QUICK).stderr
    found = run("render", ids[1], str(world.add_project(on_render=[FAST])), "--wait", *QUICK)
    assert "Not rendered, because the video shows the newest version" in found.stderr
    assert "Not started" not in found.stderr  # nothing failed


@pytest.mark.parametrize("number", [0, 1])
def test_time_spent_in_a_wait_by_handle(world: World, later: Callable[[], None], tmp_path: Path, number: int) -> None:
    """A wait by handle that times out names the file again, or keeps the handles that came through a pipe."""
    handle = run("render", str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[SLOW]))).stdout
    file = tmp_path / "h"
    file.write_text(handle)
    source: Any = [{"args": (str(file),)}, {"args": ("-",), "input": handle}][number]
    args = source.pop("args")
    found = run("wait", "--handle", *args, "--max-wait", "0.2", "--interval", "0.05", "--start-grace", "90", **source)
    assert 4 == found.exit_code
    assert [f"--handle {file}", "--resume"][number] in found.stderr
    assert " --interval 0.05 --start-grace 90\n" in found.stderr
    later()
    assert 0 == next_wait(found.stderr).exit_code


def test_a_wait_that_is_refused(world: World, server: ServerThread) -> None:
    """A key that is rejected during the wait does not lose the handles."""
    project_id = str(world.add_project())
    fault = Answer(401, JSON, b'{"message": "No"}')
    server.simulator.faults = lambda request, _: (
        fault if world.jobs and request.path.rpartition("/")[2] != "projects" else None
    )
    found = run("render", project_id, "--wait", "--json", *QUICK)
    assert 77 == found.exit_code
    assert "No final result yet: 1 of 1 render." in found.stderr
    server.simulator.faults = None
    assert 0 == next_wait(found.stderr).exit_code


def test_downloads_are_not_repeated(world: World, tmp_path: Path) -> None:
    """If some renders of a file are downloaded already, only the other handles are kept for the next wait."""
    ids = [str(world.add_project(on_render=[render])) for render in (SLOW, FAST)]
    file = tmp_path / "h"
    file.write_text(run("render", *ids).stdout)
    found = run("wait", "--handle", str(file), "--download", str(tmp_path / "to"), "--max-wait", "1.5", *QUICK)
    assert 4 == found.exit_code
    assert [ids[0]] == [handle.project_id for handle in kept_in(found.stderr)]
    assert f"--download {tmp_path / 'to'}" in found.stderr


def test_handles_survive_an_error(world: World) -> None:
    """If a wait fails, the handles that came through a pipe are kept."""
    handle = run("render", str(world.add_project())).stdout
    found = run("wait", "--handle", "-", "--base-url", "nonsense", input=handle)
    assert 2 == found.exit_code
    assert [RenderHandle.from_json(handle)] == kept_in(found.stderr)
    assert " --base-url nonsense\n" in found.stderr


def test_render_on_a_terminal(world: World, tmp_path: Path) -> None:
    """On a terminal, the command says that renders are billed, and how to wait for them."""
    file = tmp_path / "h"
    text = seen("render", str(world.add_project()), str(world.add_project()), "--handles", str(file), columns=500)
    assert "Checking 2 projects. Each render is billed." in text
    assert "Wait for the 2 renders with:\r\n" in text
    assert f"  pictory wait --handle {file}\r\n" in text


def test_render_on_a_terminal_without_a_file(world: World) -> None:
    """The handles are kept, and the command that waits for them is printed with the same options."""
    text = seen("render", str(world.add_project()), "--rate", "100/s", columns=500)
    (again,) = re.findall(r"  (pictory wait --resume \w+ --rate 100/s)\r\n", text)
    assert 0 == run(*again.split()[1:], "--interval", "0.05").exit_code


def test_render_and_wait_on_a_terminal(world: World, server: ServerThread) -> None:
    """On a terminal, the render has a progress bar with the name that is known from before it was requested."""
    server.simulator.keep_time(lambda: 0.1 * len(world.log))  # the render takes fifteen requests, however slow
    project = world.add_project(name="Film", on_render=[Render(0.0, duration=1.5)])
    text = seen("render", str(project), "--wait", "--interval", "0.1")
    live, _, end = text.rpartition("\x1b[?25h")
    assert "Film" in live.partition("Rendering")[2].partition(" %")[0]
    assert str(project) not in live.partition("Latest")[0]
    assert "Checking 1 project. Each render is billed." in live
    assert "Rendering" in live
    assert "1 of 1 ended (rendered 1)" in end
    assert re.search(r", seen at most \d\.\d s after the video appeared\.", end)


def test_names_in_the_list_are_known_to_a_wait(world: World, server: ServerThread) -> None:
    """If the projects were chosen from the list, their bars have names from the first one on."""
    project = world.add_project(name="Film", on_render=[Render(0.0, duration=1.5)])
    assert 0 == run("render", str(project)).exit_code
    began = len(world.log)
    server.simulator.keep_time(lambda: 0.1 * (len(world.log) - began))
    live, _, _ = seen("wait", "--all", "--interval", "0.1").rpartition("\x1b[?25h")
    assert "Film" in live.partition("Rendering")[2].partition(" %")[0]
    assert f"{project} " not in live.partition("Latest")[0]


def test_a_request_that_had_no_visible_effect(world: World, posts: list[Fault | None]) -> None:
    """The wait sees no render; if a job may be it, that is said, and another payment is not advised."""
    fault = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)
    posts.append(fault)
    project_id, other = str(world.add_project()), world.add_project()
    world.start_render(other, -1.0, duration=0.0)
    found = run("render", project_id, "--wait", *QUICK)
    assert 3 == found.exit_code
    assert "Look at the jobs before you pay again." in found.stdout


def test_a_job_that_may_be_the_lost_render(world: World, server: ServerThread) -> None:
    """If somebody else's job may be it, the end of the wait is not the last word."""
    project_id, other = str(world.add_project()), world.add_project()

    def fault(request: SimRequest, now: float) -> Fault | None:
        if request.method != "POST":
            return None
        world.start_render(other, now)
        return Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)

    world.start_render(other, -1.0, duration=0.0)
    server.simulator.faults = fault
    found = run("render", project_id, "--wait", *QUICK)
    assert 5 == found.exit_code
    assert "that no ledger knows was started" in found.stderr
