"""Backups are complete or do not look so, whatever happens while they are assembled and moved."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio
import pytest

from pictory_async import errors, verify_backup
from pictory_async._files.manifest import FILES, MANIFEST, TemplateBackup, check, manifest_of, measure
from pictory_async._files.staging import Staging
from pictory_async._files.system import SYSTEM, System
from pictory_async.testing import Simulator, World
from tests._systems import Dying, Failing, Killed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file locks of this kind")


def back_up(path: Path, content: bytes, system: System = SYSTEM, template_id: str = "t") -> None:
    """Back up a template as `pictory_async._files.backup` does, without a network."""
    staging = Staging(path, template_id, system)
    staging.examine()
    try:
        staging.open()
        for name in FILES:
            staging.directory.write(name, content + name.encode())
        backup = TemplateBackup(
            path=path,
            template_id=template_id,
            name=content.decode(),
            exported_at=datetime.now(UTC),
            files=tuple(measure(staging.path / name) for name in FILES),
        )
        staging.directory.write(MANIFEST, json.dumps(manifest_of(backup)).encode())
        staging.commit()
    finally:
        staging.close()


def whole(path: Path) -> bytes | None:
    """The content of a backup that is complete."""
    found = check(path)
    return found.backup.name.encode() if found.ok and found.backup is not None and found.backup.name else None


@pytest.mark.parametrize("make", [Dying, Failing])
@pytest.mark.parametrize("old", [True, False])
def test_a_backup_that_ends_anywhere_is_whole_or_not_taken_for_whole(
    tmp_path: Path, make: Callable[[int], Dying | Failing], old: bool
) -> None:
    """Killed or failing at any call, it leaves the old one, the new one, or none; the next one ends right."""
    for number in itertools.count(1):
        path = tmp_path / str(number)
        if old:
            back_up(path, b"old")
        system = make(number)
        with contextlib.suppress(Killed, OSError, errors.PictoryConfigError):
            back_up(path, b"new", system)
        system.bury()
        assert whole(path) in {b"old" if old else None, None, b"new"}, number
        back_up(path, b"newer")
        assert (b"newer", [MANIFEST, *sorted(FILES)]) == (whole(path), sorted(one.name for one in path.iterdir()))
        if system.count < number:
            return


@pytest.mark.parametrize("plant", ["directory", "file"])
def test_a_planted_link_in_place_of_the_hidden_directory_leads_nowhere(tmp_path: Path, plant: str) -> None:
    """What it leads to stays as it is."""
    outside = tmp_path / "outside"
    path = tmp_path / "backup"
    path.mkdir()
    if plant == "directory":
        outside.mkdir()
        Staging(path, "t").path.symlink_to(outside)
        with pytest.raises(FileExistsError, match="is a link"):
            back_up(path, b"new")
        assert [] == list(outside.iterdir())
        return
    outside.write_bytes(b"precious")
    staging = Staging(path, "t")
    staging.path.mkdir()
    for name in (*FILES, MANIFEST):
        (staging.path / name).symlink_to(outside)
    back_up(path, b"new")
    assert (b"precious", b"new") == (outside.read_bytes(), whole(path))


def test_of_two_templates_in_one_new_directory_the_second_is_refused(tmp_path: Path) -> None:
    """Both found it empty; the one that is complete first stays, and the other one leaves nothing."""
    first = Staging(tmp_path / "backup", "one")
    assert not first.examine()
    back_up(tmp_path / "backup", b"other", template_id="other")
    first.open()
    first.directory.write(MANIFEST, (tmp_path / "backup" / MANIFEST).read_bytes().replace(b'"other"', b'"one"', 1))
    with contextlib.closing(first), pytest.raises(errors.PictoryConfigError, match="another template, 'other'"):
        first.commit()
    assert b"other" == whole(tmp_path / "backup")
    assert [MANIFEST, *sorted(FILES)] == sorted(one.name for one in (tmp_path / "backup").iterdir())


def test_a_hidden_directory_that_was_removed_meanwhile_is_made_again(tmp_path: Path) -> None:
    """Another process completed its backup between two calls of this one."""

    class Removing(Dying):
        def __init__(self) -> None:
            super().__init__(10_000)
            self.before = self.remove
            self.removed = False

        def remove(self, _number: int, name: str) -> None:
            if name == "lock" and not self.removed:
                self.removed = True
                (tmp_path / Staging(tmp_path, "t").path.name).rmdir()

    back_up(tmp_path, b"new", Removing())
    assert b"new" == whole(tmp_path)


def test_a_system_that_cannot_open_directories_makes_backups(tmp_path: Path) -> None:
    """On Windows, directories cannot be locked."""

    class NoDirectories(System):
        def open_directory(self, path: Path) -> int:
            raise PermissionError

    back_up(tmp_path, b"new", NoDirectories())
    assert b"new" == whole(tmp_path)


@pytest.mark.anyio
@pytest.mark.parametrize("same", [True, False])
async def test_backups_into_one_directory_at_once(tmp_path: Path, same: bool) -> None:
    """Calls of one client take turns: of the same template all succeed, of two templates the first one does."""
    world = World(media_base="self")
    first, second = world.add_template("Hi"), world.add_template("Ho")
    failed: list[errors.PictoryError] = []
    async with Simulator(world).client() as client:

        async def one(template_id: str) -> None:
            try:
                await client.templates.backup(template_id, tmp_path)
            except errors.PictoryError as error:
                failed.append(error)

        async with anyio.create_task_group() as tasks:
            for template_id in (first, first if same else second):
                tasks.start_soon(one, template_id)
    assert (0 if same else 1) == len(failed)
    assert all("another template" in str(error) for error in failed)
    assert (await verify_backup(tmp_path)).ok
