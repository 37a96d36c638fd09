"""What downloads leave in a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = ".pictory.json"


def names_in(directory: Path) -> list[str]:
    """The names in a directory, without the manifest, which every directory with downloads has."""
    return sorted(path.name for path in directory.iterdir() if path.name != MANIFEST)
