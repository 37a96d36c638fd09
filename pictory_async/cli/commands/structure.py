"""`pictory structure`: show the structure of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pictory_async import template_structure
from pictory_async.cli._fetching import get_template, print_each
from pictory_async.cli._options import base_url_option, ids_argument, json_option
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import as_text, echo_facts, echo_json, out_is_terminal
from pictory_async.insight._text import Gap
from pictory_async.insight._unread import count_of, known, voices_of

if TYPE_CHECKING:
    from pictory_async import Template, TemplateStructure
    from pictory_async.cli.display.text import Facts
    from pictory_async.insight import SceneStructure

__all__ = ["command"]

_COLUMNS = ("scene", "subtitles", "layers", "texts")


def _music(template: Template) -> str:
    enabled, volume = (known(template, "background_music", attr) for attr in ("enabled", "volume"))
    if isinstance(enabled, Gap):
        return enabled
    if not enabled:
        return "none"
    if isinstance(volume, Gap):
        return f"yes, volume {volume}"
    return "yes" if volume is None else f"yes, volume {volume:g}"


def _layers(scene: SceneStructure) -> str:
    if scene.layer_count is None:
        return Gap.UNREADABLE
    return ", ".join(f"{count} {kind}" for kind, count in scene.layers_by_type.items()) or "none"


def _facts(template: Template, structure: TemplateStructure) -> Facts:
    variables = known(template, "_variables")
    named: list[tuple[str, object]] = [
        ("id", template.id),
        ("name", known(template, "name")),
        ("language", known(template, "language")),
        ("schema", known(template, "schema_version")),
        ("music", _music(template)),
        ("voices", voices_of(template, speeds=True)),
        ("variables", variables if isinstance(variables, Gap) else ", ".join(structure.variables)),
        ("scenes", count_of(template, "scenes")),
        ("could not be read", ", ".join(structure.unreadable)),
    ]
    return [(name, text) for name, value in named if (text := as_text(value))]


def _rows(structure: TemplateStructure) -> list[list[str]]:
    return [
        [
            str(scene.number),
            str(Gap.UNREADABLE if scene.subtitle_count is None else scene.subtitle_count),
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
