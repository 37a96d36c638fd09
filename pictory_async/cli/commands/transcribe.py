"""`pictory transcribe`: what is said in a video or a recording, as text, subtitles or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pictory_async.cli._options import base_url_option, wait_options
from pictory_async.cli._output_file import OutputFile
from pictory_async.cli._paid_job import PaidJob, job_option
from pictory_async.cli._places import check_file
from pictory_async.cli.commands.upload import progress_of
from pictory_async.cli.display.text import echo_json, printable

if TYPE_CHECKING:
    from pictory_async import AsyncPictory
    from pictory_async.models import Transcript

__all__ = ["command"]

_FORMS: Final = ("text", "srt", "vtt", "json")
_ENDINGS: Final = {".txt": "text", ".srt": "srt", ".vtt": "vtt", ".json": "json"}
_WEB: Final = ("http://", "https://")


@click.command("transcribe")
@click.argument("source", required=False, metavar="[FILE_OR_URL]")
@click.option("--language", default="en-US", show_default=True, metavar="LANGUAGE", help="Which language is spoken.")
@click.option("--as", "form", type=click.Choice(_FORMS), help="What to print.  [default: by --output, else text]")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to FILE instead of printing: completely, or not at all.",
)
@job_option
@wait_options
@base_url_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    source: str | None,
    language: str,
    form: str | None,
    output: Path | None,
    job_id: str | None,
    settings: dict[str, Any],
    base_url: str | None,
) -> None:
    """Transcribe a video or a recording.

    A file is uploaded first. It is billed by the minute, and requested once. If the wait ends early, the command to
    wait again is printed.
    """
    if (source is None) is (job_id is None):
        raise click.UsageError("Name a file or an address, or a job with --job.")
    form = form or ("text" if output is None else _ENDINGS.get(output.suffix.lower(), "text"))
    if output is not None:
        ctx.with_resource(OutputFile(check_file(str(output), replaces=True)))
    job = PaidJob(command="transcribe", what="Transcript", job_id=job_id)

    async def start(client: AsyncPictory) -> str:
        url = source or ""
        if not url.lower().startswith(_WEB):
            file = Path(url)
            job.doing = f"Uploading {file.name}"
            url = await client.media.upload(file, on_progress=lambda progress: job.tell(progress_of(file, progress)))
        job.starting = True
        return await client.transcripts.start(url, language=language)

    _print(job.result(base_url, start, lambda client: client.transcripts.wait, settings), form)


def _print(transcript: Transcript, form: str) -> None:
    if form == "json":
        echo_json(transcript.to_dict())
        return
    text = {"srt": transcript.to_srt, "vtt": transcript.to_vtt}.get(form, lambda: f"{transcript.text}\n")()
    click.echo("\n".join(map(printable, text.split("\n"))), nl=False)
