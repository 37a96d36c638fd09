"""The pytest plugin."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from pictory_async.testing import World, plugin

pictory_world = plugin.pictory_world
pictory_simulator = plugin.pictory_simulator
pictory_server = plugin.pictory_server


def test_a_test_gets_an_account_of_its_own(pictory_world, pictory_simulator):
    """The world of a test is empty and is the world of its simulator."""
    assert isinstance(pictory_world, World)
    assert [] == pictory_world.projects
    assert pictory_world is pictory_simulator.world


def test_a_test_gets_a_server(request, pictory_world):
    """The server serves the same world through a socket."""
    pytest.importorskip("uvicorn", reason="the extra simulator is not installed")
    pictory_server = request.getfixturevalue("pictory_server")
    pictory_world.add_template(template_id="mine")
    headers = {"Authorization": pictory_world.api_key}
    with httpx.Client() as client:
        body = client.get(f"{pictory_server.base_url}/v1/templates", headers=headers).json()
    assert ["mine"] == [item["templateId"] for item in body["items"]]


@pytest.mark.parametrize("heavy", ["uvicorn", "starlette"])
def test_the_plugin_is_light(heavy):
    """Loading the plugin imports no server."""
    code = f"import pictory_async.testing.plugin, sys; print({heavy!r} in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False" == result.stdout.strip()
