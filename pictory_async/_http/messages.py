"""HTTP requests and responses as plain data, and the errors about them."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import attrs

from pictory_async._codec.error_body import ErrorBody, decode_error
from pictory_async._http.encoding import Gunzip, Headers, codings, header, request_id_of
from pictory_async._http.proxies import Way
from pictory_async._settings.key import ApiKey
from pictory_async._settings.secret import Secret
from pictory_async.errors import (
    APIError,
    MalformedResponseError,
    NotFoundError,
    PictoryConfigError,
    RateBudgetError,
    RequestTimeoutError,
    StatusError,
)

if TYPE_CHECKING:
    from pictory_async._http.proxies import Proxy

__all__ = ["MAX_BODY", "Body", "FileBody", "Headers", "Request", "Response", "header", "no_such"]

MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of one API response, before and after decompression."""

_MOST_LAYERS: Final = 2  # of compression; each could be a bomb


class Body:
    """The JSON that a request sends. It is written when it is sent: a `Secret` in it is in no variable before.

    Args:
        value: A JSON value, which may have secrets in it.

    Raises:
        PictoryConfigError: Not all of it is JSON.
    """

    __slots__ = ("_value", "secrets")

    kind: ClassVar[bytes] = b"application/json"

    def __init__(self, value: Any) -> None:
        self._value = value
        self.secrets: list[Secret] = []
        try:
            # Now, because an error in the middle of sending would say that something may have been sent.
            json.dumps(value, default=self._collected, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise PictoryConfigError(f"The request cannot be sent: not all of it is JSON ({error}).") from None

    def written(self) -> bytes:
        """The bytes. Put them into no variable: tracebacks can show it."""
        return json.dumps(self._value, default=_revealed).encode()

    def _collected(self, value: object) -> Any:
        if not isinstance(value, Secret):
            return _revealed(value)
        self.secrets.append(value)
        return ""


class FileBody(Body):
    """The bytes of a file that a request sends as they are."""

    __slots__ = ()

    kind: ClassVar[bytes] = b"application/octet-stream"

    def __init__(self, value: bytes) -> None:
        super().__init__(None)
        self._value = value

    def written(self) -> bytes:
        """The bytes."""
        content: bytes = self._value
        return content


def _revealed(value: object) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):  # such as a read-only one
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")


