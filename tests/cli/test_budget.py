"""Commands of one account and host share the request budget."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import BudgetTerms, SharedPace
from pictory_async.testing import ServerLimit
from tests._redis import RedisServer
from tests.cli._command import run, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import World
    from pictory_async.testing.server import ServerThread

pytest.importorskip("fcntl", reason="this system has no such locks")
click = pytest.importorskip("click", reason="the extra cli is not installed")


def files(state: Path) -> list[Path]:
    return [*(state / "budgets").iterdir()] if (state / "budgets").exists() else []


def test_two_commands_share_the_budget(server: ServerThread, world: World, state: Path) -> None:
    """Two commands at once take their requests out of one budget; its file does not tell the key."""
    ids = [str(world.add_project()) for _ in range(6)]

    def look(_: int) -> int:
        with started("project", *ids) as process:
            process.communicate()
            return process.returncode

    with ThreadPoolExecutor(2) as both:
        assert [0, 0] == [*both.map(look, range(2))]
    (file,) = files(state)
    assert len(world.log) == 12
    assert int(re.findall(r'"count": (\d+)', file.read_text())[0]) >= 12
    assert world.api_key not in file.read_text() + file.name


@pytest.mark.parametrize("options", [["--budget", "off"], ["--rate", "100/0.5"]])
def test_alone(server: ServerThread, world: World, state: Path, options: list[str]) -> None:
    """With ``--budget off``, or a window that is too short for leases, a command has its budget alone."""
    found = run("project", str(world.add_project()), *options)
    assert found.exit_code == 0, found.output
    assert not files(state)


def test_the_variable(server: ServerThread, world: World, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``PICTORY_BUDGET`` is the default of ``--budget``; what it does not know is an error before any request."""
    monkeypatch.setenv("PICTORY_BUDGET", "off")
    assert run("project", str(world.add_project())).exit_code == 0
    assert not files(state)
    monkeypatch.setenv("PICTORY_BUDGET", "moon")
    world.log.clear()
    found = run("project", str(world.add_project()))
    assert found.exit_code == 2
    assert "PICTORY_BUDGET must be 'host', 'off' or the address of a Redis server, not 'moon'." in found.stderr
    found = run("project", str(world.add_project()), "--budget", "http://secret@moon")
    assert found.exit_code == 2
    assert "--budget: url must be the address of a Redis server" in found.stderr
    assert "secret" not in found.stderr
    assert not world.log


def test_a_redis_server(server: ServerThread, world: World, state: Path, tmp_path: Path) -> None:
    """Commands of several machines share a budget on a Redis server, which knows no key."""
    redis = pytest.importorskip("redis", reason="the extra redis is not installed")
    ids = [str(world.add_project()) for _ in range(3)]
    with RedisServer(tmp_path) as there:
        for _ in range(2):
            found = run("project", "--budget", there.url, "--rate", "300/1s", *ids)
            assert found.exit_code == 0, found.output
        with redis.Redis.from_url(there.url, decode_responses=True) as client:
            (key,) = client.keys()
            assert int(client.hget(key, "count")) >= 6  # more if a lease ended before its requests were sent
            assert client.info("clients")["connected_clients"] == 1
            assert world.api_key not in f"{key} {client.hgetall(key)}"
    assert not files(state)


def test_a_refusal_is_shared(server: ServerThread, world: World, state: Path) -> None:
    """A command that gets a 429 leaves the pause and the lower pace to the next ones."""
    world.limit = ServerLimit(1, 1.0)
    assert run("project", *[str(world.add_project()) for _ in range(2)]).exit_code == 0
    (file,) = files(state)
    assert '"steps": 1,' in file.read_text()
    assert '"not_before": null' not in file.read_text()


def test_what_was_not_sent_is_given_back(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command that is stopped did not send, the next one may."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_b")
    terms = BudgetTerms(300, 60.0, 10)
    with click.Context(click.Command("project")):
        from pictory_async.cli._budget import find_limiter  # noqa: PLC0415 - needs the extra

        budget: Any = find_limiter()._grants._shared  # type: ignore[attr-defined]
        lease = anyio.run(budget.lease, terms, 10, 0.0, SharedPace())
        anyio.run(budget.give_back, terms, lease, 4)
        assert anyio.run(budget.lease, terms, 10, 0.0, SharedPace()).slots == 4


def test_a_file_that_cannot_be_used(server: ServerThread, world: World, state: Path) -> None:
    """A command goes on alone if its budget's file cannot be used, and says so once."""
    (state / "budgets").write_text("")
    found = run("project", str(world.add_project()), str(world.add_project()))
    assert found.exit_code == 0
    assert found.stderr.count("out of reach") == 1
    assert "Warning: The shared request budget in " in found.stderr
