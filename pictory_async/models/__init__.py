"""The objects that the Pictory API returns, as frozen Python classes.

For all of them:

- They are keyword-only, frozen and slotted. Change a copy with :func:`attrs.evolve`.
- ``extra`` contains the fields that have no attribute, and ``to_dict()`` returns the JSON object in the API's
  spelling.
- Times are UTC, durations are seconds, and ``None`` means that the API sent no value.
- Enumerations are open: a value that is not listed stays a string.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pictory_async.models._base import LazySequence, Model, ProjectId
from pictory_async.models.job import Job, JobStatus
from pictory_async.models.project import Evidence, Project, ProjectStep

if TYPE_CHECKING:
    from pictory_async.models.account import Allowance, Quota
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
    "Allowance",
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
    "Quota",
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


# Imported on first use, because polls need none of them. Names that are not listed here are in `template`.
_LATER: Final = {
    "Allowance": "account",
    "Quota": "account",
    "Page": "page",
    "ProjectItem": "page",
    "Scene": "scene",
    "SceneBackground": "scene",
    "SceneSettings": "scene",
    "SceneStyle": "scene",
    "SentencePart": "scene",
    "VisualFilter": "scene",
}


if not TYPE_CHECKING:  # type checkers would take any name for one of this module's

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(import_module(f"{__name__}.{_LATER.get(name, 'template')}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
