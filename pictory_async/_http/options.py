"""How the requests of a call are sent."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from pictory_async._http.retry import RetryPolicy
from pictory_async._limits.wait_queue import Priority
from pictory_async._settings.durations import optional_seconds
from pictory_async._values import ValueObject, brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from pictory_async._settings.durations import Duration


class Same(Enum):
    """The value of an argument that changes nothing; ``None`` means "no limit"."""

    SAME = "same"

    def __repr__(self) -> str:
        return "SAME"


SAME: Final = Same.SAME
Unchanged: TypeAlias = Literal[Same.SAME]


@attrs.frozen(repr=False, eq=False)
class CallOptions(ValueObject):
    """Checked options of calls.

    Attributes:
        timeout: Wall-clock limit for one request, in seconds; ``None`` for no limit.
        retry: How GETs are retried.
        max_queue: How long a request may wait for the budget, in seconds; ``None`` for no limit.
        priority: Who goes first when the budget is short.
    """

    timeout: float | None
    retry: RetryPolicy
    max_queue: float | None = None
    priority: Priority = Priority.INTERACTIVE

    def changed(
        self,
        timeout: Duration | Unchanged | None,
        max_queue: Duration | Unchanged | None,
        retry: RetryPolicy | Unchanged,
        priority: Priority | Unchanged,
    ) -> CallOptions:
        """A copy with other values.

        Raises:
            PictoryConfigError: A value cannot work.
        """
        return CallOptions(
            self.timeout if timeout is SAME else optional_seconds("timeout", timeout, above=0.0),
            self.retry if retry is SAME else _checked_retry(retry),
            self.max_queue if max_queue is SAME else optional_seconds("max_queue", max_queue),
            self.priority if priority is SAME else _checked_priority(priority),
        )

    @classmethod
    def of_client(cls, timeout: Duration | None, retry: RetryPolicy | None) -> CallOptions:
        """The options of a client.

        Raises:
            PictoryConfigError: A value cannot work.
        """
        checked = RetryPolicy() if retry is None else _checked_retry(retry)
        return cls(optional_seconds("timeout", timeout, above=0.0), checked)


def _checked_retry(value: object) -> RetryPolicy:
    if not isinstance(value, RetryPolicy):
        raise PictoryConfigError(f"retry must be a RetryPolicy, such as RetryPolicy(attempts=1), not {brief(value)}.")
    return value


def _checked_priority(value: object) -> Priority:
    if not isinstance(value, Priority):
        known = ", ".join(f"Priority.{one.name}" for one in Priority)
        raise PictoryConfigError(f"priority must be one of {known}, not {brief(value)}.")
    return value
