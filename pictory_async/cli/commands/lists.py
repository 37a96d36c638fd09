"""The commands that list what a video can be made with, and what AI credits were spent on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from pictory_async.cli._listing import print_list
from pictory_async.cli._options import base_url_option, json_option, limit_option
from pictory_async.cli._tables import Column, Table, table_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pictory_async import AsyncPictory
    from pictory_async.models import (
        AiImage,
        Avatar,
        AwsConnection,
        Brand,
        CreditTransaction,
        MediaItem,
        MusicTrack,
        SmartLayout,
        TextStyle,
        VimeoConnection,
        VoiceTrack,
    )

__all__ = [
    "avatars",
    "brands",
    "connections",
    "credits_command",
    "images",
    "layouts",
    "music",
    "stock",
    "styles",
    "voices",
]


def _signed(one: CreditTransaction) -> float | None:
    """What was spent is negative, so that a column of both can be added up."""
    spent = (one.type or "").casefold() == "debit"
    return None if one.amount is None else -one.amount if spent else one.amount


_VOICES: Final[Table[VoiceTrack]] = Table(
    "voices",
    (
        Column("id", lambda voice: voice.id),
        Column("name", lambda voice: voice.name),
        Column("language", lambda voice: voice.language),
        Column("gender", lambda voice: None if voice.gender is None else voice.gender.casefold(), spare=1),
        Column("service", lambda voice: voice.service, spare=2),
        Column("accent", lambda voice: voice.accent, plain=False),
        Column("engine", lambda voice: voice.engine, plain=False),
        Column("category", lambda voice: voice.category, plain=False),
        Column("sample", lambda voice: voice.sample_url, plain=False),
    ),
)
_NAMED: Final[Table[Brand | TextStyle | SmartLayout]] = Table(
    "entries", (Column("id", lambda one: one.id), Column("name", lambda one: one.name))
)
_AVATARS: Final[Table[Avatar]] = Table(
    "avatars",
    (
        Column("id", lambda avatar: avatar.id),
        Column("name", lambda avatar: avatar.name),
        Column("gender", lambda avatar: avatar.gender, spare=1),
        Column("looks", lambda avatar: ", ".join(look.id for look in avatar.looks)),
    ),
)
_MUSIC: Final[Table[MusicTrack]] = Table(
    "tracks",
    (
        Column("id", lambda track: track.id),
        Column("title", lambda track: track.title),
        Column("duration", lambda track: track.duration, unit="s"),
        Column("moods", lambda track: ", ".join(track.moods), spare=2),
        Column("genres", lambda track: ", ".join(track.genres), spare=1),
        Column("url", lambda track: track.url),
    ),
)
_STOCK: Final[Table[MediaItem]] = Table(
    "media",
    (
        Column("id", lambda item: item.id),
        Column("type", lambda item: item.type),
        Column("description", lambda item: item.description),
        Column("duration", lambda item: item.duration or None, unit="s", spare=1),
        Column("library", lambda item: item.library, spare=2),
        Column("preview", lambda item: item.preview_url),
    ),
)
_YES_NO: Final = {True: "yes", False: "no", None: None}
_IMAGES: Final[Table[AiImage]] = Table(
    "pictures",
    (
        Column("id", lambda image: image.id),
        Column("created", lambda image: image.created_at, unit="UTC"),
        Column("prompt", lambda image: image.prompt),
        Column("model", lambda image: image.model, spare=1),
        Column("url", lambda image: image.url),
    ),
)
_CONNECTIONS: Final[Table[AwsConnection | VimeoConnection]] = Table(
    "connections",
    (
        Column("id", lambda one: one.id),
        Column("type", lambda one: one.type),
        Column("name", lambda one: one.name),
        Column("enabled", lambda one: _YES_NO[one.enabled]),
        Column("version", lambda one: one.version, plain=False),
        Column("description", lambda one: one.description, plain=False),
    ),
)
_CREDITS: Final[Table[CreditTransaction]] = Table(
    "transactions",
    (
        Column("date", lambda one: one.date, unit="UTC"),
        Column("credits", _signed),
        Column("source", lambda one: one.source),
        Column("description", lambda one: one.description, plain=False),
        Column("id", lambda one: one.id, plain=False),
    ),
)


def _command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command that prints a list."""

    def decorate(function: Callable[..., None]) -> click.Command:
        with_json = json_option("Print each as the API sent it, as a JSON document.")(function)
        return click.command(name)(limit_option(table_options(base_url_option(with_json))))

    return decorate


