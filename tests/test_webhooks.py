"""A webhook is a hint: it brings a poll forward, and is believed in nothing."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from pictory_async import RateLimiter
from pictory_async.errors import PictoryConfigError
from pictory_async.testing import Render, Simulator, Webhooks, World
from pictory_async.video import Background, VideoRequest, VideoScene
from pictory_async.webhooks import WebhookApp
from tests._virtual import virtual_time

pytestmark = pytest.mark.anyio

SECRET = "a-secret-of-the-tests"
PATH = f"/pictory/{SECRET}"
REQUEST = VideoRequest(
    video_name="Ada",
    scenes=[VideoScene(story="Hello.", background=Background(color="#0F172A"))],
    webhook=f"https://example.org{PATH}",
    webhook_input={"order": 7},
)


class Hints(list[str]):
    """What was hinted at."""

    def app(self, **options: Any) -> WebhookApp:
        """An app that hints here."""
        return WebhookApp(self.append, secret=SECRET, **options)


async def call(app: WebhookApp, *parts: bytes, path: str = PATH, method: str = "POST", leaves: bool = False) -> Any:
    """Send a request to an app, and return the status of its answer; ``None`` if there is none."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if leaves:
        messages.append({"type": "http.disconnect"})
    elif messages:
        messages[-1]["more_body"] = False
    sent: list[Any] = []

    async def receive() -> Any:
        if not messages:
            await anyio.sleep_forever()
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "method": method, "path": path}, receive, send)
    return sent[0]["status"] if sent else None


@virtual_time
@pytest.mark.parametrize(
    ("body", "jobs"),
    [
        ({"job_id": "a"}, ["a"]),
        ({"jobId": "a", "success": True}, ["a"]),
        ({"data": {"job_id": "a", "status": "completed"}}, ["a"]),
        ({"data": {"jobId": "a"}, "job_id": "b"}, ["a", "b"]),
        ([{"job_id": "a"}, 7, {"job_id": "a"}, {"job_id": "b"}], ["a", "b"]),
        ([{"job_id": f"j{number}"} for number in range(200)], [f"j{number}" for number in range(100)]),
        ([{}] * 999 + [{"job_id": "a"}, {"job_id": "b"}], ["a"]),
        ({"job_id": ["a"], "jobId": "", "data": "a"}, []),
        ({"job_id": "a" * 201}, []),
        (None, []),
        ("a", []),
    ],
)
async def test_any_json_is_accepted(body: Any, jobs: list[str]) -> None:
    """The job is found wherever the API documents its id, and nothing else is read."""
    hints = Hints()
    written = json.dumps(body).encode()
    assert 204 == await call(hints.app(), written[:5], written[5:])
    assert jobs == hints


@virtual_time
@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (404, {"path": "/pictory/another-secret-of-16"}),
        (404, {"path": "/pictory/" + SECRET[:-1]}),
        (404, {"path": "/"}),
        (404, {"path": "/pictory/\udce9\ud800"}),
        (405, {"method": "GET"}),
        (None, {"leaves": True}),
    ],
)
async def test_what_is_no_webhook_hints_at_nothing(status: int | None, request_: dict[str, Any]) -> None:
    """A wrong secret, another method, and a sender that leaves."""
    hints = Hints()
    assert status == await call(hints.app(), b'{"job_id": "a"}', **request_)
    assert not hints


@virtual_time
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 60_000, b"1" * 10_000])
async def test_what_is_not_json_is_refused(body: bytes) -> None:
    """With 400, also where it is nested too deeply."""
    assert 400 == await call(Hints().app(), body)


@virtual_time
async def test_bodies_are_bounded() -> None:
    """In size, whatever a header says, and in time."""
    body = json.dumps({"job_id": "a", "more": "x" * 1000}).encode()
    hints = Hints()
    assert 413 == await call(hints.app(), b"[" * 65_537)
    assert 413 == await call(hints.app(most_bytes=100), *(body[start : start + 10] for start in range(0, 500, 10)))
    assert 204 == await call(hints.app(most_bytes=len(body)), body)
    began = anyio.current_time()
    assert 408 == await call(hints.app())
    assert 10.0 == pytest.approx(anyio.current_time() - began)
    assert ["a"] == hints


@virtual_time
async def test_hints_may_be_async() -> None:
    """They are awaited before the answer is sent."""
    hints = Hints()

    async def hint(job_id: str) -> None:
        await anyio.sleep(1.0)
        hints.append(job_id)

    assert 204 == await call(WebhookApp(hint, secret=SECRET), b'{"job_id": "a"}')
    assert ["a"] == hints


