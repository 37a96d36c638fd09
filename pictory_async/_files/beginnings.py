"""How what is sent instead of a file begins: a page or an error, with status 200 and as any type. Pure."""

from __future__ import annotations

import re
from typing import Final

LENGTH: Final = 4096
"""Bytes that tell it: pages can begin with white space and comments."""

_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_WIDE: Final = (
    (re.compile(rb"(?:\s\0)*[<{\[]\0[\s!?\"{a-zA-Z]\0[\s\w<\"-]\0"), "utf-16-le"),
    (re.compile(rb"(?:\0\s)*\0[<{\[]\0[\s!?\"{a-zA-Z]\0[\s\w<\"-]"), "utf-16-be"),
)
# No media file begins with either. Comments, declarations and the prolog of XML begin like elements.
_MARKUP: Final = re.compile(r"\s*(?:<[?!a-zA-Z]|[{\[]\s*[\"{])")
_COMMENTS: Final = r"(?:\s+|<!--.*?-->|<\?xml[^>]*>)*"
# A text can begin with an element of its own, but not with these.
_PAGE: Final = re.compile(rf"{_COMMENTS}<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL)


def is_markup(data: bytes) -> bool:
    """Whether the beginning of a file is that of a page, of XML or of JSON, in whatever encoding."""
    return _MARKUP.match(_text(data)) is not None


def is_page(data: bytes) -> bool:
    """Whether the beginning of a file is that of an HTML page, in whatever encoding."""
    return _PAGE.match(_text(data)) is not None


def _text(data: bytes) -> str:
    data = data[:LENGTH]
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "ignore")
    encoding = next((name for pattern, name in _WIDE if pattern.match(data)), "latin-1")
    return data.decode(encoding, "ignore")
