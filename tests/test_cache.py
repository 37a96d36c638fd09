"""Templates that are kept: how long, for whom, and what happens when many ask at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import RateLimiter, RetryPolicy, errors
from pictory_async._cache.templates import Fetched, MemoryStore
from pictory_async.models import Template
from pictory_async.testing import Answer, Reset, Simulator, World
from tests._templates import change
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import SimRequest

pytestmark = pytest.mark.anyio


@pytest.fixture
def template_id(world: World) -> str:
    return world.add_template("Hi {{Name}}", name="First")


@virtual_time
async def test_without_a_cache_every_call_asks(world: World, template_id: str) -> None:
    """Nothing is kept unless that is wanted."""
    async with Simulator(world).client() as client:
        await client.templates.get(template_id)
        await client.templates.get(template_id)
        assert 0 == client.statistics().template_cache.misses
    assert 2 == len(world.log)


@virtual_time
async def test_a_template_is_kept_for_a_while(world: World, template_id: str) -> None:
    """Until its time is over, a template is asked for once; then anew."""
    async with Simulator(world).client(template_cache=timedelta(minutes=1)) as client:
        first = await client.templates.get(template_id)
        change(world, template_id, name="Second")
        await anyio.sleep(59.9)
        assert first == await client.templates.get(template_id)
        assert 1 == len(world.log)
        await anyio.sleep(0.2)
        assert "Second" == (await client.templates.get(template_id)).name
        seen = client.statistics().template_cache
    assert (1, 2, 0) == (seen.hits, seen.misses, seen.joined)
    assert 2 == len(world.log)


@virtual_time
async def test_a_caller_changes_only_its_own_template(world: World, template_id: str) -> None:
    """What one caller does to nested values reaches neither the cache nor callers who share its request."""
    change(world, template_id, unknown={"nested": [1]})
    found: list[Template] = []
    async with Simulator(world, latency=1.0).client(template_cache=60) as client:

        async def get() -> None:
            found.append(await client.templates.get(template_id))

        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(get)
        for template in [*found, await client.templates.get(template_id), await client.templates.get(template_id)]:
            assert [1] == template.extra["unknown"]["nested"]
            template.extra["unknown"]["nested"].append(2)
    assert 1 == len(world.log)


@virtual_time
async def test_a_refresh_asks_and_is_kept(world: World, template_id: str) -> None:
    """What a refresh brings is what everybody gets from then on."""
    async with Simulator(world).client(template_cache=60) as client:
        await client.templates.get(template_id)
        change(world, template_id, name="Second")
        assert "First" == (await client.templates.get(template_id)).name
        assert "Second" == (await client.templates.get(template_id, refresh=True)).name
        assert "Second" == (await client.templates.get(template_id)).name
    assert 2 == len(world.log)


@virtual_time
async def test_kept_answers_cost_no_budget(world: World, template_id: str) -> None:
    """A hundred calls take one slot."""
    limiter = RateLimiter(1, 3600.0, 1)
    async with Simulator(world).client(template_cache=60, limiter=limiter) as client:
        with anyio.fail_after(1):
            for _ in range(100):
                await client.templates.get(template_id)
    assert 1 == len(world.log)


@virtual_time
async def test_calls_at_the_same_time_share_a_request(world: World, template_id: str) -> None:
    """Fifty calls at once make one request, and all get the template."""
    found: list[Template] = []
    async with Simulator(world, latency=1.0).client(template_cache=60) as client:

        async def get() -> None:
            found.append(await client.templates.get(template_id))

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(get)
        assert 49 == client.statistics().template_cache.joined
    assert ["First"] * 50 == [template.name for template in found]
    assert 1 == len(world.log)


@virtual_time
@pytest.mark.parametrize("cancelled", [0, 1])
async def test_a_cancelled_call_does_not_disturb_the_others(world: World, template_id: str, cancelled: int) -> None:
    """Whether it was the one that asks or one that waits for it, the others get their template."""
    found: dict[int, Template] = {}
    scopes = [anyio.CancelScope() for _ in range(4)]
    async with Simulator(world, latency=1.0).client(template_cache=60) as client:

        async def get(number: int) -> None:
            with scopes[number]:
                found[number] = await client.templates.get(template_id)

        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(get, number)
            await anyio.sleep(0.4)
            scopes[cancelled].cancel()
    assert {0, 1, 2, 3} - {cancelled} == set(found)


@virtual_time
async def test_a_failure_reaches_all_and_is_not_kept(world: World, template_id: str) -> None:
    """Who waited for a request that failed gets an error of his own; the next call asks anew."""
    faults = iter([Answer(400), None])
    caught: list[errors.PictoryError] = []
    simulator = Simulator(world, latency=1.0, faults=lambda *_: next(faults))
    async with simulator.client(template_cache=60) as client:

        async def get() -> None:
            try:
                await client.templates.get(template_id)
            except errors.InvalidRequestError as error:
                caught.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(get)
        assert "First" == (await client.templates.get(template_id)).name
    assert 3 == len({id(error) for error in caught})
    assert 1 == len(set(caught))
    assert 2 == len(world.log)


@virtual_time
async def test_a_passing_fault_is_repeated_for_all(world: World, template_id: str) -> None:
    """The shared request is repeated as any other would be."""
    faults = iter([Reset(), Answer(503), None])
    async with Simulator(world, faults=lambda *_: next(faults)).client(template_cache=60) as client:
        assert "First" == (await client.templates.get(template_id)).name


@virtual_time
async def test_an_older_answer_does_not_replace_a_refreshed_one(world: World, template_id: str) -> None:
    """A slow request from before a refresh brings its caller what it asked for, and is not kept."""
    waits = iter([10.0, 1.0])

    def latency(_request: SimRequest, _now: float) -> float:
        return next(waits)

    names: list[str | None] = []
    async with Simulator(world, latency=latency).client(template_cache=60) as client:

        async def slow() -> None:
            names.append((await client.templates.get(template_id)).name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(slow)
            await anyio.sleep(6.0)  # the answer "First" is on its way
            change(world, template_id, name="Second")
            names.append((await client.templates.get(template_id, refresh=True)).name)
        names.append((await client.templates.get(template_id)).name)
    assert ["Second", "First", "Second"] == names


@virtual_time
async def test_a_deleted_template_is_forgotten(world: World, template_id: str) -> None:
    """A refresh that finds nothing takes the template out of the cache."""
    faults = iter([None, Answer(404, {"content-type": "application/json"}, b"{}"), Answer(500)])
    simulator = Simulator(world, faults=lambda *_: next(faults))
    async with simulator.client(template_cache=60, retry=RetryPolicy(attempts=1)) as client:
        await client.templates.get(template_id)
        with pytest.raises(errors.NotFoundError):
            await client.templates.get(template_id, refresh=True)
        with pytest.raises(errors.ServerError):
            await client.templates.get(template_id)


@virtual_time
async def test_the_memory_is_bounded() -> None:
    """Beyond 1,000 templates, the one that was fetched first goes."""
    store = MemoryStore(60.0)
    for number in range(1001):
        await store.save(str(number), Fetched(Template(id=str(number)), b"", anyio.current_time()))
    assert [False, True, True] == [await store.load(name) is not None for name in ("0", "1", "1000")]


@virtual_time
async def test_polls_pass_the_cache_by(world: World, template_id: str) -> None:
    """What is waited for is looked at anew each time."""
    project_id = world.add_project()
    world.start_render(project_id, 0.0, queue=0.0, duration=100.0)
    async with Simulator(world).client(template_cache=3600) as client:
        assert (await client.projects.wait(project_id)).is_rendered
    assert len(world.log) > 5


@pytest.mark.parametrize("setting", [0, -1, float("nan"), "an hour", True])
def test_impossible_settings_are_refused(setting: Any) -> None:
    """A time to live is a duration above zero."""
    with pytest.raises(errors.PictoryConfigError, match="template_cache"):
        Simulator().client(template_cache=setting)
