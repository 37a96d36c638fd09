"""What the tests of `pictory make` have in common."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from pictory_async.testing import World
from tests.cli._command import run

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE: Final = "template1"
PEOPLE: Final = 'Name,Company\nAda,Acme\nBen,"Bolt, Inc."\nCleo,Core\n'
QUICK: Final = ("--interval", "0.05", "--start-grace", "0.3", "--kind", "video")
LIMIT: Final = ("--max-wait", "30s")


def account() -> World:
    """Make an account with a template and short renders, whose files can be downloaded."""
    world = World(media_base="self", render_seconds=(0.1, 0.2), queue_seconds=(0.0, 0.0), media_sizes={"mp4": 1000})
    world.add_template("Hello {{Name}} of {{Company}}, how are you today?", template_id=TEMPLATE, name="Welcome")
    return world


def make(*options: str, data: str = PEOPLE, **settings: Any) -> Any:
    """Run the command with a table on standard input."""
    name = () if "--name" in options else ("--name", "Hello {Name}")
    return run("make", TEMPLATE, "--data", "-", *name, *options, input=data, **settings)


def made(videos: Path, *options: str, **settings: Any) -> Any:
    """Make the videos of a table and download them."""
    return make("--download", str(videos), "--yes", *QUICK, *LIMIT, *options, **settings)


def paid(world: World) -> int:
    return sum(entry.method == "POST" for entry in world.log)


def results(videos: Path) -> list[dict[str, str]]:
    """Read the file of results."""
    return [*csv.DictReader(io.StringIO((videos / "results.csv").read_text(encoding="utf-8-sig")))]
