"""What is easily mistaken in a program: a sentence that says how it is written, instead of Python's own message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async.errors import PictoryConfigError


class AsyncBlock:
    """The base of what is used with ``async with``."""

    if not TYPE_CHECKING:  # type checkers find the mistake because there is no such method

        def __enter__(self) -> None:
            name = type(self).__name__
            raise PictoryConfigError(
                f"{name} works in an event loop: write 'async with' instead of 'with', in an async function."
            )

        __exit__ = __enter__  # Python looks for both before it calls one of them


class AsyncItems:
    """The base of what is iterated over with ``async for``."""

    if not TYPE_CHECKING:

        def __iter__(self) -> None:
            name = type(self).__name__
            raise PictoryConfigError(
                f"The items of {name} arrive one after the other: write 'async for' instead of 'for', in an async "
                "function, or '[item async for item in ...]' for a list of all of them."
            )
