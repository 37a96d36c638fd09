"""Spans and metrics of OpenTelemetry, with its real SDK."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pictory_async import RetryPolicy, errors
from pictory_async.opentelemetry import trace_events
from pictory_async.testing import Answer, Refuse, Simulator, World
from tests._polling import Script, client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async.events import Event

pytestmark = [pytest.mark.anyio, virtual_time]


class Telemetry:
    """A program's SDK, whose spans and metrics stay in memory."""

    def __init__(self) -> None:
        self._spans, self._metrics = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._metrics], shutdown_on_exit=False)
        self.on_event = trace_events(self.tracers, self.meters)

    def spans(self, name: str = "") -> list[Any]:
        """The finished spans whose names begin so."""
        return [span for span in self._spans.get_finished_spans() if span.name.startswith(name)]

    def points(self, name: str) -> list[Any]:
        """The data points of a metric."""
        data: Any = self._metrics.get_metrics_data()
        (scope,) = data.resource_metrics[0].scope_metrics
        (found,) = (metric for metric in scope.metrics if metric.name == name)
        return list(found.data.data_points)

    def close(self) -> None:
        self.tracers.shutdown()
        self.meters.shutdown()


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    """An SDK of its own for each test."""
    sdk = Telemetry()
    yield sdk
    sdk.close()


async def test_polls_run_under_the_span_of_the_block(telemetry: Telemetry) -> None:
    """The current span during a poll is that in which the watch's block was entered, whoever adds the project."""
    tracer = telemetry.tracers.get_tracer("test")
    seen: list[Any] = []

    def note(event: Event) -> None:
        seen.append(trace.get_current_span())

    world = World(render_seconds=(20.0, 20.0))
    project_id = world.add_project(earlier_video=-5.0)
    async with client_of(Simulator(world, latency=0.1), on_event=note) as client:
        with tracer.start_as_current_span("the watch") as span:
            async with client.projects.watch() as watch:
                with tracer.start_as_current_span("elsewhere"):
                    watch.add(project_id)
                seen.clear()
                await anext(watch)
    assert len(seen) > 2
    assert {span} == set(seen)


async def test_a_wait_is_a_span_with_its_polls(telemetry: Telemetry) -> None:
    """A wait is a child of the span that asked for it; its requests are its children, its polls its events."""
    world = World(render_seconds=(20.0, 20.0))
    project_id = world.add_project()
    tracer = telemetry.tracers.get_tracer("test")
    async with client_of(Simulator(world, latency=0.1), on_event=telemetry.on_event) as client:
        with tracer.start_as_current_span("the program"):
            handle = await client.projects.render(project_id)
            (outcome,) = await client.projects.wait_all([handle])
    (program,), (wait,) = telemetry.spans("the program"), telemetry.spans("pictory.wait")
    assert program.context.span_id == wait.parent.span_id
    assert {"pictory.poll"} == {event.name for event in wait.events}
    assert outcome.polls == len(wait.events) == wait.attributes["pictory.polls"]
    assert (str(project_id), handle.job_id, "rendered") == tuple(
        wait.attributes[f"pictory.{name}"] for name in ("project_id", "job_id", "status")
    )
    requests = telemetry.spans("GET") + telemetry.spans("POST")
    of_wait = [span for span in requests if span.parent.span_id == wait.context.span_id]
    assert outcome.polls == len(of_wait)
    assert {"GET /v1/jobs/{job_id}", "GET /v2/projects/{project_id}"} == {span.name for span in of_wait}
    assert {program.context.span_id} == {span.parent.span_id for span in requests if span not in of_wait}
    assert {trace.SpanKind.CLIENT} == {span.kind for span in requests}
    facts = of_wait[0].attributes
    assert ("GET", 200, "/v1/jobs/{job_id}") == tuple(
        facts[name] for name in ("http.request.method", "http.response.status_code", "url.template")
    )
    assert 0.1 == pytest.approx((of_wait[0].end_time - of_wait[0].start_time) / 1e9, abs=0.01)


