"""Draw the pictures that explain an idea each: the floors, one poll, a watch's life, a snapshot, the budget.

The floors of `docs/architecture.svg` are the layers of the import contract in `pyproject.toml`, so the drawing shows
what the checks enforce. A test fails if a committed drawing is not what this script makes.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

ROOT: Final = Path(__file__).parent.parent.parent
DOCS: Final = ROOT / "docs"

PURPOSES: Final = {
    "cli": "the pictory command",
    "asgi": "for handlers of web apps",
    "webhooks": "takes hints",
    "testing": "simulator, pytest plugin",
    "opentelemetry": "spans and metrics",
    "_client": "AsyncPictory: opens and closes everything below",
    "insight": "reports, comparisons, checks",
    "_api": "projects, videos, templates, jobs, lists",
    "video": "requests for videos, and their checks",
    "_notebook": "progress in a notebook, or as text",
    "_ledger": "what was paid for and downloaded, kept between runs",
    "_polling": "when to poll, what a response proves",
    "_files": "downloads and backups on disk",
    "_http": "one request: connection, time limit, status, retry",
    "_cache": "templates, in memory and on disk",
    "_limits": "request budget, queue and slots",
    "_codec": "JSON to models and back",
    "_settings": "what users pass in, checked once",
    "models": "what the API returns, as frozen attrs classes",
    "_statistics": "counters, as values",
    "errors": "one tree of errors",
    "events": "what on_event gets",
    "_values": "value objects",
    "_display": "values in a notebook",
    "_gather": "concurrent calls",
    "_version": "the version",
    "_log": "log events",
}
"""What each part is for; the drawing needs one for every layer of the contract."""

STYLE: Final = """\
svg { --card: #ffffff; --edge: #d0d7de; --ink: #1f2328; --soft: #57606a; --box: #f6f8fa; --line: #8c959f;
--public: #ddf4ff; --rim: #54aeff; --core: #fff8c5; --gold: #bf8700 }
@media (prefers-color-scheme: dark) { svg { --card: #0d1117; --edge: #30363d; --ink: #e6edf3; --soft: #9da7b3;
--box: #161b22; --line: #6e7681; --public: #0c2d4d; --rim: #388bfd; --core: #2e2a10; --gold: #bb8009 } }
text { font: 15px system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif; fill: var(--ink) }
.name { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace; font-weight: bold }
.soft { fill: var(--soft) }
.small { font-size: 13.5px; fill: var(--soft) }
.middle { text-anchor: middle }
.card { fill: var(--card); stroke: var(--edge) }
.box { fill: var(--box); stroke: var(--edge); stroke-width: 1.5 }
.public { fill: var(--public); stroke: var(--rim); stroke-width: 1.5 }
.core { fill: var(--core); stroke: var(--gold); stroke-width: 1.5 }
.line { fill: none; stroke: var(--line); stroke-width: 2 }
.head { fill: var(--line) }"""


def layers() -> list[list[str]]:
    """Read the floors from the import contract, the highest first; siblings share one."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["type"] == "layers" and one["containers"] == ["pictory_async"])
    floors = [floor.replace("|", " ").replace(":", " ").split() for floor in contract["layers"]]
    return [[part.strip("()") for part in floor] for floor in floors]


def svg(width: int, height: int, title: str, shapes: list[str]) -> str:
    """Put shapes on a card of its own colour: the page around it may be light or dark."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="about">',
        f'<title id="about">{escape(title)}</title>',
        f"<style>\n{STYLE}\n</style>",
        '<marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto">',
        '<path class="head" d="M 0 0 L 10 5 L 0 10 z"/></marker>',
        f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="12"/>',
        *shapes,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def box(x: int, y: int, width: int, height: int, kind: str) -> str:
    """Draw a box."""
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'


def text(x: int, y: int, content: str, kind: str) -> str:
    """Write one line."""
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(content)}</text>'


def arrow(path: str) -> str:
    """Draw a line that ends in an arrow."""
    return f'<path class="line" d="{path}" marker-end="url(#head)"/>'


def architecture() -> str:
    """Draw the floors."""
    width, left, right, step, tall, gap = 960, 78, 24, 52, 42, 12
    room = width - left - right
    floors = layers()
    top = 60
    shapes = [
        box(left, 20, 18, 18, "public"),
        text(left + 27, 34, "you import it", "soft"),
        box(left + 140, 20, 18, 18, "box"),
        text(left + 167, 34, "internal", "soft"),
    ]
    for number, floor in enumerate(floors):
        y = top + number * step
        each = (room - (len(floor) - 1) * gap) // len(floor)
        for place, part in enumerate(floor):
            x = left + place * (each + gap)
            public = not part.startswith("_") or part == "_client"
            shapes.append(box(x, y, each, tall, "public" if public else "box"))
            shapes.append(text(x + 14, y + 27, part, "name"))
            narrow = each < room // 2 - gap
            indent = 28 + 9 * len(part) if narrow else 126
            if indent + (7.4 if narrow else 7.6) * len(PURPOSES[part]) < each:  # the drawing's title has them all
                shapes.append(text(x + indent, y + 27, PURPOSES[part], "small" if narrow else "soft"))
    bottom = top + len(floors) * step - (step - tall)
    shapes.append(arrow(f"M 40 {top + 4} V {bottom - 2}"))
    turned = f'transform="rotate(-90 26 {(top + bottom) // 2})"'
    middle = text(26, (top + bottom) // 2, "an import only goes down", "soft middle")
    shapes.append(middle.replace("<text ", f"<text {turned} "))
    title = "The parts of pictory_async, one floor above the other. A part imports only parts on lower floors: "
    title += "; ".join(f"{part}, {PURPOSES[part]}" for floor in floors for part in floor)
    return svg(width, bottom + 24, f"{title}.", shapes)


STEPS_OUT: Final = (
    ("1", "agenda", "which watch is due"),
    ("2", "slot", "at most 32 in flight"),
    ("3", "budget", "rate per window"),
    ("4", "connection", "one per request"),
    ("5", "headers", "if the grant holds"),
)
STEPS_BACK: Final = (
    ("9", "evidence", "what it proves"),
    ("8", "codec", "what a poll needs"),
    ("7", "status", "bytes or an error"),
    ("6", "response", "read to its end"),
)


def poll() -> str:
    """Draw one poll: out above, back below, and the watch in the middle."""
    width, height, wide, tall, gap, left = 960, 384, 160, 62, 28, 24
    above, middle, below = 24, 161, 298
    pace = wide + gap
    shapes: list[str] = []

    def step(x: int, y: int, number: str, name: str, caption: str) -> None:
        shapes.append(box(x, y, wide, tall, "box"))
        shapes.append(text(x + 12, y + 26, f"{number}  {name}", "name"))
        shapes.append(text(x + 12, y + 48, caption, "small"))

    for place, one in enumerate(STEPS_OUT):
        step(left + place * pace, above, *one)
        if place:
            shapes.append(arrow(f"M {left + place * pace - gap} {above + tall // 2} h {gap - 3}"))
    for place, one in enumerate(STEPS_BACK):
        step(left + place * pace, below, *one)
        if place:
            shapes.append(arrow(f"M {left + place * pace} {below + tall // 2} h {3 - gap}"))
    end = left + 4 * pace
    centre = end + wide // 2
    shapes += [
        box(end, middle, wide, tall, "public"),
        text(centre, middle + 27, "Pictory", "name middle"),
        text(centre, middle + 48, "api.pictory.ai", "small middle"),
        arrow(f"M {centre} {above + tall} V {middle - 3}"),
        f'<path class="line" d="M {centre} {middle + tall} V {below + tall // 2}"/>',
        arrow(f"M {centre} {below + tall // 2} H {end - gap + 3}"),
    ]
    x, w = left + pace, 2 * wide + gap
    shapes += [
        box(x, middle, w, tall, "core"),
        text(x + w // 2, middle + 27, "watch", "name middle"),
        text(x + w // 2, middle + 48, "one project that a caller waits for", "small middle"),
        # From the evidence up to the watch, and from the watch to the agenda or to the caller.
        f'<path class="line" d="M {left + wide // 2} {below} V {middle + tall // 2 + 14}"/>',
        arrow(f"M {left + wide // 2} {middle + tall // 2 + 14} H {x - 3}"),
        f'<path class="line" d="M {x} {middle + tall // 2 - 14} H {left + wide // 2}"/>',
        arrow(f"M {left + wide // 2} {middle + tall // 2 - 14} V {above + tall + 3}"),
        text(left + wide // 2 + 10, middle - 26, "10a  not finished: the schedule says when next", "small"),
        arrow(f"M {x + w} {middle + tall // 2} h {gap + 62}"),
        text(x + w + 10, middle + tall // 2 - 10, "10b  outcome", "small"),
    ]
    title = (
        "One poll. The agenda names the watch that is due; a slot, the request budget and a connection are taken in "
        "this order; the headers are sent if the grant still holds. The response becomes bytes or an error, the codec "
        "reads what a poll needs, and the evidence decides: the watch gets its outcome, or the time of its next poll."
    )
    return svg(width, height, title, shapes)


def card(x: int, y: int, wide: int, name: str, caption: str, kind: str = "box") -> list[str]:
    """Draw a box with a name and a caption, 62 high."""
    return [
        box(x, y, wide, 62, kind),
        text(x + wide // 2, y + 27, name, "name middle"),
        text(x + wide // 2, y + 48, caption, "small middle"),
    ]


def life() -> str:
    """Draw the life of a watch."""
    shapes = [
        *card(24, 130, 170, "no sign yet", "queued, or no render"),
        *card(330, 130, 170, "rendering", "polled until it ends", "core"),
        *card(330, 24, 170, "not seen", "a failed poll: try again"),
        arrow("M 194 161 H 327"),
        text(206, 153, "a sign of a render", "small"),
        arrow("M 380 130 V 89"),
        arrow("M 450 86 V 127"),
        arrow("M 500 161 H 657"),
        text(530, 153, "a new video", "small"),
        *card(660, 130, 276, "RENDERED", "the job or the project shows the video", "public"),
        *card(24, 266, 218, "NOT_STARTED", "no sign for start_grace", "public"),
        *card(270, 266, 206, "FAILED", "its job says so, or it stops", "public"),
        *card(504, 266, 206, "TIMED_OUT", "max_wait is over", "public"),
        *card(738, 266, 198, "MISSING · REFUSED", "the API says so, twice", "public"),
        arrow("M 109 192 V 263"),
        arrow("M 390 192 V 263"),
        '<path class="line" d="M 470 192 V 228 H 837"/>',
        arrow("M 607 228 V 263"),
        arrow("M 837 228 V 263"),
    ]
    title = (
        "The life of a watch. It begins without a sign of a render. When one is seen, it is rendering, and it ends as "
        "RENDERED when the new video is there. It ends as NOT_STARTED without a sign for start_grace seconds, as "
        "FAILED if its job says so or it stops without a video, as TIMED_OUT after max_wait, and as MISSING or REFUSED "
        "if the API says so twice. A failed poll ends nothing."
    )
    return svg(960, 352, title, shapes)


QUESTIONS: Final = (
    ("Does the job say it is completed, with a video?", "RENDERED"),
    ("Is inProgress true, or the step RENDER?", "RENDERING"),
    ("Is there no videoURL?", "IDLE"),
    ("Is the video older than the one to wait for?", "PREVIOUS"),
)


def snapshot() -> str:
    """Draw what a snapshot proves."""
    shapes: list[str] = []
    for number, (question, verdict) in enumerate(QUESTIONS):
        y = 24 + number * 76
        shapes += [
            box(24, y, 470, 50, "box"),
            text(44, y + 31, question, "soft"),
            arrow(f"M 494 {y + 25} H 657"),
            text(560, y + 17, "yes", "small"),
            box(660, y, 276, 50, "public" if verdict == "RENDERED" else "core"),
            text(798, y + 31, verdict, "name middle"),
            arrow(f"M 259 {y + 50} V {y + 73}"),
            text(271, y + 67, "no", "small"),
        ]
    y = 24 + len(QUESTIONS) * 76
    shapes += [box(24, y, 470, 50, "public"), text(259, y + 31, "RENDERED", "name middle")]
    title = "What one response proves: the questions are asked in this order, and the first yes decides: "
    title += "; ".join(f"{question} {verdict}" for question, verdict in QUESTIONS) + "; otherwise RENDERED."
    return svg(960, y + 74, title, shapes)


def budget() -> str:
    """Draw how the budget is shared."""
    shapes = [
        *card(24, 24, 190, "direct calls", "get, list, render"),
        *card(24, 110, 190, "polls", "of all watches"),
        *card(24, 196, 190, "background", "backups, checks"),
        arrow("M 214 55 C 250 55 250 130 287 130"),
        arrow("M 214 141 H 287"),
        arrow("M 214 227 C 250 227 250 152 287 152"),
        *card(290, 110, 200, "queue", "in turn, with shares", "core"),
        arrow("M 490 141 H 547"),
        *card(550, 110, 160, "window", "rate per seconds", "core"),
        arrow("M 710 141 H 767"),
        *card(770, 110, 166, "Pictory", "429: slow down", "public"),
        *card(550, 214, 160, "shared budget", "a file, or Redis"),
        '<path class="line" d="M 630 175 V 208" stroke-dasharray="5 4"/>',
        text(732, 239, "other processes with the same", "small"),
        text(732, 258, "key take slots from it too", "small"),
    ]
    title = (
        "How the budget is shared. Direct calls, polls and background requests wait in one queue, each with a share. "
        "The window grants at most rate requests in any period. With a shared budget, a file or Redis, all processes "
        "with one key take their slots from the same window. After a 429 of Pictory, all slow down."
    )
    return svg(960, 300, title, shapes)


DRAWINGS: Final = {
    "architecture.svg": architecture,
    "poll.svg": poll,
    "watch.svg": life,
    "snapshot.svg": snapshot,
    "budget.svg": budget,
}


def main() -> None:
    """Write them all."""
    for name, draw in DRAWINGS.items():
        (DOCS / name).write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
