"""The results of transcripts and of AI Studio, as the API documents them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pictory_async import models
from pictory_async._codec.answers import decode_job, view_of
from tests._bodies import PAYLOADS, body_of


def response(name: str) -> bytes:
    return (PAYLOADS / "video" / f"res-{name}.json").read_bytes()


def test_the_documented_transcript() -> None:
    """Words, pauses, times, highlights and what is known of the file are typed, and nothing is lost."""
    raw = json.loads(response("job-transcription-completed"))
    transcript = view_of(models.Transcript, decode_job(response("job-transcription-completed")), "sentences")
    (sentence,) = transcript.sentences
    assert ("Water matters.", 0.0, 0.95, 1) == (sentence.text, sentence.start, sentence.end, sentence.speaker)
    assert [None, None, True] == [word.is_pause for word in sentence.words]
    assert sentence.words[:2] == sentence.highlighted == transcript.highlights
    assert transcript.media is not None
    assert (120.5, 1920, "16:9") == (transcript.duration, transcript.media.width, transcript.media.aspect_ratio)
    assert "https://media.example.com/talk.srt" == transcript.srt
    assert raw == transcript.to_dict()
    assert () == transcript.unreadable
    assert "1\n00:00:00,000 --> 00:00:00,950\nWater matters.\n" == transcript.to_srt()
    assert "WEBVTT\n\n00:00:00.000 --> 00:00:00.950\nWater matters.\n" == transcript.to_vtt()


def words(*texts: str, start: float = 0.0, **facts: Any) -> tuple[models.TranscriptWord, ...]:
    times = [(start + number, start + number + 1) for number in range(len(texts))]
    return tuple(
        models.TranscriptWord(text=text, start=a, end=b, **facts) for text, (a, b) in zip(texts, times, strict=True)
    )


def test_subtitles_made_from_words() -> None:
    """Long sentences are cut between words, hours are counted, markup is escaped; words without times are left out."""
    transcript = models.Transcript(
        id="j",
        sentences=(
            models.TranscriptSentence(words=words(*["wonderful"] * 10)),
            models.TranscriptSentence(words=words("a<b", "&", start=3661.2345)),
            models.TranscriptSentence(words=(models.TranscriptWord(text="untimed"),)),
            models.TranscriptSentence(words=(models.TranscriptWord(text=" ", start=1, end=2), models.TranscriptWord())),
        ),
    )
    first, second, third = transcript.to_srt().split("\n\n")
    assert ["1", "00:00:00,000 --> 00:00:08,000", " ".join(["wonderful"] * 8)] == first.split("\n")
    assert "2\n00:00:08,000 --> 00:00:10,000\nwonderful wonderful" == second
    assert "3\n01:01:01,234 --> 01:01:03,234\na<b &\n" == third
    assert transcript.to_vtt().endswith("01:01:01.234 --> 01:01:03.234\na&lt;b &amp;\n")
    assert 3663.2345 == transcript.duration
    assert None is models.Transcript(id="j").duration
    assert "" == models.Transcript(id="j").to_srt()
    assert (None, None) == (transcript.sentences[2].start, transcript.sentences[2].end)


def test_the_documented_results_of_ai_studio() -> None:
    """A job's result and a list's entry are read by one class each, and are written back as they came."""
    image = view_of(models.AiImage, decode_job(response("job-ai-image-completed")), "url")
    assert ("https://media.example.com/ai/lighthouse.png", 1280, 2.0) == (image.url, image.width, image.ai_credits_used)
    assert json.loads(response("job-ai-image-completed")) == image.to_dict()
    assert {"success": True, "data": {"status": "completed"}} == dict(image.extra)
    video = view_of(models.AiVideo, decode_job(response("job-ai-video-completed")), "url")
    assert (8.0, 80.0) == (video.duration, video.ai_credits_used)
    assert json.loads(response("job-ai-video-completed")) == video.to_dict()


@pytest.mark.parametrize(
    ("value", "expected", "unread"),
    [
        ("8s", 8.0, False),
        ("8", 8.0, False),
        ("1.5 s", 1.5, False),
        (8, 8.0, False),
        ("long", None, True),
        ([], None, True),
    ],
    ids=["8s", "8", "1.5 s", "number", "word", "list"],
)
def test_durations(value: Any, expected: float | None, unread: bool) -> None:
    """A duration is text with an ``s`` in the samples; a number is read too, and nothing else."""
    job = decode_job(body_of({"job_id": "j", "data": {"url": "u", "duration": value}}))
    video = view_of(models.AiVideo, job, "url")
    assert expected == video.duration
    assert ("data.duration",) * unread == video.unreadable
