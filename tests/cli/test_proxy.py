"""The option ``--proxy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.cli._options import without_password
from pictory_async.testing import Render
from tests._proxies import tunnel_proxy
from tests.cli._command import run

if TYPE_CHECKING:
    from pictory_async.testing import World
    from pictory_async.testing.server import ServerThread


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("http://user:word@proxy:3128", "http://USER:PASSWORD@proxy:3128"),
        ("user:word@proxy:3128", "USER:PASSWORD@proxy:3128"),
        ("http://user:w://o@rd@proxy:3128", "http://USER:PASSWORD@proxy:3128"),
        ("proxy", "proxy"),
    ],
)
def test_a_proxy_without_its_password(proxy: str, shown: str) -> None:
    """Whatever the password looks like."""
    assert shown == without_password(proxy)


def test_the_command_uses_the_proxy(world: World, server: ServerThread) -> None:
    """Its requests go through it, and an error names it without the password."""
    project_id = str(world.add_project(Render(-100.0, duration=10.0)))
    with tunnel_proxy(int(server.origin.rpartition(":")[2])) as proxy:
        found = run("project", project_id, "--proxy", f"http://user:s3cret@{proxy.address}")
        assert 0 == found.exit_code
        assert 1 == len(proxy.heads)
        assert 0 == run("project", project_id, "--proxy", "").exit_code
        assert 1 == len(proxy.heads)
    found = run("project", project_id, "--proxy", f"http://user:s3cret@{proxy.address}")
    assert 75 == found.exit_code
    assert "no connection through the proxy: " in found.stderr
    assert f"Check the proxy {proxy.address}, " in found.stderr
    assert "s3cret" not in found.stderr


def test_errors_name_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """They speak of the option, not of an argument."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_x")
    found = run("project", "x", "--proxy", "http://user:s3cret#@proxy")
    assert found.stderr.startswith("Error: --proxy is not the address of a proxy")
    assert "s3cret" not in found.stderr
    found = run("project", "x", "--base-url", "http://127.0.0.1:9", "--proxy", "http://proxy.example")
    assert "Remove --proxy, or use an https:// address" in found.stderr


def test_the_next_command_has_no_password(world: World, server: ServerThread) -> None:
    """It has the proxy, with placeholders for the user name and the password."""
    late = str(world.add_project(Render(-1.0, duration=1e6)))
    with tunnel_proxy(int(server.origin.rpartition(":")[2])) as proxy:
        given = f"http://user:s3cret@{proxy.address}"
        found = run("wait", late, "--interval", "0.05", "--max-wait", "0.2", "--proxy", given)
    assert f" --proxy http://USER:PASSWORD@{proxy.address}" in found.stderr
    assert "s3cret" not in found.stderr + found.stdout
