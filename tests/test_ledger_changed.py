"""A ledger that somebody changed by hand: what cannot be read is an error that says so, and nothing is requested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async import Ledger, errors
from pictory_async.testing import Simulator, World
from tests._rendering import VIRTUAL, change, client_of, posts, rendered

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = VIRTUAL

CHANGES = {
    "UPDATE render SET state = 'done'": "'done' in it is no state",
    "UPDATE render SET asked = 'yesterday'": "'yesterday' in it is no date",
    "UPDATE render SET saved = '2026-01-01'": "'2026-01-01' in it is no date with a time zone",
    "UPDATE render SET baseline = x'00'": "in it is no date",
    "UPDATE video SET saved = 'yesterday'": "'yesterday' in it is no date",
}


@pytest.mark.parametrize(("sql", "why"), CHANGES.items())
async def test_the_same_call(ledger: Ledger, tmp_path: Path, sql: str, why: str) -> None:
    """Batches and syncs stop before they request anything."""
    world = World(queue_seconds=(0.0, 0.0), render_seconds=(5.0, 5.0))
    simulator, one = Simulator(world), world.add_project()
    await rendered(simulator, [one], ledger)
    await ledger.use(lambda file: change(file, sql))
    with pytest.raises(errors.LedgerError, match=why):
        await rendered(simulator, [one], ledger, retry_failed=True)
    if "state" in sql or "video" in sql:
        async with client_of(simulator) as client:
            with pytest.raises(errors.LedgerError, match=why):
                await client.projects.sync(tmp_path / "videos", ledger=ledger, verify=True).plan()
    assert 1 == len(posts(world))


@pytest.mark.parametrize(
    "sql", ["UPDATE render SET state = 'done'", "UPDATE run SET started = 5", "UPDATE run SET ended = ''"]
)
async def test_the_list_of_runs(ledger: Ledger, sql: str) -> None:
    """It names the value that it cannot read."""
    world = World(queue_seconds=(0.0, 0.0), render_seconds=(5.0, 5.0))
    await rendered(Simulator(world), [world.add_project()], ledger)
    await ledger.use(lambda file: change(file, sql))
    with pytest.raises(errors.LedgerError, match="in it is no"):
        await ledger.runs()


async def test_the_date_of_a_file(ledger: Ledger, tmp_path: Path) -> None:
    """A plan reads the files, too."""
    world = World(media_sizes={"mp4": 100})
    simulator, one = Simulator(world), world.add_project(earlier_video=-500.0)
    async with client_of(simulator) as client:
        await client.projects.download(one, tmp_path / "videos", kinds="video", ledger=ledger)
        await ledger.use(lambda file: change(file, "UPDATE file SET generated = 'soon'"))
        with pytest.raises(errors.LedgerError, match="'soon' in it is no date"):
            await client.projects.sync(tmp_path / "videos", ledger=ledger, kinds="video").plan()
