"""`pictory image`: a picture made from words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pictory_async.cli._options import base_url_option, json_option, wait_options
from pictory_async.cli._paid_job import PaidJob, job_option
from pictory_async.cli.display.text import echo_json, one_line

if TYPE_CHECKING:
    from pictory_async import AsyncPictory
    from pictory_async.models import AiImage

__all__ = ["command"]


@click.command("image")
@click.argument("prompt", required=False)
@click.option("--model", metavar="MODEL", help="seedream3.0, flux-schnell, nanobanana, ...  [default: Pictory's]")
@click.option("--aspect-ratio", metavar="RATIO", help="Such as 16:9.  [default: Pictory's]")
@click.option("--style", metavar="STYLE", help="Such as photorealistic.  [default: none]")
@job_option
@wait_options
@base_url_option
@json_option("Print the picture as the API describes it.")
def command(
    *,
    prompt: str | None,
    model: str | None,
    aspect_ratio: str | None,
    style: str | None,
    job_id: str | None,
    settings: dict[str, Any],
    base_url: str | None,
    as_json: bool,
) -> None:
    """Make a picture from words, and print its address.

    It costs AI credits, and is requested once. If the wait ends early, the command to wait again is printed.
    """
    if (prompt is None) is (job_id is None):
        raise click.UsageError("Say what the picture is to show, or name a job with --job.")
    job = PaidJob(command="image", what="Picture", job_id=job_id)

    async def start(client: AsyncPictory) -> str:
        job.starting = True
        return await client.ai_images.start(prompt or "", model=model, aspect_ratio=aspect_ratio, style=style)

    _print(job.result(base_url, start, lambda client: client.ai_images.wait, settings), as_json=as_json)


def _print(picture: AiImage, *, as_json: bool) -> None:
    if as_json:
        echo_json(picture.to_dict())
    else:
        click.echo(one_line(picture.url or ""))
