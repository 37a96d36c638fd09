"""Files get their names when they are complete, whatever happens at any moment."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import errors
from pictory_async._files.partfile import PartFile
from pictory_async._files.place import check_writable
from pictory_async._files.publish import Directory, Draft
from pictory_async._files.system import SYSTEM, System
from tests._files import MANIFEST, names_in
from tests._systems import NEW, OLD, Dying, Failing, Killed, Watched, download, published, without

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async._files.partfile import OnConflict

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file locks of this kind")

POLICIES: list[OnConflict] = ["rename", "skip", "overwrite"]
MISSING = [(), ("links",), ("locks",), ("links", "locks")]


def pairs(values: list[Any]) -> list[tuple[OnConflict, tuple[str, ...], Any]]:
    """Each policy with each thing that is missing; the values take turns, so that each meets each of both.

    All three together are in the worlds of test_filing.py.
    """
    return [
        (policy, missing, values[(first + second) % len(values)])
        for first, policy in enumerate(POLICIES)
        for second, missing in enumerate(MISSING)
    ]


def places(tmp_path: Path, *, old: bool) -> Iterator[tuple[int, Path]]:
    """A new directory for each call at which something may happen, with an older version of the film or without."""
    for number in itertools.count(1):
        directory = tmp_path / str(number)
        if old:
            download(directory, content=OLD)
        yield number, directory


@pytest.mark.parametrize(("policy", "missing", "old"), pairs([True, False]))
def test_a_kill_at_any_call_leaves_complete_files(
    tmp_path: Path, policy: OnConflict, old: bool, missing: tuple[str, ...]
) -> None:
    """The old film or the new one is there, and the next download leaves the new one and nothing else."""
    for number, directory in places(tmp_path, old=old):
        system = Dying(number)
        killed = False
        try:
            download(directory, without(system, *missing), policy=policy)
        except Killed:
            killed = True
        system.bury()
        assert published(directory) in ([[OLD], [NEW]] if old else [[], [NEW]]), number
        download(directory, policy=policy)
        left = names_in(directory)
        if "locks" in missing:  # nobody can tell that a part was abandoned, until there are locks
            left = [name for name in left if not name.endswith((".part", ".part.json"))]
        assert ["Film.mp4"] == left, number
        assert [NEW] == published(directory)
        if not killed:
            assert number > 20
            return


@pytest.mark.parametrize(("policy", "missing", "old"), pairs([True, False]))
def test_a_call_that_fails_leaves_complete_files(
    tmp_path: Path, policy: OnConflict, old: bool, missing: tuple[str, ...]
) -> None:
    """A full disk at any call is an error or does not matter, and the same download succeeds afterwards."""
    for number, directory in places(tmp_path, old=old):
        system = Failing(number)
        try:
            download(directory, without(system, *missing), policy=policy)
        except OSError:
            pass
        else:
            assert [NEW] == published(directory)
        assert published(directory) in [[], [OLD], [NEW]], number
        system.bury()
        download(directory, policy=policy)
        assert [NEW] == published(directory), number
        if system.count < number:
            return


def delete_parts(directory: Path, missing: tuple[str, ...] = ()) -> None:
    """What a user does who tidies up."""
    for path in directory.glob("*.part*"):
        path.unlink()


def another_process(directory: Path, missing: tuple[str, ...]) -> None:
    """Another process downloads the same film; if the directory is locked, it does not wait."""
    with contextlib.suppress(BlockingIOError):
        download(directory, without(impatient(), *missing))


def begin_anew(directory: Path, missing: tuple[str, ...]) -> None:
    """A user tidies up, and another process begins the same download and is killed in the middle."""
    delete_parts(directory)
    system = impatient()
    writes: list[int] = []

    def stop(number: int, name: str) -> None:
        writes.extend([number] if name == "write" else [])
        if len(writes) > 2:  # the note, and a piece of the film
            raise Killed

    system.before = stop
    with contextlib.suppress(BlockingIOError, Killed):
        download(directory, without(system, *missing))
    system.bury()


def impatient() -> Watched:
    """A system on which waiting takes no time."""
    system = Watched()
    system.sleep = lambda seconds: None  # type: ignore[method-assign]
    return system


@pytest.mark.parametrize(("policy", "missing", "interfere"), pairs([delete_parts, another_process, begin_anew]))
def test_interference_at_any_call_publishes_nothing_incomplete(
    tmp_path: Path, policy: OnConflict, interfere: object, missing: tuple[str, ...]
) -> None:
    """Whatever another process or a user does between two calls, each file with a final name is complete."""
    assert callable(interfere)
    for number, directory in places(tmp_path, old=True):
        seen: list[bytes] = []

        def act(
            count: int, _name: str, directory: Path = directory, number: int = number, seen: list[bytes] = seen
        ) -> None:
            if count == number:
                interfere(directory, missing)
            seen.extend(published(directory))

        system = Watched(act)
        try:
            path = download(directory, without(system, *missing), policy=policy)
        except OSError:
            pass
        else:
            assert NEW == path.read_bytes(), number
        assert {OLD, NEW} >= {*seen, *published(directory)}, number
        if system.count < number:
            return


@pytest.mark.parametrize("plant", ["link", "dangling link", "hard link", "directory", "pipe"])
def test_nothing_planted_is_written_to(tmp_path: Path, plant: str) -> None:
    """A link at the name of a part, or of its note, leads nowhere; what it leads to stays as it is."""
    directory, outside = tmp_path / "here", tmp_path / "outside"
    names = part_names(directory)
    outside.write_bytes(b"precious")
    for name in names:
        if plant == "hard link":
            os.link(outside, directory / name)
        elif plant == "directory":
            (directory / name).mkdir()
        elif plant == "pipe":
            os.mkfifo(directory / name)
        else:
            (directory / name).symlink_to(outside if plant == "link" else tmp_path / "nothing")
    assert NEW == download(directory).read_bytes()
    assert b"precious" == outside.read_bytes()
    assert not (tmp_path / "nothing").exists()
    assert (directory / MANIFEST).is_file()


def part_names(directory: Path) -> list[str]:
    """The names of a part and its note, as a killed download leaves them."""
    system = Watched()

    def die(_number: int, name: str) -> None:
        if name == "sync":
            raise Killed

    system.before = die
    with pytest.raises(Killed):
        download(directory, system)
    system.bury()
    names = names_in(directory)
    for name in names:
        (directory / name).unlink()
    assert 2 == len(names)
    return names


def test_a_manifest_that_is_a_link_leads_nowhere(tmp_path: Path) -> None:
    """The manifest is replaced, not what a link in its place leads to."""
    (tmp_path / "outside").write_bytes(b"precious")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / MANIFEST).symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="symbolic"):
        download(tmp_path / "here")
    assert b"precious" == (tmp_path / "outside").read_bytes()


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    """A file that only its owner may read stays so, and a new one gets the usual permissions."""
    (tmp_path / "Film.mp4").write_bytes(OLD)
    (tmp_path / "Film.mp4").chmod(0o600)
    path = download(tmp_path)
    assert (NEW, 0o600) == (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))


def test_the_lock_of_a_directory_is_waited_for(tmp_path: Path) -> None:
    """Who finds a directory locked tries again until it is free."""
    holder, waiter = Watched(), Watched()
    lock = Directory(tmp_path, holder).locked()
    lock.__enter__()

    def release(seconds: float) -> None:
        lock.__exit__(None, None, None)

    waiter.sleep = release  # type: ignore[method-assign]
    with Directory(tmp_path, waiter).locked():
        assert 1 == len(waiter.descriptors)
    assert not holder.descriptors


def test_short_files_leave_nothing_when_they_cannot_be_written(tmp_path: Path) -> None:
    """A call that fails removes what it began."""
    system: System = Failing(6)
    with pytest.raises(OSError, match="No space"):
        Directory(tmp_path, system).write("x", b"y")
    assert [] == names_in(tmp_path)


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("policy", ["rename", "skip"])
def test_a_file_that_appears_at_the_last_moment_is_kept(tmp_path: Path, policy: OnConflict, links: bool) -> None:
    """Another program makes a file of that name just before the download gets it."""

    class Late(System):
        def link(self, descriptor: int, path: Path, target: Path) -> None:
            if not seen:
                target.write_bytes(b"somebody else's")
            seen.append(target)
            if not links:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            super().link(descriptor, path, target)

    seen: list[Path] = []
    path = download(tmp_path, Late(), policy=policy)
    assert b"somebody else's" == (tmp_path / "Film.mp4").read_bytes()
    assert ("Film.mp4" if policy == "skip" else "Film (2).mp4") == path.name
    assert (["Film.mp4"] if policy == "skip" else ["Film (2).mp4", "Film.mp4"]) == names_in(tmp_path)


@pytest.mark.parametrize("missing", [(), ("links",)])
@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("planted", ["a file", "a link", "nothing"])
def test_what_is_published_is_what_was_written(
    tmp_path: Path, planted: str, old: bool, missing: tuple[str, ...]
) -> None:
    """Whatever takes the place of the unfinished file at any call, it is not published, and not continued."""
    treasure = tmp_path / "treasure"
    treasure.write_bytes(b"1234567")
    for number, directory in places(tmp_path, old=old):

        def interfere(count: int, name: str, number: int = number, directory: Path = directory) -> None:
            # Renaming is by name: nobody can notice what happens between the last look at a file and that.
            if count != number or name in {"rename", "replace"}:
                return
            for path in directory.glob("*.part"):
                path.unlink()
                if planted == "a link":
                    path.symlink_to(treasure)
                elif planted == "a file":
                    (tmp_path / "other").write_bytes(b"1234567")
                    (tmp_path / "other").rename(path)

        system = Watched(interfere)
        with contextlib.suppress(OSError):
            download(directory, without(system, *missing), policy="rename")
        system.bury()
        assert published(directory) in ([[OLD], [NEW]] if old else [[], [NEW]]), number
        download(directory, policy="rename")
        assert [NEW] == published(directory), number
        assert b"1234567" == treasure.read_bytes()
        if system.count < number:
            return


def test_the_longest_of_several_parts_is_continued(tmp_path: Path) -> None:
    """Processes that were killed at the same time may leave several; the others are removed."""
    drafts: list[Path] = []
    for length in (3, 7, 5):
        part = PartFile(Directory(tmp_path), "Film.mp4", str(length))
        part.open()
        part.describe('"tag"', 10)
        part.write(bytes(length))
        part.close()
        (path,) = (path for path in tmp_path.glob("*.part") if path not in drafts)
        drafts.append(path)
    owner = drafts[0].name.split(".")[2]
    for number, path in enumerate(drafts):
        for end in ("", ".json"):
            path.with_name(path.name + end).rename(tmp_path / f"Film.mp4.{owner}.{number}.part{end}")
    part = PartFile(Directory(tmp_path), "Other name.mp4", "3")
    part.find()
    assert (7, 10) == (part.size, part.total)
    assert 2 == len(names_in(tmp_path))
    part.discard()
    assert [] == names_in(tmp_path)


def test_a_closed_draft_is_not_written_to(tmp_path: Path) -> None:
    """What is not open is an error, not another file."""
    draft = Draft.create(tmp_path, "x", ".part", SYSTEM)
    draft.close()
    part = PartFile(Directory(tmp_path), "Film.mp4", "p")
    for write in (draft.write, part.write):
        with pytest.raises(OSError, match="Bad file descriptor"):
            write(b"x")


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A directory in place of the manifest is an error."""
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(OSError, match="Not a regular file"):
        download(tmp_path)


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="needs a file that cannot be locked")
def test_a_file_system_without_locks_is_noticed(tmp_path: Path) -> None:
    """An error of the lock is no error of the download."""
    descriptor = os.open(tmp_path, os.O_PATH)
    try:
        assert SYSTEM.lock(descriptor) is False
    finally:
        os.close(descriptor)


def test_a_directory_without_permission_is_told_before_it_is_used(tmp_path: Path) -> None:
    """The error names the directory that was asked for, also if only a directory above it exists."""

    class Denied(System):
        def access(self, path: Path, mode: int) -> bool:
            return path != tmp_path

    with pytest.raises(errors.DownloadError, match=r"Cannot write files to .*/new/deep: Permission denied"):
        check_writable(tmp_path / "new" / "deep", Denied())
    assert [] == names_in(tmp_path)


def test_a_part_that_somebody_wrote_to_is_not_published(tmp_path: Path) -> None:
    """A file that is longer than what was written is somebody else's work, too."""

    def append(_number: int, name: str) -> None:
        if name == "sync":
            (part,) = tmp_path.glob("*.part")
            part.write_bytes(part.read_bytes() + b"more")

    with pytest.raises(OSError, match="deleted or replaced"):
        download(tmp_path, Watched(append))
    assert [] == published(tmp_path)
