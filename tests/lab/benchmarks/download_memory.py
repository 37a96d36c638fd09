"""Memory and processor time of a big download: ``python -m tests.lab.benchmarks.download_memory [MIB]``.

A simulated Pictory in this process serves the file; another process downloads it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import attrs

from pictory_async.testing import Render, Simulator, World
from pictory_async.testing.server import ServerThread

MIB = 1024 * 1024

# Not as a script: its directory, with a package `typing` near it, would be looked at before the standard library.
PROGRAM = [
    sys.executable,
    "-c",
    "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__')",
    str(Path(__file__).with_name("_downloader.py")),
]


@attrs.frozen(kw_only=True)
class Measured:
    """What a download took.

    Attributes:
        size: Bytes of the file.
        baseline: Bytes of memory after the imports, before the download.
        peak: Bytes of memory at most.
        seconds: How long it took, the server's work on the same machine included.
        processor: Seconds of processor time of the program that downloads.
    """

    size: int
    baseline: int
    peak: int
    seconds: float
    processor: float

    @property
    def grown(self) -> int:
        """Bytes above the baseline at most."""
        return self.peak - self.baseline


def measure(size: int) -> Measured:
    """Download a file of so many bytes in a process of its own.

    Raises:
        RuntimeError: The download went wrong.
    """
    world = World(media_base="self", media_sizes={"mp4": size})
    project_id = world.add_project(Render(-100.0, duration=10.0))
    with ServerThread(Simulator(world)) as server, tempfile.TemporaryDirectory() as directory:
        command = [*PROGRAM, server.base_url, world.api_key, str(project_id), directory]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            before: dict[str, Any] = json.loads(process.stdout.readline())
            began = time.perf_counter()
            after: dict[str, Any] = {}
            for line in process.stdout:
                after = json.loads(line)
            seconds = time.perf_counter() - began
        if process.returncode or after["report"]["files"][0]["size"] != size:
            raise RuntimeError(f"the download failed: {after}")
    return Measured(
        size=size,
        baseline=before["memory"],
        peak=after["peak"],
        seconds=seconds,
        processor=after["processor"] - before["processor"],
    )


def main() -> None:
    """Print the numbers."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    found = measure(size * MIB)
    print(f"{size} MiB in {found.seconds:.1f} s, {found.processor:.2f} s of processor time in the downloader")
    print(
        f"memory: {found.baseline / MIB:.1f} MiB before, {found.peak / MIB:.1f} MiB at most: "
        f"{found.grown / MIB:.1f} MiB above the baseline"
    )


if __name__ == "__main__":
    main()
