"""`pictory doctor` and `pictory open`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.errors import ConnectionFailedError
from pictory_async.events import RequestEnded
from tests.cli._command import Terminal, run, seen, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import World

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._checkup import Check, Response, checks_of_response, installed

NAMES = ["versions", "budget", "state", "proxy", "network", "certificate", "clock", "key"]
API = "https://api.example.com/x"


def rows(text: str) -> dict[str, list[str]]:
    """What was found, by the names of the checks."""
    return {line.split("\t")[0]: line.split("\t")[1:] for line in text.splitlines()}


def checks(response: Response) -> dict[str, Check]:
    """The checks of a response, by their names."""
    return {check.name: check for check in checks_of_response(response)}


@pytest.mark.usefixtures("server")
def test_all_is_well(world: World) -> None:
    """Each check has a line without a cure, one request is sent, and the key is shown nowhere."""
    found = run("doctor", "--rate", "7/s")
    lines = rows(found.stdout)
    assert (0, "") == (found.exit_code, found.stderr)
    assert NAMES == [*lines]
    assert {"ok"} == {state for state, _, _ in lines.values()}
    assert {""} == {cure for _, _, cure in lines.values()}
    assert lines["budget"][1].startswith("7 requests in 1 s")
    assert 1 == len(world.log)
    assert world.api_key not in found.stdout


@pytest.mark.usefixtures("server")
def test_what_is_wrong_has_a_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A rejected key and a directory that cannot be made: each says what to do, and the key matters most."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_wrong")
    monkeypatch.setenv("PICTORY_STATE_DIR", str(tmp_path / "file" / "state"))
    found = run("doctor", "--budget", "off")
    lines = rows(found.stdout)
    assert 77 == found.exit_code
    assert ["problem", "from PICTORY_API_KEY: Pictory rejects it"] == lines["key"][:2]
    assert lines["key"][2].startswith("Copy a valid key from https://")
    assert "PICTORY_STATE_DIR" in lines["state"][2]
    assert "pictai_wrong" not in found.stdout


def test_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be checked is checked, and the last line says how to get a key."""
    monkeypatch.delenv("PICTORY_API_KEY", raising=False)
    found = run("doctor", "--json")
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert (2, ["versions", "budget", "state", "settings"]) == (found.exit_code, [line["check"] for line in lines])
    assert [True, True, True, False] == [line["ok"] for line in lines]
    assert "https://app.pictory.ai/api-access" in lines[-1]["cure"]
    assert "https://app.pictory.ai/api-access" in seen("doctor", columns=40, code=2)  # it is not broken
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_x")
    found = run("doctor", "--base-url", "http://example.com")
    assert "example.com" in rows(found.stdout)["settings"][2]


def test_without_a_network(monkeypatch: pytest.MonkeyPatch, free_tcp_port: int) -> None:
    """One attempt is made; what could not be found out is unknown, and not wrong."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_x")
    found = run("doctor", "--base-url", f"http://127.0.0.1:{free_tcp_port}", "--budget", "off")
    lines = rows(found.stdout)
    assert 75 == found.exit_code
    assert ["problem", "unknown", "unknown"] == [lines[name][0] for name in ("network", "clock", "key")]
    assert f"127.0.0.1:{free_tcp_port}" in lines["network"][1]
    assert "HTTPS_PROXY" in lines["network"][2]


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign before each check, and its cure below what was found."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_wrong")
    text = seen("doctor", columns=columns, code=77)
    assert "✓" in text
    assert "✗" in text
    assert text.index("rejects") < text.index("Copy")


def test_certificates_and_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused certificate is no failure of the network; a wrong clock is told from the date of a response."""
    error = ConnectionFailedError("GET /v2/projects failed: [SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate.")
    found = checks(Response(API, "--key-command", error))
    assert found["network"].good
    assert "SSL_CERT_FILE" in found["certificate"].cure
    now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    for minutes, words in ((-3, "180 s ahead of"), (3, "180 s behind"), (0, "agrees")):
        date = format_datetime(now + timedelta(minutes=minutes), usegmt=True)
        ended = RequestEnded(purpose="call", method="GET", host="x", port=443, status=200, date=date)
        monkeypatch.setenv("SSL_CERT_FILE", "/etc/company.pem")
        found = checks(Response(API, "PICTORY_API_KEY", None, ended, now))
        assert words in found["clock"].text
        assert found["clock"].good is not bool(minutes)
        assert "by the authorities of SSL_CERT_FILE (/etc/company.pem)" in found["certificate"].text
    ended = RequestEnded(
        purpose="call", method="GET", host="x", port=443, status=200, date="Thu, 01 Jan 2026 12:00:00 -0000"
    )
    assert checks(Response(API, "PICTORY_API_KEY", None, ended, now))["clock"].good


