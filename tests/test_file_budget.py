"""A request budget in a file: processes of one host share it, whatever happens to them and to the file."""

from __future__ import annotations

import copy
import json
import logging
import math
import os
import signal
import subprocess
import sys
import time
import zlib
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread

from pictory_async import BudgetTerms, FileBudget, RateLimiter, SharedPace
from pictory_async._limits.file_budget import _boot, _State
from pictory_async._limits.window import SharedWindow
from pictory_async.errors import ConnectionFailedError, RateBudgetError
from tests.lab.budgets._memory import busiest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

fcntl = pytest.importorskip("fcntl", reason="this system has no such locks")

TERMS = BudgetTerms(100, 10.0, 10)
NOMINAL = SharedPace()
BOTH_LOOPS = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
HEADER = b"pictory-async request budget, version 1: "

# Takes what it gets, and writes when: by a clock that all processes have.
WORKER = """
import contextlib, sys, time
import anyio
from pictory_async import FileBudget, RateLimiter
from pictory_async.errors import ConnectionFailedError

async def main(path, seconds):
    limiter = RateLimiter(100, 1.0, 5, shared=FileBudget(path))
    async def send():
        while True:
            confirmed = False
            with contextlib.suppress(ConnectionFailedError):  # of a machine that is so busy that answers come late
                confirmed = limiter.confirm(await limiter.acquire())
            if confirmed:
                sys.stdout.write(f"{time.monotonic()}\\n")
                sys.stdout.flush()
    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(send)

anyio.run(main, sys.argv[1], float(sys.argv[2]))
"""
# Locks the file, and says so.
HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "r+b")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a budget that was not used yet."""
    return tmp_path / "state" / "budget"


@pytest.fixture
def used(path: Path) -> Path:
    """The file of a budget that was used long ago: it has a burst."""
    path.parent.mkdir()
    path.write_bytes(_State(SharedWindow(), "old", _boot(), new=False).line())
    return path


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the file locked."""
    path.parent.mkdir()
    path.touch()
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def lines(text: str) -> list[float]:
    return [float(line) for line in text.splitlines() if line.count(".") == 1]


