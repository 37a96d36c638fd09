"""The simulator's control: what a person does to the account while programs use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing import Simulator, TruthKind, World, populate_agency
from pictory_async.testing._control import Control
from pictory_async.testing._messages import SimRequest
from pictory_async.testing.server import ServerThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Post = Callable[..., Any]


@pytest.fixture
def world() -> World:
    """An account with one project."""
    world = World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0))
    world.add_project(project_id="a/b", name="Film", earlier_video=-60.0)
    return world


@pytest.fixture
def server(world: World) -> Iterator[ServerThread]:
    """Its server, with control."""
    with ServerThread(Simulator(world), control=True) as running:
        yield running


@pytest.fixture
def client(server: ServerThread) -> Iterator[httpx.Client]:
    """A person with `curl`."""
    with httpx.Client(base_url=server.origin, trust_env=False) as client:
        yield client


def get(client: httpx.Client, world: World) -> httpx.Response:
    """Fetch the project as a program does."""
    return client.get("/pictoryapis/v2/projects/a%2Fb", headers={"authorization": world.api_key or "pictai_simulator"})


def test_edits_and_deletions(client: httpx.Client, world: World) -> None:
    """A project is saved again, rendered, and deleted, as in the web app."""
    before = get(client, world).json()
    assert {"project_id": "a/b", "done": "edit"} == client.post("/_control/projects/a%2Fb/edit").json()
    edited = get(client, world).json()
    assert before["saveDate"] < edited["saveDate"]
    assert 200 == client.post("/_control/projects/a%2Fb/render").status_code
    assert edited["generatedDate"] < get(client, world).json()["generatedDate"]
    assert 200 == client.post("/_control/projects/a%2Fb/delete").status_code
    assert 404 == get(client, world).status_code
    assert 404 == client.post("/_control/projects/a%2Fb/edit").status_code


def test_the_key(client: httpx.Client, world: World) -> None:
    """The key is rejected, and accepted again."""
    assert {"key": "rejected"} == client.post("/_control/key/revoke").json()
    assert 401 == get(client, world).status_code
    assert {"key": "accepted"} == client.post("/_control/key/restore").json()
    assert 200 == get(client, world).status_code


def test_a_slow_network(client: httpx.Client, server: ServerThread) -> None:
    """Responses take longer; only a number of seconds is accepted."""
    assert {"latency": 2.5} == client.post("/_control/latency?seconds=2.5").json()
    assert 2.5 == server.simulator.latency
    for wrong in ("", "?seconds=x", "?seconds=-1", "?seconds=nan", "?seconds=1e9"):
        assert 400 == client.post(f"/_control/latency{wrong}").status_code


def test_what_there_is(client: httpx.Client, world: World) -> None:
    """The projects are shown with their states, and what can be done; none of it is in the world's log."""
    for path in ("/_control", "/_control/"):
        found = client.get(path).json()
        assert [{"id": "a/b", "name": "Film", "state": "rendered"}] == found["projects"]
        assert "POST /_control/key/revoke" in found["usage"]
    assert 404 == client.get("/_control/nothing").status_code
    assert [] == world.log


def test_without_control(world: World) -> None:
    """A server that was not asked for it has none."""
    with ServerThread(Simulator(world)) as server:
        assert httpx.post(f"{server.origin}/_control/key/revoke", trust_env=False).status_code in {401, 404}
    assert 1 == len(world.log)


@pytest.mark.parametrize(("status", "client"), [(403, None), (403, "192.0.2.1"), (200, "127.0.0.1"), (200, "::1")])
def test_another_machine(world: World, status: int, client: str | None) -> None:
    """Only the same machine changes an account."""
    request = SimRequest(method="POST", path="/_control/key/restore")
    assert status == Control(Simulator(world)).respond(request, client).status


def test_an_agency() -> None:
    """It has several customers, projects in every state, and names that several projects have."""
    world = World()
    planned = populate_agency(world, 40)
    kinds = [world.truth(one.project_id, 0.5).kind for one in planned]
    assert {"rendered": 28, "never": 4, "rendering": 4, "failed": 4} == {kind: kinds.count(kind) for kind in set(kinds)}
    later = [world.truth(one.project_id, 1000.0).kind for one in planned]
    assert [one.expected for one in planned] == later
    assert TruthKind.RENDERING not in later
    names = [project.name for project in world.projects]
    assert len({*names}) < 40
    assert {"ACME", "Globex", "Initech", "Umbrella"} == {name.split()[0] for name in names}
    assert 8 == sum(bool(project.edits) for project in world.projects)
    assert planned == populate_agency(World(), 40)
