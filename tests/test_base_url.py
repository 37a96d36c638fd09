"""A base URL without ``/pictoryapis``: what responds there is not the API, and every error says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from pictory_async import RenderHandle, RenderStatus, errors
from pictory_async.testing import Answer, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault

pytestmark = [pytest.mark.anyio, virtual_time]

ROOT = "https://simulator.invalid"
ADVICE = rf"{ROOT} is not the address of the API .*Did you mean {ROOT}/pictoryapis\?"


def answer(status: int, body: object) -> Fault:
    return Answer(status, {"content-type": "application/json"}, json.dumps(body).encode())


NOT_THERE = [
    None,  # the simulator's own 404, in the API's form
    Answer(404, {"content-type": "text/html"}, b"<html>no such page</html>"),
    answer(403, {"message": "Missing Authentication Token"}),
]


@pytest.mark.parametrize("fault", NOT_THERE)
@pytest.mark.parametrize("base", [ROOT, f"{ROOT}/"])
async def test_calls_name_the_address(world: World, fault: Fault | None, base: str) -> None:
    """A project, a list and a render are not missing: the address is wrong, and the error names the right one."""
    project_id = world.add_project()
    async with client_of(Simulator(world, faults=lambda *_: fault), base_url=base) as client:
        with pytest.raises(errors.StatusError, match=ADVICE) as caught:
            await client.projects.get(project_id)
        assert not caught.value.from_api
        with pytest.raises(errors.StatusError, match=ADVICE):
            [item async for item in client.projects.list()]
        with pytest.raises(errors.StatusError, match=ADVICE):
            await client.projects.render(project_id)
    assert {"GET"} == {entry.method for entry in world.log}


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("fault", NOT_THERE)
async def test_waits_end_soon(world: World, fault: Fault | None, count: int) -> None:
    """Waits end within seconds, and none of them says that a project is missing."""
    ids = [world.add_project(earlier_video=-60.0) for _ in range(count)]
    began = anyio.current_time()
    async with client_of(Simulator(world, latency=0.1, faults=lambda *_: fault), base_url=ROOT) as client:
        outcomes = await client.projects.wait_all(ids)
    assert {RenderStatus.ERROR} == {outcome.status for outcome in outcomes}
    assert all("Did you mean" in str(outcome.error) for outcome in outcomes)
    assert anyio.current_time() - began < 20.0  # refusals of an address are believed after twelve seconds


async def test_a_paid_render_is_waited_for(world: World) -> None:
    """The wait for a handle goes on: the address may be that of a proxy that comes back."""
    async with client_of(Simulator(world, latency=0.1), base_url=ROOT) as client:
        (outcome,) = await client.projects.wait_all([RenderHandle(project_id="x")], max_wait=100.0)
    assert RenderStatus.TIMED_OUT is outcome.status
    assert "Did you mean" in str(outcome.error)


@pytest.mark.parametrize("status", [403, 404])
async def test_other_addresses_are_believed(world: World, status: int) -> None:
    """With a path, the base URL may be that of a proxy: a missing project is missing."""
    fault = answer(status, {"message": "no"})
    simulator = Simulator(world, faults=lambda *_: fault)
    async with client_of(simulator, base_url=f"{ROOT}/proxy") as client:
        with pytest.raises(errors.StatusError) as caught:
            await client.projects.get("x")
    assert caught.value.from_api
    assert "Did you mean" not in str(caught.value)


class AtRoot(httpx.AsyncBaseTransport):
    """A proxy that has Pictory's API at the root of its host."""

    def __init__(self, api: httpx.AsyncBaseTransport) -> None:
        self.api = api

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(path=f"/pictoryapis{request.url.path}")
        return await self.api.handle_async_request(httpx.Request(request.method, url, headers=request.headers))


async def test_a_proxy_at_the_root_that_works_is_believed(world: World) -> None:
    """Once a request succeeds there, a missing project is missing."""
    project_id = world.add_project(earlier_video=-60.0)
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator, http=AtRoot(simulator.transport()), base_url=ROOT) as client:
        (found,) = await client.projects.wait_all([project_id])
        (missing,) = await client.projects.wait_all(["nope"])
    assert RenderStatus.RENDERED is found.status
    assert RenderStatus.MISSING is missing.status
    assert missing.waited < 5.0