@virtual_time
@pytest.mark.parametrize("is_async", [False, True])
async def test_a_hint_that_fails_does_not_end_the_others(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is 500, so that the webhook may come again; the first error is in the log, and no other."""
    hints = Hints()

    def hint(job_id: str) -> None:
        hints.append(job_id)
        if job_id in {"a", "c"}:
            raise ZeroDivisionError(job_id)

    async def hint_later(job_id: str) -> None:
        await anyio.sleep(1.0)
        hint(job_id)

    app = WebhookApp(hint_later if is_async else hint, secret=SECRET)
    body = json.dumps([{"job_id": name} for name in "abcd"]).encode()
    assert [500, 500, 204] == [await call(app, one) for one in (body, body, b'{"job_id": "b"}')]
    assert [*"abcdabcdb"] == hints
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("pictory.hook.failed: the hint of a webhook raised an error")
    assert record.exc_info is not None
    assert "a" == str(record.exc_info[1])


@virtual_time
async def test_it_can_be_the_whole_app_of_a_server() -> None:
    """It starts and stops with it, and refuses websockets."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "anything"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    for kind in ("lifespan", "websocket"):
        await Hints().app()({"type": kind}, receive, send)
    assert ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"] == sent


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"secret": "short"}, "secret must have 16 to 200 characters"),
        ({"secret": "with a blank in it "}, "secret must have 16 to 200 characters"),
        ({"secret": ""}, "A secret is text"),
        ({"most_bytes": 0}, "most_bytes must be"),
        ({"most_bytes": True}, "most_bytes must be"),
        ({"hint": "jobs.hint"}, "hint must be a function"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], problem: str) -> None:
    """When the app is made, and without repeating the secret."""
    given: dict[str, Any] = {"hint": print, "secret": SECRET, **options}
    with pytest.raises(PictoryConfigError, match=problem) as caught:
        WebhookApp(given.pop("hint"), **given)
    assert len(str(given["secret"])) < 6 or str(given["secret"]) not in str(caught.value)
    assert SECRET not in repr(vars(Hints().app()))


async def made(count: int, **deliveries: Any) -> tuple[list[float], float, Webhooks]:
    """Make videos with a watch that polls rarely; return how late each end was noticed, and the GETs for each."""
    world = World(on_video=[Render(0.0, duration=100.0 + 10.0 * number) for number in range(count)])
    simulator = Simulator(world, latency=0.1)
    late: list[float] = []
    async with simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client:
        began = anyio.current_time()
        async with client.projects.watch(interval=150) as watch, anyio.create_task_group() as tasks:
            hooks = Webhooks(simulator, WebhookApp(watch.hint, secret=SECRET), **deliveries)
            tasks.start_soon(hooks.run)
            for _ in range(count):
                watch.add(await client.videos.render(REQUEST))
            async for outcome in watch:
                assert outcome.ok
                assert outcome.job_id is not None
                late.append(anyio.current_time() - began - world.job_ends_at(outcome.job_id))
            tasks.cancel_scope.cancel()
    gets = [entry for entry in simulator.log if entry.method == "GET"]
    return late, len(gets) / count, hooks


@virtual_time
async def test_with_webhooks_ends_are_noticed_at_once_with_few_polls() -> None:
    """Late by as much as the delivery; the simulator posts what the job shows, and the input of its request."""
    late, requests, hooks = await made(2, late=(0.5, 1.0), delivered=1.0)
    assert max(late) < 1.5
    assert requests <= 3.0
    assert [204, 204] == [status for _, _, status in hooks.log]


@virtual_time
async def test_deliveries_that_are_late_doubled_false_or_missing_change_no_result() -> None:
    """Polling goes on: each end is noticed within the interval."""
    late, requests, hooks = await made(8, seed=3, late=(0.0, 60.0), delivered=0.5, twice=0.5, false=0.5)
    assert max(late) < 400.0
    assert min(late) >= 0.0
    assert requests < 8.0
    jobs = [job for _, job, _ in hooks.log]
    assert len({*jobs}) < len(jobs)  # something came twice
    assert len({*jobs}) < 8  # something did not come


@virtual_time
async def test_what_is_delivered_is_what_the_job_shows() -> None:
    """And the input of the request."""
    world = World(on_video=[Render(0.0, duration=10.0)])
    simulator = Simulator(world)
    bodies: list[Any] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        bodies.append(json.loads((await receive())["body"]))
        assert "http.disconnect" == (await receive())["type"]
        await send({"type": "http.response.start", "status": 202, "headers": []})

    async with simulator.client() as client, anyio.create_task_group() as tasks:
        hooks = Webhooks(simulator, app, late=(0.0, 0.0), false=1.0)
        tasks.start_soon(hooks.run)
        handle = await client.videos.render(REQUEST)
        transcript = await client.transcripts.start("https://example.org/a.mp4")
        await anyio.sleep(100.0)
        tasks.cancel_scope.cancel()
    assert [handle.job_id] == [*world.webhooks]
    assert transcript not in world.webhooks
    false, true = bodies
    assert {
        "job_id": handle.job_id,
        "success": True,
        "data": {"status": "completed"},
        "webhookInput": {"order": 7},
    } == false
    assert true["data"]["videoURL"]
    assert ({"order": 7}, handle.job_id) == (true["webhookInput"], true["job_id"])
    assert [202, 202] == [status for _, _, status in hooks.log]
