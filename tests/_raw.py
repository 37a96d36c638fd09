"""A server that answers with any bytes, in a thread: for what no HTTP library would send."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class RawServer(socketserver.ThreadingTCPServer):
    """Answers each connection's one request with what ``reply`` makes of it, and closes.

    Attributes:
        reply: From the bytes of a request's head to the bytes, or the pieces, of its answer.
        requests: The heads of all requests so far.
        connections: How many connections there were so far.
        keep: Whether it goes on to read requests from the same connection.
        linger: Whether it ends connections in order.
        greeting: What it sends to whoever connects, before it reads anything.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, reply: Callable[[bytes], bytes | Iterator[bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = reply
        self.requests: list[bytes] = []
        self.connections = 0
        self.greeting = b""
        self.keep = False
        self.linger = True

    def reset(self) -> None:
        """End the connections that are open with RST instead of FIN, as a crashed process does."""
        self.linger = False

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    server: RawServer

    def handle(self) -> None:
        self.server.connections += 1
        with contextlib.suppress(OSError):
            self.request.sendall(self.server.greeting)
            while self._answer() and self.server.keep:
                pass

    def _answer(self) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(65536)
            if not piece:
                return False
            head += piece
        self.server.requests.append(head)
        answer = self.server.reply(head)
        for part in [answer] if isinstance(answer, bytes) else answer:
            self.request.sendall(part)
        if not self.server.linger:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
        return bool(answer)


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole answer, as bytes."""
    lines = [f"HTTP/1.1 {status} Raw", f"content-length: {len(body)}", "connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def kept(body: bytes, *headers: str) -> bytes:
    """A whole answer after which the connection stays open, as bytes."""
    return answer(200, body, *headers).replace(b"connection: close\r\n", b"")


def field(head: bytes, name: str) -> str:
    """The value of one header of a request's head; empty where it is absent."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        if line.lower().startswith(f"{name}:"):
            return line.partition(":")[2].strip()
    return ""


@contextlib.contextmanager
def raw_server(reply: Callable[[bytes], bytes | Iterator[bytes]]) -> Iterator[RawServer]:
    """Serve until the block ends."""
    with RawServer(reply) as server, serving(server):
        yield server


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    """Run a server in a thread until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
