"""Snapshots of all templates: equal content once, and valid whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from anyio import to_thread

from pictory_async import TemplateBackup, TemplateSnapshot, errors, verify_backup
from pictory_async._files import snapshots
from pictory_async._files.snapping import snap
from pictory_async._files.system import SYSTEM, System
from pictory_async.testing import ABSENT, Answer, Reset, Simulator, World
from tests._systems import Dying, Failing, Killed, Watched
from tests._templates import add_three, change, client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    world = World(media_base="self")
    add_three(world)
    return world


@pytest.fixture
def simulator(world: World) -> Simulator:
    return Simulator(world)


def objects(store: Path) -> set[str]:
    return {path.name for path in (store / "objects").iterdir()}


def named(store: Path) -> set[str]:
    """All content that the lists name."""
    lists = (snapshots.read(store, name) for name in snapshots.names(store))
    return {digest for one in lists for digest in snapshots._digests(one)}


async def test_equal_content_is_stored_once(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """A second snapshot stores what changed only, and both can be read."""
    store = tmp_path / "bk"
    async with client_of(simulator) as client:
        first = await client.templates.backup_all(store)
        again = await client.templates.backup_all(store)
        change(world, "T1", name="Changed")
        last = await client.templates.backup_all(store)
    assert (9, 0, 3) == (first.stored, again.stored, last.stored)
    assert ["T0", "T1", "T2"] == [*last.templates]
    found = await TemplateSnapshot.find(store)
    assert (last.taken_at, dict(last.templates)) == (found.taken_at, dict(found.templates))
    assert ("Changed", "No. 1") == ((await found.load("T1")).name, (await first.load("T1")).name)
    old = await TemplateSnapshot.find(store, at=again.taken_at)
    assert again.taken_at == old.taken_at
    assert (
        first.taken_at == (await TemplateSnapshot.find(store, at=again.taken_at - timedelta(microseconds=1))).taken_at
    )
    assert {"path", "version", "takenAt", "templates", "stored", "removed"} == json.loads(
        json.dumps(last.to_dict())
    ).keys()


async def test_old_snapshots_are_removed(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """With `keep`, the oldest snapshots are removed, and content that is in no other."""
    async with client_of(simulator) as client:
        taken = []
        for number in range(4):
            change(world, "T1", name=f"Version {number}")
            taken.append(await client.templates.backup_all(tmp_path, keep=2))
    last = taken[-1]
    assert 1 == last.removed
    assert 2 == len([*(tmp_path / "snapshots").iterdir()])
    assert 9 + 3 == len(objects(tmp_path))
    assert "Version 3" == (await last.load("T1")).name


async def test_a_template_without_files(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """A template without files is in the snapshot with its details."""
    change(world, "T2", project=ABSENT, structure=ABSENT)
    async with client_of(simulator) as client:
        found = await client.templates.backup_all(tmp_path)
    assert {"T0": 2, "T1": 2, "T2": 0} == {one: len(template.files) for one, template in found.templates.items()}


async def test_all_or_nothing(simulator: Simulator, tmp_path: Path) -> None:
    """If a template cannot be stored, there is no snapshot; the next call stores what is missing."""
    simulator.faults = lambda request, _: Answer(403) if request.path.endswith("/T2.json") else None
    async with client_of(simulator) as client:
        with pytest.raises(errors.DownloadError):
            await client.templates.backup_all(tmp_path)
        with pytest.raises(errors.PictoryConfigError, match="There is no snapshot"):
            await TemplateSnapshot.find(tmp_path)
        simulator.faults = None
        found = await client.templates.backup_all(tmp_path)
    assert 3 == len(found.templates)
    assert 9 == len(objects(tmp_path))


async def test_what_a_killed_run_leaves_is_removed(simulator: Simulator, tmp_path: Path) -> None:
    """Content that no snapshot names is removed by the next run."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
        kept = objects(tmp_path)
        for name in ("0" * 64, "0123456789ab.project.json", ".0123456789abcdef.pictory-tmp"):
            (tmp_path / "objects" / name).write_text("x")
        await client.templates.backup_all(tmp_path)
    assert kept == objects(tmp_path)


