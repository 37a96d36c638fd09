"""A download of any size takes little memory."""

from __future__ import annotations

import os
import sys

import pytest

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from tests.lab.benchmarks.download_memory import MIB, measure

# The whole claim is about 1 GiB, for which a server in the same process takes its time: ``nox -s slow``.
SIZE = int(os.environ.get("PICTORY_ASYNC_DOWNLOAD_MIB", "64"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell in this way")
@pytest.mark.timeout(300 + 10 * SIZE)
def test_a_download_takes_little_memory() -> None:
    """However long the file is, the process stays below 60 MiB above what its imports take."""
    found = measure(SIZE * MIB)
    assert found.grown < 60 * MIB, found
