"""The HTML elements of the report. All text from outside is escaped with ``safe``."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from pictory_async.insight._text import clean

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["element", "is_web_address", "link", "moment", "picture", "safe"]

_WEB = re.compile(r"https?://[^\s\x00-\x20\x7f-\xa0/\\][^\s\x00-\x20\x7f-\xa0]*", re.IGNORECASE)


def safe(value: object) -> str:
    """Return any value as escaped text, for element content and for quoted attributes."""
    return escape(clean(str(value)), quote=True)


def element(name: str, content: str, **attributes: str) -> str:
    """Return an element. ``content`` is HTML; the attributes are plain text, and ``class_`` becomes ``class``."""
    written = "".join(f' {key.rstrip("_")}="{safe(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"


def moment(time: datetime) -> str:
    """Return a UTC time for people and, as an attribute with its offset, for programs."""
    text = time.isoformat()
    return element("time", f"{text[:10]} {text[11:19]} UTC", datetime=text)


def is_web_address(url: str) -> bool:
    """Return whether a URL is safe to link to: absolute, ``http`` or ``https``, with a host and without spaces."""
    return _WEB.fullmatch(url) is not None


def link(label: str, url: str) -> str:
    """Return a link; if the URL is not a web address, the label and the URL as text."""
    if is_web_address(url):
        return element("a", safe(label), href=url, rel="noopener noreferrer", target="_blank")
    return f'{safe(label)}: <span class="soft">not a web address: {safe(url)}</span>'


def picture(url: str | None, name: str, missing: str, embedded: str | None = None) -> str:
    """Return a frame with a picture; if its URL is not an ``https`` address, with what is said instead.

    Args:
        url: Where it is.
        name: What it is a picture of.
        missing: What is said instead.
        embedded: An address that contains it; ``None`` to load it from its URL.
    """
    if embedded or (url and is_web_address(url) and url[:6].casefold() == "https:"):
        image = (
            f'<img src="{safe(embedded or url)}" alt="{safe(f"Picture of {name}")}" loading="lazy" decoding="async"'
            ' referrerpolicy="no-referrer">'
        )
    else:
        image = f"<span>{missing}</span>"
    return element("div", image, class_="picture")
