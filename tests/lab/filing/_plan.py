"""What a world of files is made of, as plain data drawn from its seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, Literal, TypeVar, get_args

import attrs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

P = TypeVar("P")

Task = Literal["download", "backup", "template"]
Policy = Literal["rename", "skip", "overwrite", "update"]
Event = Literal[
    "kill",
    "kill, and a new render",
    "a new render",
    "other bytes at the same address",
    "a private file vanishes",
    "a private file is replaced",
    "a link is planted at a private file",
    "a private file gets a second name",
    "the manifest is damaged",
    "a file vanishes",
    "a file is edited",
    "a file appears",
    "a link is planted at a directory",
    "the cache is damaged",
    "the cache is another program's",
]
EVENTS: Final = get_args(Event)
ANSWERS: Final = (
    "cut",
    "no validator",
    "weak validator",
    "another validator each time",
    "no ranges",
    "ranges of any version",
    "wrong range",
    "contradiction",
    "web page",
    "empty",
    "503",
    "403",
    "gzip",
)
NAMINGS: Final = ("{name}/{name}.{ext}", "{name} {date}.{ext}")
_TEMPLATES: Final = 2


@attrs.frozen
class Call:
    """One call of a process.

    Attributes:
        task: What it does.
        project: The number of the project, or of the template.
        policy: What a download does with files that are in the way; to overwrite a cached template is to refresh it.
    """

    task: Task
    project: int
    policy: Policy


@attrs.frozen
class Happening:
    """Something that happens before a turn.

    Attributes:
        turn: Before which turn.
        event: What happens.
        draw: Chooses to which process or file, from 0 to 1.
    """

    turn: int
    event: Event
    draw: float

    def fits(self, calls: Collection[str]) -> bool:
        """Whether it can happen before one of these system calls.

        Half of the kills wait for a process that has given a file its final name, and not removed the private one.
        """
        return "kill" not in self.event or self.draw < 0.5 or "unlink" in calls


def between_names(waiting: Mapping[P, str]) -> Collection[P]:
    """The processes that are about to remove a name, or all if there is none."""
    return [process for process, call in waiting.items() if call == "unlink"] or waiting


@attrs.frozen
class Plan:
    """One world.

    Attributes:
        seed: Where it came from.
        missing: What the file system does not have: ``links`` or ``locks``.
        naming: The template of names; ``None`` for the usual ones.
        keep_old: How many earlier versions "update" keeps.
        projects: How many projects there are; all have the same name.
        templates: How many templates there are; the first is backed up, all are cached.
        processes: The calls of each process, one after the other.
        happenings: What happens to them.
        faults: The share of responses that are not what they should be.
        answers: What they are instead.
    """

    seed: int
    missing: tuple[str, ...]
    naming: str | None
    keep_old: int
    projects: int
    templates: int
    processes: tuple[tuple[Call, ...], ...]
    happenings: tuple[Happening, ...]
    faults: float
    answers: tuple[str, ...]


def _call(chance: random.Random, projects: int, policy: Policy) -> Call:
    task: Task = chance.choices(get_args(Task), (3, 1, 1))[0]
    number = {"download": projects, "backup": 1, "template": _TEMPLATES}[task]
    return Call(task, chance.randrange(number), policy)


def draw(seed: int) -> Plan:
    """Draw a world."""
    chance = random.Random(seed)
    projects = chance.choice((1, 1, 2))
    policy: Policy = chance.choice(get_args(Policy))
    events = chance.choice((EVENTS[:2], EVENTS, EVENTS))
    missing = chance.choices(((), ("links",), ("locks",), ("links", "locks")), (6, 2, 1, 1))[0]
    turns = chance.choice((60, 200))
    return Plan(
        seed=seed,
        missing=missing,
        naming=chance.choice((None, None, *NAMINGS)),
        keep_old=chance.choice((0, 1, 1, 2)) if policy == "update" else 0,
        projects=projects,
        templates=_TEMPLATES,
        processes=tuple(
            tuple(_call(chance, projects, policy) for _ in range(chance.choice((1, 1, 2))))
            for _ in range(chance.choice((1, 2, 2, 3)))
        ),
        happenings=tuple(
            Happening(chance.randrange(turns), chance.choice(events), chance.random())
            for _ in range(chance.choice((0, 1, 3, 8)))
        ),
        faults=chance.choice((0.0, 0.2, 0.5, 0.8)),
        answers=tuple(chance.sample(ANSWERS, chance.choice((1, 2, 2, 4)))),
    )
