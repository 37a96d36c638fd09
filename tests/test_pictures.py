"""The pictures of the documentation: up to date, complete in themselves, and readable on light and dark pages."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = sorted(DOCS.glob("*.svg"))


@pytest.fixture(scope="module")
def drawings() -> Any:
    """The script that makes the drawings of the architecture page."""
    spec = importlib.util.spec_from_file_location("drawings", DOCS / "_scripts" / "drawings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DRAWINGS = ["architecture.svg", "budget.svg", "poll.svg", "snapshot.svg", "watch.svg"]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_what_its_script_makes(drawings: Any, name: str) -> None:
    """A committed drawing is up to date: `nox -s picture` makes it from the import contract."""
    assert drawings.DRAWINGS[name]() == (DOCS / name).read_text(encoding="utf-8")


def test_the_drawing_explains_every_layer(drawings: Any) -> None:
    """Each layer of the import contract has a purpose, and each purpose a layer."""
    assert sorted(drawings.PURPOSES) == sorted(part for floor in drawings.layers() for part in floor)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_needs_nothing_else(path: Path) -> None:
    """A picture loads nothing, runs nothing, names no machine, and has a text for those who cannot see it."""
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    outside = re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"]*|@import|@font-face|\bhref|url\((?!#)", text)
    assert ("svg", []) == (root.tag.rpartition("}")[2], outside)
    assert set() == kinds & {"script", "image", "foreignObject", "use"}
    assert [] == re.findall(r"127\.0\.0\.1|localhost|/home/|/tmp/|/root/", text)
    assert root.findtext("{http://www.w3.org/2000/svg}title")


def test_pictures_for_light_and_dark_pages() -> None:
    """The demo is there twice, with the same text; the drawings change their colours themselves."""
    light, dark = ("".join(ET.parse(DOCS / f"demo-{name}.svg").getroot().itertext()) for name in ("light", "dark"))
    words = [re.sub(r"\.demo-\w+-[^}]*}|\s", "", text) for text in (light, dark)]
    assert words[0] == words[1]
    assert "pictory\N{NO-BREAK SPACE}demo" in light
    for name in DRAWINGS:
        assert "@media (prefers-color-scheme: dark)" in (DOCS / name).read_text(encoding="utf-8")
