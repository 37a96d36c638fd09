"""The public names and their signatures change only on purpose."""

from __future__ import annotations

from importlib import import_module

import pytest

from tests._face import FILE, MODULES, client_face, command_face, module_face


@pytest.mark.parametrize("module", MODULES)
def test_a_module_offers_what_was_agreed(module: str) -> None:
    """Every public name and signature stands in ``public_face.txt``; ``python -m tests._face`` writes it anew."""
    if module.endswith(".server"):
        pytest.importorskip("uvicorn", reason="the extra simulator is not installed")
    assert _agreed(f"{module}:") == [*module_face(module)]


@pytest.mark.parametrize("module", ["pictory_async", "pictory_async.models"])
def test_dir_lists_what_is_imported_later(module: str) -> None:
    """``dir()`` lists every public name of a module, even if it is imported on first use."""
    found = import_module(module)
    assert sorted(found.__all__) == dir(found)


def test_a_client_offers_what_was_agreed() -> None:
    """Every call of ``client.projects``, ``client.templates`` and ``client.jobs`` does too."""
    assert _agreed("client.") == [*client_face()]


def test_the_command_is_what_was_agreed() -> None:
    """Every subcommand has the options that stand in ``public_face.txt``."""
    pytest.importorskip("click", reason="the extra cli is not installed")
    assert _agreed("pictory ") == [*command_face()]


def _agreed(beginning: str) -> list[str]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith(beginning)]