def test_processes_share_the_budget_when_one_is_killed(path: Path) -> None:
    """Four processes keep the budget together, and one that is killed leaves it in order."""
    command = [sys.executable, "-c", WORKER, str(path), "3"]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert workers[0].stdout is not None
    first = workers[0].stdout.readline()
    workers[0].kill()
    written = lines(first + "".join(worker.communicate()[0] for worker in workers))
    assert [-signal.SIGKILL, 0, 0, 0] == [worker.returncode for worker in workers]
    # Written out a moment later, so a window may show what belongs to the next one.
    assert busiest(written, 1.0 - 0.05) <= 100
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@BOTH_LOOPS
class TestTheFile:
    """What is in it."""

    pytestmark = pytest.mark.anyio

    async def test_two_objects_share_it(self, used: Path) -> None:
        """What one takes, the other does not have; what is given back, it has; and the pause is that of both."""
        one, other = FileBudget(used), FileBudget(str(used))
        lease = await one.lease(TERMS, 10, 0.0, NOMINAL)
        assert (lease.slots, lease.starts_in, lease.lasts) == (10, 0.0, 0.2)
        await one.give_back(TERMS, lease, 8)
        found = await other.lease(TERMS, 8, 0.0, NOMINAL)
        assert found.slots == 8
        lowered = SharedPace(steps=1, share=0.5, start=0.5, peak=0.9)
        assert (await other.report(TERMS, 60.0, lowered)).share == 0.5
        paused = await one.lease(TERMS, 1, math.inf, NOMINAL)
        assert paused.slots == 0
        assert 50.0 < paused.starts_in <= 60.0
        assert paused.pace.share == 0.5
        assert "pictai" not in used.read_text()

    async def test_a_limiter_uses_it(self, used: Path) -> None:
        """A limiter takes its requests out of it; what was not used, nothing is made for."""
        assert RateLimiter(shared=FileBudget(used.with_name("other"))).try_acquire() is False
        assert not used.with_name("other").exists()
        limiter = RateLimiter(100, 10.0, 10, shared=FileBudget(used))
        for _ in range(10):
            assert limiter.confirm(await limiter.acquire(max_wait=0))
        with pytest.raises(RateBudgetError):
            await limiter.acquire(max_wait=0)

    async def test_it_has_threads_of_its_own(self, used: Path) -> None:
        """A program that uses all threads of its event loop does not hold it up."""
        others = to_thread.current_default_thread_limiter()
        borrowers = [object() for _ in range(int(others.available_tokens))]
        for borrower in borrowers:
            others.acquire_on_behalf_of_nowait(borrower)
        try:
            assert (await FileBudget(used).lease(TERMS, 1, 0.0, NOMINAL)).slots == 1
        finally:
            for borrower in borrowers:
                others.release_on_behalf_of(borrower)

    async def test_a_new_file(self, path: Path) -> None:
        """It begins at once: nobody has used it."""
        terms = BudgetTerms(300, 60.0, 10)
        for _ in range(2):  # each time by a process that has not used it
            lease = await FileBudget(path).lease(terms, 10, math.inf, NOMINAL)
            assert lease.starts_in < 0.05
            path.unlink()

    @pytest.mark.parametrize("damage", ["cut", "cut short", "changed", "no state", "no text", "boot"])
    async def test_what_was_given_out_before_is_not_known(self, used: Path, damage: str) -> None:
        """If the file is damaged, or the machine was started again, the budget begins with a wait and no burst."""
        path, budget = used, FileBudget(used)
        before = await budget.lease(TERMS, 1, 0.0, NOMINAL)
        line = path.read_bytes()
        state = json.loads(line.removeprefix(HEADER).partition(b" ")[2])
        texts = {"no state": b"[]", "no text": b"\xff", "boot": json.dumps(state | {"boot": "another"}).encode()}
        if damage == "cut":
            path.write_bytes(line[:-20])
        elif damage == "cut short":
            path.write_bytes(line[: len(HEADER) // 2])
        elif damage == "changed":
            path.write_bytes(line.replace(b'"count": 1', b'"count": 2'))
        else:
            path.write_bytes(b"%s%08x %s\n" % (HEADER, zlib.crc32(texts[damage]), texts[damage]))
        lease = await budget.lease(TERMS, 10, math.inf, NOMINAL)
        assert lease.slots == 0 or lease.starts_in > 0.1
        await budget.give_back(TERMS, before, 1)  # of the budget that was forgotten

    @pytest.mark.parametrize("loss", ["emptied", "removed", "used by a new process", "put back"])
    async def test_a_file_that_is_lost_in_use(self, used: Path, loss: str) -> None:
        """Who has used the file notices, waits shortly, and has no burst; the others then need not do so again."""
        one, other, copied = FileBudget(used), FileBudget(used), used.read_bytes()
        for budget in (one, other):
            assert (await budget.lease(TERMS, 5, 0.0, NOMINAL)).slots == 5
        if loss == "put back":
            used.write_bytes(copied)
        elif loss == "emptied":
            used.write_bytes(b"")
        else:
            used.unlink()
        if loss == "used by a new process":
            assert (await FileBudget(used).lease(TERMS, 10, math.inf, NOMINAL)).slots == 10
        lost = await one.lease(TERMS, 10, math.inf, NOMINAL)
        assert lost.slots == 0
        assert lost.starts_in == pytest.approx(TERMS.ahead + TERMS.spacing)
        again = await other.lease(TERMS, 10, math.inf, NOMINAL)
        assert (again.slots, again.epoch) == (0, lost.epoch)
        assert again.starts_in < lost.starts_in


@BOTH_LOOPS
class TestOutOfReach:
    """What happens while the file cannot be used."""

    pytestmark = pytest.mark.anyio

    async def test_another_file_is_left_alone(self, path: Path) -> None:
        """A file that is no budget, a directory or a pipe is an error that says what to do; nothing is changed."""
        path.parent.mkdir()
        path.write_text("My shopping list.\n")
        with pytest.raises(ConnectionFailedError, match=r"state/budget is out of reach: it is another file") as caught:
            await FileBudget(path).lease(TERMS, 1, 0.0, NOMINAL)
        assert not caught.value.sent
        assert path.read_text() == "My shopping list.\n"
        pipe = path.with_name("pipe")
        os.mkfifo(pipe)
        for other, why in [
            (pipe, "it is no file"),
            (path.parent, "Is a directory"),
            (path / "x", "Not a directory|exists"),
        ]:
            with pytest.raises(ConnectionFailedError, match=why):
                await FileBudget(other).report(TERMS, 0.0, NOMINAL)

    async def test_alone_with_a_fraction(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """With ``share``, the process goes on with its fraction, says so once, and says when it is over."""
        budget: Any = FileBudget(path.parent / "budget", on_outage="share", fraction=0.5)
        caplog.set_level(logging.WARNING, "pictory_async")
        path.parent.mkdir()
        path.write_text("Something else.")
        first = await budget.lease(TERMS, 5, 0.0, NOMINAL)
        assert (first.slots, first.starts_in) == (1, 0.0)
        await budget.give_back(TERMS, first, 1)
        second = await budget.lease(TERMS, 5, math.inf, NOMINAL)
        assert second.starts_in == pytest.approx(2.0 * TERMS.spacing, rel=0.2)
        assert (await budget.report(TERMS, 5.0, NOMINAL)).share == 1.0
        path.unlink()
        assert (await budget.lease(TERMS, 10, math.inf, NOMINAL)).slots == 10
        path.write_text("Something else.")
        third = await budget.lease(TERMS, 5, math.inf, NOMINAL)
        assert third.starts_in > 0.1  # what the others were given lately counts
        path.unlink()
        await budget.report(TERMS, 0.0, NOMINAL)
        texts = [record.getMessage() for record in caplog.records]
        assert ["pictory.budget.unreachable", "pictory.budget.reachable"] * 2 == [text.split(":")[0] for text in texts]
        assert "it is another file" in texts[0]
        assert "This process uses 50 % of it alone" in texts[0]


def test_a_process_that_keeps_the_lock(path: Path, holder: subprocess.Popen[str]) -> None:
    """A process that was stopped with the lock is an error after 2 seconds; one that is killed holds nothing up."""
    budget = FileBudget(path)
    began = time.monotonic()
    with pytest.raises(ConnectionFailedError, match="another process has it locked"):
        anyio.run(budget.lease, TERMS, 1, 0.0, NOMINAL)
    assert time.monotonic() - began >= 2.0
    holder.kill()
    holder.wait()
    assert anyio.run(budget.lease, TERMS, 1, math.inf, NOMINAL).slots == 1


def test_it_is_not_copied(path: Path) -> None:
    """Another process makes its own object; it is printed with its path."""
    budget = FileBudget(path)
    assert repr(budget) == f"FileBudget({str(path)!r})"
    with pytest.raises(TypeError, match="make a new one where it is needed"):
        copy.copy(budget)


def test_it_works_without_a_boot_id(path: Path) -> None:
    """On a system whose clock and boot id Python does not know, the budget works too."""
    program = f"""
import math, time
if hasattr(time, "CLOCK_BOOTTIME"):
    del time.CLOCK_BOOTTIME
import anyio
from pathlib import Path
from pictory_async import BudgetTerms, FileBudget, SharedPace
from pictory_async._limits import file_budget
file_budget._BOOT = Path({str(path)!r}, "none")
lease = anyio.run(FileBudget({str(path)!r}).lease, BudgetTerms(10, 1.0, 1), 1, math.inf, SharedPace())
assert lease.slots == 1
"""
    subprocess.run([sys.executable, "-c", program], check=True)
