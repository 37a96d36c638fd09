"""The server of the benchmarks: as little as answers HTTP/1.1, so that the client's cost is what is measured."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import random
import string
import sys
from typing import Any

from pictory_async.testing import Render, SimRequest, World

if importlib.util.find_spec("uvloop") is None:  # as on Windows; the server is still quicker than its clients
    run: Any = asyncio.run
else:
    run = importlib.import_module("uvloop").run

PREDICTION = {
    "id": "p",
    "model": "a/b",
    "version": "v",
    "status": "succeeded",
    "input": {"text": "x"},
    "output": ["https://media.invalid/a.mp4"],
    "logs": "",
    "error": None,
    "metrics": {"predict_time": 1.0},
    "created_at": "2026-01-01T00:00:00.000Z",
    "started_at": "2026-01-01T00:00:00.000Z",
    "completed_at": "2026-01-01T00:00:00.000Z",
    "urls": {"get": "https://api.invalid/v1/predictions/p", "cancel": "https://api.invalid/v1/predictions/p/cancel"},
}


BIG = 60
"""Scenes of a big project, of about 3 KB each."""


def project_body(scenes: int | None, *, rendered: bool = True) -> bytes:
    """The body of a project in the documented shape: 2 KB, or with scenes as rich as real ones."""
    world = World()
    project_id = world.add_project(Render(-100.0, duration=10.0 if rendered else 1e9), project_id="p", scenes=scenes)
    headers = {"authorization": world.api_key}
    path = f"/pictoryapis/v2/projects/{project_id}"
    answer = world.handle(SimRequest(method="GET", path=path, query="", headers=headers, body=b""), 0.0)
    body = b"".join(answer.pieces())
    if scenes is None:
        return body
    raw = json.loads(body)
    chance = random.Random(1)
    for scene in raw["scenes"]:
        _enrich(scene, chance)
    return json.dumps(raw, separators=(",", ":")).encode()  # as JavaScript writes it


def _enrich(scene: dict[str, Any], chance: random.Random) -> None:
    # The simulator fills scenes up with one long text, which is easier to decode and to compress than what people
    # write. Here no words are alike, and their emphasis makes many small parts.
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 9))) for _ in range(54)]
    scene["text"] = " ".join(words)
    scene["sentence"] = [
        {"text": " ".join(words[place : place + 3]), "highlight": False, "decoration": [], "case": "none"}
        for place in range(0, len(words), 3)
    ]
    scene["keywords"] = words[:8]


class Counter:
    """What the server has seen."""

    connections = 0
    requests = 0


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, counter: Counter, delay: float, bodies: dict[bytes, bytes], *, changing: bool) -> None:
        self._counter = counter
        self._delay = delay
        self._bodies = bodies
        self._changing = changing
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._counter.connections += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            path = head.split(b" ", 2)[1]
            if path.endswith(b"/stats"):
                counts = {"connections": self._counter.connections, "requests": self._counter.requests}
                self._answer(json.dumps(counts).encode())
                continue
            self._counter.requests += 1
            body = self._body(path)
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._answer, body)
            else:
                self._answer(body)

    def _body(self, path: bytes) -> bytes:
        if b"/predictions/" in path:
            return self._bodies[b"predictions"]
        body = self._bodies[b"projects"]
        if not self._changing:
            return body
        # Each project has its own id, and every tenth answer differs from the others, as when a project is saved.
        body = body.replace(b'"project_id":"p"', b'"project_id":"%s"' % path.rpartition(b"/")[2], 1)
        return body if self._counter.requests % 10 else body + b" "

    def _answer(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)


async def serve(delay: float, scenes: int | None, *, rendered: bool, changing: bool) -> None:
    """Serve until standard input ends."""
    counter = Counter()
    bodies = {b"projects": project_body(scenes, rendered=rendered), b"predictions": json.dumps(PREDICTION).encode()}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Protocol(counter, delay, bodies, changing=changing), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    options = json.loads(sys.argv[1])
    run(
        serve(
            options.get("delay", 0.0),
            options.get("scenes"),
            rendered=options.get("rendered", True),
            changing=options.get("changing", False),
        )
    )
