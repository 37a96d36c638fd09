"""Worlds with many projects."""

from __future__ import annotations

from collections import Counter

from pictory_async.testing import Phase, TruthKind, World, populate


def test_every_project_ends_as_planned():
    """The truth of each project, after its earlier video, is the planned end."""
    world = World()
    planned = populate(world, 300, (5.0, 20.0), never=0.02, failing=0.03)
    assert 300 == len({project.project_id for project in planned})
    for project in planned:
        assert project.expected is world.truth(project.project_id, 60.0, project.after).kind
    kinds = Counter(project.expected for project in planned)
    assert {TruthKind.RENDERED: 285, TruthKind.NEVER: 6, TruthKind.FAILED: 9} == kinds


def test_the_projects_are_mixed():
    """Some have an earlier video, some an integer id; the durations are within the bounds."""
    world = World()
    planned = populate(world, 100, (5.0, 20.0), again=0.2, integer_ids=0.1, scenes=2)
    assert 20 == sum(project.after is not None for project in planned)
    assert 10 == sum(isinstance(project.project_id, int) for project in planned)
    for project in world.projects:
        assert 2 == project.scenes
        for render in project.renders:
            assert (5.0 <= render.duration <= 20.0) or render.at < 0
            assert render.phase(23.0) in {Phase.RENDERED, Phase.FAILED}


def test_the_same_seed_adds_the_same_projects():
    """A demo can be repeated."""
    assert populate(World(), 50, seed=1) == populate(World(), 50, seed=1)
    first, second = World(), World()
    populate(first, 50, seed=1)
    populate(second, 50, seed=2)
    assert first.projects != second.projects


def test_shares_can_be_zero_or_one():
    """No project, only failures, and no successful render are all possible."""
    assert [] == populate(World(), 0)
    assert {TruthKind.FAILED} == {project.expected for project in populate(World(), 5, never=0, failing=1)}
    assert 5 == len(populate(World(), 5, never=1, failing=1))
