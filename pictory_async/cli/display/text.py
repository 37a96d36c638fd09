"""Text for people, and JSON for programs."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import re
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Literal, cast

import click
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from pictory_async.cli._given import given

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from rich.console import RenderableType

    from pictory_async import Template

__all__ = [
    "Facts",
    "as_duration",
    "as_estimate",
    "as_size",
    "as_text",
    "can_ask",
    "can_draw",
    "counted",
    "echo_command",
    "echo_example",
    "echo_facts",
    "echo_json",
    "echo_lines",
    "echo_note",
    "echo_progress",
    "echo_sentence",
    "echo_summary",
    "echo_warning",
    "echo_wrapped",
    "err_is_terminal",
    "file_name",
    "in_ci",
    "is_escaped",
    "log_event",
    "one_line",
    "out_is_terminal",
    "printable",
    "quiet_if_gone",
    "shortened",
    "template_title",
]

Facts = list[tuple[str, str]]
"""What is printed about one thing: pairs of a name and a value."""

_log = logging.getLogger("pictory_async.cli")
_LEVELS = {"Error: ": logging.ERROR, "Warning: ": logging.WARNING}
_WORD = re.compile(r"\s*\S+\s*")
_ESCAPED = re.compile("([\udc80-\udcff]+)")
# Not printable for Python. But Persian, Hindi and emojis are written with these two joiners.
_KEPT = "\n\u200c\u200d"
_MINUTE = 60.0
_KILO = 1000


def printable(text: str) -> str:
    """Replace control characters. Names and messages from outside must not control the terminal, nor hide text.

    Parts of paths that the locale's encoding lacks, and Python keeps as surrogates, stay if they are text in UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(part if is_escaped(part) else _replaced(part) for part in _ESCAPED.split(text))


def is_escaped(text: str) -> bool:
    """Return whether this is printable text in UTF-8 that Python has kept byte by byte, as surrogates."""
    if not _ESCAPED.fullmatch(text):
        return False
    try:
        return text.encode("ascii", "surrogateescape").decode().isprintable()
    except UnicodeError:
        return False


def _replaced(text: str) -> str:
    return "".join(sign if sign.isprintable() or sign in _KEPT else "�" for sign in text)


def one_line(text: str) -> str:
    """Make text printable, and join its lines."""
    return printable(" ".join(text.splitlines()))


def as_text(value: object) -> str:
    """Format any value for a person, in one line. ``None`` becomes empty text."""
    match value:
        case None:
            return ""
        case True | False:
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case _:
            return one_line(str(value))


def as_size(count: float) -> str:
    """Format a number of bytes: ``999 B``, ``1.2 kB``, ``34.5 MB``, ``1.23 GB``."""
    if count < _KILO:
        return f"{count:.0f} B"
    for unit, digits in (("kB", 1), ("MB", 1), ("GB", 2)):  # noqa: B007 - everything larger is in GB
        count /= _KILO
        if round(count, digits) < _KILO:
            break
    return f"{count:.{digits}f} {unit}"


def as_duration(seconds: float) -> str:
    """Format a duration: ``12.3 s``, or ``4 min 05 s``."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def as_estimate(seconds: float) -> str:
    """Format a time that is not known exactly, in coarse steps: ``40 s``, ``12 min``, ``2 h 10 min``."""
    if seconds < _MINUTE:
        return f"{max(10, math.ceil(seconds / 10) * 10)} s"
    minutes = math.ceil(seconds / _MINUTE)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{minutes} min"


def counted(count: int, noun: str) -> str:
    """Format a number of things: ``1 file``, ``2 files``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def shortened(name: str, width: int) -> str:
    """Shorten a name in its middle to so many columns of a terminal: similar names often differ at their ends."""
    if cell_len(name) <= width:
        return name
    if width < 1:
        return ""
    end = (width - 1) // 2
    tail = name[len(name) - end :]
    while cell_len(tail) > end:  # some characters are two columns wide
        tail = tail[1:]
    return f"{set_cell_size(name, max(0, width - 1 - cell_len(tail))).rstrip()}…{tail}"


def file_name(file: IO[Any]) -> str:
    """Return the name of an open file. Not every file has one."""
    return one_line(str(getattr(file, "name", "<stdin>")))


def template_title(template: Template) -> str:
    """Return a template's name and id, in one line."""
    return one_line(f"{template.name}  ({template.id})" if template.name else template.id)


def out_is_terminal() -> bool:
    """Return whether standard output is a terminal. It can also be closed."""
    return sys.stdout is not None and sys.stdout.isatty()


def err_is_terminal() -> bool:
    """Return whether standard error is a terminal. It can also be closed."""
    return sys.stderr is not None and sys.stderr.isatty()


def can_draw() -> bool:
    """Return whether standard error is a terminal that draws a frame over the one before: not a dumb one, nor a CI's.

    A CI keeps what is written to its terminal as a log, in which frames would stand below each other.
    """
    return err_is_terminal() and os.environ.get("TERM", "") != "dumb" and not in_ci()


def in_ci() -> bool:
    """Return whether a CI runs the command: CI is set, and not to what means no."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def can_ask() -> bool:
    """Return whether there is a terminal to ask on. Standard input can also be closed."""
    return err_is_terminal() and sys.stdin is not None and sys.stdin.isatty()


def echo_lines(lines: Iterable[RenderableType]) -> None:
    """Print lines to a terminal. The terminal wraps them, so that long URLs can be clicked and copied whole."""
    console = Console(highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(line, soft_wrap=True)


def echo_wrapped(lines: Iterable[Text], indent: int = 0) -> None:
    """Print text to a terminal, with line ends between words so that the terminal need not break them.

    Args:
        lines: The text.
        indent: How many blanks each further line of a text begins with.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    for line in lines:
        _print_wrapped(console, line, indent)


