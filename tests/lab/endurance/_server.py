"""The simulator in a process of its own, so that memory and files that are counted are the client's."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import anyio

from pictory_async.testing import (
    Answer,
    BrokenGzip,
    Drip,
    Refuse,
    Render,
    Reset,
    Simulator,
    Stall,
    Truncate,
    World,
    WrongLength,
)

if TYPE_CHECKING:
    from pictory_async.models import ProjectId
    from pictory_async.testing import Fault, SimRequest

FOR_EVER = 1e6
FAULTS: dict[str, Fault] = {
    "status 503": Answer(503, {"retry-after": "0"}),
    "status 502, handled": Answer(502, {"content-type": "text/html"}, b"<html>", reaches_world=True),
    "a page with status 200": Answer(200, {"content-type": "text/html"}, b"<html>"),
    "refused": Refuse(),
    "reset": Reset(),
    "reset, handled": Reset(reaches_world=True),
    "stalled": Stall(),
    "stalled in the body": Stall(20),
    "cut": Truncate(20),
    "reset in the body": Truncate(20, reset=True),
    "slow": Drip(500, 0.05),
    "too long a length": WrongLength(10),
    "too short a length": WrongLength(-10),
    "broken gzip": BrokenGzip(),
}


class ServerProcess:
    """The process, and questions to it.

    Args:
        options: What `serve` takes.
    """

    def __init__(self, **options: Any) -> None:
        command = [sys.executable, "-m", "tests.lab.endurance._server", json.dumps(options)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.facts: dict[str, Any] = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def ask(self, *, calm: bool = False) -> dict[str, Any]:
        """How many connections are open, requests arrived, and faults of each kind happened; none does once calm."""
        assert self._process.stdin is not None
        self._process.stdin.write("calm\n" if calm else "\n")
        self._process.stdin.flush()
        return self._read()

    async def connections(self, expected: int) -> int:
        """How many connections the server has open, once it has noticed what was closed."""
        found = -1
        for _ in range(200):
            found = self.ask()["open"]
            if found == expected:
                break
            await anyio.sleep(0.05)
        return found

    def client_options(self) -> dict[str, Any]:
        """Where the account is, and its key."""
        return {"base_url": self.facts["base_url"], "api_key": World().api_key}

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found


def serve(projects: int, resting: int = 0, faults: float = 0.0, latency: float = 0.0) -> None:
    """Serve until standard input ends, and answer each of its lines.

    Args:
        projects: Projects of the account, all of which have an older video.
        resting: How many of them are rendered when they are asked to, within minutes; the others are being rendered
            for ever.
        faults: The share of requests that something goes wrong with, 0 to 1.
        latency: The longest time an answer takes, in seconds.
    """
    from pictory_async.testing.server import ServerThread  # noqa: PLC0415 - the client's process does not serve

    chance = random.Random(1)
    seen: Counter[str] = Counter()

    calm = False

    def fault(_request: SimRequest, _now: float) -> Fault | None:
        if calm or chance.random() >= faults:
            return None
        kind = chance.choice(list(FAULTS))
        seen[kind] += 1
        return FAULTS[kind]

    world = World(render_seconds=(20.0, 300.0))
    ids: list[ProjectId] = [
        world.add_project(*([] if number < resting else [Render(0.0, duration=FOR_EVER)]), earlier_video=-600.0)
        for number in range(projects)
    ]
    done = world.add_project(Render(-100.0, duration=10.0))
    simulator = Simulator(world, latency=lambda _request, _now: chance.uniform(0.0, latency), faults=fault)
    with ServerThread(simulator) as server:
        say({"base_url": server.base_url, "resting": ids[:resting], "never": ids[resting:], "done": done})
        for line in sys.stdin:
            calm = calm or line.strip() == "calm"
            say({"open": server.open_connections, "requests": len(simulator.log), "faults": seen})


def say(facts: dict[str, Any]) -> None:
    """Write one line."""
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    serve(**json.loads(sys.argv[1]))
