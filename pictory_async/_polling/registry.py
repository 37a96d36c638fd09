"""The watches of one client. Watches of one project or job share its polls."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from itertools import chain
from logging import DEBUG, INFO
from typing import TYPE_CHECKING, Final

import anyio
import attrs

from pictory_async._codec.answers import decode_project_page
from pictory_async._http.health import from_api
from pictory_async._limits.wait_queue import Priority
from pictory_async._log import writes
from pictory_async._polling import explain, logged
from pictory_async._polling.counters import Counters
from pictory_async._polling.failures import CROWD, about_address, about_key, ends_all, is_unreachable
from pictory_async._polling.hints import Hints
from pictory_async._polling.outage import Outage
from pictory_async._polling.refusals import Refusals
from pictory_async._polling.sweeper import Sweeper
from pictory_async._polling.watch import Watch
from pictory_async.errors import (
    APIError,
    MalformedResponseError,
    PictoryConfigError,
    PictoryError,
    RateLimitedError,
    StatusError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pictory_async._http.messages import Response
    from pictory_async._http.transport import Transport
    from pictory_async._polling.reporter import WatchReporter
    from pictory_async._statistics import PollerStatistics


_PROBE_EVERY: Final = 10.0
_PROBE: Final = "/v2/projects"
_OTHER_THREAD: Final = (
    "This hint comes from another thread than that of the event loop in which the client waits, so it is ignored. "
    "Give it to that loop: loop.call_soon_threadsafe(hint, id), or anyio.from_thread.run_sync(hint, id) in a thread of "
    "anyio.to_thread.run_sync."
)


@attrs.define(repr=False, eq=False)
class Poll:
    """One poll that is in flight, or about to be sent.

    Attributes:
        key: The id of the project or job that is polled, as text, and whether it is a job.
        path: The path of the request.
        subject: What errors call it.
        watches: The watches that wait for its response: first the one that sends it, then those that became due
            meanwhile.
        task: Sends it; can be cancelled.
    """

    key: tuple[str, bool]
    path: str
    subject: str
    watches: list[Watch]
    task: anyio.TaskHandle[None] = attrs.field(init=False)


class WatchRegistry:
    """The watches of one client, by what they poll.

    The registry owns the polls in flight: there is at most one for a project or job at a time.

    Args:
        transport: Sends the polls.
        unreachable_after: Seconds after which a watch ends if the client never had a response of the API.
        reporter: Tells a user about watches, if one wants to know.

    Attributes:
        outage: Slows the polls down while all of them fail.
        hints: Keeps hints while polls fail.
        counters: What all watches of the client did so far.
        watching: How many watches there are.
        sweeper: Reads the list of jobs.
        most_polls: How many polls one scheduler may have in flight or waiting for a slot.
    """

    def __init__(
        self, transport: Transport, unreachable_after: float | None, reporter: WatchReporter | None = None
    ) -> None:
        self.outage: Outage = Outage(transport.health.host)
        self.hints: Hints = Hints()
        self.counters: Counters = Counters()
        self.watching: int = 0
        self.most_polls: int = transport.most_polls
        self._transport = transport
        # Keyed by the ids themselves: texts of their own would be a tenth of what a watch takes.
        self._projects: dict[str, tuple[Watch, ...]] = {}
        self._jobs: dict[str, tuple[Watch, ...]] = {}
        self.sweeper: Sweeper = Sweeper(transport, self._jobs, self._listed)
        # Entered by `claim` and removed by `send`, which runs in a task of the scheduler that claimed the poll.
        self._polls: dict[tuple[str, bool], Poll] = {}
        self._health = transport.health
        self._unreachable_after = unreachable_after
        self._reporter = reporter
        self._refusals = Refusals()
        self._probed_at = -math.inf
        self._thread: int | None = None

    def statistics(self) -> PollerStatistics:
        """What all watches of the client did so far."""
        return self.counters.statistics(self.watching, self.outage.reason)

    def enter(self, watch: Watch) -> None:
        """Register a watch, under its project and under its job."""
        self.watching += 1
        self._thread = threading.get_ident()
        for table, key in self._places(watch):
            table[key] = (*table.get(key, ()), watch)
        if writes(DEBUG):
            logged.began(watch)
        if self._reporter is not None:
            self._reporter.wait_began(watch)

    def leave(self, watch: Watch) -> None:
        """Remove a watch."""
        self.watching -= 1
        self._refusals.remove(watch)
        self.outage.forget(watch)
        self._bring_forward(self.hints.forget(watch))
        for table, key in self._places(watch):
            others = table.pop(key)
            if len(others) > 1:
                table[key] = tuple(other for other in others if other is not watch)
        if writes(DEBUG if watch.outcome is None else INFO):
            logged.ended(watch)
        if self._reporter is not None:
            self._reporter.wait_ended(watch)

    def find(self, watch: Watch) -> Watch | None:
        """The watch of the same owner that waits for the same thing already, if there is one."""
        for table, key in self._places(watch):
            for one in table.get(key, ()):
                if one.owner is watch.owner and one.identity == watch.identity:
                    return one
        return None

    def check_thread(self) -> None:
        """Refuse a hint from another thread than that of the event loop, which it could not wake.

        Raises:
            PictoryConfigError: It is another one.
        """
        if self._thread not in {None, threading.get_ident()}:
            raise PictoryConfigError(_OTHER_THREAD)

    def watches_of(self, project_or_job: str) -> tuple[Watch, ...]:
        """The watches of a project or a job, of all pollers."""
        return self._projects.get(project_or_job, ()) + self._jobs.get(project_or_job, ())

    def claim(self, watch: Watch) -> Poll | None:
        """Join the poll in flight, or return a new poll to `send`."""
        key = str(watch.job_id if watch.asks_job else watch.project_id), watch.asks_job
        poll = self._polls.get(key)
        if poll is not None:
            poll.watches.append(watch)
            return None
        self._polls[key] = poll = Poll(key, watch.path, watch.subject, [watch])
        return poll

    async def send(self, poll: Poll) -> None:
        """Send a poll, and pass the response to its watches."""
        asker = poll.watches[0]
        counters: Counters = asker.owner.counters
        try:
            if self.outage.reason is not None:
                await self.outage.turn(asker.owner, asker.failed_polls, asker.terms.interval)
            counters.poll()
            began, proven_at = anyio.current_time(), self._health.proven_at
            try:
                response = await self._transport.poll(poll.path, poll.subject)
            except APIError as error:
                counters.failed_poll()
                now = anyio.current_time()
                failed = dict.fromkeys(self._concerned(poll, began), error)
                self._note(poll, failed)
                self._fail(asker, failed, began, now, proven_at)
            else:
                await self._share(asker, poll, response, proven_at)
        finally:
            del self._polls[poll.key]
            for one in poll.watches:
                if one.open and one.due:  # the poll was cut off, or was sent before this watch began
                    one.owner.poll_soon(one)

    def _concerned(self, poll: Poll, sent_at: float) -> list[Watch]:
        """The watches that a response to this poll says something about, if it was sent at ``sent_at``."""
        polled, of_job = poll.key
        table = self._jobs if of_job else self._projects
        return [
            watch
            for watch in table.get(polled, ())
            # A response to a request that was sent before a watch began proves nothing for it.
            if watch.open and watch.began <= sent_at and watch.asks_job is of_job
        ]

    async def _share(self, asker: Watch, poll: Poll, response: Response, proven_at: float) -> None:
        now = anyio.current_time()
        concerned = self._concerned(poll, response.sent_at)
        failed: dict[Watch, APIError] = {}
        usable = False
        for watch in concerned:
            try:
                outcome = watch.saw(response.body, response.sent_at, now)
            except (MalformedResponseError, StatusError) as error:
                failed[watch] = response.blame(error)
            except Exception as error:  # noqa: BLE001 - the other watches may belong to other callers
                watch.owner.fail(error)
            else:
                usable = True
                self._refusals.remove(watch)
                self._note(poll, {watch: None})
                watch.owner.settle(watch, outcome, now)
        if usable:
            self._tell_others(poll, response, now)
            self.sweeper.polled(concerned, response.sent_at, of_job=poll.key[1])
            self._succeeded(response.sent_at, now, concerned)
        if failed:  # one poll, however many watches share it
            asker.owner.counters.failed_poll()
            self._health.failed(next(iter(failed.values())), now)
            self._note(poll, failed)
            self._fail(asker, failed, response.sent_at, now, proven_at)
        # After all of them are judged: an outcome does not wait for the compression of somebody else's snapshot.
        for watch in concerned:
            if watch.open and watch.snapshot is not None:
                for _ in watch.snapshot.compress():
                    await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`

    def _tell_others(self, poll: Poll, response: Response, now: float) -> None:
        """End the watches of a failed job that poll their projects instead, because polls of the job failed."""
        polled, of_job = poll.key
        for watch in self._jobs.get(polled, ()) if of_job else ():
            if watch.open and watch.began <= response.sent_at and watch.misses_job:
                outcome = watch.overheard(response.body, now)
                if outcome is not None:
                    watch.owner.end(watch, outcome, now)

    def _note(self, poll: Poll, seen: Mapping[Watch, APIError | None]) -> None:
        """Log and report what watches got from a poll: an error, or ``None`` for a good response."""
        logs, reporter = writes(DEBUG), self._reporter
        if not logs and reporter is None:
            return
        for watch, error in seen.items():
            if logs:
                logged.polled(watch, error, of_job=poll.key[1])
            if reporter is not None:
                reporter.poll_ended(watch, error, of_job=poll.key[1])

    # When polls fail.

    def _fail(self, asker: Watch, failed: dict[Watch, APIError], began: float, now: float, proven_at: float) -> None:
        """Judge a failed poll: for its watches, and for all of the client."""
        doubted, refused, watching = False, bool(failed), self.watching
        for watch, error in failed.items():
            failures = watch.add_failure(error, began, now, proven_at)
            if failures.is_refusal:
                self._refusals.add(watch, error)
            else:
                self._refusals.remove(watch)
            # A render that was paid for is as important as many projects.
            failures.crowd = max(failures.crowd, self._refusals.crowd(error) if watch.handle is None else CROWD)
            doubted, refused = doubted or failures.is_doubted, refused and failures.is_refusal
            watch.owner.settle(watch, watch.failed(self._health, now), now)
        # The API responds if it refused all watches of this poll, and no refusal is doubted.
        if refused and not doubted:
            self._responds(now, failed)
        else:
            self._does_not_respond(failed, watching, now)
        self._judge_all(now)
        if doubted and now - self._probed_at >= _PROBE_EVERY:
            self._probed_at = now
            asker.owner.start(self._probe, "probe")

    def _judge_all(self, now: float) -> None:
        """End all watches if everything that the client meets means that none of them can go on."""
        health, error = self._health, self._health.error
        if error is None:
            return
        crowd = self._refusals.crowd(error)
        if health.reached and not ends_all(health, crowd, -math.inf):
            return
        # A response says something about the project that was asked for, unless it is about the key or the address.
        responded = isinstance(error, (StatusError, MalformedResponseError))
        for_all = about_key(error) or about_address(error, health) or not responded
        for watch in dict.fromkeys(chain(*self._projects.values(), *self._jobs.values())):
            # What a gateway sends, or no response at all, does not end the wait for a render that was paid for.
            if (watch.handle is not None and not from_api(error)) or (watch.failures is None and not for_all):
                continue
            every = ends_all(health, crowd, watch.began)
            if every or is_unreachable(health, now - watch.began, self._unreachable_after):
                watch.owner.end(watch, watch.refused(explain.all_fail(watch, error), now), now)

    async def _probe(self) -> None:
        """Ask for something that is there for every key: if it comes, the API responds, and refusals are its own."""
        with suppress(PictoryError):
            response = await self._transport.poll(_PROBE, "the list of projects", Priority.INTERACTIVE)
            decode_project_page(response.body)
            self._succeeded(response.sent_at, anyio.current_time())

    def _succeeded(self, sent_at: float, now: float, watches: Collection[Watch] = ()) -> None:
        """Take in a good response: to a poll of these watches, or to the probe."""
        self._health.succeeded(sent_at)
        self._responds(now, watches)

    def _listed(self, sent_at: float) -> None:
        """Take in a page of the list of jobs. It may come although the API refuses all single jobs and projects."""
        self._health.succeeded(sent_at, of_list=True)
        if not self.outage.is_wide:
            self._responds(anyio.current_time())

    def _responds(self, now: float, watches: Collection[Watch] = ()) -> None:
        """Take in that the API responds, to a poll of these watches or to something else."""
        self.outage.ended(now)
        for watch in self.hints.succeeded(watches):
            watch.owner.bring_forward(watch, now)

    def _does_not_respond(self, failed: Mapping[Watch, APIError], watching: int, now: float) -> None:
        """Take in that the API does not respond to a poll of these watches, of so many that there are."""
        # While the list of jobs can be read, it speaks for most of them: a few that always fail are no outage.
        self.outage.spreads(failed, max(len(self._projects), len(self._jobs)))
        alone = self.sweeper.is_read(now) and not self.outage.is_wide
        self._bring_forward(self.hints.failed(failed, now, alone=alone))
        error = next(iter(failed.values()), None)
        if error is not None and not alone and not isinstance(error, RateLimitedError):
            self.outage.failed(error, watching, now)

    def _bring_forward(self, watch: Watch | None) -> None:
        if watch is not None:
            watch.owner.bring_forward(watch, self.hints.next_at)

    def _places(self, watch: Watch) -> Iterator[tuple[dict[str, tuple[Watch, ...]], str]]:
        if watch.project_id is not None:
            yield self._projects, str(watch.project_id)
        if watch.job_id is not None:
            yield self._jobs, watch.job_id
