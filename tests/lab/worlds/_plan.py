"""What a world is made of, as plain data drawn from its seed; taking things out of it makes a smaller world."""

from __future__ import annotations

import random
from typing import Final, Literal, get_args

import attrs

from pictory_async.testing import JobList, Render

UserKind = Literal[
    "wait", "wait_all", "watch", "render", "handles", "render_and_wait", "jobs", "get", "crowd", "download", "videos"
]
Ending = Literal["never", "after", "break", "raise"]

STEP: Final = 0.002  # timers do not sleep shorter than a millisecond
TIMEOUT: Final = 20.0
MAX_PAUSE: Final = 30.0
LAST_POLL: Final = 2.0  # seconds before the end of a wait
SPELLS: Final = (
    "401",
    "404",
    "403 with JSON",
    "404 with HTML",
    "403 with HTML",
    "missing token",
    "200 with HTML",
    "redirect to another host",
    "530",
    "429 without Retry-After",
    "503",
    "connection refused",
    "no answer",
)


@attrs.frozen
class ProjectPlan:
    """One project's life.

    Attributes:
        number: Makes its id and its name.
        integer: Whether its id is an integer.
        earlier: When its video from before was finished; ``None`` if it has none.
        undated: Whether its body shows no date of its video.
        renders: Renders that are asked for by somebody else.
        on_render: Renders that users' calls start.
        edits: When it is saved again.
        deleted_at: When it vanishes.
        scenes: How many scenes its body lists.
    """

    number: int
    integer: bool = False
    earlier: float | None = None
    undated: bool = False
    renders: tuple[Render, ...] = ()
    on_render: tuple[Render, ...] = ()
    edits: tuple[float, ...] = ()
    deleted_at: float | None = None
    scenes: int | None = None

    @property
    def id(self) -> str | int:
        """The project's id."""
        return 1762768083800 + self.number if self.integer else f"20251222191648030{self.number:032x}"


@attrs.frozen
class UserPlan:
    """One user: what is called, on which terms, and when it is given up.

    Attributes:
        number: Which user this is.
        kind: The call.
        client: Which client makes it.
        projects: The numbers of the projects it is about; who makes videos makes as many.
        starts: When.
        newer: Whether only a newer video counts for projects that have one already.
        max_wait: Argument of the call, as are `interval` and `start_grace`.
        first: How many projects a watch begins with; the others are added while it runs.
        pause: Seconds between two such additions, and after an outcome.
        again: Whether a project whose outcome was given is added once more.
        ending: How the user leaves: not before the end; by a cancel scope, after so many seconds and then steps of the
            scheduler; or by leaving the loop, or by an error in it, after so many outcomes.
        patience: How many seconds or outcomes.
        steps: How many steps.
        mixed: Whether ids are written in another way than the API does, and ``after`` in any form.
    """

    number: int
    kind: UserKind
    client: int = 0
    projects: tuple[int, ...] = ()
    starts: float = 0.0
    newer: bool = True
    max_wait: float = 100.0
    interval: float = 5.0
    start_grace: float = 50.0
    first: int = 0
    pause: float = 0.0
    again: bool = False
    ending: Ending = "never"
    patience: float = 0.0
    steps: int = 0
    mixed: bool = False


@attrs.frozen
class Spell:
    """A time in which requests meet the same fault: those for one project, those of one kind, or all.

    Attributes:
        kind: The fault.
        begins: When.
        ends: When it is over.
        project: Only requests for this project.
        path: Only requests whose path holds this text.
        share: The share of them that meet the fault.
    """

    kind: str
    begins: float
    ends: float
    project: int | None = None
    path: str = ""
    share: float = 1.0


@attrs.frozen
class Stale:
    """A time in which the pages of projects are some seconds old."""

    begins: float
    ends: float
    age: float


