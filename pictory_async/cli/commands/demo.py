"""`pictory demo`: watch simulated renders over real HTTP, and compare what was seen with the truth."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import AsyncPictory, ProjectId, RateLimiter, RenderStatus
from pictory_async.cli._client import run
from pictory_async.cli._exit_codes import FAILURE, INTERRUPTED, SUCCESS
from pictory_async.cli._follow import Follower
from pictory_async.cli._options import Rate, as_json, population
from pictory_async.cli._simulation import make_simulator, server_module
from pictory_async.cli._tally import Tally, lasting
from pictory_async.cli.display.text import duration, echo_facts, echo_json
from pictory_async.testing import Planned, Simulator, TruthKind, busiest_window

if TYPE_CHECKING:
    from pictory_async import RenderOutcome
    from pictory_async.cli.display.text import Facts

__all__ = ["Demo", "Pacing", "command", "print_report"]

# What a client can say of each truth.
_TRUE: Final = {
    RenderStatus.RENDERED: TruthKind.RENDERED,
    RenderStatus.FAILED: TruthKind.FAILED,
    RenderStatus.NOT_STARTED: TruthKind.NEVER,
    RenderStatus.MISSING: TruthKind.MISSING,
}


@attrs.frozen
class Pacing:
    """How to look, so that no render of the population can slip through unseen.

    Attributes:
        rate: The budget of the limiter, and of the simulated server.
        interval: Seconds between two looks.
        start_grace: Longer than any render of the population is queued.
        max_wait: Longer than all of it can take.
    """

    rate: Rate
    interval: float
    start_grace: float
    max_wait: float

    @classmethod
    def of(cls, projects: int, render_seconds: tuple[float, float]) -> Pacing:
        """The pacing for a population: each project is looked at twice within the shortest render.

        The budget is a tenth more than that takes. The server counts requests when they arrive, and those that are
        on their way when a machine stalls arrive together; as few as may be on their way fit into that tenth.
        """
        low, high = render_seconds
        per = max(1.0, 2.0 * low)
        interval = 0.44 * low
        looks = projects * per / interval
        grace = max(1.0, 1.2 * low)
        rate = Rate(max(round(1.1 * looks), round(looks) + 40), per)
        return cls(rate, interval, grace, max_wait=3.0 * (low + high + grace) + 30.0)

    def limiter(self) -> RateLimiter:
        """The request budget."""
        return RateLimiter(self.rate.requests, self.rate.per, max(1, self.rate.requests // 50))


@attrs.define
class Demo:
    """The demonstration: what was planned, and what was noticed when.

    Attributes:
        simulator: The simulated account.
        planned: Its projects.
        pacing: How they are looked at.
        tally: What is known.
        noticed: When each outcome came, in seconds of the world's time.
    """

    simulator: Simulator
    planned: list[Planned]
    pacing: Pacing
    tally: Tally = attrs.field(init=False)
    noticed: dict[ProjectId, float] = attrs.field(factory=dict[ProjectId, float], init=False)

    def __attrs_post_init__(self) -> None:
        self.tally = Tally([plan.project_id for plan in self.planned])

    async def watch(self, base_url: str, origin: str) -> None:
        """Watch all projects to the end, as any user of the package would."""
        limiter = self.pacing.limiter()
        title = f"pictory demo: {len(self.planned)} renders on a simulated Pictory at {origin}"
        follower = Follower(title=title, tally=self.tally, limiter=limiter, note=self._note)
        terms = attrs.asdict(self.pacing, filter=attrs.filters.exclude("rate"))
        key = self.simulator.world.api_key
        async with (
            AsyncPictory(key, base_url=base_url, limiter=limiter) as client,
            client.projects.watch(**terms) as watch,
        ):
            self.simulator.start()
            for plan in self.planned:
                watch.add(plan.project_id, after=plan.after)
            await follower.follow(client, watch)

    def _note(self, outcome: RenderOutcome) -> None:
        self.noticed[outcome.project_id] = self.simulator.now()

    def mismatches(self) -> list[dict[str, Any]]:
        """The projects whose outcome is not what the world says, each with both."""
        found = [self._mismatch(plan) for plan in self.planned]
        return [mismatch for mismatch in found if mismatch is not None]

    def _mismatch(self, plan: Planned) -> dict[str, Any] | None:
        outcome = self.tally.outcomes.get(str(plan.project_id))
        said = "pending" if outcome is None else outcome.status.value
        at = self.noticed.get(plan.project_id, self.simulator.now())
        truth = self.simulator.world.truth(plan.project_id, at, plan.after)
        if outcome is not None and _TRUE.get(outcome.status) is truth.kind is plan.expected:
            if truth.finished_at is None:
                return None
            seen = outcome.project.generated_at if outcome.project is not None else None
            if seen == self.simulator.world.date(truth.finished_at):
                return None
            said = f"{said}, with a video of {seen}"
        return {"project_id": plan.project_id, "outcome": said, "truth": truth.kind.value}

    def lags(self) -> list[float]:
        """For each rendered project, the seconds from its real end to its outcome."""
        world = self.simulator.world
        lags: list[float] = []
        for plan in self.planned:
            at = self.noticed.get(plan.project_id)
            if at is not None and self.tally.outcomes[str(plan.project_id)].ok:
                finished = world.truth(plan.project_id, at, plan.after).first_finished_at
                lags += [] if finished is None else [at - finished]
        return lags

    def report(self) -> dict[str, Any]:
        """What happened, as plain JSON values."""
        tally, log, rate, lags = self.tally, self.simulator.log, self.pacing.rate, self.lags()
        wrong = self.mismatches()
        return {
            "projects": tally.total,
            "outcomes": tally.counts,
            "mismatches": len(wrong),
            "mismatched": wrong,
            "requests": len(log),
            "refused": sum(request.status == 429 for request in log),  # noqa: PLR2004 - Too Many Requests
            "limit": rate.requests,
            "per": rate.per,
            "busiest_window": busiest_window(log, rate.per),
            "lag_median": round(statistics.median(lags), 3) if lags else None,
            "lag_p95": _rounded(lasting(lags, 0.95)),
            "polls_per_project": round(tally.polls_per_project, 2),
            "seconds": round(tally.seconds, 3),
        }


@click.command("demo", short_help="Watch 300 simulated renders, live, without an account.")
@population(2000)
@as_json("Print one JSON object at the end.")
@click.pass_context
def command(
    ctx: click.Context, *, projects: int, render_seconds: tuple[float, float], seed: int, as_json: bool
) -> None:
    """Watch a few hundred simulated renders, live and without an account.

    Starts the simulator as a real HTTP server on this machine. It allows exactly as many requests as the client's
    limiter does. Some projects are rendered again, some never start, a few fail; in the end, each outcome is compared
    with what really happened.
    """
    server = server_module()
    pacing = Pacing.of(projects, render_seconds)
    demo = Demo(*make_simulator(projects, render_seconds, seed, rate=pacing.rate), pacing)
    with server.ServerThread(demo.simulator) as running:
        try:
            run(lambda: demo.watch(running.base_url, running.origin))
        except KeyboardInterrupt:
            tally = demo.tally
            click.echo(f"Interrupted after {duration(tally.seconds)}: {tally.done} of {tally.total} done.", err=True)
            ctx.exit(INTERRUPTED)
    ctx.exit(print_report(demo, as_json=as_json))


def print_report(demo: Demo, *, as_json: bool) -> int:
    """Print what happened, and return the exit code: 1 if an outcome is not true."""
    report = demo.report()
    if as_json:
        echo_json(report)
    else:
        echo_facts(_facts(report, demo.tally))
        for wrong in report["mismatched"]:
            click.echo("{project_id}: reported {outcome}, but the truth is {truth}".format(**wrong))
    return FAILURE if report["mismatches"] else SUCCESS


def _facts(report: dict[str, Any], tally: Tally) -> Facts:
    lags = "nothing was rendered"
    if report["lag_p95"] is not None:
        lags = f"median {report['lag_median']:.2f} s, 95th percentile {report['lag_p95']:.2f} s"
    return [
        ("outcomes", tally.counts_text),
        (
            "true outcomes",
            f"{report['projects'] - report['mismatches']} of {report['projects']}, compared with what really happened",
        ),
        ("requests", f"{report['requests']:,}, {report['refused']} of them one too many (429)"),
        (f"busiest {report['per']:g} s", f"{report['busiest_window']:,} requests, {report['limit']:,} are allowed"),
        ("polls per project", f"{report['polls_per_project']:.1f}"),
        ("finish to notice", lags),
        ("time", duration(report["seconds"])),
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
