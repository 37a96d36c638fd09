"""Whether a video shows the newest version of its project: calls remember what they see, and refuse on request.

A project shows two dates, and they do not always tell (see `pictory_async._ledger.videos`). So every call that has a
ledger enters what it sees, and the next one knows more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from pictory_async._files.downloads import DownloadStatus
from pictory_async._ledger.files import Files, LedgerFile
from pictory_async._ledger.ledger import Ledger
from pictory_async._ledger.outcomes import outdated_error, see_outcome, see_project
from pictory_async._values import brief
from pictory_async.errors import DownloadError, PictoryConfigError

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable

    from pictory_async._files.downloads import DownloadReport
    from pictory_async._files.partfile import OnConflict
    from pictory_async._polling.handle import RenderHandle
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async.models import Project


def checked_ledger(ledger: object) -> Ledger:
    """Check that a caller passes a ledger.

    Raises:
        PictoryConfigError: It is something else.
    """
    if not isinstance(ledger, Ledger):
        raise PictoryConfigError(f'ledger must be a Ledger, such as Ledger("videos.db"), not {brief(ledger)}.')
    return ledger


@attrs.frozen
class Freshness:
    """What a call is told about the age of videos.

    Attributes:
        ledger: Where what is seen is remembered; ``None`` for nowhere.
        api: The address of the API.
        required: Whether a video that is not known to be the newest is refused.
    """

    ledger: Ledger | None = attrs.field(converter=attrs.converters.optional(checked_ledger))
    api: str
    required: bool

    async def see(self, project: Project) -> None:
        """Take in a project that was fetched.

        Raises:
            OutdatedVideoError: Its video is refused.
            LedgerError: The ledger cannot be used.
        """
        api, is_outdated = self.api, project.is_outdated
        if self.ledger is not None:
            is_outdated = await self.ledger.use(lambda file: see_project(file, api, project))
        self._require(project, is_outdated)

    async def see_outcome(self, outcome: RenderOutcome, handle: RenderHandle | None) -> None:
        """Take in how a wait ended, for a project or for the handle of a render; raises as `see` does."""
        api, project = self.api, outcome.project
        is_outdated = None if project is None else project.is_outdated
        if self.ledger is not None:
            is_outdated = await self.ledger.use(lambda file: see_outcome(file, api, outcome, handle))
        if project is not None and outcome.ok:
            self._require(project, is_outdated)

    def _require(self, project: Project, is_outdated: bool | None) -> None:  # noqa: FBT001 - one of three values
        if self.required and project.video_url and is_outdated is not False:
            raise outdated_error(project, is_outdated)

    async def remember_files(
        self,
        project: Project,
        directory: str | os.PathLike[str],
        on_conflict: OnConflict,
        download: Awaitable[DownloadReport],
    ) -> DownloadReport:
        """Download, and enter which version of each file is there then, also if some of them failed.

        Raises:
            LedgerError: The ledger cannot be used.
            DownloadError: A file could not be downloaded.
        """
        try:
            report = await download
        except DownloadError as error:
            await self._enter(project, directory, cast("DownloadReport", error.report), on_conflict)
            raise
        await self._enter(project, directory, report, on_conflict)
        return report

    async def _enter(
        self, project: Project, directory: str | os.PathLike[str], report: DownloadReport, on_conflict: OnConflict
    ) -> None:
        ledger, api, generated = self.ledger, self.api, project.generated_at
        if ledger is None or generated is None:
            return
        left_out = {DownloadStatus.FAILED}
        if on_conflict == "skip":
            left_out.add(DownloadStatus.SKIPPED)  # whose file that is, is not known
        files = [
            LedgerFile(one.kind, None if one.path is None else str(one.path), one.size or None)
            for one in report.files
            if one.status not in left_out
        ]
        await ledger.use(lambda file: Files(file, api, directory).enter(str(project.id), generated, files))
