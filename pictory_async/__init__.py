"""The asyncio SDK for the Pictory video API, around a render poller.

Start with `AsyncPictory`; https://docs.pictory.ai/api-reference describes the API itself.
"""

from __future__ import annotations

from pictory_async import errors
from pictory_async._client import AsyncPictory, ClientStatistics
from pictory_async._download import DownloadedFile, DownloadProgress, DownloadReport, DownloadStatus
from pictory_async._handle import RenderHandle
from pictory_async._limiter import RateLimiter, RateLimiterStatistics
from pictory_async._line import Priority
from pictory_async._outcome import RenderOutcome, RenderStatus
from pictory_async._poller import PollerStatistics, RenderPoller
from pictory_async._retry import RetryPolicy
from pictory_async._version import __version__
from pictory_async.models import Job, Project, ProjectId, Template

__all__ = [
    "AsyncPictory",
    "ClientStatistics",
    "DownloadProgress",
    "DownloadReport",
    "DownloadStatus",
    "DownloadedFile",
    "Job",
    "PollerStatistics",
    "Priority",
    "Project",
    "ProjectId",
    "RateLimiter",
    "RateLimiterStatistics",
    "RenderHandle",
    "RenderOutcome",
    "RenderPoller",
    "RenderStatus",
    "RetryPolicy",
    "Template",
    "__version__",
    "errors",
]
