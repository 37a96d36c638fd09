"""A Redis or Valkey server of a test: on a port of its own, in a directory of its own, with nothing on a disk."""

from __future__ import annotations

import shutil
import socket
import subprocess
from typing import TYPE_CHECKING, Self

import pytest

from tests._parts import needs

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = ["redis-server", "valkey-server"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class RedisServer:
    """A server that can be killed and started again at the same address.

    Args:
        directory: Where it runs.
        program: Which one; a test is skipped if it is not installed.
        options: Settings, as on its command line.
    """

    def __init__(self, directory: Path, program: str = "redis-server", *options: str) -> None:
        if program != SERVERS[0] and shutil.which(program) is None:
            pytest.skip(f"the program {program} is not installed: not every release of Debian has it")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [needs(program), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *options]
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        self._process = subprocess.Popen(self._command, cwd=self._directory, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        ready = any(b"Ready to accept connections" in line for line in self._process.stdout)
        assert ready, "the server ended"

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
