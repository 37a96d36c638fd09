"""What is seen behind a scene: pictures, clips, colours, and what AI makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from pictory_async._values import brief
from pictory_async.video import _checks as like, lists
from pictory_async.video._checks import ERROR
from pictory_async.video._part import Part, RequestFinding, error, item, text_of, warning

_PREVIEW_HOSTS: Final = ("gettyimages.", "storyblocks.", "videoblocks.")


def preview_address(path: str, address: object) -> Iterator[RequestFinding]:
    """Warn about an address that the media search shows as a preview."""
    host = text_of(address).casefold().partition("://")[2].partition("/")[0]
    if any(name in host for name in _PREVIEW_HOSTS):
        yield warning(path, "It looks like a preview of the media search: those have a watermark and expire.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Clip(Part):
    """A part of a clip, or of a piece of music.

    Attributes:
        start: In seconds.
        end: In seconds.
    """

    start: float | None = item(like.number(), like.positive)
    end: float | None = item(like.number(), like.positive)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        start, end = self.start, self.end
        if like.is_number(start) and like.is_number(end) and end <= start:
            yield warning(path, "It ends before it starts.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SearchFilter(Part):
    """What to look for in the stock libraries. If nothing is found for a background, the job fails.

    Attributes:
        query: Free text.
        keywords: 1 to 10, of 2 to 100 characters each.
        category: Such as ``Nature/Landscapes``.
        libraries: Any of ``story_blocks`` and ``getty``.
    """

    query: str | None = item(like.text())
    keywords: Sequence[str] | None = item(like.count(1, 10), like.each(like.text(100, least=2)))
    category: str | None = item(like.text())
    libraries: Sequence[str] | None = item(like.each(like.known(*lists.LIBRARIES, what="library")))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if isinstance(self.category, str) and self.category.partition("/")[0] not in lists.CATEGORIES:
            yield warning(f"{path}.category", f"{brief(self.category)} is not in a known category.")
        if not self._given("query", "keywords"):
            yield warning(path, "It has neither a query nor keywords. It is not documented whether that is enough.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AiVisual(Part):
    """A picture or a clip that AI makes. It costs AI credits; if it fails, the scene silently keeps a stock visual.

    Attributes:
        prompt: At most 500 characters.
        model: ``seedream3.0``, ``flux-schnell`` or ``nanobanana`` for pictures; ``veo3.1``, ``veo3.1_fast`` or
            ``pixverse5.5`` for clips.
        media_style: Such as ``photorealistic``.
        video_duration: Such as ``"8s"``; of clips only.
        visual_continuity: Whether it continues the look of the scene before.
        first_frame_image_url: Of clips; not together with ``reference_image_urls``.
        reference_image_urls: One or two; of clips.
        reference_image_url: Of pictures.
    """

    prompt: str | None = item(like.text(500))
    model: str | None = item(like.known(*lists.IMAGE_MODELS, *lists.VIDEO_MODELS, what="model"))
    media_style: str | None = item(like.known(*lists.MEDIA_STYLES, what="style"))
    video_duration: str | None = item(like.text())
    visual_continuity: bool | None = item(like.flag)
    first_frame_image_url: str | None = item(like.url())
    reference_image_urls: Sequence[str] | None = item(like.count(1, 2), like.each(like.url()))
    reference_image_url: str | None = item(like.url())

    @property
    def makes(self) -> str | None:
        """What its model makes, ``"video"`` or ``"image"``; ``None`` if that is not known."""
        if self.model in lists.VIDEO_MODELS:
            return "video"
        return "image" if self.model in lists.IMAGE_MODELS else None

    def credits(self) -> float | None:
        """The AI credits that it costs, by the documented prices; ``None`` if that is not known."""
        model = text_of(self.model)
        if model in lists.CREDITS_PER_IMAGE:
            return lists.CREDITS_PER_IMAGE[model]
        seconds = text_of(self.video_duration).removesuffix("s")
        price = lists.CREDITS_PER_SECOND.get(model)
        return price * int(seconds) if price is not None and seconds.isdecimal() else None

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "first_frame_image_url", "reference_image_urls")
        yield from self._picture_rules(path) if self.makes == "image" else self._clip_rules(path)

    def _picture_rules(self, path: str) -> Iterator[RequestFinding]:
        if self.video_duration is not None:
            yield error(f"{path}.videoDuration", f"The model {self.model!r} makes pictures; this is for clips.")
        for name in self._given("first_frame_image_url", "reference_image_urls"):
            yield warning(f"{path}.{name}", f"The model {self.model!r} makes pictures; this is for clips.")
        if self.reference_image_url is not None and self.model == "flux-schnell":
            yield warning(f"{path}.referenceImageUrl", "The model 'flux-schnell' takes no picture to start from.")
        if self.prompt is None:
            yield warning(f"{path}.prompt", "It is not documented whether a picture can be made without a prompt.")
        if self.model == "nanobanana-pro":
            yield warning(f"{path}.model", "This model is known for AI Studio only.")

    def _clip_rules(self, path: str) -> Iterator[RequestFinding]:
        allowed = lists.VIDEO_DURATIONS.get(text_of(self.model))
        if allowed and self.video_duration is not None and self.video_duration not in allowed:
            text = f"The model {self.model!r} is known to make clips of {', '.join(allowed)}."
            yield warning(f"{path}.videoDuration", text)
        if self.makes == "video" and self.prompt and self.media_style is not None:
            yield warning(f"{path}.mediaStyle", "Models of clips ignore it if there is a prompt.")
        if self.makes == "video" and self.reference_image_url is not None:
            yield warning(f"{path}.referenceImageUrl", f"The model {self.model!r} makes clips; this is for pictures.")

    def ratio(self, path: str, ratio: str) -> Iterator[RequestFinding]:
        """Warn if its model is not known to make visuals of the video's aspect ratio."""
        known = lists.RATIOS.get(text_of(self.model))
        if known and ratio not in known:
            yield warning(path, f"The model {self.model!r} is known for {', '.join(known)}, and the video is {ratio}.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ColorOverlay(Part):
    """A colour over a picture or a clip.

    Attributes:
        color: Its own alpha is ignored.
        opacity: 0 to 1; 0.4 if it is missing.
    """

    color: str | None = item(like.color)
    opacity: float | None = item(like.number(0, 1))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class KenBurnsPoint(Part):
    """One end of a slow move over a picture or a clip. Samples have zooms of 1.0 to 1.2, and centers of 0 to 1.

    Attributes:
        zoom: The factor.
        center_x: From the left.
        center_y: From the top.
    """

    zoom: float | None = item(like.number())
    center_x: float | None = item(like.number())
    center_y: float | None = item(like.number())


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VideoKenBurns(Part):
    """A slow move over a picture or a clip.

    Attributes:
        start: Where it begins.
        end: Where it ends.
    """

    start: KenBurnsPoint | None = item(of=KenBurnsPoint)
    end: KenBurnsPoint | None = item(of=KenBurnsPoint)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ClipSettings(Part):
    """How a clip over a scene is played.

    Attributes:
        loop: Whether it is repeated until the scene ends.
        mute: Whether its own sound is off.
    """

    loop: bool | None = item(like.flag)
    mute: bool | None = item(like.flag)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class BackgroundSettings(ClipSettings):
    """How a background is shown.

    Attributes:
        zoom_and_pan: Whether it moves.
        ken_burns_effect: The same, of pictures only; not together with ``zoom_and_pan``.
        video_ken_burns: A move of your own.
    """

    zoom_and_pan: bool | None = item(like.flag)
    ken_burns_effect: bool | None = item(like.flag)
    video_ken_burns: VideoKenBurns | None = item(of=VideoKenBurns)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "zoom_and_pan", "ken_burns_effect")
        others = self._given("zoom_and_pan", "ken_burns_effect")
        if self.video_ken_burns is not None and others:
            yield warning(f"{path}.videoKenBurns", f"It is not documented what it does together with {others[0]}.")


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
        motion_graphics: ``enabled``, ``prompt`` and ``style``; their values are not documented.
    """

    visual_url: str | None = item(like.url())
    type: str | None = item(like.known("video", "image", what="type"))
    clips: Sequence[Clip] | None = item(each=Clip)
    color: str | None = item(like.color)
    search_filter: SearchFilter | None = item(of=SearchFilter)
    ai_visual: AiVisual | None = item(of=AiVisual)
    color_overlay: ColorOverlay | None = item(of=ColorOverlay)
    settings: BackgroundSettings | None = item(of=BackgroundSettings)
    motion_graphics: Mapping[str, Any] | None = item(like.mapping)

    @property
    def shows(self) -> bool:
        """Whether it names what is seen, apart from a search."""
        return bool(self._given("visual_url", "color", "ai_visual"))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from self._at_most_one(path, "visual_url", "color", "ai_visual")
        if not self.shows and self.search_filter is None and not self.extra:
            yield error(path, "It needs a visualUrl, a color, an aiVisual or a searchFilter.")
        if self.shows and self.search_filter is not None:
            yield warning(f"{path}.searchFilter", "It is for backgrounds that name no visual and no color.")
        if self.clips is not None and (self.visual_url is None or self.type != "video"):
            yield error(f"{path}.clips", 'They need a visualUrl, and the type "video".')
        yield from self._type_rules(path)
        yield from preview_address(f"{path}.visualUrl", self.visual_url)

    def _type_rules(self, path: str) -> Iterator[RequestFinding]:
        if self.type is None and self.ai_visual is not None:
            yield error(f"{path}.type", 'With aiVisual, "video" or "image" is required.')
        if self.type is None and self.visual_url is not None:
            yield warning(f"{path}.type", 'All samples with a visualUrl say "video" or "image".')
        settings, visual = self.settings, self.ai_visual
        if self.type == "video" and isinstance(settings, BackgroundSettings) and settings.ken_burns_effect:
            yield error(f"{path}.settings.kenBurnsEffect", "It is for pictures. zoomAndPan is for both.")
        makes = visual.makes if isinstance(visual, AiVisual) else None
        if isinstance(visual, AiVisual) and makes is not None and self.type not in (None, makes):
            yield warning(f"{path}.aiVisual.model", f"The model {visual.model!r} does not make a {self.type}.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Broll(Background):
    """A picture or a clip that is cut in over the background for some time.

    Attributes:
        broll_clip: When it is shown.
    """

    broll_clip: Clip | None = item(of=Clip)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class CorpusVisual(Part):
    """A picture that the service may choose as a background.

    Attributes:
        visual_url: Its address.
        type: ``image``.
        prefer: Its values are not documented.
    """

    visual_url: str | None = item(like.url(), required=ERROR)
    type: str | None = item(like.known("image", what="type"))
    prefer: Any = item()

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from preview_address(f"{path}.visualUrl", self.visual_url)
