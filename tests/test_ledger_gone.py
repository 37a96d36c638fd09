"""A ledger that is deleted, moved or emptied while it is used, or between two runs: nothing more is requested."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, errors
from pictory_async.testing import Simulator, World
from tests._rendering import VIRTUAL, posts, rendered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async.testing import SimRequest

pytestmark = VIRTUAL


def delete(path: Path) -> None:
    """Delete a ledger, and what SQLite keeps beside it."""
    for one in path.parent.iterdir():
        if one.is_file():
            one.unlink()


def move(path: Path) -> None:
    """Give a ledger another name."""
    path.rename(path.with_name("moved.db"))


def replace(path: Path) -> None:
    """Put a copy in place of a ledger."""
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


@pytest.mark.parametrize("harm", [delete, move, replace])
async def test_in_the_middle_of_a_run(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """What is not in the file under this name any more is not requested."""
    world, path, ledger = World(queue_seconds=(200.0, 200.0)), tmp_path / "ledger.db", Ledger(tmp_path / "ledger.db")
    requested = anyio.Event()

    def note(request: SimRequest, _now: float) -> None:
        if request.method == "POST":
            requested.set()

    simulator = Simulator(world, latency=2.0, faults=note)
    ids = [world.add_project() for _ in range(4)]
    caught: list[errors.LedgerError] = []

    async def run() -> None:
        with pytest.raises(errors.LedgerError, match="was deleted, moved or replaced while it was in use") as error:
            await rendered(simulator, ids, ledger)
        caught.append(error.value)

    async with anyio.create_task_group() as runs:
        runs.start_soon(run)
        await requested.wait()
        harm(path)
    assert [str(path)] == [part for part in str(caught[0]).split() if part == str(path)]
    assert 1 == len(posts(world))


@pytest.mark.parametrize("harm", [delete, lambda path: os.truncate(path, 0)], ids=["deleted", "emptied"])
async def test_between_two_runs(tmp_path: Path, harm: Any) -> None:
    """A file that has lost what an earlier run entered is not taken for a new one."""
    world, path = World(queue_seconds=(200.0, 200.0)), tmp_path / "ledger.db"
    simulator, ids = Simulator(world), [world.add_project() for _ in range(2)]
    ledger = Ledger(path)
    await rendered(simulator, ids, ledger, wait=False)
    ledger.close()
    harm(path)
    with pytest.raises(errors.LedgerError, match=r"earlier runs.*remove the directory .*ledger\.db-runs"):
        await rendered(simulator, ids, Ledger(path))
    assert 2 == len(posts(world))
    (tmp_path / "ledger.db-runs").rmdir()  # somebody wants a new one
    assert 2 == len(await rendered(simulator, ids, Ledger(path), max_renders=0))


async def test_an_empty_file_of_somebody_who_made_it_first(tmp_path: Path) -> None:
    """An empty file is a new ledger, as long as no run was entered beside it."""
    (tmp_path / "ledger.db").touch()
    assert [] == await Ledger(tmp_path / "ledger.db").runs()
