"""A limiter whose budget is shared: its queue is its own, and its requests come in small leases."""

from __future__ import annotations

import contextlib
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import FileBudget, Priority, RateLimiter
from pictory_async._limits.stored import StoredBudget
from pictory_async.errors import ConnectionFailedError, PictoryConfigError, RateBudgetError, RateLimitedError
from pictory_async.testing import ServerLimit, Simulator, World
from tests._virtual import virtual_time
from tests.lab.budgets._memory import MemoryBudget, busiest

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import BudgetTerms, Lease, SharedPace

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture
def budget() -> MemoryBudget:
    """A budget that is 10 ms away, each way."""
    return MemoryBudget(latency=0.01)


async def test_several_processes_stay_within_one_budget(budget: MemoryBudget) -> None:
    """Four limiters with more callers than the budget allows use it fully, fairly, and not more of it."""
    written: list[tuple[float, int]] = []
    limiters = [RateLimiter(60, 60.0, 5, shared=budget) for _ in range(4)]

    async def send(number: int) -> None:
        while True:
            granted_at = await limiters[number].acquire(Priority.POLL)
            await anyio.sleep(0.1)  # the time that a connection takes
            if limiters[number].confirm(granted_at):
                written.append((anyio.current_time(), number))

    with anyio.move_on_after(300.0):
        async with anyio.create_task_group() as tasks:
            for number in [0, 0, 0, 1, 1, 2, 3, 3]:
                tasks.start_soon(send, number)
    assert busiest([time for time, _ in written], 60.0) <= 60
    assert len(written) >= 0.95 * 300.0 * 56.0 / 60.0
    shares = [sum(number == one for _, number in written) for one in range(4)]
    assert min(shares) >= 0.9 * max(shares)
    assert budget.calls["lease"] <= len(written) + 8


@pytest.mark.parametrize("pause", [0.1, 1.0, 3.0, 9.0])
async def test_a_process_that_asks_at_another_time_does_not_starve(budget: MemoryBudget, pause: float) -> None:
    """One that waits gets its part beside one that always asked in time, whenever after its last request that is."""
    waits, often = (RateLimiter(5, 10.0, 5, shared=budget) for _ in range(2))
    granted: list[float] = []

    async def wait() -> None:
        while True:
            granted.append(await waits.acquire())

    async def poll() -> None:
        while True:
            await often.acquire()
            await anyio.sleep(pause)

    with anyio.move_on_after(600.0):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poll)
            tasks.start_soon(wait)
    assert max(later - time for time, later in pairwise(granted)) < 45.0  # 4 of those that the budget has


async def test_no_process_of_many_starves(budget: MemoryBudget) -> None:
    """Forty processes, more than leases are given out ahead, each get their part of a budget that is used up."""
    limiters = [RateLimiter(300, 60.0, 10, shared=budget) for _ in range(40)]

    async def send(limiter: RateLimiter) -> None:
        while True:
            await limiter.acquire()

    with anyio.move_on_after(80.0):
        async with anyio.create_task_group() as tasks:
            for limiter in limiters:
                tasks.start_soon(send, limiter)
    granted = [limiter.statistics().granted for limiter in limiters]
    assert min(granted) >= 0.5 * max(granted)


async def test_the_queue_is_the_limiters_own(budget: MemoryBudget) -> None:
    """A lease that a poll asked for goes to the interactive call that came meanwhile."""
    limiter, order = RateLimiter(60, 60.0, 1, shared=budget), []

    async def call(priority: Priority) -> None:
        await limiter.acquire(priority)
        order.append(priority)

    await limiter.acquire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, Priority.POLL)
        await anyio.sleep(0.5)  # by then it has its lease, which begins later
        tasks.start_soon(call, Priority.INTERACTIVE)
    assert [Priority.INTERACTIVE, Priority.POLL] == order
    assert budget.calls["lease"] == 3


