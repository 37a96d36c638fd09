"""A simulated account whose server a test controls, for apps that run as processes of their own."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from pictory_async import RenderHandle
from pictory_async.testing import Answer, JobList, Render
from tests._browser import running

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pictory_async.testing.server import ServerThread
    from tests._browser import Running


class Account:
    """A simulated account with a server, and an app beside it."""

    def __init__(self, server: ServerThread, handles: Path) -> None:
        self.world = server.simulator.world
        self.server = server
        self.handles = handles
        self.options = ("--handles", str(handles), "--interval", "0.1")
        self.environment = {"PICTORY_API_KEY": self.world.api_key, "PICTORY_API_BASE_URL": server.base_url}
        self.faults: dict[str, Any] = {}
        self.asked = threading.Event()
        self.expected = ""
        server.simulator.faults = self._fault

    def app(self) -> AbstractContextManager[Running]:
        return running(*self.options, **self.environment)

    def project(self, seconds: float, name: str = "Film", *, fails: bool = False, job_id: str = "") -> str:
        render = Render(0.0, duration=seconds, fails=fails, job_id=job_id)
        return str(self.world.add_project(on_render=[render], name=name))

    def kept(self) -> list[RenderHandle]:
        return [RenderHandle.from_json(line) for line in self.handles.read_text().splitlines()]

    def hold(self, job_id: str, **data: Any) -> None:
        """Let a job show this instead of what is true; the list of jobs does not have it meanwhile."""
        self.world.job_list = JobList(hides={*self.world.job_list.hides, job_id})
        body = json.dumps({"job_id": job_id, "success": True, "data": {"status": "in-progress", **data}})
        self.faults[f"/{job_id}"] = Answer(200, {"content-type": "application/json"}, body.encode())

    def release(self, job_id: str) -> None:
        """Let a job show the truth again."""
        del self.faults[f"/{job_id}"]
        self.world.job_list = JobList(hides={*self.world.job_list.hides} - {job_id})

    def _fault(self, request: Any, _now: float) -> Any:
        fault = self.faults.get(request.method) or self.faults.get(f"/{request.path.rpartition('/')[2]}")
        if fault is not None or request.path.endswith(self.expected or "nothing"):
            self.asked.set()
        return fault
