"""One page of a list."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from pictory_async.models._base import Model

__all__ = ["Page"]

T = TypeVar("T")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Page(Model, Generic[T]):
    """One page of a list.

    From https://docs.pictory.ai/api-reference/projects/get-projects and its siblings for templates and jobs.

    Attributes:
        items: The entries in the API's order.
        next_key: What to ask with for the next page; ``None`` on the last one.
    """

    items: tuple[T, ...]
    next_key: str | None = None
