"""`pictory template`: snapshots of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pictory_async.cli._options import as_json, base_url
from pictory_async.cli._snapshots import print_snapshots
from pictory_async.cli._text import one_line, shown

if TYPE_CHECKING:
    from pictory_async import AsyncPictory, Template
    from pictory_async.cli._text import Facts

__all__ = ["command", "get_template", "title_of"]


async def get_template(client: AsyncPictory, template_id: str) -> Template:
    """Fetch one template."""
    return await client.templates.get(template_id)


def _voices(template: Template) -> str | None:
    voices = template.voice_over
    if voices is None or voices.enabled is None:
        return None
    return ", ".join(voice.speaker or "?" for voice in voices.ai_voices) if voices.enabled else "none"


def _facts(template: Template) -> Facts:
    music = template.background_music
    named: list[tuple[str, object]] = [
        ("id", template.id),
        ("name", template.name),
        ("language", template.language),
        ("published", template.published),
        ("deprecated", template.deprecated),
        ("schema", template.schema_version),
        ("scenes", len(template.scenes)),
        ("placeholders", ", ".join(template.placeholders)),
        ("variables", ", ".join(f"{name}={value}" for name, value in template.variables.items())),
        ("music", None if music is None else music.enabled),
        ("voices", _voices(template)),
        ("project file", template.project_url),
        ("structure file", template.structure_url),
    ]
    return [(name, text) for name, value in named if (text := shown(value))]


@click.command("template")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@base_url
@as_json("Print the body as the API sent it; several ids give one JSON document each.")
def command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show templates as they are now.

    Several are fetched at once. One that cannot be fetched is reported, and the exit code is then 1.
    """
    print_snapshots(base_url, ids, get_template, None if as_json else _facts)


def title_of(template: Template) -> str:
    """A template's name and id, in one line."""
    return one_line(f"{template.name}  ({template.id})" if template.name else template.id)
