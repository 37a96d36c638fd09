"""What the Pictory API says, as frozen Python objects.

The models know neither JSON nor the API's spelling of its fields. What all of them share:

- Keyword-only, frozen and slotted; change a copy with :func:`attrs.evolve`.
- ``extra`` holds what has no attribute of its own, and ``to_dict()`` gives back the JSON object as the API
  spells it.
- Times are UTC, durations are seconds, and ``None`` means that the API did not say.
- Enumerations are open: a value that is not listed stays the text that was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictory_async.models._base import LazySequence, Model, ProjectId
from pictory_async.models.job import Job, JobStatus
from pictory_async.models.page import Page
from pictory_async.models.project import Evidence, Project, ProjectItem, ProjectStep
from pictory_async.models.scene import (
    Scene,
    SceneBackground,
    SceneSettings,
    SceneStyle,
    SentencePart,
    VisualFilter,
)

if TYPE_CHECKING:
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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pictory_async.models import template  # noqa: PLC0415 - programs that only wait for renders need none

    return getattr(template, name)


def __dir__() -> list[str]:
    return [*__all__]
