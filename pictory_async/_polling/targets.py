"""What to wait for: users' ids, handles and dates, checked and paired. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import attrs

from pictory_async._polling.evidence import baseline
from pictory_async._polling.handle import RenderHandle
from pictory_async._settings.paths import path_segment
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Project, ProjectId

After: TypeAlias = Project | datetime | None
AfterEach: TypeAlias = Mapping[str, After] | Mapping[int, After] | Mapping[ProjectId, After]


@attrs.frozen(repr=False, eq=False)
class Target:
    """What one watch waits for.

    Attributes:
        project_id: The project; ``None`` for a job alone.
        job_id: The job that renders it, if it is known.
        after: The server's time that the video must be newer than; ``None`` if any video counts.
        handle: The render that was requested, if it was given as a handle.
        age: Seconds since that request; ``None`` if it is not known.
    """

    project_id: ProjectId | None
    job_id: str | None = None
    after: datetime | None = None
    handle: RenderHandle | None = None
    age: float | None = None


def target_of(wanted: ProjectId | RenderHandle, after: After) -> Target:
    """The target for an id or a handle.

    Raises:
        PictoryConfigError: The id or ``after`` cannot be used.
    """
    if isinstance(wanted, RenderHandle):
        path_segment("project", wanted.project_id)
        if wanted.job_id is not None:
            path_segment("job", wanted.job_id)
        requested_at = wanted.requested_at
        age = None if requested_at is None else (datetime.now(UTC) - requested_at).total_seconds()
        return Target(wanted.project_id, wanted.job_id, baseline(wanted.generated_before), wanted, age)
    path_segment("project", wanted)
    return Target(wanted, None, baseline(after))


def targets_of(wanted: Iterable[ProjectId | RenderHandle], after: After | AfterEach) -> list[Target]:
    """The targets for ids and handles, each with its own ``after``; ids compare as text.

    Raises:
        PictoryConfigError: An id or ``after`` cannot be used, or ``after`` has a key that no id uses.
    """
    if isinstance(wanted, (str, bytes)) or not isinstance(wanted, Iterable):
        raise PictoryConfigError(f"ids must be a list of project ids; to wait for one project, pass [{brief(wanted)}].")
    ids = [*wanted]
    by_id = _by_id(after) if isinstance(after, Mapping) else None
    unused = (by_id or {}).keys() - {str(one) for one in ids if not isinstance(one, RenderHandle)}
    if unused:
        raise PictoryConfigError(
            f"after has a value for project {brief(min(unused))}, which is not waited for by its id. "
            "Correct the id; a RenderHandle has a date of its own and needs none."
        )
    return [_target(one, by_id, after) for one in ids]


@attrs.frozen(repr=False, eq=False)
class Arriving:
    """Ids and handles that arrive one after the other.

    Attributes:
        source: The caller's own iterable.
        target: Makes the target for one of them; raises ``PictoryConfigError`` if it cannot be used.
    """

    source: AsyncIterable[ProjectId | RenderHandle]
    target: Callable[[ProjectId | RenderHandle], Target]


def arriving_targets(source: AsyncIterable[ProjectId | RenderHandle], after: After | AfterEach) -> Arriving:
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


def _target(one: ProjectId | RenderHandle, by_id: dict[str, After] | None, after: Any) -> Target:
    if by_id is not None:
        after = None if isinstance(one, RenderHandle) else by_id.get(str(one))
    return target_of(one, after)
