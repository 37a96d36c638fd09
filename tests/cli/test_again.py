"""The command that is printed at the end of a wait has all options of the one that it continues."""

from __future__ import annotations

import itertools
import shlex
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import run

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import click

from pictory_async.cli._again import NOT_AGAIN
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
