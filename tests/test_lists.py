"""Lists over all their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async import errors
from pictory_async.testing import Answer, Simulator, World
from tests._templates import deleting
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("count", [0, 1, 3, 7])
@pytest.mark.parametrize("trailing_page", [False, True])
async def test_projects_are_listed_over_all_pages(count: int, trailing_page: bool) -> None:
    """However many pages there are, an empty last one included, every project is listed once and in order."""
    world = World(page_size=3, trailing_page=trailing_page)
    for number in range(count):
        world.add_project(name=f"Project {number}", integer_id=number % 2 == 0)
    async with Simulator(world).client() as client:
        listing = client.projects.list()
        names = [item.name async for item in listing]
        assert count == len(names) == len(set(names))
        assert names == [item.name async for item in listing]
        assert sum([len(page.items) async for page in listing.pages()]) == count


async def test_listed_projects_can_be_watched() -> None:
    """The ids of a list are good for the other calls, text and integers alike."""
    world = World()
    added = {world.add_project(earlier_video=-10.0, integer_id=odd) for odd in (True, False)}
    async with Simulator(world).client() as client:
        ids = [item.id async for item in client.projects.list()]
        outcomes = await client.projects.wait_all(ids)
    assert added == set(ids)
    assert all(outcome.ok for outcome in outcomes)


async def test_jobs_are_listed_newest_first() -> None:
    """Jobs of all pages come in the API's order, typed."""
    world = World(page_size=2)
    project_id = world.add_project()
    jobs = [world.start_render(project_id, -100.0 + number, duration=1.0, queue=0.0) for number in range(5)]
    async with Simulator(world).client() as client:
        found = [job async for job in client.jobs.list()]
    assert [job.id for job in found] == jobs[::-1]
    assert all(job.is_completed for job in found)


async def test_templates_are_listed_with_or_without_details() -> None:
    """``details=True`` fetches each template at once with the others and keeps the list's order."""
    world = World()
    ids = [world.add_template(name=f"Template {number}") for number in range(5)]
    simulator = Simulator(world, latency=1.0)
    async with simulator.client() as client:
        assert ids == [item.id async for item in client.templates.list()]
        began = simulator.now()
        detailed = [template async for template in client.templates.list(details=True)]
        assert simulator.now() - began < 3.0
    assert ids == [template.id for template in detailed]
    assert all(template.schema_version for template in detailed)


async def test_a_template_that_vanishes_meanwhile_is_left_out() -> None:
    """A template that was deleted after the list was made does not end the listing."""
    world = World()
    gone, kept = (world.add_template() for _ in range(2))
    async with Simulator(world, faults=deleting(world, gone)).client() as client:
        assert [kept] == [template.id async for template in client.templates.list(details=True)]


@pytest.mark.parametrize("body", [b"<html>", b'{"message": "Template not found"}'])
async def test_a_template_that_is_listed_and_not_found(body: bytes) -> None:
    """It is no reason to leave it out: the listing ends with the error."""
    world = World()
    one, _ = (world.add_template() for _ in range(2))

    def fault(request: SimRequest, _now: float) -> Fault | None:
        return Answer(404, JSON, body) if request.path.endswith(one) else None

    async with Simulator(world, faults=fault).client() as client:
        with pytest.raises(errors.NotFoundError):
            _ = [template async for template in client.templates.list(details=True)]


async def test_one_failure_ends_a_listing_with_its_own_error() -> None:
    """An error of one of several calls at once is raised as it is, not as a group."""
    world = World()
    ids = [world.add_template() for _ in range(3)]

    def fault(request: SimRequest, _now: float) -> Fault | None:
        return Answer(403, JSON, b"{}") if request.path.endswith(ids[1]) else None

    async with Simulator(world, faults=fault).client() as client:
        with pytest.raises(errors.PermissionDeniedError):
            _ = [template async for template in client.templates.list(details=True)]


@pytest.mark.parametrize("keys", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
async def test_pages_that_go_in_a_circle_end_with_an_error(keys: list[str]) -> None:
    """A page key that comes twice is an error, not an endless loop."""
    answers = iter([*keys, *keys])

    def fault(_request: SimRequest, _now: float) -> Fault:
        key = next(answers)
        return Answer(200, JSON, b'{"items": [{"id": "p"}], "pageKey": "%s"}' % key.encode())

    simulator = Simulator(faults=fault)
    async with simulator.client() as client:
        with pytest.raises(errors.MalformedResponseError, match="go in a circle"):
            _ = [item async for item in client.projects.list()]
    assert len(simulator.log) == len(keys)


async def test_a_list_that_is_none_is_an_error() -> None:
    """An answer without items names the place in the body."""
    async with Simulator(faults=lambda _request, _now: Answer(200, JSON, b'{"items": 5}')).client() as client:
        with pytest.raises(errors.MalformedResponseError, match="list of projects") as caught:
            _ = [item async for item in client.projects.list()]
    assert caught.value.json_path == "$.items"


async def test_pages_that_stay_empty_end_the_list() -> None:
    """Keys that are ever new, and nothing on their pages: that would go on for ever."""
    world = World()
    pages = iter(range(10_000))

    def empty(_request: SimRequest, _now: float) -> Fault:
        return Answer(200, JSON, b'{"items": [], "pageKey": "%d"}' % next(pages))

    async with Simulator(world, faults=empty).client() as client:
        with pytest.raises(errors.MalformedResponseError, match="are empty, 100 of them in a row"):
            [item async for item in client.projects.list()]
    assert 101 == next(pages)
