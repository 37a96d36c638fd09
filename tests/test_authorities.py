"""Certificate authorities that the environment names and that are not there."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi
import pytest

from pictory_async import errors
from pictory_async._http.authorities import trusted

PROGRAM = """
import sys
import anyio
from pictory_async import AsyncPictory, errors
from pictory_async.models import Project

film = Project(id="p", name="Film", video_url="https://127.0.0.1:9/film.mp4")

async def main():
    async with AsyncPictory("pictai_x", base_url="https://127.0.0.1:9/pictoryapis") as client:
        for call in (
            client.projects.get("p"),
            client.projects.wait_all(["p", "q"]),
            client.projects.download(film, sys.argv[1], kinds=["video"]),
        ):
            try:
                await call
            except errors.PictoryError as error:
                print(error)

anyio.run(main)
"""


class Library:
    """Makes a context as httpx does."""

    def __init__(self, file: str) -> None:
        self.file = file

    def create_ssl_context(self) -> Any:
        return ssl.create_default_context(cafile=self.file)


def test_each_call_names_the_variable(tmp_path: Path) -> None:
    """In a process whose ``SSL_CERT_FILE`` is stale, calls, waits and downloads have an error that says so."""
    environment = {"SSL_CERT_FILE": "/nonexistent.pem", "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert 3 == len(lines), done.stderr
    assert all("SSL_CERT_FILE names '/nonexistent.pem', which cannot be used: No such file" in line for line in lines)


def test_authorities_that_can_be_used_are_used(tmp_path: Path) -> None:
    """A good file or directory is no error, and neither is an empty variable."""
    good = Library(certifi.where())
    for environ in (
        {},
        {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""},
        {"SSL_CERT_FILE": certifi.where(), "SSL_CERT_DIR": "/nonexistent"},
        {"SSL_CERT_DIR": f"/nonexistent:{tmp_path}"},
    ):
        assert isinstance(trusted(good, environ), ssl.SSLContext)


def test_authorities_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """The error names the variable and the path, or says that the library has no authorities."""
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    with pytest.raises(errors.PictoryConfigError, match=r"SSL_CERT_FILE names .*empty\.pem"):
        trusted(Library(str(empty)), {"SSL_CERT_FILE": str(empty)})
    with pytest.raises(errors.PictoryConfigError, match=r"SSL_CERT_DIR names '/nonexistent'.* not a directory"):
        trusted(Library(str(empty)), {"SSL_CERT_DIR": "/nonexistent"})
    with pytest.raises(errors.PictoryConfigError, match="cannot be loaded"):
        trusted(Library("/nonexistent"), {})