@attrs.define(repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Request:
    """One request, ready to send.

    Attributes:
        method: HTTP method.
        url: Absolute URL, percent-encoded.
        path: What errors show: the path without the base URL and the query.
        subject: What errors call the thing that is asked for, such as ``project 'x'``.
        headers: Raw header pairs.
        timeout: Wall-clock limit for the whole exchange, in seconds; ``None`` for no limit.
        max_queue: How long it may wait before it is sent, in seconds; ``None`` for no limit.
        key: The API key, which is added to the headers when they are written; ``None`` for media hosts.
        body: What it sends: JSON, or what yields the pieces of a file; ``None`` for nothing.
        way: How the host is reached; ``None`` until the request has a connection.
        sent_at: When it was written first, by `anyio.current_time`; ``None`` until then.
    """

    method: str
    url: str
    path: str
    subject: str
    headers: Headers
    timeout: float | None = None
    max_queue: float | None = None
    key: ApiKey | None = None
    body: Body | Callable[[], AsyncIterable[bytes]] | None = None
    way: Way | None = None
    sent_at: float | None = None

    def written(self) -> Headers:
        """The headers with the API key. Put them into no variable: tracebacks can show it."""
        if self.key is None:
            return self.headers
        return [*self.headers, (b"authorization", self.key.reveal().encode())]

    @property
    def secrets(self) -> list[Secret]:
        """What nothing may show: the API key, and the secrets of the body."""
        found: list[Secret] = [] if self.key is None else [self.key]
        return [*found, *self.body.secrets] if isinstance(self.body, Body) else found

    def hide(self, text: str) -> str:
        """Remove the secrets from what the server says: it may repeat what it was sent."""
        for secret in self.secrets:
            text = secret.hide_in(text)
        return text

    @property
    def secure(self) -> bool:
        """Whether it goes over TLS."""
        return self.url.startswith("https:")

    @property
    def proxy(self) -> Proxy | None:
        """The proxy that it goes through."""
        return None if self.way is None else self.way.proxy

    def timed_out(self, *, sent: bool = True) -> RequestTimeoutError:
        """The error for a request that took too long."""
        limit = "in time" if self.timeout is None else f"within {self.timeout:g} s"
        through = "" if self.proxy is None else f" through the proxy {self.proxy.shown}"
        text = f"{self.method} {self.path} did not complete {limit}{through}. Try again, or raise the client's timeout."
        return RequestTimeoutError(text, method=self.method, path=self.path, timeout=self.timeout, sent=sent)

    def refused(self, why: str, retry_after: float | None = None) -> RateBudgetError:
        """The error for a request that would have to wait too long before it is sent."""
        text = f"{self.method} {self.path} for {self.subject} was not sent: {why}"
        return RateBudgetError(text, max_wait=self.max_queue or 0.0, retry_after=retry_after)

    def malformed(self, problem: str, headers: Headers) -> MalformedResponseError:
        """The error for a response whose bytes cannot be used: not the API's, which sends small JSON or gzip."""
        known = request_id_of(headers, self.hide)
        text = f"The response to {self.method} {self.path} {problem}. Try again; if it persists, report it to Pictory."
        return MalformedResponseError(text, method=self.method, path=self.path, from_api=False, request_id=known)


@attrs.define(repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Response:
    """One complete response.

    Attributes:
        request: What it is the response to.
        status: HTTP status code.
        headers: Raw header pairs.
        body: The decompressed body, in bytes.
        sent_at: When the request was sent, by `anyio.current_time`.
    """

    request: Request
    status: int
    headers: Headers
    body: bytes
    sent_at: float

    @property
    def request_id(self) -> str | None:
        """The server's own id of the request."""
        return request_id_of(self.headers, self.request.hide)

    def blame(self, error: MalformedResponseError | StatusError) -> APIError:
        """The decoder's error, with the subject, method and path of the request, and with what the API says."""
        request = self.request
        if isinstance(error, StatusError):
            return self._reported(type(error))
        subject = f"{request.subject[:1].upper()}{request.subject[1:]}"
        return MalformedResponseError(
            f"{subject}: {error.message}",
            method=request.method,
            path=request.path,
            json_path=error.json_path,
            from_api=error.from_api,
            request_id=self.request_id,
        )

    def _reported(self, kind: type[StatusError]) -> StatusError:
        request = self.request
        body = decode_error(self.body, request.hide) or ErrorBody()
        if kind is NotFoundError:
            text = no_such(request.subject, body.said)
        else:
            text = (
                f"Pictory responded for {request.subject} with an error{body.said}, although with status {self.status}."
                " Correct what it names; if there is nothing to correct, report it to Pictory."
            )
        return kind(
            text,
            method=request.method,
            path=request.path,
            status=self.status,
            code=body.code,
            request_id=self.request_id,
        )

    def decompressed(self) -> Response:
        """The response with a decompressed body.

        Raises:
            MalformedResponseError: The compression is broken or was not asked for, or the body is too large.
        """
        layers = codings(self.headers)
        if not layers or not self.body:
            return self
        if len(layers) > _MOST_LAYERS or any(layer != "gzip" for layer in layers):
            raise self.request.malformed("is encoded in a way that was not asked for", self.headers)
        plain = self.body
        for _ in layers:
            plain = self._inflated(plain)
        return attrs.evolve(self, body=plain)

    def _inflated(self, body: bytes) -> bytes:
        gunzip = Gunzip()
        plain = bytearray()
        try:
            for piece in gunzip.feed(body):
                plain += piece
                if len(plain) > MAX_BODY:
                    text = f"is larger than {MAX_BODY} bytes when decompressed"
                    raise self.request.malformed(text, self.headers)
        except zlib.error:
            raise self.request.malformed("has broken gzip compression", self.headers) from None
        if not gunzip.complete:
            raise self.request.malformed("was cut off", self.headers)
        return bytes(plain)


def no_such(subject: str, said: str) -> str:
    """The text of the error for something that does not exist."""
    return (
        f"There is no {subject.removeprefix('the ')} for this API key{said}. "
        "Check the id and the base URL, and that the key is of its account."
    )
