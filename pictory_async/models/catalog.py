"""What a video can be made with: voices, brands, text styles, layouts, avatars, music and stock media."""

from __future__ import annotations

import attrs

from pictory_async.models._base import Model

__all__ = [
    "Avatar",
    "AvatarLook",
    "Brand",
    "MediaItem",
    "MusicTrack",
    "SmartLayout",
    "TextStyle",
    "VoiceTrack",
]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VoiceTrack(Model):
    """A voice that can speak the text of a video.

    From https://docs.pictory.ai/api-reference/voiceovers/get-voiceover-tracks.

    Attributes:
        id: The voice's number.
        name: Its name, such as ``Martin``; it can stand for the number.
        voice: The id that its provider has for it.
        gender: Such as ``Male``; in upper or lower case.
        accent: Such as ``American``.
        language: Such as ``en-US``.
        engine: Such as ``neural``, ``standard`` or ``WaveNet``.
        service: Its provider: ``aws``, ``google`` or ``elevenlabs``.
        category: Such as ``standard`` or ``premium``.
        sample_url: A recording of it.
        ssml_help_url: A page about the markup that it understands.
        ssml_support_category: How much markup it understands.
    """

    id: str | int
    name: str | None = None
    voice: str | None = attrs.field(default=None, repr=False)
    gender: str | None = attrs.field(default=None, repr=False)
    accent: str | None = attrs.field(default=None, repr=False)
    language: str | None = None
    engine: str | None = attrs.field(default=None, repr=False)
    service: str | None = None
    category: str | None = attrs.field(default=None, repr=False)
    sample_url: str | None = attrs.field(default=None, repr=False)
    ssml_help_url: str | None = attrs.field(default=None, repr=False)
    ssml_support_category: str | None = attrs.field(default=None, repr=False)

    def speaks(self, language: str) -> bool:
        """Whether it speaks a language: ``en`` means all kinds of English, ``en-US`` this one. Case is ignored."""
        mine, asked = (self.language or "").casefold(), language.casefold()
        return bool(asked) and (mine == asked or mine.startswith(f"{asked}-"))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Brand(Model):
    """A brand kit: colours, fonts, logo, intro and outro of a video.

    From https://docs.pictory.ai/api-reference/branding/get-video-brands.

    Attributes:
        id: The brand's id.
        name: Its name.
    """

    id: str
    name: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TextStyle(Model):
    """A style for subtitles.

    From https://docs.pictory.ai/api-reference/branding/get-text-styles.

    Attributes:
        id: The style's id.
        name: Its name.
    """

    id: str
    name: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SmartLayout(Model):
    """A layout that arranges the texts of scenes.

    From https://docs.pictory.ai/api-reference/smartlayouts/get-smart-layouts.

    Attributes:
        id: The layout's id.
        name: Its name.
        schema_version: Such as ``v3``.
    """

    id: str
    name: str | None = None
    schema_version: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AvatarLook(Model):
    """One look of an avatar.

    From https://docs.pictory.ai/api-reference/avatars/get-avatars (``looks``).

    Attributes:
        id: The look's id: what a video's ``avatarId`` is.
        name: Its name.
        preview_image_url: A picture of it.
        preview_video_url: A short video of it.
    """

    id: str
    name: str | None = None
    preview_image_url: str | None = attrs.field(default=None, repr=False)
    preview_video_url: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Avatar(Model):
    """A person that can speak in a video.

    From https://docs.pictory.ai/api-reference/avatars/get-avatars.

    Attributes:
        id: The avatar's id. A video takes the id of one of its looks instead.
        name: Its name.
        gender: Such as ``female``; the API may not know it.
        looks: Its looks.
    """

    id: str
    name: str | None = None
    gender: str | None = None
    looks: tuple[AvatarLook, ...] = ()


@attrs.frozen(kw_only=True, repr=False, eq=False)
class MusicTrack(Model):
    """A piece of music.

    From https://docs.pictory.ai/api-reference/music-search/search-music.

    Attributes:
        id: The track's id.
        title: Its title.
        url: Its address, for a video's background music.
        duration: In seconds.
        genres: Such as ``Downtempo``.
        instruments: Such as ``Keyboard``.
        moods: Such as ``Calm / Serene``.
        purposes: What it is for, such as ``Technology``.
    """

    id: str | int
    title: str | None = None
    url: str | None = attrs.field(default=None, repr=False)
    duration: float | None = None
    genres: tuple[str, ...] = ()
    instruments: tuple[str, ...] = attrs.field(default=(), repr=False)
    moods: tuple[str, ...] = ()
    purposes: tuple[str, ...] = attrs.field(default=(), repr=False)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class MediaItem(Model):
    """A stock picture or video.

    From https://docs.pictory.ai/api-reference/media-management/search-media.

    Its addresses are for looking at it: they are watermarked, and expire. Do not use them in a video.

    Attributes:
        id: The item's id.
        asset_id: The id that its library has for it.
        type: ``video`` or ``image``.
        description: What it shows.
        keyword: What it was found by.
        duration: Of a video, in seconds.
        library: Such as ``story_blocks`` or ``getty``.
        preview_url: A preview.
        preview_image_url: A picture of the preview.
        thumbnail_url: A small preview.
        thumbnail_image_url: A small picture.
    """

    id: str | int
    asset_id: str | int | None = attrs.field(default=None, repr=False)
    type: str | None = None
    description: str | None = None
    keyword: str | None = attrs.field(default=None, repr=False)
    duration: float | None = None
    library: str | None = None
    preview_url: str | None = attrs.field(default=None, repr=False)
    preview_image_url: str | None = attrs.field(default=None, repr=False)
    thumbnail_url: str | None = attrs.field(default=None, repr=False)
    thumbnail_image_url: str | None = attrs.field(default=None, repr=False)
