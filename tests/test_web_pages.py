"""The apps on the pages for web frameworks, each served by uvicorn as its readers would serve it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from pictory_async.testing import Render, Simulator, Stall, World

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread
from tests._account import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent.parent / "docs"
FRAMEWORKS = ["django", "fastapi", "litestar", "starlette"]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An account whose renders start at once."""
    with ServerThread(Simulator(World(queue_seconds=(0.0, 0.0)))) as server:
        yield Account(server, tmp_path / "handles.jsonl")


@contextlib.contextmanager
def serving(framework: str, account: Account, folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve the first block of a page until the block ends; give its address and its process."""
    pytest.importorskip(framework, reason=f"{framework} is not installed")
    block = re.search(r"^```python\n(.*?)^```$", (DOCS / f"web-{framework}.md").read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    (folder / "web_app.py").write_text(block[1])
    options = ("--port", "0", "--lifespan", "on", "--timeout-graceful-shutdown", "1", "--no-use-colors")
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "web_app:app", "--app-dir", folder, *options],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **account.environment},
    )
    try:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            found = re.search(r"running on (http://[\d.:]+)", line)
            if found is not None:
                yield found[1], process
                break
        else:
            pytest.fail("".join(lines))
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_app_of_a_page(account: Account, tmp_path: Path, framework: str) -> None:
    """It shows, renders and waits, streams the outcome, and stops with its streams open."""
    one = str(account.world.add_project(on_render=[Render(0.0, duration=0.0)], name="Film"))
    with serving(framework, account, tmp_path) as (address, process), httpx.Client(trust_env=False, timeout=60) as http:
        assert {"name": "Film", "video": None} == http.get(f"{address}/projects/{one}").json()
        with http.stream("GET", f"{address}/events") as events:
            answer = http.post(f"{address}/renders/{one}")
            assert 202 == answer.status_code, answer.text
            video = http.get(f"{address}/projects/{one}/video").json()["video"]
            lines = (line.removeprefix("data: ") for line in events.iter_lines() if line.startswith("data: "))
            outcome = next(event["outcome"] for event in map(json.loads, lines) if event["kind"] == "outcome")
            assert ("rendered", video) == (outcome["status"], outcome["video_url"])
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(httpx.HTTPError):  # its server cuts a stream off
                for _ in lines:
                    pass
            process.wait(60)
    assert 1 == sum(request.method == "POST" for request in account.server.simulator.log)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_browser_that_leaves(account: Account, tmp_path: Path, framework: str) -> None:
    """The wait of a browser that has left ends, with the connection of its poll."""
    one = account.project(1e6)
    account.faults["GET"] = Stall()
    with serving(framework, account, tmp_path) as (address, _):
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as browser:
            browser.sendall(f"GET /projects/{one}/video HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert account.asked.wait(60)
            assert 1 == account.server.open_connections
        # Before the time limit of a request, 30 seconds, would close it too.
        assert account.server.wait_until_idle(25.0)
