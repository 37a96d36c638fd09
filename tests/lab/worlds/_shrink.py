"""From a seed whose world breaks a promise to the shortest history that still does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from pictory_async.testing import Render
from tests.lab.worlds._life import run
from tests.lab.worlds._plan import draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.worlds._history import History
    from tests.lab.worlds._plan import Plan

T = TypeVar("T")


def shortest(seed: int) -> str:
    """Replay a seed, and tell the shortest history that breaks the same promise, or the whole one if none is broken."""
    plan = draw(seed)
    history = run(plan)
    if not history.violations:
        return tell(history)
    promise = history.violations[0].promise
    smallest = shrink(
        plan, lambda one: any(found.promise == promise for found in run(one).violations), history.server.met
    )
    return tell(run(smallest))


def tell(history: History) -> str:
    """Write down what a world was made of, and what happened in it."""
    plan = history.plan
    lines = [f"The world of seed {plan.seed}", "", f"limiter: {plan.rate} in {plan.per} s, {plan.burst} at once"]
    lines += [f"clients: {plan.clients}, latency {plan.latency} s, shared budget {plan.shared} s away"]
    lines += [_given(thing) for thing in (*plan.projects, *plan.spells, *plan.stale, *plan.users)]
    lines.append(f"a new job is unknown for {plan.job_delay} s; stalls: {plan.stalls}")
    lines.append(f"connecting takes {plan.connect} s, for each request or every other {plan.keeps} s")
    lines += ["", "     sent     back  request"]
    for one in history.server.exchanges:
        what = f"{one.request.method} {one.request.origin}{one.request.path} -> {one.status or 'nothing'}"
        lines.append(f"{one.sent:9.3f}{one.back:9.3f}  {what}{f' ({one.kind})' if one.kind else ''}")
    lines += ["", "     told  outcome"]
    for told in history.told:
        outcome = told.outcome
        lines.append(f"{told.at:9.3f}  user {told.user.number}: {outcome.key} {outcome.status} {outcome.error or ''}")
    lines += ["", *(map(str, history.violations) if history.violations else ["no violation"])]
    return "\n".join(lines)


def _given(thing: Any) -> str:
    """A plan's part, without what it leaves at its default."""
    fields = {field.name: (getattr(thing, field.name), field.default) for field in attrs.fields(type(thing))}
    shown = (f"{name}={_plain(value)}" for name, (value, default) in fields.items() if value != default)
    return f"{type(thing).__name__}({', '.join(shown)})"


def _plain(value: object) -> str:
    if isinstance(value, Render):
        return _given(value)
    return f"({', '.join(map(_plain, value))})" if isinstance(value, tuple) else repr(value)


def shrink(plan: Plan, fails: Callable[[Plan], bool], met: frozenset[str]) -> Plan:
    """Take out of a plan whatever it fails without.

    Args:
        plan: One that fails.
        fails: Runs a plan, and tells whether it fails in the same way.
        met: The names of the requests that met faults in it.
    """
    best = _with(plan, only=met)
    before = None
    while best != before:
        before = best
        for field in ("users", "spells", "stale", "stalls", "projects", "only"):
            best = _fewer(best, field, fails)
        best = _simpler(best, fails)
    return best


def _with(thing: T, **changes: Any) -> T:
    return cast("T", attrs.evolve(cast("Any", thing), **changes))


def _fewer(plan: Plan, field: str, fails: Callable[[Plan], bool]) -> Plan:
    """Leave out halves, then quarters, and in the end single ones."""
    step = (len(getattr(plan, field) or ()) + 1) // 2
    while step:
        start = 0
        while start < len(getattr(plan, field)):
            things = sorted(getattr(plan, field)) if field == "only" else list(getattr(plan, field))
            fewer = things[:start] + things[start + step :]
            smaller = _with(plan, **{field: frozenset(fewer) if field == "only" else tuple(fewer)})
            if fails(smaller):
                plan = smaller
            else:
                start += step
        step //= 2
    return plan


_PLAIN: Final[tuple[tuple[str, dict[str, object]], ...]] = (
    ("projects", {"renders": (), "edits": (), "deleted_at": None, "scenes": None, "earlier": None, "undated": False}),
    ("users", {"ending": "never", "again": False, "mixed": False, "pause": 0.0, "starts": 0.0, "client": 0}),
)


def _simpler(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """Make what is left plainer."""
    for field, plain in _PLAIN:
        for index in range(len(getattr(plan, field))):
            for name, value in plain.items():
                things = list(getattr(plan, field))
                if getattr(things[index], name) != value:
                    things[index] = _with(things[index], **{name: value})
                    smaller = _with(plan, **{field: tuple(things)})
                    plan = smaller if fails(smaller) else plan
    for name, value in {
        "late": 0.0,
        "latency": 0.0,
        "connect": 0.0,
        "job_delay": 0.0,
        "clients": 1,
        "shared": None,
    }.items():
        smaller = _with(plan, **{name: value})
        if smaller != plan and not (name == "clients" and any(user.client for user in plan.users)):
            plan = smaller if fails(smaller) else plan
    return plan
