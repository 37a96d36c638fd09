"""Spans and metrics of OpenTelemetry, from the events of a client.

Needs the extra: ``pip install "pictory-async[opentelemetry]"``. That is the API only; your program brings the SDK::

    client = AsyncPictory(on_event=trace_events())

- A **wait** is a span ``pictory.wait`` from its beginning to its outcome, a child of the span in which it was asked
  for. Each of its polls is an event of the span.
- A **request** is a client span such as ``GET /v2/projects/{project_id}``. That of a poll is a child of the wait; of
  several waits that share it, a child of the one that began first.
- The **metrics** have no ids, so that there are few of them; the spans have them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from pictory_async.events import Paused, PollEnded, RequestEnded, WaitBegan, WaitEnded

try:
    from opentelemetry import metrics, trace
except ImportError as _error:
    _text = 'pictory_async.opentelemetry needs an extra: pip install "pictory-async[opentelemetry]"'
    raise ImportError(_text, name=_error.name) from _error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pictory_async.events import Event

__all__ = ["trace_events"]

_NAME: Final = "pictory_async"
# Of the semantic conventions for HTTP.
_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


def trace_events(
    tracer_provider: trace.TracerProvider | None = None, meter_provider: metrics.MeterProvider | None = None
) -> Callable[[Event], None]:
    """Make an ``on_event`` that writes spans and metrics.

    Args:
        tracer_provider: Where the spans go; ``None`` for the program's own.
        meter_provider: Where the metrics go; ``None`` for the program's own.

    Returns:
        A callable for ``AsyncPictory(on_event=...)``. Several clients can share one.
    """
    return _Telemetry(trace.get_tracer(_NAME, tracer_provider=tracer_provider), _Metrics(meter_provider))


class _Metrics:
    """The instruments."""

    def __init__(self, provider: metrics.MeterProvider | None) -> None:
        meter = metrics.get_meter(_NAME, meter_provider=provider)
        self.requests = meter.create_histogram(
            "http.client.request.duration", "s", "Duration of requests", explicit_bucket_boundaries_advisory=_BOUNDS
        )
        self.queue_wait = meter.create_histogram(
            "pictory.queue_wait", "s", "What requests waited before they were sent"
        )
        self.waits = meter.create_up_down_counter("pictory.waits", "{wait}", "Waits that are open")
        self.outcomes = meter.create_counter("pictory.outcomes", "{wait}", "Waits that ended, by their status")
        self.delay = meter.create_histogram(
            "pictory.detection_delay", "s", "Longest possible time between the end of a render and its detection"
        )
        self.pauses = meter.create_counter("pictory.pauses", "{pause}", "Pauses of the limiter")
        self.pace = 1.0
        meter.create_observable_gauge("pictory.pace", [self._observe], "1", "Share of the nominal pace")

    def _observe(self, _: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        yield metrics.Observation(self.pace)


class _Telemetry:
    """Turns events into spans and metrics."""

    def __init__(self, tracer: trace.Tracer, instruments: _Metrics) -> None:
        self._tracer = tracer
        self._metrics = instruments
        self._waits: dict[int, trace.Span] = {}
        # The open waits of a project or a job, in the order in which they began.
        self._polled: dict[tuple[str, str], dict[int, trace.Span]] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case RequestEnded():
                self._request(event)
            case PollEnded():
                self._poll(event)
            case WaitBegan():
                self._began(event)
            case WaitEnded():
                self._ended(event)
            case Paused():
                self._metrics.pauses.add(1, {"pictory.reason": event.reason})
            case _:
                self._metrics.pace = event.new

    def _began(self, event: WaitBegan) -> None:
        span = self._tracer.start_span("pictory.wait", attributes=_ids(event))
        self._waits[event.wait] = span
        for place in _places(event):
            self._polled.setdefault(place, {})[event.wait] = span
        self._metrics.waits.add(1)

    def _poll(self, event: PollEnded) -> None:
        facts: dict[str, Any] = {"pictory.of_job": event.of_job}
        if event.seen is not None:
            facts["pictory.seen"] = event.seen
        if event.error is not None:
            facts["error.type"] = _kind(event.error)
        self._waits[event.wait].add_event("pictory.poll", facts)

    def _ended(self, event: WaitEnded) -> None:
        span = self._waits.pop(event.wait)
        for place in _places(event):
            waits = self._polled[place]
            del waits[event.wait]
            if not waits:
                del self._polled[place]
        self._metrics.waits.add(-1)
        status = event.status or "cancelled"
        span.set_attributes({"pictory.status": status, "pictory.polls": event.polls})
        if event.status is not None:
            span.set_attribute("pictory.detection_delay", event.detection_delay)
            self._metrics.delay.record(event.detection_delay, {"pictory.status": status})
        if event.error is not None:
            span.set_attribute("error.type", _kind(event.error))
            span.set_status(trace.StatusCode.ERROR, str(event.error))
        self._metrics.outcomes.add(1, {"pictory.status": status})
        span.end()

    def _request(self, event: RequestEnded) -> None:
        shared = _shared(event)
        if event.duration:
            self._metrics.requests.record(event.duration, shared)
        self._metrics.queue_wait.record(event.queue_wait, {"pictory.purpose": event.purpose})
        end = time.time_ns()
        facts = {**shared, **_ids(event), "pictory.queue_wait": event.queue_wait, "pictory.purpose": event.purpose}
        if event.attempt > 1:
            facts["http.request.resend_count"] = event.attempt - 1
        if event.request_id is not None:
            facts["pictory.request_id"] = event.request_id
        span = self._tracer.start_span(
            f"{event.method} {event.template}".rstrip(),
            context=self._parent(event),
            kind=trace.SpanKind.CLIENT,
            attributes=facts,
            start_time=end - int(event.duration * 1e9),
        )
        if event.error is not None:
            span.set_status(trace.StatusCode.ERROR, str(event.error))
        span.end(end)

    def _parent(self, event: RequestEnded) -> Any:
        waits = [self._polled.get(place) for place in _places(event)] if event.purpose == "poll" else []
        for found in waits:
            if found:
                return trace.set_span_in_context(next(iter(found.values())))
        return None  # the current one


def _shared(event: RequestEnded) -> dict[str, Any]:
    """What spans and metrics of a request have in common: the semantic conventions for HTTP clients."""
    facts: dict[str, Any] = {
        "http.request.method": event.method,
        "server.address": event.host,
        "server.port": event.port,
    }
    if event.template:
        facts["url.template"] = event.template
    if event.status is not None:
        facts["http.response.status_code"] = event.status
    if event.error is not None:
        is_bad = event.status is not None and event.status >= 400  # noqa: PLR2004 - client and server errors
        facts["error.type"] = str(event.status) if is_bad else _kind(event.error)
    return facts


def _kind(error: Exception) -> str:
    return type(error).__qualname__


def _ids(event: RequestEnded | WaitBegan) -> dict[str, Any]:
    found = {"pictory.project_id": event.project_id, "pictory.job_id": event.job_id}
    return {name: str(value) for name, value in found.items() if value is not None}


def _places(event: RequestEnded | WaitBegan | WaitEnded) -> list[tuple[str, str]]:
    found = (("project", event.project_id), ("job", event.job_id))
    return [(kind, str(one)) for kind, one in found if one is not None]
