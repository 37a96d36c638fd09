"""The checks of the built documentation find what they are for."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests._browser import chromium

SCRIPT = Path(__file__).parent.parent / "docs" / "_scripts" / "check_pages.py"


@pytest.fixture(scope="module")
def checks() -> Any:
    """The script."""
    spec = importlib.util.spec_from_file_location("check_pages", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_link_that_leads_nowhere_is_found(checks: Any, tmp_path: Path) -> None:
    """To a page, a picture or an anchor that is not there; other sites are not asked."""
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">x</a><a href="b.html#gone">x</a><a href="c.html">x</a><img src="gone%20too.png">'
        '<a href="https://example.com/x">x</a><a href="#">x</a>'
    )
    (tmp_path / "b.html").write_text('<h1 id="here">Here</h1><a href="#here">x</a>')
    assert [
        "a.html: b.html#gone: the page has no such anchor",
        "a.html: c.html: there is no such file",
        "a.html: gone%20too.png: there is no such file",
    ] == checks.broken_links(tmp_path)


def test_what_does_not_fit_is_found(checks: Any, tmp_path: Path) -> None:
    """A table that sticks out on a phone, and a line of code that is cut on a laptop."""
    for name in checks.PAGES:
        (tmp_path / f"{name}.html").write_text("<p>Fits.</p>")
    (tmp_path / "limits.html").write_text('<div style="width: 600px">wide</div>')
    (tmp_path / "other.html").write_text(f'<div class="content"><pre style="overflow: auto">{"x" * 300}</pre></div>')
    with chromium() as browser:
        found = checks.layout_problems(tmp_path, tmp_path / "pictures", browser)
    assert [("limits", "390"), ("other", "1280")] == [(line.split()[0], line.split()[2]) for line in found]
    assert 3 * len(checks.PAGES) == len([*(tmp_path / "pictures").iterdir()])
