"""The work of `pictory sync` itself, without its command."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING, Any, Self

import pytest

from pictory_async.testing import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import click

from pictory_async import BatchProgress, ProjectId, RateLimiter, RenderResult, ResultStatus, SyncPlan, SyncState
from pictory_async.cli._filing import Filing
from pictory_async.cli._synced import SYNCED
from pictory_async.cli._syncing import Syncing
from pictory_async.cli._tables import open_sheet
from pictory_async.errors import DownloadError


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)
async def test_lines_in_a_log(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere, the progress is a line now and then."""
    world = World(render_seconds=(50.0, 50.0), media_sizes={"mp4": 10})
    world.add_project(name="Film")
    with context():
        syncing = make(videos)
        async with Simulator(world, latency=6.0).client() as client:
            await syncing.run(client)
        assert 0 == syncing.report(interrupted=False)
    err = capsys.readouterr().err
    assert "Z reading the list of projects" in err
    assert "0 of 1 done, 0 rendering, 0 downloading" in err


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)
async def test_a_long_plan_that_is_refused(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """While the plan is made, its progress says that many renders are refused if there is nobody to ask."""
    world = World()
    for _ in range(6):
        world.add_project()
    with context():
        syncing = make(videos, most=5)
        async with Simulator(world, latency=6.0).client() as client:
            await syncing.run(client)
    assert syncing.asks
    assert "projects (without a terminal, more than 5 renders need --yes)" in capsys.readouterr().err


@contextlib.contextmanager
def context() -> Generator[None]:
    """As if a command was running."""
    group = click.Context(click.Command("pictory"))
    group.params["debug"] = False
    with group, click.Context(click.Command("sync"), parent=group):
        yield


def make(videos: Path, most: int | None = None) -> Syncing:
    options = {"max_renders": None, "kinds": ["video"]}
    sheet = open_sheet(SYNCED, as_json=False)
    rate = RateLimiter(1000, 1.0)
    return Syncing(directory=videos, options=options, limiter=rate, sheet=sheet, filing=Filing(), most=most)


class FullDisk:
    """A client, and its sync, that finds no room for the first file."""

    progress = BatchProgress()
    run = "f00"
    paid = perhaps_paid = 0

    def __init__(self) -> None:
        self.projects = self
        self.transport = self
        self.requests = 1
        self._left = ["a", "b", "c"]

    def statistics(self) -> Self:
        return self

    def sync(self, *_: object, **__: object) -> Self:
        return self

    async def plan(self) -> SyncPlan:
        states: dict[ProjectId, SyncState] = dict.fromkeys(self._left, SyncState.RENDERED)
        return SyncPlan(states=states, to_render=(), to_wait=(), to_download=tuple(self._left))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RenderResult:
        error = DownloadError("There is no room.", errno=errno.ENOSPC)
        return RenderResult(project_id=self._left.pop(0), status=ResultStatus.UNCHANGED, error=error)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)
async def test_a_full_disk_stops_it_once(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be written is said once, and nothing more is tried."""
    client: Any = FullDisk()
    with context():
        syncing = make(videos)
        await syncing.run(client)
        assert 73 == syncing.report(interrupted=False)
    found = capsys.readouterr()
    assert 1 == found.err.count("There is no room.")
    assert ["incomplete", "pending", "pending"] == [line.split("\t")[1] for line in found.out.splitlines()]
    assert "Left: 3 of 3 projects." in found.err
