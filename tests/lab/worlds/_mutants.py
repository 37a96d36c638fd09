"""What is broken on purpose, to see that the worlds notice."""

from __future__ import annotations

from typing import Final

from tests.lab._mutants import Mutant

MUTANTS: Final = (
    Mutant("A render that runs is not seen", "_polling.evidence:judge", "if evidence.is_rendering and", "if False and"),
    Mutant("A video as old as the old one is new", "_polling.evidence:judge", "evidence.generated_at > after", "True"),
    Mutant(
        "Half of the grace is enough",
        "_polling.watch:Watch._saw_project",
        "+ self.terms.start_grace:",
        "+ self.terms.start_grace / 2:",
    ),
    Mutant(
        "The grace is not counted anew",
        "_polling.watch:Watch._saw_project",
        "self._grace_from = sent_at",
        "pass",
    ),
    Mutant("A job's failure is not believed", "_polling.watch:Watch._saw_job", "if job.is_failed:", "if False:"),
    Mutant(
        "One 404 or 401 is believed",
        "_polling.failures:FailureStreak.believed",
        "self.alike < _CONFIRMED or self._lasted < patience or ",
        "",
    ),
    Mutant("One unusable response is too much", "_polling.failures:_UNUSABLE", "5", "1"),
    Mutant(
        "A transient failure ends a wait",
        "_polling.failures:FailureStreak.believed",
        "                return False\n            case Meaning.GATEWAY",
        "                return True\n            case Meaning.GATEWAY",
    ),
    Mutant(
        "A gateway's 404 is the API's",
        "_polling.failures:meaning",
        "return Meaning.GATEWAY if error.status in {403, 404} else Meaning.NOTHING",
        "return Meaning.REFUSED",
    ),
    Mutant(
        "The message of a wrong address is the API's",
        "_codec.origin:is_wrong_address",
        "return any(",
        "return False and any(",
    ),
    Mutant("A gateway is believed after ten seconds", "_polling.failures:_GATEWAY_FOR", "60.0", "10.0"),
    Mutant("A known project is soon forgotten", "_polling.failures:_KNOWN_FOR", "30.0", "2.0"),
    Mutant("A key that worked is soon rejected", "_polling.failures:_EVERYTHING_FOR", "60.0", "6.0"),
    Mutant("A refusal of everything is believed", "_polling.failures:CROWD", "5", "5000"),
    Mutant(
        "A stale page lends its video",
        "_codec.answers:decode_rendered",
        "if job is not None and",
        "if False and",
    ),
    Mutant(
        "A response from before the wait counts",
        "_polling.registry:WatchRegistry._concerned",
        "watch.began <= sent_at and ",
        "",
    ),
    Mutant(
        "A deadline is two seconds late",
        "_polling.timed:TimedWait.deadline",
        "self.began + self.terms.max_wait",
        "self.began + self.terms.max_wait + 2.0",
    ),
    Mutant(
        "A poller that is left stays registered",
        "_polling.scheduler:Scheduler.close",
        "            self._registry.leave(watch)\n",
        "",
    ),
    Mutant(
        "An outcome is yielded twice",
        "_polling.scheduler:Scheduler.settle",
        "self._news.add(watch)",
        "self._news.add(watch), self._news.add(watch)",
    ),
    Mutant(
        "The list of jobs is believed",
        "_polling.watch:Watch.listed_ended",
        "self._claim, self.asks_job = job, False",
        "self.job, self.asks_job = job, False",
    ),
    Mutant(
        "A list that shows no end holds polls back until the wait is over",
        "_polling.watch:Watch.listed",
        "self.in_time(min(until, max(now, self._polled_at + _ALONE)), now)",
        "self.deadline",
    ),
    Mutant("A hint is ignored", "_polling.scheduler:Scheduler.hint", "if when is not None:", "if False:"),
    Mutant(
        "A watch that shares a poll is forgotten",
        "_polling.registry:WatchRegistry.send",
        "if one.open and one.due:",
        "if False:",
    ),
    Mutant(
        "A poll ends without making room for the next",
        "_polling.scheduler:Scheduler._poll",
        "del self._in_flight[watch]",
        "pass",
    ),
    Mutant(
        "The agenda keeps what was removed",
        "_polling.agenda:Agenda.remove",
        "if self._dropped * 2 > len(self._heap):",
        "if False:",
    ),
    Mutant(
        "A response about another project counts",
        "_codec.answers:_check_project",
        "if str(found) != str(asked):",
        "if False:",
    ),
    Mutant(
        "An error with status 200 is a failed job",
        "_codec.answers:decode_job",
        "if says_nothing and not",
        "if False and not",
    ),
    Mutant(
        "NaN is JSON",
        "_codec.json_bytes:_no_constant",
        'raise ValueError(f"{name} is not JSON")',
        "return 0.0  # type: ignore",
    ),
    Mutant(
        "What is paid for is requested again",
        "_api.requests:start_once",
        "        return Lost(str(error))",
        "        return await start_once(transport, path, subject, cancelled, body, method=method)",
    ),
    Mutant(
        "A gateway's timeout proves that nothing was started",
        "_api.requests:proves_nothing_started",
        "{*range(400, 500)} - {408}",
        "{*range(400, 600)}",
    ),
    Mutant(
        "A video that is not there is finished",
        "_polling.watch:Watch._saw_job",
        "if job.is_completed or job.is_cleaned:",
        "if job.is_completed or job.is_cleaned or self.project_id is None:",
    ),
    Mutant(
        "A list that was not read to its end is complete",
        "_api.job_search:jobs_since",
        "complete = complete and not page.unreadable",
        "return found, True",
    ),
    Mutant(
        "A date that cannot be is an error",
        "_http.status:_server_time",
        "except (ValueError, OverflowError):",
        "except ValueError:",
    ),
    Mutant(
        "An old video without a date is new",
        "_polling.evidence:baseline_of",
        "project.generated_at or (UNDATED if project.video_url else None)",
        "project.generated_at",
    ),
    Mutant(
        "One request more in each window",
        "_limits.pace:Pace.__attrs_post_init__",
        "(self.rate - self.burst + 1)",
        "(self.rate - self.burst + 2)",
    ),
    Mutant(
        "A grant holds for ever",
        "_http.admission:Admission.on_write",
        "if early and anyio.current_time() - self.sent_at <= _AT_ONCE:",
        "if early:",
    ),
    Mutant(
        "What is written late is not counted",
        "_limits.grants:OwnGrants.write",
        "if self._written.take(now):",
        "if self._written.take(now) or True:",
    ),
    Mutant(
        "What another client took does not count",
        "_limits.window:SharedWindow.lease",
        "self.due = max(self.due, start) + granted",
        "self.due = start + granted",
    ),
    Mutant(
        "A pause is that of one client only",
        "_limits.leases:Leases.pause",
        "self._unreported = self._not_before",
        "pass",
    ),
    Mutant(
        "A client that got nothing always asks last",
        "_limits.leases:Leases.early",
        "(1.0 - 0.5**self._empty)",
        "0.5",
    ),
    Mutant(
        "An unknown exception proves that nothing was sent",
        "_http.translate:cause_of",
        "return Cause(type(error).__name__, timed_out=False, sent=True)",
        "return Cause(type(error).__name__, timed_out=False, sent=False)",
    ),
    Mutant(
        "An unknown exception goes out as it is",
        "_http.translate:Translate.__exit__",
        "if failure_of(error) is None:",
        "if not isinstance(error, (OSError, self._library.TransportError)):",
    ),
    Mutant(
        "A request keeps its slot",
        "_limits.slots:RequestSlots.release",
        "self.busy -= 1",
        "self.busy -= self.busy != 3",
    ),
)
