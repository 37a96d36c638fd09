"""`pictory job`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pictory_async.testing import World
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")

QUICK = ("--wait", "--interval", "0.05")


def job_of(world: World, render: Render) -> str:
    world.add_project(render)
    return world.jobs[-1][1].job_id


def test_jobs_as_they_are(world: World) -> None:
    """Jobs are lines of name and value; a failed one is shown like any other, an unknown one is reported."""
    done = job_of(world, Render(-100.0, duration=10.0))
    failed = job_of(world, Render(-100.0, duration=10.0, fails=True))
    found = run("job", done, failed, "nope")
    first, second = found.stdout.split("\n\n")
    assert 1 == found.exit_code
    assert "status: completed\nprogress: 100 %\nduration: 21.98 s\ncredits: 0\nvideo: http://127.0.0.1:" in first
    assert "status: failed\nerror: " in second
    assert found.stderr.startswith("Error: There is no job 'nope'")


def test_jobs_as_json(world: World) -> None:
    """With --json, each job is the body as the API sent it."""
    job_id = job_of(world, Render(-100.0, duration=10.0))
    assert job_id == json.loads(run("job", job_id, "--json").stdout)["job_id"]


def test_wait(world: World) -> None:
    """With --wait, jobs are printed when they are completed."""
    job_id = job_of(world, Render(0.0, duration=0.3))
    found = run("job", job_id, *QUICK)
    assert (0, "") == (found.exit_code, found.stderr)
    assert "status: completed" in found.stdout


def test_wait_for_one_that_fails(world: World) -> None:
    """A job that fails is printed, its reason is on standard error, and the exit code is 3."""
    failing = job_of(world, Render(0.0, duration=0.1, fails=True))
    done = job_of(world, Render(-100.0, duration=10.0))
    found = run("job", failing, done, *QUICK, "--json")
    assert 3 == found.exit_code
    assert [failing, done] == [json.loads(line)["job_id"] for line in found.stdout.splitlines()]
    assert f"Error: Job '{failing}' failed" in found.stderr


def test_wait_for_too_long(world: World) -> None:
    """A job that takes longer than --max-wait makes the exit code 4 if nothing else failed."""
    late = job_of(world, Render(0.0, duration=1e6))
    found = run("job", late, *QUICK, "--max-wait", "0.2")
    assert (4, "") == (found.exit_code, found.stdout)
    failed = job_of(world, Render(-100.0, duration=10.0, fails=True))
    assert 3 == run("job", failed, late, *QUICK, "--max-wait", "5").exit_code


def test_a_standstill(world: World) -> None:
    """With --stalled, what makes no progress for this time is given up, and the others are printed."""
    late = job_of(world, Render(1e6, duration=1e6))
    done = job_of(world, Render(-100.0, duration=10.0))
    found = run("job", late, done, *QUICK, "--stalled", "0.4s", "--json")
    assert 4 == found.exit_code
    first, second = map(json.loads, found.stdout.splitlines())
    assert (late, done) == (first["job_id"], second["job_id"])
    assert f"The wait for job {late!r} ended, because nothing had changed for 0.4 s (--stalled)." in first["error"]
    assert "nothing had changed" in found.stderr


def test_progress_on_a_terminal(world: World, server: ServerThread) -> None:
    """On a terminal, each job has a bar while it runs, which is removed at the end."""
    server.simulator.keep_time(lambda: 0.1 * len(world.log))  # the job takes fifteen requests, however slow
    job_id = job_of(world, Render(0.0, duration=1.5))
    text = seen("job", job_id, *QUICK)
    live, _, end = text.rpartition("\x1b[?25h")
    assert "Waiting for jobs: 0 of 1 done" in live
    assert "Generating video" in live
    assert "completed" in end
