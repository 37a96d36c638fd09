"""`pictory quota`, and the quota in the plan of a render."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pictory_async.testing import World

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server")


def test_lines() -> None:
    """In a pipe, a line for each, with tabs."""
    lines = run("quota").stdout.splitlines()
    assert "video minutes\t12.5\t600\t587.5" == lines[0]
    assert 4 == len(lines)


def test_on_a_terminal() -> None:
    """A sentence for each."""
    text = seen("quota")
    assert "AI credits " in text
    assert "40.6 of 1000 used, 959.4 left\r\n" in text


def test_json() -> None:
    """The response as it came."""
    assert {"used": 3.0, "limit": 60.0} == json.loads(run("quota", "--json").stdout)["elevenLabsVoiceOverMinutes"]


def test_what_the_api_does_not_tell(world: World) -> None:
    """A kind that is missing is left out; an account without that endpoint is one sentence."""
    world.quota = {"videoMinutes": (1.0, 2.0)}
    assert "video minutes\t1\t2\t1\n" == run("quota").stdout
    world.quota = None
    found = run("quota")
    assert (1, "") == (found.exit_code, found.stdout)
    assert 1 == found.stderr.count("Error: ")
