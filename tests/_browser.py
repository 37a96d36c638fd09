"""The example app as a process of its own, and pages in a real browser."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests._parts import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
APP = ROOT / "docs" / "examples" / "render_board" / "app.py"


class Running:
    """A running app.

    Attributes:
        address: Its address, such as ``http://127.0.0.1:40123``.
        process: Its process.
    """

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; return the exit code, and what it printed on standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@contextlib.contextmanager
def running(*options: str, **environment: str) -> Iterator[Running]:
    """Run the app as its README says until the block ends."""
    process = subprocess.Popen(
        [sys.executable, APP, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("Render board: "):
            process.kill()
            pytest.fail(f"the app did not start: {line}{process.communicate()[1]}")
        yield Running(process, line.removeprefix("Render board: ").strip())
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = needs("chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


def screenshots(folder: Path) -> Path:
    """Where pictures are kept: the folder that ``PICTORY_ASYNC_SCREENSHOTS`` names, or else ``folder``."""
    kept = Path(os.environ.get("PICTORY_ASYNC_SCREENSHOTS", folder))
    kept.mkdir(parents=True, exist_ok=True)
    return kept
