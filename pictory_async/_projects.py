"""The calls about projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pictory_async._durations import optional_seconds, seconds
from pictory_async._poller import Board, RenderPoller
from pictory_async._transport import segment
from pictory_async._watch import Terms
from pictory_async._wire import decode_project
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pictory_async._durations import Duration
    from pictory_async._http import Reply
    from pictory_async._outcome import RenderOutcome
    from pictory_async._poller import After
    from pictory_async._transport import Transport
    from pictory_async.models import Project, ProjectId

__all__ = ["Projects"]


class Projects:
    """The calls about projects: ``client.projects``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._board = Board()

    async def get(self, project_id: ProjectId) -> Project:
        """Fetch one project as it is now.

        See https://docs.pictory.ai/api-reference/projects/get-project-by-id.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).

        Raises:
            PictoryConfigError: That cannot be a project id; nothing was sent.
            NotFoundError: There is no such project for this key.
            MalformedResponseError: The answer is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        return await self._transport.get(
            _path(project_id), f"project {project_id!r}", lambda body: decode_project(body, project_id)
        )

    async def wait(
        self,
        project_id: ProjectId,
        *,
        after: After = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> Project:
        """Wait until a project's video is rendered, and return the project.

        Cancelling the wait leaves nothing behind; the render itself goes on.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older).
            after: For a project that has a video already: a snapshot (`Project`) taken before the new render, or a
                time of the server's. Only a video that is newer counts.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two looks; Pictory asks for 10 to 30.
            start_grace: How long, in seconds, a project may show neither a render nor a (new) video before that is
                taken for the answer: a render may be queued.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            RenderFailedError: Rendering was seen, and ended without a new video.
            RenderNotStartedError: Nothing was rendered for ``start_grace`` seconds.
            WaitTimeoutError: ``max_wait`` is spent.
            NotFoundError: There is no such project for this key.
            AuthenticationError: The key is refused.
            PermissionDeniedError: The key may not see the project.
            APIError: The answers stayed unusable.
        """
        async with self.watch(
            [project_id], after=after, max_wait=max_wait, interval=interval, start_grace=start_grace
        ) as watch:
            outcome = await anext(watch)
        outcome.raise_for_status()
        return cast("Project", outcome.project)

    async def wait_all(
        self,
        ids: Iterable[ProjectId],
        *,
        after: After | Mapping[ProjectId, After] = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> list[RenderOutcome]:
        """Wait until each of many projects is rendered or known not to be.

        Never raises for one project: what happens to it is its outcome.

        Args:
            ids: The projects; one given twice is watched once.
            after: As in `wait`; a mapping from id to snapshot or time gives each project its own.
            max_wait: As in `wait`, for all of them together.
            interval: As in `wait`; where the request budget is short, all intervals stretch alike.
            start_grace: As in `wait`.

        Returns:
            The outcomes, in the order of ``ids``.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
        """
        wanted = _listed(ids)
        async with self.watch(
            wanted, after=after, max_wait=max_wait, interval=interval, start_grace=start_grace
        ) as watch:
            found = {str(outcome.project_id): outcome async for outcome in watch}
        return [found[str(project_id)] for project_id in wanted]

    def watch(
        self,
        ids: Iterable[ProjectId] = (),
        *,
        after: After | Mapping[ProjectId, After] = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
    ) -> RenderPoller:
        """Watch many projects and get each outcome when it happens.

        Example::

            async with client.projects.watch(ids) as watch:
                async for outcome in watch:
                    print(outcome.project_id, outcome.status)

        Args:
            ids: The projects to begin with; `RenderPoller.add` adds more while it runs.
            after: As in `wait_all`.
            max_wait: As in `wait`, for each project from when it was added.
            interval: As in `wait_all`.
            start_grace: As in `wait`.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
        """
        terms = Terms(
            max_wait=optional_seconds("max_wait", max_wait, above=0.0),
            interval=seconds("interval", interval, above=0.0),
            start_grace=seconds("start_grace", start_grace),
        )
        return RenderPoller(self._look, self._board, terms, _listed(ids), after)

    async def _look(self, project_id: ProjectId) -> Reply:
        return await self._transport.poll(_path(project_id), f"project {project_id!r}")


def _path(project_id: ProjectId) -> str:
    return f"/v2/projects/{segment('project', project_id)}"


def _listed(ids: Iterable[ProjectId]) -> list[ProjectId]:
    if isinstance(ids, (str, bytes)):
        msg = f"ids must be a list of project ids; for the one project {ids!r} pass a list with one element."
        raise PictoryConfigError(msg)
    wanted = list(ids)
    for project_id in wanted:
        segment("project", project_id)
    return wanted
