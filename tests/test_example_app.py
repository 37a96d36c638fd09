"""The example app as a process: its handlers, its file of handles, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pictory_async import RenderHandle
from pictory_async.testing import Answer, FixedWindowLimit, Simulator, Stall, World

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread
from tests._account import Account

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests._browser import Running


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An account whose renders start at once."""
    with ServerThread(Simulator(World(queue_seconds=(0.0, 0.0)))) as server:
        yield Account(server, tmp_path / "handles.jsonl")


def start(app: Running, project_id: str) -> httpx.Response:
    """Ask the app for a render."""
    return httpx.post(f"{app.address}/renders", json={"project_id": project_id}, trust_env=False, timeout=60)


def get(app: Running, path: str) -> httpx.Response:
    """Ask the app for something."""
    return httpx.get(f"{app.address}{path}", trust_env=False, timeout=60)


def until(app: Running, project_id: str, word: str) -> dict[str, Any]:
    """Read events until one of the project has this kind."""
    with httpx.stream("GET", f"{app.address}/events", trust_env=False, timeout=60) as response:
        for line in response.iter_lines():
            data = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if (data.get("project_id"), data.get("kind")) == (project_id, word):
                return dict(data)
    raise AssertionError(word)


def test_a_render_from_start_to_end(account: Account) -> None:
    """It is watched, kept on disk while it runs, told to a reader of events, and then gone from the file."""
    one, other = account.project(0.5), account.project(1e6)
    with account.app() as app:
        assert 202 == start(app, other).status_code
        answer = start(app, one)
        assert (202, one) == (answer.status_code, answer.json()["project_id"])
        assert {one, other} >= {handle.project_id for handle in account.kept()}
        seen = until(app, one, "outcome")
        assert ("finished", "rendered", "Film") == (seen["state"], seen["outcome"]["status"], seen["name"])
        assert {one, other} == {item["id"] for item in get(app, "/projects").json()}
        assert [other] == [handle.project_id for handle in account.kept()]
        shown, waited = get(app, f"/projects/{one}").json(), get(app, f"/projects/{one}/video").json()
        assert shown["video_url"] == waited["video_url"] == seen["outcome"]["video_url"]
        assert (409, 202) == (start(app, other).status_code, start(app, one).status_code)
    assert 3 == sum(request.method == "POST" for request in account.server.simulator.log)


def test_sigterm_ends_streams_and_keeps_handles(account: Account) -> None:
    """With open streams and waits the app ends with 0, and the next one watches the same render."""
    one, other = account.project(1e6), account.project(1e6)
    with account.app() as app:
        start(app, one)
        until(app, one, "added")
        account.expected = other
        port = int(app.address.rpartition(":")[2])
        with (
            httpx.stream("GET", f"{app.address}/events", trust_env=False, timeout=60) as events,
            socket.create_connection(("127.0.0.1", port)) as wait,
        ):
            wait.sendall(f"GET /projects/{other}/video HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            lines = events.iter_lines()
            while '"pending": 1' not in next(lines):
                pass
            assert account.asked.wait(60)
            assert (0, "") == app.end(signal.SIGTERM)
            assert [] == [line for line in lines if line.startswith("event: error")]  # it ended, and was not cut off
            assert b"HTTP/1.1 503" == wait.recv(12)
    (handle,) = account.kept()
    assert (one, True) == (handle.project_id, handle.job_id is not None)
    with account.app() as app:
        assert handle.job_id == until(app, one, "added")["job_id"]
        assert (0, "") == app.end(signal.SIGINT)


def test_a_crash_while_a_render_is_requested(account: Account) -> None:
    """Killed before the response has come, the app has the project in its file, with the date of its old video."""
    one = str(account.world.add_project(earlier_video=-60.0))
    account.faults["POST"] = Stall()
    with account.app() as app:
        asking = threading.Thread(target=pytest.raises, args=(httpx.HTTPError, start, app, one))
        asking.start()
        assert account.asked.wait(60)
        app.end(signal.SIGKILL)
        asking.join()
    (handle,) = account.kept()
    assert RenderHandle(project_id=one, generated_before=account.world.date(-60.0)) == handle


def test_a_lost_response_is_watched(account: Account) -> None:
    """It is not known whether the render was started: it is watched, and not requested again."""
    one = account.project(1e6)
    account.faults["POST"] = Answer(502)
    with account.app() as app:
        answer = start(app, one)
        assert (202, None) == (answer.status_code, answer.json()["job_id"])
        assert [one] == [handle.project_id for handle in account.kept()]
        assert 409 == start(app, one).status_code


def test_refusals(account: Account) -> None:
    """Each has its status and one sentence, and costs nothing."""
    one = account.project(1e6)
    with account.app() as app:
        url = f"{app.address}/renders"
        texts = [httpx.post(url, content=f'{{"project_id": "{one}"}}', headers={"content-type": "text/plain"})]
        bodies: list[Any] = [{}, [], "x", {"project_id": ""}, {"project_id": "none"}]
        texts += [httpx.post(url, json=body) for body in bodies]
        assert [415, 400, 400, 400, 400, 404] == [answer.status_code for answer in texts]
        assert all(answer.json()["error"] for answer in texts)
        account.faults["POST"] = Answer(403, body=b'{"message": "No credits"}')
        assert 502 == start(app, one).status_code
        assert [] == account.kept()
    assert 1 == sum(request.method == "POST" for request in account.server.simulator.log)


def test_busy(account: Account) -> None:
    """When the budget has nothing free soon, the answer is 503 with ``Retry-After``, at once."""
    one = account.project(1e6)
    account.world.limit = FixedWindowLimit(1, 3600.0)
    with account.app() as app:
        statuses = [start(app, one) for _ in range(2)]
        assert 503 == statuses[-1].status_code
        # As long as the server has asked to wait, which is an hour, but two minutes at most.
        assert 2 < int(statuses[-1].headers["retry-after"]) <= 120
