"""Pictures inside an HTML report, so that it shows them without a network."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final

from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["embedded", "logo_of", "pictures_of"]

# By how a file begins. A browser runs no script of an SVG in an `img`.
_TYPES: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<svg[\s>/]"), "image/svg+xml"),
)


def embedded(content: bytes) -> str | None:
    """Return a picture as an address that contains it; ``None`` if it is none that browsers show."""
    kind = next((kind for begins, kind in _TYPES if begins.match(content)), None)
    return None if kind is None else f"data:{kind};base64,{b64encode(content).decode()}"


def logo_of(content: object) -> str | None:
    """Return a logo as such an address.

    Raises:
        PictoryConfigError: It is no picture.
    """
    if content is None:
        return None
    found = embedded(content) if isinstance(content, bytes) else None
    if found is None:
        raise PictoryConfigError(f"logo must be the bytes of a PNG, JPEG, GIF, WebP or SVG file, not {brief(content)}.")
    return found


def pictures_of(contents: Mapping[str, bytes] | None) -> dict[str, str]:
    """Return pictures as such addresses, by where they come from, without what is no picture."""
    found = {url: embedded(content) for url, content in (contents or {}).items()}
    return {url: address for url, address in found.items() if address is not None}