async def test_what_cannot_be_used(simulator: Simulator, tmp_path: Path) -> None:
    """A directory of something else, a bad number and two runs at once are errors, and nothing is touched."""
    (tmp_path / "other" / "objects").mkdir(parents=True)
    async with client_of(simulator) as client:
        with pytest.raises(errors.PictoryConfigError, match="of something else"):
            await client.templates.backup_all(tmp_path / "other")
        for keep in (0, True, 1.5):
            with pytest.raises(errors.PictoryConfigError, match="keep must be"):
                await client.templates.backup_all(tmp_path, keep=keep)  # type: ignore[arg-type]
        (tmp_path / "file").write_text("x")
        with pytest.raises(errors.DownloadError, match="Cannot write a snapshot"):
            await client.templates.backup_all(tmp_path / "file" / "bk")


async def test_another_process(simulator: Simulator, tmp_path: Path) -> None:
    """While another process takes a snapshot in the same directory, there is none."""
    fcntl: Any = pytest.importorskip("fcntl")
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
        descriptor = os.open(tmp_path / "snapshots", os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(errors.DownloadError, match="Another process is writing a snapshot"):
            await client.templates.backup_all(tmp_path)
        os.close(descriptor)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version": 2}', '{"version": 1}', '{"version": 1, "takenAt": "x"}', "x"]
)
async def test_a_damaged_list(simulator: Simulator, tmp_path: Path, content: str) -> None:
    """A list that cannot be read is an error, and no content is removed because of it."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
        (path,) = (tmp_path / "snapshots").iterdir()
        path.write_text(content)
        with pytest.raises(errors.PictoryConfigError, match=r"is damaged|has version"):
            await TemplateSnapshot.find(tmp_path)
        before = objects(tmp_path)
        with pytest.raises(errors.PictoryConfigError):
            await client.templates.backup_all(tmp_path)
    assert before <= objects(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda templates: templates.clear(),
        lambda templates: templates.pop(),
        lambda templates: templates.reverse(),
        lambda templates: templates[0].update(files={}),
        lambda templates: templates[0].update(name="Another"),
        lambda templates: templates[0].update(details=templates[1]["details"]),
    ],
    ids=["all removed", "one removed", "another order", "its files removed", "renamed", "details of another"],
)
async def test_a_list_that_was_changed(simulator: Simulator, tmp_path: Path, damage: Callable[[Any], object]) -> None:
    """A list has its own hash: what was removed from it, or swapped, is found."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
    (path,) = (tmp_path / "snapshots").iterdir()
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw))  # its form may change
    assert (await verify_backup(tmp_path)).ok
    damage(raw["templates"])
    path.write_text(json.dumps(raw))
    assert ["snapshot_damaged"] == [one.code for one in (await verify_backup(tmp_path)).problems]
    with pytest.raises(errors.PictoryConfigError, match="is damaged"):
        await TemplateSnapshot.find(tmp_path)


async def test_nothing_is_removed_for_a_damaged_list(simulator: Simulator, tmp_path: Path) -> None:
    """If one list cannot be read, the older ones stay, however few are to be kept."""
    async with client_of(simulator) as client:
        for _ in range(3):
            await client.templates.backup_all(tmp_path)
        lists = sorted((tmp_path / "snapshots").iterdir())
        lists[-1].write_text("x")
        with pytest.raises(errors.PictoryConfigError, match="is damaged"):
            await client.templates.backup_all(tmp_path, keep=2)
    assert set(lists) <= {*(tmp_path / "snapshots").iterdir()}


