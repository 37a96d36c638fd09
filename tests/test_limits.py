"""A test that hangs is ended by its limit. Its worker and the tests after it go on."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no such signals")


@pytest.mark.timeout(1200)  # it has to sit out some limits
def test_a_limit_ends_a_test_and_nothing_else(tmp_path: Path) -> None:
    """Each test that hangs fails, each one after it passes, and all of them run in the same worker of xdist.

    A lock, a loop, a process, an example, an await, a shield, a blocked event loop and a fixture are ways to hang.
    """
    notes = tmp_path / "workers"
    output = run_pytest(notes)
    outcomes: dict[str, set[str]] = {}
    for status, name, reason in re.findall(r"^(PASSED|FAILED|ERROR) \S+?::(\S+)(.*)$", output, re.MULTILINE):
        outcomes.setdefault(name, set()).add(status + reason)
    hanging = {name: found for name, found in outcomes.items() if "hangs" in name}
    others = {name: found for name, found in outcomes.items() if name not in hanging}
    assert 20 < len(hanging), output
    assert 15 < len(others), output
    assert {} == {name: found for name, found in hanging.items() if not any("its limit of" in one for one in found)}
    assert {} == {name: found for name, found in others.items() if found != {"PASSED"}}
    assert 1 == len(set(notes.read_text().split())), output


def run_pytest(notes: Path) -> str:
    """Run the tests that hang, with one worker that notes its process for each of them, and return the output."""
    # Settings of the worker that this test runs in would be taken for settings of the new one.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    options = ["-n1", "-p", "no:randomly", "-p", "no:cacheprovider", "-rA"]
    found = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(ROOT / "tests" / "_hanging.py")],
        capture_output=True,
        text=True,
        check=False,
        env={**env, "PICTORY_ASYNC_WORKERS": str(notes), "COLUMNS": "1000"},
        cwd=ROOT,
    )
    return found.stdout + found.stderr
