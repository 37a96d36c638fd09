"""What v2 projects show in other places: texts as HTML, and ratios as words.

The values are derived, so the fields that they come from stay in ``extra`` and are written back as they were.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final

from pictory_async._codec.json_bytes import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable

_BREAK: Final = re.compile(r"(?i)<(?:br|/p|/div|/li)\b[^<>]*>")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>")
_RATIOS: Final = {"sixteen-nine": "16:9", "nine-sixteen": "9:16", "one-one": "1:1", "four-five": "4:5"}


def plain_text(markup: str) -> str:
    """The words of a piece of HTML, with single spaces."""
    return " ".join(html.unescape(_TAG.sub("", _BREAK.sub(" ", markup))).split())


def _scene(raw: dict[str, Any], values: dict[str, Any]) -> None:
    if "text" in values:
        return
    sentence, lines = raw.get("sentence"), raw.get("lines")
    text = plain_text(sentence) if isinstance(sentence, str) else ""
    if not text and is_list(lines):
        texts = (line.get("text") for line in lines if is_object(line))
        text = "\n".join(text for text in texts if isinstance(text, str) and text)
    if text:
        values["text"] = text


def _project(raw: dict[str, Any], values: dict[str, Any]) -> None:
    ratio = raw.get("aspectRatioClass")
    if isinstance(ratio, str) and ratio and not values.get("layout"):
        values["layout"] = _RATIOS.get(ratio, ratio)


DERIVED: Final[dict[str, Callable[[dict[str, Any], dict[str, Any]], None]]] = {"Scene": _scene, "Project": _project}
