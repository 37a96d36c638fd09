"""The promises, checked against the world's own log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async import RenderStatus
from pictory_async.testing import busiest_window
from tests.worlds._life import TIMEOUT

if TYPE_CHECKING:
    from pictory_async.testing import Truth
    from tests.worlds._life import History, Told

EPSILON = 0.01


def violations(history: History) -> list[str]:
    """What was promised and not kept."""
    found = list(history.wrong)
    limiter, log = history.limiter, history.simulator.log
    # The server sees requests after half of a varying latency, which may squeeze them together.
    squeezed = busiest_window(log, max(0.0, limiter.per - 0.5))
    if squeezed > limiter.rate:
        found.append(f"{squeezed} requests in {limiter.per} s, of {limiter.rate}")
    for told in history.told:
        found += [
            f"{told.outcome.project_id} {told.outcome.status} at {told.at:.2f}: {text}"
            for text in untrue(history, told)
        ]
    if any(entry.authorization_ok is False for entry in log):
        found.append("a wrong key was sent")
    return found


def untrue(history: History, told: Told) -> list[str]:
    """What is not true about one outcome."""
    outcome = told.outcome
    found = []
    if told.max_wait is not None and outcome.waited > told.max_wait + EPSILON:
        found.append(f"waited {outcome.waited} of {told.max_wait} s")
    if (outcome.error is None) is not outcome.ok:
        found.append("an error without need, or none where there should be one")
    truth = history.simulator.world.truth(outcome.project_id, told.at + EPSILON, told.after)
    earlier = history.simulator.world.truth(outcome.project_id, told.at - TIMEOUT - 1.0, told.after)
    match outcome.status:
        case RenderStatus.RENDERED:
            found += untrue_video(told, truth)
        case RenderStatus.NOT_STARTED | RenderStatus.FAILED:
            if earlier.kind == "rendered":
                found.append(f"was rendered: {earlier}")
        case RenderStatus.MISSING | RenderStatus.REFUSED:
            wanted = {404} if outcome.status is RenderStatus.MISSING else {401, 403}
            seen = [
                entry.status
                for entry in history.simulator.log
                if entry.path.endswith(f"/{outcome.project_id}") and entry.at <= told.at + EPSILON
            ]
            if sum(status in wanted for status in seen) < 2:
                found.append(f"the server said {seen[-3:]}")
        case _:
            pass
    return found


def untrue_video(told: Told, truth: Truth) -> list[str]:
    """What is not true about a video that was given out."""
    project = told.outcome.project
    if project is None or not project.video_url:
        return ["has no video"]
    if told.after is not None and (project.generated_at is None or project.generated_at <= told.after):
        return ["is the old video"]
    if truth.finished_at is None and truth.deleted_at is None and truth.kind != "missing":
        return [f"was not rendered: {truth}"]
    return []
