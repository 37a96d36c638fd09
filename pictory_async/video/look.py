"""How a video looks: text styles, pictures and clips, elements, logo and avatar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async.video import _checks as like, lists
from pictory_async.video._part import Part, error, item, warning

if TYPE_CHECKING:
    from pictory_async.video._part import RequestFinding

_PREVIEW_HOSTS: Final = ("gettyimages.com", "storyblocks.com", "videoblocks.com")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Animation(Part):
    """How a text comes or goes.

    Attributes:
        name: Such as ``fade``.
        type: ``entry`` or ``exit``.
        speed: ``slow``, ``medium``, ``fast`` or ``custom``.
        custom_speed_value: At least 0.5; with the speed ``custom`` only.
        direction: ``up``, ``down``, ``left`` or ``right``.
        writing_style: ``character``, ``word``, ``line`` or ``paragraph``.
        future_words: ``hidden``, ``subtle`` or ``prominent``; with ``fade`` and ``blur`` only.
    """

    name: str | None = item(like.known(*lists.ANIMATIONS, what="animation"), required=True)
    type: str | None = item(like.known("entry", "exit", what="kind of animation"), required=True)
    speed: str | None = item(like.known(*lists.SPEEDS, what="speed"))
    custom_speed_value: float | None = item(like.number(0.5))
    direction: str | None = item(like.known(*lists.DIRECTIONS, what="direction"))
    writing_style: str | None = item(like.known(*lists.WRITING_STYLES, what="writing style"))
    future_words: str | None = item(like.known(*lists.FUTURE_WORDS, what="way to show words"))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if self.custom_speed_value is not None and self.speed != "custom":
            yield error(f"{path}.customSpeedValue", 'It needs the speed "custom".')
        if self.future_words is not None and self.name not in {"fade", "blur"}:
            yield error(f"{path}.futureWords", 'Only the animations "fade" and "blur" have it.')


@attrs.frozen(kw_only=True, repr=False, eq=False)
class FontStyle(Part):
    """The style of subtitles, or of a text element.

    Attributes:
        font_family: The font.
        font_url: A font of your own; then ``font_family`` is its name.
        font_size: At least 1; drawn at 4/3 of it on a frame 1280 pixels wide.
        color: A colour, as are the other ``..._color`` attributes: ``rgba(0,0,0,0.5)`` or ``#FFC828``.
        background_color: ``rgba(0,0,0,0)`` hides the box.
        keyword_color: Of highlighted words.
        shadow_color: Of the shadow.
        shadow_width: In percent, as text: ``"2%"``.
        paragraph_width: In percent of the frame, as text.
        position: Such as ``bottom-center``.
        alignment: ``left``, ``center`` or ``right``.
        decorations: Any of ``bold``, ``underline``, ``italics``, ``linethrough``.
        case: ``uppercase``, ``lowercase``, ``capitalize`` or ``smallcapitalize``.
        show_box_background: Whether there is a box.
        show_bullet: Whether lines have bullets; subtitles only.
        bullet_size: Of the bullets.
        bullet_fill_color: Of the bullets.
        animations: At most one ``entry`` and one ``exit``.
    """

    font_family: str | None = item(like.text())
    font_url: str | None = item(like.url())
    font_size: int | None = item(like.number(1, whole=True))
    color: str | None = item(like.color)
    background_color: str | None = item(like.color)
    keyword_color: str | None = item(like.color)
    shadow_color: str | None = item(like.color)
    shadow_width: str | None = item(like.percent)
    paragraph_width: str | None = item(like.percent)
    position: str | None = item(like.known(*lists.TEXT_POSITIONS, what="position"))
    alignment: str | None = item(like.known(*lists.ALIGNMENTS, what="alignment"))
    decorations: Sequence[str] | None = item(like.each(like.known(*lists.DECORATIONS, what="decoration")))
    case: str | None = item(like.known(*lists.CASES, what="case"))
    show_box_background: bool | None = item(like.flag)
    show_bullet: bool | None = item(like.flag)
    bullet_size: float | None = item(like.number())
    bullet_fill_color: str | None = item(like.color)
    animations: Sequence[Animation] | None = item(like.count(1, 2), of=Animation)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if self.font_url is not None and self.font_family is None:
            yield error(f"{path}.fontFamily", "With fontUrl, the name of the font is required.")
        kinds = [one.type for one in self.animations or () if isinstance(one, Animation)]
        if len(kinds) != len({*kinds}):
            yield error(f"{path}.animations", 'There may be one "entry" and one "exit".')


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Clip(Part):
    """A part of a clip.

    Attributes:
        start: In seconds.
        end: In seconds.
    """

    start: float | None = item(like.number(0))
    end: float | None = item(like.number(0))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if isinstance(self.start, (int, float)) and isinstance(self.end, (int, float)) and self.end <= self.start:
            yield error(path, "Its end must be after its start.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SearchFilter(Part):
    """What to look for in the stock libraries. If nothing is found for a background, the job fails.

    Attributes:
        query: Free text.
        keywords: 1 to 10, of 2 to 100 characters each.
        category: Such as ``Nature/Landscapes``.
        libraries: ``story_blocks``, ``getty``.
    """

    query: str | None = item(like.text())
    keywords: Sequence[str] | None = item(like.each(like.text(100, least=2), least=1, most=10))
    category: str | None = item(like.text())
    libraries: Sequence[str] | None = item(like.each(like.known(*lists.LIBRARIES, what="library")))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if isinstance(self.category, str) and self.category.split("/")[0] not in lists.CATEGORIES:
            yield warning(f"{path}.category", f"{self.category!r} is not in a known category.")
        if not self._given("query", "keywords"):
            yield warning(path, "It has neither a query nor keywords; whether that is enough is not documented.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AiVisual(Part):
    """A picture or a clip that is made by AI. It costs AI credits.

    Attributes:
        prompt: At most 500 characters.
        model: Of images ``seedream3.0``, ``flux-schnell``, ``nanobanana``; of clips ``veo3.1``, ``veo3.1_fast``,
            ``pixverse5.5``.
        media_style: Such as ``photorealistic``.
        video_duration: Such as ``"8s"``, for clips only.
        visual_continuity: Whether scenes look alike.
        first_frame_image_url: For clips; not together with ``reference_image_urls``.
        reference_image_urls: 1 or 2, for clips.
        reference_image_url: For images.
    """

    prompt: str | None = item(like.text(500))
    model: str | None = item(like.known(*lists.IMAGE_MODELS, *lists.VIDEO_MODELS, what="model"))
    media_style: str | None = item(like.known(*lists.MEDIA_STYLES, what="style"))
    video_duration: str | None = item(like.text())
    visual_continuity: bool | None = item(like.flag)
    first_frame_image_url: str | None = item(like.url())
    reference_image_urls: Sequence[str] | None = item(like.each(like.url(), least=1, most=2))
    reference_image_url: str | None = item(like.url())

    @property
    def makes_video(self) -> bool:
        """Whether its model makes clips."""
        return self.model in lists.VIDEO_MODELS

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "first_frame_image_url", "reference_image_urls")
        if self.model in lists.IMAGE_MODELS:
            for name in self._given("video_duration", "first_frame_image_url", "reference_image_urls"):
                yield error(f"{path}.{name}", f"The model {self.model!r} makes images; this is for clips.")
        allowed = lists.VIDEO_DURATIONS.get(self.model or "")
        if allowed and self.video_duration is not None and self.video_duration not in allowed:
            yield error(f"{path}.videoDuration", f"The model {self.model!r} makes clips of {', '.join(allowed)}.")
        if self.makes_video and self.prompt and self.media_style is not None:
            yield warning(f"{path}.mediaStyle", "Models of clips ignore it when there is a prompt.")
        if self.model == "nanobanana-pro":
            yield warning(f"{path}.model", "This model is known for AI Studio only.")

    def credits(self) -> float | None:
        """AI credits that it costs, by the documented prices; ``None`` if that is not known."""
        if self.model in lists.CREDITS_PER_IMAGE:
            return lists.CREDITS_PER_IMAGE[self.model]
        price = lists.CREDITS_PER_SECOND.get(self.model or "")
        seconds = (self.video_duration or "").removesuffix("s")
        return price * float(seconds) if price is not None and seconds.isdigit() else None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ColorOverlay(Part):
    """A colour over a picture.

    Attributes:
        color: Its own alpha is ignored.
        opacity: 0 to 1; 0.4 if it is missing.
    """

    color: str | None = item(like.color)
    opacity: float | None = item(like.number(0, 1))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VisualSettings(Part):
    """How a picture or a clip is shown.

    Attributes:
        loop: Whether a clip is repeated until the scene ends.
        mute: Whether a clip's own sound is off.
        zoom_and_pan: Whether it moves.
        ken_burns_effect: The same, for images; not together with ``zoom_and_pan``.
        video_ken_burns: ``{"start": {...}, "end": {...}}``, each with ``zoom``, ``centerX``, ``centerY``.
    """

    loop: bool | None = item(like.flag)
    mute: bool | None = item(like.flag)
    zoom_and_pan: bool | None = item(like.flag)
    ken_burns_effect: bool | None = item(like.flag)
    video_ken_burns: Mapping[str, Any] | None = item()

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "zoom_and_pan", "ken_burns_effect")


def _preview(path: str, address: object) -> Iterator[RequestFinding]:
    if isinstance(address, str) and any(host in address.casefold() for host in _PREVIEW_HOSTS):
        yield warning(path, "This looks like a preview of the media search: it has a watermark and expires.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Background(Part):
    """What is behind a scene: exactly one of ``visual_url``, ``color`` and ``ai_visual``, or a ``search_filter``.

    Attributes:
        visual_url: A picture or a clip.
        type: ``video`` or ``image``; required with ``ai_visual``.
        clips: Parts of the clip.
        color: A plain colour.
        search_filter: What to look for in the stock libraries.
        ai_visual: What AI makes.
        color_overlay: A colour over it.
        settings: How it is shown.
        motion_graphics: Not documented: passed on.
        broll_clip: In ``background_brolls`` of a scene: when it is shown.
    """

    visual_url: str | None = item(like.url())
    type: str | None = item(like.known("video", "image", what="type"))
    clips: Sequence[Clip] | None = item(like.count(), of=Clip)
    color: str | None = item(like.color)
    search_filter: SearchFilter | None = item(of=SearchFilter)
    ai_visual: AiVisual | None = item(of=AiVisual)
    color_overlay: ColorOverlay | None = item(of=ColorOverlay)
    settings: VisualSettings | None = item(of=VisualSettings)
    motion_graphics: Mapping[str, Any] | None = item()
    broll_clip: Clip | None = item(of=Clip)

    @property
    def shows(self) -> bool:
        """Whether there is something to see."""
        return bool(self._given("visual_url", "color", "ai_visual", "search_filter"))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "visual_url", "color", "ai_visual")
        if not self.shows:
            yield error(path, "It needs a visualUrl, a color, an aiVisual or a searchFilter.")
        if self.ai_visual is not None and self.type is None:
            yield error(f"{path}.type", 'With aiVisual, it must say "video" or "image".')
        if self.clips is not None and (self.visual_url is None or self.type != "video"):
            yield error(f"{path}.clips", 'They need a visualUrl and the type "video".')
        settings = self.settings
        if isinstance(settings, VisualSettings) and settings.ken_burns_effect and self.type == "video":
            yield error(f"{path}.settings.kenBurnsEffect", "It is for images; zoomAndPan is for both.")
        if isinstance(self.ai_visual, AiVisual) and self.type is not None and self.ai_visual.model is not None:
            wrong = self.ai_visual.makes_video != (self.type == "video")
            if wrong and self.ai_visual.model in (*lists.IMAGE_MODELS, *lists.VIDEO_MODELS):
                yield error(f"{path}.aiVisual.model", f"The model {self.ai_visual.model!r} does not make a {self.type}.")
        yield from _preview(f"{path}.visualUrl", self.visual_url)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Placed(Part):
    """Something with a place in the frame: a ``position``, or ``top`` and ``left``, never both.

    Attributes:
        position: Such as ``top-right``.
        top: In percent of the frame's height, as text: ``"26%"``.
        left: In percent of the frame's width.
        width: In percent of the frame's width.
    """

    position: str | None = item(like.known(*lists.POSITIONS, what="position"))
    top: str | None = item(like.percent)
    left: str | None = item(like.percent)
    width: str | None = item(like.percent)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if self.position is not None and self._given("top", "left"):
            yield error(path, "position and top or left exclude each other. Keep one of them.")
        elif len(self._given("top", "left")) == 1:
            yield error(path, "top and left belong together.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TextElement(Placed):
    """Text over a scene.

    Attributes:
        type: ``text``.
        text: At most 2,000 characters.
        text_variant: ``heading``, ``subheading`` or ``body``; without it and a size in the style, it is small.
        style: Overrides the variant.
    """

    type: str | None = item(like.known("text"), required=True)
    text: str | None = item(like.text(2000), required=True)
    text_variant: str | None = item(like.known(*lists.TEXT_VARIANTS, what="variant"))
    style: FontStyle | None = item(of=FontStyle)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from super()._rules(path)
        sized = isinstance(self.style, FontStyle) and self.style.font_size is not None
        if self.text_variant is None and not sized:
            yield warning(path, "Without a textVariant or a fontSize, the text is as small as body text (20).")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ShapeElement(Placed):
    """A shape over a scene.

    Attributes:
        type: ``shape``.
        name: Such as ``rectangle``, ``circle`` or ``star-3``.
        fill: A colour.
        stroke: A colour; of rectangles, circles and lines only.
        stroke_width: Of the stroke.
        border_radius: A number; of rectangles only.
    """

    type: str | None = item(like.known("shape"), required=True)
    name: str | None = item(like.known(*lists.SHAPES, what="shape"), required=True)
    fill: str | None = item(like.color)
    stroke: str | None = item(like.color)
    stroke_width: float | None = item(like.number(0))
    border_radius: float | None = item(like.number(0))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from super()._rules(path)
        if self._given("stroke", "stroke_width") and self.name not in {"rectangle", "circle", "line"}:
            yield warning(path, "Only rectangles, circles and lines have a stroke.")
        if self.border_radius is not None and self.name != "rectangle":
            yield warning(f"{path}.borderRadius", "Only rectangles have it.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class MediaElement(Placed):
    """A picture or a clip over a scene. One that cannot be found is left out of the video, without a word.

    Attributes:
        type: ``image`` or ``video``.
        visual_url: Exactly one of this, ``search_filter`` and ``ai_visual``.
        search_filter: With a ``query`` only.
        ai_visual: What AI makes.
        color_overlay: A colour over it.
        settings: ``loop`` and ``mute``, of clips only.
    """

    type: str | None = item(like.known("image", "video"), required=True)
    visual_url: str | None = item(like.url())
    search_filter: SearchFilter | None = item(of=SearchFilter)
    ai_visual: AiVisual | None = item(of=AiVisual)
    color_overlay: ColorOverlay | None = item(of=ColorOverlay)
    settings: VisualSettings | None = item(of=VisualSettings)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from super()._rules(path)
        yield from self._at_most_one(path, "visual_url", "search_filter", "ai_visual")
        if not self._given("visual_url", "search_filter", "ai_visual"):
            yield error(path, "It needs a visualUrl, a searchFilter or an aiVisual.")
        if isinstance(self.search_filter, SearchFilter):
            for name in self.search_filter._given("keywords", "category", "libraries"):  # noqa: SLF001 - of its family
                yield error(f"{path}.searchFilter.{name}", "In an element, only a query is allowed.")
        if self.type == "image" and self.settings is not None:
            yield error(f"{path}.settings", "Only clips have it.")
        yield from _preview(f"{path}.visualUrl", self.visual_url)


def element_of(raw: Mapping[str, Any]) -> type[Part]:
    """The class of an element."""
    return {"text": TextElement, "shape": ShapeElement}.get(str(raw.get("type")), MediaElement)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Logo(Placed):
    """A logo on all scenes.

    Attributes:
        url: Its address.
    """

    url: str | None = item(like.url(), required=True)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Avatar(Placed):
    """A speaker who is seen. It needs a voice, and costs 15 AI credits for each 30 seconds.

    Attributes:
        avatar_id: The id of a look, from the list of avatars.
        border_radius: In percent, as text: ``"50%"``.
        background_color: A colour.
        hide: Whether it is hidden.
    """

    avatar_id: str | None = item(like.text(), required=True)
    border_radius: str | None = item(like.percent)
    background_color: str | None = item(like.color)
    hide: bool | None = item(like.flag)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SceneAvatar(Placed):
    """How the avatar is shown in one scene.

    Attributes:
        hide: Whether it is hidden.
        background_color: A colour.
        border_radius: In percent, as text.
        border_color: A colour.
        border_thickness: Its form is not documented.
    """

    hide: bool | None = item(like.flag)
    background_color: str | None = item(like.color)
    border_radius: str | None = item(like.percent)
    border_color: str | None = item(like.color)
    border_thickness: Any = item()


