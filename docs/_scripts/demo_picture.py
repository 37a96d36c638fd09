"""Draw `pictory demo` as it runs: `docs/demo-light.svg` and `docs/demo-dark.svg`.

Runs the real command on a pseudo-terminal, takes one frame of its live view, and lets rich export that frame. The
pictures load nothing (no font, no style sheet), so they look alike on a code host, in the documentation and offline.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

DOCS: Final = Path(__file__).parent.parent
COLUMNS: Final = 96
LINES: Final = 24
SHOWN: Final = 62  # percent done: by then every kind of outcome has occurred, and plenty is still being watched
ALTERNATIVE: Final = (
    "A terminal that runs pictory demo: a progress bar, how many renders are done and how they ended, "
    "the request rate within its budget, and the latest results."
)

Rgb = tuple[int, int, int]


def rgb(text: str) -> Rgb:
    """Read a colour: ``1f2328``."""
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


def theme(background: str, foreground: str, colours: str) -> TerminalTheme:
    """Make a theme; the eight bright colours are the normal ones."""
    normal = list(map(rgb, colours.split()))
    return TerminalTheme(rgb(background), rgb(foreground), normal, normal)


# Black, red, green, yellow, blue, magenta, cyan, white: each with enough contrast to its background.
THEMES: Final = {
    "light": theme("ffffff", "1f2328", "d8dee4 cf222e 116329 7d4e00 0550ae 8250df 0b7285 57606a"),
    "dark": theme("0d1117", "e6edf3", "30363d ff7b72 56d364 e3b341 79c0ff d2a8ff 56d4dd b1bac4"),
}
FRAMES: Final = {"light": "#d0d7de", "dark": "#3d444d"}
EMPTY_BAR: Final = "#3a3a3a"  # rich's colour for the rest of a bar, which no theme changes: too dark on white

FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace"
# rich's own template loads a font from the network, so this one takes its place.
TEMPLATE: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 WIDTH HEIGHT" role="img" aria-labelledby="{unique_id}-about">
<title id="{unique_id}-about">ALTERNATIVE</title>
<style>
.{unique_id}-matrix {{ font-family: FONT; font-size: {char_height}px; white-space: pre; }}
{styles}
</style>
<rect x="1" y="1" width="INNER_WIDTH" height="INNER_HEIGHT" rx="10" fill="BACKGROUND" stroke="BORDER" stroke-width="2"/>
<g transform="translate(MARGIN, MARGIN)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
# What rich takes for the size of a character.
CELL: Final = (12.2, 24.4)
MARGIN: Final = 20


def run_demo() -> str:
    """Run the command on a terminal of a fixed size, and return everything that it draws there."""
    ours, theirs = os.openpty()
    environment = {
        "PATH": os.environ["PATH"],
        "LINES": str(LINES),
        "COLUMNS": str(COLUMNS),
        "TERM": "xterm-256color",
        "PYTHONIOENCODING": "utf-8",
    }
    command = [os.fspath(Path(sysconfig.get_path("scripts"), "pictory")), "demo", "--seed", "3"]
    drawn = bytearray()
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:  # noqa: S603 - ours
        os.close(theirs)
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux reports that the other end is closed
                break
            if not piece:
                break
            drawn += piece
    os.close(ours)
    if process.returncode:
        sys.exit(f"pictory demo ended with exit code {process.returncode}.")
    return drawn.decode()


def frame_of(drawn: str) -> str:
    """Find the first frame of the live view that shows at least `SHOWN` percent."""
    # Before each frame, rich erases the lines of the one before.
    for frame in re.split(r"\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)*", drawn):
        percent = re.search(r"(\d+) %", frame)
        if percent is not None and int(percent[1]) >= SHOWN:
            # The port is another one in each run, and says nothing to a reader.
            return re.sub(r" at http://127\.0\.0\.1:\d+", "", frame).replace("\r\n", "\n").strip("\n")
    sys.exit("pictory demo drew no such frame.")


def picture(frame: str, name: str) -> str:
    """Export a frame as SVG, in one theme."""
    console = Console(record=True, width=COLUMNS, height=LINES, file=io.StringIO(), highlight=False, markup=False)
    console.print(Text.assemble(("$ ", "dim"), ("pictory demo", "bold")))
    console.print()
    console.print(Text.from_ansi(frame), no_wrap=True, overflow="crop")
    height = 3 + frame.count("\n")
    size = [2 * MARGIN + round(count * cell) for count, cell in zip((COLUMNS, height), CELL, strict=True)]
    colours = THEMES[name]
    values = {
        "ALTERNATIVE": ALTERNATIVE,
        "FONT": FONT,
        "BACKGROUND": "#{:02x}{:02x}{:02x}".format(*colours.background_color),
        "BORDER": FRAMES[name],
        "INNER_WIDTH": str(size[0] - 2),
        "INNER_HEIGHT": str(size[1] - 2),
        "WIDTH": str(size[0]),
        "HEIGHT": str(size[1]),
        "MARGIN": str(MARGIN),
    }
    template = re.sub("|".join(values), lambda found: values[found[0]], TEMPLATE)
    svg = console.export_svg(theme=colours, code_format=template, unique_id=f"demo-{name}")
    svg = re.sub(r' clip-path="[^"]*"', "", svg)  # nothing is drawn outside of its line
    svg = re.sub(r"<text[^>]*>\n</text>", "", svg)  # ends of lines, which draw nothing
    svg = svg.replace("</text><text", "</text>\n<text")
    svg = svg.replace(EMPTY_BAR, FRAMES[name])
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"


def main() -> None:
    """Write both pictures."""
    frame = frame_of(run_demo())
    for name in THEMES:
        (DOCS / f"demo-{name}.svg").write_text(picture(frame, name), encoding="utf-8")


if __name__ == "__main__":
    main()
