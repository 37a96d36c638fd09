"""What is easily mistaken in a program: a sentence that says how it is written, instead of Python's own message."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

P = ParamSpec("P")
R = TypeVar("R")

_BUDGET: Final = "The request budget is limiter=RateLimiter(300, per=60)."
_RETRY: Final = "How often a request is sent is retry=RetryPolicy(attempts=4)."
_LIMIT: Final = (
    "max_wait= bounds the whole wait, in seconds. One request is bounded by client.with_options(timeout=30)."
)
_MEANT: Final = {
    "timeout": _LIMIT,
    "max_time": _LIMIT,
    "poll_interval": "The time between two polls is interval=, in seconds.",
    "rate": _BUDGET,
    "per": _BUDGET,
    "rate_limit": _BUDGET,
    "retries": _RETRY,
    "max_retries": _RETRY,
    "key": "The key is api_key=, or the environment variable PICTORY_API_KEY.",
    "token": "The key is api_key=, or the environment variable PICTORY_API_KEY.",
    "url": "The address of the API is base_url=.",
}
"""What to write instead of an argument that does not exist. One that does exist is never looked up."""


_CALLED: Final = {
    "RenderPoller": "a watch",
    "Batch": "a batch",
    "ProjectSync": "a sync",
    "Listing": "a list",
    "Detailed": "a list",
}
"""What calls return, in words: nobody who made a mistake with it has typed its class."""


def _called(value: object) -> str:
    return next((_CALLED[one.__name__] for one in type(value).__mro__ if one.__name__ in _CALLED), type(value).__name__)


def _unknown(function: Callable[..., Any], names: Iterable[str]) -> str | None:
    """Return a sentence about an argument that does not exist, if it is known what is meant; else Python says it."""
    meant = [name for name in names if name in _MEANT]
    if not meant:
        return None
    known = inspect.signature(function).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in known.values()):  # of a subclass that takes more
        return None
    wrong = next((name for name in meant if name not in known), None)
    return None if wrong is None else f"{function.__name__}() has no argument {wrong!r}. {_MEANT[wrong]}"


def hinted(function: Callable[P, R]) -> Callable[P, R]:
    """Let a call say what is meant by an argument that does not exist."""

    def check(names: Iterable[str]) -> None:
        said = _unknown(function, names)
        if said is not None:
            raise PictoryConfigError(said)

    @functools.wraps(function)
    async def later(*args: Any, **options: Any) -> Any:
        check(options)
        return await cast("Callable[..., Awaitable[Any]]", function)(*args, **options)

    @functools.wraps(function)
    def at_once(*args: P.args, **options: P.kwargs) -> R:
        check(options)
        return function(*args, **options)

    return cast("Callable[P, R]", later) if inspect.iscoroutinefunction(function) else at_once


class KnownArguments:
    """The base of a class that says what is meant by an argument that does not exist."""

    if not TYPE_CHECKING:

        def __new__(cls, *args: Any, **options: Any) -> Any:
            said = _unknown(cls.__init__, options)
            del args, options  # an error must not show them: tracebacks can show variables
            if said is not None:
                raise PictoryConfigError(said.replace("__init__", cls.__name__))
            return super().__new__(cls)


_CALLS: Final = {
    "close": "Leave its 'async with' block, or await client.aclose().",
    "project": "It is called 'projects' here: await client.projects.get(id).",
    "render": "That is a call of its projects: await client.projects.render(id).",
    "wait": "That is a call of its projects: await client.projects.wait(id).",
    "wait_all": "That is a call of its projects: await client.projects.wait_all(ids).",
}


class KnownCalls:
    """The base of a client, which says where a call is that it does not have itself."""

    if not TYPE_CHECKING:  # type checkers would take any name for an attribute

        def __getattr__(self, name: str) -> object:
            text = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(f"{text}. {_CALLS[name]}" if name in _CALLS else text, name=name, obj=self)


class AsyncBlock:
    """The base of what is used with ``async with``."""

    if not TYPE_CHECKING:  # type checkers find the mistake because there is no such method

        def __enter__(self) -> None:
            name = _called(self)
            raise PictoryConfigError(
                f"{name[0].upper()}{name[1:]} works in an event loop: write 'async with' instead of 'with', in an "
                "async function."
            )

        __exit__ = __enter__  # Python looks for both before it calls one of them


class AsyncItems:
    """The base of what is iterated over with ``async for``."""

    if not TYPE_CHECKING:

        def __iter__(self) -> None:
            name = _called(self)
            raise PictoryConfigError(
                f"The items of {name} arrive one after the other: write 'async for' instead of 'for', in an async "
                "function, or '[item async for item in ...]' for a list of all of them."
            )

        def __await__(self) -> None:
            name = _called(self)
            raise PictoryConfigError(
                f"The items of {name} arrive one after the other: write 'async for item in ...' instead of 'await', or "
                "'[item async for item in ...]' for a list of all of them."
            )
