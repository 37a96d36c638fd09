"""The columns of piped output are those that the documentation lists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import ABSENT, Render, World
from tests._templates import change
from tests.cli._command import run

if TYPE_CHECKING:
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

PAGE = Path(__file__).parents[2] / "docs" / "command.md"


def documented() -> dict[str, list[str]]:
    """The columns of each command, as the page lists them."""
    table = re.search(r"^\| Command \| Columns \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE.read_text("utf-8"), re.MULTILINE)
    assert table is not None
    cells = [line.split("|")[1:3] for line in table[1].splitlines()]
    return {command.strip().strip("`"): columns.strip().split(", ") for command, columns in cells}


@pytest.fixture
def world() -> World:
    return World(media_base="self")


@pytest.fixture
def expected(world: World, server: ServerThread, tmp_path: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    """For each command its arguments, and one line of its output by column."""
    film = str(world.add_project(Render(-100.0, duration=10.0), name="Film"))
    other = str(world.add_project(Render(-100.0, duration=10.0), name="Other"))
    job = world.jobs[0][1].job_id
    template = {"template_id": "T1", "name": "Greeting", "variables": {"Name": "you"}}
    world.add_template("Hi {{Name}} {{Who}}", **template, overrides={"structure": ABSENT})  # type: ignore[arg-type]
    snapshots = tmp_path / "snapshots"
    run("backup", "--all", "--dir", str(snapshots))
    change(world, "T1", backgroundMusic={"enabled": False})
    backup, damaged = tmp_path / "T1", tmp_path / "damaged"
    damaged.mkdir()
    origin = server.base_url.removesuffix("/pictoryapis")
    listed = {"id": "T1", "name": "Greeting", "language": "en", "state": "published"}
    undeclared = (
        "{{Who}} is used, but the template does not declare this variable. Viewers would probably see the braces."
    )
    return {
        "projects": (
            [],
            {"id": film, "name": "Film", "source": "script", "schema": "v3", "saved (UTC)": "2025-12-31 23:00:00"},
        ),
        "templates": ([], listed),
        "templates --details": ([], {**listed, "schema": "v3", "scenes": "1", "variables": "Name"}),
        "jobs": ([], {"id": job, "status": "completed", "progress": "100 %", "result": f"{origin}/media/"}),
        "variables": (
            ["T1"],
            {"template": "T1", "variable": "Name", "default": "you", "state": "used", "places": "scene 1, subtitle 1"},
        ),
        "check": (
            ["T1"],
            {
                "template": "T1",
                "severity": "error",
                "code": "undeclared-variable",
                "place": "scene 1, subtitle 1",
                "message": undeclared,
            },
        ),
        "share": ([film, other], {"project": film, "link": "http"}),
        "sync": (
            [str(tmp_path / "synced"), "--kind", "video"],
            {
                "id": film,
                "status": "downloaded",
                "name": "Film",
                "share": "http",
                "generated (UTC)": "2025-12-31 23:58:30",
                "path": str(tmp_path / "synced" / "Film.mp4"),
                "reason": "",
            },
        ),
        "runs": (
            [],
            {
                "run": "",
                "command": "sync",
                "started (UTC)": "20",
                "ended (UTC)": "20",
                "open": "0",
                "rendered": "0",
                "failed": "0",
                "not_started": "0",
                "uncertain": "0",
                "pending": "0",
            },
        ),
        "download": (
            [film, "--dir", str(tmp_path / "films")],
            {
                "status": "written",
                "project": film,
                "kind": "srt",
                "bytes": "2000",
                "path or error": str(tmp_path / "films" / "Film.srt"),
            },
        ),
        "report --format tsv": (
            [film],
            {
                "project": film,
                "name": "Film",
                "state": "rendered",
                "generated (UTC)": "2025-12-31 23:58:30",
                "share": f"{origin}/media/share/",
            },
        ),
        "drift": (
            ["--backup", str(snapshots)],
            {"template": "T1", "change": "changed", "name": "Greeting", "changes": ""},
        ),
        "backup --all": (
            ["--dir", str(tmp_path / "all")],
            {
                "directory": str(tmp_path / "all"),
                "time (UTC)": "20",
                "templates": "1",
                "new contents": "2",
                "removed snapshots": "0",
            },
        ),
        "backup": (
            ["T1", "--dir", str(tmp_path)],
            {"template": "T1", "directory": str(backup), "files": "2", "bytes": "", "absent files": "structure.json"},
        ),
        "backup --verify": (
            [str(damaged)],
            {"state": "damaged", "directory": str(damaged), "problem": ""},
        ),
    }


def test_columns(expected: dict[str, tuple[list[str], dict[str, str]]]) -> None:
    """Each command prints the columns that the page lists, in that order, with tabs between them."""
    assert {command: list(row) for command, (_, row) in expected.items()} == documented()
    for command, (arguments, row) in expected.items():
        lines = [line.split("\t") for line in run(*command.split(), *arguments).stdout.splitlines()]
        assert {len(row)} == {len(line) for line in lines}, command
        # A value that is not known in advance is known by its beginning.
        fitting = [line for line in lines if all(map(str.startswith, line, row.values()))]
        assert fitting, (command, lines)
        assert all(line[: len(row)] and all(line[:2]) for line in fitting)