async def test_a_call_that_comes_while_a_poll_asks(budget: MemoryBudget) -> None:
    """It takes the answer, and does not ask itself."""
    limiter, order = RateLimiter(60, 60.0, 2, shared=budget), []

    async def call(priority: Priority) -> None:
        await limiter.acquire(priority)
        order.append(priority)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, Priority.POLL)
        await anyio.sleep(0.005)
        tasks.start_soon(call, Priority.INTERACTIVE)
    assert [Priority.INTERACTIVE, Priority.POLL] == order
    assert budget.calls["lease"] == 2


async def test_now_or_never(budget: MemoryBudget) -> None:
    """With ``max_wait=0``, a request is granted at once or refused at once, and a refusal takes nothing."""
    limiter, other = (RateLimiter(10, 10.0, 2, shared=budget) for _ in range(2))
    await limiter.acquire(max_wait=0)
    await limiter.acquire(max_wait=0)
    with pytest.raises(RateBudgetError, match=r"10 per 10 s has nothing free within 0 s \(0 waiting\)") as caught:
        await other.acquire(max_wait=0)
    assert caught.value.retry_after == pytest.approx(10.23 / 9.0, abs=0.05)
    await anyio.sleep(1.2)
    await other.acquire(max_wait=0)
    assert not limiter.try_acquire()  # it never asks


async def test_a_limit_of_the_wait_behind_others(budget: MemoryBudget) -> None:
    """A caller whose time is over leaves, though it was not its turn; one behind it gets its turn."""
    limiter = RateLimiter(10, 10.0, 1, shared=budget)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.acquire)
        await wait_all_tasks_blocked()
        tasks.start_soon(limiter.acquire)
        await anyio.sleep(0.1)
        with pytest.raises(RateBudgetError):
            await limiter.acquire(max_wait=0.5)
        with pytest.raises(RateBudgetError):
            await limiter.acquire(Priority.INTERACTIVE, max_wait=1.05)
    assert limiter.statistics().granted == 2


async def test_a_caller_that_is_cancelled_costs_nothing(budget: MemoryBudget) -> None:
    """The lease of a caller that is cancelled goes to the next one, or back if nobody waits."""
    limiter, other = (RateLimiter(60, 60.0, 3, shared=budget) for _ in range(2))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.acquire)
        await anyio.sleep(0.005)  # the question is on its way
        tasks.cancel_scope.cancel()
    assert budget.returned == 1
    for _ in range(3):
        await other.acquire(max_wait=0)
    with anyio.move_on_after(0.5):
        await limiter.acquire()
    assert budget.returned == 2
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.acquire)
        await anyio.sleep(0.5)  # its lease begins later
        budget.fails = True
        tasks.cancel_scope.cancel()
    assert (budget.returned, budget.calls["give_back"]) == (2, 3)


async def test_a_grant_that_is_late_is_renewed(budget: MemoryBudget) -> None:
    """What is not written while its lease lasts must be acquired again; a lease in hand is used at once."""
    limiter = RateLimiter(60, 60.0, 10, shared=budget)
    granted_at = await limiter.acquire()
    await anyio.sleep(1.3)
    assert not limiter.confirm(granted_at)
    assert limiter.confirm(await limiter.acquire())
    for _ in range(3):  # nobody confirms
        await anyio.sleep(2.0)
        await limiter.acquire()


async def test_many_callers_share_a_lease(budget: MemoryBudget) -> None:
    """A burst is one lease of as many requests as there are callers; a newcomer takes what is left."""
    limiter = RateLimiter(60, 60.0, 10, shared=budget)
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(limiter.acquire)
        await wait_all_tasks_blocked()
    assert budget.calls["lease"] <= 2
    assert limiter.statistics().granted == 8


async def test_a_pause_holds_all_processes(budget: MemoryBudget) -> None:
    """After a 429 with ``Retry-After``, the others are told at once; their next request waits."""
    limiter, other = (RateLimiter(60, 60.0, 10, shared=budget) for _ in range(2))
    granted_at = await limiter.acquire()
    assert limiter.confirm(granted_at)
    now = anyio.current_time()
    limiter.refused(now, pause=7.0)
    assert not limiter.confirm(granted_at)
    await limiter.report()
    await limiter.report()  # it knows
    assert budget.calls["report"] == 1
    with pytest.raises(RateBudgetError):
        await other.acquire(max_wait=5.0)
    assert await other.acquire() >= now + 7.0
    limiter.pause(3.0)
    assert await limiter.acquire() >= now + 10.0  # its question tells about the pause
    assert budget.calls["report"] == 2
    plain = RateLimiter()
    await plain.report()  # a limiter of its own has nobody to tell


