"""The page of the endpoints is what its script makes from the code."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

SCRIPT = Path(__file__).parent.parent / "docs" / "_scripts" / "endpoints.py"


@pytest.fixture(scope="module")
def endpoints() -> Any:
    """The script."""
    spec = importlib.util.spec_from_file_location("endpoints", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(endpoints: Any) -> None:
    """``python docs/_scripts/endpoints.py`` writes it."""
    text = endpoints.PAGE.read_text(encoding="utf-8")
    assert endpoints.page(text) == text


def test_every_documented_endpoint_has_a_call(endpoints: Any) -> None:
    """Every documented endpoint has a call, and no call requests anything else."""
    documented = {endpoint for section in endpoints.ENDPOINTS.values() for endpoint in section}
    requested = set().union(*endpoints.requested().values())
    assert documented == requested


def test_the_commands_are_read_from_their_code(endpoints: Any) -> None:
    """A command has the calls that it makes, directly or by what it uses."""
    found = endpoints.commands()
    assert {"media.upload", "transcripts.start"} == found["transcribe"]
    assert {"account.quota"} == found["quota"]
    assert "projects.render_all" in found["render"]
    assert frozenset() == found["completion"]
