"""What a batch says of a project about which nothing is done: an earlier run settled it, or it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._api.results import RenderResult, ResultStatus
from pictory_async._ledger.outcomes import handle_of
from pictory_async._ledger.renders import RenderState
from pictory_async._polling.handle import VideoHandle
from pictory_async.errors import (
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RenderFailedError,
    RenderNotStartedError,
    RenderSubmitUncertainError,
    VideoSubmitUncertainError,
)

if TYPE_CHECKING:
    from pictory_async._ledger.renders import Intent
    from pictory_async._polling.handle import RenderHandle
    from pictory_async.errors import PictoryError
    from pictory_async.models import ProjectId


def failed_error(handle: RenderHandle | VideoHandle, reason: str | None) -> RenderFailedError:
    """Make the error about a render or a video that failed in an earlier run."""
    text = reason or f"{_sentence(handle)} failed."
    return RenderFailedError(
        f"{text} It is not requested again for the same version {_of(handle)} without retry_failed=True."
    )


def not_started_error(handle: RenderHandle | VideoHandle) -> RenderNotStartedError:
    """Make the error about a request that had no effect."""
    text = f"{_sentence(handle)} was requested, and was not started."
    return RenderNotStartedError(f"{text} Pass retry_unstarted=True to request it again.")


def lost_error(
    handle: RenderHandle | VideoHandle, why: str, cause: str
) -> RenderSubmitUncertainError | VideoSubmitUncertainError:
    """Make the error about a request that may or may not have had an effect.

    Args:
        handle: What was requested.
        why: Why that is not known, and what to do, as sentences.
        cause: What happened to the response.
    """
    text = f"It is not known whether {handle.subject} was started, so it is not requested again. {why}"
    if isinstance(handle, VideoHandle):
        return VideoSubmitUncertainError(text, handle=handle, cause=cause)
    return RenderSubmitUncertainError(text, handle=handle, cause=cause)


def _sentence(handle: RenderHandle | VideoHandle) -> str:
    return f"{handle.subject[0].upper()}{handle.subject[1:]}"


def _of(handle: RenderHandle | VideoHandle) -> str:
    return "of its request" if isinstance(handle, VideoHandle) else "of the project"


def settled_result(project_id: ProjectId, intent: Intent) -> RenderResult:
    """Make the result of a project that is given up: its render failed, or was not started, in an earlier run."""
    handle = handle_of(intent, project_id)
    if intent.state is RenderState.NOT_STARTED:
        error = not_started_error(handle)
        return RenderResult(project_id=project_id, status=ResultStatus.NOT_STARTED, handle=handle, error=error)
    failure = failed_error(handle, intent.reason)
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
