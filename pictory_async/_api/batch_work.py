"""What a batch does for one kind of thing: `Pipeline` takes projects and videos through the same steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, TypeVar

import attrs

from pictory_async._files.downloads import DownloadReport
from pictory_async._ledger.renders import Intent, Wish
from pictory_async._polling.handle import RenderHandle, VideoHandle
from pictory_async._polling.outcome import RenderOutcome
from pictory_async.models import Project
from pictory_async.models.video import Video

if TYPE_CHECKING:
    from collections.abc import Hashable

    from pictory_async._api.results import ResultStatus
    from pictory_async.errors import PictoryError
    from pictory_async.models import ProjectId

Handle: TypeAlias = RenderHandle | VideoHandle
ResultT_co = TypeVar("ResultT_co", covariant=True)


@attrs.define
class BatchJob:
    """One thing that is under way.

    Attributes:
        item: What it is, as the source gave it.
        project: The project as it was last seen; of a video, its name and files.
        video: The video, if one without a project is made.
        intent: Its entry in the ledger.
        handle: The request, if there is one.
        outcome: How the wait for it ended.
        report: What was downloaded.
        paid: Whether this batch requested it, and it was started.
        perhaps_paid: Whether this batch requested it, and the response was lost.
        recovers: Whether it is not known if its request had an effect.
        cause: Why that is not known.
    """

    item: Any
    project: Project | None = None
    video: Video | None = None
    intent: Intent | None = None
    handle: Handle | None = None
    outcome: RenderOutcome[Any] | None = None
    report: DownloadReport | None = None
    paid: bool = False
    perhaps_paid: bool = False
    recovers: bool = False
    cause: str = ""


class Work(Protocol[ResultT_co]):
    """What differs between projects that are rendered and videos that are made.

    Attributes:
        advice: What to do if it is not known whether something was started, as sentences.
    """

    advice: ClassVar[str]

    def key(self, item: Any) -> ProjectId:
        """What progress calls an item."""
        ...

    def same(self, item: Any) -> Hashable:
        """What equal items have in common, of which only the first one counts."""
        ...

    async def look(self, job: BatchJob) -> None:
        """Fetch what must be known before anything is decided.

        Raises:
            APIError: It could not be fetched.
        """
        ...

    async def wish(self, job: BatchJob, *, has_room: bool, plans: bool) -> Wish:
        """What is wanted of it."""
        ...

    def started(self, job: BatchJob) -> None:
        """Take in that it is under way: it was requested now or earlier."""
        ...

    async def send(self, job: BatchJob) -> Handle:
        """Send its request, once; it is entered already.

        Raises:
            PictoryError: It had no effect, or that is not known.
        """
        ...

    def handle(self, job: BatchJob) -> Handle:
        """The handle of what was requested earlier."""
        ...

    def can_watch(self, handle: Handle) -> bool:
        """Whether a watch shows what became of a request."""
        ...

    def shows(self, job: BatchJob, handle: Handle) -> bool:
        """Whether it is seen already that a request had an effect."""
        ...

    async def settled(self, job: BatchJob, *, waits_for_others: bool) -> Handle | ResultStatus:
        """What to do if nothing is to be requested: wait for a request of somebody else, or tell a result."""
        ...

    async def take(self, job: BatchJob, outcome: RenderOutcome[Any]) -> None:
        """Take in how a wait ended, before it is entered."""
        ...

    async def enter(self, job: BatchJob) -> None:
        """Enter the video that was made."""
        ...

    async def trace(self, job: BatchJob, *, waits: bool) -> Handle | str | None:
        """Find out whether a request had an effect, when no watch shows that.

        Returns:
            The handle of what was started, if it was found; why that is not known, in words; or ``None`` if nothing was
            started.

        Raises:
            APIError: It could not be found out.
        """
        ...

    async def result(self, job: BatchJob, status: ResultStatus, error: PictoryError | None) -> ResultT_co:
        """Make its result."""
        ...
