"""The command's messages name its own options and variables, not arguments of Python functions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")

import pictory_async
from pictory_async.cli._wording import in_command_words
from pictory_async.testing import Render, Reset, World
from tests.cli._command import run

PYTHON_NAMES = re.compile(r"\b(api_key|max_wait|start_grace|error\.handle|limiter)\b")
OLD_WORDS = re.compile(
    r"\b(looks? at|looked at|glance|repetitions?|noticed|nobody|as it were|is had|be had|goes on|went on)\b"
)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("wait again, or raise --max-wait.", "wait again, or raise max_wait."),
        ("--max-wait must be longer than 0 s, not 0.0.", "max_wait must be longer than 0 s, not 0.0."),
        ("--interval must be longer than 0 s, not 0.0.", "interval must be longer than 0 s, not 0.0."),
        ("Start one, or raise --start-grace if", "Start one, or raise start_grace if"),
        ("Copy one and set PICTORY_API_KEY.", "Copy one and pass it as api_key or set PICTORY_API_KEY."),
        ("Try again.", "Try again, or raise the client's timeout."),
        ("Lower --rate.", "Lower the limiter's rate."),
        ("Name the directory of 'pictory backup --all'.", "Name the directory of 'backup_all'."),
        ("--retry-unstarted requests it again.", "Pass retry_unstarted=True to request it again."),
        ("Use --max-wait and my-max_wait.", "Use --max-wait and my-max_wait."),
    ],
)
def test_python_names_become_options(expected: str, text: str) -> None:
    """Names of arguments become options and variables; other text stays as it is."""
    assert expected == in_command_words(text)


@pytest.mark.usefixtures("server")
def test_errors_name_options(world: World) -> None:
    """The message of a wait that failed names the option that the user can change."""
    late = str(world.add_project(Render(-1.0, duration=1e6)))
    never = str(world.add_project())
    quick = ("--interval", "0.05", "--start-grace", "0.1")
    for arguments, option in (
        (["wait", late, *quick, "--max-wait", "0.2"], "--max-wait"),
        (["wait", never, *quick], "--start-grace"),
        (["share", late, "--wait", *quick[:2], "--max-wait", "0.2"], "--max-wait"),
        (["wait", late, "--interval", "0"], "--interval"),
    ):
        found = run(*arguments)
        assert option in found.stdout.splitlines()[0] if found.stdout else option in found.stderr
        assert PYTHON_NAMES.search(found.stdout + found.stderr) is None


@pytest.mark.usefixtures("server")
def test_a_lost_response_names_the_handle(world: World, server) -> None:
    """After a lost response, the message says how to wait with the command."""
    server.simulator.faults = lambda request, _: Reset() if request.method == "POST" else None
    found = run("render", str(world.add_project()))
    assert 5 == found.exit_code
    assert "pictory wait --handle" in found.stderr
    assert PYTHON_NAMES.search(found.stderr) is None


def test_a_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key, the message names the environment variable only."""
    monkeypatch.delenv("PICTORY_API_KEY", raising=False)
    found = run("project", "x")
    assert "PICTORY_API_KEY" in found.stderr
    assert PYTHON_NAMES.search(found.stderr) is None


def test_the_help_has_one_vocabulary() -> None:
    """The help and the command's source use the standard terms: poll, retry, progress."""
    home = Path(pictory_async.__file__ or "").parent / "cli"
    found = {
        (path.name, match[0]) for path in home.rglob("*.py") for match in OLD_WORDS.finditer(path.read_text("utf-8"))
    }
    assert set() == found
