"""The base of all errors, and those about what was passed in."""

from __future__ import annotations

from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from pictory_async._values import fact, with_facts

if TYPE_CHECKING:
    from pictory_async._polling.handle import RenderHandle, VideoHandle


E = TypeVar("E", bound="PictoryError")


def _rebuild(cls: type[PictoryError], facts: dict[str, Any]) -> PictoryError:
    return cls(facts.pop("message"), **facts)


@with_facts
class PictoryError(Exception):
    """Base of all errors of this package.

    Attributes:
        message: One or two sentences: what happened, to what, and what to do next.
        handle: The render or the video that was requested before the error, so that it can be waited for again: the id
            of a project alone does not tell the new video from the old one. ``None`` if there was none.
    """

    message: str = fact(kw_only=False)
    handle: RenderHandle | VideoHandle | None = None
    _names: ClassVar[tuple[str, ...]] = ("message", "handle")

    def __init_subclass__(cls) -> None:
        cls._names = tuple(dict.fromkeys((*cls._names, *get_annotations(cls))))

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        for name, value in facts.items():
            if name not in self._names:
                raise TypeError(f"{type(self).__name__} has no fact {name!r}")
            setattr(self, name, value)

    def _facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names}

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash((type(self), self.message))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._facts())


def changed(error: E, **facts: Any) -> E:
    """A copy of an error with other facts."""
    rebuild, (kind, old) = error.__reduce__()
    return cast("E", rebuild(kind, old | facts))


class PictoryConfigError(PictoryError, ValueError):
    """A setting or an argument is missing or cannot work; no request was sent."""


@with_facts
class RateBudgetError(PictoryError, TimeoutError):
    """The rate limiter allowed no request within ``max_wait`` seconds; no request was sent.

    Attributes:
        max_wait: The limit, in seconds.
        retry_after: Seconds until the budget has something free, as far as is known now; ``None`` if it is not known.
    """

    max_wait: float = 0.0
    retry_after: float | None = None
