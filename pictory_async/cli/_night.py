"""What commands do for runs without anyone who watches: a log, commands to run, and a summary at the end."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import DownloadStatus
from pictory_async.cli._exit_codes import EXIT_CODES, FAILURE, INTERRUPTED, SUCCESS, worst_code
from pictory_async.cli._given import given
from pictory_async.cli._hooks import Ended, Runner, notify
from pictory_async.cli._log_file import log_to
from pictory_async.cli._markdown import as_markdown
from pictory_async.cli._wording import counts_text, in_command_words
from pictory_async.cli.display.text import echo_warning, log_event, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pictory_async import DownloadReport, ProjectId, RenderOutcome, RenderResult, VideoResult
    from pictory_async.errors import OutdatedVideoError

__all__ = ["Night", "begin", "end", "night", "paid_text"]

_GITHUB: Final = "GITHUB_STEP_SUMMARY"
_GOOD: Final = frozenset({"rendered", "downloaded"})


@attrs.define
class Night:
    """What one command reports to others than its user.

    Attributes:
        command: Its name.
        summarizes: Whether a summary is written for a CI.
        runner: Runs the command of ``--exec``; ``None`` if there is none.
        ended: The projects that have ended, by their ids.
        paid: How many renders the command paid for.
        perhaps_paid: How many more it requested, of which it is not known whether they were started.
    """

    command: str
    summarizes: bool = False
    runner: Runner | None = None
    ended: dict[str, Ended] = attrs.field(factory=dict[str, Ended], init=False)
    paid: int = attrs.field(default=0, init=False)
    perhaps_paid: int = attrs.field(default=0, init=False)
    _began: float = attrs.field(factory=time.monotonic, init=False)
    _open: contextlib.ExitStack = attrs.field(factory=contextlib.ExitStack, init=False)

    def open_log(self) -> None:
        """Begin to log, if there is a file for it.

        Raises:
            SettingError: The file cannot be opened.
        """
        path: Path | None = given("log_file")
        if path is not None:
            self._open.enter_context(log_to(path, given("log_format") or "text"))
            log_event(logging.INFO, "began", f"pictory {self.command} began", command=self.command)

    def outcome(self, outcome: RenderOutcome, *, last: bool, refusal: OutdatedVideoError | None = None) -> None:
        """Take in an outcome.

        Args:
            outcome: The outcome.
            last: Whether nothing follows for this project, as its download does.
            refusal: Why its video is refused, though it is rendered.
        """
        project, error = outcome.project, refusal or outcome.error
        good = outcome.ok and refusal is None
        ended = Ended(
            id=str(outcome.project_id),
            name=(None if project is None else project.name) or "",
            status=outcome.status.value if refusal is None else "outdated",
            share_url=(None if project is None or not good else project.share_video_url) or "",
            error=None if error is None else in_command_words(str(error)),
        )
        self._take(ended, last=last)

    def download(
        self, project_id: ProjectId, name: str | None, report: DownloadReport | None, error: Exception | None
    ) -> None:
        """Take in the download of a project: its files, and why something is missing."""
        files = () if report is None else report.files
        paths = [file.path for file in files if file.path is not None and file.status is not DownloadStatus.FAILED]
        ended = Ended(
            id=str(project_id),
            name=name or "",
            status="downloaded" if error is None else "incomplete",
            path=str(paths[0]) if paths else "",
            share_url=(None if report is None else report.share_url) or "",
            error=None if error is None else in_command_words(str(error)),
        )
        level = logging.INFO if error is None else logging.ERROR
        text = f"project {ended.id!r} {ended.status}{'' if ended.error is None else f': {ended.error}'}"
        log_event(level, "download", text, project_id=ended.id, status=ended.status, path=ended.path or None)
        self._take(ended, last=True)

    def result(self, result: RenderResult, status: str, path: Path | None) -> None:
        """Take in the result of a project of a sync.

        Args:
            result: The result.
            status: What became of the project, with its files.
            path: Where its video is.
        """
        project = result.project
        ended = Ended(
            id=str(result.project_id),
            name=(None if project is None else project.name) or "",
            status=status,
            path=str(path or ""),
            share_url=(None if project is None or not result.ok else project.share_video_url) or "",
            error=None if result.error is None else in_command_words(str(result.error)),
        )
        level = logging.INFO if result.ok else logging.ERROR
        text = f"project {ended.id!r} {status}{'' if ended.error is None else f': {ended.error}'}"
        log_event(level, "project", text, project_id=ended.id, status=status, path=ended.path or None)
        self._take(ended, last=True)

    def video(self, result: VideoResult, status: str, path: Path | None, reason: str | None) -> None:
        """Take in the result of a video without a project.

        Args:
            result: The result.
            status: What became of the video, with its files.
            path: Where it is.
            reason: Why there is none.
        """
        ended = Ended(
            id=str(result.key),
            name=str(result.request.video_name or ""),
            status=status,
            path=str(path or ""),
            share_url=(None if result.video is None else result.video.share_url) or "",
            error=reason,
        )
        level = logging.INFO if result.error is None else logging.ERROR
        text = f"video {ended.name!r} {status}{'' if reason is None else f': {reason}'}"
        log_event(level, "video", text, key=ended.id, status=status, path=ended.path or None)
        self._take(ended, last=True)

    def pending(self, project_id: ProjectId) -> None:
        """Take in that a project has no result yet."""
        self.ended[str(project_id)] = Ended(id=str(project_id), status="pending")

    def _take(self, ended: Ended, *, last: bool) -> None:
        self.ended[ended.id] = ended
        runner = self.runner
        if last and runner is not None and (ended.status in _GOOD or _is_left(ended, runner)):
            runner.start(ended)

    def close(self, code: int, error: str | None) -> int:
        """Report the end, and return the exit code.

        Args:
            code: The exit code so far.
            error: The error that ended the command; ``None`` if there was none.
        """
        if self.runner is not None and self.runner.failed and code != INTERRUPTED:
            code = worst_code(code, FAILURE)
        with self._open:
            summary = self._summary(code, error)
            self._write(summary)
            words: Sequence[str] | None = given("notify")
            why = None if words is None else notify(words, summary)
            if words is not None and why is not None:
                echo_warning(f"The command {words[0]!r} of --notify {why}.")
            level = logging.INFO if code == SUCCESS else logging.ERROR
            log_event(level, "ended", one_line(summary["summary"]), command=self.command, exit_code=code)
        return code

    def _summary(self, code: int, error: str | None) -> dict[str, Any]:
        counts = Counter(ended.status for ended in self.ended.values())
        parts = [counts_text(counts)] if counts else []
        parts += [paid_text(self.paid, self.perhaps_paid)] if self.paid or self.perhaps_paid else []
        counted = ", ".join(parts)
        meaning = EXIT_CODES.get(code, "")
        return {
            "command": self.command,
            "exit_code": code,
            "meaning": meaning,
            "summary": f"pictory {self.command}: {f'{counted}; ' if counted else ''}exit code {code} ({meaning})",
            "error": error,
            "seconds": round(time.monotonic() - self._began, 3),
            "paid": self.paid,
            "perhaps_paid": self.perhaps_paid,
            "outcomes": dict(counts),
            "projects": [attrs.asdict(ended) for ended in self.ended.values()],
        }

    def _write(self, summary: dict[str, Any]) -> None:
        named: Path | None = given("summary")
        github = os.environ.get(_GITHUB)
        paths = [*([named] if named else []), *([Path(github)] if github else [])]
        for path in dict.fromkeys(paths) if self.summarizes else ():
            try:
                with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(as_markdown(summary, self.ended.values()))
            except OSError as problem:
                echo_warning(f"The summary could not be written to {path}: {problem.strerror}.")


def _is_left(ended: Ended, runner: Runner) -> bool:
    """Whether only the command of a project is left to do: an earlier run did everything else."""
    return ended.status == "unchanged" and ended.id in runner.again


def paid_text(paid: int, perhaps: int) -> str:
    """Return how many renders were paid for, in words.

    Args:
        paid: How many.
        perhaps: How many more were requested, of which it is not known whether they were started.
    """
    more = f", and perhaps {perhaps} more" if perhaps else ""
    return f"{paid} render{'' if paid == 1 else 's'} paid for{more}"


def begin(*, summarizes: bool = False) -> None:
    """Begin what the options of the running command ask for.

    Raises:
        SettingError: The log cannot be opened.
    """
    ctx = click.get_current_context()
    found = _begun()
    if found is None:
        words: Sequence[str] | None = given("exec")
        runner = None if words is None else Runner(words)
        found = ctx.meta[__name__] = Night(ctx.info_name or "", runner=runner)
        found.open_log()
    found.summarizes = found.summarizes or summarizes


def night() -> Night:
    """Return what the running command reports to. Nothing comes of it if no command is running."""
    return _begun() or Night("")


def _begun() -> Night | None:
    ctx = click.get_current_context(silent=True)
    found: Night | None = None if ctx is None else ctx.meta.get(__name__)
    return found


def end(code: int, error: str | None) -> int:
    """Report the end of the running command, and return its exit code: see `Night.close`."""
    found = _begun()
    return code if found is None else found.close(code, error)
