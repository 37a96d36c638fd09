"""A video, as it is asked for: its scenes, and the request as a whole."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from pictory_async._values import ValueObject, brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Template
from pictory_async.video import _checks as like, lists
from pictory_async.video._part import Part, RequestFinding, Sureness, error, item, warning
from pictory_async.video.look import Avatar, Background, FontStyle, Logo, MediaElement, SceneAvatar, element_of
from pictory_async.video.sound import BackgroundMusic, SceneMusic, VoiceOver

if TYPE_CHECKING:
    from typing import Self

    from pictory_async.models import ProjectId

_CONTENT: Final = ("story", "story_co_pilot", "blog_url", "ppt_url", "audio_url", "video_url")
_NAME: Final = re.compile(r"[A-Za-z0-9 _-]{1,150}")
_HOLE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}|\{([^{}]+)\}")


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

    prompt: str | None = item(like.text(5000), required=True)
    video_type: str | None = item(like.known(*lists.VIDEO_TYPES, what="type of video"))
    duration: int | None = item(like.number(1, 600, whole=True))
    platform: str | None = item(like.known(*lists.PLATFORMS, what="platform"))
    tone: str | None = item(like.known(*lists.TONES, what="tone"))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VideoScene(Part):
    """A scene: at most one of ``story``, ``story_co_pilot``, ``blog_url``, ``ppt_url``, ``audio_url`` and
    ``video_url``; without one of them, a ``background``.

    Attributes:
        story: At most 15,000 characters, spoken and shown.
        story_co_pilot: A text that the service writes.
        blog_url: An article.
        ppt_url: A slide deck.
        audio_url: A recording, to be made a video of; it needs ``audio_language``.
        video_url: The same of a video.
        audio_language: Such as ``en-US``.
        transcript: Not documented: passed on.
        media_repurpose_settings: Not documented: passed on.
        is_ssml_story: Whether ``story`` is SSML.
        caption: Shown instead of the story.
        create_scene_on_new_line: Whether each line is a scene of its own.
        create_scene_on_end_of_sentence: Whether each sentence is.
        max_subtitle_lines: 1 to 4.
        highlight_keywords: Whether keywords are highlighted.
        hide_subtitles: Whether subtitles are hidden.
        minimum_duration: In seconds.
        end_pause_duration: Silence at the end, in seconds.
        scene_transition: Into this scene, such as ``fade``.
        subtitle_style: Overrides that of the video.
        background: What is behind it.
        background_brolls: Clips that are cut in.
        background_corpus: Pictures to choose from.
        voice_over: Overrides that of the video.
        background_music: Whether there is music.
        avatar: How the avatar is shown.
        elements: 1 to 20 texts, shapes, pictures and clips over it.
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
    minimum_duration: float | None = item(like.number(0))
    end_pause_duration: float | None = item(like.number(0))
    scene_transition: str | None = item(like.known(*lists.TRANSITIONS, what="transition"))
    subtitle_style: FontStyle | None = item(of=FontStyle)
    background: Background | None = item(of=Background)
    background_brolls: Sequence[Background] | None = item(like.count(), of=Background)
    background_corpus: Sequence[Mapping[str, Any]] | None = item(like.count())
    voice_over: VoiceOver | None = item(of=VoiceOver)
    background_music: SceneMusic | None = item(of=SceneMusic)
    avatar: SceneAvatar | None = item(of=SceneAvatar)
    elements: Sequence[Part] | None = item(like.count(1, 20), of=element_of)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, *_CONTENT)
        given = self._given(*_CONTENT)
        if not given and self.background is None and not self.extra:
            yield error(path, "A scene needs a story or another content, or a background.")
        media = self._given("audio_url", "video_url")
        if media and self.audio_language is None:
            yield error(f"{path}.audioLanguage", f"It is required with {media[0]}.")
        for name in self._given("transcript", "media_repurpose_settings") if not media else ():
            yield error(f"{path}.{name}", "It needs an audioUrl or a videoUrl.")
        for name in self._given("is_ssml_story", "caption") if self.story is None else ():
            yield error(f"{path}.{name}", "It needs a story.")
        split = self._given("create_scene_on_new_line", "create_scene_on_end_of_sentence")
        if self.caption is not None and split:
            yield error(f"{path}.caption", f"caption and {split[0]} exclude each other. Keep one of them.")

    @property
    def words(self) -> int:
        """How many words are spoken, as far as the request tells."""
        return len(self.story.split()) if isinstance(self.story, str) else 0


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RequestCost(ValueObject):
    """What a video is estimated to cost.

    Attributes:
        credits: AI credits, by the documented prices.
        unknown: How many visuals and avatars have a price that is not known.
        seconds: How long the video will be: 2.5 spoken words a second, and the shortest durations; ``None`` if the
            request does not tell.
    """

    credits: float
    unknown: int
    seconds: float | None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VideoRequest(Part):
    """A video that is to be made: the body of "Create Storyboard Preview" and "Render Storyboard Video".

    From https://docs.pictory.ai/api-reference/videos/create-storyboard-preview and
    https://docs.pictory.ai/api-reference/videos/render-storyboard-video. Fields have the API's names in snake case.
    Nothing is checked when it is made: `findings` tells all that is wrong at once, and `client.videos` calls it before
    anything is sent.

    Attributes:
        video_name: The name of the video: letters, digits, spaces, ``_`` and ``-``, at most 150.
        scenes: At least one, unless there is a ``template_id``.
        template_id: A template, or a project that serves as one.
        variables: The values of the template's variables.
        aspect_ratio: ``16:9``, ``9:16``, ``1:1`` or ``4:5``.
        video_width: In pixels; together with ``video_height``.
        video_height: In pixels.
        language: Of the script, such as ``en``.
        save_project: Whether a project that can be edited is made too.
        webhook: An address that is called at the end, at most 500 characters.
        webhook_input: An object that comes back with it.
        background_music: The music.
        voice_over: Who speaks. Without it, the video is silent.
        logo: A logo on all scenes.
        avatar: A speaker who is seen.
        subtitle_style: The style of the subtitles.
        subtitle_style_id: A style of the account; not together with ``subtitle_style_name``.
        subtitle_style_name: The same, by its name.
        brand_id: A brand of the account; not together with ``brand_name``.
        brand_name: The same, by its name.
        smart_layout_id: A layout; not together with ``smart_layout_name``.
        smart_layout_name: The same, by its name.
        visual_library_id: A library of the account.
        visual_selection_preference: Such as ``prefer-stock``.
        destinations: Where to deliver the video: open objects.
        vimeo_connection_id: For a destination at Vimeo.
        aws_connection_id: For one at AWS.
        project_metadata: Not documented: passed on.
        storyboard_version: ``v3``, or nothing.
    """

    video_name: str | None = item(like.text(), required=True)
    scenes: Sequence[VideoScene] | None = item(like.count(1), of=VideoScene)
    template_id: ProjectId | None = item()
    variables: Mapping[str, str] | None = item()
    aspect_ratio: str | None = item(like.known(*lists.ASPECT_RATIOS, what="ratio"))
    video_width: int | None = item(like.number(1, whole=True))
    video_height: int | None = item(like.number(1, whole=True))
    language: str | None = item(like.known(*lists.LANGUAGES, what="language"))
    save_project: bool | None = item(like.flag)
    webhook: str | None = item(like.url(500))
    webhook_input: Mapping[str, Any] | None = item()
    background_music: BackgroundMusic | None = item(of=BackgroundMusic)
    voice_over: VoiceOver | None = item(of=VoiceOver)
    logo: Logo | None = item(of=Logo)
    avatar: Avatar | None = item(of=Avatar)
    subtitle_style: FontStyle | None = item(of=FontStyle)
    subtitle_style_id: str | None = item(like.text())
    subtitle_style_name: str | None = item(like.text())
    brand_id: str | None = item(like.text())
    brand_name: str | None = item(like.text())
    smart_layout_id: str | None = item(like.text())
    smart_layout_name: str | None = item(like.text())
    visual_library_id: str | None = item(like.text())
    visual_selection_preference: str | None = item(like.known(*lists.SELECTION_PREFERENCES, what="preference"))
    destinations: Sequence[Mapping[str, Any]] | None = item(like.count())
    vimeo_connection_id: str | None = item(like.text())
    aws_connection_id: str | None = item(like.text())
    project_metadata: Any = item()
    storyboard_version: str | None = item(like.known("v3", what="version"))

    @classmethod
    def from_template(
        cls, template: Template | ProjectId, *, name: str, variables: Mapping[str, str] | None = None, **more: Any
    ) -> Self:
        """Make the request for a video from a template.

        Args:
            template: The template, or its id; or the id of a project that serves as one.
            name: The name of the video; ``{Name}`` stands for the value of a variable.
            variables: The values of the template's variables.
            more: Other fields.

        Raises:
            PictoryConfigError: The name has a variable that has no value.
        """
        values = dict(variables or {})
        template_id = template.id if isinstance(template, Template) else template
        return cls(video_name=_filled(name, values), template_id=template_id, variables=values or None, **more)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if isinstance(self.video_name, str) and _NAME.fullmatch(self.video_name) is None:
            text = "A client says that only letters, digits, spaces, _ and - are allowed, and at most 150 characters."
            yield warning(f"{path}.videoName", text)
        if self.scenes is None and self.template_id is None:
            yield error(f"{path}.scenes", "There must be scenes, or a templateId.")
        if self.variables is not None and self.template_id is None:
            yield error(f"{path}.variables", "They need a templateId.")
        for name, value in (self.variables or {}).items():
            if not isinstance(value, str):
                yield error(f"{path}.variables.{name}", f"It must be text, not {brief(value)}.")
        if len(self._given("video_width", "video_height")) == 1:
            yield error(path, "videoWidth and videoHeight belong together.")
        for names in (
            ("subtitle_style_id", "subtitle_style_name"),
            ("brand_id", "brand_name"),
            ("smart_layout_id", "smart_layout_name"),
        ):
            yield from self._at_most_one(path, *names)
        yield from self._sound(path)
        layout = self._given("smart_layout_id", "smart_layout_name")
        for number, scene in enumerate(self.scenes or ()):
            if layout and isinstance(scene, VideoScene) and scene.max_subtitle_lines is not None:
                yield error(f"{path}.scenes[{number}].maxSubtitleLines", f"It and {layout[0]} exclude each other.")

    def _sound(self, path: str) -> Iterator[RequestFinding]:
        if self.voice_over is None and self.template_id is None:
            yield warning(f"{path}.voiceOver", "Without it, the video is silent. VoiceOver(enabled=False) says so.")
        if self.avatar is not None and not (isinstance(self.voice_over, VoiceOver) and self.voice_over.enabled):
            yield error(f"{path}.avatar", "It needs a voiceOver that is enabled.")

    def checked(self) -> list[RequestFinding]:
        """Everything that is surprising, if nothing is wrong.

        Raises:
            PictoryConfigError: Something is wrong; the text has all of it.
        """
        found = [*self.findings()]
        errors = [one for one in found if one.sureness is Sureness.ERROR]
        if errors:
            lines = "".join(f"\n  {one.path}: {one.message}" for one in errors)
            raise PictoryConfigError(f"The video request cannot be sent; nothing was.{lines}")
        return found

    def cost(self) -> RequestCost:
        """What the video is estimated to cost in AI credits, and how long it will be. An estimate, not a promise."""
        prices: list[float | None] = []
        for scene in self.scenes or ():
            visuals = [scene.background, *(scene.background_brolls or ()), *(scene.elements or ())]
            found = (one.ai_visual for one in visuals if isinstance(one, (Background, MediaElement)))
            prices += [one.credits() for one in found if one is not None]
        seconds = self._seconds()
        if self.avatar is not None:
            prices.append(None if seconds is None else lists.CREDITS_PER_AVATAR * math.ceil(seconds / 30.0))
        known = [price for price in prices if price is not None]
        return RequestCost(credits=sum(known), unknown=len(prices) - len(known), seconds=seconds)

    def _seconds(self) -> float | None:
        if not self.scenes:
            return None
        total = 0.0
        for scene in self.scenes:
            spoken = scene.words / lists.WORDS_PER_SECOND
            total += max(spoken, scene.minimum_duration or 0.0) + (scene.end_pause_duration or 0.0)
        return total or None


def _filled(name: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        hole = cast("str", found[1] or found[2])
        if hole not in values:
            known = ", ".join(values) or "there are none"
            raise PictoryConfigError(f"The name {brief(name)} has {{{hole}}}, which has no value. Known are: {known}.")
        return str(values[hole])

    return _HOLE.sub(value, name)