async def test_metrics_have_no_ids(telemetry: Telemetry) -> None:
    """Requests, outcomes, delays, open waits and the pace are measured, without a series for each project."""
    world = World(render_seconds=(20.0, 20.0))
    ids = [world.add_project(earlier_video=-5.0) for _ in range(3)]
    async with client_of(Simulator(world, latency=0.1), on_event=telemetry.on_event) as client:
        await client.projects.wait_all(ids)
        async with client.projects.watch(ids[:1]):
            assert [1] == [point.value for point in telemetry.points("pictory.waits")]
    assert [0] == [point.value for point in telemetry.points("pictory.waits")]
    outcomes = telemetry.points("pictory.outcomes")
    assert {"rendered": 3, "cancelled": 1} == {one.attributes["pictory.status"]: one.value for one in outcomes}
    (delay,) = telemetry.points("pictory.detection_delay")
    assert 3 == delay.count
    (requests,) = telemetry.points("http.client.request.duration")
    assert 0.005 == requests.explicit_bounds[0]
    assert 3 <= requests.count
    (queue,) = telemetry.points("pictory.queue_wait")
    assert {"pictory.purpose": "poll"} == dict(queue.attributes)
    assert [1.0] == [point.value for point in telemetry.points("pictory.pace")]
    named = [*outcomes, delay, requests, queue]
    assert not [one for one in named if set(ids) & set(map(str, one.attributes.values()))]


async def test_failures(telemetry: Telemetry) -> None:
    """A failed request has its status or its class as ``error.type``, and so have polls and waits that fail."""
    world = World()
    project_id = world.add_project()
    faults = Script(Refuse(), Answer(500, {"cf-ray": "edge-1"}), Answer(429, {"retry-after": "1"}))
    simulator = Simulator(world, latency=0.1, faults=faults)
    async with simulator.client(on_event=telemetry.on_event, retry=RetryPolicy(attempts=4)) as client:
        await client.projects.get(project_id)
        (outcome,) = await client.projects.wait_all(["no-such"])
        with pytest.raises(errors.NotFoundError):
            await client.projects.get("no-such")
    requests = telemetry.spans("GET")
    kinds = [span.attributes.get("error.type") for span in requests]
    assert ["ConnectionFailedError", "500", "429", None, "404", "404", "404"] == kinds
    assert [None, 1, 2, 3] == [span.attributes.get("http.request.resend_count") for span in requests[:4]]
    assert "edge-1" == requests[1].attributes["pictory.request_id"]
    (wait,) = telemetry.spans("pictory.wait")
    assert ("missing", "NotFoundError") == (wait.attributes["pictory.status"], wait.attributes["error.type"])
    assert (trace.StatusCode.ERROR, str(outcome.error)) == (wait.status.status_code, wait.status.description)
    assert ["NotFoundError"] * 2 == [event.attributes["error.type"] for event in wait.events]
    assert [{"pictory.reason": "refused"}] == [dict(one.attributes) for one in telemetry.points("pictory.pauses")]
    assert telemetry.points("pictory.pace")[0].value < 1.0


async def test_waits_that_share_polls(telemetry: Telemetry) -> None:
    """The request of a shared poll is a child of the wait that began first; each wait has the event of the poll."""
    world = World(render_seconds=(30.0, 30.0))
    project_id = world.add_project(earlier_video=-5.0)
    client = client_of(Simulator(world, latency=0.1), on_event=telemetry.on_event)
    async with client, anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(client.projects.wait, project_id)
    first, second = telemetry.spans("pictory.wait")
    assert first.events
    assert second.events
    (request,) = telemetry.spans("GET")
    assert request.parent.span_id in {first.context.span_id, second.context.span_id}


async def test_a_probe_of_the_api_has_no_wait(telemetry: Telemetry) -> None:
    """The poller's question whether the API responds belongs to no wait, and is a span all the same."""
    fault = Answer(404, {"content-type": "application/json"}, b'{"message": "no"}')

    def faults(request: Any, now: float) -> Answer | None:
        return None if request.path.endswith("/projects") else fault

    async with client_of(Simulator(World(), faults=faults), on_event=telemetry.on_event) as client:
        await client.projects.wait_all([f"p{number}" for number in range(8)])
    probe, *_ = (span for span in telemetry.spans("GET") if span.name == "GET /v2/projects")
    assert probe.parent is None


async def test_a_download(telemetry: Telemetry, tmp_path: Path) -> None:
    """The span of a request to a media host has the host, and nothing else of the address."""
    world = World(render_seconds=(0.0, 0.0))
    project_id = world.add_project(earlier_video=-5.0)
    async with client_of(Simulator(world), on_event=telemetry.on_event) as client:
        await client.projects.download(project_id, tmp_path, kinds="video")
    (download,) = (span for span in telemetry.spans() if span.name == "GET")
    assert "url.template" not in download.attributes
    assert "download" == download.attributes["pictory.purpose"]


async def test_without_the_extra() -> None:
    """The error names what to install."""
    program = "import sys; sys.modules['opentelemetry'] = None; import pictory_async.opentelemetry"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: ASYNC221 - nothing else runs
    assert 'ImportError: pictory_async.opentelemetry needs an extra: pip install "pictory-async[opentelemetry]"' in (
        found.stderr
    )
