"""Keep what people see: ``python docs/_scripts/terminal.py DIRECTORY``.

Runs the command on real pseudo-terminals of three widths, on a dumb one, without colours, and in a pipe, each against
a `pictory simulate` of its own. Each screen is kept as text and as SVG, and each live view as it was on the way. With
Chromium there are also pictures of all screens, and of the pages that the command wrote: on a desktop, on a phone and
on paper. They are for people to look at.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pyte
from rich.style import Style
from rich.text import Text
from screens import ERASED, environment, on_terminal, picture, program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Run = Callable[[str, list[str], Mapping[str, str]], None]

WIDTHS: Final = (40, 80, 200)
LINES: Final = 30
FAR: Final = 0.6  # of all frames of a live view: the one to keep
SIMULATED: Final = ("--port", "0", "--projects", "14", "--render-seconds", "2:5", "--seed", "5", "--ids", "ids.txt")
QUICK: Final = ("--start-grace", "3s", "--interval", "0.3s")
# What each screen shows, by its name. The words in capitals come from the simulated account.
SCREENS: Final = {
    "help": "--help",
    "wait-help": "wait --help",
    "typo": "wiat",
    "no-ids": "wait",
    "doctor": "doctor",
    "wait": "wait --ids-from ids.txt --download videos --report wait.html --title Summer --logo logo.svg",
    "make-plan": "make TEMPLATE --data people.csv --name 'Hello {Name}' --dry-run",
    "make": "make TEMPLATE --data people.csv --name 'Hello {Name}' --download made --yes",
    "render": "render --ids-from some.txt --wait --yes --force",
    "render-plan": "render --ids-from ids.txt --dry-run",
    "sync": "sync synced --kind video --render none",
    "report": "report --ids-from some.txt --html --output report.html --title Summer --logo logo.svg --brief",
    "projects": "projects",
}
WITHOUT_ACCOUNT: Final = {"first-run": "wait 12345", "demo": "demo --projects 60 --render-seconds 1:3"}
WATCHES: Final = frozenset({"wait", "make", "render"})
# What looks different on a dumb terminal, without colours, or in a pipe.
PLAIN: Final = frozenset({"typo", "doctor", "wait", "make", "render", "demo"})
LOGO: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 32"><rect width="96" height="32" rx="6" fill="#0550ae"/>'
    '<text x="48" y="22" text-anchor="middle" font-family="sans-serif" font-size="17" fill="#fff">ACME</text></svg>'
)
SHEETS: Final = {"40": 420, "80": 700, "200": 1500, "dumb": 700, "no-color": 700}  # pixels
VIEWS: Final = {"desktop": (1280, 900), "phone": (390, 844)}


class Account:
    """A simulated account that `pictory simulate` serves on a terminal of its own, until the block ends."""

    def __init__(self, columns: int, folder: Path) -> None:
        self.drawn = b""
        self._columns, self._folder = columns, folder
        self._ready = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._process is None:
            sys.exit(f"pictory simulate did not start: {self.drawn.decode()}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
        self._thread.join()

    def _serve(self) -> None:
        def look(drawn: bytes, process: subprocess.Popen[bytes]) -> None:
            self.drawn = drawn
            if b"Ctrl-C stops it" in drawn:
                self._process = process
                self._ready.set()

        command = [program(), "simulate", *SIMULATED]
        on_terminal(command, columns=self._columns, lines=LINES, env=environment(), cwd=self._folder, on_output=look)
        self._ready.set()

    def fact(self, pattern: str) -> str:
        """Find something in what it printed."""
        found = re.search(pattern, self.drawn.decode())
        if found is None:
            sys.exit(f"pictory simulate did not print {pattern}.")
        return found[1]


def shown(drawn: bytes, columns: int) -> list[Text]:
    """Return the lines that a terminal shows, with those that have left it at the top."""
    screen = pyte.HistoryScreen(columns, LINES, history=5000, ratio=0.5)
    pyte.ByteStream(screen).feed(drawn)
    rows = [*screen.history.top, *(screen.buffer[number] for number in range(LINES))]
    lines = [Text.assemble(*((row[at].data, style(row[at])) for at in range(columns))) for row in rows]
    for line in lines:
        line.rstrip()
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def style(cell: Any) -> Style:
    """Return how a character is drawn."""

    def colour(name: str) -> str | None:
        if re.fullmatch("[0-9a-f]{6}", name):
            return f"#{name}"
        return None if name == "default" else name.replace("brown", "yellow").replace("bright", "bright_")

    return Style(
        color=colour(cell.fg),
        bgcolor=colour(cell.bg),
        bold=cell.bold,
        italic=cell.italics,
        underline=cell.underscore,
        reverse=cell.reverse,
    )


def keep(target: Path, lines: Sequence[Text], columns: int) -> None:
    """Keep a screen as text and as SVG."""
    target.with_suffix(".txt").write_text("".join(f"{line.plain}\n" for line in lines), encoding="utf-8")
    svg = picture(lines, columns, name=target.stem, about=f"A terminal with {columns} columns: {target.stem}")
    target.with_suffix(".svg").write_text(svg, encoding="utf-8")


def prepare(folder: Path) -> None:
    """Write what the commands read."""
    ids = (folder / "ids.txt").read_text(encoding="utf-8").split()
    (folder / "some.txt").write_text("\n".join(ids[:4]), encoding="utf-8")
    (folder / "people.csv").write_text("Name\nAnna\nBob\nChen\nDalia Okonkwo-Richardson\n", encoding="utf-8")
    (folder / "logo.svg").write_text(LOGO, encoding="utf-8")


def each(columns: int, folder: Path, run: Run, *, some: bool) -> bytes:
    """Run the commands of a terminal, in the same order; return what `pictory simulate` drew."""
    chosen = [name for name in {**WITHOUT_ACCOUNT, **SCREENS} if not some or name in PLAIN]
    state = environment(PICTORY_STATE_DIR=str(folder / "state"))
    for name in (name for name in chosen if name in WITHOUT_ACCOUNT):
        run(name, shlex.split(WITHOUT_ACCOUNT[name]), state)
    with Account(columns, folder) as account:
        prepare(folder)
        address, key = (account.fact(rf"PICTORY_API_{what}=(\S+)") for what in ("BASE_URL", "KEY"))
        env = {**state, "PICTORY_API_BASE_URL": address, "PICTORY_API_KEY": key}
        template = account.fact(r" template (?:\\\s+)?(\S+)")
        for name in (name for name in chosen if name in SCREENS):
            words = shlex.split(SCREENS[name].replace("TEMPLATE", template))
            run(name, [*words, *(QUICK if name in WATCHES else ())], env)
    return account.drawn


def on_screen(target: Path, folder: Path, columns: int, label: str, extra: Mapping[str, str]) -> None:
    """Run every command on a terminal, and keep what it shows."""

    def run(name: str, arguments: list[str], env: Mapping[str, str]) -> None:
        command = [program(), *arguments]
        code, drawn = on_terminal(command, columns=columns, lines=LINES, env={**env, **extra}, cwd=folder)
        lines = [*prompt(arguments, columns), *shown(drawn, columns), Text(f"[exit code {code}]")]
        keep(target / f"{name}-{label}", lines, columns)
        frames = [found.start() for found in ERASED.finditer(drawn)]
        if frames:
            keep(target / f"{name}-live-{label}", shown(drawn[: frames[int(FAR * len(frames))]], columns), columns)

    drawn = each(columns, folder, run, some=bool(extra))
    keep(target / f"simulate-{label}", [*prompt(["simulate", *SIMULATED], columns), *shown(drawn, columns)], columns)


def prompt(arguments: Sequence[str], columns: int) -> list[Text]:
    """Return the line in which a command was typed, as a terminal breaks it."""
    line = f"$ pictory {shlex.join(arguments)}"
    return [Text(line[at : at + columns], style="bold") for at in range(0, len(line), columns)]


def in_pipe(target: Path, folder: Path) -> None:
    """Run every command in a pipe, and keep what comes out, with its standard error after it."""

    def run(name: str, arguments: list[str], env: Mapping[str, str]) -> None:
        done = subprocess.run([program(), *arguments], env=env, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        text = f"{done.stdout}[standard error]\n{done.stderr}[exit code {done.returncode}]\n"
        (target / f"{name}-pipe.txt").write_text(text, encoding="utf-8")

    each(80, folder, run, some=True)


def capture(target: Path) -> Path:
    """Run everything, and return the folder in which the widest terminal's commands wrote their files."""
    kinds: list[tuple[str, int, dict[str, str]]] = [(str(width), width, {}) for width in WIDTHS]
    kinds += [("dumb", 80, {"TERM": "dumb"}), ("no-color", 80, {"NO_COLOR": "1"})]
    folders = {label: Path(tempfile.mkdtemp(prefix="pictory-")) for label in [*(kind[0] for kind in kinds), "pipe"]}
    with ThreadPoolExecutor(len(folders)) as threads:
        runs = [threads.submit(on_screen, target, folders[label], width, label, extra) for label, width, extra in kinds]
        runs.append(threads.submit(in_pipe, target, folders["pipe"]))
        for one in runs:
            one.result()
    return folders[str(WIDTHS[-1])]


