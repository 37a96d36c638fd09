"""The page about a wait: counts, a timeline of each project, delays, and each reason once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import Project, RenderOutcome, RenderStatus
from pictory_async.errors import RenderFailedError, RenderNotStartedError
from pictory_async.insight import project_report_html, wait_report_html, write_wait_report
from tests._browser import chromium

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def rendered(project_id: str, waited: float, delay: float, **fields: Any) -> RenderOutcome:
    project = Project(id=project_id, video_url="https://media.example/v.mp4", **fields)
    return RenderOutcome(
        project_id=project_id, status=RenderStatus.RENDERED, project=project, waited=waited, detection_delay=delay
    )


def failed(project_id: str, kind: Any = RenderFailedError, status: RenderStatus = RenderStatus.FAILED) -> RenderOutcome:
    error = kind(f"The render of project {project_id!r} failed.", project_id=project_id)
    return RenderOutcome(project_id=project_id, status=status, waited=50.0, error=error)


def test_a_wait() -> None:
    """Positions are shares of the longest wait; names lead to the pages of videos, whose addresses are not there."""
    first = rendered("p1", 100.0, 10.0, name="Film <1>", share_video_url="https://video.example/1")
    outcomes = [first, rendered("p2", 50.0, 0.0), failed("p3"), failed("p4"), failed("p5", RenderNotStartedError)]
    page = wait_report_html(outcomes, rendering_since={"p1": 25.0, "p3": 60.0}, title="Night <1>", now=NOW)
    assert '<h1 dir="auto">Night &lt;1&gt;</h1>' in page
    assert "Waited 1 min 40 s, delay of a video at most 10 s. Created <time" in page
    assert ["2 rendered", "3 failed"] == re.findall(r'<li class="badge \w+">([^<]+)', page)
    assert re.search(r'<a href="https://video.example/1"[^>]*>Film &lt;1&gt;</a>', page)
    assert "v.mp4" not in page
    assert '<line class="busy-span" x1="26.00%" x2="88.40%"' in page
    assert '<line class="ended-span" x1="88.40%" x2="98.00%"' in page
    assert 'aria-label="seen rendering after 25 s; rendered, reported after 1 min 40 s"' in page
    assert 1 == page.count("The render of project … failed.")
    assert "(p3, p4, p5)" in page
    assert "<script" not in page


def test_saved_since() -> None:
    """A project that was saved after its video was made is marked as in the report, unless more is known of it."""
    dates = {"generated_at": NOW, "saved_at": NOW + timedelta(hours=1)}
    outcomes = [rendered(one, 5.0, 1.0, **dates) for one in ("p1", "p2")]
    outcomes += [rendered("p3", 5.0, 1.0, generated_at=NOW, saved_at=NOW), rendered("p4", 5.0, 1.0)]
    page = wait_report_html(outcomes, is_outdated={"p2": False, "p3": True, "p4": None}, now=NOW)
    assert [("warn", "2 rendered, saved since"), ("good", "2 rendered")] == COUNTS.findall(page)
    assert ["rendered, saved since", "rendered"] * 2 == re.findall(r'<td><span class="badge \w+">([^<]+)', page)
    report = project_report_html([one.project for one in outcomes if one.project is not None], now=NOW)
    assert ("warn", "2 rendered, saved since") in COUNTS.findall(report)


COUNTS = re.compile(r'<li class="badge (\w+)">([^<]+)')

HEADS = """() => {
    const range = document.createRange();
    return [...document.querySelectorAll("thead tr > :not(:first-child), .ends > span")].map(one => {
        range.selectNodeContents(one);
        const { left, right, top, bottom } = range.getBoundingClientRect();
        return [left, right, top, bottom];
    });
}"""


def test_a_phone_and_paper(tmp_path: Path) -> None:
    """On a phone, no head covers another and the axis has its end; on paper, no row is on two pages."""
    outcomes = [rendered("p1", 3.0, 0.5, name="Film"), failed("p2", RenderNotStartedError, RenderStatus.NOT_STARTED)]
    (tmp_path / "page.html").write_text(wait_report_html(outcomes, now=NOW), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.goto((tmp_path / "page.html").as_uri())
        result, after, delay, axis, _start, end = page.evaluate(HEADS)
        assert result[1] < after[0] < after[1] < delay[0] < delay[1]
        assert max(result[3], after[3], delay[3]) <= axis[2]
        assert "50 s" == page.locator(".ends > span").nth(1).inner_text()
        assert (
            end[1] <= page.locator(".overview").bounding_box()["x"] + page.locator(".overview").bounding_box()["width"]
        )
        page.emulate_media(media="print")
        assert {"avoid"} == {*page.evaluate(ROWS)}


ROWS = "() => [...document.querySelectorAll('.overview tr')].map(row => getComputedStyle(row).breakInside)"


def test_a_wait_for_nothing() -> None:
    """No outcome, and no reason, is a page too."""
    page = wait_report_html([], now=NOW)
    assert '<h1 dir="auto">0 projects</h1>' in page
    assert "Why there is no video" not in page
    assert "delay of a video" not in page


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_it_is_written(tmp_path: Path) -> None:
    """The file has the page, with a picture of whoever it is for."""
    path = await write_wait_report([failed("p")], tmp_path / "page.html", logo=b"GIF89a", now=NOW)
    page = path.read_text(encoding="utf-8")
    assert wait_report_html([failed("p")], logo=b"GIF89a", now=NOW) == page
    assert '<img class="logo" src="data:image/gif;base64,' in page
    assert "img-src https: data:;" in page
