"""The log of a command, as text or as JSON lines: what the library and the command report, with times in UTC."""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import queue
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli.display.text import echo_warning, one_line

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["LogFormat", "log_to"]

LogFormat = Literal["text", "json"]

_LIBRARY: Final = logging.getLogger("pictory_async")
_FACTS: Final = "pictory_"
_EVENT: Final = "pictory_event"


class _Text(logging.Formatter):
    """A line of text for each record."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{_time(record)} {record.levelname} {one_line(record.getMessage())}"


class _Json(logging.Formatter):
    """A line of JSON for each record, with its facts."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {name.removeprefix(_FACTS): value for name, value in vars(record).items() if name.startswith(_FACTS)}
        event = facts.pop("event", None)
        message = record.getMessage().removeprefix(f"{event}: ")
        line = {"time": _time(record), "level": record.levelname.lower(), "event": event, "message": message}
        return json.dumps(line | facts, default=str)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _File(logging.handlers.WatchedFileHandler):
    """A file that is opened anew if it was moved away, as `logrotate` does it. A full disk ends no command."""

    failed = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's interface
        self.failed = True


@contextlib.contextmanager
def log_to(path: Path, form: LogFormat) -> Generator[None]:
    """Append what is logged in a block to a file, from INFO on. Another thread writes it, so the block never waits.

    Raises:
        SettingError: The file cannot be opened.
    """
    try:
        file = _File(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingError(f"Cannot write the log {path}: {error.strerror}.") from None
    file.setFormatter(_Json() if form == "json" else _Text())
    lines: queue.SimpleQueue[Any] = queue.SimpleQueue()
    handler, writer = logging.handlers.QueueHandler(lines), logging.handlers.QueueListener(lines, file)
    before = _LIBRARY.level
    _LIBRARY.addHandler(handler)
    _LIBRARY.setLevel(logging.INFO)
    writer.start()
    try:
        yield
    finally:
        _LIBRARY.setLevel(before)
        _LIBRARY.removeHandler(handler)
        writer.stop()
        try:
            file.close()
        except OSError:  # what could not be written is still buffered
            file.failed = True
        if file.failed:
            echo_warning(f"Some lines could not be written to the log {path}.")
