"""Proxies and an encrypted simulator on loopback, in threads: real ones, and such as nobody wants."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import socketserver
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import trustme
import uvicorn

from pictory_async.testing.server import make_app
from tests._parts import needs
from tests._raw import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pictory_async.testing import Simulator


class Authority:
    """A certificate authority that nobody else knows.

    Attributes:
        file: Its certificate.
        tls: The TLS context of servers on this machine.
    """

    def __init__(self, directory: Path) -> None:
        authority = trustme.CA()
        self.certificate = authority.issue_cert("localhost", "127.0.0.1")
        self.file = directory / "authority.pem"
        authority.cert_pem.write_to_path(self.file)
        self.chain = directory / "chain.pem"
        self.certificate.private_key_and_cert_chain_pem.write_to_path(self.chain)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.chain)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()  # to end it before that hangs some versions


@contextlib.contextmanager
def encrypted(simulator: Simulator, authority: Authority) -> Iterator[int]:
    """Serve a simulator over TLS until the block ends, and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            make_app(simulator), ssl_certfile=authority.chain, log_level="critical", lifespan="off", loop="asyncio"
        )
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        server.ready.wait()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


class TunnelProxy(socketserver.ThreadingTCPServer):
    """A proxy for CONNECT, for plain requests and for SOCKS5, that leads to one server, whatever it is asked for.

    Attributes:
        heads: The heads of all requests for a tunnel or a page; of SOCKS, the names that were asked for.
        refuse: From the number of a request, counted from 0, to the bytes that are sent instead of a tunnel; ``None``
            for a tunnel.
        left: Set when a client has closed a connection without having got a tunnel.
        heard: Set when a client has sent something that gets no reply.
        silent: Whether tunnels lead nowhere: nothing that arrives in them gets a reply.
        socks: Whether it speaks SOCKS5, and then the user name and password that it requires.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Client)
        self.target = ("127.0.0.1", port)
        self.heads: list[bytes] = []
        self.refuse: Callable[[int], bytes | None] = lambda _: None
        self.left = threading.Event()
        self.heard = threading.Event()
        self.silent = False
        self.socks: tuple[str, str] | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def over_tls(self, authority: Authority) -> None:
        """Be an ``https://`` proxy."""
        self.socket = authority.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class _Client(socketserver.BaseRequestHandler):
    server: TunnelProxy

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            if self.server.socks is None:
                self._http()
            else:
                self._socks(*self.server.socks)

    def _http(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(65536)
            if not piece:
                return
            head += piece
        number = len(self.server.heads)
        self.server.heads.append(head)
        refusal = self.server.refuse(number)
        if refusal is not None:
            self._refuse(refusal)
        elif head.startswith(b"CONNECT"):
            self.request.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            self._lead(b"")
        else:
            self._lead(head)

    def _refuse(self, refusal: bytes) -> None:
        if refusal == SILENCE:
            self.server.heard.set()
            self._wait()
        else:
            self.request.sendall(refusal)

    def _wait(self) -> None:
        with contextlib.suppress(OSError):
            while self.request.recv(65536):
                self.server.heard.set()
        self.server.left.set()

    def _socks(self, user: str, password: str) -> None:
        self.request.recv(65536)
        self.request.sendall(b"\x05\x02")
        sent = self.request.recv(65536)
        expected = b"\x01%c%b%c%b" % (len(user), user.encode(), len(password), password.encode())
        self.request.sendall(b"\x01\x00" if sent == expected else b"\x01\x01")
        request = self.request.recv(65536)
        self.server.heads.append(request[5:-2])
        refusal = self.server.refuse(len(self.server.heads) - 1)
        if refusal is not None:
            self._refuse(refusal)
            return
        self.request.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x09")
        self._lead(b"")

    def _lead(self, first: bytes) -> None:
        if self.server.silent:
            self._wait()
            return
        with socket.create_connection(self.server.target) as there:
            there.sendall(_relative(first))
            pairs = {self.request: there, there: self.request}
            while True:
                waiting = self.request.pending() if isinstance(self.request, ssl.SSLSocket) else 0
                ready = [self.request] if waiting else select.select([*pairs], [], [])[0]
                for one in ready:
                    piece = one.recv(65536)
                    if not piece:
                        return
                    pairs[one].sendall(_relative(piece) if first and one is self.request else piece)


def _relative(head: bytes) -> bytes:
    return re.sub(rb" http://[^/]*", b" ", head, count=1)


SILENCE = b"\0"
"""Of `TunnelProxy.refuse`: no reply, until the client leaves."""


@contextlib.contextmanager
def tunnel_proxy(port: int, authority: Authority | None = None) -> Iterator[TunnelProxy]:
    """Run a proxy that leads to a port of this machine; with an authority, it is an ``https://`` proxy."""
    with TunnelProxy(port) as proxy:
        if authority is not None:
            proxy.over_tls(authority)
        with serving(proxy):
            yield proxy


@contextlib.contextmanager
def tinyproxy(directory: Path, *settings: str) -> Iterator[tuple[str, list[str]]]:
    """Run the program tinyproxy; give its address, and a list that has its log when the block has ended."""
    program = needs("tinyproxy")
    port = unused_port()
    config = directory / "tinyproxy.conf"
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "MaxClients 50", "LogLevel Info", *settings]
    config.write_text("\n".join([*lines, ""]))
    log: list[str] = []
    process = subprocess.Popen(
        [program, "-d", "-c", str(config)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            log.append(line)
            if "Accepting connections" in line:
                break
        else:
            raise AssertionError(log)
        yield f"127.0.0.1:{port}", log
    finally:
        process.terminate()
        log += process.communicate()[0].splitlines()


def unused_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: Any = unused.getsockname()[1]
        return int(port)
