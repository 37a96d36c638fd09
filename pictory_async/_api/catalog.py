"""What a video can be made with: lists of the API that can be read, searched, and in one case added to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pictory_async import models
from pictory_async._api.listing import NumberedListing, list_of
from pictory_async._codec.answers import decode_one
from pictory_async._http.messages import Body
from pictory_async._settings.given import body_of, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pictory_async._api.listing import Listing
    from pictory_async._http.transport import Transport

T = TypeVar("T")


class Catalog(Generic[T]):
    """A list of the account that can only be read: ``client.brands`` and its kin."""

    def __init__(self, transport: Transport, path: str, what: str, item: type[T]) -> None:
        self._transport = transport
        self._path = path
        self._what = what
        self._item = item

    def list(self) -> Listing[T]:
        """List all of them, across all pages, as an async iterator."""
        return list_of(self._transport, self._path, f"the list of {self._what}", self._item)


class Voices(Catalog[models.VoiceTrack]):
    """The calls about voices: ``client.voices``."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, "/v1/voiceovers/tracks", "voices", models.VoiceTrack)

    async def add(
        self,
        name: str,
        *,
        service: str,
        voice_id: str,
        language: str,
        engine: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> models.VoiceTrack:
        """Add a voice of a provider to the account. It is sent once: a second request would add a second voice.

        See https://docs.pictory.ai/api-reference/voiceovers/add-voiceover-track. There is no call to change or delete
        a voice.

        Args:
            name: Its name, which no other voice has.
            service: Its provider, such as ``aws``, ``google`` or ``elevenlabs``.
            voice_id: The id that the provider has for it.
            language: Such as ``en-US``.
            engine: Such as ``neural``.
            extra: Other fields in the API's spelling, such as ``publicUserId`` for a voice of ElevenLabs.

        Returns:
            The voice, without its provider's id.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            APIError: As its subclasses say. If the response was lost, look for the voice in the list.
        """
        fields = {"name": text("name", name), "engine": engine, "service": text("service", service)}
        fields |= {"language": text("language", language), "voiceId": text("voice_id", voice_id)}
        read = partial(decode_one, models.VoiceTrack)
        return await self._transport.submit(self._path, f"voice {name!r}", read, Body(body_of(fields, extra)))


class Music:
    """The calls about music: ``client.music``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(  # noqa: PLR0913 - each option narrows the search
        self,
        query: str | None = None,
        *,
        genres: Sequence[str] = (),
        moods: Sequence[str] = (),
        purposes: Sequence[str] = (),
        instruments: Sequence[str] = (),
        min_duration: float | None = None,
        max_duration: float | None = None,
        sort: str | None = None,
        page_size: int = 20,
        extra: Mapping[str, Any] | None = None,
    ) -> Listing[models.MusicTrack]:
        """Search for music, across all pages, as an async iterator.

        See https://docs.pictory.ai/api-reference/music-search/search-music. The words for genres, moods, purposes and
        instruments are those of the lists of the same names; upper and lower case matter.

        Args:
            query: What is searched for.
            genres: Only music of one of these.
            moods: Only music of one of these.
            purposes: Only music for one of these.
            instruments: Only music with one of these.
            min_duration: In seconds.
            max_duration: In seconds.
            sort: ``latest``, ``shuffle`` or ``featured``.
            page_size: How many a page has, 20 to 100.
            extra: Other fields in the API's spelling, such as ``{"notGenre": ["Rock"]}`` or ``genreGroup``.

        Raises:
            PictoryConfigError: An argument cannot work.
        """
        named = {"genre": genres, "mood": moods, "purpose": purposes, "instrument": instruments}
        fields: dict[str, Any] = {
            "query": query,
            "pageSize": whole("page_size", page_size, least=20, most=100),
            "sort": sort,
            **{name: [*values] for name, values in named.items() if values},
            "minDuration": min_duration,
            "maxDuration": max_duration,
        }
        path, asked = "/v1/music/search", body_of(fields, extra)
        return NumberedListing(self._transport, path, "the search for music", models.MusicTrack, asked, method="POST")

    def genres(self) -> Listing[str]:
        """List the genres."""
        return self._words("genres")

    def genre_groups(self) -> Listing[str]:
        """List the groups of genres, for ``extra={"genreGroup": [...]}``."""
        return self._words("genres/groups")

    def moods(self) -> Listing[str]:
        """List the moods. See https://docs.pictory.ai/api-reference/music-search/get-music-moods."""
        return self._words("moods")

    def purposes(self) -> Listing[str]:
        """List the purposes. See https://docs.pictory.ai/api-reference/music-search/get-music-purposes."""
        return self._words("purposes")

    def instruments(self) -> Listing[str]:
        """List the instruments."""
        return self._words("instruments")

    def _words(self, what: str) -> Listing[str]:
        return list_of(self._transport, f"/v1/music/{what}", f"the list of {what}", str)
