"""Users who download. Threads write the files, and no clock of ours decides when a thread is done.

Time stands still while one of them works, and one file is downloaded at a time: so also these histories replay.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import anyio
import trio
from anyio import to_thread

from pictory_async import errors
from pictory_async.testing import MediaContent
from tests.lab.worlds._server import MEDIA_SIZES

if TYPE_CHECKING:
    from trio.testing import MockClock

    from pictory_async import AsyncPictory, Project
    from tests.lab.worlds._history import History
    from tests.lab.worlds._plan import UserPlan

FILES: Final = Path("/proc/self/fd")
KINDS: Final = ("video", "audio", "thumbnail", "srt", "txt")


async def download(history: History, clients: list[AsyncPictory], clock: MockClock) -> None:
    """Let the users who download do so, one after the other."""
    clock.autojump_threshold = float("inf")
    handles = _open_files()
    with tempfile.TemporaryDirectory() as directory:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_keep_time, clock)
            for user in history.plan.users:
                if user.kind == "download":
                    await _files(history, user, clients[user.client], Path(directory))
            tasks.cancel_scope.cancel()
    if _open_files() > handles:
        history.wrong("nothing left", "a file or connection is still open after the downloads")
    clock.autojump_threshold = 0


def _open_files() -> int:
    return sum(1 for _ in FILES.iterdir()) if FILES.is_dir() else 0


async def _keep_time(clock: MockClock) -> None:
    """Jump to the next timer when every task waits, and no thread works."""
    threads = to_thread.current_default_thread_limiter()
    while True:
        await trio.testing.wait_all_tasks_blocked(0.0002 if threads.borrowed_tokens else 0.0)
        due = trio.lowlevel.current_statistics().seconds_to_next_deadline
        if not threads.borrowed_tokens and due < float("inf"):
            clock.jump(due)


async def _files(history: History, user: UserPlan, client: AsyncPictory, directory: Path) -> None:
    """Download files of a project, give up some, and poll at what is there."""
    known = {project.number: project.id for project in history.plan.projects}
    try:
        project = await client.projects.get(known[user.projects[0]])
    except (errors.PictoryError, KeyError):
        return
    for kind in KINDS:
        history.downloads += 1
        with anyio.move_on_after(user.patience % 5.0 if user.ending == "after" else None) as scope:
            try:
                await client.projects.download(project, directory / str(user.number), kinds=[kind])
            except errors.PictoryError as error:
                history.met_error(error)
        history.cancelled += scope.cancelled_caught
    _are_whole(history, project, directory / str(user.number))


def _are_whole(history: History, project: Project, directory: Path) -> None:
    """Check that every file under its own name is the server's, to the last byte."""
    known = {Path(unquote(urlsplit(url).path)).suffix: url for url in project.assets.values()}
    for path in directory.glob("*"):
        if path.name.endswith((".part", ".part.json")) or path.name == ".pictory.json":
            continue
        remote = unquote(urlsplit(known[path.suffix]).path).removeprefix("/media")
        wanted = b"".join(MediaContent(remote, 0, MEDIA_SIZES[path.suffix[1:]]).pieces())
        if path.read_bytes() != wanted:
            history.wrong("whole files", f"{path.name} holds {path.stat().st_size} bytes that are not the server's")
