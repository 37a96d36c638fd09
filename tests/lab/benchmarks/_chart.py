"""Bar charts of the page: how much of its target each figure uses. They follow the reader's light or dark mode."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.benchmarks._figures import Figure, Row

WIDTH = 760
LEFT = 14
TARGET = 600  # where the line of the target is
ROOM = 746  # where the bar of a figure that misses by more ends
PITCH = 44

_STYLE = """\
svg { --card: #ffffff; --edge: #d0d7de; --ink: #1f2328; --soft: #57606a; --good: #2da44e; --bad: #cf222e }
@media (prefers-color-scheme: dark) { svg { --card: #0d1117; --edge: #30363d; --ink: #e6edf3; --soft: #9da7b3;
--good: #3fb950; --bad: #f85149 } }
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif; fill: var(--ink) }
.soft { fill: var(--soft) }
.end { text-anchor: end }
.card { fill: var(--card); stroke: var(--edge) }
.good { fill: var(--good) }
.bad { fill: var(--bad) }
.line { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3 }"""


def used(figure: Figure) -> float:
    """The part of its target that a figure uses: more than 1 is a miss."""
    if figure.at_least:
        return figure.target / figure.value if figure.value else float("inf")
    if not figure.target:
        return 0.0 if figure.good else float("inf")
    return figure.value / figure.target


def _kind(figure: Figure) -> str:
    return "good" if figure.good else "bad"


_OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="about">'


def chart(title: str, rows: Sequence[Row]) -> str:
    """Draw the figures of some rows, as SVG."""
    bars = [(f"{row.number}  {figure.name}", figure) for row in rows for figure in row.figures]
    height = 46 + PITCH * len(bars)
    shapes = []
    for index, (name, figure) in enumerate(bars):
        y = 34 + PITCH * index
        long = min(ROOM - LEFT, max(2.0, used(figure) * (TARGET - LEFT)))
        shapes += [
            f'<text x="{LEFT}" y="{y + 12}">{escape(name)}</text>',
            f'<rect class="{_kind(figure)}" x="{LEFT}" y="{y + 19}" width="{long:.1f}" height="14" rx="3"/>',
            f'<text class="soft end" x="{ROOM}" y="{y + 31}">{escape(f"{figure.shown} ({figure.wanted})")}</text>',
        ]
    return "\n".join(
        [
            _OPEN.format(width=WIDTH, height=height),
            f'<title id="about">{escape(title)}: how much of its target each figure uses</title>',
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
            f'<text class="soft end" x="{TARGET - 6}" y="24">target</text>',
            *shapes,
            f'<path class="line" d="M {TARGET} 12 V {height - 8}"/>',
            "</svg>",
            "",
        ]
    )
