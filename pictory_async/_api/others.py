"""The groups of calls that few programs need: each is made, and its module imported, when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async import models

if TYPE_CHECKING:
    from pictory_async._api.catalog import Catalog, Music, Voices
    from pictory_async._api.connections import AwsConnections, VimeoConnections
    from pictory_async._api.jobs import Jobs
    from pictory_async._api.media import Media
    from pictory_async._api.studio import AiImages, AiVideos
    from pictory_async._api.transcripts import Transcripts
    from pictory_async._http.engine import Engine
    from pictory_async._http.transport import Transport

# ruff: noqa: PLC0415 - that is what this module is for


class OtherCalls:
    """A client's groups of calls besides projects, templates, jobs and the account."""

    _transport: Transport
    _media_engine: Engine
    jobs: Jobs

    @property
    def voices(self) -> Voices:
        """The calls about voices."""
        from pictory_async._api.catalog import Voices

        return Voices(self._transport)

    @property
    def brands(self) -> Catalog[models.Brand]:
        """The brand kits of the account. See https://docs.pictory.ai/api-reference/branding/get-video-brands."""
        from pictory_async._api.catalog import Catalog

        return Catalog(self._transport, "/v1/brands/video", "brands", models.Brand)

    @property
    def text_styles(self) -> Catalog[models.TextStyle]:
        """The styles for subtitles. See https://docs.pictory.ai/api-reference/branding/get-text-styles."""
        from pictory_async._api.catalog import Catalog

        return Catalog(self._transport, "/v1/styles", "text styles", models.TextStyle)

    @property
    def smart_layouts(self) -> Catalog[models.SmartLayout]:
        """The layouts for scenes. See https://docs.pictory.ai/api-reference/smartlayouts/get-smart-layouts."""
        from pictory_async._api.catalog import Catalog

        return Catalog(self._transport, "/v1/smartlayouts", "smart layouts", models.SmartLayout)

    @property
    def avatars(self) -> Catalog[models.Avatar]:
        """The avatars and their looks. See https://docs.pictory.ai/api-reference/avatars/get-avatars."""
        from pictory_async._api.catalog import Catalog

        return Catalog(self._transport, "/v1/avatars", "avatars", models.Avatar)

    @property
    def music(self) -> Music:
        """The calls about music."""
        from pictory_async._api.catalog import Music

        return Music(self._transport)

    @property
    def media(self) -> Media:
        """The calls about stock media and uploads."""
        from pictory_async._api.media import Media

        return Media(self._transport, self._media_engine)

    @property
    def transcripts(self) -> Transcripts:
        """The calls about transcripts and highlights."""
        from pictory_async._api.transcripts import Transcripts

        return Transcripts(self._transport, self.jobs)

    @property
    def ai_images(self) -> AiImages:
        """The calls about pictures that AI Studio makes."""
        from pictory_async._api.studio import AiImages

        return AiImages(self._transport, self.jobs)

    @property
    def ai_videos(self) -> AiVideos:
        """The calls about videos that AI Studio makes."""
        from pictory_async._api.studio import AiVideos

        return AiVideos(self._transport, self.jobs)

    @property
    def aws_connections(self) -> AwsConnections:
        """The calls about access to private videos in S3."""
        from pictory_async._api.connections import AwsConnections

        return AwsConnections(self._transport)

    @property
    def vimeo_connections(self) -> VimeoConnections:
        """The calls about Vimeo accounts that videos can be sent to."""
        from pictory_async._api.connections import VimeoConnections

        return VimeoConnections(self._transport)
