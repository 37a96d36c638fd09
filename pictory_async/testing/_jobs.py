"""Jobs of the simulated account that are no renders: transcriptions, highlights, and what AI Studio makes."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

from pictory_async.testing._ids import stable_uuid
from pictory_async.testing._messages import SimRequest, SimResponse, encode
from pictory_async.testing._other_job import SimJob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pictory_async.testing._account import Account

IMAGE_CREDITS: Final[Mapping[str, float]] = {
    "seedream3.0": 2.0,
    "flux-schnell": 0.6,
    "nanobanana": 4.0,
    "nanobanana-pro": 14.0,
}
SECOND_CREDITS: Final[Mapping[str, float]] = {"veo3.1": 20.0, "veo3.1_fast": 10.0, "pixverse5.5": 1.6}
_SAID: Final = ("Water matters.", "Every drop counts, and so does every word.", "Thank you for listening.")
_WORD: Final = 0.4  # seconds


def invalid(name: str, problem: str) -> SimResponse:
    """Return the response to a request with a field that cannot be."""
    body = {
        "code": "INVALID_REQUEST_BODY",
        "message": "The request is invalid.",
        "fields": [{"name": name, "errors": problem}],
    }
    return SimResponse.from_json(body, status=400)


def transcribe(account: Account, fields: dict[str, Any], now: float) -> SimResponse | SimJob:
    """Start a transcription."""
    if not fields.get("fileUrl"):
        return invalid("fileUrl", "is required")
    return account.add_job(now, result=_result(_sentences(account, str(fields["fileUrl"]))))


def highlight(
    account: Account, fields: dict[str, Any], now: float, source: SimJob | None = None
) -> SimResponse | SimJob:
    """Start to look for highlights, in the transcript of another job or in a given one."""
    if not isinstance(fields.get("highlight_duration"), int):
        return invalid("highlight_duration", "must be a whole number of seconds")
    sentences: Any = fields.get("transcript") if source is None else source.result.get("transcript")
    if not sentences:
        return invalid("transcript", "is required")
    return account.add_job(now, result=_result(_marked(sentences, fields["highlight_duration"])))


def _sentences(account: Account, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    time = 0.0
    for number, text in enumerate(_SAID):
        words: list[dict[str, Any]] = []
        for place, word in enumerate([*text.split(), ""]):
            words.append(
                {
                    "uid": stable_uuid("word", account.seed, url, number, place),
                    "word": word,
                    "start_time": round(time, 3),
                    "end_time": round(time + _WORD, 3),
                    "speakerId": 1,
                    "sentence_index": number,
                }
            )
            time += _WORD
        words[-1] |= {"is_pause": True, "pause_size": "small"}
        found.append({"uid": stable_uuid("sentence", account.seed, url, number), "speakerId": 1, "words": words})
    return found


def _marked(sentences: list[Any], seconds: float) -> list[dict[str, Any]]:
    def mark(word: dict[str, Any]) -> dict[str, Any]:
        return {**word, "highlight": True} if word.get("word") and word.get("end_time", 0.0) <= seconds else word

    return [{**one, "words": [mark(word) for word in one.get("words", [])]} for one in sentences]


def _result(sentences: list[dict[str, Any]]) -> dict[str, Any]:
    text = " ".join(word["word"] for one in sentences for word in one["words"] if word["word"])
    ends = [word["end_time"] for one in sentences for word in one["words"]]
    info = {"duration": max(ends, default=0.0), "width": 1920, "height": 1080, "aspectRatio": "16:9"}
    return {"transcript": sentences, "txt": text, "srt": "", "vtt": "WEBVTT", "mediaInfo": info}


def make(account: Account, kind: str, fields: dict[str, Any], request: SimRequest, now: float) -> SimResponse | SimJob:
    """Start to make a picture or a video.

    Args:
        account: The account, which pays for it.
        kind: ``images`` or ``videos``.
        fields: The body of the request.
        request: The request.
        now: When it arrives.
    """
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not 5 <= len(prompt) <= 5000:  # noqa: PLR2004 - documented
        return invalid("prompt", "must have 5 to 5000 characters")
    seconds = str(fields.get("duration", "5s"))
    model = fields.get("model", "seedream3.0" if kind == "images" else "pixverse5.5")
    prices = IMAGE_CREDITS if kind == "images" else SECOND_CREDITS
    if model not in prices:
        return invalid("model", f"{model} is not supported")
    cost = round(prices[model] * (1 if kind == "images" else int(seconds.removesuffix("s"))), 3)
    if not account.spend(cost, "Text-to-Image" if kind == "images" else "Text-to-Video", now):
        error = ("INSUFFICIENT_CREDITS", "The account has too few AI credits.")
        return account.add_job(now, seconds=0.0, error=error)
    job = account.add_job(now)
    root = f"{account.media_root(request.origin)}/ai/{job.id}"
    size = {"width": 1280, "height": 720}
    if kind == "images":
        job.result = {"url": f"{root}.png", **size, "aiCreditsUsed": cost}
        more: dict[str, Any] = {}
    else:
        last = {"lastFrameImageUrl": f"{root}-last.png"}
        job.result = {"url": f"{root}.mp4", "duration": seconds, **size, **last, "aiCreditsUsed": cost}
        pictures = {"thumbnailImageUrl": f"{root}-t.png", "previewImageUrl": f"{root}-p.png"}
        more = {"duration": seconds, **pictures, **last}
    entry: dict[str, Any] = {
        "id": job.id,
        "url": job.result["url"],
        "prompt": prompt,
        "aspectRatio": fields.get("aspectRatio", "16:9"),
        "createdDate": f"{account.date(job.ends_at):%Y-%m-%dT%H:%M:%S}.000Z",
        "model": model,
        **size,
        **more,
        **{name: fields[name] for name in ("style", "referenceImageUrl") if name in fields},
    }
    job.listed = (f"aistudio/{kind}", entry)
    return job


def tiny_picture() -> bytes:
    """Return a PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\x2f\x6f\xdf")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def started(job: SimResponse | SimJob) -> SimResponse:
    """Return the response to a request that starts a job, or that cannot."""
    if not isinstance(job, SimJob):
        return job
    return SimResponse.from_bytes(encode({"success": True, "data": {"jobId": job.id}}))
