"""How a ledger's file is kept whole: by a write-ahead log, or where that does not work, by a rollback journal."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pictory_async import errors
from pictory_async._ledger.database import Database
from pictory_async._ledger.mounts import is_shared

LOCAL = "25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw"
ADD = "INSERT INTO run (id, account, command, started) VALUES (?, 'a', 'c', 't')"

# Opens a ledger, and writes a run per line that it gets; ends in the middle of the one that is called "killed".
WRITES = f"""
import os, signal, sys
from pathlib import Path
from pictory_async._ledger.database import Database

database = Database(Path(sys.argv[1]), mounts=Path(sys.argv[2]))
print("open", flush=True)
for line in sys.stdin:
    with database.changing() as run:
        run({ADD!r}, (line.strip(),))
        if line.strip() == "killed":
            run("PRAGMA cache_spill = 1")
            run("UPDATE run SET command = 'changed'")
            os.kill(os.getpid(), signal.SIGKILL)
    print(line.strip(), flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A list of file systems in which the test's directory is on a server."""
    return mounts_with(tmp_path, "nfs4")


def mounts_with(directory: Path, kind: str) -> Path:
    """Write a list of file systems, in which a directory is of this kind."""
    text = str(directory.resolve()).replace("\\", "\\134").replace(" ", "\\040")
    mounts = directory / "mounts"
    mounts.write_text(f"{LOCAL}\n30 25 0:40 / {text} rw,noatime - {kind} server:/home rw\n")
    return mounts


def journal_of(path: Path) -> str:
    """Read how a file is kept whole, as any program sees it."""
    connection = sqlite3.connect(path)
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()
    return str(mode)


def runs_in(path: Path, mounts: Path) -> list[tuple[str, str]]:
    """Read the runs of a ledger, with what they are called."""
    database = Database(path, mounts=mounts)
    rows = database.rows("SELECT id, command FROM run ORDER BY id")
    database.close()
    return [(str(one), str(command)) for one, command in rows]


def write(path: Path, mounts: Path) -> subprocess.Popen[str]:
    """Start a process that writes to a ledger."""
    command = [sys.executable, "-c", WRITES, str(path), str(mounts)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert answer_of(process) == "open"
    return process


def tell(process: subprocess.Popen[str], line: str) -> None:
    """Send a line to a process."""
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def answer_of(process: subprocess.Popen[str]) -> str:
    """Read a line from a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "9p", "fuse.sshfs", "ceph"])
def test_on_a_server_it_has_a_rollback_journal(path: Path, kind: str) -> None:
    """The index of a write-ahead log is in memory, which other machines do not share."""
    Database(path, mounts=mounts_with(path.parent, kind)).close()
    assert journal_of(path) == "delete"


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "tmpfs", "overlay", "fuseblk", "zfs"])
def test_on_a_disk_it_has_a_log(path: Path, kind: str) -> None:
    Database(path, mounts=mounts_with(path.parent, kind)).close()
    assert journal_of(path) == "wal"


def test_without_a_list_of_file_systems_sqlite_decides(path: Path) -> None:
    Database(path, mounts=path.parent / "none").close()
    assert journal_of(path) == "wal"


def test_a_ledger_that_moves_to_a_server_and_back(path: Path, shared: Path) -> None:
    """What is in it stays, and the journal is that of the place."""
    disk = path.parent / "none"
    for number, (mounts, journal) in enumerate([(disk, "wal"), (shared, "delete"), (disk, "wal")]):
        database = Database(path, mounts=mounts)
        with database.changing() as run:
            run(ADD, (str(number),))
        database.close()
        assert journal_of(path) == journal
    assert [(one, "c") for one in "012"] == runs_in(path, disk)


def test_a_log_that_is_in_use_is_not_replaced(path: Path, shared: Path) -> None:
    """It is an error: two machines with a log each would damage the file."""
    local = Database(path, mounts=path.parent / "none")
    with local.changing() as run:
        run(ADD, ("1",))
        with pytest.raises(errors.LedgerError, match="locked"):
            Database(path, mounts=shared)
    local.close()


def test_while_somebody_reads_the_rollback_journal_stays(path: Path, shared: Path) -> None:
    """It cannot be replaced then, and is right too: nothing waits for that."""
    Database(path, mounts=shared).close()
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM run").fetchall()
    database = Database(path, mounts=path.parent / "none")
    reader.execute("COMMIT")
    with database.changing() as run:
        run(ADD, ("1",))
    assert [("1",)] == reader.execute("SELECT id FROM run").fetchall()
    reader.close()
    database.close()
    assert journal_of(path) == "delete"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("place", ["a server", "a disk"])
def test_a_kill_in_the_middle_changes_nothing(path: Path, shared: Path, place: str) -> None:
    """What was written before is there, what was being written is not, and other processes go on."""
    mounts = shared if place == "a server" else path.parent / "none"
    killed, other = write(path, mounts), write(path, mounts)
    for process, line in [(killed, "1"), (other, "2"), (killed, "3")]:
        tell(process, line)
        assert answer_of(process) == line
    tell(killed, "killed")
    assert killed.wait() == -signal.SIGKILL
    tell(other, "4")
    assert answer_of(other) == "4"
    other.communicate()
    assert [(one, "c") for one in "1234"] == runs_in(path, mounts)
    assert killed.stdin is not None
    assert killed.stdout is not None
    killed.stdin.close()
    killed.stdout.close()


class TestMounts:
    """Which file system a path is on."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (f"{LOCAL}\n30 25 0:40 / /mnt rw - nfs s:/ rw", True),
            (f"30 25 0:40 / /mnt rw - nfs s:/ rw\n{LOCAL}", True),  # in any order
            (f"{LOCAL}\n30 25 0:40 / /mn rw - nfs s:/ rw", False),  # not a beginning of the same letters
            (f"{LOCAL}\n30 25 0:40 / /mnt/a rw - nfs s:/ rw", True),
            (f"{LOCAL}\n30 25 0:40 / /mnt/a/file rw - nfs s:/ rw", True),  # a file can be one, too
            (f"{LOCAL}\n30 25 0:40 / /mnt/b rw - nfs s:/ rw", False),
            (f"{LOCAL}\n30 25 0:40 / /mnt rw - nfs s:/ rw\n31 30 8:2 / /mnt/a rw - xfs /dev/b rw", False),
            (f"{LOCAL}\n30 25 0:40 / /mnt rw - xfs /dev/b rw\n31 30 0:4 / /mnt rw - nfs s:/ rw", True),  # on top
            (f"{LOCAL}\n30 25 0:40 / /mnt rw master:1 propagate_from:2 - nfs s:/ rw", True),
            ("no list at all", False),
            (" - ", False),
            ("", False),
        ],
    )
    def test_the_nearest_one_counts(self, tmp_path: Path, text: str, *, expected: bool) -> None:
        mounts = tmp_path / "mounts"
        mounts.write_text(text)
        assert is_shared(Path("/mnt/a/file"), mounts) is expected

    def test_spaces_are_written_as_codes(self, tmp_path: Path) -> None:
        mounts = tmp_path / "mounts"
        mounts.write_text(f"{LOCAL}\n30 25 0:40 / /my\\040share rw - cifs //s/x rw\n")
        assert is_shared(Path("/my share/file"), mounts)

    def test_links_are_followed(self, tmp_path: Path) -> None:
        directory = tmp_path / "server"
        directory.mkdir()
        (tmp_path / "state").symlink_to(directory)
        mounts = mounts_with(directory, "nfs")
        assert is_shared(tmp_path / "state" / "ledger.db", mounts)
        assert not is_shared(tmp_path / "ledger.db", mounts)
