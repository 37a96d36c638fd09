"""The log: the documented events, their levels and their facts."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from pictory_async._log import LEVELS, LogEvent
from pictory_async.testing import Answer, Simulator, World
from tests._polling import Script, client_of
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]

ROOT = Path(__file__).parent.parent


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the library wrote, at any level."""
    caplog.set_level(logging.DEBUG, "pictory_async")
    return caplog


async def test_the_table_is_what_the_library_writes() -> None:
    """The documentation has each event with its level, and no other one."""
    text = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(pictory\.[a-z_.]+)` \| ([A-Z]+) \|", text, re.MULTILINE))
    assert {event.value: logging.getLevelName(level) for event, level in LEVELS.items()} == table
    assert set(LogEvent) == set(LEVELS)


async def test_events_are_written_in_one_place() -> None:
    """No other module of the library writes to the logger itself; the command has its own logger and one place."""
    files = [path for path in (ROOT / "pictory_async").rglob("*.py") if path.name != "_log.py"]
    assert ["text.py"] == [
        path.name for path in files if re.search(r"\b_log\.(log|debug|info|warning|error)\(", path.read_text())
    ]


async def test_an_outcome_and_what_led_to_it(log: pytest.LogCaptureFixture) -> None:
    """The records of a wait have its project and its job, the failed request the server's id, and each a duration."""
    world = World(render_seconds=(20.0, 20.0))
    project_id = world.add_project()
    fault = Answer(503, {"cf-ray": "edge-1"})
    async with client_of(Simulator(world, latency=0.1, faults=Script(None, None, fault)), limiter=None) as client:
        handle = await client.projects.render(project_id)
        (outcome,) = await client.projects.wait_all([handle])
    ours = [record for record in log.records if record.name == "pictory_async"]
    names = [vars(record)["pictory_event"] for record in ours]
    assert all(record.getMessage().startswith(f"{name}: ") for record, name in zip(ours, names, strict=True))
    assert ["pictory.render.requested", "pictory.wait.began", "pictory.request.failed"] == names[:3]
    assert {"pictory.poll.ended"} == set(names[3:-1])
    assert "pictory.wait.ended" == names[-1]
    failed, ended = vars(ours[2]), vars(ours[-1])
    assert (503, 1, "edge-1", handle.job_id) == tuple(
        failed[f"pictory_{name}"] for name in ("status", "attempt", "request_id", "job_id")
    )
    assert failed["pictory_duration"] == pytest.approx(0.1, abs=0.05)
    assert (project_id, handle.job_id, "rendered", outcome.waited) == tuple(
        ended[f"pictory_{name}"] for name in ("project_id", "job_id", "status", "duration")
    )
    assert "pictory_request_id" not in ended
    assert logging.INFO == ours[-1].levelno
    polls = [vars(record) for record, name in zip(ours, names, strict=True) if name == "pictory.poll.ended"]
    assert {project_id} == {poll["pictory_project_id"] for poll in polls}
    assert "edge-1" == polls[0]["pictory_request_id"]


async def test_a_wait_of_a_job_that_is_left(log: pytest.LogCaptureFixture) -> None:
    """A wait without an outcome is no outcome in the log; that of a job names the job."""
    world = World(render_seconds=(20.0, 20.0))
    project_id = world.add_project()
    async with client_of(Simulator(world, latency=0.1)) as client:
        handle = await client.projects.render(project_id)
        await client.jobs.wait(handle.job_id)
        async with client.projects.watch([project_id]):
            pass
    ended = [record for record in log.records if record.getMessage().startswith("pictory.wait.ended: ")]
    assert [logging.INFO, logging.DEBUG] == [record.levelno for record in ended]
    assert ended[0].getMessage().startswith(f"pictory.wait.ended: job {handle.job_id!r} is rendered after ")
    assert "pictory_status" not in vars(ended[1])


async def test_the_error_of_an_outcome_is_in_its_record(log: pytest.LogCaptureFixture) -> None:
    """A wait that ends with an error logs it, with the server's id."""
    fault = Answer(404, {"content-type": "application/json", "cf-ray": "edge-1"}, b'{"message": "no"}')
    async with client_of(Simulator(World(), faults=lambda *_: fault)) as client:
        (outcome,) = await client.projects.wait_all(["p"])
    last = log.records[-1]
    assert last.getMessage().endswith(f": {outcome.error}")
    assert "edge-1" == vars(last)["pictory_request_id"]
