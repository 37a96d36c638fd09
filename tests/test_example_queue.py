"""The example with Taskiq: worker processes wait for many renders within one budget, and one of them is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Simulator, World
from tests._redis import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("taskiq_redis", reason="taskiq and taskiq-redis are not installed")
server = pytest.importorskip(
    "pictory_async.testing.server", reason="the extra simulator is not installed", exc_type=ImportError
)

EXAMPLE = Path(__file__).parent.parent / "docs" / "examples" / "queue"
FULL = int(os.environ.get("PICTORY_ASYNC_QUEUE", "0"))
WORKERS, RENDERS = (4, FULL) if FULL else (2, 16)
RATE = 6000 if FULL else 1200  # requests a minute
BURST = 10


@pytest.fixture
def workers(redis: RedisServer, world: World, tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Worker processes of the example. Each can be killed with its group, because a worker of Taskiq has a parent."""
    command = [sys.executable, "-m", "taskiq", "worker", "renders:broker", "--workers", "1", "--app-dir", str(EXAMPLE)]
    command += ["--max-async-tasks", "500"]
    log = (tmp_path / "workers.log").open("wb")
    started = [
        subprocess.Popen(command, cwd=EXAMPLE, stdout=log, stderr=log, start_new_session=True) for _ in range(WORKERS)
    ]
    yield started
    for worker in started:
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGTERM)
    for worker in started:
        worker.wait()
    log.close()


@pytest.fixture
def world() -> World:
    """An account whose renders take a few seconds."""
    return World(queue_seconds=(0.0, 0.5), render_seconds=(1.0, 4.0))


@pytest.fixture
def redis(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis server, and an API, that the environment names."""
    with RedisServer(tmp_path) as running, server.ServerThread(Simulator(world)) as api:
        monkeypatch.setenv("REDIS_URL", running.url)
        monkeypatch.setenv("PICTORY_API_BASE_URL", api.base_url)
        monkeypatch.setenv("PICTORY_API_KEY", world.api_key)
        monkeypatch.setenv("REQUESTS_PER_MINUTE", str(RATE))
        monkeypatch.setenv("POLL_INTERVAL", "1")
        monkeypatch.setenv("LOST_AFTER", "60" if FULL else "8")
        yield running


def test_a_worker_is_killed_in_the_middle(
    redis: RedisServer, world: World, workers: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Every project is rendered once and waited for, though a worker is killed; all stay within one budget."""
    ids = [str(world.add_project()) for _ in range(RENDERS)]
    command = [sys.executable, str(EXAMPLE / "renders.py"), *ids]
    results = tmp_path / "results"
    with results.open("wb") as out, subprocess.Popen(command, cwd=tmp_path, stdout=out) as program:
        while program.poll() is None and results.read_bytes().count(b" rendered ") < RENDERS // 4:
            threading.Event().wait(0.01)
        killed_in_the_middle = program.poll() is None
        os.killpg(workers[0].pid, signal.SIGKILL)
    assert program.returncode == 0, (tmp_path / "workers.log").read_text()
    assert killed_in_the_middle
    assert sorted(ids) == sorted(line.split()[0] for line in results.read_text().splitlines() if " rendered " in line)
    assert sum(entry.method == "POST" for entry in world.log) == RENDERS
    assert {200} == {entry.status for entry in world.log}
    span = world.log[-1].at - world.log[0].at
    assert len(world.log) <= BURST + (span + 1.0) * RATE / 60.0