def photograph(target: Path, folder: Path, browser: Any) -> None:
    """Take pictures of all screens of each kind, and of the pages that the command wrote."""
    for label, width in SHEETS.items():
        sheet = target / f"all-{label}.html"
        parts = [f'<h3>{one.stem}</h3><img src="{one.name}" width="{width}">' for one in target.glob(f"*-{label}.svg")]
        sheet.write_text("".join(sorted(parts)), encoding="utf-8")
        page = browser.new_page(viewport={"width": width + 16, "height": 900})
        page.goto(sheet.resolve().as_uri())
        page.screenshot(path=target / f"all-{label}.png", full_page=True)
        page.close()
    for name in ("wait", "report"):
        file = folder / f"{name}.html"
        shutil.copy(file, target)
        for view, (width, height) in VIEWS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(file.as_uri())
            page.screenshot(path=target / f"{name}-page-{view}.png", full_page=True)
            if (over := page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")) > 0:
                sys.exit(f"{name}.html at {width} px: {over} px stick out")
            page.close()
        page = browser.new_page()
        page.goto(file.as_uri())
        on_paper(page.pdf(format="A4"), target / f"{name}-page")
        page.close()


def on_paper(pdf: bytes, target: Path) -> None:
    """Keep a page as it is printed: each sheet as a picture."""
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415 - only with Chromium

    for number, sheet in enumerate(pypdfium2.PdfDocument(io.BytesIO(pdf)), 1):
        sheet.render(scale=1.2).to_pil().save(f"{target}-paper-{number}.png")


def main() -> None:
    """Keep everything in the directory that is named."""
    target = Path(sys.argv[1])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    folder = capture(target)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("no pictures: chromium is not installed")
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the texts are kept without it

    with sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=chromium, args=options)
        photograph(target, folder, browser)
        browser.close()


if __name__ == "__main__":
    main()
