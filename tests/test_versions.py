"""Earlier versions and subdirectories on disk, whatever is killed, fails or is planted at any call."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async._files.inside import checked_name, find, make_room
from pictory_async._files.ownership import Ownership
from pictory_async._files.publish import Directory
from pictory_async._files.system import System
from tests._files import MANIFEST, names_in
from tests._systems import DATES, NEW, OLD, Dying, Failing, Killed, Watched, download, published, without

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async._files.partfile import OnConflict

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file locks of this kind")

SUB = "{name}/{name}.{ext}"
DATED = "{name} {date}.{ext}"
CASES = [
    (keep_old, naming, missing)
    for keep_old, naming in ((0, DATED), (1, None), (1, SUB), (1, DATED))
    for missing in ((), ("links",), ("links", "locks"))
]


def update(directory: Path, system: System, keep_old: int, naming: str | None, content: bytes = NEW) -> None:
    """Download with "update"."""
    download(directory, system, content, "update", keep_old, naming)


@pytest.mark.parametrize(("keep_old", "naming", "missing"), CASES)
@pytest.mark.parametrize("end", [Dying, Failing])
def test_no_version_is_lost_at_any_call(
    tmp_path: Path, keep_old: int, naming: str | None, missing: tuple[str, ...], end: type[Dying | Failing]
) -> None:
    """A kill or a full disk leaves complete files and the newest of them, and the next download puts it right."""
    for number in itertools.count(1):
        directory = tmp_path / str(number)
        update(directory, System(), keep_old, naming, OLD)
        system = end(number)
        with contextlib.suppress(Killed, OSError):
            update(directory, without(system, *missing), keep_old, naming)
        system.bury()
        found = published(directory)
        assert {*found} <= {OLD, NEW}, number
        assert found, number
        assert keep_old == 0 or OLD in found, number
        update(directory, System(), keep_old, naming)
        left = published(directory)
        # Who is killed before a version too many is removed leaves that to the next new version.
        assert sorted([*[OLD] * keep_old, NEW]) == sorted(left) or (keep_old, naming) == (0, DATED), number
        assert NEW in left
        if system.count < number:
            assert number > 20
            return


@pytest.mark.parametrize("policy", ["rename", "overwrite", "update"])
def test_a_link_that_is_planted_at_any_call(tmp_path: Path, policy: Any) -> None:
    """Until the last call before a file gets its name, nothing is written, replaced or removed through it."""
    for number in range(1, 200):
        home, elsewhere, aside = (tmp_path / f"{name} {number}" for name in ("home", "elsewhere", "aside"))
        download(home, content=OLD, policy=policy, naming=SUB)
        elsewhere.mkdir()
        (elsewhere / "Film.mp4").write_bytes(b"treasure")

        def plant(
            count: int, call: str, number: int = number, home: Path = home, elsewhere: Path = elsewhere,
            aside: Path = aside,
        ) -> None:  # fmt: skip
            # By name: nobody can notice what happens between the last look and the call itself.
            if count == number and call not in {"link", "rename", "replace", "unlink"}:
                (home / "Film").rename(aside)
                (home / "Film").symlink_to(elsewhere)

        system = Watched(plant)
        try:
            download(home, system, policy=policy, keep_old=1 if policy == "update" else 0, naming=SUB)
        except OSError as error:
            assert error.errno in {errno.ENOTDIR, errno.EBUSY}, number  # noqa: PT017 - some calls are too late
        assert [b"treasure"] == [path.read_bytes() for path in elsewhere.iterdir()], number
        if system.count < number:
            return
    raise AssertionError


@pytest.mark.parametrize("name", ["", ".", "..", "a/..", "/a", "a//b", "a\\b", "a:b", "a\0b", "a/", "\ud800"])
def test_names_that_could_lead_out(name: str) -> None:
    """No entry of a manifest has such a name."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        checked_name(name)


def test_what_is_below_a_directory(tmp_path: Path) -> None:
    """A name stands for nothing if what is before it is no directory; room is made for it only where there is some."""
    directory = Directory(tmp_path)
    assert find(directory, "a/b/c") is None
    make_room(directory, "a/b/c")
    make_room(directory, "a/b/c")
    assert find(directory, "a/b/c") is None
    (tmp_path / "a" / "b" / "c").write_bytes(NEW)
    assert find(directory, "a/b/c") is not None
    assert find(directory, "a/b/c/d") is None
    with pytest.raises(OSError, match="Not a directory"):
        make_room(directory, "a/b/c/d")


class Timeless(System):
    """A file system that cannot set times."""

    def date(self, descriptor: int, path: Path, modified: int) -> None:
        """Set the time of an open file's last change."""
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("policy", ["rename", "skip", "overwrite", "update"])
def test_a_file_system_that_cannot_set_times(tmp_path: Path, policy: OnConflict) -> None:
    """Then a file has the time of its download, and is known again by that."""
    path = download(tmp_path, Timeless(), OLD, policy)
    assert DATES[OLD].timestamp() != path.stat().st_mtime
    assert download(tmp_path, Timeless(), NEW, policy) == path
    assert [NEW] == published(tmp_path)


class Rival(System):
    """Another program has a name just before it is given to a file."""

    def __init__(self, *, has_links: bool) -> None:
        self.has_links = has_links
        self.target: Path | None = None

    def link(self, descriptor: int, path: Path, target: Path) -> None:
        """Give an open file a second name."""
        if self.target is None:
            self.target = target
            target.write_bytes(b"mine")
        if not self.has_links:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        super().link(descriptor, path, target)


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_appears_where_an_earlier_version_goes(tmp_path: Path, has_links: bool) -> None:
    """It stays, and the earlier version gets a number."""
    download(tmp_path, content=OLD)
    update(tmp_path, Rival(has_links=has_links), 1, None)
    names = ["Film (2026-01-01T00-00-00) (2).mp4", "Film (2026-01-01T00-00-00).mp4", "Film.mp4"]
    assert names == names_in(tmp_path)
    assert [OLD, b"mine", NEW] == [(tmp_path / name).read_bytes() for name in names]


@pytest.mark.parametrize("rendered", ["yesterday", None])
def test_an_earlier_version_without_a_date(tmp_path: Path, rendered: str | None) -> None:
    """It is called by the time of its last change, as is one whose date cannot be read."""
    download(tmp_path, content=OLD)
    manifest = json.loads((tmp_path / MANIFEST).read_bytes())
    manifest["projects"]["p"]["files"][0]["edition"] = {"rendered": rendered, "address": "another"}
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    download(tmp_path, content=NEW, policy="update", keep_old=1)
    assert ["Film (2026-01-01T00-00-00).mp4", "Film.mp4"] == names_in(tmp_path)


def test_an_entry_of_another_project_for_a_name_that_it_did_not_get(tmp_path: Path) -> None:
    """A project does not take a file for its own that happens to have the size and date of what it wanted to write."""
    download(tmp_path, content=NEW)
    manifest = json.loads((tmp_path / MANIFEST).read_bytes())
    entry = manifest["projects"]["p"]["files"][0]
    claim = {"stem": "Film", "files": [{**entry, "inode": entry["inode"] + 1}]}
    (tmp_path / MANIFEST).write_text(json.dumps({**manifest, "projects": {"a": claim, **manifest["projects"]}}))
    owners = Ownership(Directory(tmp_path))
    assert owners.find("a", "video") is None
    assert owners.find("p", "video") is not None
    assert os.stat(tmp_path / "Film.mp4").st_mtime == DATES[NEW].timestamp()  # noqa: PTH116 - compared as numbers
