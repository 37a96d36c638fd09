"""What is said in a video or a recording, word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from pictory_async.models._base import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MediaInfo", "Transcript", "TranscriptSentence", "TranscriptWord"]

_CUE: Final = 84  # characters: two lines of subtitles


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TranscriptWord(Model):
    """A word of a transcript, or a pause.

    From https://docs.pictory.ai/api-reference/jobs/get-transcription-job-by-id (``transcript[].words``).

    Attributes:
        id: The word's id.
        text: The word; empty for a pause.
        start: When it begins, in seconds.
        end: When it ends, in seconds.
        speaker: The number of who says it.
        sentence_index: The number of its sentence.
        is_pause: Whether it is a pause.
        pause_size: Such as ``small``.
        highlight: Whether it belongs to the highlights.
    """

    id: str | None = attrs.field(default=None, repr=False)
    text: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: int | None = attrs.field(default=None, repr=False)
    sentence_index: int | None = attrs.field(default=None, repr=False)
    is_pause: bool | None = None
    pause_size: str | None = attrs.field(default=None, repr=False)
    highlight: bool | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TranscriptSentence(Model):
    """A sentence of a transcript.

    From https://docs.pictory.ai/api-reference/jobs/get-transcription-job-by-id (``transcript``).

    Attributes:
        id: The sentence's id.
        speaker: The number of who says it.
        words: Its words and pauses in order.
    """

    id: str | None = attrs.field(default=None, repr=False)
    speaker: int | None = None
    words: tuple[TranscriptWord, ...] = ()

    @property
    def text(self) -> str:
        """Its words, with single spaces."""
        return " ".join(word.text.strip() for word in self.words if word.text and word.text.strip())

    @property
    def start(self) -> float | None:
        """When its first word begins, in seconds; ``None`` if no word has a time."""
        return min((word.start for word in self.words if word.text and word.start is not None), default=None)

    @property
    def end(self) -> float | None:
        """When its last word ends, in seconds; ``None`` if no word has a time."""
        return max((word.end for word in self.words if word.text and word.end is not None), default=None)

    @property
    def highlighted(self) -> tuple[TranscriptWord, ...]:
        """Those of its words that belong to the highlights."""
        return tuple(word for word in self.words if word.highlight)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class MediaInfo(Model):
    """What is known of the file that was transcribed.

    From https://docs.pictory.ai/api-reference/jobs/get-transcription-job-by-id (``mediaInfo``).

    Attributes:
        duration: In seconds.
        width: In pixels.
        height: In pixels.
        aspect_ratio: Such as ``16:9``.
    """

    duration: float | None = None
    width: int | None = None
    height: int | None = None
    aspect_ratio: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Transcript(Model):
    """A transcript, as a completed job shows it; with highlights if the job looked for them.

    From https://docs.pictory.ai/api-reference/jobs/get-transcription-job-by-id.

    Attributes:
        id: The id of the job.
        sentences: What is said.
        srt: Subtitles in the SRT format: their address or their text, which is not documented. `to_srt` makes them from
            the words.
        vtt: Subtitles in the WebVTT format, as ``srt``.
        txt: What is said, as ``srt``.
        media: What is known of the file.
    """

    id: str
    sentences: tuple[TranscriptSentence, ...] = ()
    srt: str | None = attrs.field(default=None, repr=False)
    vtt: str | None = attrs.field(default=None, repr=False)
    txt: str | None = attrs.field(default=None, repr=False)
    media: MediaInfo | None = attrs.field(default=None, repr=False)

    @property
    def text(self) -> str:
        """What is said, a sentence a line."""
        return "\n".join(filter(None, (sentence.text for sentence in self.sentences)))

    @property
    def duration(self) -> float | None:
        """How long the file is, in seconds; if the API did not tell, when the last word ends."""
        if self.media is not None and self.media.duration is not None:
            return self.media.duration
        return max((sentence.end for sentence in self.sentences if sentence.end is not None), default=None)

    @property
    def highlights(self) -> tuple[TranscriptWord, ...]:
        """The words that belong to the highlights, in order."""
        return tuple(word for sentence in self.sentences for word in sentence.highlighted)

    def to_srt(self) -> str:
        """Subtitles in the SRT format, made from the words; words without a time are left out."""
        cues = enumerate(self._cues(), 1)
        return "\n".join(f"{n}\n{_time(a, ',')} --> {_time(b, ',')}\n{text}\n" for n, (a, b, text) in cues)

    def to_vtt(self) -> str:
        """Subtitles in the WebVTT format, made as those of `to_srt`."""
        cues = "\n".join(f"{_time(a, '.')} --> {_time(b, '.')}\n{_escaped(text)}\n" for a, b, text in self._cues())
        return f"WEBVTT\n\n{cues}"

    def _cues(self) -> Iterator[tuple[float, float, str]]:
        for sentence in self.sentences:
            start = end = 0.0
            text = ""
            for word in sentence.words:
                said = " ".join((word.text or "").split())
                if not said or word.start is None or word.end is None:
                    continue
                if text and len(text) + len(said) >= _CUE:
                    yield start, end, text
                    text = ""
                start, end, text = (start, word.end, f"{text} {said}") if text else (word.start, word.end, said)
            if text:
                yield start, end, text


def _time(seconds: float, mark: str) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
