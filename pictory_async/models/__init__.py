"""What the Pictory API says, as frozen Python objects.

The models know neither JSON nor the API's spelling of its fields. What all of them share:

- Keyword-only, frozen and slotted; change a copy with :func:`attrs.evolve`.
- ``extra`` holds what has no attribute of its own, and ``to_dict()`` gives back the JSON object as the API
  spells it.
- Times are UTC, durations are seconds, and ``None`` means that the API did not say.
- Enumerations are open: a value that is not listed stays the text that was sent.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pictory_async.models._base import LazySequence, Model, ProjectId
from pictory_async.models.job import Job, JobStatus
from pictory_async.models.project import Evidence, Project, ProjectStep

if TYPE_CHECKING:
    from pictory_async.models.page import Page, ProjectItem
    from pictory_async.models.scene import (
        Scene,
        SceneBackground,
        SceneSettings,
        SceneStyle,
        SentencePart,
        VisualFilter,
    )
    from pictory_async.models.template import (
        AiVoice,
        BackgroundMusic,
        Layer,
        Subtitle,
        Template,
        TemplateItem,
        TemplateScene,
        VoiceOver,
    )

__all__ = [
    "AiVoice",
    "BackgroundMusic",
    "Evidence",
    "Job",
    "JobStatus",
    "Layer",
    "LazySequence",
    "Model",
    "Page",
    "Project",
    "ProjectId",
    "ProjectItem",
    "ProjectStep",
    "Scene",
    "SceneBackground",
    "SceneSettings",
    "SceneStyle",
    "SentencePart",
    "Subtitle",
    "Template",
    "TemplateItem",
    "TemplateScene",
    "VisualFilter",
    "VoiceOver",
]


# Imported when they are asked for: polls need none of them. What no module is named for here is in `template`.
_LATER: Final = {
    "Page": "page",
    "ProjectItem": "page",
    "Scene": "scene",
    "SceneBackground": "scene",
    "SceneSettings": "scene",
    "SceneStyle": "scene",
    "SentencePart": "scene",
    "VisualFilter": "scene",
}


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"{__name__}.{_LATER.get(name, 'template')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