async def test_damaged_content_is_stored_again(simulator: Simulator, tmp_path: Path) -> None:
    """A snapshot does not count on a content that is damaged, or that is not a file."""
    async with client_of(simulator) as client:
        first = await client.templates.backup_all(tmp_path)
        one = first.templates["T0"]
        for digest in (one.details, one.files["project"]):
            (tmp_path / "objects" / digest).write_text("x")
        link = tmp_path / "objects" / first.templates["T1"].details
        link.rename(tmp_path / "elsewhere")
        link.symlink_to(tmp_path / "elsewhere")
        for number, digest in enumerate((first.templates["T2"].details, first.templates["T2"].files["structure"])):
            in_the_way = tmp_path / "objects" / digest
            in_the_way.unlink()
            in_the_way.mkdir()
            if number:
                (in_the_way / "mine").write_text("x")
        assert not (await verify_backup(tmp_path)).ok
        assert 5 == (await client.templates.backup_all(tmp_path)).stored
    assert (await verify_backup(tmp_path)).ok
    # A directory is somebody's: it is not removed, but has another name.
    aside = [path for path in (tmp_path / "objects").iterdir() if path.is_dir()]
    assert [0, 1] == sorted(len([*path.iterdir()]) for path in aside)


async def test_snapshots_are_verified(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """What any list names must be there and fit its name, and each list must be readable."""
    async with client_of(simulator) as client:
        old = await client.templates.backup_all(tmp_path)
        change(world, "T0", name="New")
        await client.templates.backup_all(tmp_path)
    check = await verify_backup(tmp_path)
    assert (True, None, tmp_path) == (check.ok, check.backup, check.path)
    details = old.templates["T0"].details
    (tmp_path / "objects" / details).unlink()
    newest = max((tmp_path / "snapshots").iterdir())
    newest.write_text("{")
    list_problem, problem = (await verify_backup(tmp_path)).problems
    assert ("file_missing", f"objects/{details}") == (problem.code, problem.file)
    assert ("snapshot_damaged", f"snapshots/{newest.name}") == (list_problem.code, list_problem.file)
    assert str(Path("snapshots", newest.name)) + " is damaged." == list_problem.message
    shutil.rmtree(tmp_path / "snapshots")
    assert ["snapshot_missing"] == [one.code for one in (await verify_backup(tmp_path)).problems]
    (tmp_path / "snapshots").symlink_to("snapshots")
    (problem,) = (await verify_backup(tmp_path)).problems
    assert ("snapshot_damaged", True) == (problem.code, problem.message.startswith("snapshots cannot be read: "))


@pytest.mark.parametrize("moment", ["before the lists are read", "after them"])
async def test_snapshots_that_another_process_removes_meanwhile(
    world: World, simulator: Simulator, tmp_path: Path, moment: str
) -> None:
    """A snapshot that is removed while it is checked is no problem, nor is the content that only it has."""

    class Removing(System):
        def names(self, path: Path) -> list[str]:
            found = super().names(path)
            if moment == "before the lists are read":
                assert snapshots.prune(tmp_path, 1, SYSTEM) in {0, 1}
            return found

        def close(self, descriptor: int) -> None:
            super().close(descriptor)
            if moment == "after them":  # the first one, which is the oldest, has just been read
                assert snapshots.prune(tmp_path, 1, SYSTEM) in {0, 1}

    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
        change(world, "T0", name="New")
        await client.templates.backup_all(tmp_path)
    assert (await to_thread.run_sync(snapshots.check, tmp_path, Removing())).ok
    assert len(list((tmp_path / "snapshots").iterdir())) == 1
    assert (await verify_backup(tmp_path)).ok


async def test_no_name_leads_out(simulator: Simulator, tmp_path: Path) -> None:
    """A list that names something else than contents is damaged, also one of the first lists, which had no hash."""
    async with client_of(simulator) as client:
        await client.templates.backup_all(tmp_path)
    (path,) = (tmp_path / "snapshots").iterdir()
    raw = json.loads(path.read_text())
    del raw["sha256"]
    path.write_text(json.dumps(raw))
    assert 3 == len((await TemplateSnapshot.find(tmp_path)).templates)
    raw["templates"][0]["details"] = "../../etc/passwd"
    path.write_text(json.dumps(raw))
    with pytest.raises(errors.PictoryConfigError, match="is damaged"):
        await TemplateSnapshot.find(tmp_path)


async def test_an_error_of_the_network_is_its_own(simulator: Simulator, tmp_path: Path) -> None:
    """A lost connection is not reported as a failure of the disk."""
    simulator.faults = lambda request, _: Reset() if request.path.endswith("/T1") else None
    async with client_of(simulator) as client:
        with pytest.raises(errors.ConnectionFailedError):
            await client.templates.backup_all(tmp_path)


async def test_what_is_not_there(simulator: Simulator, tmp_path: Path) -> None:
    """A template, a date or content that is not there, and content that was changed, are errors."""
    async with client_of(simulator) as client:
        found = await client.templates.backup_all(tmp_path)
    with pytest.raises(errors.PictoryConfigError, match="has no template 'nope'"):
        await found.load("nope")
    for at in (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1)):  # noqa: DTZ001 - as a user may pass it
        with pytest.raises(errors.PictoryConfigError, match="newer than that"):
            await TemplateSnapshot.find(tmp_path, at=at)
    path = tmp_path / "objects" / found.templates["T0"].details
    path.write_text("{}")
    with pytest.raises(errors.PictoryConfigError, match="is damaged"):
        await found.load("T0")
    path.unlink()
    with pytest.raises(errors.PictoryConfigError, match="cannot be read"):
        await found.load("T0")
    (name,) = (tmp_path / "snapshots").iterdir()
    name.unlink()
    name.mkdir()
    with pytest.raises(errors.PictoryConfigError, match="cannot be read"):
        await TemplateSnapshot.find(tmp_path)


