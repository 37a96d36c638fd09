"""What a poll costs, as a number that does not depend on the machine."""

from __future__ import annotations

import importlib.util
import os
import subprocess

import pytest

from tests.lab.benchmarks._run import ROOT, command

needs_aiohttp = pytest.mark.skipif(importlib.util.find_spec("httpx_aiohttp") is None, reason="needs the extra aiohttp")


def calls(http: str) -> float:
    """Python and C calls per poll."""
    # What measures the coverage of the tests would be counted with the rest.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "COV_"))}
    done = subprocess.run(
        command("calls", http),
        capture_output=True,
        text=True,
        check=False,
        env=env,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.parametrize(("http", "most"), [("httpx", 3000.0), pytest.param("aiohttp", 1600.0, marks=needs_aiohttp)])
def test_calls_per_poll_stay_few(http: str, most: float) -> None:
    """A poll, from the limiter to the verdict, takes a bounded number of calls, the same in two runs."""
    first, second = calls(http), calls(http)
    assert first <= most
    assert first == pytest.approx(second, rel=0.01)  # on a busy machine answers are there before they are waited for
