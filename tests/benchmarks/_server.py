"""The server of the benchmarks: as little as answers HTTP/1.1, so that the client's cost is what is measured."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import uvloop

from pictory_async.testing import Render, SimRequest, World

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


def project_body(scenes: int | None, *, rendered: bool = True) -> bytes:
    """The body of a project in the documented shape, 2 KB or with scenes of about 3 KB each."""
    world = World()
    project_id = world.add_project(Render(-100.0, duration=10.0 if rendered else 1e9), project_id="p", scenes=scenes)
    headers = {"authorization": world.api_key}
    path = f"/pictoryapis/v2/projects/{project_id}"
    answer = world.handle(SimRequest(method="GET", path=path, query="", headers=headers, body=b""), 0.0)
    return b"".join(answer.pieces())


class Counter:
    """What the server has seen."""

    connections = 0
    requests = 0


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, counter: Counter, delay: float, bodies: dict[bytes, bytes]) -> None:
        self._counter = counter
        self._delay = delay
        self._bodies = bodies
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
            kind = b"predictions" if b"/predictions/" in path else b"projects"
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._answer, self._bodies[kind])
            else:
                self._answer(self._bodies[kind])

    def _answer(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)


async def serve(delay: float, scenes: int | None, rendered: bool) -> None:
    """Serve until standard input ends."""
    counter = Counter()
    bodies = {b"projects": project_body(scenes, rendered=rendered), b"predictions": json.dumps(PREDICTION).encode()}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(counter, delay, bodies), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    options = json.loads(sys.argv[1])
    uvloop.run(serve(options.get("delay", 0.0), options.get("scenes"), options.get("rendered", True)))
