"""Certificate authorities that the environment names and that are not there."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi
import pytest

from pictory_async import AsyncPictory, RenderStatus, errors
from pictory_async._http.authorities import trusted
from tests._raw import raw_server

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

    def create_ssl_context(self, trust_env: bool = True) -> Any:
        return ssl.create_default_context(cafile=self.file)


def test_each_call_names_the_variable(tmp_path: Path) -> None:
    """With a stale ``SSL_CERT_FILE``, calls, waits and downloads end with an error of ours that says so."""
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


@pytest.mark.anyio
async def test_a_refused_certificate_ends_waits_after_two_polls(engine: Any) -> None:
    """Nobody's authority signed it, so polling on changes nothing; each error says why."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    with raw_server(lambda _: b"") as server:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        address = f"{server.origin.replace('http', 'https', 1)}/pictoryapis"
        async with AsyncPictory("pictai_x", base_url=address, http=engine) as client:
            outcomes = await client.projects.wait_all(["p", "q"], interval=0.01)
    assert [] == server.requests
    assert {RenderStatus.ERROR} == {outcome.status for outcome in outcomes}
    for outcome in outcomes:
        assert isinstance(outcome.error, errors.ConnectionFailedError)
        assert "CERTIFICATE_VERIFY_FAILED" in str(outcome.error)
        assert repr(outcome.project_id) in str(outcome.error)
