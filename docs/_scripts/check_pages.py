"""Check the built documentation: ``python docs/_scripts/check_pages.py HTML [PICTURES]``.

Every link within the documentation must lead to a page, a file or an anchor that is there. With a directory for
pictures, Chromium opens ten pages at the width of a phone and of a laptop: nothing may stick out of the page, and at
1,280 pixels no line of code may be cut. The pictures are for people to look at.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

PAGES: Final = (
    *("index", "quickstart", "many", "waiting", "limits"),
    *("command", "api-waiting", "architecture", "benchmarks", "troubleshooting"),
)
WIDTHS: Final = (390, 1280)
OVERFLOW: Final = "() => document.documentElement.scrollWidth - window.innerWidth"
CUT: Final = """() => [...document.querySelectorAll('.content pre')]
    .filter(pre => pre.scrollWidth > pre.clientWidth + 1).map(pre => pre.innerText.split('\\n')
    .reduce((longest, line) => line.length > longest.length ? line : longest, ''))"""


class Page(HTMLParser):
    """One page: where its links lead, and which anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect what an element links to, and its id."""
        for name, value in attrs:
            if name in {"href", "src"} and value and tag != "base":
                self.links.add(value)
            elif name == "id" and value:
                self.anchors.add(value)


def broken_links(html: Path) -> list[str]:
    """Return a line for each link that leads nowhere."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(html.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{path.name}: {link}: there is no such file")
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                found.append(f"{path.name}: {link}: the page has no such anchor")
    return found


def layout_problems(html: Path, pictures: Path, browser: Any) -> list[str]:
    """Take the pictures, and return a line for each page that does not fit."""
    found = []
    pictures.mkdir(parents=True, exist_ok=True)
    for scheme, width in [*(("light", width) for width in WIDTHS), ("dark", WIDTHS[-1])]:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        for name in PAGES:
            page.goto((html / f"{name}.html").resolve().as_uri())
            page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png")
            if (over := page.evaluate(OVERFLOW)) > 0:
                found.append(f"{name} at {width} px: {over} px stick out")
        page.close()
    page = browser.new_page(viewport={"width": max(WIDTHS), "height": 900})
    for path in sorted(html.glob("*.html")):
        page.goto(path.resolve().as_uri())
        found += [f"{path.stem} at {max(WIDTHS)} px: code is cut: {line}" for line in page.evaluate(CUT)]
    return found


def main() -> int:
    """Check, print what is wrong, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("html", type=Path)
    parser.add_argument("pictures", type=Path, nargs="?")
    options = parser.parse_args()
    problems = broken_links(options.html)
    if options.pictures is not None:
        problems += look(options.html, options.pictures)
    print(*problems, sep="\n")
    return int(bool(problems))


def look(html: Path, pictures: Path) -> list[str]:
    """Open the pages in Chromium, if there is one; return what does not fit."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("not checked: the layout, because chromium is not installed")
        return ["chromium is missing"] if os.environ.get("PICTORY_ASYNC_ALL_PARTS") else []
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - links are checked without it

    with sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=program, args=options)
        try:
            return layout_problems(html, pictures, browser)
        finally:
            browser.close()


if __name__ == "__main__":
    sys.exit(main())
