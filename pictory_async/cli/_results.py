"""The results of a wait: lines with tabs for programs, and a list for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.console import Console
from rich.text import Text

from pictory_async.cli._tally import key_of, project_of
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.rows import Layout, Row, status_text
from pictory_async.cli.display.text import echo_lines, echo_wrapped, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pictory_async import ProjectId, RenderOutcome
    from pictory_async.cli._downloads import ProjectDownload
    from pictory_async.cli._tally import Tally

__all__ = ["COLUMNS", "echo_download", "echo_outcome", "echo_results", "without_id"]

COLUMNS: Final = ("id", "status", "seconds", "name", "job", "detail")
"""The columns of each line that a wait prints if its output is not a terminal."""

_INCOMPLETE: Final = "incomplete"
_PENDING: Final = "pending"
_STILL: Final = "there is no result yet."
_DIFFERENCES: Final = (
    (re.compile(r"\b(project|job) '[^']*'"), r"\1 …"),  # another one, whose error ended this wait too
    (re.compile(r"^The wait for (?:project|job) … ended, .* The last error: "), ""),
    (re.compile(r", \d+ polls?(, \d+ failed)?(?=\))"), ""),
    (re.compile(r" \(request [^ ()]+\)"), ""),  # the server's own id of it
)


# For programs.


def echo_outcome(outcome: RenderOutcome) -> None:
    """Print an outcome as a line with tabs. Its detail is the address of the video, or the reason."""
    project = outcome.project
    name, video = (None, None) if project is None else (project.name, project.video_url)
    detail = video if outcome.ok else in_command_words(str(outcome.error))
    _echo_row(outcome.project_id, outcome.status, f"{outcome.waited:.1f}", name, outcome.job_id, detail)


def echo_download(result: ProjectDownload, seconds: float) -> None:
    """Print a download in the same columns. Its detail is what was written, and the reason if something is missing.

    Args:
        result: The download.
        seconds: Seconds since the wait began.
    """
    status = "downloaded" if result.error is None else _INCOMPLETE
    _echo_row(result.project_id, status, f"{seconds:.1f}", result.name, None, _summary(result))


def _summary(result: ProjectDownload) -> str:
    return result.summary if result.error is None else f"{result.summary}; {in_command_words(str(result.error))}"


def _echo_row(*cells: object) -> None:
    click.echo("\t".join("" if cell is None else one_line(str(cell)).replace("\t", " ") for cell in cells))


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


def echo_results(tally: Tally, downloads: Iterable[ProjectDownload] = ()) -> None:
    """Print a line for each project on a terminal: first the rendered ones, then the others, grouped by reason.

    Args:
        tally: The outcomes.
        downloads: Those that failed follow in their own groups.
    """
    found = [_of_outcome(outcome) for outcome in tally.ordered()]
    found += [_of_download(result) for result in downloads if result.error is not None]
    pending = [one_line(str(project_of(one))) for one in tally.wanted if key_of(one) not in tally.outcomes]
    found += [_Result(Row(_PENDING, "", tally.seconds, one), _STILL) for one in pending]
    groups: dict[tuple[str, str], list[_Result]] = {}
    for result in found:
        groups.setdefault(result.group, []).append(result)
    layout = Layout.of([result.row for result in found], Console().width)
    for number, key in enumerate(sorted(groups, key=lambda key: (key[0] != "", key[0] == _PENDING))):
        if key[0]:
            _echo_title(groups[key], apart=number > 0)
        echo_lines(layout.line(result.row) for result in groups[key])
    echo_lines([Text()])


def _echo_title(group: Sequence[_Result], *, apart: bool) -> None:
    first, count = group[0], "" if len(group) == 1 else f" ({len(group)})"
    title = status_text(first.row.status).append(f"{count}: ")
    title.append(one_line(first.reason), style="none")
    echo_wrapped([*([Text()] if apart else []), title])


def _of_outcome(outcome: RenderOutcome) -> _Result:
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
