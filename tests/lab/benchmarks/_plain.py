"""What people write without an SDK: the whole answer by ``json``, structured by cattrs as plain attrs classes."""

from __future__ import annotations

import json
from typing import Any

import attrs
import cattrs


@attrs.define
class Part:
    text: str
    highlight: bool
    decoration: list[str]
    case: str


@attrs.define
class Style:
    fontName: str | None = None  # noqa: N815 - the wire's spelling, here and below
    fontSize: str | None = None  # noqa: N815
    fontColor: str | None = None  # noqa: N815
    fontWeight: int | None = None  # noqa: N815
    textAlign: str | None = None  # noqa: N815
    keywordColor: str | None = None  # noqa: N815
    textBackgroundColor: str | None = None  # noqa: N815
    maxLines: int | None = None  # noqa: N815
    width: float | None = None
    preset: str | None = None


@attrs.define
class Background:
    type: str
    elementData: dict[str, Any]  # noqa: N815


@attrs.define
class Scene:
    sceneId: str  # noqa: N815
    text: str
    sentence: list[Part]
    keywords: list[str]
    category: str
    sortOrder: int  # noqa: N815
    durationAuto: float  # noqa: N815
    styleData: Style  # noqa: N815
    settings: dict[str, bool]
    background: Background


@attrs.define
class Project:
    project_id: str
    projectName: str  # noqa: N815
    scenes: list[Scene]
    step: str | None = None
    inProgress: bool | None = None  # noqa: N815
    videoURL: str | None = None  # noqa: N815
    generatedDate: str | None = None  # noqa: N815
    saveDate: str | None = None  # noqa: N815


_converter = cattrs.Converter()


def structure(body: bytes) -> Project:
    """Read an answer with all there is in it."""
    return _converter.structure(json.loads(body), Project)
