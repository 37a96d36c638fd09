"""Downloads of one project into one directory at the same time: whatever a call returns is whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import DownloadStatus
from pictory_async._files.partfile import PartFile
from pictory_async._files.place import Filing, Place
from pictory_async._files.publish import Directory
from pictory_async._files.turns import take_turn
from pictory_async.errors import DownloadError
from pictory_async.testing import MediaContent, Render, Simulator, World
from tests._files import MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import AsyncPictory, DownloadReport

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file locks of this kind")

ROUNDS = int(os.environ.get("PICTORY_ASYNC_ROUNDS", "40"))  # ``nox -s slow`` lets two processes run for a minute
SIZE = 500
POLICIES = ["rename", "overwrite", "skip"]

# Downloads one project again and again, and polls at each file as soon as its call returns.
PROGRAM = """
import asyncio, json, pathlib, sys
from pictory_async import AsyncPictory, RateLimiter

async def main(base_url, key, project_id, directory, policy, rounds, size):
    found = {"whole": 0, "not whole": 0}
    async with AsyncPictory(key, base_url=base_url, limiter=RateLimiter(10_000, 1.0, 1000)) as client:
        project = await client.projects.get(project_id)
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(int(rounds)):
            place = pathlib.Path(directory, str(number))
            report = await client.projects.download(project, place, kinds=["txt"], on_conflict=policy)
            found["whole" if report.paths["txt"].stat().st_size == int(size) else "not whole"] += 1
    print(json.dumps(found))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def world() -> World:
    return World(media_base="self", media_sizes={"txt": SIZE})


@pytest.mark.anyio
@pytest.mark.parametrize("policy", POLICIES)
async def test_tasks_download_one_project(world: World, tmp_path: Path, policy: Any) -> None:
    """Three calls at once share one download: each names the same whole file, at that moment and afterwards."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    whole: list[bool] = []
    async with Simulator(world).client() as client:
        project = await client.projects.get(project_id)
        expected = content(project.assets["txt"])

        async def download(directory: Path) -> None:
            report = await client.projects.download(project, directory, kinds=["txt"], on_conflict=policy)
            whole.append(expected == report.paths["txt"].read_bytes())

        for number in range(ROUNDS):
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(download, tmp_path / str(number))
    assert [True] * ROUNDS * 3 == whole
    fetched = sum(entry.path.endswith(".txt") for entry in world.log)
    # A call that begins when another has ended already finds its file there, and replaces it if it was told to.
    assert ROUNDS <= fetched <= (3 * ROUNDS if policy == "overwrite" else ROUNDS)
    assert ["Film.txt"] * ROUNDS == [path.name for path in tmp_path.glob("*/Film*")]
    assert {expected} == {path.read_bytes() for path in tmp_path.glob("*/Film*")}


@pytest.mark.anyio
@pytest.mark.parametrize("policy", POLICIES)
async def test_clients_download_one_project(world: World, tmp_path: Path, policy: Any) -> None:
    """Two clients of one program share a download too, also if one of them reaches the directory through a link."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    simulator = Simulator(world)
    reports: list[DownloadReport] = []
    async with simulator.client() as one, simulator.client() as other:
        project = await one.projects.get(project_id)

        async def download(client: AsyncPictory, name: str) -> None:
            reports.append(await client.projects.download(project, tmp_path / name, kinds=["txt"], on_conflict=policy))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(download, one, "real")
            tasks.start_soon(download, other, "link")
    statuses = {report.files[0].status for report in reports}
    # A call that comes when the other one is done finds the file; with "overwrite", it downloads it again.
    assert {DownloadStatus.WRITTEN} <= statuses <= {DownloadStatus.WRITTEN, DownloadStatus.SKIPPED}
    assert sum(entry.path.endswith(".txt") for entry in world.log) in ({1, 2} if policy == "overwrite" else {1})
    assert ["Film.txt"] == [path.name for path in (tmp_path / "real").glob("Film*")]


