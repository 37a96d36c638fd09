"""`pictory runs` and `pictory resume`."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import run, started

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._store import Store

QUICK = ("--interval", "0.05", "--start-grace", "0.3")
AGES = 1e6  # seconds


@pytest.fixture
def world() -> World:
    """An account with short renders, whose files can be downloaded."""
    return World(media_base="self", render_seconds=(0.1, 0.2), queue_seconds=(0.0, 0.0))


def test_there_are_none(state: Path) -> None:
    """Listing runs needs no key, and makes no file."""
    assert (0, "", "") == ((found := run("runs")).exit_code, found.stdout, found.stderr)
    assert "Forgotten: 0 runs." in run("runs", "--prune", "90d").stderr
    assert [] == [*state.iterdir()]


@contextlib.contextmanager
def watching(server: ServerThread, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command until it watches a job; it is killed at the end of the block."""
    polled = threading.Event()

    def faults(request: SimRequest, _: float) -> Fault | None:
        if request.method == "GET" and "/jobs/" in request.path:
            polled.set()
        return None

    server.simulator.faults = faults
    with started(*arguments, *QUICK) as process:
        assert polled.wait(30.0)
        yield process
        process.kill()
        process.wait()
    server.simulator.faults = None


def test_what_is_known_of_each(world: World, server: ServerThread, tmp_path: Path) -> None:
    """When it began and ended, its renders by state, and what it left; in every format."""
    world.add_project()
    world.add_project(on_render=[Render(0.0, duration=0.1, fails=True)])
    slow = str(world.add_project(on_render=[Render(0.0, duration=AGES)]))
    assert 3 == run("sync", str(tmp_path), *QUICK, "--select", "*[12]").exit_code
    assert 0 == run("render", slow).exit_code
    with watching(server, "sync", str(tmp_path), "--select", "*[3]"):
        rows = [line.split("\t") for line in run("runs").stdout.splitlines()]
    assert [["sync", "running"], ["render"], ["sync"]] == [
        [row[1], *[cell for cell in row[3:4] if cell == "running"]] for row in rows
    ]
    rows = [line.split("\t") for line in run("runs").stdout.splitlines()]
    assert "killed" == rows[0][3]
    assert ["1", "0", "0", "0", "0", "0"] == rows[0][4:]  # it took over the render
    assert ["0", "1", "1", "0", "0", "0"] == rows[2][4:]
    documents = [json.loads(line) for line in run("runs", "--json").stdout.splitlines()]
    assert [row[0] for row in rows] == [document["run"] for document in documents]
    assert ["killed", "ended", "ended"] == [document["state"] for document in documents]
    assert {"rendered": 1, "failed": 1} == documents[2]["renders"]
    assert documents[0]["ended"] is None
    assert "| killed |" in run("runs", "--format", "md").stdout
    found = run("resume")
    assert (2, "") == (found.exit_code, found.stdout)
    assert "was a sync. The same 'pictory sync' command resumes it" in found.stderr


@pytest.mark.parametrize("words", [["render", "--wait"], ["wait"], ["resume"]])
def test_a_command_that_waits_is_running_until_it_ends(world: World, server: ServerThread, words: list[str]) -> None:
    """It is listed while it waits, as killed if it was killed, and with its end otherwise."""
    name, *options = words
    slow = str(world.add_project(on_render=[Render(0.0, duration=AGES)]))
    earlier = [] if name == "render" else ["ended"]
    if earlier:
        assert 0 == run("render", slow).exit_code
    ids = [] if name == "resume" else [slow]
    with watching(server, name, *options, *ids):
        assert [[name, "running"], *[["render", "ended"]] * len(earlier)] == listed()
    assert [name, "killed"] == listed()[0]
    assert 4 == run(name, *options, *ids, "--max-wait", "0.1", *QUICK).exit_code
    assert [[name, "ended"], [name, "killed"]] == listed()[:2]


@pytest.mark.usefixtures("server")
def test_a_wait_whose_run_cannot_be_entered(world: World, state: Path) -> None:
    """It waits all the same: what cannot be kept is printed."""
    (state / "ledger.db").mkdir()
    slow = str(world.add_project(Render(-1.0, duration=AGES)))
    found = run("wait", slow, "--max-wait", "0.1", *QUICK)
    assert (4, True) == (found.exit_code, "save the lines below" in found.stderr)


def listed() -> list[list[str]]:
    """The command and the state of each run, newest first."""
    documents = [json.loads(line) for line in run("runs", "--json").stdout.splitlines()]
    return [[document["command"], document["state"]] for document in documents]


