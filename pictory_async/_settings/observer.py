"""The ``on_event`` of a client: called for each event, and never a danger for what it observes."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING

from pictory_async._log import LogEvent, write
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.events import Event


class Observer:
    """Passes events to a user's callable. An error that it raises is logged once, and harms nothing.

    Args:
        on_event: The callable.

    Raises:
        PictoryConfigError: It cannot be called, or it is a coroutine function.
    """

    def __init__(self, on_event: Callable[[Event], object]) -> None:
        if not callable(on_event):
            raise PictoryConfigError(f"on_event must be a function that takes an event, not {brief(on_event)}.")
        if any(map(inspect.iscoroutinefunction, (on_event, type(on_event).__call__))):
            raise PictoryConfigError("on_event must be a plain function, because nothing awaits what it returns.")
        self._on_event = on_event
        self._failed = False

    def tell(self, event: Event) -> None:
        """Call it."""
        handled = sys.exception()
        try:
            self._on_event(event)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a cancellation that it raises would end a poll without a result
            if not self._failed:
                self._failed = True
                _detach(error, handled)
                write(LogEvent.HOOK_FAILED, "on_event raised an error; further ones are not logged", failure=error)


def _detach(error: BaseException, handled: BaseException | None) -> None:
    # What is being handled when the event is told may have frames of the HTTP library, and with them the key.
    while (inner := error.__context__) is not None and inner is not handled:
        error = inner
    error.__context__ = None
