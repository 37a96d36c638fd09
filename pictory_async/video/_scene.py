"""A scene of a video, as it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from pictory_async.video import _checks as like, lists
from pictory_async.video._checks import ERROR
from pictory_async.video._elements import Element, MediaElement, SceneAvatar, element_kind
from pictory_async.video._part import Part, RequestFinding, error, item, parts_of, warning
from pictory_async.video._sound import SceneMusic, VoiceOver
from pictory_async.video._text import FontStyle
from pictory_async.video._visuals import AiVisual, Background, Broll, CorpusVisual

_SPOKEN: Final = ("story", "story_co_pilot", "blog_url", "ppt_url")
_CONTENT: Final = (*_SPOKEN, "audio_url", "video_url")
_TAG: Final = re.compile(r"<[^>]*>")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class StoryCoPilot(Part):
    """A text that the service writes.

    Attributes:
        prompt: At most 5,000 characters.
        video_type: Such as ``Marketing``.
        duration: 1 to 600 seconds.
        platform: Such as ``YouTube``.
        tone: Such as ``friendly``.
    """

    prompt: str | None = item(like.text(5000), required=ERROR)
    video_type: str | None = item(like.known(*lists.VIDEO_TYPES, what="type of video"))
    duration: int | None = item(like.number(1, 600, whole=True))
    platform: str | None = item(like.known(*lists.PLATFORMS, what="platform"))
    tone: str | None = item(like.known(*lists.TONES, what="tone"))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VideoScene(Part):
    """A scene.

    Its content is at most one of ``story``, ``story_co_pilot``, ``blog_url``, ``ppt_url``, ``audio_url`` and
    ``video_url``. Without content, it needs a ``background``.

    Attributes:
        story: At most 15,000 characters, spoken and shown.
        story_co_pilot: A text that the service writes.
        blog_url: The address of an article.
        ppt_url: The address of a slide deck.
        audio_url: The address of a recording that becomes a video; it needs ``audio_language``.
        video_url: The same with a video.
        audio_language: Such as ``en-US``.
        transcript: Of the recording; its form is not documented.
        media_repurpose_settings: Of the recording; their form is not documented.
        is_ssml_story: Whether ``story`` is SSML.
        caption: Shown instead of the story.
        create_scene_on_new_line: Whether each line of the story becomes a scene.
        create_scene_on_end_of_sentence: Whether each sentence does.
        max_subtitle_lines: 1 to 4; not together with a smart layout.
        highlight_keywords: Whether keywords are highlighted; they are by default.
        hide_subtitles: Whether there are no subtitles. The story is spoken all the same.
        minimum_duration: In seconds. A story that takes longer to speak extends it.
        end_pause_duration: Silence at the end, in seconds.
        scene_transition: From the scene before, such as ``fade``.
        subtitle_style: Overrides that of the video.
        background: What is behind it.
        background_brolls: What is cut in over the background.
        background_corpus: Pictures to choose from.
        voice_over: Overrides that of the video.
        background_music: Whether there is music.
        avatar: How the video's avatar is shown.
        elements: 1 to 20 texts, shapes, pictures and clips over it; later ones are on top.
    """

    story: str | None = item(like.text(15_000))
    story_co_pilot: StoryCoPilot | None = item(of=StoryCoPilot)
    blog_url: str | None = item(like.url())
    ppt_url: str | None = item(like.url())
    audio_url: str | None = item(like.url())
    video_url: str | None = item(like.url())
    audio_language: str | None = item(like.known(*lists.AUDIO_LANGUAGES, what="language"))
    transcript: Any = item()
    media_repurpose_settings: Any = item()
    is_ssml_story: bool | None = item(like.flag, json="isSSMLStory")
    caption: str | None = item(like.text())
    create_scene_on_new_line: bool | None = item(like.flag)
    create_scene_on_end_of_sentence: bool | None = item(like.flag)
    max_subtitle_lines: int | None = item(like.number(1, 4, whole=True))
    highlight_keywords: bool | None = item(like.flag)
    hide_subtitles: bool | None = item(like.flag)
    minimum_duration: float | None = item(like.number(), like.positive)
    end_pause_duration: float | None = item(like.number(), like.positive)
    scene_transition: str | None = item(like.known(*lists.TRANSITIONS, what="transition"))
    subtitle_style: FontStyle | None = item(of=FontStyle)
    background: Background | None = item(of=Background)
    background_brolls: Sequence[Broll] | None = item(each=Broll)
    background_corpus: Sequence[CorpusVisual] | None = item(each=CorpusVisual)
    voice_over: VoiceOver | None = item(of=VoiceOver)
    background_music: SceneMusic | None = item(of=SceneMusic)
    avatar: SceneAvatar | None = item(of=SceneAvatar)
    elements: Sequence[Element] | None = item(like.count(1, 20), each=element_kind)

    @property
    def is_spoken(self) -> bool:
        """Whether it has a text that can be spoken."""
        return bool(self._given(*_SPOKEN))

    @property
    def seconds(self) -> float | None:
        """How long it will be, estimated; ``None`` if the request does not show it."""
        if isinstance(self.story, str):
            # Tags of SSML are not spoken.
            spoken = len(_TAG.sub(" ", self.story).split()) / lists.WORDS_PER_SECOND
        elif isinstance(self.story_co_pilot, StoryCoPilot) and like.is_number(self.story_co_pilot.duration):
            spoken = float(self.story_co_pilot.duration)
        elif self._given(*_CONTENT) or not like.is_number(self.minimum_duration):
            return None
        else:
            spoken = 0.0
        least, pause = (
            float(one) if like.is_number(one) else 0.0 for one in (self.minimum_duration, self.end_pause_duration)
        )
        return max(spoken, least) + pause

    def ai_visuals(self, path: str) -> Iterator[tuple[str, AiVisual]]:
        """What AI makes for it, each with its place in the body."""
        visuals: list[tuple[str, object]] = []
        if isinstance(self.background, Background):
            visuals.append(("background", self.background.ai_visual))
        brolls, elements = parts_of(self.background_brolls, Broll), parts_of(self.elements, MediaElement)
        visuals += [(f"backgroundBrolls[{number}]", one.ai_visual) for number, one in brolls]
        visuals += [(f"elements[{number}]", one.ai_visual) for number, one in elements]
        for name, visual in visuals:
            if isinstance(visual, AiVisual):
                yield f"{path}.{name}.aiVisual", visual

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, *_CONTENT)
        if not self._given(*_CONTENT) and not self.extra:
            yield from self._picture_rules(path)
        media = self._given("audio_url", "video_url")
        if media and self.audio_language is None:
            yield error(f"{path}.audioLanguage", f"It is required with {media[0]}.")
        for name in self._given("transcript", "media_repurpose_settings") if not media else ():
            yield error(f"{path}.{name}", "It needs an audioUrl or a videoUrl.")
        for name in self._given("is_ssml_story", "caption") if self.story is None else ():
            yield error(f"{path}.{name}", "It needs a story.")
        split = self._given("create_scene_on_new_line", "create_scene_on_end_of_sentence")
        if self.caption is not None and split:
            yield error(f"{path}.caption", f"It and {' and '.join(split)} exclude each other. Keep one of them.")

    def _picture_rules(self, path: str) -> Iterator[RequestFinding]:
        background = self.background
        if background is None:
            yield error(path, "It needs a story, or another content, or a background.")
        elif isinstance(background, Background) and background.search_filter is not None and not background.shows:
            text = "It is not documented whether a scene without content can have a search as its background."
            yield warning(f"{path}.background.searchFilter", text)
