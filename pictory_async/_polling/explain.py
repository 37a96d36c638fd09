"""The error messages of watches: what happened, to what, and what to do next. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pictory_async._polling.evidence import Verdict
from pictory_async._polling.failures import Meaning, about_key
from pictory_async._polling.outcome import RenderStatus
from pictory_async._values import quotable
from pictory_async.errors import (
    APIError,
    BlockedError,
    JobCleanedError,
    JobFailedError,
    NotFoundError,
    PictoryError,
    RenderFailedError,
    RenderNotStartedError,
    StatusError,
    WaitError,
    WaitTimeoutError,
)
from pictory_async.errors._base import changed

if TYPE_CHECKING:
    from pictory_async._polling.watch import Watch
    from pictory_async.models import Job


_ASKED_FOR: Final = re.compile(r" when asked for (?:project|job) '[^']*'")


def timed_out(watch: Watch, now: float) -> WaitTimeoutError:
    """The error when ``max_wait`` is over."""
    last = None if watch.failures is None else str(watch.failures.last)
    if watch.job is not None:
        seen = f"job {quotable(str(watch.job.status))}"
    elif watch.snapshot is None:
        seen = "nothing"
    else:
        seen = {
            Verdict.RENDERING: "still rendering",
            Verdict.PREVIOUS: "the previous video",
        }.get(watch.verdict, "no video and no render")
    done = "finished" if watch.project_id is None and watch.handle is None else "rendered"
    again = "wait again" if watch.handle is None else "wait again for its handle"
    failed = "" if watch.all_polls == watch.polls else f", {watch.all_polls - watch.polls} failed"
    text = (
        f"{_capital(watch.name)} was not {done} within {watch.terms.max_wait:g} s (last seen: "
        f"{seen}, {watch.all_polls} {'poll' if watch.all_polls == 1 else 'polls'}{failed})."
    )
    if last is not None:
        text += f" {'No poll succeeded' if not watch.polls else 'The last poll failed'}: {last}"
    if not _is_refused(watch):
        text += f" It may still finish: {again}, or raise max_wait."
    return WaitTimeoutError(text, max_wait=watch.terms.max_wait, last_error=last, **_facts(watch, now))


def _is_refused(watch: Watch) -> bool:
    """Whether the API refuses this object, too late in the wait to be asked again."""
    failures = watch.failures
    if failures is None or failures.meaning is not Meaning.REFUSED or about_key(failures.last):
        return False
    return watch.handle is None or watch.job_id is None  # the job of a render may appear yet


def all_fail(watch: Watch, error: APIError) -> APIError:
    """The error of a watch that ends because of what all requests of its client meet."""
    why = f"all requests of this client fail alike. The last error: {_own(watch, error)}"
    text = f"The wait for {watch.name} ended, because {why}"
    if isinstance(error, StatusError) and not (error.from_api or isinstance(error, BlockedError)):
        # A gateway's 404 does not mean that there is no project, and its 401 is not about the key.
        status, known = error.status, error.request_id
        return StatusError(text, method="GET", path=watch.path, status=status, from_api=False, request_id=known)
    return changed(error, message=text, path=watch.path)


def _own(watch: Watch, error: APIError) -> str:
    """What all requests meet, as this watch met it: not with the name of another project."""
    last = error if watch.failures is None else watch.failures.last
    return _ASKED_FOR.sub("", (last if type(last) is type(error) else error).message)


def job_missing(job_id: str | None, path: str, job: Job) -> NotFoundError:
    """The error for a job that does not exist."""
    text = f"There is no job {job_id!r} for this API key. Check the id; jobs are deleted after some time."
    return NotFoundError(text, status=200, code=_code_of(job), method="GET", path=path)


def job_failed(watch: Watch, job: Job, now: float) -> PictoryError:
    """The error for a failed job."""
    why = quotable(job.error_message or "no reason given")
    code = f" ({_code_of(job)})" if job.error_code else ""
    facts: dict[str, Any] = {"code": _code_of(job), "job_id": watch.job_id, **_facts(watch, now)}
    if watch.is_of_job:
        text = f"Job {watch.job_id!r} failed: {why}{code}. Correct its input, then start it again."
        return JobFailedError(text, **facts)
    if watch.project_id is None:
        text = f"{_capital(watch.name)} failed: {why}{code}. Correct the request, then send it again."
        return RenderFailedError(text, **facts)
    text = f"The render of project {watch.project_id!r} failed: {why}{code}. Correct the project, then render again."
    return RenderFailedError(text, **facts)


def _code_of(job: Job) -> str | None:
    return None if job.error_code is None else quotable(job.error_code)


def job_cleaned(watch: Watch, now: float) -> JobCleanedError:
    """The error for a job, waited for alone, whose results were deleted."""
    text = f"The results of job {watch.job_id!r} were deleted. What it made may still be in its project."
    return JobCleanedError(text, job_id=watch.job_id, **_facts(watch, now))


def no_video(watch: Watch, now: float) -> WaitError:
    """The error for a completed job that names no video."""
    text = f"{_capital(watch.name)} is completed, but it names no video. Look at the job in error.handle."
    return WaitError(text, **_facts(watch, now))


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def no_new_video(watch: Watch, now: float) -> tuple[RenderStatus, PictoryError]:
    """The status and the error when ``start_grace`` is over without a render and without a new video."""
    grace = f"{watch.terms.start_grace:g} s"
    project = f"Project {watch.project_id!r}"
    facts = _facts(watch, now)
    if watch.job is not None and watch.job.is_completed:
        text = f"{project} shows no new video {grace} after its job {watch.job_id!r} was completed."
        return RenderStatus.ERROR, WaitError(f"{text} Look at it in Pictory.", **facts)
    if watch.job is not None or watch.started:
        how = f"{project} stopped rendering" if watch.job is None else f"{project}: job {watch.job_id!r} was deleted"
        text = (
            f"{how}, and there was no new video for {grace}. Open the project in Pictory to see why, then render again."
        )
        return RenderStatus.FAILED, RenderFailedError(text, job_id=watch.job_id, **facts)
    what = "an old video" if watch.verdict is Verdict.PREVIOUS else "no video"
    advice = "Start one, or raise start_grace if renders queue for longer."
    if watch.handle is not None:
        advice = "The response to its request was lost: it may queue for longer. Look at the jobs before you pay again."
    text = f"{project} has {what}, and no render was seen for {grace}. {advice}"
    return RenderStatus.NOT_STARTED, RenderNotStartedError(text, **facts)


def _facts(watch: Watch, now: float) -> dict[str, Any]:
    return {
        "project_id": watch.project_id,
        "polls": watch.polls,
        "waited": now - watch.began,
        "project": watch.project(),
        "handle": watch.handle,
    }
