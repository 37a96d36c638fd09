"""`pictory render`, and `pictory wait` with handles and downloads."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import RenderHandle
from pictory_async.testing import Answer, Render, Reset, World
from tests.cli._command import interrupted, run, seen, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")

QUICK = ("--interval", "0.05", "--start-grace", "0.3")


@pytest.fixture
def world() -> World:
    """Its renders take a moment, and its files can be downloaded."""
    return World(media_base="self", render_seconds=(0.3, 0.5), queue_seconds=(0.0, 0.1))


@pytest.fixture
def posts(server: ServerThread) -> list[Fault | None]:
    """What goes wrong with each POST in its turn; ``None`` stands for nothing, and is left behind for each."""
    planned: list[Fault | None] = []
    server.simulator.faults = lambda request, _: planned.pop(0) if request.method == "POST" and planned else None
    return planned


def test_handles_are_lines(world: World) -> None:
    """Each render that was started is a line of JSON; each is asked for once."""
    ids = [str(world.add_project(earlier_video=-60.0)), str(world.add_project())]
    found = run("render", *ids)
    handles = [RenderHandle.from_json(line) for line in found.stdout.splitlines()]
    assert (0, "") == (found.exit_code, found.stderr)
    assert set(ids) == {handle.project_id for handle in handles}
    assert {job[1].job_id for job in world.jobs[-2:]} == {handle.job_id for handle in handles}
    assert 2 == sum(request.method == "POST" for request in world.log)


def test_handles_go_to_a_file(world: World, tmp_path: Path) -> None:
    """With --handles, they are added to a file, which 'wait --handle' follows to the new video, not the old one."""
    file = tmp_path / "handles.jsonl"
    ids = [str(world.add_project(earlier_video=-60.0)), str(world.add_project())]
    for project_id in ids:
        assert 0 == run("render", project_id, "--handles", str(file)).exit_code
    assert ids == [RenderHandle.from_json(line).project_id for line in file.read_text().splitlines()]
    found = run("wait", "--handle", str(file), *QUICK, "--start-grace", "5", "--json")
    report = json.loads(found.stdout)
    assert (0, {"rendered": 2}) == (found.exit_code, report["outcomes"])
    assert [job[1].job_id for job in world.jobs[-2:]] == [result["job_id"] for result in report["results"]]


def test_two_renders_of_one_project(world: World, tmp_path: Path) -> None:
    """Two handles of one project are two waits, and each of them ends."""
    project_id = str(world.add_project())
    lines = "".join(run("render", project_id).stdout for _ in range(2))
    found = run("wait", "--handle", "-", *QUICK, "--start-grace", "5", input=f"{lines}\n{lines}")
    assert (0, 3) == (found.exit_code, len(found.stdout.splitlines()))
    assert "2 of 2 done" in found.stdout


def test_render_and_wait(world: World) -> None:
    """With --wait, what becomes of each is printed as by 'wait', failures with the job's reason."""
    good, bad = world.add_project(), world.add_project(on_render=[Render(0.0, duration=0.2, fails=True)])
    found = run("render", str(good), str(bad), "--wait", "--interval", "0.05")
    lines = {line.split()[1]: line for line in found.stdout.splitlines()[:-1]}
    assert (3, "") == (found.exit_code, found.stderr)
    assert lines[str(good)].startswith("rendered  ")
    assert "TEXT_TO_VIDEO_FAILED" in lines[str(bad)]


def test_render_and_wait_as_json(world: World) -> None:
    """With --wait and --json there is one object, and the handles are in it."""
    project_id = str(world.add_project())
    report = json.loads(run("render", project_id, "--wait", "--interval", "0.05", "--json").stdout)
    assert [project_id] == [handle["project_id"] for handle in report["handles"]]
    assert ["rendered"] == [result["status"] for result in report["results"]]


def test_refused_renders(world: World) -> None:
    """A project that is not there is reported with exit code 1; the others are rendered."""
    project_id = str(world.add_project())
    found = run("render", "nope", project_id)
    assert (1, 1) == (found.exit_code, len(found.stdout.splitlines()))
    assert found.stderr.startswith("Error: There is no project 'nope'")
    assert (1, "") == (run("render", "nope", "--wait").exit_code, run("render", "nope", "--wait").stdout)


@pytest.mark.parametrize("fault", [Reset(), Answer(502)])
def test_a_lost_answer(world: World, posts: list[Fault | None], fault: Fault) -> None:
    """Where the answer is lost, nothing is sent again; exit code 5 says so, and the handle is there all the same."""
    project_id = str(world.add_project())
    posts += [fault, None, None]
    found = run("render", project_id)
    handle = RenderHandle.from_json(found.stdout)
    assert (5, project_id, None) == (found.exit_code, handle.project_id, handle.job_id)
    assert "is not known" in found.stderr
    assert 2 == len(posts)


def test_a_lost_answer_that_is_waited_for(world: World, posts: list[Fault | None]) -> None:
    """A wait finds out what the lost answer was: here, that nothing was started."""
    posts.append(Reset())
    found = run("render", str(world.add_project()), "--wait", *QUICK)
    assert 3 == found.exit_code
    assert "not_started" in found.stdout
    assert "is not known" in found.stderr


def test_a_file_that_cannot_be_written(world: World, tmp_path: Path) -> None:
    """Nothing is rendered where the handles could not be kept."""
    found = run("render", str(world.add_project()), "--handles", str(tmp_path / "no" / "file"))
    assert (1, "", 1) == (found.exit_code, found.stdout, found.stderr.count("\n"))
    assert [] == world.log


