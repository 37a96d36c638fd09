"""Worlds with many projects, for demos and load tests."""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async.testing._projects import ProjectId, Render
from pictory_async.testing._truth import TruthKind

if TYPE_CHECKING:
    from pictory_async.testing.world import World


@attrs.frozen
class Planned:
    """One project that `populate` added, and how it ends.

    Attributes:
        project_id: Its id.
        after: The date of its earlier video, for the ``after`` of a wait; None if it has no video yet.
        expected: How it ends: ``RENDERED``, ``FAILED`` or ``NEVER``. Only a job shows a failure: without the
            job's id, a client cannot distinguish ``FAILED`` from ``NEVER``.
    """

    project_id: ProjectId
    after: datetime | None
    expected: TruthKind


def populate(  # noqa: PLR0913 - each option is one property of the projects
    world: World,
    projects: int = 300,
    render_seconds: tuple[float, float] = (5.0, 20.0),
    seed: int = 0,
    *,
    queue_seconds: tuple[float, float] = (0.0, 3.0),
    again: float = 0.2,
    never: float = 0.02,
    failing: float = 0.03,
    integer_ids: float = 0.1,
    scenes: int | None = None,
) -> list[Planned]:
    """Add projects to a world whose renders are requested when the world's time begins.

    Args:
        world: The world.
        projects: How many projects to add.
        render_seconds: Shortest and longest render, without the time before it is picked up.
        seed: The projects are derived from this number and the other arguments.
        queue_seconds: Shortest and longest time before a render is picked up.
        again: The share of projects that have an earlier video and are rendered again, 0 to 1.
        never: The share whose render never starts, 0 to 1.
        failing: The share whose render fails, 0 to 1.
        integer_ids: The share with an integer id, 0 to 1.
        scenes: How many scenes the bodies of the projects list, each about 3 KB; None leaves the list out.

    Returns:
        The projects in the order in which they were added, each with how it ends.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    kinds = _shares(projects, {TruthKind.NEVER: never, TruthKind.FAILED: failing})
    chance.shuffle(kinds)
    repeated = _flags(projects, again, chance)
    integers = _flags(projects, integer_ids, chance)
    planned: list[Planned] = []
    for number, kind in enumerate(kinds):
        earlier = -chance.uniform(600.0, 86400.0)
        render = Render(
            0.0,
            duration=chance.uniform(*render_seconds),
            queue=chance.uniform(*queue_seconds),
            fails=kind is TruthKind.FAILED,
        )
        project_id = world.add_project(
            *([] if kind is TruthKind.NEVER else [render]),
            integer_id=integers[number],
            earlier_video=earlier if repeated[number] else None,
            video_seconds=round(chance.uniform(10.0, 120.0), 2),
            scenes=scenes,
        )
        planned.append(Planned(project_id, world.date(earlier) if repeated[number] else None, kind))
    return planned


_CUSTOMERS: Final = ("ACME", "Globex", "Initech", "Umbrella")
_TITLES: Final = ("Spring sale", "Welcome", "Price list", "Untitled")


def populate_agency(
    world: World, projects: int = 40, render_seconds: tuple[float, float] = (5.0, 20.0), seed: int = 0
) -> list[Planned]:
    """Add the projects of an agency with several customers, in every state; some have the same name.

    Of ten projects, five are rendered, two are outdated (saved again after their render), one was never rendered, one
    is being rendered when the world's time begins, and the render of one has failed. Nothing else is rendered before
    it is requested.

    Args:
        world: The world.
        projects: How many projects to add.
        render_seconds: Shortest and longest render that goes on when the world's time begins.
        seed: The projects are derived from this number and the other arguments.

    Returns:
        The projects in the order in which they were added, each with how it ends if nothing is requested.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    planned: list[Planned] = []
    for number in range(projects):
        saved = -chance.uniform(7200.0, 86400.0)
        state = _STATES[number % len(_STATES)]
        renders: list[Render] = []
        if state == "rendering":
            renders.append(Render(0.0, duration=chance.uniform(*render_seconds)))
        elif state == "failed":
            renders.append(Render(saved, duration=60.0, fails=True))
        project_id = world.add_project(
            *renders,
            name=f"{_CUSTOMERS[number % len(_CUSTOMERS)]} {chance.choice(_TITLES)}",
            integer_id=chance.random() < _INTEGER_IDS,
            created_at=saved - 3600.0,
            earlier_video=saved + 600.0 if state in {"rendered", "outdated"} else None,
            edits=[saved + 3600.0] if state == "outdated" else [],
        )
        planned.append(Planned(project_id, None, _ENDS[state]))
    return planned


_INTEGER_IDS: Final = 0.1
_STATES: Final = (
    *("rendered", "never", "outdated", "rendered", "rendering"),
    *("rendered", "failed", "rendered", "outdated", "rendered"),
)
_ENDS: Final = {
    "rendered": TruthKind.RENDERED,
    "outdated": TruthKind.RENDERED,
    "rendering": TruthKind.RENDERED,
    "never": TruthKind.NEVER,
    "failed": TruthKind.FAILED,
}


def _shares(total: int, shares: dict[TruthKind, float]) -> list[TruthKind]:
    kinds = [kind for kind, share in shares.items() for _ in range(_count(total, share))]
    return [TruthKind.RENDERED] * (total - len(kinds)) + kinds[:total]


def _flags(total: int, share: float, chance: random.Random) -> list[bool]:
    count = _count(total, share)
    flags = [True] * count + [False] * (total - count)
    chance.shuffle(flags)
    return flags


def _count(total: int, share: float) -> int:
    return min(total, round(total * share))
