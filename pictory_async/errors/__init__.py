"""The errors of this package, as one tree.

::

    PictoryError
    ├── PictoryConfigError (ValueError)       a setting is missing or cannot work; nothing was sent
    ├── RateBudgetError (TimeoutError)        the rate limiter allowed no request in time; nothing was sent
    ├── APIError                              a request without a usable response
    │   ├── ConnectionFailedError (ConnectionError)
    │   ├── RequestTimeoutError (TimeoutError)
    │   ├── MalformedResponseError            the response does not have the documented form
    │   └── StatusError                       an error status, or an error reported with status 200
    │       ├── InvalidRequestError           400, 422
    │       ├── AuthenticationError           401
    │       ├── PermissionDeniedError         403
    │       │   └── BlockedError              403 without JSON: a firewall in front of the API
    │       ├── NotFoundError (LookupError)   404, or a response with status 200 that says so
    │       ├── RateLimitedError              429
    │       └── ServerError                   any 5xx, including Cloudflare's 52x
    ├── DownloadError                         a file could not be downloaded completely; a retry resumes it
    ├── UploadError                           a file could not be uploaded
    ├── LedgerError                           the ledger cannot be used, so nothing is paid for
    ├── ProjectConflictError                  a project was changed meanwhile, or does not show an update
    ├── OutdatedVideoError                    with ``fresh=True``: the video is not known to be the newest
    ├── SubmitUncertainError                  the response to a request that is billed was lost
    │   ├── RenderSubmitUncertainError        for the render of a project
    │   ├── VideoSubmitUncertainError         for a video or a preview
    │   └── JobSubmitUncertainError           for another job
    └── WaitError                             a wait ended without a result
        ├── JobFailedError
        ├── JobCleanedError
        ├── RenderFailedError
        ├── RenderNotStartedError
        └── WaitTimeoutError (TimeoutError)

Errors are plain data: they compare by value, can be pickled, and contain neither a response object nor the API key.
If a built-in error means the same, the class inherits from it too, so ``except TimeoutError`` works.
"""

from __future__ import annotations

from pictory_async.errors._base import PictoryConfigError, PictoryError, RateBudgetError
from pictory_async.errors._responses import (
    APIError,
    AuthenticationError,
    BlockedError,
    ConnectionFailedError,
    FieldProblem,
    InvalidRequestError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    StatusError,
)
from pictory_async.errors._waits import (
    JobCleanedError,
    JobFailedError,
    RenderFailedError,
    RenderNotStartedError,
    WaitError,
    WaitTimeoutError,
)
from pictory_async.errors._work import (
    DownloadError,
    JobSubmitUncertainError,
    LedgerError,
    OutdatedVideoError,
    ProjectConflictError,
    RenderSubmitUncertainError,
    SubmitUncertainError,
    UploadError,
    VideoSubmitUncertainError,
)

__all__ = [
    "APIError",
    "AuthenticationError",
    "BlockedError",
    "ConnectionFailedError",
    "DownloadError",
    "FieldProblem",
    "InvalidRequestError",
    "JobCleanedError",
    "JobFailedError",
    "JobSubmitUncertainError",
    "LedgerError",
    "MalformedResponseError",
    "NotFoundError",
    "OutdatedVideoError",
    "PermissionDeniedError",
    "PictoryConfigError",
    "PictoryError",
    "ProjectConflictError",
    "RateBudgetError",
    "RateLimitedError",
    "RenderFailedError",
    "RenderNotStartedError",
    "RenderSubmitUncertainError",
    "RequestTimeoutError",
    "ServerError",
    "StatusError",
    "SubmitUncertainError",
    "UploadError",
    "VideoSubmitUncertainError",
    "WaitError",
    "WaitTimeoutError",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # as users import it, also in tracebacks and pickles
