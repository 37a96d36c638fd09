"""What the tests of `pictory sync` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pictory_async.testing import World
from tests.cli._command import run

if TYPE_CHECKING:
    from pathlib import Path

QUICK: Final = ("--interval", "0.05", "--start-grace", "0.3", "--kind", "video")


def short_renders() -> World:
    """Make an account with short renders, whose files can be downloaded."""
    return World(
        media_base="self", render_seconds=(0.1, 0.2), queue_seconds=(0.0, 0.0), media_sizes={"mp4": 1000, "srt": 10}
    )


def sync(videos: Path, *options: str, **settings: Any) -> Any:
    """Run the command for a directory."""
    return run("sync", str(videos), *QUICK, *options, **settings)


def posts(world: World) -> int:
    """How many renders were requested."""
    return sum(entry.method == "POST" for entry in world.log)


def cells(text: str) -> list[list[str]]:
    """The fields of lines with tabs."""
    return [line.split("\t") for line in text.splitlines()]


def films(world: World, count: int) -> list[str]:
    """Add projects without videos, and return their ids."""
    return [str(world.add_project(name=f"Film {number}")) for number in range(count)]
