"""Renders whose program is killed are paid for once each, however often it is started again.

Four times in the normal run, at steps that a seed chooses; ``PICTORY_ASYNC_KILLS=50`` does it fifty times
(``nox -s slow``).
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import pytest

from pictory_async.testing import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread
from tests.lab.renders.program import run

KILLS = max(4, int(os.environ.get("PICTORY_ASYNC_KILLS", "4")))
PROJECTS = 6
STEPS = 60  # more than one run has between its first entry and its last payment

pytestmark = [
    pytest.mark.timeout(300 + 60 * KILLS),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a POSIX system"),
]


class Account:
    """A simulated account, and programs that render in it."""

    def __init__(self, directory: Path) -> None:
        self.world = World(render_seconds=(0.1, 0.3), queue_seconds=(0.0, 0.05))
        self.ids = [self.world.add_project(earlier_video=-500.0) for _ in range(PROJECTS)]
        for one in self.ids:
            self.world.edit_project(one, -100.0)
        self.foreign = self.world.add_project()
        self.simulator = Simulator(self.world)
        self.server = ServerThread(self.simulator)
        self._directory = directory

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.__exit__(None, None, None)

    def run(self, last: int = 0, **options: Any) -> tuple[dict[str, str], int] | None:
        """Run the program, and return the statuses and the number of its steps; ``None`` if it was killed."""
        order = {
            "client": self.server.client_options(),
            "ids": self.ids,
            "ledger": str(self._directory / "ledger.db"),
            "last": last,
            "options": {"interval": 0.1, "start_grace": 1.0, **options},
        }
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.lab.renders.program"])
        mine, its = context.Pipe()
        process = context.Process(target=run, args=(order, its))
        process.start()
        its.close()
        try:
            answer: tuple[dict[str, str], int] | None = mine.recv()
        except EOFError:
            answer = None
        process.join()
        assert process.exitcode == (0 if answer is not None else -signal.SIGKILL)
        return answer

    @property
    def paid(self) -> Counter[str]:
        """How many renders of each project there are, without the earlier video of each."""
        return Counter(str(project.id) for project, render in self.world.jobs if render.at >= 0.0)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with Account(tmp_path) as account:
        yield account


@pytest.mark.parametrize("seed", range(KILLS))
def test_nothing_is_paid_for_twice(account: Account, seed: int) -> None:
    """However often it is killed, the program renders everything in the end, with one payment each."""
    choice = random.Random(seed)
    for _ in range(choice.randint(1, 3)):
        account.run(last=choice.randint(1, STEPS), retry_unstarted=True)
        assert max(account.paid.values(), default=0) <= 1
    answer = account.run(retry_unstarted=True)
    assert answer is not None
    assert {"rendered", "unchanged"} >= set(answer[0].values()), answer
    assert account.paid == Counter(map(str, account.ids))


@pytest.mark.parametrize("seed", range(KILLS))
def test_with_foreign_jobs(account: Account, seed: int) -> None:
    """If others render too, what may have been started is never requested again, and is reported."""
    choice = random.Random(seed)
    account.run(last=choice.randint(1, STEPS))
    account.world.start_render(account.foreign, account.simulator.now())
    answer = account.run(retry_unstarted=True)
    assert answer is not None
    paid = account.paid
    for one in map(str, account.ids):
        assert paid[one] <= 1
        assert answer[0][one] in ({"rendered", "unchanged"} if paid[one] else {"uncertain"}), (one, answer)


def test_the_steps_are_there(account: Account) -> None:
    """The steps at which it is killed reach from the first entry to the last payment."""
    answer = account.run()
    assert answer is not None
    assert answer[1] > STEPS
    assert account.paid == Counter(map(str, account.ids))
