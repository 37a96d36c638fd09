"""What to wait for: users' ids, handles and dates, checked and paired. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import attrs

from pictory_async._polling.evidence import baseline
from pictory_async._polling.handle import RenderHandle, VideoHandle
from pictory_async._settings.paths import path_segment
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Project, ProjectId

After: TypeAlias = Project | datetime | None
Wanted: TypeAlias = ProjectId | RenderHandle | VideoHandle
AfterEach: TypeAlias = Mapping[str, After] | Mapping[int, After] | Mapping[ProjectId, After]


_HANDLES: Final = (RenderHandle, VideoHandle)


@attrs.frozen(repr=False, eq=False)
class Target:
    """What one watch waits for.

    Attributes:
        project_id: The project; ``None`` for a video without one, or for a job alone.
        job_id: The job that renders it, if it is known.
        after: The server's time that the video must be newer than; ``None`` if any video counts.
        handle: The render or the video that was requested, if it was given as a handle.
        age: Seconds since that request; ``None`` if it is not known.
    """

    project_id: ProjectId | None
    job_id: str | None = None
    after: datetime | None = None
    handle: RenderHandle | VideoHandle | None = None
    age: float | None = None


def target_of(wanted: Wanted, after: After) -> Target:
    """The target for an id or a handle.

    Raises:
        PictoryConfigError: The id or ``after`` cannot be used, or it is the handle of no video that can be waited for.
    """
    if isinstance(wanted, VideoHandle):
        return video_target(wanted)
    if isinstance(wanted, RenderHandle):
        path_segment("project", wanted.project_id)
        if wanted.job_id is not None:
            path_segment("job", wanted.job_id)
        return Target(wanted.project_id, wanted.job_id, baseline(wanted.generated_before), wanted, age_of(wanted))
    if isinstance(wanted, Project):
        raise PictoryConfigError(
            "A wait takes the id of a project: pass project.id. "
            "To wait for a newer video than this one, pass project.id and after=project."
        )
    if isinstance(wanted, (list, tuple, set, frozenset)):
        raise PictoryConfigError("A wait is for one project: pass its id, or pass the list to wait_all or watch.")
    path_segment("project", wanted)
    return Target(wanted, None, baseline(after))


def video_target(handle: VideoHandle, *, is_preview: bool = False) -> Target:
    """The target for a video, or for a preview.

    Raises:
        PictoryConfigError: Its job is not known, or it is the other one of both.
    """
    if handle.job_id is None:
        raise PictoryConfigError(
            f"The job of {handle.subject} is not known, because the response to its request was lost. "
            "client.videos.find(handle) looks for it."
        )
    if handle.is_preview is not is_preview:
        call = "wait_preview" if handle.is_preview else "wait"
        raise PictoryConfigError(f"This is {handle.subject}: client.videos.{call}(handle) waits for it.")
    path_segment("job", handle.job_id)
    return Target(None, handle.job_id, None, handle, age_of(handle))


def age_of(handle: RenderHandle | VideoHandle) -> float | None:
    """Seconds since a request; ``None`` if it is not known when it was."""
    requested_at = handle.requested_at
    return None if requested_at is None else (datetime.now(UTC) - requested_at).total_seconds()


def targets_of(wanted: Iterable[Wanted], after: After | AfterEach) -> list[Target]:
    """The targets for ids and handles, each with its own ``after``; ids compare as text.

    Raises:
        PictoryConfigError: An id or ``after`` cannot be used, or ``after`` has a key that no id uses.
    """
    if isinstance(wanted, (str, bytes)) or not isinstance(wanted, Iterable):
        raise PictoryConfigError(f"ids must be a list of project ids; to wait for one project, pass [{brief(wanted)}].")
    ids = [*wanted]
    by_id = _by_id(after) if isinstance(after, Mapping) else None
    unused = (by_id or {}).keys() - {str(one) for one in ids if not isinstance(one, _HANDLES)}
    if unused:
        raise PictoryConfigError(
            f"after has a value for project {brief(min(unused))}, which is not waited for by its id. "
            "Correct the id; a handle has a date of its own and needs none."
        )
    return [_target(one, by_id, after) for one in ids]


@attrs.frozen(repr=False, eq=False)
class Arriving:
    """Ids and handles that arrive one after the other.

    Attributes:
        source: The caller's own iterable.
        target: Makes the target for one of them; raises ``PictoryConfigError`` if it cannot be used.
    """

    source: AsyncIterable[Wanted]
    target: Callable[[Wanted], Target]


def arriving_targets(source: AsyncIterable[Wanted], after: After | AfterEach) -> Arriving:
    """The targets for what arrives; ids compare as text, and ``after`` may have keys that never come.

    Raises:
        PictoryConfigError: ``after`` cannot be used.
    """
    by_id = _by_id(after) if isinstance(after, Mapping) else None
    return Arriving(source, lambda one: _target(one, by_id, after))


def _by_id(after: AfterEach) -> dict[str, After]:
    by_id: dict[str, After] = {}
    for key, value in after.items():
        path_segment("project", key)
        if by_id.setdefault(str(key), value) is not value:
            raise PictoryConfigError(f"after has project {brief(key)} twice, as text and as a number, with two values.")
    return by_id


def _target(one: Wanted, by_id: dict[str, After] | None, after: Any) -> Target:
    if by_id is not None:
        after = None if isinstance(one, _HANDLES) else by_id.get(str(one))
    return target_of(one, after)