async def test_a_pause_is_reported_until_the_budget_knows_it(budget: MemoryBudget) -> None:
    """A report that fails is sent again, and so is one during which the pause became longer."""
    limiter = RateLimiter(60, 60.0, 10, shared=budget)
    limiter.pause(30.0)
    budget.fails = True
    with pytest.raises(ConnectionFailedError):
        await limiter.report()
    budget.fails, budget.latency = False, 1.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.report)
        await anyio.sleep(0.5)
        limiter.pause(60.0)
    ends = anyio.current_time() + 59.5
    assert budget.window.not_before < ends - 20.0
    await limiter.report()
    assert budget.window.not_before >= ends
    await limiter.report()
    assert budget.calls["report"] == 3


async def test_the_pace_that_was_found_is_that_of_all(budget: MemoryBudget) -> None:
    """A 429 of one process lowers the pace of all; also that of one that starts later, and it comes back for all."""
    limiters = [RateLimiter(60, 10.0, 1, shared=budget) for _ in range(3)]
    nominal = limiters[0].statistics().pace
    for _ in range(30):
        for one in limiters[:2]:
            await one.acquire()
            one.accepted(anyio.current_time())
    limiters[0].refused(anyio.current_time())
    limiters[1].refused(anyio.current_time())  # the same event
    await limiters[0].report()
    await limiters[1].report()
    paces = []
    for one in limiters:
        await one.acquire()
        paces.append(one.statistics().pace)
    assert paces == pytest.approx([0.8 * nominal] * 3, rel=0.05)
    for _ in range(400):
        for one in limiters:
            one.accepted(await one.acquire())
    assert [one.statistics().pace for one in limiters] == pytest.approx([nominal] * 3)


async def test_two_clients_find_the_limit_of_a_server(budget: MemoryBudget) -> None:
    """Two clients of one budget settle below a limit that the server does not tell, and use most of it."""
    world = World(limit=ServerLimit(40, 10.0, tells=False))
    project = world.add_project(earlier_video=-60.0)
    simulator = Simulator(world, latency=0.05)

    async def call() -> None:
        async with simulator.client(limiter=RateLimiter(100, 10.0, 1, shared=budget)) as client:
            while True:
                with contextlib.suppress(RateLimitedError):
                    await client.projects.get(project)

    with anyio.move_on_after(600.0):
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(call)
    late = [entry for entry in world.log if entry.at > 120.0]
    accepted = sum(entry.status == 200 for entry in late)
    assert accepted >= 0.75 * 4.0 * 480.0
    assert len(late) - accepted <= 0.05 * len(late)


async def test_an_outage_of_the_budget_ends_calls(budget: MemoryBudget) -> None:
    """A call whose budget is out of reach gets an error that says so, and nothing was sent."""
    world = World()
    project = world.add_project(earlier_video=-60.0)
    simulator = Simulator(world, latency=0.05)
    async with simulator.client(limiter=RateLimiter(shared=budget)) as client:
        budget.fails = True
        with pytest.raises(ConnectionFailedError, match="out of reach") as caught:
            await client.projects.get(project)
        assert not caught.value.sent
        assert not world.log
        budget.fails = False
        await client.projects.get(project)


async def test_a_budget_that_does_not_answer_is_given_up() -> None:
    """A budget that takes more than 5 seconds is out of reach; it holds nobody up for longer."""
    limiter, began = RateLimiter(shared=MemoryBudget(latency=1000.0)), anyio.current_time()
    with pytest.raises(ConnectionFailedError, match="no answer within 5 s") as caught:
        await limiter.acquire()
    assert not caught.value.sent
    limiter.pause(1.0)
    with pytest.raises(ConnectionFailedError, match="no answer within 5 s"):
        await limiter.report()
    assert anyio.current_time() - began == pytest.approx(10.0)


