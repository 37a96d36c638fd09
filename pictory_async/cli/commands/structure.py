"""`pictory structure`: show the structure of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pictory_async import template_structure
from pictory_async.cli._fetching import get_template, print_each
from pictory_async.cli._options import base_url_option, ids_argument, json_option
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import as_text, echo_facts, echo_json, out_is_terminal

if TYPE_CHECKING:
    from pictory_async import Template, TemplateStructure
    from pictory_async.cli.display.text import Facts
    from pictory_async.insight import SceneStructure

__all__ = ["command"]

_COLUMNS = ("scene", "subtitles", "layers", "texts")


def _music(structure: TemplateStructure) -> str:
    volume = None if structure.music is None else structure.music.volume
    if not structure.has_background_music:
        return "none"
    return "yes" if volume is None else f"yes, volume {volume:g}"


def _voices(structure: TemplateStructure) -> str:
    names = ", ".join(
        f"{voice.speaker or '?'}{'' if voice.speed is None else f' ({voice.speed:g} %)'}" for voice in structure.voices
    )
    return (names or "yes") if structure.has_voice_over else "none"


def _layers(scene: SceneStructure) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in scene.layers_by_type.items()) or "none"


def _facts(template: Template, structure: TemplateStructure) -> Facts:
    named: list[tuple[str, object]] = [
        ("id", template.id),
        ("name", structure.name),
        ("language", structure.language),
        ("schema", structure.schema_version),
        ("music", _music(structure)),
        ("voices", _voices(structure)),
        ("variables", ", ".join(structure.variables)),
        ("scenes", structure.total_scenes),
    ]
    return [(name, text) for name, value in named if (text := as_text(value))]


def _rows(structure: TemplateStructure) -> list[list[str]]:
    return [
        [
            str(scene.number),
            str(scene.subtitle_count),
            as_text(_layers(scene)),
            as_text(" / ".join(text for text in (*scene.subtitles, *scene.layer_texts) if text)),
        ]
        for scene in structure.scenes
    ]


@click.command("structure", short_help="Show the structure of templates, scene by scene.")
@ids_argument
@base_url_option
@json_option("Print a JSON document for each template.")
def command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show the structure of templates: music, voices, and the subtitles and layers of each scene."""

    def show(template: Template) -> None:
        structure = template_structure(template)
        if as_json:
            echo_json({"template_id": template.id, **structure.to_dict()})
            return
        facts, rows = _facts(template, structure), _rows(structure)
        if out_is_terminal():
            echo_facts(facts)
            echo_table(_COLUMNS, rows)
            return
        scenes = [
            (f"scene {number}", f"{subtitles} subtitles; layers: {layers}; {texts}")
            for number, subtitles, layers, texts in rows
        ]
        echo_facts([*facts, *scenes])

    print_each(
        base_url,
        ids,
        get_template,
        show,
        apart=not as_json,
        noun="template",
        json_id="template_id" if as_json else None,
    )
