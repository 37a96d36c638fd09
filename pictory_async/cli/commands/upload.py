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
    from collections.abc import Callable

    from pictory_async import UploadProgress

__all__ = ["command", "progress_of"]


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
    line = ""

    async def upload() -> None:
        async with open_client(base_url) as client, telling(lambda: line, lambda: 0):
            for file in files:
                _print(
                    file, await client.media.upload(file, content_type=content_type, on_progress=note(file)), as_json
                )

    def note(file: Path) -> Callable[[UploadProgress], None]:
        def tell(progress: UploadProgress) -> None:
            nonlocal line
            line = progress_of(file, progress)

        return tell

    run(upload)


def _print(file: Path, url: str, as_json: bool) -> None:  # noqa: FBT001 - as of the option
    if as_json:
        echo_json({"file": str(file), "url": url})
    else:
        click.echo(one_line(url))


def progress_of(file: Path, progress: UploadProgress) -> str:
    """Return how far the upload of a file is, for people."""
    return f"Uploading {file.name}: {as_size(progress.done)} of {as_size(progress.total)}"