async def test_an_answer_that_comes_when_its_lease_is_over(budget: MemoryBudget) -> None:
    """It is given back and asked for again; the third in a row ends the call. Nothing is taken from the others."""
    limiter = RateLimiter(60, 60.0, 5, shared=budget)
    budget.latency = 0.5
    with pytest.raises(ConnectionFailedError, match=r"too slowly. An answer took 1 s, and a lease lasts 1 s") as caught:
        await limiter.acquire()
    assert not caught.value.sent
    assert budget.calls == {"lease": 3, "give_back": 3, "report": 0}
    assert budget.returned == budget.window.count == 3
    budget.latency = 0.45
    assert limiter.confirm(await limiter.acquire())
    assert budget.calls == {"lease": 4, "give_back": 3, "report": 0}


class Far(StoredBudget):
    """A stored budget that is far away."""

    def __init__(self, latency: float, on_outage: Literal["fail", "share"], fraction: float | None = None) -> None:
        super().__init__("a far place", on_outage, fraction)
        self.memory = MemoryBudget(latency)

    async def _lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        return await self.memory.lease(terms, slots, within, pace)

    async def _give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        await self.memory.give_back(terms, lease, slots)

    async def _report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        return await self.memory.report(terms, pause, pace)


@pytest.mark.parametrize(("latency", "why"), [(0.6, "it answers too slowly"), (1000.0, "no answer within 4 s")])
async def test_a_stored_budget_that_is_too_far_away(latency: float, why: str) -> None:
    """It is out of reach, as ``on_outage`` says: an error, or a fraction alone."""
    with pytest.raises(ConnectionFailedError, match=f"in a far place is out of reach: {why}"):
        await RateLimiter(60, 60.0, 5, shared=Far(latency, "fail")).acquire()
    far = Far(latency, "share", 0.5)
    limiter = RateLimiter(60, 60.0, 5, shared=far)
    for _ in range(2):
        assert limiter.confirm(await limiter.acquire())
    assert far.memory.returned == far.memory.window.count
    limiter.pause(30.0)
    await limiter.report()
    far.memory.latency = 0.0
    await anyio.sleep(30.0)
    assert limiter.confirm(await limiter.acquire())
    assert far.memory.window.count == far.memory.returned + 1


async def test_many_processes_ask_again_when_it_is_time() -> None:
    """With more processes than leases are given out ahead, all get their turn without asking all the time."""
    budget = MemoryBudget()
    limiters = [RateLimiter(60, 60.0, 1, shared=budget) for _ in range(40)]
    async with anyio.create_task_group() as tasks:
        for one in limiters:
            tasks.start_soon(one.acquire)
    assert all(one.statistics().granted == 1 for one in limiters)
    assert budget.calls["lease"] <= 200


class TestArguments:
    """What cannot work is refused at once."""

    @pytest.mark.parametrize(("shared", "per"), [("budget", 60.0), (FileBudget, 60.0), (MemoryBudget(), 0.5)])
    async def test_what_is_no_shared_budget(self, shared: Any, per: float) -> None:
        """Neither a path nor a class is a budget; a lease of a shorter window would be too short."""
        with pytest.raises(PictoryConfigError, match=r"shared must be an object|per must be at least 1 s"):
            RateLimiter(60, per, shared=shared)

    async def test_what_no_file_budget_takes(self, tmp_path: Path) -> None:
        """A fraction belongs to ``share``, and is between 0 and 1."""
        for path in ("", 3):
            with pytest.raises(PictoryConfigError, match="path must be"):
                FileBudget(path)  # type: ignore[arg-type]
        wrong: list[dict[str, Any]] = [{"on_outage": "ignore"}, {"on_outage": "share"}, {"fraction": 0.5}]
        for options in wrong:
            with pytest.raises(PictoryConfigError, match="on_outage"):
                FileBudget(tmp_path / "budget", **options)
        for fraction in (0.0, 1.5, "all", True, math.nan):
            with pytest.raises(PictoryConfigError, match="fraction must be"):
                FileBudget(tmp_path / "budget", on_outage="share", fraction=fraction)  # type: ignore[arg-type]
        assert not [*tmp_path.iterdir()]
