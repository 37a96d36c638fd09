"""The page of the example app in a real browser: what a person sees, and can do with a keyboard."""

from __future__ import annotations

import base64
import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pictory_async.testing import Simulator, World

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread
from tests._account import Account
from tests._browser import chromium, running, screenshots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 800)}

COLOURS = """async (picture) => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const [[most, times]] = [...counts].sort((a, b) => b[1] - a[1]);
    return { colours: counts.size, share: times / pixels.length, most: most & 0xff };
}"""


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An account whose renders start at once."""
    with ServerThread(Simulator(World(queue_seconds=(0.0, 0.0)))) as server:
        yield Account(server, tmp_path / "handles.jsonl")


@pytest.fixture
def browser(account: Account) -> Iterator[Any]:
    """A browser. Its driver runs an event loop in this thread, so the account's server begins before and ends after."""
    with chromium() as found:
        yield found


class Tab:
    """One tab with the board, which must not complain and must not load anything from elsewhere."""

    def __init__(self, browser: Any, address: str, size: str = "desktop", scheme: str = "light") -> None:
        width, height = SIZES[size]
        self.page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.page.set_default_timeout(60_000)
        self.address = address
        self.complaints: list[str] = []
        self.page.on("console", lambda line: self.complaints.append(line.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._requested)
        self.page.goto(address)

    def _requested(self, request: Any) -> None:
        if not request.url.startswith(self.address):
            self.complaints.append(request.url)

    def card(self, column: str, name: str) -> Any:
        """A card, which may have to appear first."""
        found = self.page.locator(f"[data-column={column}] li", has_text=name)
        found.wait_for()
        return found

    def cards(self) -> dict[str, list[str]]:
        """The texts of all cards."""
        columns = ("waiting", "rendering", "finished")
        return {one: self.page.locator(f"[data-column={one}] li").all_inner_texts() for one in columns}

    def choose(self, name: str) -> None:
        """Start a render with the keyboard alone, as soon as the projects are listed."""
        self.page.locator("#project option", has_text=name).wait_for(state="attached")
        self.page.locator("#project").focus()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Tab")
        assert "Render" == self.page.evaluate("document.activeElement.textContent")
        assert "solid" == self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        with self.page.expect_response("**/renders") as response:
            self.page.keyboard.press("Enter")
        assert 202 == response.value.status


def fill(account: Account, app: Any) -> None:
    """A board with a card of each kind."""
    plans = {"Waiting film": {}, "Rendering film": {"renderProgress": 40}, "Rendered film": None, "Failed film": None}
    for number, (name, shown) in enumerate(plans.items()):
        job = f"3f0c5e8e-0000-4000-8000-00000000000{number}"
        one = account.project(0.0 if shown is None else 1e6, name, fails=name == "Failed film", job_id=job)
        if shown is not None:
            account.hold(job, **shown)  # before the first poll
        httpx.post(f"{app.address}/renders", json={"project_id": one}, trust_env=False, timeout=60)


def test_cards_appear_move_and_finish(browser: Any, account: Account) -> None:
    """A render that is started with the keyboard moves from column to column, in each tab, and is announced."""
    job = "3f0c5e8e-0000-4000-8000-000000000001"
    account.project(0.0, "Spring sale", job_id=job)
    account.hold(job)
    with account.app() as app:
        tabs = [Tab(browser, app.address) for _ in range(2)]
        tabs[0].choose("Spring sale")
        for tab in tabs:
            assert "Waiting for the renderer" in tab.card("waiting", "Spring sale").inner_text()
        account.hold(job, renderProgress=40)
        for tab in tabs:
            tab.card("rendering", "Rendering, 40 %")
            assert "40" == tab.page.get_by_role("progressbar", name="Progress of Spring sale").get_attribute("value")
        account.release(job)
        for tab in tabs:
            assert "Rendered" in tab.card("finished", "Spring sale").inner_text()
            link = tab.page.get_by_role("link", name="Watch the video").get_attribute("href")
            assert link.startswith(account.server.origin)
        assert "Spring sale: Rendered" == tabs[0].page.locator("[aria-live=polite]").text_content()
        before = tabs[0].cards()
        assert [0, 0, 1] == [len(cards) for cards in before.values()]
        assert before == tabs[1].cards()
        tabs[0].page.reload()
        tabs[0].card("finished", "Spring sale")
        assert before == tabs[0].cards()
        assert [] == [complaint for tab in tabs for complaint in tab.complaints]
        for tab in tabs:
            tab.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_size_and_scheme(browser: Any, account: Account, tmp_path: Path, size: str, scheme: str) -> None:
    """The board is readable on a phone, a tablet and a desktop, light and dark: nothing is cut off or blank."""
    with account.app() as app:
        fill(account, app)
        tab = Tab(browser, app.address, size, scheme)
        for column, name in {"waiting": "Waiting", "rendering": "Rendering", "finished": "Failed"}.items():
            tab.card(column, f"{name} film")
        tab.card("finished", "Rendered film")
        page = tab.page
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        cut = "[...document.querySelectorAll('h3, p, dd, button')].filter((one) => one.id !== 'news' && "
        cut += "one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
        assert [] == page.evaluate(cut)
        assert ["Waiting 1", "Rendering 1", "Finished 2"] == [
            " ".join(text.split()) for text in page.get_by_role("heading", level=2).all_inner_texts()
        ]
        picture = page.screenshot(path=screenshots(tmp_path) / f"board-{size}-{scheme}.png", full_page=True)
        page.close()
        assert [] == tab.complaints
    blank = browser.new_page()
    seen = blank.evaluate(COLOURS, base64.b64encode(picture).decode())
    blank.close()
    assert seen["colours"] > 50  # text has soft edges
    assert seen["share"] < 0.97
    assert (scheme == "light") == (seen["most"] > 128)


def test_the_server_goes_and_comes_back(browser: Any, account: Account) -> None:
    """The page says that it is not connected; afterwards it shows what the next process knows."""
    one = account.project(1e6, "Long film")
    with account.app() as app:
        httpx.post(f"{app.address}/renders", json={"project_id": one}, trust_env=False, timeout=60)
        tab = Tab(browser, app.address)
        tab.card("rendering", "Long film")
        port = app.address.rpartition(":")[2]
        assert (0, "") == app.end(signal.SIGTERM)
        tab.page.get_by_text("Not connected").wait_for()
    with running(*account.options, "--port", port, **account.environment):
        tab.page.get_by_text("Live", exact=True).wait_for()
        tab.card("rendering", "Long film")
        tab.page.close()


def test_the_command_of_the_readme(browser: Any) -> None:
    """With ``--simulate`` there are projects to choose from, and a render ends."""
    with running("--simulate") as app:
        tab = Tab(browser, app.address)
        tab.choose("Spring sale")
        tab.card("finished", "Spring sale")
        assert "Rendered" in tab.card("finished", "Spring sale").inner_text()
        tab.page.close()
        assert (0, "") == app.end(signal.SIGTERM)
