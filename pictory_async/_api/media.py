"""The calls about media: what is searched for in stock libraries, and what is uploaded."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from pictory_async import models
from pictory_async._api.listing import NumberedListing
from pictory_async._codec.answers import decode_one
from pictory_async._files.uploads import Uploader, check_file
from pictory_async._http.messages import Body
from pictory_async._settings.addresses import is_loopback
from pictory_async._settings.given import body_of, text
from pictory_async._settings.media_types import media_type
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._api.listing import Listing
    from pictory_async._files.uploads import UploadProgress
    from pictory_async._http.engine import Engine
    from pictory_async._http.transport import Transport


class Media:
    """The calls about media: ``client.media``."""

    def __init__(self, transport: Transport, engine: Engine) -> None:
        self._transport = transport
        options, host = transport.options, urlsplit(transport.base_url).hostname or ""
        self._uploader = Uploader(
            engine, options.retry, options.timeout, loopback=is_loopback(host), reporter=transport.reporter
        )

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

    async def upload(
        self,
        path: str | os.PathLike[str],
        *,
        content_type: str | None = None,
        on_progress: Callable[[UploadProgress], object] | None = None,
    ) -> str:
        """Upload a file, and return the address to use for it, which is good for ever.

        The file is read while it is sent, so it can be of any size. It goes to the store of files directly, without the
        API key. After a transient failure it is sent again from its beginning. See
        https://docs.pictory.ai/api-reference/media-management/generate-signed-url.

        Args:
            path: The file.
            content_type: Its type, such as ``video/mp4``; by default, what the end of its name says.
            on_progress: Called with how far the upload is after each piece of 256 KiB. An error that it raises ends the
                upload.

        Raises:
            PictoryConfigError: The file cannot be read, or it is empty or no regular file; nothing was sent.
            UploadError: The file could not be uploaded.
            APIError: The API gave no address to upload to.
        """
        if not isinstance(path, str | os.PathLike):
            raise PictoryConfigError(f"path must be the path of a file, not {brief(path)}.")
        file = Path(path)
        await anyio.to_thread.run_sync(check_file, file)
        kind = content_type or media_type(file.name) or "application/octet-stream"
        target = await self.upload_url(file.name, kind)
        await self._uploader.send(file, target.signed_url, kind, on_progress)
        return target.url

    async def upload_url(self, file_name: str, content_type: str) -> models.UploadTarget:
        """Fetch an address to upload a file to, for a program that uploads by itself, such as a browser.

        The file is sent there with PUT, with exactly this ``Content-Type``, and without the API key. See
        https://docs.pictory.ai/api-reference/media-management/generate-signed-url.

        Args:
            file_name: Its name.
            content_type: Its type, such as ``video/mp4``.

        Raises:
            PictoryConfigError: The name or the type cannot be one.
            MalformedResponseError: The response is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        if not isinstance(content_type, str) or not content_type.isascii() or not content_type.isprintable():
            raise PictoryConfigError(f"content_type must be a type such as video/mp4, not {brief(content_type)}.")
        fields = {"fileName": text("file_name", file_name), "contentType": text("content_type", content_type)}
        read, subject = partial(decode_one, models.UploadTarget), f"an address to upload {brief(file_name)} to"
        return await self._transport.repeat("POST", "/v1/media/generateurl", subject, read, Body(fields))
