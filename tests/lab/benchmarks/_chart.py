"""Bar charts of the page: how much of its target each figure uses. They follow the reader's light or dark mode."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.benchmarks._figures import Figure, Row

WIDTH = 420  # little more than a phone's, so that the text stays readable there
LEFT = 12
TARGET = 320  # where the line of the target is
ROOM = 408  # where the bar of a figure that misses by more ends
LETTERS = 56  # in a line
TITLE_LETTERS = 52  # the same, in bold
LINE = 17
BAR = 14

_STYLE = """\
svg { --card: #ffffff; --edge: #d0d7de; --ink: #1f2328; --soft: #57606a; --good: #2da44e; --bad: #cf222e }
@media (prefers-color-scheme: dark) { svg { --card: #0d1117; --edge: #30363d; --ink: #e6edf3; --soft: #9da7b3;
--good: #3fb950; --bad: #f85149 } }
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif; fill: var(--ink) }
.soft { fill: var(--soft) }
.end { text-anchor: end }
.row { font-weight: 600 }
.card { fill: var(--card); stroke: var(--edge) }
.good { fill: var(--good) }
.bad { fill: var(--bad) }
.line { stroke: var(--ink); stroke-width: 2 }"""


def used(figure: Figure) -> float:
    """The part of its target that a figure uses: more than 1 is a miss."""
    if figure.at_least:
        return figure.target / figure.value if figure.value else float("inf")
    if not figure.target:
        return 0.0 if figure.good else float("inf")
    return figure.value / figure.target


_OPEN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" '
    'role="img" aria-labelledby="about">'
)


def chart(title: str, rows: Sequence[Row]) -> str:
    """Draw the figures of some rows, as SVG."""
    shapes = []
    y = 40
    for row in rows:
        for line in textwrap.wrap(f"{row.number}. {row.title}", TITLE_LETTERS):
            shapes.append(f'<text class="row" x="{LEFT}" y="{y}">{escape(line)}</text>')
            y += LINE
        for figure in row.figures:
            for line in textwrap.wrap(f"{figure.name}: {figure.shown} ({figure.wanted})", LETTERS):
                shapes.append(f'<text x="{LEFT}" y="{y}">{escape(line)}</text>')
                y += LINE
            long = min(ROOM - LEFT, max(2.0, used(figure) * (TARGET - LEFT)))
            kind = "good" if figure.good else "bad"
            shapes += [
                f'<rect class="{kind}" x="{LEFT}" y="{y - 10}" width="{long:.1f}" height="{BAR}" rx="3"/>',
                f'<path class="line" d="M {TARGET} {y - 12} v {BAR + 4}"/>',
            ]
            y += BAR + LINE
    height = y - BAR
    return "\n".join(
        [
            _OPEN.format(WIDTH, height),
            f'<title id="about">{escape(title)}: how much of its target each figure uses</title>',
            f"<style>\n{_STYLE}\n</style>",
            f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
            f'<text class="soft end" x="{TARGET - 6}" y="22">target</text>',
            f'<path class="line" d="M {TARGET} 10 v {BAR}"/>',
            *shapes,
            "</svg>",
            "",
        ]
    )
