"""Nothing that happens to one snapshot costs an earlier one: responses that are not true, and empty lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pictory_async import TemplateSnapshot, errors, verify_backup
from pictory_async.testing import Answer, Simulator, World
from tests._rendering import VIRTUAL
from tests._templates import add_three, change, client_of, delete, deleting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest

pytestmark = VIRTUAL

JSON = {"content-type": "application/json"}
HTML = Answer(404, {"content-type": "text/html"}, b"<html>404 nginx</html>")
NOT_FOUND = Answer(404, JSON, b'{"message": "Not Found"}')


@pytest.fixture
def world() -> World:
    world = World(media_base="self", page_size=2)
    add_three(world)
    return world


@pytest.fixture
def simulator(world: World) -> Simulator:
    return Simulator(world)


def listing(*ids: str) -> Callable[[SimRequest, float], Fault | None]:
    """Let the list of templates have these, and no other ones."""
    body = json.dumps({"items": [{"templateId": one, "name": one} for one in ids]}).encode()
    return lambda request, _: Answer(200, JSON, body) if request.path.endswith("/v1/templates") else None


def files(store: Path) -> set[Path]:
    return {path for path in store.rglob("*") if path.is_file()}


def details(world: World) -> list[str]:
    """The templates that were fetched, by the ends of their paths."""
    paths = [entry.path for entry in world.log if "/v1/templates/" in entry.path]
    return [path.rpartition("/")[2] for path in paths]


async def test_a_moment_in_which_a_template_is_not_found(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """The second request finds it, and the snapshot has it."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path, keep=1)
        answers = iter([NOT_FOUND])
        simulator.faults = lambda request, _: next(answers, None) if request.path.endswith("/T1") else None
        found = await client.templates.backup_all(tmp_path, keep=1)
    assert ["T0", "T1", "T2"] == [*found.templates]


@pytest.mark.parametrize("answer", [HTML, NOT_FOUND, Answer(404), Answer(404, JSON, b"{}")])
@pytest.mark.parametrize("lost", ["/T1", "/T0 /T1 /T2"])
async def test_what_is_listed_and_not_found(simulator: Simulator, tmp_path: Path, answer: Answer, lost: str) -> None:
    """There is no snapshot without it, whoever says so, and the earlier one stays as it is."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path, keep=1)
        before = files(tmp_path)
        simulator.faults = lambda request, _: answer if request.path.endswith((*lost.split(),)) else None
        with pytest.raises(errors.NotFoundError):
            await client.templates.backup_all(tmp_path, keep=1)
    assert before == files(tmp_path)
    assert (await verify_backup(tmp_path)).ok


async def test_a_template_that_is_deleted_meanwhile(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """Two requests and a new list say so: the snapshot does not have it, and each of the others is fetched once."""
    simulator.faults = deleting(world, "T0")
    async with client_of(simulator) as client:
        found = await client.templates.backup_all(tmp_path)
    assert ["T1", "T2"] == [*found.templates]
    assert ["T0", "T0", "T1", "T2"] == sorted(details(world))


@pytest.mark.parametrize("listed", [(), ("T0",), ("T2", "T1")])
async def test_a_list_that_is_cut_off(simulator: Simulator, tmp_path: Path, listed: tuple[str, ...]) -> None:
    """What the last snapshot has, and the list has not, is fetched: it is left out only if it was deleted."""
    async with client_of(simulator) as client:
        first = await client.templates.backup_all(tmp_path, keep=1)
        simulator.faults = listing(*listed)
        found = await client.templates.backup_all(tmp_path, keep=1)
    assert dict(first.templates) == dict(found.templates)
    assert (await verify_backup(tmp_path)).ok


async def test_a_template_that_was_deleted_before(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """It is asked for once more, and is in the next snapshots no longer."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
        delete(world, "T1")
        for requests in (2, 0):
            world.log.clear()
            assert ["T0", "T2"] == [*(await client.templates.backup_all(tmp_path)).templates]
            assert requests == details(world).count("T1")


async def test_an_account_without_templates(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """Its snapshots are empty, remove none that is not, and do not count as some that are kept."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
        change(world, "T0", name="Changed")
        full = await client.templates.backup_all(tmp_path)
        for number in range(3):
            delete(world, f"T{number}")
        for _ in range(2):
            found = await client.templates.backup_all(tmp_path, keep=1)
            assert ({}, 0) == (found.templates, found.removed)
        assert "Changed" == (await (await TemplateSnapshot.find(tmp_path, at=full.taken_at)).load("T0")).name
        world.add_template("Hi", template_id="T9")
        found = await client.templates.backup_all(tmp_path, keep=2)
        assert (["T9"], 1) == ([*found.templates], found.removed)
    assert [3, 0, 0, 1] == [
        len(json.loads(path.read_text())["templates"]) for path in sorted((tmp_path / "snapshots").iterdir())
    ]


async def test_a_template_that_is_listed_twice(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """It is stored once: pages can overlap when something is saved meanwhile."""
    simulator.faults = listing("T1", "T0", "T1")
    async with client_of(simulator) as client:
        assert ["T1", "T0"] == [*(await client.templates.backup_all(tmp_path)).templates]
    assert ["T0", "T1"] == sorted(details(world))
