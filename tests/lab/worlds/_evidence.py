"""What one client could know about one watch when its outcome was given."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tests.lab.worlds._users import EPSILON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.worlds._history import Told
    from tests.lab.worlds._plan import ProjectPlan
    from tests.lab.worlds._server import Exchange, Server, Shown

TRANSIENT = {408, 429, 500, 502, 503, 504, *range(520, 525)}


class Evidence:
    """The answers that a client had about a project, and its job, during a watch."""

    def __init__(self, server: Server, told: Told) -> None:
        self._told = told
        self._server = server
        # Where the job has said that it is done, the video needs no date.
        dated = told.before is not None and told.outcome.job_id is None
        self._after = server.world.date(told.before) if dated and told.before is not None else None
        self._polls = self._during(f"/projects/{told.outcome.project_id}")

    def _during(self, path: str) -> list[Exchange]:
        told = self._told
        return [
            one
            for one in self._server.of(told.user.client, path)
            if one.sent >= told.began - 1e-9 and one.back <= told.at + 1e-6
        ]

    @cached_property
    def _job_polls(self) -> list[Exchange]:
        job_id = self._told.outcome.job_id
        return [] if job_id is None else self._during(f"/jobs/{job_id}")

    @cached_property
    def _deciding(self) -> list[Exchange]:
        """The answers of the very moment."""
        return [one for one in self._polls if one.back >= self._told.at - EPSILON]

    def _counts(self, shown: Shown | None) -> bool:
        """Whether an answer shows the awaited video."""
        if shown is None or shown.rendering or shown.video is None:
            return False
        if self._after is None:
            return True
        if shown.generated is None:
            # Without a date, only a render that was seen tells the video from the old one, and only handles ask so.
            return self._told.user.kind == "render" and any(one.shown and one.shown.rendering for one in self._polls)
        return shown.generated > self._after

    @property
    def shows_video(self) -> bool:
        """Whether an answer of the very moment shows the awaited video."""
        return any(self._counts(one.shown) for one in self._deciding)

    @property
    def was_shown_video(self) -> bool:
        """Whether an earlier answer had shown it."""
        if self._told.outcome.job_id is not None or self._told.user.kind in {"render", "render_and_wait"}:
            return False  # while the job is looked at, the project is not
        began = self._told.began + EPSILON  # at the same moment the answer may have come before the question
        earlier = [one for one in self._polls if began < one.back < self._told.at - EPSILON]
        return not self._others and any(self._counts(one.shown) for one in earlier)

    @property
    def was_told_failure(self) -> bool:
        """Whether an earlier answer about the job had said that it failed."""
        earlier = (one for one in self._job_polls if one.back < self._told.at - EPSILON)
        return any(one.job_status == "failed" for one in earlier)

    @cached_property
    def _others(self) -> bool:
        """Whether calls that are not of a watch asked about the same project."""
        told = self._told
        return any(
            user.kind in {"get", "render", "render_and_wait", "download"}
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
        if any(one.job_status == "failed" and one.back >= told.at - EPSILON for one in self._job_polls):
            return
        if not self._shows_nothing():
            yield "no answer of that moment showed a failure"
        rendering = [one for one in self._polls if one.shown is not None and one.shown.rendering]
        over = [one for one in self._job_polls if one.job_status in {"completed", "cleaned"}]
        if not rendering and not over:
            yield "nobody had seen a render"
        elif rendering and self._shows_nothing():
            ready = rendering[-1].sent + told.user.start_grace
            if max(one.sent for one in self._shows_nothing()) < ready - 1e-6:
                yield f"the grace lasts until {ready}"

    def against_statuses(self, statuses: set[int]) -> Iterator[str]:
        """Two answers in a row must have had the same status."""
        lost = [one for one in self._job_polls if one.status == 404 or one.job_status == "missing"]
        if 404 in statuses and len(lost) >= 2 and self._shows_nothing():
            return
        polls = [*self._polls, *self._job_polls]
        yield from self._in_a_row([one for one in polls if one.says == "truth" and one.status in statuses], 2)

    def against_error(self) -> Iterator[str]:
        """The last answers must have been unusable."""
        polls = [*self._polls, *self._job_polls]
        garbage = [one for one in polls if one.says == "garbage"]
        statuses = [
            one
            for one in polls
            if one.says == "truth" and one.status not in {200, 401, 403, 404} and one.status not in TRANSIENT
        ]
        if len(garbage) < 5:
            yield from self._in_a_row(statuses, 2)

    def _in_a_row(self, answers: list[Exchange], many: int) -> Iterator[str]:
        told = self._told
        last = sorted(answers, key=lambda one: one.back)[-many:]
        if len(last) < many or last[-1].back < told.at - EPSILON:
            yield f"the server said {[(one.status, one.says) for one in self._polls[-3:]]}"
        elif not self._others and any(
            one.shown is not None and last[0].back + EPSILON < one.back < last[-1].back for one in self._polls
        ):
            yield "a good answer came in between"
