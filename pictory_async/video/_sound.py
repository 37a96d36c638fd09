"""How a video sounds: voices and music."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async._values import brief
from pictory_async.video import _checks as like, lists
from pictory_async.video._checks import ERROR, WARNING
from pictory_async.video._part import Part, RequestFinding, item, warning
from pictory_async.video._visuals import Clip

if TYPE_CHECKING:
    from pictory_async.video._part import Remark


@attrs.frozen(kw_only=True, repr=False, eq=False)
class PremiumVoiceSettings(Part):
    """Settings of an ElevenLabs voice.

    Attributes:
        model_id: Such as ``eleven_v3``.
        stability: In percent, as text, as are ``similarity_boost`` and ``style``.
        similarity_boost: In percent, as text.
        style: In percent, as text.
        use_speaker_boost: Whether the speaker is boosted.
    """

    model_id: str | None = item(like.known(*lists.VOICE_MODELS, what="model"))
    stability: str | None = item(like.percent)
    similarity_boost: str | None = item(like.percent)
    style: str | None = item(like.percent)
    use_speaker_boost: bool | None = item(like.flag)


def _speaker(value: Any) -> Iterator[Remark]:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        yield ERROR, "", f"It must be the number of a voice or its name, not {brief(value)}."


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Voice(Part):
    """A voice that AI makes. Several voices take turns, scene by scene.

    Attributes:
        speaker: The number of a voice, its name such as ``Martin``, or its provider's id. If there is no such voice,
            the job fails.
        speed: In percent, 50 to 200.
        amplification_level: -1 to 1.
        premium_voice_settings: Of an ElevenLabs voice.
    """

    speaker: str | int | None = item(_speaker, required=ERROR)
    speed: int | None = item(like.number(50, 200, whole=True))
    amplification_level: float | None = item(like.number(-1, 1))
    premium_voice_settings: PremiumVoiceSettings | None = item(of=PremiumVoiceSettings)

    @classmethod
    def _meant(cls, value: object) -> str:
        return "" if any(_speaker(value)) else f"Voice(speaker={brief(value)})"


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ExternalVoice(Part):
    """A recording of your own instead of a voice that AI makes.

    Attributes:
        voice_url: Its address.
        sync_voice: Whether scenes follow it.
        amplification_level: -1 to 1.
    """

    voice_url: str | None = item(like.url(), required=WARNING)
    sync_voice: bool | None = item(like.flag)
    amplification_level: float | None = item(like.number(-1, 1))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VoiceOver(Part):
    """Who speaks. ``VoiceOver(enabled=False)`` makes a silent video on purpose.

    Attributes:
        enabled: Whether anybody speaks.
        ai_voices: Voices that AI makes; not together with ``external_voice``.
        external_voice: A recording.
    """

    enabled: bool | None = item(like.flag)
    ai_voices: Sequence[Voice] | None = item(like.count(1), each=Voice)
    external_voice: ExternalVoice | None = item(of=ExternalVoice)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "ai_voices", "external_voice")
        if self.enabled and not self._given("ai_voices", "external_voice"):
            yield warning(path, "It names no voice.")

    @classmethod
    def _meant(cls, value: object) -> str:
        return "" if any(_speaker(value)) else f"VoiceOver.of({brief(value)})"

    @classmethod
    def of(cls, *speakers: str | int) -> VoiceOver:
        """Voices by their names or numbers."""
        return cls(enabled=True, ai_voices=tuple(Voice(speaker=one) for one in speakers))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class BackgroundMusic(Part):
    """The music of a video.

    Attributes:
        enabled: Whether there is any.
        auto_music: Whether Pictory chooses it; not together with ``music_url``.
        music_url: Its address.
        volume: 0 to 1; without it, the music is at full loudness.
        clips: Parts of it, at most 10.
    """

    enabled: bool | None = item(like.flag)
    auto_music: bool | None = item(like.flag)
    music_url: str | None = item(like.url())
    volume: float | None = item(like.number(0, 1))
    clips: Sequence[Clip] | None = item(like.count(0, 10), each=Clip)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "auto_music", "music_url")
        if self.enabled is not False and self.volume is None:
            yield warning(f"{path}.volume", "Without it, the music is at full loudness. 0.1 is usual under speech.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SceneMusic(Part):
    """Whether there is music in one scene; nothing else can be set for a scene.

    Attributes:
        enabled: Whether there is.
    """

    enabled: bool | None = item(like.flag)
