"""The public face as text: every public name, with its signature. ``python -m tests._face`` writes it anew."""

from __future__ import annotations

import inspect
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pictory_async import AsyncPictory, RenderPoller

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = [
    "pictory_async",
    "pictory_async.asgi",
    "pictory_async.errors",
    "pictory_async.events",
    "pictory_async.opentelemetry",
    "pictory_async.models",
    "pictory_async.insight",
    "pictory_async.video",
    "pictory_async.testing",
    "pictory_async.testing.server",
    "pictory_async.webhooks",
]
FILE = Path(__file__).with_name("public_face.txt")


def module_face(name: str) -> Iterator[str]:
    """Every public name of a module, one a line, in a fixed order."""
    module = import_module(name)
    own = [key for key, thing in vars(module).items() if getattr(thing, "__module__", "") == name]
    for key in sorted(getattr(module, "__all__", [key for key in own if not key.startswith("_")])):
        yield from _described(f"{name}:{key}", getattr(module, key))


def client_face() -> Iterator[str]:
    """Every call of a client, one a line."""
    client = AsyncPictory("pictai_face")
    groups = ["account", "ai_images", "ai_videos", "avatars", "aws_connections", "brands", "jobs", "media", "music"]
    groups += ["projects", "smart_layouts", "templates", "text_styles", "transcripts", "videos", "vimeo_connections"]
    groups += ["voices"]
    for name in groups:
        yield from _members(f"client.{name}", type(getattr(client, name)))


def command_face() -> Iterator[str]:
    """Every subcommand, with its arguments and options, one a line."""
    cli = import_module("pictory_async.cli._app").pictory
    click = import_module("click")
    context = click.Context(cli)
    for name in sorted(cli.list_commands(context)):
        command = cli.get_command(context, name)
        parameters = [" / ".join([*one.opts, *one.secondary_opts]) for one in command.params]
        yield f"pictory {name}: {', '.join(sorted(parameters))}"


def _described(path: str, thing: Any) -> Iterator[str]:
    if inspect.isclass(thing):
        bases = ", ".join(base.__name__ for base in thing.__mro__[1:-1] if "._" not in base.__module__)
        yield f"{path}({bases})"
        if thing is not RenderPoller and "__init__" in vars(thing):  # a poller is made by the client
            yield f"{path}{_signature(thing.__init__)}"
        yield from _members(path, thing)
    elif callable(thing):
        yield f"{path}{_signature(thing)}"
    else:
        yield f"{path}: {type(thing).__name__}"


def _members(path: str, owner: type) -> Iterator[str]:
    for name in sorted(name for name in dir(owner) if not name.startswith("_")):
        home = next((one for one in owner.__mro__ if name in vars(one)), owner)
        if not home.__module__.startswith("pictory_async"):
            continue  # of a built-in class, and of this Python version
        found = inspect.getattr_static(owner, name)
        function = found.__func__ if isinstance(found, (classmethod, staticmethod)) else found
        if inspect.isfunction(function):
            yield f"{path}.{name}{_signature(function)}"
        else:
            yield f"{path}.{name}"


def _signature(function: Any) -> str:
    try:
        return str(inspect.signature(function)).replace("pictory_async.", "")
    except ValueError:
        return "(...)"


if __name__ == "__main__":
    FILE.write_text(
        "".join(f"{line}\n" for line in chain(*map(module_face, MODULES), client_face(), command_face())),
        encoding="utf-8",
    )
