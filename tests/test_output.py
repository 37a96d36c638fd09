"""Reports go where a user says: into a file, which is replaced, or into a pipe or a device, which stays."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread
import anyio.lowlevel
import pytest

from pictory_async import Project, write_html_report, write_report
from pictory_async._files.output import write_output
from pictory_async._files.publish import Directory
from pictory_async._files.system import System
from tests._systems import NEW, download

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")

LARGE = bytes(range(256)) * 4096  # a pipe holds less


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


class Reader(System):
    """A system where somebody opens the pipe as soon as it was found to have no reader.

    Attributes:
        descriptor: The reader's end.
        tries: How often the pipe was opened for writing.
        was_full: Whether the pipe was found full.
    """

    descriptor: int | None = None
    tries = 0
    was_full = False

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write, but find the pipe full the first time."""
        if not self.was_full:
            self.was_full = True
            raise BlockingIOError
        return super().write(descriptor, data)

    def open_existing(self, path: Path) -> int:
        """Open the pipe for writing."""
        self.tries += 1
        try:
            return super().open_existing(path)
        finally:
            if self.descriptor is None:
                self.descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)


@pytest.mark.anyio
async def test_a_pipe_stays_and_gets_everything(pipe: Path) -> None:
    """A named pipe is waited for until it has a reader, gets more than it can hold, and is a pipe afterwards."""
    system, found = Reader(), bytearray()

    async def write() -> None:
        assert pipe == await write_output(pipe, LARGE, system)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        while system.descriptor is None:
            await anyio.lowlevel.checkpoint()
        while True:
            await anyio.wait_readable(system.descriptor)
            found += os.read(system.descriptor, 65536)
    assert system.descriptor is not None
    while piece := os.read(system.descriptor, 65536):
        found += piece
    os.close(system.descriptor)
    assert LARGE == found
    assert 2 == system.tries
    assert pipe.is_fifo()


@pytest.mark.anyio
@pytest.mark.parametrize("writes", [write_report, write_html_report])
async def test_a_report_into_a_pipe(pipe: Path, writes: type) -> None:
    """Both kinds of report are written into a pipe that has a reader."""
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert pipe == await writes(Project(id="p"), pipe)
    text = os.read(descriptor, 65536)
    os.close(descriptor)
    assert text.startswith((b"{", b"<!DOCTYPE"))
    assert pipe.is_fifo()


@pytest.mark.anyio
async def test_no_reader_comes(pipe: Path) -> None:
    """A call that waits for a reader can be cancelled."""
    with anyio.CancelScope() as scope:

        class Cancelling(System):
            def open_existing(self, path: Path) -> int:
                anyio.from_thread.run_sync(scope.cancel)
                return super().open_existing(path)

        await write_output(pipe, b"text", Cancelling())
    assert scope.cancelled_caught
    assert pipe.is_fifo()


def test_a_link_to_standard_output(tmp_path: Path) -> None:
    """A link that leads to standard output, which is a pipe, is written into, and stays a link."""
    link = tmp_path / "link"
    link.symlink_to("/dev/stdout")
    program = (
        "import sys, anyio\nfrom pictory_async._files.output import write_output\n"
        "anyio.run(write_output, sys.argv[1], b'text')"
    )
    found = subprocess.run([sys.executable, "-c", program, str(link)], capture_output=True, check=True)
    assert (b"text", b"") == (found.stdout, found.stderr)
    assert link.is_symlink()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full device")  # noqa: PTH110
@pytest.mark.anyio
async def test_a_device_that_is_full(tmp_path: Path) -> None:
    """An error of a device is the call's error; the device stays."""
    link = tmp_path / "link"
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        await write_output(link, b"text")
    assert stat.S_ISCHR(link.stat().st_mode)


@pytest.mark.anyio
async def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written into is an error, not a file in its place."""
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    async with await anyio.create_unix_listener("socket"):
        with pytest.raises(OSError, match="socket"):
            await write_output("socket", b"text")
        assert stat.S_ISSOCK((tmp_path / "socket").stat().st_mode)


@pytest.mark.parametrize("name", ["folder", "folder/", "new/", "file/"])
@pytest.mark.anyio
async def test_a_directory(tmp_path: Path, name: str) -> None:
    """A directory, and a name that ends with a slash, are refused."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    with pytest.raises(OSError, match=name.rstrip("/")):
        await write_output(f"{tmp_path}/{name}", b"text")
    assert ["file", "folder"] == sorted(path.name for path in tmp_path.iterdir())
    assert "old" == (tmp_path / "file").read_text()


@pytest.mark.anyio
async def test_a_circle_of_links(tmp_path: Path) -> None:
    """Links that lead to each other are an error of the operating system."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        await write_output(tmp_path / "a", b"text")


def test_nothing_takes_the_name_of_a_pipe(pipe: Path) -> None:
    """No file is published in place of a pipe."""
    with pytest.raises(FileExistsError, match="not a regular file"):
        Directory(pipe.parent).write(pipe.name, b"text")
    assert [pipe] == list(pipe.parent.iterdir())
    assert pipe.is_fifo()


def test_no_download_takes_the_name_of_a_pipe(tmp_path: Path) -> None:
    """A download does not replace a pipe, even if it may replace files; with `rename` it gets another name."""
    os.mkfifo(tmp_path / "Film.mp4")
    with pytest.raises(FileExistsError, match="not a regular file"):
        download(tmp_path, policy="overwrite")
    assert (tmp_path / "Film.mp4").is_fifo()
    assert NEW == download(tmp_path, policy="rename").read_bytes()
