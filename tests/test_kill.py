"""A download whose program is killed at a random moment goes on when the program is started again.

Five times in the normal run; ``PICTORY_ASYNC_KILLS=50`` does it fifty times (``nox -s slow``).
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import MediaContent, Render, Simulator, Stall, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread
from tests._files import names_in
from tests.lab.benchmarks.download_memory import MIB, PROGRAM

KILLS = int(os.environ.get("PICTORY_ASYNC_KILLS", "5"))
SIZE = 12 * MIB + 345

pytestmark = [
    pytest.mark.timeout(300 + 60 * KILLS),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a POSIX system"),
]


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread(Simulator(World(media_base="self", media_sizes={"mp4": SIZE}))) as server:
        yield server


def start(server: ServerThread, project_id: object, directory: Path) -> subprocess.Popen[str]:
    """Start the program that downloads."""
    options = server.client_options()
    arguments = [options["base_url"], options["api_key"], str(project_id), str(directory)]
    return subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)


def stop_after(moment: int) -> Callable[[SimRequest, float], Fault | None]:
    """Let the first request for a video get little more than so many bytes, so that it is killed before its end."""
    enough = moment + MIB + 100_000  # it tells of each MiB
    faults: list[Fault] = [Stall(enough)] if enough < SIZE else []
    return lambda request, _now: faults.pop() if faults and request.path.endswith(".mp4") else None


def kill_at(process: subprocess.Popen[str], moment: int) -> int:
    """Kill a program when it says that it has so many bytes, or is done; tell how many it said it had."""
    done = 0
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            told: dict[str, Any] = json.loads(line)
            done = told.get("done", done)
            if "report" in told or done >= moment:
                break
        process.kill()
    return done


def finish(process: subprocess.Popen[str]) -> Any:
    """Let a program come to its end, and return its report."""
    output, _ = process.communicate()
    assert 0 == process.returncode
    return json.loads(output.splitlines()[-1])["report"]["files"][0]


def test_a_killed_download_gives_the_same_bytes(server: ServerThread, tmp_path: Path) -> None:
    """Killed anywhere, at the first byte and after the last one too, and started again, the file is right."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    resumed = 0
    for number in range(KILLS):
        place = f"kill {number} of seed {seed}"
        project_id = server.simulator.world.add_project(Render(-100.0, duration=10.0), name="Film")
        directory = tmp_path / str(number)
        target = directory / "Film.mp4"
        # Most kills hit the middle: a download that always began anew would not be noticed by its bytes.
        moment = round((number + chance.random()) / KILLS * (SIZE + MIB))
        server.simulator.faults = stop_after(moment)
        kill_at(start(server, project_id, directory), moment)
        # Under its name it is whole or not there; what came before the kill is beside it.
        expected = digest_of(server, project_id)
        assert not target.exists() or expected == digest(target), place
        parts = list(directory.glob("*.part"))
        left = parts[0].stat().st_size if parts else 0
        known = bool(list(directory.glob("*.part.json")))
        file = finish(start(server, project_id, directory))
        assert expected == digest(target), place
        assert (left if known else 0) == file["resumed_from"], place
        assert ["Film.mp4"] == names_in(directory), place
        resumed += file["resumed_from"] > 0
    assert resumed > KILLS / 3, f"seed {seed}"


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of(server: ServerThread, project_id: Any) -> str:
    """The SHA-256 of a project's video, from what it is made of."""
    world = server.simulator.world
    project = world.find_project(project_id, 0.0)
    assert project is not None
    path = world.media(project, project.renders[0], "", 0.0).video.split("/media")[1]
    return hashlib.sha256(b"".join(MediaContent(path, 0, SIZE).pieces())).hexdigest()
