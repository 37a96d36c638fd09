"""Run a command on a pseudo-terminal, and draw what it shows as SVG.

The pictures load nothing (no font, no style sheet), so they look alike on a code host, on a page and offline.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sysconfig
import termios
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from rich.console import Console
from rich.terminal_theme import TerminalTheme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from rich.text import Text

__all__ = ["ERASED", "environment", "on_terminal", "picture", "program"]

ERASED: Final = re.compile(rb"\r?\x1b\[2K(?:\x1b\[1A\x1b\[2K)*")
"""How rich erases the lines of a frame, before it draws the next one."""

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


def program() -> str:
    """Return the path of the command of this environment."""
    return os.path.join(sysconfig.get_path("scripts"), "pictory")  # noqa: PTH118 - for a list of words


def environment(**more: str) -> dict[str, str]:
    """Return the variables that a command on a terminal has: nothing of whoever runs this script but the path."""
    return {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **more}


def on_terminal(
    command: Sequence[str],
    *,
    columns: int,
    lines: int,
    env: Mapping[str, str],
    cwd: Path | None = None,
    on_output: Callable[[bytes, subprocess.Popen[bytes]], object] | None = None,
) -> tuple[int, bytes]:
    """Run a command on a terminal of a fixed size; return its exit code, and everything that it drew.

    Args:
        command: The command and its arguments.
        columns: The width of the terminal, in characters.
        lines: Its height.
        env: The variables of the command.
        cwd: Where it runs.
        on_output: Called with everything that was drawn so far, and with the process, after each piece.
    """
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (lines, columns))
    drawn = bytearray()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=cwd) as process:  # noqa: S603 - ours
        os.close(theirs)
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux reports that the other end is closed
                break
            if not piece:
                break
            drawn += piece
            if on_output is not None:
                on_output(bytes(drawn), process)
    os.close(ours)
    return process.returncode, bytes(drawn)


def picture(text: Sequence[Text], columns: int, *, name: str, about: str, colours: str = "light") -> str:
    """Draw lines as they stand on a terminal.

    Args:
        text: The lines.
        columns: The width of the terminal, in characters.
        name: A name for the parts of the picture, so that a page can have several.
        about: What somebody is told who cannot see it.
        colours: ``light`` or ``dark``.
    """
    console = Console(
        record=True, width=columns, height=len(text), file=io.StringIO(), highlight=False, markup=False, emoji=False
    )
    for line in text:
        console.print(line, no_wrap=True, overflow="crop")
    size = [2 * MARGIN + round(count * cell) for count, cell in zip((columns, len(text)), CELL, strict=True)]
    values = {
        "ALTERNATIVE": escape(about),
        "FONT": FONT,
        "BACKGROUND": "#{:02x}{:02x}{:02x}".format(*THEMES[colours].background_color),
        "BORDER": FRAMES[colours],
        "INNER_WIDTH": str(size[0] - 2),
        "INNER_HEIGHT": str(size[1] - 2),
        "WIDTH": str(size[0]),
        "HEIGHT": str(size[1]),
        "MARGIN": str(MARGIN),
    }
    template = re.sub("|".join(values), lambda found: values[found[0]], TEMPLATE)
    svg = console.export_svg(theme=THEMES[colours], code_format=template, unique_id=name)
    svg = re.sub(r' clip-path="[^"]*"', "", svg)  # nothing is drawn outside of its line
    svg = re.sub(r"<text[^>]*>\n</text>", "", svg)  # ends of lines, which draw nothing
    svg = svg.replace("</text><text", "</text>\n<text")
    svg = svg.replace(EMPTY_BAR, FRAMES[colours])
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"
