"""The results of a wait: lines with tabs for programs, and a list for people."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
from rich.console import Console
from rich.text import Text

from pictory_async.cli._ages import AGES, Ages
from pictory_async.cli._tables import Column, Table
from pictory_async.cli._tally import key_of
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.rows import Layout, Row, status_text
from pictory_async.cli.display.text import counted, echo_lines, echo_wrapped, in_ci, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pictory_async import Project, ProjectId, RenderOutcome
    from pictory_async.cli._downloads import ProjectDownload
    from pictory_async.cli._tally import Tally
    from pictory_async.errors import OutdatedVideoError

__all__ = ["RESULTS", "ResultRow", "echo_results", "without_id"]

_INCOMPLETE: Final = "incomplete"
_OUTDATED: Final = "outdated"
_PENDING: Final = "pending"
_STILL: Final = "there is no result yet."
_SAVED_SINCE: Final = {
    "outdated": "it was saved after this video was made.",
    "perhaps_outdated": "it was saved while this video was made, or later.",
}
_MOST: Final = 10  # rows that say nothing
_DIFFERENCES: Final = (
    (re.compile(r"\b(project|job) '[^']*'"), r"\1 …"),  # another one, whose error ended this wait too
    (re.compile(r"^The wait for (?:project|job) … ended, .* The last error: "), ""),
    (re.compile(r", \d+ polls?(, \d+ failed)?(?=\))"), ""),
    (re.compile(r" \(request [^ ()]+\)"), ""),  # the server's own id of it
)


# For programs.


@attrs.frozen(kw_only=True)
class ResultRow:
    """A row about one project.

    Attributes:
        project_id: The project.
        status: Its status.
        seconds: How long it was waited for.
        name: Its name.
        job_id: The render's job.
        detail: The address of the video (in a log of CI, which others can read: of its page), what was downloaded, or
            the reason.
        share_url: The address of the page of the video.
        generated_at: The date of the video.
        path: Where the video was downloaded to, or the first file if that is none.
        is_outdated: Whether the video is outdated; ``None`` if that is not known.
    """

    project_id: str
    status: str
    seconds: float | None = None
    name: str | None = None
    job_id: str | None = None
    detail: str | None = None
    share_url: str | None = None
    generated_at: datetime | None = None
    path: Path | None = None
    is_outdated: bool | None = None

    @classmethod
    def of(
        cls, outcome: RenderOutcome, download: ProjectDownload | None = None, *, is_outdated: bool | None = None
    ) -> ResultRow:
        """Make the row of an outcome, and of the download that followed it."""
        project = outcome.project
        detail = _address(project) if project is not None and outcome.ok else in_command_words(str(outcome.error))
        row = cls(
            project_id=str(outcome.project_id),
            status=outcome.status,
            seconds=outcome.waited,
            name=None if project is None else project.name,
            job_id=outcome.job_id,
            detail=detail,
            share_url=project.share_video_url if project is not None and outcome.ok else None,
            generated_at=project.generated_at if project is not None and outcome.ok else None,
            path=None if download is None else _path(download),
            is_outdated=is_outdated,
        )
        if download is not None and download.error is not None:
            return attrs.evolve(row, status=_INCOMPLETE, detail=_summary(download))
        return row

    @classmethod
    def of_download(cls, result: ProjectDownload, seconds: float) -> ResultRow:
        """Make the row of a download, for a list of what happens.

        Args:
            result: The download.
            seconds: Seconds since the wait began.
        """
        return cls(
            project_id=str(result.project_id),
            status="downloaded" if result.error is None else _INCOMPLETE,
            seconds=seconds,
            name=result.name,
            detail=_summary(result),
            path=_path(result),
        )

    @classmethod
    def of_refused(cls, outcome: RenderOutcome, error: OutdatedVideoError) -> ResultRow:
        """Make the row of a video that is refused for its age: it shows no address of it."""
        row = cls.of(outcome, is_outdated=error.is_outdated)
        return attrs.evolve(row, status=_OUTDATED, detail=in_command_words(str(error)), share_url=None)

    @classmethod
    def of_pending(cls, project_id: ProjectId, name: str | None) -> ResultRow:
        """Make the row of a project without an outcome."""
        return cls(project_id=str(project_id), status=_PENDING, name=name, detail=_STILL)


RESULTS: Final[Table[ResultRow]] = Table(
    "results",
    (
        Column("id", lambda row: row.project_id, whole=True),
        Column("status", lambda row: row.status),
        Column(
            "seconds",
            lambda row: None if row.seconds is None else round(row.seconds, 1),
            lambda row: "" if row.seconds is None else f"{row.seconds:.1f}",
        ),
        Column("name", lambda row: row.name),
        Column("job", lambda row: row.job_id, spare=1, whole=True),
        Column("detail", lambda row: row.detail),
        Column("share", lambda row: row.share_url, plain=False),
        Column("generated", lambda row: row.generated_at, unit="UTC", plain=False),
        Column("path", lambda row: row.path, plain=False),
        Column("outdated", lambda row: None if row.generated_at is None else AGES[row.is_outdated], plain=False),
    ),
)
"""What a wait prints about each project, except for the list on a terminal."""


def _address(project: Project) -> str | None:
    return project.share_video_url if in_ci() else project.video_url


def _path(result: ProjectDownload) -> Path | None:
    files = () if result.report is None else result.report.files
    paths = {file.kind: file.path for file in files if file.path is not None}
    return paths.get("video") or next(iter(paths.values()), None)


def _summary(result: ProjectDownload) -> str:
    parts = [result.summary] if result.written or result.error is None else []
    return "; ".join([*parts, *([] if result.error is None else [in_command_words(str(result.error))])])


# For people.


@attrs.frozen
class _Result:
    """What is printed about one project.

    Attributes:
        row: Its line.
        reason: Why it is not rendered, without what differs between projects; empty if it is rendered.
    """

    row: Row
    reason: str = ""

    @property
    def group(self) -> tuple[str, str]:
        """What it has in common with the others below the same title; rendered projects need no title."""
        return (self.row.status, self.reason) if self.reason else ("", "")


def echo_results(
    tally: Tally,
    downloads: Iterable[ProjectDownload] = (),
    refused: Mapping[str, OutdatedVideoError] | None = None,
    *,
    ages: Ages | None = None,
    names: Mapping[str, str] | None = None,
) -> None:
    """Print a line for each project on a terminal: first the rendered ones, then the others, grouped by reason.

    Many without a result are only counted: the command that waits for them is printed later.

    Args:
        tally: The outcomes.
        downloads: Those that failed follow in their own groups.
        refused: The errors about videos that are refused for their age, by `key_of`.
        ages: What is known of the age of the videos; those that are, or may be, outdated are marked.
        names: The names of projects that have no outcome, as far as they are known, by the same.
    """
    found = [_of_outcome(one, (refused or {}).get(key_of(one)), ages or Ages()) for one in tally.ordered()]
    found += [_of_download(result) for result in downloads if result.error is not None]
    pending = [*map(str, tally.pending)]
    if len(pending) <= _MOST:
        known = names or {}
        found += [
            _Result(Row(_PENDING, one_line(known.get(one, "")), tally.seconds, one_line(one)), _STILL)
            for one in pending
        ]
    groups: dict[tuple[str, str], list[_Result]] = {}
    for result in found:
        groups.setdefault(result.group, []).append(result)
    console = Console()
    # A terminal without colours, such as a dumb one, shows the codes of links as text, or not at all.
    layout = Layout.of([result.row for result in found], console.width, linked=console.color_system is not None)
    for number, key in enumerate(sorted(groups, key=lambda key: (key[0] != "", key[0] == _PENDING))):
        if key[0]:
            _echo_title(groups[key], apart=number > 0)
        echo_lines(layout.line(result.row) for result in groups[key])
    if len(pending) > _MOST:
        echo_lines([status_text(_PENDING).append(f": {counted(len(pending), 'project')}", style="none")])
    echo_lines([Text()])


def _echo_title(group: Sequence[_Result], *, apart: bool) -> None:
    first, count = group[0], "" if len(group) == 1 else f" ({len(group)})"
    title = status_text(first.row.status).append(f"{count}: ")
    title.append(one_line(first.reason), style="none")
    echo_wrapped([*([Text()] if apart else []), title])


def _of_outcome(outcome: RenderOutcome, refusal: OutdatedVideoError | None, ages: Ages) -> _Result:
    if refusal is not None:
        row = attrs.evolve(Row.of(outcome), status=_OUTDATED)
        return _Result(row, without_id(in_command_words(str(refusal)), refusal.project_id))
    age = ages.doubt(outcome.project_id)
    if age is not None:
        return _Result(attrs.evolve(Row.of(outcome), status=age), _SAVED_SINCE[age])
    reason = "" if outcome.error is None else in_command_words(str(outcome.error))
    return _Result(Row.of(outcome), without_id(reason, outcome.project_id, outcome.job_id))


def _of_download(result: ProjectDownload) -> _Result:
    row = Row(_INCOMPLETE, one_line(result.name or ""), None, one_line(str(result.project_id)))
    return _Result(row, without_id(_summary(result), result.project_id))


def without_id(reason: str, *ids: ProjectId | None) -> str:
    """Return a reason without what differs between projects: ids, numbers of polls, and whose error it was first."""
    for one in ids:
        if one is not None:
            reason = reason.replace(repr(one), "…").replace(f"/{one}", "/…")
    for pattern, shared in _DIFFERENCES:
        reason = pattern.sub(shared, reason)
    return reason
