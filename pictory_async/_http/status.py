"""What an error status means, in sentences."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from pictory_async._codec.error_body import ErrorBody, decode_error, says_throttled
from pictory_async._http.messages import header, no_such
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
    from datetime import datetime

    from pictory_async._http.messages import Response

_REPORT: Final = "Try again later; if it persists, report it to Pictory."
_USELESS: Final = "A retry cannot help"
_FOREIGN: Final = " The response does not have the API's form: a proxy or gateway may have sent it."

# What to do about statuses without a class of their own.
_ADVICE: Final = {
    402: "The account's plan or credits do not allow it. Check them in Pictory.",
    405: f"{_USELESS}. Check the base URL, and update pictory-async.",
    407: f"{_USELESS}: a proxy asks for a password. Check the proxy's address.",
    408: "Try again.",
    409: "It conflicts with the present state of what was asked for. Look at that in Pictory, then decide.",
    410: "It was deleted, or the API has changed. Remove the id, or update pictory-async.",
    421: f"{_USELESS}. Check the base URL.",
    425: "Try again.",
    501: f"{_USELESS}. Check the base URL, and update pictory-async.",
    505: f"{_USELESS}. Check the base URL and the proxy.",
    511: f"{_USELESS}: the network asks for a login. Log in with a browser.",
}


def status_error(response: Response, *, doubtful: bool = False) -> StatusError:
    """Turn a response with an error status into its typed error, without the API key: a server may repeat it.

    Args:
        response: The response.
        doubtful: Whether the API may not be at the base URL, so that a 404 is not about what was asked for.
    """
    request, status = response.request, response.status
    found = decode_error(response.body, request.hide)
    body = found or ErrorBody()
    facts: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "status": status,
        "code": body.code,
        "request_id": response.request_id,
        # A redirect leads elsewhere, whatever its body is.
        "from_api": body.from_api and not _is_redirect(status),
    }
    pause = parse_retry_after(header(response.headers, b"retry-after"), _server_time(response))
    if status == 429 or (status in {400, 403} and _is_throttled(response, found)):  # noqa: PLR2004 - Too Many Requests
        text = (
            f"Pictory rejected the request for {request.subject}: too many requests{body.said}. "
            "Lower the limiter's rate."
        )
        return RateLimitedError(text, retry_after=pause, **facts)
    if status in {400, 422}:
        said = f" ({body.message})" if body.message else ""
        text = (
            f"Pictory rejected the request for {request.subject}{said}.{body.listed} Correct it; a retry cannot help."
        )
        return InvalidRequestError(text, fields=body.fields, **facts)
    if 500 <= status < 600:  # noqa: PLR2004 - server errors
        advice = _ADVICE.get(status, _REPORT)
        text = f"Pictory failed to respond for {request.subject}: status {status}{body.said}. {advice}"
        return ServerError(text, retry_after=pause, **facts)
    if doubtful and (status == 404 or body.wrong_address):  # noqa: PLR2004 - Not Found
        base = request.url.partition("?")[0].removesuffix(request.path)
        text = (
            f"{base} is not the address of the API (status {status} for {request.subject}{body.said}). "
            f"Did you mean {base}/pictoryapis?"
        )
        facts["from_api"] = False
        return _KINDS.get(status, StatusError)(text, **facts)
    if body.wrong_address:
        kind = _KINDS.get(status, StatusError)
        text = (
            f"The server does not know the address of {request.subject} (status {status}: {body.message}). Check the "
            "base URL, which ends with /pictoryapis."
        )
        return kind(text, **facts)
    kind, text = _plain(status, request.subject, body, json=found is not None)
    return kind(text, **facts)


_KINDS: Final[dict[int, type[StatusError]]] = {401: AuthenticationError, 403: PermissionDeniedError, 404: NotFoundError}


def _is_throttled(response: Response, found: ErrorBody | None) -> bool:
    return says_throttled(found, response.body, header(response.headers, b"x-amzn-errortype"))


def _is_redirect(status: int) -> bool:
    return 300 <= status < 400  # noqa: PLR2004 - redirects


def _plain(status: int, subject: str, body: ErrorBody, *, json: bool) -> tuple[type[StatusError], str]:
    said, foreign = body.said, "" if body.from_api else _FOREIGN
    match status:
        case 401:
            return AuthenticationError, (
                f"Pictory rejected the API key (401 Unauthorized) when asked for {subject}{said}. "
                f"Check PICTORY_API_KEY against https://app.pictory.ai/api-access.{foreign}"
            )
        case 403 if json:
            return PermissionDeniedError, (
                f"This API key may not access {subject}{said}. Use a key of the account or team that owns it.{foreign}"
            )
        case 403:
            return BlockedError, (
                f"A firewall in front of Pictory blocked the request for {subject}. "
                "Check your network's address and any custom User-Agent; the API key is not the cause."
            )
        case 404:
            return NotFoundError, no_such(subject, said) if body.from_api else (
                f"The server responded for {subject} with status 404{said}, but not in the API's form. "
                "Check the base URL; if it is right, a proxy or gateway may have responded: try again."
            )
        case _ if _is_redirect(status):
            return StatusError, (
                f"Pictory responded for {subject} with redirect {status}. It is not followed, so that the key is sent "
                "to the configured address only. Check the base URL."
            )
        case _:
            default = f"{_USELESS}; if these words do not say why, report it to Pictory."
            return StatusError, (
                f"Pictory responded for {subject} with status {status}{said}. {_ADVICE.get(status, default)}{foreign}"
            )


def _server_time(response: Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(header(response.headers, b"date") or "")
    except (ValueError, OverflowError):  # a year of twenty digits is too long for C
        return None
    return moment if moment.tzinfo is not None else None
