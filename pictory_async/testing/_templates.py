"""The simulated account's templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import attrs

from pictory_async.testing._ids import timestamp_id
from pictory_async.testing._messages import NOWHERE
from pictory_async.testing._projects import ABSENT
from pictory_async.testing.bodies import TEAM_ID

_MUSIC = "/track_versions/71/MEL106_09_1_Raw_Power_%28Full%29_Stefano_Mastronardi_stream.mp3"


@attrs.frozen
class TemplateScene:
    """One scene of a template.

    Attributes:
        subtitles: The texts that are spoken and shown; ``{{Name}}`` is replaced by the variable ``Name``.
        layers: The texts over the picture, in groups of layers.
    """

    subtitles: tuple[str, ...] = ()
    layers: tuple[tuple[str, ...], ...] = ()


@attrs.frozen(kw_only=True)
class SimTemplate:
    """A template of the simulated account. Create one with `World.add_template`.

    Attributes:
        id: Its id.
        name: Its name.
        created: When it was created.
        language: The language of its texts.
        published: Whether it is published.
        deprecated: Whether it is deprecated.
        schema_version: ``"v3"`` or ``"v2"``.
        music: Whether it has background music.
        voices: Its AI voices.
        scenes: Its scenes.
        variables: The default values of its variables, by name.
        overrides: Values that replace those of the full body; `ABSENT` leaves a key out.
    """

    id: str
    name: str
    created: datetime
    language: str = "en"
    published: bool = True
    deprecated: bool = False
    schema_version: str = "v3"
    music: bool = True
    voices: tuple[str, ...] = ("3108",)
    scenes: tuple[TemplateScene, ...] = ()
    variables: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    overrides: Mapping[str, Any] = attrs.field(factory=dict[str, Any])

    def item(self) -> dict[str, Any]:
        """Return the template's entry in the list."""
        return {
            "templateId": self.id,
            "name": self.name,
            "language": self.language,
            "published": self.published,
            "deprecated": self.deprecated,
        }

    @property
    def paths(self) -> dict[str, str]:
        """The paths of its two files, below the root of files."""
        name = f"teams/{TEAM_ID}/{self.id}.json"
        return {"project": f"/project_templates/{name}", "structure": f"/project_template_structures/{name}"}

    def file(self, kind: str, size: int | None = None) -> bytes:
        """Return one of its two files. They are JSON; their content is not documented.

        Args:
            kind: ``"project"`` or ``"structure"``.
            size: The smallest size in bytes; spaces are added to reach it.
        """
        overrides = self.overrides.items()
        content: dict[str, Any] = {"templateId": self.id, "name": self.overrides.get("name", self.name)}
        if kind == "project":
            content |= {key: value for key, value in overrides if key not in self.paths and value is not ABSENT}
            content["scenes"] = [self._scene(number, scene) for number, scene in enumerate(self.scenes)]
        else:
            content["scenes"] = [{"subtitles": len(one.subtitles), "layers": len(one.layers)} for one in self.scenes]
        return json.dumps(content).encode().ljust(size or 0)

    def body(self, root: str = NOWHERE, query: str = "") -> dict[str, Any]:
        """Return the body of ``GET /v1/templates/{id}``, with the API's spelling ``depricated``.

        Args:
            root: What the URLs of its files begin with.
            query: What they end with.
        """
        body: dict[str, Any] = {
            "templateId": self.id,
            "name": self.name,
            "language": self.language,
            "published": self.published,
            "depricated": self.deprecated,
            "backgroundMusic": {"enabled": self.music, "musicUrl": f"{root}{_MUSIC}", "volume": 0.1},
            "voiceOver": {
                "enabled": bool(self.voices),
                "aiVoices": [{"speaker": voice, "speed": 100, "amplificationLevel": 0} for voice in self.voices],
            },
            "scenes": [self._scene(number, scene) for number, scene in enumerate(self.scenes)],
            "variables": dict(self.variables),
            "schemaVersion": self.schema_version,
            **{kind: f"{root}{quote(path)}{query}" for kind, path in self.paths.items()},
        }
        body.update(self.overrides)
        return {key: value for key, value in body.items() if value is not ABSENT}

    def _scene(self, number: int, scene: TemplateScene) -> dict[str, Any]:
        def layer_id(layer: int, element: int) -> str:
            return timestamp_id(self.created, "layer", self.id, number, layer, element)

        return {
            "sceneId": timestamp_id(self.created, "scene", self.id, number),
            "subtitles": [{"text": text} for text in scene.subtitles],
            "layers": [
                [
                    {"layerId": layer_id(layer, element), "type": "text", "text": text}
                    for element, text in enumerate(texts)
                ]
                for layer, texts in enumerate(scene.layers)
            ],
        }
