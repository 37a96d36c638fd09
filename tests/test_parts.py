"""Programs that tests need: without them a test is skipped, or fails if they must be there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests._parts import ALL, needs

ROOT = Path(__file__).parent.parent


def test_a_program_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found wherever the path leads."""
    monkeypatch.setattr("tests._parts._PLACES", str(Path(sys.executable).parent))
    assert Path(sys.executable).name == Path(needs(Path(sys.executable).name)).name


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names it; with the variable of `.ci/run`, the test fails."""
    monkeypatch.delenv(ALL, raising=False)
    with pytest.raises(pytest.skip.Exception, match="the program no-such-program is not installed"):
        needs("no-such-program")
    monkeypatch.setenv(ALL, "1")
    with pytest.raises(pytest.fail.Exception, match=f"no-such-program is not installed, and {ALL} says that it is"):
        needs("no-such-program")


def test_all_checks_need_all_programs() -> None:
    """`.ci/run` sets the variable, and installs each program that a test asks for."""
    script = (ROOT / ".ci" / "run").read_text()
    assert f"export {ALL}=1" in script
    for program in (
        "tinyproxy",
        "openssl",
        "chromium",
        "systemd-analyze",
        "crontab",
        "docker-compose",
        "curl",
        "redis-server",
    ):
        assert f"[{program}]=" in script
