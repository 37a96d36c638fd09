"""Makes templates from files, and replaces their scenes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from anyio import to_thread

from pictory_async._codec.answers import decode_created_template, decode_done
from pictory_async._http.messages import Body, FileBody
from pictory_async._settings.paths import template_path
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Scene, TemplateItem, TemplateScene

if TYPE_CHECKING:
    import os

    from pictory_async._http.transport import Transport

_DIGEST = frozenset({"subtitles", "layers"})  # what scenes of projects do not have


async def create_template(transport: Transport, file: str | os.PathLike[str] | bytes) -> TemplateItem:
    """Make a template; see ``client.templates.create``."""
    try:
        content = file if isinstance(file, bytes) else await to_thread.run_sync(Path(file).read_bytes)
    except (OSError, TypeError, ValueError) as error:
        raise PictoryConfigError(f"The file {brief(file)} cannot be read: {error}") from None
    if not content:
        raise PictoryConfigError(f"The file {brief(file)} is empty.")
    return await transport.submit("/v1/templates", "the new template", decode_created_template, FileBody(content))


async def update_template(transport: Transport, template_id: str, scenes: Iterable[Scene | Mapping[str, Any]]) -> None:
    """Replace the scenes of a template; see ``client.templates.update``."""
    path = template_path(template_id)
    if not _is_list(scenes):
        raise PictoryConfigError(f"scenes must be a list of scenes, not {brief(scenes)}.")
    written = [_written(number, one) for number, one in enumerate(scenes)]
    if not written:
        raise PictoryConfigError("There are no scenes: a template without any cannot be used.")
    body = Body({"scenes": written})
    # The same scenes again have the same effect.
    await transport.repeat("PUT", path, f"template {template_id!r}", decode_done, body)


def _written(number: int, scene: object) -> dict[str, Any]:
    if isinstance(scene, TemplateScene) or (_is_object(scene) and _DIGEST & scene.keys()):
        raise PictoryConfigError(
            f"Scene {number} is one of templates.get: a digest, which the API does not take back. "
            "Pass scenes as in a project, such as those of the project that the template was made from."
        )
    if isinstance(scene, Scene):
        return scene.to_dict()
    if _is_object(scene) and scene:
        return dict(scene)
    raise PictoryConfigError(f"Scene {number} must be a scene of a project, not {brief(scene)}.")


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)