@pytest.mark.anyio
async def test_threads_take_turns() -> None:
    """A call waits for one that another thread, with an event loop of its own, makes for the same file."""
    held, done = threading.Event(), threading.Event()
    order: list[str] = []

    async def hold() -> None:
        async with take_turn("film"):
            held.set()
            await anyio.to_thread.run_sync(done.wait)
            order.append("thread")

    async def wait() -> None:
        async with take_turn("film") as turn:
            order.append("task")
            assert turn.shared is None

    thread = threading.Thread(target=lambda: anyio.run(hold))
    thread.start()
    await anyio.to_thread.run_sync(held.wait)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert [] == order
        done.set()
    await anyio.to_thread.run_sync(thread.join)
    assert ["thread", "task"] == order


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)
@pytest.mark.parametrize("end", ["it completes the file", "it gives up"])
async def test_a_file_that_another_process_is_writing(world: World, tmp_path: Path, end: str) -> None:
    """It is waited for as long as it grows, however long; then it is there, or is downloaded here."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    simulator = Simulator(world)
    async with simulator.client() as client:
        project = await client.projects.get(project_id)
        expected = content(project.assets["txt"])
        edition = Place(Directory(tmp_path), project, "txt", project.assets["txt"], Filing("rename"))
        other = PartFile(Directory(tmp_path), "Film.txt", edition.owner)
        await anyio.to_thread.run_sync(other.open)

        async def write() -> None:
            for start in range(0, SIZE, 50):
                await anyio.sleep(50.0)
                await anyio.to_thread.run_sync(other.write, expected[start : start + 50])
            if end == "it completes the file":
                await anyio.to_thread.run_sync(edition.publish, other)
            await anyio.to_thread.run_sync(other.close)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            report = await client.projects.download(project, tmp_path, kinds=["txt"])
    assert 500.0 <= simulator.now() < 502.0
    status = DownloadStatus.SKIPPED if end == "it completes the file" else DownloadStatus.WRITTEN
    assert (status, expected) == (report.files[0].status, report.paths["txt"].read_bytes())


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)
async def test_another_process_that_hangs(world: World, tmp_path: Path) -> None:
    """After a minute without another byte, it is an error."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    simulator = Simulator(world)
    part = PartFile(Directory(tmp_path), "Film.txt", f"{project_id}\ntxt")
    await anyio.to_thread.run_sync(part.open)
    async with simulator.client() as client:
        with pytest.raises(DownloadError, match="Another client or process is writing the txt"):
            await client.projects.download(project_id, tmp_path, kinds=["txt"])
    assert 60.0 <= simulator.now() < 62.0
    await anyio.to_thread.run_sync(part.discard)


@pytest.mark.parametrize("policy", POLICIES)
def test_processes_download_one_project(world: World, tmp_path: Path, policy: str) -> None:
    """Of two real processes at once, each names a whole file at that moment, and there is one file in the end."""
    pytest.importorskip("uvicorn", reason="the extra simulator is not installed")
    from pictory_async.testing.server import ServerThread  # noqa: PLC0415 - an extra

    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    with ServerThread(Simulator(world)) as server:
        arguments = [server.base_url, world.api_key, str(project_id), str(tmp_path), policy, str(ROUNDS), str(SIZE)]
        command = [sys.executable, "-c", PROGRAM, *arguments]
        found = both(command)
    assert [0, 0] == [one["not whole"] for one in found]
    assert [ROUNDS, ROUNDS] == [one["whole"] for one in found]
    assert ["Film.txt"] * ROUNDS == [path.name for path in tmp_path.glob("*/*") if path.name != MANIFEST]
    assert {SIZE} == {path.stat().st_size for path in tmp_path.glob("*/Film*")}


def both(command: list[str]) -> list[dict[str, int]]:
    """Run a program twice at once, and return what each one printed at its end."""
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    with processes[0], processes[1]:
        for process in processes:
            assert process.stdout is not None
            assert "ready\n" == process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [json.loads(process.communicate()[0]) for process in processes]


def content(url: str) -> bytes:
    """What the file at an address of the simulator really is."""
    path = url.partition("/media/")[2].partition("?")[0]
    return b"".join(MediaContent("/" + path, 0, SIZE).pieces())
