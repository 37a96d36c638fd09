"""The calls about transcripts: what is said in a video or a recording, and its highlights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from pictory_async import models
from pictory_async._api.requests import start_job
from pictory_async._codec.answers import view_of
from pictory_async._settings.given import address, body_of, text, whole
from pictory_async._settings.media_types import media_type as type_of
from pictory_async._settings.mistakes import hinted
from pictory_async._settings.paths import path_segment
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._api.jobs import Jobs
    from pictory_async._http.transport import Transport
    from pictory_async._settings.durations import Duration


class Transcripts:
    """The calls about transcripts: ``client.transcripts``."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        self._transport = transport
        self._jobs = jobs

    async def start(
        self,
        url: str,
        *,
        language: str = "en-US",
        media_type: str | None = None,
        webhook: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Start to transcribe a file, and return the id of the job. It is billed, so it is requested once.

        See https://docs.pictory.ai/api-reference/transcription/video-transcription.

        Args:
            url: The file; ``client.media.upload`` returns one for a file of your own.
            language: Which language is spoken, such as ``en-US``.
            media_type: ``video`` or ``audio``; by default, what the end of the address says, else ``video``.
            webhook: An address that Pictory calls when the job is completed.
            extra: Other fields in the API's spelling.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobSubmitUncertainError: The response was lost: the job may have been started.
            APIError: Nothing was started.
        """
        fields = {
            "fileUrl": address("url", url),
            "mediaType": _kind(url) if media_type is None else text("media_type", media_type),
            "language": text("language", language),
            "webhook": None if webhook is None else address("webhook", webhook, most=500),
        }
        return await start_job(self._transport, "/v2/transcription", "the transcript", body_of(fields, extra))

    async def start_highlights(
        self,
        source: str | models.Transcript | Iterable[models.TranscriptSentence | Mapping[str, Any]],
        *,
        seconds: int,
        duration: float | None = None,
        language: str = "en",
        webhook: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Start to look for the highlights of a transcript, and return the id of the job. It is requested once.

        Its result is the transcript again, whose ``highlights`` are the words that belong to them. See
        https://docs.pictory.ai/api-reference/transcription/generate-highlights-from-job and
        https://docs.pictory.ai/api-reference/transcription/generate-highlights-from-transcript.

        Args:
            source: The id of a completed job of a transcript; or a transcript, or its sentences, which you may have
                changed.
            seconds: How long the highlights are together.
            duration: How long the whole file is, in seconds, for a transcript; by default, as long as it says.
            language: Without a country: ``en``, and not ``en-US``.
            webhook: An address that Pictory calls when the job is completed.
            extra: Other fields in the API's spelling.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobSubmitUncertainError: The response was lost: the job may have been started.
            APIError: Nothing was started.
        """
        fields: dict[str, Any] = {
            "highlight_duration": whole("seconds", seconds, least=1),
            "language": text("language", language),
            "webhook": None if webhook is None else address("webhook", webhook, most=500),
        }
        if isinstance(source, str):
            path = f"/v2/transcription/{path_segment('job', source)}/highlights"
        else:
            path, sentences = "/v2/transcription/highlights", source
            if isinstance(source, models.Transcript):
                sentences, duration = source.sentences, source.duration if duration is None else duration
            fields |= {"transcript": _sentences(sentences), "duration": _length(duration)}
        return await start_job(self._transport, path, "the highlights", body_of(fields, extra))

    @hinted
    async def wait(
        self,
        job_id: str,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        on_progress: Callable[[models.Job], object] | None = None,
    ) -> models.Transcript:
        """Wait for a transcript, or for its highlights. Several waits for one job share its polls.

        Args:
            job_id: The job, as `start` or `start_highlights` returned it.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two polls; Pictory recommends 10 to 30.
            on_progress: Called with the job after each poll that shows it unfinished.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobFailedError: The job failed.
            JobCleanedError: The job's results were deleted.
            WaitTimeoutError: ``max_wait`` is over. The job continues: wait again.
            NotFoundError: There is no such job for this key, confirmed by a second poll.
            MalformedResponseError: The job is completed, but shows no transcript.
            APIError: The responses stayed unusable.
        """
        job = await self._jobs.wait(job_id, max_wait=max_wait, interval=interval, on_progress=on_progress)
        return view_of(models.Transcript, job, "sentences")


def _kind(url: str) -> str:
    return "audio" if (type_of(urlsplit(url).path) or "").startswith("audio/") else "video"


def _sentences(source: object) -> list[Any]:
    if not isinstance(source, Iterable):
        raise PictoryConfigError(f"source must be the id of a job, or a transcript, not {brief(source)}.")
    sentences: list[Any] = []
    for one in cast("Iterable[object]", source):
        if isinstance(one, models.TranscriptSentence):
            sentences.append(one.to_dict())
        elif isinstance(one, Mapping):
            sentences.append(dict(cast("Mapping[str, Any]", one)))
        else:
            raise PictoryConfigError(f"A sentence must be one of a transcript, or a mapping, not {brief(one)}.")
    if not sentences:
        raise PictoryConfigError("The transcript has no sentences.")
    return sentences


def _length(duration: object) -> float:
    if isinstance(duration, bool) or not isinstance(duration, int | float) or not duration > 0:
        raise PictoryConfigError(f"duration must be the length of the file in seconds, not {brief(duration)}.")
    return duration
