"""What one client could know about one watch when its outcome was given."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.lab.worlds._plan import STEP
from tests.lab.worlds._server import HEALTHY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tests.lab.worlds._history import Told
    from tests.lab.worlds._plan import ProjectPlan
    from tests.lab.worlds._server import Exchange, Server, Shown

WATCHERS = {"wait", "wait_all", "watch"}


class Evidence:
    """The answers that a client had about a project, and its job, during a watch."""

    def __init__(self, server: Server, told: Told, all_told: list[Told]) -> None:
        self._told = told
        self._server = server
        self._slack = server.plan.slack
        self._all_told = all_told
        self._polls = self._during(f"/projects/{told.outcome.project_id}")

    def _during(self, path: str) -> list[Exchange]:
        told = self._told
        return [
            one
            for one in self._server.of(told.user.client, path)
            if one.sent >= told.began - 1e-9 and one.back <= told.at + 1e-6
        ]

    @cached_property
    def _after(self) -> datetime | None:
        """The date that a video must be newer than; where the job has said that it is done, it needs no date."""
        before = self._told.before
        completed = any(one.job_status == "completed" for one in self.job_polls)
        return None if before is None or completed else self._server.world.date(before)

    @cached_property
    def _client(self) -> list[Exchange]:
        """All answers of the client to its users, in their order."""
        return [one for one in self._server.of(self._told.user.client, "") if quote(HEALTHY) not in one.request.path]

    @cached_property
    def job_polls(self) -> list[Exchange]:
        """The answers about the job."""
        job_id = self._told.outcome.job_id
        if job_id == "?":  # of a call that does not tell
            return [one for one in self._during("") if "/jobs/" in one.request.path]
        return [] if job_id is None else self._during(f"/jobs/{job_id}")

    @cached_property
    def _deciding(self) -> list[Exchange]:
        """The answers of the very moment."""
        return [one for one in self._polls if one.back >= self._told.at - self._slack]

    def _counts(self, shown: Shown | None) -> bool:
        """Whether an answer shows the awaited video."""
        if shown is None or shown.rendering or shown.video is None:
            return False
        if self._after is None:
            return True
        if shown.generated is None:
            # Without a date, only a render that was seen tells the video from the old one, and only handles ask so.
            return self._told.user.kind in {"render", "handles", "render_and_wait"} and any(
                one.shown and one.shown.rendering for one in self._polls
            )
        return shown.generated > self._after

    @property
    def shows_video(self) -> bool:
        """Whether an answer of the very moment shows the awaited video, or the completed job has shown it."""
        if any(one.shows_a_video for one in self.job_polls) or self._shows_what_the_list_names:
            return True
        return any(self._counts(one.shown) for one in self._deciding)

    @property
    def _shows_what_the_list_names(self) -> bool:
        """Whether an answer of the very moment shows the video that the list of jobs had named."""
        named = {one.named_video(str(self._told.outcome.job_id)) for one in self._during("/v1/jobs")} - {None}
        return any(one.shown is not None and one.shown.video in named for one in self._deciding)

    @property
    def was_shown_video(self) -> bool:
        """Whether an earlier answer had shown it."""
        if self._told.outcome.job_id is not None or self._told.user.kind in {"render", "handles", "render_and_wait"}:
            return False  # while the job is looked at, the project is not
        began = self._told.began + self._slack  # at the same moment the answer may have come before the question
        earlier = [one for one in self._polls if began < one.back < self._told.at - self._slack]
        return not self._others and any(self._counts(one.shown) for one in earlier)

    @property
    def was_told_failure(self) -> bool:
        """Whether an earlier answer about the job had said that it failed."""
        earlier = (one for one in self.job_polls if one.back < self._told.at - self._slack)
        return any(one.job_status == "failed" for one in earlier)

    @cached_property
    def _others(self) -> bool:
        """Whether calls that are not of a watch asked about the same project."""
        told = self._told
        return any(
            user.kind in {"get", "crowd", "render", "render_and_wait", "download"}
            and user.client == told.user.client
            and any(str(one.id) == str(told.outcome.project_id) for one in self._projects(user.projects))
            for user in self._server.plan.users
        )

    def _projects(self, numbers: tuple[int, ...]) -> list[ProjectPlan]:
        return [project for project in self._server.plan.projects if project.number in numbers]

    def _shows_nothing(self) -> list[Exchange]:
        return [
            one
            for one in self._deciding
            if one.shown is not None and not one.shown.rendering and not self._counts(one.shown)
        ]

    def against_not_started(self) -> Iterator[str]:
        """Nothing may have been shown until the grace was over."""
        nothing = self._shows_nothing()
        if not nothing:
            yield "no answer of that moment showed a project without a render and a video"
        ready = self._told.began + self._told.user.start_grace
        if nothing and max(one.sent for one in nothing) < ready - 1e-6:
            yield f"the grace lasts until {ready}"
        if any(one.shown is not None and one.shown.rendering for one in self._polls) and not self._others:
            yield "a render had been seen"

    def against_failed(self) -> Iterator[str]:
        """Either the job has said so, or a render was seen and is over."""
        told = self._told
        if any(one.job_status == "failed" and one.back >= told.at - self._slack for one in self.job_polls):
            return
        if not self._shows_nothing():
            yield "no answer of that moment showed a failure"
        rendering = [one for one in self._polls if one.shown is not None and one.shown.rendering]
        over = [one for one in self.job_polls if one.job_status in {"completed", "cleaned"}]
        if not rendering and not over:
            yield "nobody had seen a render"
        elif rendering and self._shows_nothing():
            ready = rendering[-1].sent + told.user.start_grace
            if max(one.sent for one in self._shows_nothing()) < ready - 1e-6:
                yield f"the grace lasts until {ready}"

    def against_refusal(self, statuses: set[int]) -> Iterator[str]:
        """The API itself, or for long something else, must have refused the project, its job, or everything."""
        # A job that is refused is given up; then its project decides.
        lost = [one for one in self.job_polls if one.refuses in statuses & {401, 403, 404}]
        if len(lost) >= 2 and lost[-1].sent - lost[0].back >= 2.0 - STEP and self._shows_nothing():
            yield from self._too_young()
            return
        wrong = [self._object_is_not_refused(self._polls, statuses), self._everything_is_not_refused(statuses)]
        if self._told.outcome.project_id is None or self.job_polls:
            wrong.append(self._object_is_not_refused(self.job_polls, statuses))
        if all(wrong):
            yield "; ".join(filter(None, wrong))

    def _too_young(self) -> Iterator[str]:
        """A job may appear until the grace is over."""
        told = self._told
        if told.requested is not None and told.at < told.requested + told.user.start_grace - STEP:
            yield f"the job was requested at {told.requested:.3f} only"

    def _object_is_not_refused(self, polls: list[Exchange], statuses: set[int]) -> str:
        """Why a refusal of this one object may not be believed; empty if it may."""
        if self._others:  # what other calls met in between did not interrupt the watch's own row
            polls = [one for one in polls if one.refuses in statuses or one.says == "foreign"]
        every = polls
        # What was sent at that same moment may be of the next wait for the same project.
        while polls and polls[-1].sent >= self._told.at - 1e-9 and polls[-1].refuses not in statuses:
            polls = polls[:-1]
        run = _run(polls, lambda one: one.refuses in statuses)
        if len(run) >= 2 and run[-1].back >= self._told.at - self._slack:
            lasted = run[-1].sent - run[0].back
            # Answers to other calls, and those from before the job was done, are not part of the wait.
            own = not self._others and not self.job_polls
            known = own and any(one.succeeded for one in polls if one.back < run[0].back)
            if lasted < (30.0 if known else 2.0) - STEP:
                return f"refused for {lasted:.3f} s only"
            if self._refused_alike(run) < 5 or self._success_after(run[0].back, before=run[-1].sent):
                return ""
            return "the API refused many, and answered nothing"
        run = _run(every, lambda one: one.says == "foreign" and one.status in statuses & {403, 404})
        if len(run) >= 2 and run[-1].sent - run[0].back >= 60.0 - STEP and self._success_after(run[-2].sent):
            return ""
        return f"the last answers were {[(one.status, one.says, round(one.back, 3)) for one in polls[-3:]]}"

    def _refused_alike(self, run: list[Exchange]) -> int:
        """How many projects of the client were refused like this meanwhile, and still waited for."""
        ended = {str(told.outcome.project_id) for told in self._all_told if told.at < self._told.at}
        users = [user for user in self._server.plan.users if user.client == self._told.user.client]
        watched, called = (
            {
                str(one.id)
                for user in users
                if (user.kind in WATCHERS) is wanted
                for one in self._projects(user.projects)
            }
            for wanted in (True, False)
        )
        alike = {
            one.request.path.rpartition("/")[2]
            for one in self._client
            if one.refuses == run[-1].refuses
            and run[0].back - 60.0 <= one.back
            # Of what came at that same moment, nobody can tell what the client saw first.
            and (one in run or one.back < self._told.at - self._slack)
        }
        return len((alike & watched) - ended - called)

    def _success_after(self, since: float, before: float | None = None) -> bool:
        before = self._told.at if before is None else before
        return any(one.succeeded and since - STEP <= one.sent and one.back <= before + STEP for one in self._client)

    def _everything_is_not_refused(self, statuses: set[int]) -> str:
        """Why this does not hold for all that the client asked; empty if it does."""
        answers = [one for one in self._client if one.back <= self._told.at + STEP and one.status != 429]
        ever = any(one.succeeded for one in answers)
        alike = {(one.status, one.refuses) for one in answers[-1:]}
        run = _run(answers, lambda one: (one.status, one.refuses) in alike)
        lasted = run[-1].back - run[0].back if run else 0.0
        rejected = bool(run) and run[-1].refuses == 401
        if rejected and 401 in statuses:
            return "" if lasted >= (60.0 if ever else 2.0) - STEP else f"the key was rejected for {lasted:.3f} s only"
        if not ever and lasted >= 60.0 - STEP:
            return ""
        return f"everything was alike for {lasted:.3f} s"

    def against_error(self) -> Iterator[str]:
        """The last answers must have been unusable, or the API never reached."""
        told = self._told
        polls = sorted([*self._polls, *self.job_polls], key=lambda one: one.back)
        if sum(one.says == "garbage" for one in polls) >= 5:
            return
        if any(one.job_status == "completed" for one in self.job_polls) and self._shows_nothing():
            return
        others = {one.refuses for one in polls} - {0, 401, 403, 404}
        reached = any(one.says in {"truth", "garbage"} and one.back <= told.at for one in self._client)
        if not reached and told.at - told.began >= 300.0 - STEP:
            return
        yield from self.against_refusal(others | {one.status for one in polls if one.says == "foreign" and one.status})


def _run(answers: list[Exchange], matches: Callable[[Exchange], bool]) -> list[Exchange]:
    """The last answers in a row that match."""
    found: list[Exchange] = []
    for one in reversed(answers):
        if not matches(one):
            break
        found.insert(0, one)
    return found