def test_a_full_disk_does_not_lose_a_handle(world: World) -> None:
    """A handle that cannot be written to its file is printed instead."""
    found = run("render", str(world.add_project()), "--wait", "--handles", "/dev/full")
    assert 1 == found.exit_code
    assert RenderHandle.from_json(found.stdout).job_id is not None


@pytest.mark.parametrize("text", ["x", "{}", '{"version": 2, "project_id": "x"}'])
def test_what_is_no_handle(text: str) -> None:
    """A line that is no handle is named with its number, and nothing is sent."""
    found = run("wait", "--handle", "-", input=f"\n{text}\n")
    assert (2, "") == (found.exit_code, found.stdout)
    assert ", line 2: This " in found.stderr


def test_no_handles_at_all() -> None:
    """A file without handles is wrong usage."""
    assert 2 == run("wait", "--handle", "-", input="\n").exit_code


def test_ctrl_c_in_the_wait(world: World, server: ServerThread) -> None:
    """Ctrl-C while waiting leaves the handles, so that the wait can go on later."""
    project_id = str(world.add_project(on_render=[Render(0.0, duration=1e6)]))
    asked = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if "/jobs/" in request.path:
            asked.set()

    server.simulator.faults = note
    with started("render", project_id, "--wait", "--interval", "0.05") as process:
        asked.wait()
        code, out, err = interrupted(process)
    assert 130 == code
    assert out.startswith(f"Still pending: {project_id}\nInterrupted: 0 of 1 done")
    assert project_id == RenderHandle.from_json(err.splitlines()[-1]).project_id


def test_ctrl_c_among_many(world: World, server: ServerThread, tmp_path: Path) -> None:
    """Ctrl-C lets the requests on their way come to their end, and names the projects that were not asked for."""
    file = tmp_path / "handles"
    ids = [str(world.add_project()) for _ in range(20)]
    server.simulator.latency = lambda request, _: 4.0 if request.method == "POST" else 0.0
    asked = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if request.method == "POST":
            asked.set()

    server.simulator.faults = note
    with started("render", *ids, "--handles", str(file), "--rate", "1000/s") as process:
        asked.wait()
        code, out, err = interrupted(process)
    handles = [RenderHandle.from_json(line).project_id for line in file.read_text().splitlines()]
    left = err.splitlines()[-1].removeprefix("Not asked for: ").split()
    assert code == 130
    assert sorted(handles) == sorted(RenderHandle.from_json(line).project_id for line in out.splitlines())
    assert len(world.jobs) == len(handles) < 20
    assert sorted(ids) == sorted([*map(str, handles), *left])


def test_render_on_a_terminal(world: World, tmp_path: Path) -> None:
    """On a terminal, the command says that renders cost money, and how to wait for them."""
    file = tmp_path / "h"
    text = seen("render", str(world.add_project()), str(world.add_project()), "--handles", str(file), columns=500)
    assert "Asking for 2 renders, each of which costs money." in text
    assert f"Wait for them with: pictory wait --handle {file}" in text


def test_render_and_wait_on_a_terminal(world: World, server: ServerThread) -> None:
    """On a terminal, the render has a bar while its job tells how far it is."""
    server.simulator.keep_time(lambda: 0.1 * len(world.log))  # the render takes fifteen requests, however slow
    text = seen("render", str(world.add_project(on_render=[Render(0.0, duration=1.5)])), "--wait", "--interval", "0.1")
    live, _, end = text.rpartition("\x1b[?25h")
    assert "Asking for 1 render, which costs money." in live
    assert "Rendering" in live
    assert "1 of 1 done (rendered 1)" in end


def test_wait_downloads(world: World, tmp_path: Path) -> None:
    """With --download, the files of a project are there when its line says so."""
    ids = [str(world.add_project(Render(0.0, duration=0.2), name=f"Film {number}")) for number in range(6)]
    found = run("wait", *ids, *QUICK, "--start-grace", "5", "--download", str(tmp_path / "new"))
    lines = found.stdout.splitlines()
    assert (0, 14) == (found.exit_code, len(lines))
    assert set(ids) == {line.split()[1] for line in lines if line.startswith("downloaded   ")}
    assert all(line.endswith("  5 files, 1.1 MB") for line in lines if line.startswith("downloaded"))
    assert f"30 files (6.6 MB) written to {tmp_path / 'new'}." == lines[-1]
    assert 30 == len(list((tmp_path / "new").iterdir()))


@pytest.mark.parametrize("form", ["lines", "json", "terminal"])
def test_wait_with_a_download_that_fails(world: World, server: ServerThread, tmp_path: Path, form: str) -> None:
    """A file that cannot be had is told with its project, and the exit code is 1."""
    project_id = str(world.add_project(earlier_video=-60.0))
    server.simulator.faults = lambda request, _: Answer(403) if request.path.endswith(".mp4") else None
    arguments: Any = ("wait", project_id, "--download", str(tmp_path), *(["--json"] if form == "json" else []))
    if form == "terminal":
        text = seen(*arguments, code=1).rpartition("\x1b[?25h")[2]
        assert "rendered" in text
    else:
        found = run(*arguments)
        assert (1, "") == (found.exit_code, found.stderr)
        text = found.stdout
    if form == "json":
        (saved,) = json.loads(text)["downloads"]
        assert "status 403" in saved["error"]
        assert ["failed", *["written"] * 4] == [file["status"] for file in saved["files"]]
    else:
        assert f"incomplete   {project_id}  4 files, 105.0 kB; The server refuses the video" in text
