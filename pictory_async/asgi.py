"""For handlers of web apps: end a wait when the client that asked for it has left.

Works with every ASGI framework and server, on asyncio and trio, and imports none of them.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import anyio

from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
    from contextlib import AbstractAsyncContextManager

__all__ = ["cancel_on_disconnect"]

_LEFT: Final = {"http.disconnect", "websocket.disconnect"}


def cancel_on_disconnect(
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
) -> AbstractAsyncContextManager[anyio.CancelScope, bool]:
    """Cancel the block when the client disconnects; the program then continues after the block.

    A server does not do that by itself: the handler of a browser that left runs to its end.

    Example::

        async with cancel_on_disconnect(request.receive):
            project = await client.projects.wait(project_id)
            return JSONResponse({"video": project.video_url})
        return Response(status_code=499)  # nobody reads it: the browser has left

    Put waits inside, and no calls that must not be cut off: a ``projects.render`` that is cancelled may have been paid
    for. An error of the block is raised as it is, and a cancellation from outside passes through.

    Args:
        receive: The ``receive`` of the ASGI connection: ``request.receive`` or ``websocket.receive`` of Starlette,
            FastAPI and Litestar. Nothing else may receive inside the block. The request's body must have been read
            before, unless it is empty.

    Returns:
        An async context manager for one use, whose value is the scope of the block. Its ``cancelled_caught`` is true
        after the block if the client has left.

    Raises:
        PictoryConfigError: When the block is left: the client sent a part of a body, or a message of a websocket, and
            this call has taken it. Read them before.
    """
    # Without the `bool`, type checkers would think that nothing after the block can be reached.
    return cast("AbstractAsyncContextManager[anyio.CancelScope, bool]", _cancelled(receive))


@asynccontextmanager
async def _cancelled(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> AsyncGenerator[anyio.CancelScope]:
    errors: list[BaseException] = []
    listening = anyio.CancelScope()
    block = anyio.CancelScope()

    async def listen() -> None:
        with listening:
            try:
                await _disconnected(receive)
            except Exception as error:  # noqa: BLE001 - raised below
                errors.append(error)
            block.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen, name="pictory: disconnect")
        try:
            with block:
                yield block
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as error:  # noqa: BLE001 - raised below: the task group would put it into a group
            errors.insert(0, error)
        listening.cancel()
    if errors:
        raise errors[0]


async def _disconnected(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
    """Wait until the client has left."""
    while (message := await receive())["type"] not in _LEFT:
        if message["type"] != "http.request":
            raise PictoryConfigError(
                f"The client sent a message {message['type']!r} inside of 'cancel_on_disconnect', where nobody reads "
                "it. Receive messages before the block or after it."
            )
        if message.get("body"):
            raise PictoryConfigError(
                "The body of the request was not read before 'cancel_on_disconnect', which cannot give it back. "
                "Read it before the block: await request.body()."
            )
