"""Translate the library's messages for users of the command: Python names become options and variables."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["counts_text", "in_command_words"]


def _first_snapshot(found: re.Match[str]) -> str:
    command = f"pictory backup --all --dir {shlex.quote(found[1])}"
    return f"There is no snapshot in {found[1]}. Make one with: {command}"


_REPLACEMENTS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"pass it as api_key or set PICTORY_API_KEY", "set PICTORY_API_KEY"),
        (r"\bapi_key\b", "PICTORY_API_KEY"),
        (r"There is no snapshot in (.*)\. Name the directory of 'backup_all'\.", _first_snapshot),
        (r"(?<!-)\bmax_wait\b", "--max-wait"),
        (r"(?<!-)\bstart_grace\b", "--start-grace"),
        (r"^interval (?=must )", "--interval "),
        (r"^base_url (?=must )", "--base-url "),
        (r"^proxy (?=(?:is|must|contains) )", "--proxy "),
        (r"\bproxy=", "--proxy"),
        (r"\bfresh=True\b", "--fresh"),
        (r"\bPass retry_unstarted=True to request it again\b", "--retry-unstarted requests it again"),
        (r"\bCheck in the list of jobs\b", "Check with 'pictory jobs'"),
        (r"\bpass a new name as batch\b", "use 'pictory render --batch NAME' with a new name"),
        (r"\bname a new batch\b", "name a new --batch"),
        (r"the directory of 'backup_all'", "the directory of 'pictory backup --all'"),
        (r"\bretry_failed=True\b", "--retry-failed"),
        (r", or pass trust_env=False\b", ""),
        (r"\bthe limiter's rate\b", "--rate"),
        (r",? or raise the client's timeout\b", ""),  # the command has no such option
        (r"\bwait again for its handle\b", "wait again"),  # the command for that is printed
        (r"\b(?:Watch|Wait for) error\.handle\b", "Wait for its handle with 'pictory wait --handle'"),
    )
)


def in_command_words(text: str) -> str:
    """Replace the names of Python arguments by those of the command."""
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    return text


def counts_text(counts: Mapping[str, int]) -> str:
    """Return how many projects have each status, as text for people."""
    return ", ".join(f"{status.replace('_', ' ')} {count}" for status, count in counts.items()) or "none yet"
