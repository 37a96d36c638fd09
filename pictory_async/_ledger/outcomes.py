"""How waits ended, entered in a ledger. Blocking."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pictory_async._ledger.renders import Intent, Renders, RenderState
from pictory_async._ledger.videos import SeenVideo, Videos
from pictory_async._polling.handle import RenderHandle
from pictory_async._polling.outcome import RenderStatus
from pictory_async.errors import OutdatedVideoError

if TYPE_CHECKING:
    from pictory_async._ledger.database import Database
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async.models import Project, ProjectId

_ABOUT: Final = timedelta(minutes=1)

STATES: Final = {RenderStatus.RENDERED: RenderState.RENDERED, RenderStatus.FAILED: RenderState.FAILED}
"""The states of renders whose end is known."""


def handle_of(intent: Intent, project_id: ProjectId) -> RenderHandle:
    """The handle of a render that was requested earlier."""
    return RenderHandle(
        project_id=project_id, job_id=intent.job, generated_before=intent.baseline, requested_at=intent.asked
    )


def enter_outcome(database: Database, api: str, handle: RenderHandle, outcome: RenderOutcome) -> None:
    """Enter how the wait for a render ended, if that is the end of the render, and the ledger knows it."""
    renders = Renders(database, api)
    intent = renders.find(str(handle.project_id), handle.job_id, handle.requested_at)
    if intent is None or outcome.status not in STATES:
        return
    reason = None if outcome.ok else str(outcome.error)
    renders.settle(intent, STATES[outcome.status], job=handle.job_id, reason=reason)
    if outcome.ok and outcome.project is not None:
        enter_video(renders, Videos(database, api), outcome.project, intent)


def _may_be_of_render(project: Project) -> bool:
    """Whether the end of a render can have changed a project's own date."""
    saved, generated = project.saved_at, project.generated_at
    return saved is None or generated is None or abs(saved - generated) < _ABOUT


def enter_video(renders: Renders, videos: Videos, project: Project, intent: Intent | None) -> None:
    """Enter the video that a render made, as its project shows it."""
    if project.generated_at is None:
        return
    saved = project.saved_at
    if (
        intent is not None
        and intent.saved != saved
        and (renders.touches_saved_date() is False or not _may_be_of_render(project))
    ):
        saved = intent.saved  # it was saved while it was rendered
    video = SeenVideo(generated=project.generated_at, saved=saved, certain=True, name=project.name)
    videos.see(str(project.id), video)


def known_video(database: Database, api: str, project: Project) -> SeenVideo | None:
    """What the ledger knows of a project's video, with what the project shows of a render that nobody saw end.

    A project that has a newer video than before a render that the ledger requested, and that was saved only moments
    before or after this video was made, shows that render: its end is what changed the date, unless renders are known
    to leave it alone.
    """
    renders, videos, one = Renders(database, api), Videos(database, api), str(project.id)
    known, generated, saved = videos.find(one).get(one), project.generated_at, project.saved_at
    if not project.video_url or generated is None or saved is None:
        return known
    if known is not None and known.outranks(generated, saved):
        return known
    if not _may_be_of_render(project) or renders.touches_saved_date() is False:
        return known
    if not renders.may_have_made(one, generated, saved):
        return known
    video = SeenVideo(generated=generated, saved=saved, certain=True, name=project.name)
    videos.see(one, video)
    return video


def is_outdated(database: Database, api: str, project: Project) -> bool | None:
    """Whether a project was saved after its video was made; `None` if that is not known."""
    known = known_video(database, api, project)
    return project.is_outdated if known is None else known.is_outdated(project.generated_at, project.saved_at)


def see_project(database: Database, api: str, project: Project) -> bool | None:
    """Enter the video that a project shows, unless it or a newer one is known, and return whether it is outdated."""
    generated, saved = project.generated_at, project.saved_at
    if not project.video_url or generated is None:
        return None
    known = known_video(database, api, project)
    seen = SeenVideo(generated=generated, saved=saved, name=project.name)
    if known is None or known.generated is None or known.generated < generated:
        Videos(database, api).see(str(project.id), seen)
    return (known or seen).is_outdated(generated, saved)


def see_outcome(
    database: Database, api: str, outcome: RenderOutcome, handle: RenderHandle | None = None
) -> bool | None:
    """Enter how a wait ended, and return whether the video that it found is outdated.

    Args:
        database: The ledger.
        api: The address of the API.
        outcome: How the wait ended.
        handle: What was waited for; ``None`` if it was a project.
    """
    if handle is not None:
        enter_outcome(database, api, handle, outcome)
    project = outcome.project
    if project is None or not outcome.ok:
        return None
    appeared = outcome.detection_delay < outcome.waited  # an earlier poll showed the render unfinished
    if appeared and not _knows(database, api, project):
        enter_video(Renders(database, api), Videos(database, api), project, None)
    return see_project(database, api, project)


def _knows(database: Database, api: str, project: Project) -> bool:
    known = Videos(database, api).find(str(project.id)).get(str(project.id))
    return known is not None and known.generated == project.generated_at


def outdated_error(project: Project, is_outdated: bool | None) -> OutdatedVideoError:  # noqa: FBT001 - one of three
    """Make the error about a video that is not known to be the newest."""
    if is_outdated:
        text = f"The video of project {project.id!r} is outdated: the project was saved after it was made."
    else:
        text = f"It is not known whether the video of project {project.id!r} shows the project as it was last saved."
    advice = "Render the project again, or leave out fresh=True to take the video as it is."
    return OutdatedVideoError(f"{text} {advice}", project_id=project.id, is_outdated=is_outdated, project=project)