def test_an_error_that_is_not_about_the_key() -> None:
    """If the API fails, the key is neither good nor bad because of it, and the code is that of the failure."""
    ended = RequestEnded(purpose="call", method="GET", host="x", port=443, status=500)
    found = checks(Response(API, "PICTORY_API_KEY", ConnectionFailedError("It broke."), ended))["key"]
    assert ("from PICTORY_API_KEY: It broke.", 75) == (found.text, found.code)
    assert checks(Response(API, "PICTORY_API_KEY"))["network"].text == "nothing was sent"


@pytest.mark.parametrize(
    ("environment", "arguments", "says"),
    [
        ({}, [], "none"),
        ({"HTTPS_PROXY": "http://me:word@proxy.example:3128"}, [], "http://USER:PASSWORD@proxy.example:3128, from the"),
        (
            {"ALL_PROXY": "http://proxy.example:3128", "NO_PROXY": "example.com"},
            [],
            "none: NO_PROXY has api.example.com",
        ),
        ({}, ["--proxy", "http://me:word@127.0.0.1:9"], "--proxy: http://USER:PASSWORD@127.0.0.1:9"),
    ],
)
def test_proxies(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], arguments: list[str], says: str) -> None:
    """The proxy is shown without its password, and with what named it."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if arguments:
        monkeypatch.setenv("PICTORY_API_KEY", "pictai_x")
        found = run("doctor", *arguments, "--base-url", "https://api.example.com", "--budget", "off")
        assert says in rows(found.stdout)["proxy"][1]
    else:
        assert says in checks(Response(API, "PICTORY_API_KEY"))["proxy"].text


def test_versions() -> None:
    """What is not installed has no version."""
    assert ["attrs"] == [one.split()[0] for one in installed(["no-such-distribution", "attrs"])]


@pytest.mark.usefixtures("server")
def test_open(world: World, tmp_path: Path) -> None:
    """The browser gets the page of the video; without a terminal, or in CI, its address is printed."""
    project_id = str(world.add_project(name="Film", earlier_video=-60.0))
    page = run("share", project_id).stdout
    assert page == run("open", project_id).stdout
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!{sys.executable}\nimport sys\nopen({str(opened)!r}, "w").write(sys.argv[1])\n')
    browser.chmod(0o755)
    for name, says in (("False", f"Opened {page.strip()}"), ("true", page.strip())):
        with Terminal(columns=200) as terminal:
            all_three: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.theirs)
            environment = {**terminal.environment, "BROWSER": str(browser), "CI": name}
            with started("open", project_id, **all_three, env=environment) as process:
                terminal.attached()
                text = terminal.read_until()
                assert 0 == process.wait()
        assert says == text.strip()
        assert page.strip() == opened.read_text()


@pytest.mark.usefixtures("server")
def test_nothing_to_open(world: World) -> None:
    """A project without a page names the command that makes one."""
    project_id = str(world.add_project(name="Film"))
    found = run("open", project_id)
    assert (3, "") == (found.exit_code, found.stdout)
    assert f"Project {project_id!r} has no video to open" in found.stderr
