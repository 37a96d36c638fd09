"""What an error status means, in sentences."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from pictory_async._codec.error_body import decode_error
from pictory_async._http.messages import header
from pictory_async._http.retry import parse_retry_after
from pictory_async.errors import (
    AuthenticationError,
    BlockedError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    StatusError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from pictory_async._http.messages import Response

_REPORT: Final = "Try again later; if it persists, report it to Pictory."


def status_error(response: Response, hide: Callable[[str], str]) -> StatusError:
    """Turn a response with an error status into its typed error.

    Args:
        response: The response.
        hide: Removes the API key from what the server says: it may repeat what it was sent.
    """
    method, path, subject = response.request.method, response.request.path, response.request.subject
    body = decode_error(response.body, hide)
    status = response.status
    code = body.code if body is not None else None
    said = f" ({body.message})" if body is not None and body.message else ""
    if status in {400, 422}:
        fields = body.fields if body is not None else ()
        named = "".join(f" {field.name}: {field.problem}." for field in fields)
        text = f"Pictory rejected the request for {subject}{said}.{named} Correct it; a retry cannot help."
        return InvalidRequestError(text, method=method, path=path, status=status, code=code, fields=fields)
    if status in {429, *range(500, 600)}:
        pause = parse_retry_after(header(response.headers, b"retry-after"), _server_time(response))
        if status == 429:  # noqa: PLR2004 - Too Many Requests
            text = f"Pictory rejected the request for {subject}: too many requests{said}. Lower the limiter's rate."
            return RateLimitedError(text, method=method, path=path, status=status, code=code, retry_after=pause)
        text = f"Pictory failed to respond for {subject}: status {status}{said}. {_REPORT}"
        return ServerError(text, method=method, path=path, status=status, code=code, retry_after=pause)
    kind, text = _plain(status, subject, said, json=body is not None)
    return kind(text, method=method, path=path, status=status, code=code)


def _plain(status: int, subject: str, said: str, *, json: bool) -> tuple[type[StatusError], str]:
    match status:
        case 401:
            return AuthenticationError, (
                f"Pictory rejected the API key (401 Unauthorized) when asked for {subject}{said}. "
                "Check PICTORY_API_KEY against https://app.pictory.ai/api-access."
            )
        case 403 if json:
            return PermissionDeniedError, (
                f"This API key may not access {subject}{said}. Use a key of the account or team that owns it."
            )
        case 403:
            return BlockedError, (
                f"A firewall in front of Pictory blocked the request for {subject}. "
                "Check your network's address and any custom User-Agent; the API key is not the cause."
            )
        case 404:
            return NotFoundError, (
                f"There is no {subject.removeprefix('the ')} for this API key{said}. "
                "Check the id and the base URL, and that the key is of its account."
            )
        case _ if 300 <= status < 400:  # noqa: PLR2004 - redirects
            return StatusError, (
                f"Pictory responded for {subject} with redirect {status}. It is not followed, so that the key is sent "
                "to the configured address only. Check the base URL."
            )
        case _:
            return (
                StatusError,
                f"Pictory responded for {subject} with the unexpected status {status}{said}. {_REPORT}",
            )


def _server_time(response: Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header(response.headers, b"date") or "")
    except (ValueError, OverflowError):  # a year of twenty digits is too long for C
        return None
    return moment if moment.tzinfo is not None else None