@attrs.frozen
class Plan:
    """One world.

    Attributes:
        seed: Where it came from; what its server draws follows from this too.
        missing_fields: As of `pictory_async.testing.World`, as is `unknown_job`.
        rate: Of the budget that all clients share, as are `per` and `burst`.
        clients: How many clients there are.
        latency: Seconds that an answer usually takes.
        late: The share of answers that take many times as long, and overtake each other.
        share: The share of requests that meet a fault.
        only: The faults that are left of those, by name of the request; ``None`` for all.
        spells: Faults that last.
        stale: Times with old pages.
        job_delay: Seconds in which a new job is not known yet.
        connect: Seconds that it takes to open a connection, one for each request.
        keeps: Seconds after which the server keeps connections open, or closes them after each answer again; 0 for
            never.
        stalls: When the event loop does nothing, and for how long.
        projects: The projects.
        users: The users.
        videos: The renders that requests for videos start, in this order.
        page_size: How many entries a page of a list has.
        job_list: How the list of jobs is.
        lies: The share of its pages that lie: one of three shows all jobs as completed with the videos that the
            projects show, which may be previous ones, one with a video that nobody made, and one as nearly completed.
        hints: How often a user who is told outcomes hints at something, true or not, in seconds; 0 for never.
        shared: Seconds to a budget that the limiters of the clients share, each way; ``None`` if they have one limiter.
    """

    seed: int
    missing_fields: Literal["absent", "null"]
    unknown_job: Literal["404", "body", "error", "root"]
    rate: int
    per: float
    burst: int
    clients: int
    latency: float
    late: float
    share: float
    only: frozenset[str] | None
    spells: tuple[Spell, ...]
    stale: tuple[Stale, ...]
    job_delay: float
    connect: float
    keeps: float
    stalls: tuple[tuple[float, float], ...]
    projects: tuple[ProjectPlan, ...]
    users: tuple[UserPlan, ...]
    videos: tuple[Render, ...] = ()
    page_size: int = 50
    job_list: JobList = attrs.field(factory=JobList)
    lies: float = 0.0
    hints: float = 0.0
    shared: float | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing goes wrong in it."""
        return not (self.share or self.spells or self.stale or self.stalls or self.late)

    @property
    def once(self) -> float:
        """How many seconds it takes to poll everything once."""
        watches = sum(len(user.projects) + 2 for user in self.users)
        pace = (self.rate - self.burst + 1) / self.per
        if any(user.kind == "crowd" for user in self.users):
            pace /= 4  # the share that polls keep
        return watches / pace + watches / 4 * (self.latency + self.connect) + 2.0

    @property
    def patience(self) -> float:
        """How long a caller that is cancelled waits for a shared budget: for two answers, and to give back a lease."""
        return 6.0 * (self.shared or 0.0)

    @property
    def slack(self) -> float:
        """How late anything may be: one step of the scheduler, and the times in which the event loop does nothing."""
        return STEP + sum(seconds for _, seconds in self.stalls) + self.patience

    def lateness(self, end: float) -> float:
        """How late a wait may be whose time is over at ``end``: after a stall, it has a minute for its last poll."""
        slept = any(seconds > 1.0 and when - STEP <= end <= when + self.slack for when, seconds in self.stalls)
        return self.slack + (60.0 if slept else 0.0)


def _render(chance: random.Random, at: float) -> Render:
    duration = chance.choice((0.0, 1.0, 20.0, 200.0)) * chance.uniform(0.5, 1.5)
    return Render(at, queue=chance.choice((0.0, 0.0, 15.0, 40.0)), duration=duration, fails=chance.random() < 0.2)


def _project(chance: random.Random, number: int) -> ProjectPlan:
    renders: list[Render] = []
    at = chance.choice((-100.0, 0.0, 0.0)) + chance.uniform(0.0, 60.0)
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        renders.append(_render(chance, at))
        at = renders[-1].ends_at + chance.uniform(0.0, 100.0)
    return ProjectPlan(
        number=number,
        integer=chance.random() < 0.3,
        earlier=-chance.uniform(200.0, 1000.0) if chance.random() < 0.4 else None,
        undated=chance.random() < 0.1,
        renders=tuple(renders),
        on_render=tuple(_render(chance, 0.0) for _ in range(2)),
        edits=(chance.uniform(0.0, 300.0),) if chance.random() < 0.3 else (),
        deleted_at=chance.uniform(0.0, 400.0) if chance.random() < 0.1 else None,
        scenes=chance.choice((None, None, None, 1, 15 if number < 2 else 1)),
    )


def _user(chance: random.Random, number: int, clients: int, projects: int) -> UserPlan:
    kinds = get_args(UserKind)[:-1]
    kind: UserKind = chance.choices(kinds, (3, 5, 8, 4, 5, 4, 2, 2, 2, 1))[0]
    many = kind in {"wait_all", "watch", "render", "handles"}
    count = chance.randint(1, projects) if many else 1
    if kind in {"render", "handles"}:
        count = min(count, 4)
    ending: Ending = chance.choice(("never", "after"))
    if kind in {"watch", "render", "handles"} and chance.random() < 0.3:
        ending = chance.choice(("break", "raise"))
    after = chance.choice((0.0, chance.uniform(0.0, 20.0), chance.uniform(0.0, 200.0), float(chance.randint(1, 20))))
    # A big batch that is looked at all the time is a slow world, and shows no more than a small one.
    interval = chance.choice((0.5, 3.0, 10.0)) if count <= 5 else chance.choice((10.0, 30.0))
    max_wait = chance.choice((4.0, 60.0, 300.0, 600.0) if interval >= 3.0 else (4.0, 30.0))
    return UserPlan(
        number=number,
        kind=kind,
        client=chance.randrange(clients),
        projects=tuple(chance.sample(range(projects), count)),
        starts=chance.choice((0.0, 0.0, chance.uniform(0.0, 60.0))),
        newer=chance.random() < 0.8,
        max_wait=max_wait,
        interval=interval,
        start_grace=chance.choice((0.0, 15.0, 50.0, 120.0, max_wait)),  # the last: two things at one moment
        first=chance.randint(0, count),
        pause=chance.choice((0.0, 0.0, 1.0)),
        again=kind == "watch" and chance.random() < 0.2,
        ending=ending,
        patience=after if ending == "after" else float(chance.randint(0, 3)),
        steps=chance.choice((0, 1, 2, 3, 5, 8, 13, 30)),
        mixed=chance.random() < 0.3,
    )


def _spell(chance: random.Random, projects: int) -> Spell:
    begins = chance.choice((0.0, chance.uniform(0.0, 120.0)))
    return Spell(
        kind=chance.choice(SPELLS),
        begins=begins,
        ends=begins + chance.choice((3.0, 12.0, 30.0, 100.0)),
        project=None if chance.random() < 0.6 else chance.randrange(projects),
        path=chance.choice(("", "", "/projects", "/projects/", "/jobs/")),
        share=chance.choice((1.0, 1.0, 1.0, 0.05, 0.5)),
    )


def _stale(chance: random.Random) -> Stale:
    begins = chance.uniform(0.0, 120.0)
    return Stale(begins, begins + chance.choice((20.0, 100.0)), chance.choice((2.0, 20.0, 100.0)))


def draw(seed: int) -> Plan:
    """Draw a world."""
    return _shared(_with_videos(_listed(_drawn(seed))))


def _shared(plan: Plan) -> Plan:
    """In one of four, each client has a limiter of its own, and they share a budget as processes do."""
    chance = random.Random(f"{plan.seed} shared")
    if chance.random() > 0.25:
        return plan
    clients = max(2, plan.clients)
    users = (attrs.evolve(user, client=chance.randrange(clients)) for user in plan.users)
    return attrs.evolve(plan, clients=clients, users=tuple(users), shared=chance.choice((0.0, 0.002 * plan.per)))


def _with_videos(plan: Plan) -> Plan:
    """In one of three, somebody also makes videos."""
    chance = random.Random(f"{plan.seed} videos")
    if chance.random() > 0.35:
        return plan
    user = _user(chance, len(plan.users), plan.clients, len(plan.projects))
    user = attrs.evolve(user, kind="videos", projects=user.projects[:4], again=False)
    videos = tuple(_render(chance, 0.0) for _ in range(4))
    # A list that does not have a job yet makes one whose response was lost look as if it had not been started.
    prompt = attrs.evolve(plan.job_list, late=0.0)
    return attrs.evolve(plan, users=(*plan.users, user), videos=videos, job_list=prompt, lies=0.0)


def _listed(plan: Plan) -> Plan:
    """Draw how the list of jobs is, and whether there are hints."""
    chance = random.Random(f"{plan.seed} list")
    late, behind = chance.choice((0.0, 0.0, 20.0)), chance.choice((0.0, 0.0, 10.0, 1e6))
    shape = JobList(
        shows=chance.choices(("all", "no status", "no id"), (8, 1, 1))[0],
        late=late,
        behind=behind,
        repeats=chance.random() < 0.3,
    )
    page_size = chance.choice((1, 3, 4, 10, 25, 50, 100))
    hints, lies = chance.choice((0.0, 0.0, 0.7, 7.0)), chance.choice((0.0, 0.0, 0.0, 0.5))
    if lies:  # a list of another form is hardly read, and then lies to nobody
        page_size, shape = 50, JobList()
    return attrs.evolve(plan, page_size=page_size, job_list=shape, hints=hints, lies=lies)


def _drawn(seed: int) -> Plan:
    chance = random.Random(seed)
    projects = chance.choices((1, 2, 4, 10, 40, 200), (20, 25, 30, 20, 4, 1))[0]
    clients = chance.choice((1, 1, 1, 2, 3))
    rate = chance.choice((5, 20, 100))
    return Plan(
        seed=seed,
        missing_fields=chance.choice(("absent", "null")),
        unknown_job=chance.choice(("404", "body", "error", "root")),
        rate=rate,
        per=chance.choice((1.0, 10.0)),
        burst=chance.randint(1, rate),
        clients=clients,
        latency=chance.choice((0.0, 0.05, 0.5)),
        late=chance.choice((0.0, 0.0, 0.1)),
        share=chance.choice((0.0, 0.05, 0.1, 0.4)),
        only=None,
        spells=tuple(_spell(chance, projects) for _ in range(chance.choice((0, 0, 1, 2)))),
        stale=tuple(_stale(chance) for _ in range(chance.choice((0, 0, 0, 1)))),
        job_delay=chance.choice((0.0, 4.0, 20.0)),
        connect=chance.choice((0.0, 0.0, 0.0, 0.3, 2.0)),
        keeps=chance.choice((0.0, 7.0)),
        stalls=tuple(
            # The first seconds are the busiest: most requests then wait for a connection.
            (chance.uniform(0.0, chance.choice((3.0, 60.0))), chance.choice((0.05, 1.2, 6.0)))
            for _ in range(chance.choice((0, 0, 0, 10)))
        ),
        projects=tuple(_project(chance, number) for number in range(projects)),
        users=tuple(_user(chance, number, clients, projects) for number in range(chance.randint(1, 5))),
    )
