"""A simulated account, and programs that render or make videos in it, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import runpy
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pictory_async.testing import Simulator, World
from pictory_async.testing._videos import SimVideo
from pictory_async.testing.server import ServerThread

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

PROJECTS = 6
PROGRAM = str(Path(__file__).with_name("program.py"))


class Account:
    """An account with some projects that were saved since their videos.

    Args:
        directory: Where the ledger is.
        makes: Whether the programs make videos without a project, of the same number, instead of rendering projects.
    """

    def __init__(self, directory: Path, *, makes: bool = False) -> None:
        self.world = World(render_seconds=(0.1, 0.3), queue_seconds=(0.0, 0.05))
        self.ids = [self.world.add_project(earlier_video=-500.0) for _ in range(PROJECTS)]
        for one in self.ids:
            self.world.edit_project(one, -100.0)
        self.foreign = self.world.add_project()
        self.makes = makes
        self.wanted: list[str] = [f"Video {number}" for number in range(PROJECTS)] if makes else [*map(str, self.ids)]
        self.simulator = Simulator(self.world)
        self.server = ServerThread(self.simulator)
        self._directory = directory

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__(None, None, None)

    def start(self, last: int = 0, post: int = 0, **options: Any) -> tuple[BaseProcess, Connection]:
        """Start the program; it is killed at step ``last``, or before request number ``post``, if that is not 0."""
        order = {
            "client": self.server.client_options(),
            "ids": self.ids,
            "names": self.wanted if self.makes else [],
            "ledger": str(self._directory / "ledger.db"),
            "last": last,
            "post": post,
            "options": {"interval": 0.1, "start_grace": 1.0, **options},
        }
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["pictory_async", "anyio", "httpx"])
        mine, its = context.Pipe()
        # By its path: where the tests are is not on the path of modules.
        process = context.Process(target=runpy.run_path, args=(PROGRAM, {"ORDER": order, "ANSWER": its}, "__main__"))
        process.start()
        its.close()
        return process, mine

    def run(self, last: int = 0, post: int = 0, **options: Any) -> tuple[dict[str, str], int] | None:
        """Run the program, and return the statuses and the number of its steps; ``None`` if it was killed."""
        return finished(*self.start(last, post, **options))

    @property
    def paid(self) -> Counter[str]:
        """How many renders of each project or video there are, without the earlier video of each project."""
        jobs = [project for project, render in self.world.jobs if render.at >= 0.0]
        return Counter(str(one.name if isinstance(one, SimVideo) else one.id) for one in jobs)


def finished(process: BaseProcess, answers: Connection) -> tuple[dict[str, str], int] | None:
    """Wait for the end of a program; see `Account.run`."""
    try:
        answer: tuple[dict[str, str], int] | None = answers.recv()
    except EOFError:
        answer = None
    process.join()
    assert process.exitcode == (0 if answer is not None else -signal.SIGKILL)
    return answer
