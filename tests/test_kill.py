"""A download whose program is killed at a random moment goes on when the program is started again.

Five times in the normal run; ``PICTORY_ASYNC_KILLS=50`` does it fifty times, and kills at all system calls that change
files (``nox -s slow``).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import MediaContent, Render, Simulator, Stall, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pictory_async.testing import Fault, SimRequest

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread
from tests._files import names_in
from tests._systems import NEW, OLD, download, published
from tests.lab.benchmarks.download_memory import MIB, PROGRAM

KILLS = int(os.environ.get("PICTORY_ASYNC_KILLS", "5"))
SIZE = 12 * MIB + 345
ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.timeout(300 + 60 * KILLS),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a POSIX system"),
]


@pytest.fixture
def server() -> Iterator[ServerThread]:
    with ServerThread(Simulator(World(media_base="self", media_sizes={"mp4": SIZE}))) as server:
        yield server


def can_trace() -> bool:
    """Whether strace works here."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", os.devnull, "true"], check=False, capture_output=True).returncode == 0


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


# Everything that changes what is on the disk; each is a moment at which a program can be killed.
CALLS = ["mkdir", "fsync", "ftruncate", "link", "rename", "unlink", "flock", "chmod"]
# As many processes as that take a minute: in the normal run, only the calls that give and take names.
TRACED = CALLS if KILLS > 5 else ["link", "rename", "unlink"]

# The tests come last in the path: the library may be an installed one.
DOWNLOAD = f"""
import pathlib, sys
sys.path.append({str(ROOT)!r})
from tests._systems import NEW, OLD, download

download(pathlib.Path(sys.argv[1]), content=OLD if sys.argv[2] == "old" else NEW, policy="rename")
"""
UPDATE = DOWNLOAD.replace('policy="rename"', 'policy="update", keep_old=1, naming="{name}/{name}.{ext}"')


def killed_at(call: str, number: int, program: str, directory: Path) -> bool:
    """Run a program that is killed at its n-th call of this kind, and tell whether it came so far."""
    inject = f"inject={call}{',linkat' if call == 'link' else ''}:signal=SIGKILL:when={number}"
    strace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", inject]
    command = [*strace, sys.executable, "-B", "-c", program, str(directory), "new"]
    return subprocess.run(command, check=False).returncode != 0


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or must not trace")
@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("call", TRACED)
def test_a_real_kill_at_a_system_call_leaves_complete_files(tmp_path: Path, call: str, old: bool) -> None:
    """A process that is killed at any such call leaves the old file or the new one, and the next one ends right."""
    for number in itertools.count(1):
        directory = tmp_path / str(number)
        if old:
            download(directory, content=OLD)
        killed = killed_at(call, number, DOWNLOAD, directory)
        assert published(directory) in ([[OLD], [NEW]] if old else [[], [NEW]]), number
        download(directory, policy="rename")
        assert ["Film.mp4"] == names_in(directory), number
        assert [NEW] == published(directory)
        if not killed:
            return


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or must not trace")
@pytest.mark.parametrize("call", TRACED)
def test_a_real_kill_loses_no_earlier_version(tmp_path: Path, call: str) -> None:
    """A process that is killed while it replaces a file in a subdirectory leaves the old one under a name at least."""
    for number in itertools.count(1):
        directory = tmp_path / str(number)
        download(directory, content=OLD, naming="{name}/{name}.{ext}")
        killed = killed_at(call, number, UPDATE, directory)
        found = published(directory)
        assert OLD in found, number
        assert {*found} <= {OLD, NEW}, number
        download(directory, policy="update", keep_old=1, naming="{name}/{name}.{ext}")
        assert sorted([OLD, NEW]) == sorted(published(directory)), number
        assert ["Film"] == names_in(directory), number
        if not killed:
            return


FULL = """
import resource, signal, sys

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))
"""


def test_a_full_disk_keeps_what_arrived(server: ServerThread, tmp_path: Path) -> None:
    """A program that cannot write more ends with an error, and the next one downloads the rest."""
    project_id = server.simulator.world.add_project(Render(-100.0, duration=10.0), name="Film")
    options = server.client_options()
    arguments = [options["base_url"], options["api_key"], str(project_id), str(tmp_path)]
    program = FULL + PROGRAM[2]
    command = [sys.executable, "-c", program, *PROGRAM[3:], *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 != found.returncode
    assert "DownloadError: Cannot write the video" in found.stderr
    assert "File too large" in found.stderr
    assert not (tmp_path / "Film.mp4").exists()
    file = finish(start(server, project_id, tmp_path))
    assert 4_000_000 <= file["resumed_from"] <= 5_000_000
    assert digest_of(server, project_id) == digest(tmp_path / "Film.mp4")
    assert ["Film.mp4"] == names_in(tmp_path)


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
