"""`pictory render --dry-run`: what would be requested, and nothing is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")


@pytest.fixture
def ids(world: World, server: ServerThread) -> list[str]:
    """Two that would be rendered, one with a video, one that is being rendered, and one that does not exist."""
    assert server.base_url
    ids = [str(world.add_project(name=f"Film {number}")) for number in range(2)]
    ids.append(str(world.add_project(name="Done", earlier_video=-60.0)))
    return [*ids, str(world.add_project(Render(-1.0, duration=1e6), name="Busy")), "nope"]


def test_rows(world: World, ids: list[str]) -> None:
    """A line for each project, in their order; the exit code is that of what nothing is known of."""
    found = run("render", *ids, "--dry-run", "--max", "1", "--wait")
    lines = [line.split("\t") for line in found.stdout.splitlines()]
    assert ids == [line[0] for line in lines]
    assert ["to_render", "left_out", "unchanged", "busy", "missing"] == [line[1] for line in lines]
    assert ["Film 0", "Film 1", "Done", "Busy", ""] == [line[2] for line in lines]
    assert "There is no project 'nope'" in lines[-1][3]
    assert found.stderr.startswith(
        "Plan: 2 to render, 1 being rendered, 1 unchanged, 1 with an error (the account has "
    )
    assert "video minutes left). 1 render would be requested; each is billed.\nError: There is no pro" in found.stderr
    assert (1, []) == (found.exit_code, [entry for entry in world.log if entry.method == "POST"])


def test_documents(world: World, ids: list[str]) -> None:
    """With --json, the ids by their status; other formats are tables."""
    world.quota = None
    found = run("render", *ids[:3], "--dry-run", "--json")
    plan = {"to_render": ids[:2], "left_out": [], "unchanged": ids[2:3], "minutes_left": None}
    assert (0, {"plan": plan}) == (found.exit_code, json.loads(found.stdout))
    found = run("render", ids[0], "--dry-run", "--format", "csv", "--columns", "name,status")
    assert "name,status\nFilm 0,to_render\n" == found.stdout.replace("\r", "")
    assert "need --wait or --dry-run" in run("render", ids[0], "--format", "csv").stderr
    assert not any(entry.method == "POST" for entry in world.log)


def test_on_a_terminal(world: World, ids: list[str]) -> None:
    """It is a table below the plan; on a narrow one, a project takes one line, and its name is shortened."""
    text = seen("render", *ids[2:4], "--dry-run", columns=40)
    assert "Nothing would be requested." in " ".join(text.split())
    assert "unchanged  Done" in text
    long = str(world.add_project(name="A name for which there is no room beside an id"))
    assert re.search(rf"\n{long}  to_render  A name [\w ]+…", seen("render", long, "--dry-run", columns=80))
    text = seen("render", *ids[:4], "--dry-run", columns=80)
    assert text.index("2 renders would be requested") < text.index("Film 0") < text.index("Busy")
