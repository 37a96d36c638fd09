"""What is seen over a scene: texts, shapes, pictures and clips, a logo, an avatar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async.video import _checks as like, lists
from pictory_async.video._checks import ERROR, WARNING
from pictory_async.video._part import Part, RequestFinding, error, item, text_of, warning
from pictory_async.video._text import FontStyle
from pictory_async.video._visuals import AiVisual, ClipSettings, ColorOverlay, SearchFilter, preview_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STROKED: Final = ("rectangle", "circle", "line")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Placed(Part):
    """Something with a place in the frame: a ``position``, or ``top`` and ``left``, but not both.

    Attributes:
        position: Such as ``top-right``.
        top: In percent of the frame's height, as text: ``"26%"``.
        left: In percent of the frame's width, as text.
        width: In percent of the frame's width, as text.
    """

    position: str | None = item(like.known(*lists.POSITIONS, what="position"))
    top: str | None = item(like.percent)
    left: str | None = item(like.percent)
    width: str | None = item(like.percent)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        free = self._given("top", "left")
        if self.position is not None and free:
            yield error(path, f"position and {' and '.join(free)} exclude each other. Keep one of them.")
        elif len(free) == 1:
            yield warning(path, "top and left belong together.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Element(Placed):
    """Something over a scene, of a type that this package does not know; its other fields are in ``extra``.

    Attributes:
        type: What it is.
    """

    type: str | None = item(like.known("text", "shape", "image", "video", what="type of element"), required=ERROR)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TextElement(Element):
    """Text over a scene.

    Attributes:
        type: ``text``.
        text: At most 2,000 characters.
        text_variant: ``heading``, ``subheading`` or ``body``. Without it, and without a size in the style, the text is
            as small as body text.
        style: Overrides the variant.
    """

    type: str | None = item(like.known("text", what="type of text"), required=ERROR, default="text")
    text: str | None = item(like.text(2000), required=ERROR)
    text_variant: str | None = item(like.known(*lists.TEXT_VARIANTS, what="variant"))
    style: FontStyle | None = item(of=FontStyle)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from super()._rules(path)
        style = self.style if isinstance(self.style, FontStyle) else FontStyle()
        if self.text_variant is None and style.font_size is None:
            yield warning(path, "Without a textVariant or a fontSize, it is as small as body text (20).")
        for name in style.bullets:
            yield warning(f"{path}.style.{name}", "Only subtitles have bullets.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ShapeElement(Element):
    """A shape over a scene.

    Attributes:
        type: ``shape``.
        name: Such as ``rectangle``, ``circle`` or ``star-3``.
        fill: A colour.
        stroke: A colour; of rectangles, circles and lines only.
        stroke_width: Of the stroke.
        border_radius: A number; of rectangles only.
    """

    type: str | None = item(like.known("shape", what="type of shape"), required=ERROR, default="shape")
    name: str | None = item(like.known(*lists.SHAPES, what="shape"), required=WARNING)
    fill: str | None = item(like.color)
    stroke: str | None = item(like.color)
    stroke_width: float | None = item(like.number(), like.positive)
    border_radius: float | None = item(like.number(), like.positive)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from super()._rules(path)
        for name in self._given("stroke", "stroke_width") if self.name not in _STROKED else ():
            yield warning(f"{path}.{name}", "Only rectangles, circles and lines have a stroke.")
        if self.border_radius is not None and self.name != "rectangle":
            yield warning(f"{path}.borderRadius", "Only rectangles have it.")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class MediaElement(Element):
    """A picture or a clip over a scene. One that cannot be found is left out of the video, and no error says so.

    Attributes:
        type: ``image`` or ``video``.
        visual_url: Its address; exactly one of this, ``search_filter`` and ``ai_visual`` is needed.
        search_filter: What to look for: a ``query`` only.
        ai_visual: What AI makes.
        color_overlay: A colour over it.
        settings: How a clip is played.
    """

    type: str | None = item(like.known("image", "video", what="type of element"), required=ERROR)
    visual_url: str | None = item(like.url())
    search_filter: SearchFilter | None = item(of=SearchFilter)
    ai_visual: AiVisual | None = item(of=AiVisual)
    color_overlay: ColorOverlay | None = item(of=ColorOverlay)
    settings: ClipSettings | None = item(of=ClipSettings)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        yield from super()._rules(path)
        yield from self._at_most_one(path, "visual_url", "search_filter", "ai_visual")
        if not self._given("visual_url", "search_filter", "ai_visual"):
            yield error(path, "It needs a visualUrl, a searchFilter or an aiVisual.")
        search = self.search_filter.to_dict() if isinstance(self.search_filter, SearchFilter) else {}
        for name in search.keys() & {"keywords", "category", "libraries"}:
            yield error(f"{path}.searchFilter.{name}", "In an element, only a query is allowed.")
        if self.type == "image" and self.settings is not None:
            yield error(f"{path}.settings", "Only clips have it.")
        yield from preview_address(f"{path}.visualUrl", self.visual_url)


_ELEMENTS: Final = {
    "text": TextElement,
    "shape": ShapeElement,
    "image": MediaElement,
    "video": MediaElement,
}


def element_kind(raw: Mapping[str, Any]) -> type[Part]:
    """The class of an element, by its JSON."""
    return _ELEMENTS.get(text_of(raw.get("type")), Element)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Logo(Placed):
    """A logo on all scenes.

    Attributes:
        url: Its address.
    """

    url: str | None = item(like.url(), required=WARNING)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Avatar(Placed):
    """A speaker who is seen. It needs a voice, and costs 15 AI credits for each 30 seconds.

    Attributes:
        avatar_id: The id of a look, from the account's list of avatars.
        border_radius: A percentage, as text: ``"50%"``.
        background_color: A colour.
        hide: Whether it is hidden.
    """

    avatar_id: str | None = item(like.text(), required=WARNING)
    border_radius: str | None = item(like.percent)
    background_color: str | None = item(like.color)
    hide: bool | None = item(like.flag)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SceneAvatar(Placed):
    """How the video's avatar is shown in one scene.

    Attributes:
        hide: Whether it is hidden.
        background_color: A colour.
        border_radius: A percentage, as text.
        border_color: A colour.
        border_thickness: Its form is not documented.
    """

    hide: bool | None = item(like.flag)
    background_color: str | None = item(like.color)
    border_radius: str | None = item(like.percent)
    border_color: str | None = item(like.color)
    border_thickness: Any = item()
