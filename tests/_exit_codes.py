"""The table of exit codes on the page about the command: ``python -m tests._exit_codes`` writes it."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "command.md"
_TABLE = re.compile(r"^\| Code \| Meaning \|\n(?:\|.*\n)+", re.MULTILINE)


def table() -> str:
    """Return the table as the page must have it."""
    from pictory_async.cli._help import exit_code_rows  # noqa: PLC0415 - needs the extra

    rows = [("Code", "Meaning"), ("---", "---"), *((code, _marked(text)) for code, text in exit_code_rows())]
    return "".join(f"| {code} | {text} |\n" for code, text in rows)


def _marked(text: str) -> str:
    """Mark what is typed: what is in quotation marks, and options."""
    return re.sub(r"'([^']+)'|(?<!\w)(--[a-z-]+)", lambda found: f"`{found[1] or found[2]}`", text)


def on_page() -> str:
    """Return the table that the page has."""
    (found,) = _TABLE.findall(PAGE.read_text(encoding="utf-8"))
    return str(found)


if __name__ == "__main__":
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
