"""What a person does to a simulated account while programs use it: edits, deletions, a revoked key, a slow network."""

from __future__ import annotations

import ipaddress
import math
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from pictory_async.testing._messages import SimRequest, SimResponse

if TYPE_CHECKING:
    from pictory_async.testing._simulator import Simulator

__all__ = ["PREFIX", "Control"]

PREFIX: Final = "/_control"
_SLOWEST: Final = 3600.0  # seconds
_USAGE: Final = {
    f"GET {PREFIX}": "show the projects, and what can be done",
    f"POST {PREFIX}/projects/ID/edit": "save the project again",
    f"POST {PREFIX}/projects/ID/delete": "delete the project",
    f"POST {PREFIX}/projects/ID/render": "render the project, as in the web app",
    f"POST {PREFIX}/key/revoke": "reject the API key from now on",
    f"POST {PREFIX}/key/restore": "accept it again",
    f"POST {PREFIX}/latency?seconds=S": "let each response take S seconds",
}


class Control:
    """Changes a simulated account over HTTP. These requests are no part of the API, and not in the world's log.

    Args:
        simulator: The simulator whose account is changed.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._key = simulator.world.api_key

    def respond(self, request: SimRequest, client: str | None) -> SimResponse:
        """Return the response to a request below `PREFIX`.

        Args:
            request: The request.
            client: The address that it came from; ``None`` if that is not known.
        """
        if client is None or not ipaddress.ip_address(client).is_loopback:
            return _answer(403, error="This is for requests from the same machine.")
        match request.method, [unquote(part) for part in request.path.removeprefix(PREFIX).strip("/").split("/")]:
            case "GET", [""]:
                return _answer(200, projects=self._projects(), usage=_USAGE)
            case "POST", ["projects", project_id, ("edit" | "delete" | "render") as action]:
                return self._change(project_id, action)
            case "POST", ["key", ("revoke" | "restore") as action]:
                # No key can be empty, so nobody has this one.
                self._simulator.world.api_key = self._key if action == "restore" else ""
                return _answer(200, key="accepted" if action == "restore" else "rejected")
            case "POST", ["latency"]:
                return self._slow_down(parse_qs(request.query).get("seconds", [""])[0])
            case _:
                return _answer(404, error="There is nothing here.", usage=_USAGE)

    def _change(self, project_id: str, action: str) -> SimResponse:
        world, now = self._simulator.world, self._simulator.now()
        project = world.find_project(project_id, now)
        if project is None:
            return _answer(404, error=f"There is no project {project_id!r}.")
        if action == "edit":
            world.edit_project(project.id, now)
        elif action == "delete":
            world.delete_project(project.id, now)
        else:
            world.start_render(project.id, now)
        return _answer(200, project_id=project_id, done=action)

    def _slow_down(self, text: str) -> SimResponse:
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not 0 <= seconds <= _SLOWEST:
            return _answer(400, error=f"seconds must be a number from 0 to {_SLOWEST:.0f}, such as ?seconds=2.")
        self._simulator.latency = seconds
        return _answer(200, latency=seconds)

    def _projects(self) -> list[dict[str, Any]]:
        world, now = self._simulator.world, self._simulator.now()
        return [
            {"id": project.id, "name": project.name, "state": world.truth(project.id, now).kind.value}
            for project in world.projects
        ]


def _answer(status: int, **facts: Any) -> SimResponse:
    return SimResponse.from_json(facts, status=status)
