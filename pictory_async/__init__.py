"""The asyncio SDK for the Pictory video API, around a render poller.

Start with `AsyncPictory`; https://docs.pictory.ai/api-reference describes the API itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pictory_async import errors
from pictory_async._client import AsyncPictory
from pictory_async._http.interface import HttpClient, HttpTransport
from pictory_async._http.retry import RetryPolicy
from pictory_async._limits.interface import Limiter
from pictory_async._limits.limiter import RateLimiter
from pictory_async._limits.wait_queue import Priority
from pictory_async._settings.secret import Secret
from pictory_async._statistics import (
    ClientStatistics,
    HttpStatistics,
    PollerStatistics,
    RateLimiterStatistics,
    TemplateCacheStatistics,
    TransportStatistics,
)
from pictory_async._version import __version__
from pictory_async.models import Job, Project, ProjectId

if TYPE_CHECKING:
    from pictory_async._api.making import VideoBatch
    from pictory_async._api.render_batch import RenderBatch
    from pictory_async._api.results import BatchProgress, RenderResult, ResultStatus
    from pictory_async._api.survey import SyncState
    from pictory_async._api.sync import ProjectSync, SyncPlan
    from pictory_async._api.video_results import VideoResult
    from pictory_async._api.video_work import VideoOrder
    from pictory_async._cache.disk import DiskTemplateCache
    from pictory_async._files.backup import verify_backup
    from pictory_async._files.downloads import DownloadedFile, DownloadProgress, DownloadReport, DownloadStatus
    from pictory_async._files.manifest import BackupCheck, BackupFile, BackupProblem, TemplateBackup
    from pictory_async._files.names import FileKind
    from pictory_async._files.naming import check_naming
    from pictory_async._files.snapshots import SnapshotTemplate, TemplateSnapshot
    from pictory_async._files.uploads import UploadProgress
    from pictory_async._ledger.ledger import Ledger, LedgerRun
    from pictory_async._ledger.renders import RenderState
    from pictory_async._limits.file_budget import FileBudget
    from pictory_async._limits.redis_budget import RedisBudget
    from pictory_async._limits.shared import BudgetTerms, Lease, SharedBudget, SharedPace
    from pictory_async._notebook import shown
    from pictory_async._polling.broadcast import Subscription, WatchEvent, WatchEventKind
    from pictory_async._polling.handle import RenderHandle, VideoHandle, read_handle
    from pictory_async._polling.keys import WatchKey
    from pictory_async._polling.outcome import RenderOutcome, RenderOutcomes, RenderStatus
    from pictory_async._polling.poller import RenderPoller
    from pictory_async._polling.schedules import FairSchedule, PollSchedule, ProgressSchedule, Sighting
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
    from pictory_async.models import Preview, Template, Video

__all__ = [
    "AsyncPictory",
    "BackupCheck",
    "BackupFile",
    "BackupProblem",
    "BatchProgress",
    "BudgetTerms",
    "ClientStatistics",
    "DiskTemplateCache",
    "DownloadProgress",
    "DownloadReport",
    "DownloadStatus",
    "DownloadedFile",
    "FairSchedule",
    "FileBudget",
    "FileKind",
    "Finding",
    "HttpClient",
    "HttpStatistics",
    "HttpTransport",
    "Job",
    "Lease",
    "Ledger",
    "LedgerRun",
    "Limiter",
    "PollSchedule",
    "PollerStatistics",
    "Preview",
    "Priority",
    "ProgressSchedule",
    "Project",
    "ProjectComparison",
    "ProjectId",
    "ProjectMetadata",
    "ProjectSync",
    "RateLimiter",
    "RateLimiterStatistics",
    "RedisBudget",
    "RenderBatch",
    "RenderHandle",
    "RenderOutcome",
    "RenderOutcomes",
    "RenderPoller",
    "RenderResult",
    "RenderState",
    "RenderStatus",
    "ResultStatus",
    "RetryPolicy",
    "Secret",
    "Severity",
    "SharedBudget",
    "SharedPace",
    "Sighting",
    "SnapshotTemplate",
    "Subscription",
    "SyncPlan",
    "SyncState",
    "Template",
    "TemplateBackup",
    "TemplateCacheStatistics",
    "TemplateDiff",
    "TemplateSnapshot",
    "TemplateStructure",
    "TemplateVariables",
    "TransportStatistics",
    "UploadProgress",
    "Video",
    "VideoBatch",
    "VideoHandle",
    "VideoOrder",
    "VideoResult",
    "WatchEvent",
    "WatchEventKind",
    "WatchKey",
    "__version__",
    "check_naming",
    "check_template",
    "compare_projects",
    "compare_templates",
    "errors",
    "project_report",
    "project_report_html",
    "read_handle",
    "shown",
    "template_structure",
    "template_variables",
    "verify_backup",
    "write_html_report",
    "write_report",
]


# Imported when they are asked for, or when the first client is made. What no module is named for here is in `insight`.
_LATER: Final = {
    "BackupCheck": "_files.manifest",
    "BackupFile": "_files.manifest",
    "BackupProblem": "_files.manifest",
    "BatchProgress": "_api.results",
    "DiskTemplateCache": "_cache.disk",
    "DownloadProgress": "_files.downloads",
    "DownloadReport": "_files.downloads",
    "DownloadStatus": "_files.downloads",
    "DownloadedFile": "_files.downloads",
    "BudgetTerms": "_limits.shared",
    "FileBudget": "_limits.file_budget",
    "FileKind": "_files.names",
    "Lease": "_limits.shared",
    "RedisBudget": "_limits.redis_budget",
    "SharedBudget": "_limits.shared",
    "SharedPace": "_limits.shared",
    "Ledger": "_ledger.ledger",
    "LedgerRun": "_ledger.ledger",
    "RenderBatch": "_api.render_batch",
    "VideoBatch": "_api.making",
    "VideoOrder": "_api.video_work",
    "VideoResult": "_api.video_results",
    "RenderResult": "_api.results",
    "RenderState": "_ledger.renders",
    "ResultStatus": "_api.results",
    "ProjectSync": "_api.sync",
    "SyncPlan": "_api.sync",
    "SyncState": "_api.survey",
    "UploadProgress": "_files.uploads",
    "Subscription": "_polling.broadcast",
    "WatchEvent": "_polling.broadcast",
    "WatchEventKind": "_polling.broadcast",
    "RenderHandle": "_polling.handle",
    "VideoHandle": "_polling.handle",
    "read_handle": "_polling.handle",
    "WatchKey": "_polling.keys",
    "RenderOutcome": "_polling.outcome",
    "RenderOutcomes": "_polling.outcome",
    "RenderStatus": "_polling.outcome",
    "RenderPoller": "_polling.poller",
    "FairSchedule": "_polling.schedules",
    "PollSchedule": "_polling.schedules",
    "ProgressSchedule": "_polling.schedules",
    "Sighting": "_polling.schedules",
    "check_naming": "_files.naming",
    "SnapshotTemplate": "_files.snapshots",
    "Preview": "models",
    "Template": "models",
    "Video": "models",
    "shown": "_notebook",
    "TemplateBackup": "_files.manifest",
    "TemplateSnapshot": "_files.snapshots",
    "verify_backup": "_files.backup",
}


if not TYPE_CHECKING:  # type checkers would take any name for one of this module's

    def __getattr__(name: str) -> object:
        if name in __all__:
            found = getattr(import_module(f"pictory_async.{_LATER.get(name, 'insight')}"), name)
            globals()[name] = found
            return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
