"""The pieces of HTML that everything else is made of. Whatever comes from outside goes through ``safe``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pictory_async.insight._text import clean, iso

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["element", "is_web_address", "link", "moment", "picture", "safe"]

_WEB = re.compile(r"https?://[^\s\x00-\x20\x7f-\xa0/\\][^\s\x00-\x20\x7f-\xa0]*", re.IGNORECASE)


def safe(value: object) -> str:
    """Give any value as text that HTML shows as it stands, also inside a quoted attribute."""
    from html import escape  # noqa: PLC0415  # seldom needed

    return escape(clean(str(value)), quote=True)


def element(name: str, content: str, **attributes: str) -> str:
    """Give an element; ``content`` is HTML, the attributes are plain text. ``class_`` stands for ``class``."""
    written = "".join(f' {key.rstrip("_")}="{safe(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"


def moment(time: datetime) -> str:
    """Give a time for people and, with its offset, for programs."""
    text = iso(time)
    return element("time", f"{text[:10]} {text[11:19]} UTC", datetime=text)


def is_web_address(url: str) -> bool:
    """Whether a link may lead there: an absolute ``http`` or ``https`` URL with a host and without blanks."""
    return _WEB.fullmatch(url) is not None


def link(label: str, url: str) -> str:
    """Give a link; where the URL is no web address, the label and the URL as text."""
    if is_web_address(url):
        return element("a", safe(label), href=url, rel="noopener noreferrer", target="_blank")
    return f'{safe(label)}: <span class="soft">no web address: {safe(url)}</span>'


def picture(url: str | None, name: str) -> str:
    """Give a picture's frame, with the picture where its URL is an ``https`` address."""
    if url and is_web_address(url) and url[:6].casefold() == "https:":
        image = (
            f'<img src="{safe(url)}" alt="{safe(f"Picture of {name}")}" loading="lazy" decoding="async"'
            ' referrerpolicy="no-referrer">'
        )
    else:
        image = "<span>No picture</span>"
    return element("div", image, class_="picture")
