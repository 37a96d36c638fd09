"""Runs that meet: one takes another for dead, or wants the same project for another reason. Nothing is paid twice."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, ResultStatus
from pictory_async.testing import Simulator, World
from tests._rendering import VIRTUAL, posts, rendered

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import RenderResult
    from pictory_async.testing import SimRequest

pytestmark = VIRTUAL


class Meeting:
    """Two runs over the same projects: the second one begins when the first has sent a request."""

    def __init__(self, count: int) -> None:
        self.world = World(queue_seconds=(200.0, 200.0), render_seconds=(60.0, 60.0))
        self.ids = [self.world.add_project() for _ in range(count)]
        self.requested = anyio.Event()
        self.simulator = Simulator(self.world, latency=4.0, faults=self._note)
        self.results: list[dict[Any, RenderResult]] = []

    def _note(self, request: SimRequest, _now: float) -> None:
        if request.method == "POST":
            self.requested.set()

    async def render(self, ledger: Ledger, **options: Any) -> None:
        """Render everything, and keep the results."""
        self.results.append(await rendered(self.simulator, self.ids, ledger, **options))

    def statuses(self) -> set[ResultStatus]:
        """The statuses of all results."""
        return {result.status for results in self.results for result in results.values()}

    def paid(self) -> list[list[bool]]:
        """For each project, whether each of the runs paid for it."""
        return [[results[one].paid for results in self.results] for one in self.ids]


@pytest.mark.parametrize("overlap", ["skip", "wait"])
async def test_a_run_that_is_taken_for_dead(tmp_path: Path, overlap: str) -> None:
    """What another run took over is not requested any more: it is busy, or waited for."""
    meeting = Meeting(6)
    async with anyio.create_task_group() as runs:
        runs.start_soon(lambda: meeting.render(Ledger(tmp_path / "ledger.db"), overlap=overlap))
        await meeting.requested.wait()
        shutil.rmtree(tmp_path / "ledger.db-runs")
        runs.start_soon(lambda: meeting.render(Ledger(tmp_path / "ledger.db"), overlap=overlap))
    assert sorted(map(str, meeting.ids)) == sorted(posts(meeting.world))
    left = {ResultStatus.UNCHANGED, *([ResultStatus.BUSY] if overlap == "skip" else [])}
    assert {ResultStatus.RENDERED} == meeting.statuses() - left
    assert all(sum(paid) <= 1 for paid in meeting.paid())


@pytest.mark.parametrize("closes", [False, True])
async def test_a_relative_path(tmp_path: Path, closes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger stays where it was first used, also if the working directory changes, and if it is opened again."""
    monkeypatch.chdir(tmp_path)
    ledger = Ledger("ledger.db")
    assert not await ledger.runs()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    if closes:
        ledger.close()
    meeting = Meeting(3)
    async with anyio.create_task_group() as runs:
        runs.start_soon(meeting.render, ledger)
        await meeting.requested.wait()
        runs.start_soon(meeting.render, Ledger(tmp_path / "ledger.db"))
    assert sorted(map(str, meeting.ids)) == sorted(posts(meeting.world))
    assert {ResultStatus.RENDERED, ResultStatus.BUSY} == meeting.statuses()
    assert not [*(tmp_path / "elsewhere").iterdir()]


@pytest.mark.parametrize("overlap", ["skip", "wait"])
@pytest.mark.parametrize(
    ("first", "second"),
    [({"batch": "x"}, {}), ({}, {"batch": "x"}), ({"batch": "x"}, {"batch": "y"}), ({"batch": "x"}, {"force": True})],
    ids=["a name, then none", "none, then a name", "two names", "a name, then by force"],
)
async def test_runs_that_want_a_project_for_other_reasons(
    ledger: Ledger, first: dict[str, Any], second: dict[str, Any], overlap: str
) -> None:
    """A render that another run is at counts while it is queued, too: it is busy, or waited for."""
    meeting = Meeting(1)
    async with anyio.create_task_group() as runs:
        runs.start_soon(lambda: meeting.render(ledger, **first))
        await meeting.requested.wait()
        runs.start_soon(lambda: meeting.render(ledger, overlap=overlap, **second))
        await anyio.sleep(100.0)  # it is still queued
        assert 1 == len(meeting.world.jobs)
    if overlap == "skip":
        assert {ResultStatus.BUSY, ResultStatus.RENDERED} == meeting.statuses()
    elif second:  # each name is rendered once for itself
        assert [[True, True]] == meeting.paid()
    else:
        assert {ResultStatus.UNCHANGED, ResultStatus.RENDERED} == meeting.statuses()


async def test_a_run_that_is_over_keeps_nobody_away(ledger: Ledger) -> None:
    """A name renders once for itself, whatever another call left behind."""
    meeting = Meeting(1)
    await meeting.render(ledger, wait=False)
    await meeting.render(ledger, wait=False, batch="x")
    assert [[True, True]] == meeting.paid()


@pytest.mark.parametrize("limit", [0, 1])
async def test_a_limit_while_another_run_is_at_it(ledger: Ledger, limit: int) -> None:
    """What is busy does not count as left out."""
    meeting = Meeting(1)
    async with anyio.create_task_group() as runs:
        runs.start_soon(lambda: meeting.render(ledger, batch="x"))
        await meeting.requested.wait()
        results = await rendered(meeting.simulator, meeting.ids, ledger, max_renders=limit)
    assert ResultStatus.BUSY is results[meeting.ids[0]].status
