"""What the library warns about is a sentence of the command."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from pictory_async._log import LogEvent, write
from pictory_async.testing import Answer, World
from tests.cli._command import Terminal, run, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
from pictory_async.cli._library_warnings import library_warnings

pytestmark = pytest.mark.usefixtures("server")

UNAUTHORIZED = Answer(401, {"content-type": "application/json"}, b'{"message": "Unauthorized"}')


@pytest.fixture
def world() -> World:
    """An account whose renders do not end."""
    return World(render_seconds=(1e6, 1e6))


@pytest.fixture
def left(world: World, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Renders that a command left, after which the key was revoked."""
    monkeypatch.setenv("PICTORY_RATE", "10000/s")
    ids = [str(world.add_project(name=f"Film {number}")) for number in range(3)]
    assert 4 == run("render", *ids, "--wait", "--max-wait", "0.2s", "--interval", "0.05").exit_code
    server.simulator.faults = lambda *_: UNAUTHORIZED
    return ids


def test_a_revoked_key(left: list[str]) -> None:
    """The outage is one sentence without the name of an event, and each row is about its own project only."""
    found = run("resume", "--interval", "0.1")
    assert 77 == found.exit_code
    assert "pictory.api.un" not in found.stderr
    assert found.stderr.startswith("Warning: No poll of 127.0.0.1:")
    for row in found.stdout.splitlines():
        assert "Pictory rejected the API key (401 Unauthorized)" in row
        assert [row.split("\t")[0]] == [one for one in left if one in row]


def test_a_revoked_key_on_a_terminal(left: list[str]) -> None:
    """On a terminal the progress shows it, and it is said once at the end."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    with Terminal(columns=200) as terminal:
        ours = {"stderr": terminal.theirs, "env": terminal.environment}
        with started("wait", *left, "--interval", "0.1", **ours) as process:
            terminal.attached()
            process.communicate()
            text = terminal.read_until()
    assert "Warning" not in text


def test_in_command_words(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The names of arguments are those of the command; what the command logs itself is not printed twice."""
    with library_warnings():
        write(LogEvent.IDS_FAILED, "raise max_wait\nin %s", tmp_path.name)
        logging.getLogger("pictory_async.cli").warning("again")
    write(LogEvent.IDS_FAILED, "after the end")
    assert f"Warning: Raise --max-wait in {tmp_path.name}\n" == capsys.readouterr().err
