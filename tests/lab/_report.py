"""A page of the documentation whose figures are written by the commands that measure them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_section(page: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` in a page.

    Raises:
        LookupError: The page has no such section.
    """
    marks = re.compile(rf"(<!-- begin: {re.escape(name)} -->\n).*?(<!-- end: {re.escape(name)} -->)", re.DOTALL)
    old = page.read_text()
    if marks.search(old) is None:
        msg = f"{page} has no section {name!r}"
        raise LookupError(msg)
    page.write_text(marks.sub(lambda found: f"{found[1]}\n{text.strip()}\n\n{found[2]}", old))
