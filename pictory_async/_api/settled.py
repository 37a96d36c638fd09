"""What a batch says of a project about which nothing is done: an earlier run settled it, or it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._api.results import RenderResult, ResultStatus
from pictory_async._ledger.outcomes import handle_of
from pictory_async._ledger.renders import RenderState
from pictory_async.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RenderFailedError,
    RenderNotStartedError,
)

if TYPE_CHECKING:
    from pictory_async._ledger.renders import Intent
    from pictory_async.errors import PictoryError
    from pictory_async.models import ProjectId


def failed_error(project_id: ProjectId, reason: str | None) -> RenderFailedError:
    """Make the error about a render that failed in an earlier run."""
    text = reason or f"The render of project {project_id!r} failed."
    return RenderFailedError(
        f"{text} It is not requested again for the same version of the project without retry_failed=True."
    )


def not_started_error(project_id: ProjectId) -> RenderNotStartedError:
    """Make the error about a request that had no effect."""
    text = f"The render of project {project_id!r} was requested, and was not started."
    return RenderNotStartedError(f"{text} Pass retry_unstarted=True to request it again.")


def settled_result(project_id: ProjectId, intent: Intent) -> RenderResult:
    """Make the result of a project that is given up: its render failed, or was not started, in an earlier run."""
    handle = handle_of(intent, project_id)
    if intent.state is RenderState.NOT_STARTED:
        error = not_started_error(project_id)
        return RenderResult(project_id=project_id, status=ResultStatus.NOT_STARTED, handle=handle, error=error)
    failure = failed_error(project_id, intent.reason)
    return RenderResult(project_id=project_id, status=ResultStatus.FAILED, handle=handle, error=failure)


def unread_result(project_id: ProjectId, error: PictoryError) -> RenderResult:
    """Make the result of a project that could not be fetched, so that nothing is known of it."""
    # The list shows it, so it is not missing, whatever the response says.
    status = ResultStatus.ERROR if isinstance(error, NotFoundError) else status_of(error)
    return RenderResult(project_id=project_id, status=status, error=error)


def status_of(error: PictoryError) -> ResultStatus:
    """What became of a project whose request failed."""
    if isinstance(error, NotFoundError) and error.from_api:  # else a proxy or a gateway says so
        return ResultStatus.MISSING
    if isinstance(error, (AuthenticationError, PermissionDeniedError)):
        return ResultStatus.REFUSED
    return ResultStatus.ERROR
