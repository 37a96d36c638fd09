"""The calls about media: what is searched for in stock libraries, and what is uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async import models
from pictory_async._api.listing import NumberedListing
from pictory_async._settings.given import body_of, text

if TYPE_CHECKING:
    from pictory_async._api.listing import Listing
    from pictory_async._http.transport import Transport


class Media:
    """The calls about media: ``client.media``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(
        self, keyword: str, *, language: str | None = None, category: str | None = None
    ) -> Listing[models.MediaItem]:
        """Search the stock libraries for pictures and videos, as an async iterator.

        See https://docs.pictory.ai/api-reference/media-management/search-media. Whether there is more than one page is
        not documented: pages are asked for until one brings nothing new.

        Args:
            keyword: What is searched for.
            language: Of the keyword, such as ``en``.
            category: Such as ``Nature/Landscapes``.

        Raises:
            PictoryConfigError: The keyword is no text, or it is empty.
        """
        asked = body_of({"keyword": text("keyword", keyword), "language": language, "category": category})
        subject = "the search for media"
        return NumberedListing(self._transport, "/v1/media/search", subject, models.MediaItem, asked, method="GET")
