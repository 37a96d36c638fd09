"""Options for some calls: a view of a client that shares its connections, its budget and its watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from pictory_async import AsyncPictory, Priority, RateLimiter, RetryPolicy, errors
from pictory_async.testing import BASE_URL, DEFAULT_API_KEY, Answer, Render, Simulator, Stall, World
from tests._polling import Script, client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture
def world() -> World:
    """An account with one rendered project, whose renders take 100 seconds."""
    world = World(render_seconds=(100.0, 100.0), queue_seconds=(0.0, 0.0))
    world.add_project(Render(-200.0, duration=10.0), project_id="p", on_render=[Render(0.0, duration=100.0)])
    return world


async def spent(client: AsyncPictory, requests: int) -> None:
    """Use up the budget."""
    for _ in range(requests):
        await client.projects.get("p")


class TestTheQueue:
    """``max_queue`` bounds how long a request waits for the budget."""

    async def test_a_call_is_refused_at_once_when_the_queue_is_too_long(self, world: World) -> None:
        """A handler learns immediately that the budget has nothing free, and nothing is sent."""
        simulator = Simulator(world)
        async with client_of(simulator, limiter=RateLimiter(2, 60.0)) as client:
            await spent(client, 2)
            began = anyio.current_time()
            with pytest.raises(errors.RateBudgetError, match="project 'p' was not sent") as caught:
                await client.with_options(max_queue=5.0).projects.get("p")
        assert (began, 5.0) == (anyio.current_time(), caught.value.max_wait)
        assert caught.value.retry_after is not None
        assert 5.0 < caught.value.retry_after <= 61.0
        assert 2 == len(simulator.log)

    async def test_a_call_waits_as_long_as_it_may(self, world: World) -> None:
        """A place in the queue that is close enough is waited for."""
        simulator = Simulator(world)
        async with client_of(simulator, limiter=RateLimiter(2, 60.0, 1)) as client:
            await spent(client, 1)
            assert (await client.with_options(max_queue=60.0).projects.get("p")).is_rendered

    async def test_zero_asks_for_a_request_now_or_never(self, world: World) -> None:
        """With a limit of zero seconds, what is free is used, and nothing is waited for."""
        async with client_of(Simulator(world), limiter=RateLimiter(1, 60.0)) as client:
            now = client.with_options(max_queue=0)
            assert (await now.projects.get("p")).is_rendered
            with pytest.raises(errors.RateBudgetError):
                await now.projects.get("p")

    async def test_a_pause_of_the_server_counts(self, world: World) -> None:
        """While the server asks for a pause, nothing is free."""
        simulator = Simulator(world, faults=Script(Answer(429, {"retry-after": "30"})))
        async with client_of(simulator, retry=RetryPolicy(attempts=1)) as client:
            with pytest.raises(errors.RateLimitedError):
                await client.projects.get("p")
            with pytest.raises(errors.RateBudgetError):
                await client.with_options(max_queue=20.0).projects.get("p")

    async def test_the_places_for_requests_count(self, world: World) -> None:
        """When every place for a request in flight is taken by one that hangs, a call is refused in time."""
        simulator = Simulator(world, faults=lambda _request, _now: Stall())
        async with client_of(simulator, timeout=500.0) as client, anyio.create_task_group() as group:
            for _ in range(32):
                group.start_soon(client.projects.get, "p")
            await anyio.sleep(1.0)
            began = anyio.current_time()
            with pytest.raises(errors.RateBudgetError, match="project 'p' was not sent: all places"):
                await client.with_options(max_queue=2.0).projects.get("p")
            assert 2.0 == pytest.approx(anyio.current_time() - began)
            group.cancel_scope.cancel()

    async def test_a_grant_that_has_to_be_renewed_counts(self) -> None:
        """A request that loses its grant while it gets its connection waits no longer than it may."""

        class Once(RateLimiter):
            """Takes back the first grant, and has no other one."""

            asked = 0

            def confirm(self, granted_at: float, /) -> bool:
                return False

            async def acquire(self, priority: Priority = Priority.INTERACTIVE, *, max_wait: Any = None) -> float:
                self.asked += 1
                if self.asked > 1:
                    assert max_wait is not None
                    raise errors.RateBudgetError("Nothing is free.", max_wait=max_wait)
                return await super().acquire(priority, max_wait=max_wait)

        sent: list[httpx.Request] = []

        def note(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(200)

        transport = httpx.MockTransport(note)
        async with AsyncPictory(DEFAULT_API_KEY, base_url=BASE_URL, http=transport, limiter=Once()) as client:
            with pytest.raises(errors.RateBudgetError, match=r"project 'p' was not sent: Nothing is free\."):
                await client.with_options(max_queue=3.0).projects.get("p")
        assert not sent

    async def test_each_retry_may_queue_as_long(self, world: World) -> None:
        """The limit is one of each request, so a retry does not begin with a used-up one."""
        simulator = Simulator(world, faults=Script(Answer(502)))
        retry = RetryPolicy(backoff=0.0)
        async with client_of(simulator, limiter=RateLimiter(2, 60.0, 1), retry=retry) as client:
            assert (await client.with_options(max_queue=40.0).projects.get("p")).is_rendered

    async def test_pages_of_a_list_and_templates_are_bounded(self, world: World) -> None:
        """Every call of a view obeys its options."""
        world.add_template("Hi", template_id="t")
        async with client_of(Simulator(world), limiter=RateLimiter(1, 60.0)) as client:
            await spent(client, 1)
            view = client.with_options(max_queue=0)
            with pytest.raises(errors.RateBudgetError):
                await view.templates.get("t")
            with pytest.raises(errors.RateBudgetError):
                _ = [item async for item in view.projects.list()]
            with pytest.raises(errors.RateBudgetError):
                await view.jobs.get("j")


class TestRenders:
    """A render is one GET and one POST, and both are bounded."""

    @pytest.mark.parametrize("free", [0, 1])
    async def test_a_refusal_before_the_post_starts_nothing(self, world: World, free: int) -> None:
        """Whether the GET or the POST finds no budget: nothing is billed, and the error is not an uncertain one."""
        simulator = Simulator(world)
        async with client_of(simulator, limiter=RateLimiter(2, 60.0)) as client:
            await spent(client, 2 - free)
            jobs = len(world.jobs)
            with pytest.raises(errors.RateBudgetError):
                await client.with_options(max_queue=1.0).projects.render("p")
        assert ["GET"] * 2 == [entry.method for entry in simulator.log]
        assert jobs == len(world.jobs)

    async def test_the_polls_of_a_view_wait_for_the_budget(self, world: World) -> None:
        """A wait begun with a view is not refused: its polls queue like those of every other watch."""
        world.add_project(Render(0.0, duration=100.0), project_id="new")
        simulator = Simulator(world)
        async with client_of(simulator, limiter=RateLimiter(2, 60.0)) as client:
            await spent(client, 2)
            view = client.with_options(max_queue=0, priority=Priority.BACKGROUND)
            assert (await view.projects.wait("new")).is_rendered

    async def test_the_polls_of_a_view_use_the_time_limit_of_the_client(self, world: World) -> None:
        """A short limit for a handler's own calls does not cut off the polls that others may share."""
        world.add_project(Render(0.0, duration=10.0), project_id="new")
        async with client_of(Simulator(world, latency=2.0), timeout=30.0) as client:
            view = client.with_options(timeout=1.0)
            with pytest.raises(errors.RequestTimeoutError, match="within 1 s"):
                await view.with_options(retry=RetryPolicy(attempts=1)).projects.get("p")
            assert (await view.projects.wait("new")).is_rendered
            (outcome,) = await view.projects.wait_all(["new"])
            assert outcome.ok

    async def test_a_wait_for_a_handle_takes_no_older_video(self, world: World) -> None:
        """``wait`` takes the handle of a render, too: only the video of that one counts."""
        simulator = Simulator(world)
        async with client_of(simulator) as client:
            handle = await client.projects.render("p")
            began = anyio.current_time()
            project = await client.projects.wait(handle)
        assert anyio.current_time() - began > 90.0
        assert project.is_rendered

    async def test_connections_of_renders_are_not_kept_without_end(self, world: World) -> None:
        """Each POST opens a connection; no more of them stay than can be busy at once."""
        for number in range(80):
            world.add_project(earlier_video=-5.0, project_id=f"n{number}")
        transports: list[object] = []
        simulator = Simulator(world)
        async with client_of(simulator) as client:
            engine = client._engine
            engine._owned, engine._pooled = True, False
            engine._make = lambda _tls, **_: transports.append(0) or simulator.transport()  # type: ignore[func-returns-value]
            for number in range(80):
                await client.projects.render(f"n{number}")
            assert client.statistics().http.connections <= engine.slots.most
        assert len(transports) > 80

    async def test_a_view_shares_watches(self, world: World) -> None:
        """Two waits for one project, with the client and with a view, share their polls."""
        world.add_project(Render(0.0, duration=60.0), project_id="new")
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client, anyio.create_task_group() as group:
            group.start_soon(client.projects.wait, "new")
            group.start_soon(client.with_options(timeout=5.0).projects.wait, "new")
        assert client.statistics().watches.polls == len(simulator.log)
        assert len(simulator.log) < 10