async def test_a_backup_is_loaded(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """A backup of one template can be loaded: the template is the same as when it was backed up."""
    async with client_of(simulator) as client:
        template = await client.templates.get("T1")
        await client.templates.backup("T1", tmp_path / "T1")
    found = await TemplateBackup.load(tmp_path / "T1")
    assert found.template is not None
    assert (template.name, template.scenes, "T1") == (found.template.name, found.template.scenes, found.template_id)
    (tmp_path / "T1" / "project.json").unlink()
    with pytest.raises(errors.PictoryConfigError, match=r"project\.json is missing"):
        await TemplateBackup.load(tmp_path / "T1")
    with pytest.raises(errors.PictoryConfigError, match=r"manifest\.json is missing"):
        await TemplateBackup.load(tmp_path)


async def test_a_kill_at_any_moment(tmp_path: Path) -> None:
    """Killed or failing at any call, every list can be read with all that it names; the next run tidies up."""
    world = World(media_base="self")
    world.add_template("Hi", template_id="T", name="Old")
    simulator = Simulator(world)
    async with client_of(simulator) as client:
        templates = client.templates

        async def ids() -> AsyncIterator[str]:
            yield "T"

        async def run(store: Path, system: System) -> None:
            with contextlib.suppress(Killed, errors.DownloadError):
                await snap(templates._fetcher.get(), store, ids(), templates._fetch, 1, system)

        await templates.backup_all(tmp_path / "first")
        change(world, "T", name="New")
        watched = Watched()
        await run(Path(shutil.copytree(tmp_path / "first", tmp_path / "whole")), watched)
        for number in range(1, watched.count + 2):
            kind = (Dying, Failing)[number % 2]
            store = Path(shutil.copytree(tmp_path / "first", tmp_path / f"{kind.__name__}{number}"))
            system = kind(number)
            await run(store, system)
            system.bury()
            found = await TemplateSnapshot.find(store)
            assert await to_thread.run_sync(named, store) <= objects(store)
            assert (await found.load("T")).name in {"Old", "New"}
            await templates.backup_all(store, keep=1)
            assert "New" == (await (await TemplateSnapshot.find(store)).load("T")).name
            assert (1, 3) == (len([*(store / "snapshots").iterdir()]), len(objects(store)))
            shutil.rmtree(store)
