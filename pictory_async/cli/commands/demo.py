"""`pictory demo`: watch simulated renders over real HTTP, and compare the outcomes with what really happened."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import AsyncPictory, ProjectId, RateLimiter, RenderStatus
from pictory_async.cli._client import run_until_interrupted
from pictory_async.cli._exit_codes import FAILURE, INTERRUPTED, SUCCESS
from pictory_async.cli._follow import Follower
from pictory_async.cli._options import Rate, json_option, simulation_options
from pictory_async.cli._simulation import make_simulator, server_module
from pictory_async.cli._tally import Tally, percentile
from pictory_async.cli.display.text import as_duration, echo_facts, echo_json
from pictory_async.testing import Phase, Planned, Simulator, TruthKind, busiest_window

if TYPE_CHECKING:
    from pictory_async import RenderOutcome
    from pictory_async.cli.display.text import Facts

__all__ = ["Demo", "Pacing", "command", "print_report"]

# The status that a client must report for each kind of truth.
_TRUE: Final = {
    RenderStatus.RENDERED: TruthKind.RENDERED,
    RenderStatus.FAILED: TruthKind.FAILED,
    RenderStatus.NOT_STARTED: TruthKind.NEVER,
    RenderStatus.MISSING: TruthKind.MISSING,
}


@attrs.frozen
class Pacing:
    """Settings with which no render of the simulated account can go unnoticed.

    Attributes:
        rate: The request budget of the limiter, and the limit of the simulated server.
        interval: Seconds between two polls.
        start_grace: Longer than any render is queued.
        max_wait: Longer than all renders together can take.
    """

    rate: Rate
    interval: float
    start_grace: float
    max_wait: float

    @classmethod
    def of(cls, projects: int, render_seconds: tuple[float, float]) -> Pacing:
        """Make settings for an account: each project is polled twice within the shortest render.

        The budget is a tenth more than these polls need. The server counts requests when they arrive, and requests that
        are in flight while a machine stalls arrive together: that tenth has room for all requests in flight.
        """
        low, high = render_seconds
        per = max(1.0, 2.0 * low)
        interval = 0.44 * low
        polls = projects * per / interval
        grace = max(1.0, 1.2 * low)
        rate = Rate(max(round(1.1 * polls), round(polls) + 40), per)
        return cls(rate, interval, grace, max_wait=3.0 * (low + high + grace) + 30.0)

    def limiter(self) -> RateLimiter:
        """Make the limiter."""
        return RateLimiter(self.rate.requests, self.rate.per, max(1, self.rate.requests // 50))


@attrs.define
class Demo:
    """The demonstration: the plan, and when each outcome was detected.

    Attributes:
        simulator: The simulated account.
        planned: The plan for each of its projects.
        pacing: The settings of the watch.
        tally: The results so far.
        detected: When each outcome came, in seconds of the simulated time.
    """

    simulator: Simulator
    planned: list[Planned]
    pacing: Pacing
    tally: Tally = attrs.field(init=False)
    detected: dict[ProjectId, float] = attrs.field(factory=dict[ProjectId, float], init=False)

    def __attrs_post_init__(self) -> None:
        self.tally = Tally([plan.project_id for plan in self.planned])

    async def watch(self, base_url: str, origin: str) -> None:
        """Watch all projects to the end, with the public API of the package."""
        limiter = self.pacing.limiter()
        title = f"pictory demo: {len(self.planned)} renders on a simulated Pictory at {origin}"
        follower = Follower(title=title, tally=self.tally, limiter=limiter, on_outcome=self._on_outcome)
        settings = attrs.asdict(self.pacing, filter=attrs.filters.exclude("rate"))
        key = self.simulator.world.api_key
        async with (
            AsyncPictory(key, base_url=base_url, limiter=limiter, trust_env=False) as client,
            client.projects.watch(**settings) as watch,
        ):
            self.simulator.start()
            for plan in self.planned:
                watch.add(plan.project_id, after=plan.after)
            await follower.follow(client, watch)

    def _on_outcome(self, outcome: RenderOutcome) -> None:
        self.detected[outcome.key] = self.simulator.now()

    def mismatches(self) -> list[dict[str, Any]]:
        """Return the projects whose outcome is wrong, each with the outcome and the truth."""
        found = [self._mismatch(plan) for plan in self.planned]
        return [mismatch for mismatch in found if mismatch is not None]

    def _mismatch(self, plan: Planned) -> dict[str, Any] | None:
        outcome = self.tally.outcomes.get(str(plan.project_id))
        reported = "pending" if outcome is None else outcome.status.value
        at = self.detected.get(plan.project_id, self.simulator.now())
        truth = self.simulator.world.truth(plan.project_id, at, plan.after)
        if outcome is not None and _TRUE.get(outcome.status) is truth.kind is plan.expected:
            if truth.finished_at is None:
                return None
            seen = outcome.project.generated_at if outcome.project is not None else None
            if seen == self.simulator.world.date(truth.finished_at):
                return None
            reported = f"{reported}, with a video of {seen}"
        elif (
            # A project does not show a failure. If no poll met the render, nothing shows that it was started.
            (outcome is not None and outcome.status is RenderStatus.NOT_STARTED)
            and truth.kind is plan.expected is TruthKind.FAILED
            and not self._was_seen_rendering(plan, at)
        ):
            return None
        return {"project_id": plan.project_id, "outcome": reported, "truth": truth.kind.value}

    def _was_seen_rendering(self, plan: Planned, until: float) -> bool:
        project = self.simulator.world.find_project(plan.project_id, until)
        polls = [entry.at for entry in self.simulator.log if entry.path.endswith(f"/{plan.project_id}")]
        renders = [] if project is None else project.renders
        return any(render.phase(at) is Phase.RENDERING for render in renders for at in polls)

    def delays(self) -> list[float]:
        """Return the detection delay of each rendered project: seconds from its real end to its outcome."""
        world = self.simulator.world
        delays: list[float] = []
        for plan in self.planned:
            at = self.detected.get(plan.project_id)
            if at is not None and self.tally.outcomes[str(plan.project_id)].ok:
                finished = world.truth(plan.project_id, at, plan.after).first_finished_at
                delays += [] if finished is None else [at - finished]
        return delays

    def report(self) -> dict[str, Any]:
        """Return the results as plain JSON values."""
        tally, log, rate, delays = self.tally, self.simulator.log, self.pacing.rate, self.delays()
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
            "lag_median": round(statistics.median(delays), 3) if delays else None,
            "lag_p95": _rounded(percentile(delays, 0.95)),
            "polls_per_project": round(tally.polls_per_project, 2),
            "seconds": round(tally.seconds, 3),
        }


@click.command("demo", short_help="Watch 300 simulated renders live, without an account.")
@simulation_options(2000)
@json_option("Print one JSON object at the end.")
@click.pass_context
def command(
    ctx: click.Context, *, projects: int, render_seconds: tuple[float, float], seed: int, as_json: bool
) -> None:
    """Watch 300 simulated renders live, without an account.

    Starts the simulator as a real HTTP server on this machine. The server accepts exactly as many requests as the
    client's limiter allows. Some projects are rendered again, some never start, and a few fail. At the end, each
    outcome is compared with what really happened.
    """
    server = server_module()
    pacing = Pacing.of(projects, render_seconds)
    demo = Demo(*make_simulator(projects, render_seconds, seed, rate=pacing.rate), pacing)
    ctx.exit(_report(demo, interrupted=_watch(demo, server), as_json=as_json))


def _watch(demo: Demo, server: Any) -> bool:
    """Watch all projects to the end, and return whether Ctrl-C ended it before."""
    with server.ServerThread(demo.simulator) as running:
        return run_until_interrupted(lambda: demo.watch(running.base_url, running.origin))


def _report(demo: Demo, *, interrupted: bool, as_json: bool) -> int:
    if not interrupted:
        return print_report(demo, as_json=as_json)
    tally = demo.tally
    click.echo(f"Interrupted after {as_duration(tally.seconds)}: {tally.done} of {tally.total} done.", err=True)
    return INTERRUPTED


def print_report(demo: Demo, *, as_json: bool) -> int:
    """Print the results, and return the exit code: 1 if an outcome is wrong."""
    report = demo.report()
    if as_json:
        echo_json(report)
    else:
        echo_facts(_facts(report, demo.tally))
        for wrong in report["mismatched"]:
            click.echo("{project_id}: reported {outcome}, but the truth is {truth}".format(**wrong))
    return FAILURE if report["mismatches"] else SUCCESS


def _facts(report: dict[str, Any], tally: Tally) -> Facts:
    delays = "nothing was rendered"
    if report["lag_p95"] is not None:
        delays = f"median {report['lag_median']:.2f} s, 95th percentile {report['lag_p95']:.2f} s"
    verified = report["projects"] - report["mismatches"]
    return [
        ("outcomes", tally.counts_text),
        ("verified outcomes", f"{verified} of {report['projects']}, compared with what really happened"),
        ("requests", f"{report['requests']:,}, {report['refused'] or 'none'} rejected (429)"),
        (f"busiest {report['per']:g} s", f"{report['busiest_window']:,} requests, {report['limit']:,} are allowed"),
        ("polls per project", f"{report['polls_per_project']:.1f}"),
        ("detection delay", delays),
        ("time", as_duration(report["seconds"])),
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
