"""Addresses as an HTTP library wants them, without parsing each one."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pictory_async._http.messages import Request

# Nothing in such a path is changed by parsing it.
_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_-]+)+")


class Addresses:
    """Makes the URL objects of an HTTP library.

    Parsing an address is a tenth of a poll's cost. A cache of all addresses would take more memory than all the rest
    of a watch, so the base URL alone is parsed once, and plain paths are put into a copy of it.

    Args:
        library: ``httpx`` or ``httpx2``.
    """

    def __init__(self, library: Any) -> None:
        self._parse = library.URL
        self._base = lru_cache(maxsize=8)(library.URL)

    def __call__(self, request: Request) -> Any:
        """The URL of a request."""
        path = request.path
        if request.url.endswith(path) and _PLAIN.fullmatch(path):
            base = self._base(request.url[: -len(path)])
            parts = getattr(base, "_uri_reference", None)
            if parts is not None:  # it is not public, so it may be gone in a later version
                url = self._parse(base)
                url._uri_reference = parts._replace(path=parts.path.rstrip("/") + path)  # noqa: SLF001
                return url
        return self._parse(request.url)
