"""How a watch ended: a value, never an exception that ends other watches."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Generic, SupportsIndex, cast, overload

import attrs

from pictory_async._values import Deferred, Displayed, ValueObject, resolved
from pictory_async.errors import PictoryError
from pictory_async.models import Job, Project, ProjectId
from pictory_async.models.video import Video, project_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import TypeVar

    # Type checkers have that package of their own. The default lets `RenderOutcome` alone stand for what it mostly is.
    ResultT = TypeVar("ResultT", default=Project)
else:
    from typing import TypeVar

    ResultT = TypeVar("ResultT")

_SHOWN: Final = 100
OF_JOB: Final = "job:"
"""What the key of a wait for a video without a project begins with; its job follows."""

_MEANT: Final = {"videoURL": "video_url", "url": "video_url", "share_url": "share_video_url"}  # of the project


class RenderStatus(StrEnum):
    """How a watch ended."""

    RENDERED = "rendered"
    """The awaited video is there."""

    FAILED = "failed"
    """The render ended without a new video."""

    NOT_STARTED = "not_started"
    """No render was seen for ``start_grace`` seconds, and there is no (newer) video."""

    MISSING = "missing"
    """There is no such project for this key: the API said so repeatedly."""

    REFUSED = "refused"
    """The key was rejected, or may not read this project: the API said so repeatedly."""

    TIMED_OUT = "timed_out"
    """``max_wait`` is over; the render may still finish later."""

    ERROR = "error"
    """The responses stayed unusable, or the API was never reached; ``error`` has the reason."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RenderOutcome(Displayed, ValueObject, Generic[ResultT]):
    """How one watch ended, generic in what was awaited: a `Project`.

    Attributes:
        project_id: The project, as it was given; ``None`` for a video without one: see ``key``.
        status: How the watch ended.
        project: The last snapshot; the rendered project if ``status`` is ``RENDERED``. ``None`` if there was none. It
            is decoded when it is first read.
        video: The video, if a `VideoHandle` was watched and ``status`` is ``RENDERED``.
        job: The render's job as it was last seen, if a handle was watched.
        job_id: The id of that job.
        polls: How many usable responses there were.
        waited: How long the watch lasted, in seconds.
        detection_delay: The longest possible time between the end and its detection, in seconds: the time since the
            last poll of the render itself that showed it unfinished, or since the watch began. The list of jobs does
            not shorten it, because it may be behind: so it can be minutes although the end was noticed within seconds.
        error: What `raise_for_status` raises; ``None`` exactly when ``status`` is ``RENDERED``.
    """

    project_id: ProjectId | None
    status: RenderStatus
    _project: Project | Deferred[Project | None] | None = attrs.field(default=None, alias="project")
    video: Video | None = None
    job: Job | None = None
    job_id: str | None = None
    polls: int = 0
    waited: float = 0.0
    detection_delay: float = 0.0
    error: PictoryError | None = None

    @property
    def project(self) -> Project | None:
        project: Project | None = resolved(self._project)
        return project

    @property
    def key(self) -> ProjectId:
        """What was waited for: the project's id, or ``job:`` and the job's id if there is no project."""
        return key_of(self.project_id, self.job_id)

    @property
    def ok(self) -> bool:
        """Whether the awaited video is there."""
        return self.status is RenderStatus.RENDERED

    if not TYPE_CHECKING:  # type checkers would take any name for an attribute

        def __getattr__(self, name: str) -> object:
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            meant = _MEANT.get(name, name)
            if not name.startswith("_") and hasattr(Project, meant):
                raise AttributeError(f"{text}. {_owner(self.project, self.video, meant)}")
            raise AttributeError(text, name=name, obj=self)

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield "project_id", self.key
        yield "status", self.status
        yield "name", self._name
        yield "video_url", self._video_url
        yield "waited", round(self.waited, 3)
        yield "polls", self.polls
        yield "error", self.error

    @property
    def _shown(self) -> Project | None:
        """The project, or a video as one."""
        return self.project if self.video is None else project_of(self.video)

    @property
    def _name(self) -> str | None:
        shown = self._shown
        return None if shown is None else shown.name

    @property
    def _video_url(self) -> str | None:
        shown = self._shown
        return shown.video_url if shown is not None and self.ok else None

    def raise_for_status(self) -> ResultT:
        """Return what was awaited, or raise the outcome's typed error.

        Returns:
            The rendered project. A video without one is returned as a project of which only name and files are known,
            with ``key`` as its id; ``video`` has more.

        Raises:
            RenderFailedError: For ``FAILED``.
            RenderNotStartedError: For ``NOT_STARTED``.
            NotFoundError: For ``MISSING``.
            AuthenticationError: For ``REFUSED`` with 401.
            PermissionDeniedError: For ``REFUSED`` with 403.
            WaitTimeoutError: For ``TIMED_OUT``.
            APIError: For ``ERROR``, if the responses were not usable.
            WaitError: For ``ERROR``, if the job was completed and no new video was found.
        """
        if self.error is not None:
            raise self.error
        return cast("ResultT", self._shown)

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON values, without the snapshot.

        ``name``, ``share_url`` and ``generated_at`` (ISO 8601, in UTC) are those of the snapshot, which is decoded for
        them. The addresses and the date are ``None`` unless the awaited video is there.
        """
        shown = self._shown
        video = shown if self.ok else None
        return {
            "project_id": self.project_id,
            "status": self.status.value,
            "name": None if shown is None else shown.name,
            "job_id": self.job_id,
            "video_url": self._video_url,
            "share_url": (video and video.share_video_url) or None,
            "generated_at": video.generated_at.isoformat() if video and video.generated_at else None,
            "polls": self.polls,
            "waited": round(self.waited, 3),
            "detection_delay": round(self.detection_delay, 3),
            "error": str(self.error) if self.error is not None else None,
        }


def _owner(project: object, video: object, name: str) -> str:
    """Who has what an outcome does not have itself."""
    own = {"video_url": "url", "share_video_url": "share_url"}.get(name, name)
    if project is None and hasattr(video, own):
        return f"The video has it: outcome.video.{own}"
    seen = "" if project is not None else ", but none was seen: outcome.error says why"
    return f"The project has it: outcome.project.{name}{seen}"


def key_of(project_id: ProjectId | None, job_id: str | None) -> ProjectId:
    """What a watch is called: its project, or its job if it has no project."""
    return f"{OF_JOB}{job_id}" if project_id is None else project_id


class RenderOutcomes(list["RenderOutcome[Project]"]):
    """The outcomes of ``wait_all``: a list. Its ``str()`` is a summary, such as ``298 rendered, 2 failed``.

    Its ``repr()`` is that of a list, with everything. A notebook shows it as a table, those without a video first if
    there are more than a hundred. Slices are of this class too.
    """

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex) -> RenderOutcome[Project]: ...
    @overload
    def __getitem__(self, index: slice) -> RenderOutcomes: ...
    def __getitem__(self, index: SupportsIndex | slice) -> RenderOutcome[Project] | RenderOutcomes:
        found = super().__getitem__(index)
        return RenderOutcomes(found) if isinstance(found, list) else found

    def __str__(self) -> str:
        counts = Counter(outcome.status for outcome in self)
        found = (f"{counts[status]} {status.value.replace('_', ' ')}" for status in RenderStatus if counts[status])
        return ", ".join(found) or "no outcomes"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
        """The outcomes as a table, for a page of your own: the names of its columns, and its rows of plain values."""
        # A table shows a hundred rows, so those that matter most come first.
        order = self if len(self) <= _SHOWN else sorted(self, key=lambda outcome: outcome.ok)
        rows = [tuple(value for _, value in outcome._facts()) for outcome in order]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return ("project_id", "status", "name", "video_url", "waited", "polls", "error"), rows

    def _repr_html_(self) -> str:
        from pictory_async._display import table_html  # noqa: PLC0415 - only notebooks ask

        return table_html(str(self), *self.table())
