"""A `pictory sync` that is stopped: what it leaves for the next one."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, Stall, World
from tests.cli._command import interrupted, run, started
from tests.cli._syncs import QUICK, cells, films, posts, short_renders, sync

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server", "ample_budget")

AGES = 1e6  # seconds


@pytest.fixture
def world() -> World:
    """An account with short renders, whose files can be downloaded."""
    return short_renders()


def of_document(line: str) -> list[str]:
    document = json.loads(line)
    return [document["project_id"], document["status"]]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_ctrl_c(world: World, videos: Path, server: ServerThread, options: tuple[str, ...]) -> None:
    """What was requested is found again: the same command pays for nothing twice."""
    one, other = (str(world.add_project(on_render=[Render(0.0, duration=AGES)])) for _ in range(2))
    requested = threading.Event()

    def faults(request: SimRequest, _: float) -> Fault | None:
        if request.path.startswith("/pictoryapis/v1/jobs/") and posts(world) == 2:
            requested.set()
        return None

    server.simulator.faults = faults
    with started("sync", str(videos), *QUICK, *options) as process:
        assert requested.wait(30.0)
        code, out, err = interrupted(process)
    assert 130 == code, err
    rows = [row[:2] for row in cells(out)] if not options else [*map(of_document, out.splitlines()[:-1])]
    assert [[one, "pending"], [other, "pending"]] == sorted(rows, key=[[one, "pending"], [other, "pending"]].index)
    assert "Interrupted: 0 of 2 done (none yet)" in err
    assert "Left: 2 of 2 projects. Run the same command again" in err
    found = run("resume", "--max-wait", "0.2")
    assert 2 == found.exit_code
    assert "was a sync. The same 'pictory sync' command resumes it" in found.stderr
    found = sync(videos, "--max-wait", "0.3", "--json")
    assert (4, 2) == (found.exit_code, posts(world))


def test_ctrl_c_while_a_render_is_requested(world: World, videos: Path, server: ServerThread) -> None:
    """A request that was under way is completed, and counts as paid."""
    films(world, 1)
    posted = threading.Event()
    server.simulator.faults = lambda request, _: posted.set() if request.method == "POST" else None
    server.simulator.latency = lambda request, _: 0.5 if request.method == "POST" else 0.0
    with started("sync", str(videos), *QUICK, "--json") as process:
        assert posted.wait(30.0)
        code, out, err = interrupted(process)
    assert (130, 1, 1) == (code, len(world.jobs), json.loads(out.splitlines()[-1])["summary"]["paid"])
    assert "1 render paid for" in err


def test_ctrl_c_while_the_plan_is_made(world: World, videos: Path, server: ServerThread) -> None:
    """Nothing was requested, and that is what is said."""
    films(world, 1)
    listed = threading.Event()

    def faults(_: SimRequest, __: float) -> Fault | None:
        listed.set()
        return Stall()

    server.simulator.faults = faults
    with started("sync", str(videos), *QUICK, "--json") as process:
        assert listed.wait(30.0)
        code, out, err = interrupted(process)
    assert 130 == code, err
    assert json.loads(out)["summary"]["interrupted"]
    assert "Interrupted while the plan was made. Nothing was requested." in err
