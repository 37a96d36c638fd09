"""The promises, checked against the server's own log."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pictory_async import RenderStatus
from pictory_async.testing import Phase
from tests.lab.worlds._evidence import Evidence
from tests.lab.worlds._limiters import broken
from tests.lab.worlds._plan import LAST_POLL, STEP
from tests.lab.worlds._videos import untrue_video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.worlds._history import History, Told
    from tests.lab.worlds._plan import Plan


def check(history: History) -> None:
    """Note in a history every promise that was not kept in it."""
    sent = [one.sent for one in history.server.exchanges if one.request.path.startswith("/pictoryapis")]
    for text in _too_many(history.plan, sent):
        history.wrong("rate", text)
    for promise, text in broken(history.plan, history.limiters, sent):
        history.wrong(promise, text)
    for text in _astray(history):
        history.wrong("key", text)
    for text in _posts(history):
        history.wrong("one render each", text)
    given = [id(told.outcome) for told in history.told]
    if len(given) != len(set(given)):
        history.wrong("one outcome each", "an outcome was given twice")
    for told in history.told:
        outcome = told.outcome
        history.holds_no_key(outcome, "an outcome")
        end = told.at - outcome.waited + told.user.max_wait
        if told.at > end + history.plan.lateness(end):
            history.wrong("max_wait", f"{outcome.key} was decided after {outcome.waited} s")
        if (outcome.error is None) is not outcome.ok:
            history.wrong("true", "an error without need, or none where there should be one")
        for text in _untrue(history, told):
            history.wrong(
                f"true {outcome.status}", f"{outcome.key} at {told.at:.3f} for user {told.user.number}: {text}"
            )


def _too_many(plan: Plan, sent: list[float]) -> Iterator[str]:
    """Count the requests in every closed window, at the moments when they were sent."""
    window: collections.deque[float] = collections.deque()
    for time in sent:
        window.append(time)
        while time - window[0] > plan.per:
            window.popleft()
        if len(window) > plan.rate:
            yield f"{len(window)} requests in {plan.per} s, of {plan.rate}, at {time:.3f}"
            return


def _astray(history: History) -> Iterator[str]:
    """Look for requests to other places, or with the key where it does not belong."""
    for exchange in history.server.exchanges:
        request = exchange.request
        host = urlsplit(request.origin).hostname or ""
        media = request.path.startswith("/media")
        if request.headers.get("authorization") is not None and (media or not host.startswith("127.")):
            yield f"the key was sent to {request.origin}{request.path}"
        if not host.startswith("127.") and history.server.world.media_base is None:
            yield f"a request went to {request.origin}{request.path}"


def _posts(history: History) -> Iterator[str]:
    """Count the renders that were asked for: they cost money."""
    posts = sum(exchange.request.method in {"POST", "PUT"} for exchange in history.server.exchanges)
    if posts > history.renders:
        yield f"{history.renders} calls asked for {posts} renders"


def _untrue(history: History, told: Told) -> Iterator[str]:
    """What is not true about one outcome, at the moment it was given."""
    if told.user.kind == "videos":
        yield from untrue_video(history, told)
        return
    yield from _lingers(history, told)
    evidence = Evidence(history.server, told, history.told)
    if told.outcome.status is RenderStatus.RENDERED:
        yield from _untrue_video(history, told)
        if not evidence.shows_video:
            yield "no answer of that moment showed the video"
        return
    if evidence.was_shown_video:
        yield "an answer had shown the video before"
    if evidence.was_told_failure:
        yield "the job had said before that it failed"
    against = {
        RenderStatus.TIMED_OUT: lambda: _looked_away(history, told),
        RenderStatus.FAILED: evidence.against_failed,
        RenderStatus.NOT_STARTED: evidence.against_not_started,
        RenderStatus.MISSING: lambda: evidence.against_refusal({404}),
        RenderStatus.REFUSED: lambda: evidence.against_refusal({401, 403}),
        RenderStatus.ERROR: evidence.against_error,
    }
    yield from against[told.outcome.status]()


def _lingers(history: History, told: Told) -> Iterator[str]:
    """Once a job has shown its video, the next page of the project ends the wait, whatever it shows."""
    plan, user, job_id = history.plan, told.user, told.outcome.job_id
    shared = any(
        one is not user and one.client == user.client and not {*one.projects}.isdisjoint(user.projects)
        for one in plan.users
    )
    if job_id is None or user.kind not in {"render", "handles"} or shared:
        return
    polls = history.server.of(user.client, f"/jobs/{job_id}")
    first = min((one.back for one in polls if one.shows_a_video and one.sent >= told.began), default=told.at)
    pages = history.server.of(user.client, f"/projects/{told.outcome.project_id}")
    after = [one.back for one in pages if one.shown is not None and one.says == "truth" and one.sent >= first]
    if after and told.at > min(after) + plan.slack + STEP:
        yield f"its job had shown the video at {first:.3f}, and a page came at {min(after):.3f}"


def _untrue_video(history: History, told: Told) -> Iterator[str]:
    """Compare a video that was given out with the world."""
    project = told.outcome.project
    if project is None or not project.video_url:
        yield "there is no video"
        return
    render = history.server.video_of(project.video_url)
    if render is None or not any(
        render is one
        for owner in history.server.world.projects
        if str(owner.id) == str(told.outcome.project_id)
        for one in owner.renders
    ):
        yield f"the video {project.video_url} is not the project's"
        return
    job_id = told.outcome.job_id
    job_polls = history.server.of(told.user.client, f"/jobs/{job_id}")
    completed = any(one.shows_a_video and told.began <= one.back <= told.at for one in job_polls)
    if completed and render.job_id != job_id:
        yield f"the video is of job {render.job_id}, and {job_id} was completed"
    if render.phase(told.at) is not Phase.RENDERED:
        yield f"its render is only {render.phase(told.at).value}"
    undated = any(one.undated for one in history.plan.projects if str(one.id) == str(told.outcome.project_id))
    if undated and job_id is None:  # nothing tells a new video from the one before
        return
    if told.before is not None and render.ends_at <= told.before + STEP and not completed:
        yield f"the video is of {render.ends_at}, and was there before"


def _not_polled_after_its_end(history: History, told: Told) -> Iterator[str]:
    """Whatever the list of jobs shows, a job is polled before its wait is over."""
    found = history.server.world.find_job(str(told.outcome.job_id))
    if found is None or told.user.kind not in {"handles", "render"}:
        return
    end = max(found[1].ends_at, told.began)
    polls = history.server.of(told.user.client, f"/jobs/{told.outcome.job_id}")
    patience = max(60.0, 2.0 * history.plan.once)  # there may be no budget for a poll of it earlier
    if told.at - end > patience and not any(one.sent >= end for one in polls):
        yield f"its job had ended at {end:.3f}, and was not polled after that"


def _looked_away(history: History, told: Told) -> Iterator[str]:
    """In a world without faults, a video that was there long enough must have been noticed."""
    plan = history.plan
    if told.outcome.waited < told.user.max_wait - STEP:
        yield f"after only {told.outcome.waited} s"
    if not plan.is_well:
        return
    yield from _not_polled_after_its_end(history, told)
    once = plan.once
    polls = [
        *history.server.of(told.user.client, f"/projects/{told.outcome.project_id}"),
        *history.server.of(told.user.client, f"/jobs/{told.outcome.job_id}"),
    ]
    if plan.connect >= LAST_POLL:  # a last poll that opens a connection comes too late: the list had to do
        polls += history.server.of(told.user.client, "/v1/jobs")
    if told.outcome.waited > once and not any(one.back >= told.began for one in polls):
        yield f"in {told.outcome.waited} s, there was no poll"
    undated = {str(one.id) for one in plan.projects if one.undated}
    if told.outcome.job_id or str(told.outcome.project_id) in undated:
        return
    patience = 2.0 * told.user.interval + 3.0 * once
    truth = history.server.world.projects
    project = next(one for one in truth if str(one.id) == str(told.outcome.project_id))
    ends = [render.ends_at for render in project.renders if not render.fails]
    since = [max(end, told.began) for end in ends if told.before is None or end > told.before + STEP]
    # A render that runs hides the video that is there.
    hidden = any(render.picked_up_at < told.at and render.ends_at + patience > told.at for render in project.renders)
    if since and min(since) + patience < told.at and not hidden and project.exists(told.at):
        yield f"the video was there from {min(since):.3f} on, and nobody looked"
