"""A page with many projects, in a real browser: its script filters and sorts; without it, the page is complete."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pictory_async import Project, RenderOutcome, RenderStatus
from pictory_async.insight import project_report_html, wait_report_html
from tests._browser import chromium

if TYPE_CHECKING:
    from pathlib import Path

NAMES = "[...document.querySelectorAll('.overview tbody tr:not([hidden]) a')].map(link => link.textContent)"
CARDS = "[...document.querySelectorAll('article[id]')].filter(card => card.offsetParent).map(card => card.id)"
WIDE = "document.documentElement.scrollWidth > window.innerWidth"


def projects(count: int) -> list[Project]:
    """Rendered ones and others, with durations that sort differently as text."""
    return [
        Project(
            id=f"p{number}",
            name=f"Film {number:03}",
            duration=float((number * 37) % count),
            video_url="https://media.example/v.mp4" if number % 4 else None,
        )
        for number in range(1, count + 1)
    ]


def shown(tmp_path: Path, browser: Any, count: int, **options: Any) -> tuple[Any, list[str]]:
    """Open a page about so many projects; return it, and what the browser complains of."""
    file = tmp_path / "page.html"
    file.write_text(project_report_html(projects(count)), encoding="utf-8")
    page = browser.new_context(**options).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    return page, said


def test_two_hundred_projects(tmp_path: Path) -> None:
    """The filter hides rows with their cards, the heads sort, and the policy allows just that; it fits a phone."""
    with chromium() as browser:
        page, said = shown(tmp_path, browser, 200, viewport={"width": 390, "height": 800})
        assert (200, 200, False) == (len(page.evaluate(NAMES)), len(page.evaluate(CARDS)), page.evaluate(WIDE))
        page.get_by_role("searchbox").fill("film 19")
        assert [f"Film 19{number}" for number in range(10)] == page.evaluate(NAMES)
        assert 10 == len(page.evaluate(CARDS))
        assert "10 of 200" == page.locator("output").inner_text()
        page.get_by_role("searchbox").fill("")
        page.get_by_role("button", name="Duration").click()
        expected = [one.name for one in sorted(projects(200), key=lambda one: one.duration or 0.0)]
        assert expected == page.evaluate(NAMES)
        page.get_by_role("button", name="Duration").click()
        assert expected[::-1] == page.evaluate(NAMES)
        assert [] == said


def test_without_a_script(tmp_path: Path) -> None:
    """Where scripts are off, and on a page of a few projects, there is nothing that does nothing."""
    with chromium() as browser:
        page, _ = shown(tmp_path, browser, 200, java_script_enabled=False)
        assert (200, 0) == (page.locator(".overview tbody tr").count(), page.locator("input, button").count())
    assert "<script" not in project_report_html(projects(9))


def test_no_cell_covers_another(tmp_path: Path) -> None:
    """On a phone, a tablet and a desktop, the longest badge leaves room for what is beside it; dates are one line."""
    saved = datetime(2026, 1, 2, tzinfo=UTC)
    made = [
        Project(
            id=f"p{day}",
            layout="16:9",
            duration=3599.0,
            video_url="https://media.example/v.mp4",
            generated_at=saved - timedelta(days=day),
            saved_at=saved,
        )
        for day in range(1, 21)
    ]
    outcomes = [
        RenderOutcome(project_id=one.id, status=RenderStatus.RENDERED, project=one, waited=3599.0) for one in made
    ]
    with chromium() as browser:
        for text in (project_report_html(made), wait_report_html(outcomes)):
            (tmp_path / "page.html").write_text(text, encoding="utf-8")
            for width in (390, 820, 1280):
                page = browser.new_page(viewport={"width": width, "height": 800})
                page.goto((tmp_path / "page.html").as_uri())
                assert (21, []) == tuple(page.evaluate(COVERED)), width
                assert {1} == {*page.evaluate(LINES_OF_ENDS)}


COVERED = """() => {
    const rows = [...document.querySelectorAll(".overview tr")];
    const words = document.createRange();
    const box = (cell) => (words.selectNodeContents(cell), words.getBoundingClientRect());
    const boxes = (row) => [...row.cells].map(box);
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    const covers = (row) => boxes(row).some((a, at, all) => all.slice(at + 1).some((b) => !apart(a, b)));
    return [rows.length, rows.filter(covers).map((row) => row.textContent)];
}"""
LINES_OF_ENDS = """() => [...document.querySelectorAll(".ends > *")].map((end) => {
    const words = document.createRange();
    words.selectNodeContents(end);
    return words.getClientRects().length;
})"""