class TestOtherOptions:
    """Time limits, retries and priorities of single calls."""

    @pytest.mark.parametrize("limit", [None, 50.0])
    async def test_a_longer_time_limit(self, world: World, limit: float | None) -> None:
        """What takes longer than usual gets more time, or as much as it takes."""
        async with client_of(Simulator(world, latency=40.0), timeout=5.0) as client:
            assert (await client.with_options(timeout=limit).projects.get("p")).is_rendered

    async def test_no_retries(self, world: World) -> None:
        """A call that must be quick is not retried."""
        simulator = Simulator(world, faults=Script(Answer(502)))
        async with client_of(simulator) as client:
            with pytest.raises(errors.ServerError):
                await client.with_options(retry=RetryPolicy(attempts=1)).projects.get("p")
        assert 1 == len(simulator.log)

    async def test_options_of_a_view_do_not_shorten_the_pauses_of_the_client(self, world: World) -> None:
        """How long a server may pause the whole client is the client's own setting."""
        simulator = Simulator(world, faults=Script(Answer(429, {"retry-after": "60"})))
        async with client_of(simulator) as client:
            hasty = client.with_options(retry=RetryPolicy(attempts=1, max_pause=0.0))
            with pytest.raises(errors.RateLimitedError):
                await hasty.projects.get("p")
            began = anyio.current_time()
            await client.projects.get("p")
        assert anyio.current_time() - began >= 60.0

    async def test_background_calls_let_others_pass(self, world: World) -> None:
        """A call in the background goes after those that a person waits for."""
        seen: list[str] = []

        def note(request: SimRequest, _now: float) -> Fault | None:
            seen.append(request.path.rpartition("/")[2])
            return None

        for name in ("later", "now"):
            world.add_project(Render(-200.0, duration=10.0), project_id=name)
        async with client_of(Simulator(world, faults=note), limiter=RateLimiter(10, 60.0, 1)) as client:
            await client.projects.get("p")
            async with anyio.create_task_group() as group:
                for _ in range(4):
                    group.start_soon(client.with_options(priority=Priority.BACKGROUND).projects.get, "later")
                await anyio.sleep(0.1)
                for _ in range(4):
                    group.start_soon(client.projects.get, "now")
        assert ["later"] * 3 == seen[-3:]

    async def test_downloads_use_them(self, world: World, tmp_path: Path) -> None:
        """The requests to media hosts have the time limit and the retries of the call."""
        world.add_project(Render(-200.0, duration=10.0), project_id="q")

        def stall(request: SimRequest, _now: float) -> Fault | None:
            return None if request.path.startswith("/pictoryapis") else Stall()

        async with client_of(Simulator(world, faults=stall)) as client:
            view = client.with_options(timeout=2.0, retry=RetryPolicy(attempts=1))
            began = anyio.current_time()
            with pytest.raises(errors.DownloadError):
                await view.projects.download("q", tmp_path, kinds="srt")
        assert anyio.current_time() - began < 10.0

    async def test_options_add_up(self, world: World) -> None:
        """A view of a view keeps what is not changed; the client itself stays as it is."""
        async with client_of(Simulator(world), limiter=RateLimiter(1, 60.0)) as client:
            view = client.with_options(max_queue=0).with_options(timeout=3.0)
            await spent(client, 1)
            with pytest.raises(errors.RateBudgetError):
                await view.projects.get("p")
            assert (await view.with_options(max_queue=None).projects.get("p")).is_rendered
            assert 2 == client.statistics().transport.requests == view.statistics().transport.requests

    async def test_a_view_is_closed_with_its_client(self, world: World) -> None:
        """There is one set of connections, so closing either closes both."""
        client = client_of(Simulator(world))
        view = client.with_options(timeout=3.0)
        await client.aclose()
        with pytest.raises(errors.PictoryConfigError, match="closed"):
            await view.projects.get("p")

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"timeout": 0}, "timeout must be longer than 0 s"),
            ({"max_queue": -1}, "max_queue must be a number of seconds"),
            ({"retry": 3}, r"retry must be a RetryPolicy, such as RetryPolicy\(attempts=1\), not 3"),
            ({"priority": "high"}, "priority must be one of Priority.INTERACTIVE, Priority.POLL, Priority.BACKGROUND"),
        ],
    )
    async def test_an_option_that_cannot_work_is_refused(self, options: dict[str, Any], problem: str) -> None:
        """The error names the option, before anything is sent."""
        async with client_of(Simulator()) as client:
            with pytest.raises(errors.PictoryConfigError, match=problem):
                client.with_options(**options)