@_command("voices")
@click.option("--language", metavar="LANGUAGE", help="Only voices of this language: en, or en-US.")
def voices(*, language: str | None, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the voices that can speak the text of a video.

    Piped output is one line per voice, with tabs between id, name, language, gender and provider.
    """

    async def wanted(client: AsyncPictory) -> AsyncIterator[VoiceTrack]:
        async for voice in client.voices.list():
            if language is None or voice.speaks(language):
                yield voice

    print_list(base_url, wanted, limit, _VOICES, as_json=as_json)


@_command("brands")
def brands(*, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the brand kits of the account."""
    print_list(base_url, lambda client: aiter(client.brands.list()), limit, _NAMED, as_json=as_json)


@_command("styles")
def styles(*, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the styles for subtitles."""
    print_list(base_url, lambda client: aiter(client.text_styles.list()), limit, _NAMED, as_json=as_json)


@_command("layouts")
def layouts(*, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the smart layouts for scenes."""
    print_list(base_url, lambda client: aiter(client.smart_layouts.list()), limit, _NAMED, as_json=as_json)


@_command("avatars")
def avatars(*, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the avatars, and the ids of their looks.

    A video takes the id of a look.
    """
    print_list(base_url, lambda client: aiter(client.avatars.list()), limit, _AVATARS, as_json=as_json)


@_command("music")
@click.argument("query", required=False)
@click.option("--mood", "moods", multiple=True, metavar="MOOD", help="Only music of this mood. Can be repeated.")
@click.option("--genre", "genres", multiple=True, metavar="GENRE", help="Only music of this genre. Can be repeated.")
def music(
    *,
    query: str | None,
    moods: tuple[str, ...],
    genres: tuple[str, ...],
    base_url: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Search for music for videos.

    A video takes its address.
    """

    def found(client: AsyncPictory) -> AsyncIterator[MusicTrack]:
        return aiter(client.music.search(query, moods=moods, genres=genres))

    print_list(base_url, found, limit, _MUSIC, as_json=as_json)


@_command("stock")
@click.argument("keyword")
def stock(*, keyword: str, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """Search the stock libraries for pictures and videos.

    The addresses are for looking at them: they are watermarked, and expire.
    """
    print_list(base_url, lambda client: aiter(client.media.search(keyword)), limit, _STOCK, as_json=as_json)


@_command("images")
def images(*, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the pictures that AI Studio made."""
    print_list(base_url, lambda client: aiter(client.ai_images.list()), limit, _IMAGES, as_json=as_json)


@_command("connections")
def connections(*, base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the connections to AWS and Vimeo."""

    async def both(client: AsyncPictory) -> AsyncIterator[AwsConnection | VimeoConnection]:
        async for aws in client.aws_connections.list():
            yield aws
        async for vimeo in client.vimeo_connections.list():
            yield vimeo

    print_list(base_url, both, limit, _CONNECTIONS, as_json=as_json)


def _to_month(_ctx: click.Context, _param: click.Parameter, text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    year, _, month = text.partition("-")
    if not (year.isdecimal() and month.isdecimal()):
        raise click.BadParameter("must be a month such as 2026-02.")
    return {"year": int(year), "month": int(month)}


@_command("credits")
@click.option("--month", callback=_to_month, metavar="YYYY-MM", help="Only this month.  [default: the last 12]")
def credits_command(*, month: dict[str, Any], base_url: str | None, limit: int | None, as_json: bool) -> None:
    """List the AI credits that the account spent and got.

    What was spent is negative.
    """

    def found(client: AsyncPictory) -> AsyncIterator[CreditTransaction]:
        return aiter(client.account.ai_credits(**month))

    print_list(base_url, found, limit, _CREDITS, as_json=as_json)
