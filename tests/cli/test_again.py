"""The command that is printed at the end of a wait has all options of the one that it continues."""

from __future__ import annotations

import itertools
import os
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import click

from pictory_async.cli._again import NOT_AGAIN, program
from pictory_async.cli._app import pictory

pytestmark = pytest.mark.usefixtures("server")


def options_of(name: str) -> dict[str, click.Option]:
    """The options of a command, by their names in it."""
    command = pictory.get_command(click.Context(pictory), name)
    assert command is not None
    return {str(one.name): one for one in command.params if isinstance(one, click.Option)}


def values(tmp_path: Path) -> dict[str, str | None]:
    """A value for each option that is printed again; ``None`` for a flag."""
    table = tmp_path / "map file.csv"
    table.write_text("id,customer\n")
    return {
        "--download": str(tmp_path / "dl dir"),
        "--kind": "video",
        "--on-conflict": "update",
        "--keep-old": "2",
        "--output-name": "{customer}/{id}.{ext}",
        "--map": str(table),
        "--fresh": None,
        "--interval": "0.05",
        "--stalled": "20m",
        "--start-grace": "0.3s",
        "--exec": "echo {id}",
        "--summary": str(tmp_path / "summary.md"),
        "--format": "csv",
        "--columns": "",
        "--output": str(tmp_path / "out.csv"),
        "--json": None,
        "--base-url": "",
        "--proxy": "",
        "--profile": "acme",
        "--key-command": "printenv PICTORY_API_KEY",
        "--rate": "100/1",
        "--budget": "off",
        "--quiet": None,
        "--log-file": str(tmp_path / "log"),
        "--log-format": "json",
        "--notify": "true",
    }


# Those that exclude others, or that need a profile.
APART = {"--json", "--columns", "--profile", "--base-url", "--proxy"}


@pytest.fixture
def slow(world: World) -> str:
    """A project that renders for ages."""
    return str(world.add_project(Render(-1.0, duration=1e6)))


@pytest.mark.parametrize(
    ("line", "then"),
    [
        ("wait {} --max-wait 0.1", "wait"),
        ("render {} --wait --force --max-wait 0.1", "wait"),
        ("share {} --wait --max-wait 0.1", "share"),
    ],
)
def test_all_options_are_printed_again(slow: str, tmp_path: Path, line: str, then: str) -> None:
    """Each option of the command that the next one has too is printed, with its value, but for those that must not."""
    known = values(tmp_path)
    first = line.split(maxsplit=1)[0]
    given: list[str] = []
    for name, option in options_of(first).items():
        same = options_of(then).get(name)
        if same is None or name in NOT_AGAIN or same.opts[0] not in option.opts:
            continue
        (shown,) = {*option.opts} & {*known} or {f"a value for {option.opts}"}
        value = known[shown]
        if shown not in APART:
            given += [option.opts[0], *([] if value is None else [value])]
    found = run(*line.format(slow).split(), *given)
    assert 4 == found.exit_code, found.output
    assert slow not in found.stderr.partition("  pictory wait ")[2]
    (command,) = (line for line in found.stderr.splitlines() if line.startswith(f"  pictory {then} "))
    words = shlex.split(command)
    assert sorted(given) == sorted(word for word in words if word in {*given})
    pairs = [(word, after) for word, after in itertools.pairwise(given) if word.startswith("-")]
    assert all(pair in [*zip(words, [*words[1:], ""], strict=True)] for pair in pairs if not pair[1].startswith("-"))


def test_options_before_the_command(slow: str) -> None:
    """Those that stand before the name of the command are printed after it; the later one counts."""
    found = run(
        "--rate", "100/1", "--quiet", "wait", slow, "--max-wait", "0.1", "--interval", "0.05", "--rate", "200/1"
    )
    assert "--rate 200/1" in found.stderr
    assert "--quiet" in found.stderr
    assert "--rate 100/1" not in found.stderr


def test_every_command_that_is_resumed_takes_the_options() -> None:
    """What `pictory wait` knows, `pictory resume` does too, except where to find what to wait for."""
    assert {*options_of("wait")} - NOT_AGAIN <= {*options_of("resume")}


def test_what_is_billed_goes_to_the_same_api(world: World, server: ServerThread, tmp_path: Path) -> None:
    """The command that renders what was not started has the address, the proxy and the key of the wait."""
    never = str(world.add_project())
    options = ["--base-url", server.base_url, "--interval", "0.05", "--start-grace", "0.1", "--log-format", "json"]
    given = [*options, "--download", str(tmp_path), "--max-wait", "1m"]
    text = seen("--key-command", "printenv PICTORY_API_KEY", "wait", never, *given, code=3, columns=400)
    (command,) = (line for line in text.splitlines() if line.startswith("  pictory render "))
    printed = ["pictory", "render", never, "--wait", "--key-command", "printenv PICTORY_API_KEY", *options]
    assert sorted(printed) == sorted(shlex.split(command))


def test_the_program_is_called_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name if the shell finds the same program by it, else by its path, or as a module."""
    active, other = tmp_path / "active" / "pictory", tmp_path / "other" / "pictory"
    for one in (active, other):
        one.parent.mkdir()
        one.write_text("#!/bin/sh\n")
        one.chmod(0o755)
    names = (str(active), str(other), "pictory", "/x/pictory_async/__main__.py", "/x/pytest/__main__.py")

    def called() -> list[list[str]]:
        found: list[list[str]] = []
        for name in names:
            monkeypatch.setattr(sys, "argv", [name])
            found.append(program())
        return found

    module = [sys.executable, "-m", "pictory_async"]
    monkeypatch.setenv("PATH", os.fspath(active.parent))
    assert [["pictory"], [str(other)], ["pictory"], ["pictory"], ["pictory"]] == called()
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert [[str(active)], [str(other)], ["pictory"], module, ["pictory"]] == called()
