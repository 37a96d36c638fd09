"""An ASGI app for the webhooks of Pictory: a wait then notices the end of its job at once.

Works with every ASGI framework and server, on asyncio and trio, and imports none of them.

Webhooks are given per request, such as ``VideoRequest(webhook=...)``; rendering a project has none. What is documented
is that Pictory sends a POST when the job is completed. Whether it does so for failed jobs, once, in order, and again
after an error is not, and there is no signature. So a webhook is a hint here: the wait polls the job itself, and goes
on polling without it.
"""

from __future__ import annotations

import hmac
import json
import re
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

import anyio

from pictory_async._codec.json_bytes import is_list, is_object
from pictory_async._codec.names import NAMES
from pictory_async._codec.reader import at
from pictory_async._log import LogEvent, write
from pictory_async._settings.secret import Secret
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

__all__ = ["WebhookApp"]

_SECRET: Final = re.compile(r"[A-Za-z0-9_.~-]{16,200}")
_MOST: Final = 10_000_000
_PATIENCE: Final = 10.0  # seconds for a body to arrive
_LONGEST_ID: Final = 200
_MOST_IDS: Final = 100
_MOST_ENTRIES: Final = 1000  # of a list that are searched


class WebhookApp:
    """Takes webhooks and hints at the jobs that they name.

    Example::

        hooks = WebhookApp(lambda job_id: client.jobs.hint(job_id), secret=os.environ["WEBHOOK_SECRET"])
        app = Starlette(routes=[Mount("/pictory", app=hooks)])
        request = VideoRequest(..., webhook=f"https://videos.example.org/pictory/{os.environ['WEBHOOK_SECRET']}")

    It answers 204 when the hints are given. Other answers: 404 if the secret is wrong, 405 if the method is not POST,
    413 if the body is larger than ``most_bytes``, 408 if it does not arrive within 10 seconds, 400 if it is not JSON,
    and 500 if ``hint`` raised an error for one of the jobs; it is called for the others all the same, and the first
    such error is logged (``pictory.hook.failed``). Any JSON is accepted, nothing in it is believed, and its job is
    looked for where the API documents a job's id. Whoever knows the secret can cause polls, within the request budget,
    and nothing else.

    Args:
        hint: Called with the id of each job that is named, such as ``client.jobs.hint`` or ``watch.hint``; may be
            async. It gets ids that nobody waits for, too.
        secret: The last part of the path that is called: at least 16 letters, digits, and ``_.~-``. Make it with
            ``secrets.token_urlsafe()``.
        most_bytes: How many bytes a body may have. A larger one takes the event loop longer.

    Raises:
        PictoryConfigError: An argument cannot work. The error does not repeat the secret.
    """

    def __init__(self, hint: Callable[[str], object], *, secret: str | Secret, most_bytes: int = 65_536) -> None:
        self._secret = Secret(secret)
        del secret  # tracebacks can show variables
        if not _SECRET.fullmatch(self._secret.reveal()):
            raise PictoryConfigError(
                "secret must have 16 to 200 characters: letters, digits, '_', '.', '~' and '-'. "
                "secrets.token_urlsafe() makes one."
            )
        if not callable(hint):
            raise PictoryConfigError(f"hint must be a function such as client.jobs.hint, not {brief(hint)}.")
        if isinstance(most_bytes, bool) or not isinstance(most_bytes, int) or not 1 <= most_bytes <= _MOST:
            raise PictoryConfigError(f"most_bytes must be a whole number from 1 to {_MOST}, not {brief(most_bytes)}.")
        self._hint = hint
        self._most_bytes = most_bytes
        self._failed = False

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one connection, as ASGI describes it."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            status = await self._status(scope, receive)
            if status is not None:
                await _answer(send, status)

    async def _status(
        self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[MutableMapping[str, Any]]]
    ) -> int | None:
        """Take a request in, and return the status of its answer; ``None`` if the sender has left."""
        named = scope["path"].rpartition("/")[2].encode(errors="surrogatepass")
        if not hmac.compare_digest(named, self._secret.reveal().encode()):
            return 404
        if scope["method"] != "POST":
            return 405
        body: bytes | int | None = 408
        with anyio.move_on_after(_PATIENCE):
            body = await self._body(receive)
        if not isinstance(body, bytes):
            return body
        try:
            value: Any = json.loads(body)
        except (ValueError, RecursionError):
            return 400
        given = [await self._give(job_id) for job_id in _jobs_in(value)]
        return 204 if all(given) else 500

    async def _give(self, job_id: str) -> bool:
        """Hint at a job; return whether that raised no error."""
        try:
            hinted = self._hint(job_id)
            if isawaitable(hinted):
                await hinted
        except Exception as error:  # noqa: BLE001 - the function is the user's own, and the other jobs need their hints
            if not self._failed:
                self._failed = True
                text = "the hint of a webhook raised an error; further ones are not logged"
                write(LogEvent.HOOK_FAILED, text, failure=error)
            return False
        return True

    async def _body(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bytes | int | None:
        """The body; 413 if it is too large, and ``None`` if the sender has left."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._most_bytes:
                return 413
            if not message.get("more_body"):
                return bytes(body)


def _jobs_in(value: Any) -> list[str]:
    """The jobs that a webhook names, wherever the API documents a job's id; each once."""
    found: dict[str, None] = {}
    for one in value[:_MOST_ENTRIES] if is_list(value) else [value]:
        for place in NAMES["Job"]["id"]:
            job_id = at(one, place) if is_object(one) else None
            if isinstance(job_id, str) and 0 < len(job_id) <= _LONGEST_ID and len(found) < _MOST_IDS:
                found[job_id] = None
    return [*found]


async def _answer(send: Callable[[MutableMapping[str, Any]], Awaitable[None]], status: int) -> None:
    headers = [] if status == 204 else [(b"content-length", b"0")]  # noqa: PLR2004 - No Content
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _live(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Start and stop with the server, if it is the whole app."""
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})
