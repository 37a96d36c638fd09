"""Draw `pictory demo` as it runs: `docs/demo-light.svg` and `docs/demo-dark.svg`.

Runs the real command on a pseudo-terminal, takes one frame of its live view, and lets rich export that frame.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from rich.text import Text
from screens import ERASED, THEMES, environment, on_terminal, picture, program

DOCS: Final = Path(__file__).parent.parent
COLUMNS: Final = 96
LINES: Final = 24
SHOWN: Final = 62  # percent done: by then every kind of outcome has occurred, and plenty is still being watched
ALTERNATIVE: Final = (
    "A terminal that runs pictory demo: a progress bar, how many renders are done and how they ended, "
    "the request rate within its budget, and the latest results."
)


def frame_of(drawn: bytes) -> str:
    """Find the first frame of the live view that shows at least `SHOWN` percent."""
    for frame in ERASED.split(drawn):
        percent = re.search(rb"(\d+) %", frame)
        if percent is not None and int(percent[1]) >= SHOWN:
            # The port is another one in each run, and says nothing to a reader.
            return re.sub(r" at http://127\.0\.0\.1:\d+", "", frame.decode()).replace("\r\n", "\n").strip("\n")
    sys.exit("pictory demo drew no such frame.")


def main() -> None:
    """Write both pictures."""
    command = [program(), "demo", "--seed", "3"]
    code, drawn = on_terminal(command, columns=COLUMNS, lines=LINES, env=environment())
    if code:
        sys.exit(f"pictory demo ended with exit code {code}.")
    lines = [Text.assemble(("$ ", "dim"), ("pictory demo", "bold")), Text()]
    lines += map(Text.from_ansi, frame_of(drawn).split("\n"))
    for colours in THEMES:
        svg = picture(lines, COLUMNS, name=f"demo-{colours}", about=ALTERNATIVE, colours=colours)
        (DOCS / f"demo-{colours}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
