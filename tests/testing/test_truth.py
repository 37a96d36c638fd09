"""The true state of a project in a world."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from pictory_async.testing import Render, Truth, TruthKind, World
from tests.testing._send import send

renders = st.builds(
    Render,
    st.floats(-50, 50),
    queue=st.floats(0, 20),
    duration=st.floats(0, 20),
    fails=st.booleans(),
)


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        (-1, TruthKind.NEVER),
        (0, TruthKind.QUEUED),
        (5, TruthKind.RENDERING),
        (15, TruthKind.FAILED),
        (20, TruthKind.QUEUED),
        (21, TruthKind.RENDERING),
        (31, TruthKind.RENDERED),
        (40, TruthKind.MISSING),
    ],
)
def test_the_kind_at_each_moment(now, kind):
    """At each moment, the truth has the project's state."""
    world = World()
    project_id = world.add_project(
        Render(0, queue=5, duration=10, fails=True), Render(20, queue=1, duration=10), deleted_at=40
    )
    assert kind is world.truth(project_id, now).kind


def test_past_events_stay_in_the_truth():
    """Finished and failed renders have their times, also after later events."""
    world = World()
    project_id = world.add_project(Render(0, duration=10, fails=True), earlier_video=-10, deleted_at=20)
    expected = Truth(
        kind=TruthKind.MISSING,
        first_finished_at=-10,
        finished_at=-10,
        failed_at=10,
        failures=1,
        deleted_at=20,
    )
    assert expected == world.truth(project_id, 30)
    assert world.truth(project_id, 30).rendered
    assert TruthKind.FAILED is world.truth(project_id, 15).kind


def test_only_renders_after_a_date_count():
    """With `after`, an earlier video does not count; a render that ended exactly at that date does not either."""
    world = World()
    project_id = world.add_project(Render(0, duration=10), earlier_video=-10)
    after = world.date(-10)
    assert Truth(kind=TruthKind.RENDERING) == world.truth(project_id, 5, after)
    assert 10 == world.truth(project_id, 10, after).first_finished_at
    assert -10 == world.truth(project_id, 10).first_finished_at
    assert Truth(kind=TruthKind.NEVER) == world.truth(project_id, 10, world.date(10))


def test_an_unknown_project_is_missing():
    """An unknown id is missing, and so is a project that does not exist yet."""
    world = World()
    assert Truth(kind=TruthKind.MISSING) == world.truth("nothing", 0)
    assert Truth(kind=TruthKind.MISSING) == world.truth(world.add_project(created_at=10), 5)


@given(st.lists(renders, max_size=4), st.floats(-100, 100), st.none() | st.floats(-60, 60))
def test_the_truth_agrees_with_the_body(planned, now, after_at):
    """A newer video is visible exactly if the truth has one; the same holds for a running render."""
    world = World()
    project_id = world.add_project(*planned, created_at=-200)
    after = None if after_at is None else world.date(after_at)
    truth = world.truth(project_id, now, after)
    body = send(world, f"/v2/projects/{project_id}", now).json()
    generated = body.get("generatedDate")
    if after is not None and generated is not None and truth.finished_at is None:
        assert generated <= f"{after:%Y-%m-%dT%H:%M:%S}.{after.microsecond // 1000:03d}Z"
    else:
        assert (generated is not None) == truth.rendered
    assert body["inProgress"] == (truth.kind is TruthKind.RENDERING)
