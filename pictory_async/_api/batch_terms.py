"""What a batch of renders does, and the calls that it is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from pictory_async._files.downloads import DownloadProgress, DownloadReport
from pictory_async._ledger.renders import Resubmit
from pictory_async._polling.poller import RenderPoller
from pictory_async.models import Project, ProjectId


@attrs.frozen(kw_only=True)
class BatchTerms:
    """What a batch does.

    Attributes:
        command: What the ledger calls the run.
        batch: The name of the batch; `None` if each project is rendered once for each version of it.
        resubmit: Which renders are requested again although they were before.
        wants: Tells whether a project is to be rendered, and by whether its video is outdated.
        overlap: What to do about what another run is at: ``"skip"``, or ``"wait"`` for it.
        max_renders: How many renders are requested at most; `None` for no limit.
        waits: Whether renders are waited for.
        at_once: How many projects are under way at most, or have a result that was not taken yet.
        watch: Keyword arguments of the watch.
    """

    command: str
    batch: str | None
    resubmit: Resubmit
    wants: Callable[[Project, bool | None], bool]
    overlap: str
    max_renders: int | None
    waits: bool
    at_once: int
    watch: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class BatchCalls:
    """The calls that a batch makes.

    Attributes:
        get: Fetches a project.
        watch: Makes a watch.
        download: Downloads the files of a project; `None` to download nothing.
        transfers: What is being downloaded now, by project and kind.
    """

    get: Callable[[ProjectId], Awaitable[Project]]
    watch: Callable[..., RenderPoller]
    download: Callable[[Project], Awaitable[DownloadReport]] | None
    transfers: Mapping[tuple[ProjectId, str], DownloadProgress]