def _print_wrapped(console: Console, text: Text, indent: int = 0) -> None:
    # Not by rich, which breaks words that are longer than a line: ids and addresses must stay whole.
    starts: list[int] = []
    column = 0
    for word in _WORD.finditer(text.plain):
        if column and column + cell_len(word[0].rstrip()) > console.width:
            starts.append(word.start())
            column = indent
        _, end, after = word[0].rpartition("\n")
        column = cell_len(after) if end else column + cell_len(word[0])
    for number, line in enumerate(text.divide(starts)):
        line.rstrip()
        line.pad_left(indent if number else 0)
        console.print(line, soft_wrap=True)


def log_event(level: int, name: str, text: str, **facts: object) -> None:
    """Write something to the log of ``--log-file``, if there is one.

    Args:
        level: The level.
        name: What it is, after ``pictory.command.``.
        text: The message.
        facts: What else is known about it. ``None`` is left out.
    """
    if given("log_file"):
        event = f"pictory.command.{name}"
        extra = {"event": event, **{key: value for key, value in facts.items() if value is not None}}
        _log.log(level, "%s: %s", event, text, extra={f"pictory_{key}": value for key, value in extra.items()})


def echo_summary(text: str, *, good: bool) -> None:
    """Print on standard error how something ended: with --quiet, only if it did not end well."""
    log_event(logging.INFO, "note", text)
    if not (good and given("quiet")):
        _print_note(text)


def echo_progress(text: str) -> None:
    """Print a line about the progress on standard error, with the time. With --quiet, nothing is printed."""
    log_event(logging.INFO, "progress", text)
    if given("quiet"):
        return
    _print_note(text if err_is_terminal() else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}")


def echo_warning(text: str) -> None:
    """Print a warning on standard error."""
    echo_note(f"Warning: {text}")


def echo_note(text: str) -> None:
    """Print a sentence on standard error, wrapped on a terminal. If there is no reader any more, nothing happens."""
    level = next((level for word, level in _LEVELS.items() if text.startswith(word)), logging.INFO)
    log_event(level, "note", text)
    _print_note(text)


def _print_note(text: str) -> None:
    with quiet_if_gone("stderr"):
        _print_sentence(text, err=True)


def echo_sentence(text: str) -> None:
    """Print a sentence on standard output, wrapped on a terminal: an address in it stays whole."""
    _print_sentence(text, err=False)


def _print_sentence(text: str, *, err: bool) -> None:
    if err_is_terminal() if err else out_is_terminal():
        _print_wrapped(Console(stderr=err, highlight=False, markup=False, emoji=False), Text(printable(text)))
    else:
        click.echo(printable(text), err=err)


def echo_command(words: Iterable[str]) -> None:
    """Print a command on standard error as a shell reads it, on lines of its own so that it can be pasted."""
    with quiet_if_gone("stderr"):
        click.echo(_as_pasted(words, Console(stderr=True).width if err_is_terminal() else math.inf), err=True)


def echo_example(words: Iterable[str]) -> None:
    """Print a command on standard output, like `echo_command`."""
    click.echo(_as_pasted(words, Console().width if out_is_terminal() else math.inf))


def _as_pasted(words: Iterable[str], width: float) -> str:
    lines = [" "]
    # Only the shells of these systems know the backslash at the end of a line.
    width = width if os.name == "posix" else math.inf
    for word in map(shlex.quote, words):
        if lines[-1].strip() and len(f"{lines[-1]} {word} \\") > width:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {word}"
    return "\n".join(lines)


@contextlib.contextmanager
def quiet_if_gone(name: Literal["stdout", "stderr"]) -> Generator[None]:
    """Let a block print, and discard what is printed from then on if its reader is gone: a closed pipe or terminal."""
    try:
        yield
    except OSError:
        # Python writes again what it still holds when it ends, and would report that it cannot.
        with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), getattr(sys, name).fileno())


_IDS: Final = frozenset({"id", "project_id", "projectId", "template_id", "templateId", "job_id"})
_LISTS_OF_IDS: Final = frozenset(
    {"pending", "to_render", "left_out", "to_wait", "to_download", "unknown", "given_up", "not_started"}
)
_WITH_IDS: Final = frozenset({"summary", "plan", "results", "handles", "unfinished"})


def echo_json(value: Any) -> None:
    """Print one JSON document on one line, so that several of them are JSON Lines. Its ids are text."""
    click.echo(json.dumps(_with_text_ids(value)))


def _with_text_ids(value: object) -> object:
    """Return a document with its ids as text: the API has integers for some, and a script compares them with others.

    Within what the API sent, only the document's own id is changed.
    """
    if isinstance(value, list):
        return [_with_text_ids(one) for one in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    return {key: _of_key(key, inner) for key, inner in cast("dict[str, object]", value).items()}


def _of_key(key: str, value: object) -> object:
    if key in _IDS:
        return str(value) if isinstance(value, int) else value
    if key in _LISTS_OF_IDS and isinstance(value, list):
        return [str(one) for one in cast("list[object]", value)]
    return _with_text_ids(value) if key in _WITH_IDS else value


def echo_facts(facts: Facts) -> None:
    """Print facts: in two columns on a terminal, wrapped between words, otherwise as ``name: value`` lines."""
    if not out_is_terminal():
        for name, value in facts:
            click.echo(f"{name}: {value}")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    width = max(len(name) for name, _ in facts) + 2
    for name, value in facts:
        _print_wrapped(console, Text.assemble((f"{name:<{width}}", "bold"), value), min(width, console.width // 2))
