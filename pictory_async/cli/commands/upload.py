"""`pictory upload`: upload files, and print the addresses to use for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pictory_async.cli._client import open_client, run
from pictory_async.cli._options import base_url_option, json_option
from pictory_async.cli._progress import telling
from pictory_async.cli.display.text import as_size, echo_json, one_line

if TYPE_CHECKING:
    from pictory_async import AsyncPictory, UploadProgress

__all__ = ["command", "uploaded"]


@click.command("upload")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--type", "content_type", metavar="TYPE", help="Type of the files.  [default: by the end of each name]")
@base_url_option
@json_option("Print a JSON document for each file.")
def command(*, files: tuple[Path, ...], content_type: str | None, base_url: str | None, as_json: bool) -> None:
    """Upload files, and print the addresses to use for them.

    The addresses are for backgrounds, voices and music of videos, and for 'pictory transcribe'. The API key is not sent
    to where the files go.
    """

    async def upload() -> None:
        async with open_client(base_url) as client:
            for file in files:
                url = await uploaded(client, file, content_type)
                if as_json:
                    echo_json({"file": str(file), "url": url})
                else:
                    click.echo(one_line(url))

    run(upload)


async def uploaded(client: AsyncPictory, file: Path, content_type: str | None = None) -> str:
    """Upload a file with its progress on standard error, and return the address to use for it."""
    line, share = f"Uploading {file.name}", 0.0

    def note(progress: UploadProgress) -> None:
        nonlocal line, share
        line = f"Uploading {file.name}: {as_size(progress.done)} of {as_size(progress.total)}"
        share = progress.done / progress.total

    async with telling(lambda: line, lambda: 0, lambda: share):
        return await client.media.upload(file, content_type=content_type, on_progress=note)
