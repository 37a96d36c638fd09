"""Errors of requests without a usable response."""

from __future__ import annotations

import attrs

from pictory_async._values import ValueObject, with_facts
from pictory_async.errors._base import PictoryError


@with_facts
class APIError(PictoryError):
    """A request without a usable response.

    Attributes:
        method: HTTP method of the request.
        path: Path of the request below the base URL; it never contains the key.
        attempts: How many times the request was sent.
        request_id: The server's own id of the request; ``None`` if no response has one. The error's text ends with it.
    """

    method: str = ""
    path: str = ""
    attempts: int = 1
    request_id: str | None = None

    def __str__(self) -> str:
        return self.message if self.request_id is None else f"{self.message} (request {self.request_id})"


@with_facts
class ConnectionFailedError(APIError, ConnectionError):
    """No connection could be made, or it broke before the response was complete.

    Attributes:
        sent: Whether the request may have reached the server.
    """

    sent: bool = True


@with_facts
class RequestTimeoutError(APIError, TimeoutError):
    """One request took longer than ``timeout`` seconds.

    Attributes:
        timeout: The limit that was exceeded, in seconds.
        sent: Whether the request may have reached the server.
    """

    timeout: float | None = None
    sent: bool = True


@with_facts
class MalformedResponseError(APIError):
    """The response does not have the form that the API documents.

    Attributes:
        json_path: The place in the body, such as ``$.videoURL``; ``$`` for the whole body.
        from_api: Whether the body has the API's own form. That of a gateway or login page says nothing about a project.
    """

    json_path: str = "$"
    from_api: bool = True


@attrs.frozen(repr=False, eq=False)
class FieldProblem(ValueObject):
    """One entry of the ``fields`` list of a 400 response.

    Attributes:
        name: The field of the request, in the API's spelling.
        problem: The API's description of the problem.
    """

    name: str
    problem: str


@with_facts
class StatusError(APIError):
    """The response has an error status, or it has status 200 and reports an error instead of what was asked for.

    Attributes:
        status: HTTP status code, an ``int``; 200 if the API reported the error in a response with that status.
        code: The API's error code, such as ``INVALID_REQUEST_BODY``; ``None`` if the body has none.
        from_api: Whether the body has the API's own form. That of a gateway or firewall says nothing about a project.
    """

    status: int = 0
    code: str | None = None
    from_api: bool = True


@with_facts
class InvalidRequestError(StatusError):
    """400 or 422: the API does not accept the request.

    Attributes:
        fields: The problems of single fields, at most 100 with 10,000 characters in all; empty if the API names none.
    """

    fields: tuple[FieldProblem, ...] = ()


class AuthenticationError(StatusError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(StatusError):
    """403: the key is valid but may not do this."""


class BlockedError(PermissionDeniedError):
    """403 without a JSON body: a firewall in front of the API rejected the request (Cloudflare's error 1010)."""


class NotFoundError(StatusError, LookupError):
    """There is no such project, template or job for this key: 404, or a response with status 200 that says so."""


@with_facts
class RateLimitedError(StatusError):
    """429: too many requests; or a 400 or 403 that says so, such as a ``ThrottlingException``.

    Attributes:
        retry_after: The response's ``Retry-After`` in seconds, or ``None``.
    """

    retry_after: float | None = None


@with_facts
class ServerError(StatusError):
    """Any 5xx, including Cloudflare's 520 to 526.

    Attributes:
        retry_after: The response's ``Retry-After`` in seconds, or ``None``.
    """

    retry_after: float | None = None
