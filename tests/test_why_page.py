"""The page about loops: its program prints the table that the page shows."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_table_is_what_the_program_prints() -> None:
    """Nothing on the page is made up, and its claims are in the table."""
    table: str = runpy.run_path(str(DOCS / "examples" / "why.py"))["table"]()
    assert table in (DOCS / "why.md").read_text(encoding="utf-8")
    wrong = [line for line in table.splitlines() if "without a video" in line or "old video**" in line]
    assert 7 == len(wrong)
    assert [] == [line for line in wrong if "| there is a video" in line]
