"""What a batch does, and the calls that it is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from pictory_async._api.batch_work import BatchJob
from pictory_async._files.downloads import DownloadProgress, DownloadReport
from pictory_async._polling.poller import RenderPoller
from pictory_async.models import ProjectId


@attrs.frozen(kw_only=True)
class BatchTerms:
    """What a batch does.

    Attributes:
        command: What the ledger calls the run.
        retry_unstarted: Whether what was not started is requested again.
        overlap: What to do about what another run is at: ``"skip"``, or ``"wait"`` for it.
        max_renders: How many renders are requested at most; `None` for no limit.
        waits: Whether renders are waited for.
        at_once: How many items are under way at most, or have a result that was not taken yet.
        watch: Keyword arguments of the watch.
    """

    command: str
    retry_unstarted: bool
    overlap: str
    max_renders: int | None
    waits: bool
    at_once: int
    watch: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class BatchCalls:
    """The calls that a batch makes.

    Attributes:
        watch: Makes a watch.
        download: Downloads the files of what was made; `None` to download nothing.
        transfers: What is being downloaded now, by project, or by the key of a video, and kind.
    """

    watch: Callable[..., RenderPoller]
    download: Callable[[BatchJob], Awaitable[DownloadReport]] | None
    transfers: Mapping[tuple[ProjectId, str], DownloadProgress]
