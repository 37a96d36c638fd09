"""The asyncio SDK for the Pictory video API, around a render poller.

Start with `AsyncPictory`; https://docs.pictory.ai/api-reference describes the API itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pictory_async import errors
from pictory_async._client import AsyncPictory
from pictory_async._handle import RenderHandle
from pictory_async._limiter import RateLimiter
from pictory_async._line import Priority
from pictory_async._outcome import RenderOutcome, RenderStatus
from pictory_async._policy import FairSchedule, PollSchedule, ProgressSchedule, Sighting
from pictory_async._poller import RenderPoller
from pictory_async._retry import RetryPolicy
from pictory_async._version import __version__
from pictory_async.models import Job, Project, ProjectId

if TYPE_CHECKING:
    from pictory_async._backup import BackupCheck, BackupFile, BackupProblem, TemplateBackup, verify_backup
    from pictory_async._cache_disk import DiskTemplateCache
    from pictory_async._download import DownloadedFile, DownloadProgress, DownloadReport, DownloadStatus
    from pictory_async._statistics import (
        ClientStatistics,
        HttpStatistics,
        PollerStatistics,
        RateLimiterStatistics,
        TemplateCacheStatistics,
        TransportStatistics,
    )
    from pictory_async.insight import (
        Finding,
        ProjectComparison,
        ProjectMetadata,
        Severity,
        TemplateDiff,
        TemplateStructure,
        TemplateVariables,
        check_template,
        compare_projects,
        compare_templates,
        project_report,
        project_report_html,
        template_structure,
        template_variables,
        write_html_report,
        write_report,
    )
    from pictory_async.models import Template

__all__ = [
    "AsyncPictory",
    "BackupCheck",
    "BackupFile",
    "BackupProblem",
    "ClientStatistics",
    "DiskTemplateCache",
    "DownloadProgress",
    "DownloadReport",
    "DownloadStatus",
    "DownloadedFile",
    "FairSchedule",
    "Finding",
    "HttpStatistics",
    "Job",
    "PollSchedule",
    "PollerStatistics",
    "Priority",
    "ProgressSchedule",
    "Project",
    "ProjectComparison",
    "ProjectId",
    "ProjectMetadata",
    "RateLimiter",
    "RateLimiterStatistics",
    "RenderHandle",
    "RenderOutcome",
    "RenderPoller",
    "RenderStatus",
    "RetryPolicy",
    "Severity",
    "Sighting",
    "Template",
    "TemplateBackup",
    "TemplateCacheStatistics",
    "TemplateDiff",
    "TemplateStructure",
    "TemplateVariables",
    "TransportStatistics",
    "__version__",
    "check_template",
    "compare_projects",
    "compare_templates",
    "errors",
    "project_report",
    "project_report_html",
    "template_structure",
    "template_variables",
    "verify_backup",
    "write_html_report",
    "write_report",
]


# Imported when they are asked for: most programs never do. What no module is named for here is in `insight`.
_LATER: Final = {
    "BackupCheck": "_backup",
    "BackupFile": "_backup",
    "BackupProblem": "_backup",
    "ClientStatistics": "_statistics",
    "DiskTemplateCache": "_cache_disk",
    "DownloadProgress": "_download",
    "DownloadReport": "_download",
    "DownloadStatus": "_download",
    "DownloadedFile": "_download",
    "HttpStatistics": "_statistics",
    "PollerStatistics": "_statistics",
    "RateLimiterStatistics": "_statistics",
    "Template": "models",
    "TemplateBackup": "_backup",
    "TemplateCacheStatistics": "_statistics",
    "TransportStatistics": "_statistics",
    "verify_backup": "_backup",
}


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"pictory_async.{_LATER.get(name, 'insight')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