@pytest.mark.usefixtures("server")
def test_old_runs_are_forgotten(world: World) -> None:
    """Those that ended longer ago than the given age; 0 forgets all that left nothing."""
    assert 0 == run("render", str(world.add_project()), "--wait", *QUICK).exit_code
    assert 0 == run("render", str(world.add_project(on_render=[Render(0.0, duration=AGES)]))).exit_code
    for age in ("1d", "1w", "99999w", "999999999h"):
        assert "Forgotten: 0 runs." in run("runs", "--prune", age).stderr
    found = run("runs", "--prune", "0")
    assert (1, "Forgotten: 1 run.\n") == (found.stdout.count("\n"), found.stderr)
    assert "0 of 1 ended in " in run("resume", "--max-wait", "0.1", *QUICK).stderr


@pytest.mark.parametrize("age", ["old", "-1", "nan", "inf", "", "d", "1e9"])
def test_ages_that_cannot_be(age: str) -> None:
    """They are refused, with an example."""
    found = run("runs", f"--prune={age}")
    assert (2, True) == (found.exit_code, "is not an age such as 90d, 4w or 12h" in found.stderr)


@pytest.mark.usefixtures("server")
def test_resuming_what_was_left(world: World, tmp_path: Path) -> None:
    """By the name of the run, or what was left last; the new video counts, not the old one."""
    slow = str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[Render(0.0, duration=AGES)]))
    assert 0 == run("render", slow).exit_code
    (name,) = (line.split("\t")[0] for line in run("runs").stdout.splitlines())
    for words in ((name,), ()):
        found = run("resume", *words, "--max-wait", "0.1", *QUICK)
        assert 4 == found.exit_code
        assert f"pictory wait --resume {name} --interval 0.05 --start-grace 0.3" in found.stderr
    quick = str(world.add_project(earlier_video=-60.0, edits=[-1.0]))
    assert 0 == run("render", quick).exit_code
    videos = tmp_path / "videos"
    found = run("resume", "--download", str(videos), *QUICK)
    assert (0, 2) == (found.exit_code, len(found.stdout.splitlines())), found.stderr
    assert quick in found.stdout
    assert 5 == len([path for path in videos.iterdir() if not path.name.startswith(".")])


@pytest.mark.usefixtures("server")
def test_a_name_that_was_printed_stays_good(world: World, state: Path) -> None:
    """Also after a later command took over its renders; it ends when they do, under whatever name."""
    slow = str(world.add_project(on_render=[Render(0.0, duration=AGES)]))
    names: list[str] = []
    for _ in range(2):
        found = run("render", slow, "--wait", "--max-wait", "0.1", *QUICK)
        names.append(found.stderr.partition("pictory wait --resume ")[2].split()[0])
    assert names[0] != names[1]
    for name in names:
        found = run("wait", "--resume", name, "--max-wait", "0.1", *QUICK)
        assert (4, slow) == (found.exit_code, found.stdout.split("\t")[0])
    Store().done(Store().load(names[1]))
    with contextlib.closing(sqlite3.connect(state / "ledger.db")) as file, file:
        file.execute("UPDATE render SET state = 'failed'")
    for name in names:
        assert "a later run took it over: see 'pictory runs'" in run("resume", name).stderr


@pytest.mark.usefixtures("server")
def test_what_is_resumed_without_a_name(world: World, state: Path, tmp_path: Path) -> None:
    """The newest that can be resumed: no sync, and what is uncertain only if there is nothing else."""
    ids = [str(world.add_project(on_render=[Render(0.0, duration=AGES)])) for _ in range(3)]
    for one in ids[:2]:
        assert 0 == run("render", one).exit_code
    assert 4 == run("sync", str(tmp_path), "--max-wait", "0.1", *QUICK).exit_code
    older, newer = [json.loads(line)["run"] for line in run("runs", "--json").stdout.splitlines()][2:0:-1]
    with contextlib.closing(sqlite3.connect(state / "ledger.db")) as file, file:
        file.execute("UPDATE render SET run = ? WHERE project = ?", (older, ids[0]))
        file.execute("UPDATE render SET run = ?, state = 'uncertain', job = NULL WHERE project = ?", (newer, ids[1]))
    found = run("resume", "--max-wait", "0.1", *QUICK)
    assert (4, ids[0]) == (found.exit_code, found.stdout.split("\t")[0]), found.stderr
    with contextlib.closing(sqlite3.connect(state / "ledger.db")) as file, file:
        file.execute("DELETE FROM pending")
        file.execute("UPDATE render SET state = 'rendered' WHERE project = ?", (ids[0],))
    assert ids[1] in run("resume", "--max-wait", "0.1", *QUICK).stdout


@pytest.mark.usefixtures("server")
def test_what_cannot_be_resumed(state: Path) -> None:
    """Nothing, an unknown run, options without a directory, and a ledger that cannot be read."""
    assert "Nothing is pending: no command" in run("resume").stderr
    assert "Nothing is pending under the name 'nope'" in run("resume", "nope").stderr
    found = run("resume", "nope", "-o", "{name}")
    assert (2, True) == (found.exit_code, "need --download DIR" in found.stderr)
    (state / "ledger.db").unlink()
    (state / "ledger.db").write_text("no ledger")
    assert (2, True) == ((found := run("resume")).exit_code, "cannot be used" in found.stderr)
