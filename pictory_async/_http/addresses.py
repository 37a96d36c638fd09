"""Addresses as an HTTP library wants them, without parsing each one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pictory_async._http.messages import Request

# Nothing in such a path is changed by parsing it.
_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_-]+)+")


class Addresses:
    """Makes the URL objects of an HTTP library.

    Parsing an address is a tenth of a poll's cost. A cache of all addresses would take more memory than all the rest
    of a watch, so the base URL alone is parsed once, and plain paths are put into copies of it.

    Args:
        library: ``httpx`` or ``httpx2``.
    """

    def __init__(self, library: Any) -> None:
        self._parse = library.URL
        self._copier = lru_cache(maxsize=8)(self._copier_of)

    def __call__(self, request: Request) -> Any:
        """The URL of a request."""
        path = request.path
        if request.url.endswith(path) and _PLAIN.fullmatch(path):
            copy = self._copier(request.url[: -len(path)])
            if copy is not None:
                return copy(path)
        return self._parse(request.url)

    def _copier_of(self, base_url: str) -> Callable[[str], Any] | None:
        base: Any = self._parse(base_url)
        # Its parts are not public, so a later version may have others.
        state: dict[str, Any] = getattr(base, "__dict__", {})
        fields: tuple[str, ...] = getattr(state.get("_uri_reference"), "_fields", ())
        if len(state) != 1 or "path" not in fields:
            return None
        kind: Any = base.__class__
        make: Callable[[Iterable[str | None]], Any] = state["_uri_reference"]._make
        parts: tuple[str | None, ...] = tuple(state["_uri_reference"])
        place = fields.index("path")
        before, after = parts[:place], parts[place + 1 :]
        prefix = (parts[place] or "").rstrip("/")

        def copy(path: str) -> Any:
            url = kind.__new__(kind)
            url._uri_reference = make((*before, prefix + path, *after))  # noqa: SLF001 - as above
            return url

        return copy
