"""How texts look: subtitles and text elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from pictory_async.video import _checks as like, lists
from pictory_async.video._checks import ERROR
from pictory_async.video._part import Part, RequestFinding, error, item, parts_of


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

    name: str | None = item(like.known(*lists.ANIMATIONS, what="animation"), required=ERROR)
    type: str | None = item(like.known("entry", "exit", what="kind of animation"), required=ERROR)
    speed: str | None = item(like.known(*lists.SPEEDS, what="speed"))
    custom_speed_value: float | None = item(like.number(0.5))
    direction: str | None = item(like.known(*lists.DIRECTIONS, what="direction"))
    writing_style: str | None = item(like.known(*lists.WRITING_STYLES, what="writing style"))
    future_words: str | None = item(like.known(*lists.FUTURE_WORDS, what="way to show words"))

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if self.custom_speed_value is not None and self.speed != "custom":
            yield error(f"{path}.customSpeedValue", 'It needs the speed "custom".')
        if self.future_words is not None and self.name not in ("fade", "blur"):
            yield error(f"{path}.futureWords", 'Only the animations "fade" and "blur" have it.')


@attrs.frozen(kw_only=True, repr=False, eq=False)
class FontStyle(Part):
    """The style of subtitles, or of a text element.

    A colour is text, such as ``rgba(0,0,0,0.5)`` or ``#FFC828``; a percentage is text too, such as ``"30%"``.

    Attributes:
        font_family: The font.
        font_url: A font of your own; then ``font_family`` is its name.
        font_size: At least 1; drawn at 4/3 of it on a frame 1280 pixels wide (720 if it is 9:16).
        color: Of the text.
        background_color: Of the box behind it; ``rgba(0,0,0,0)`` hides the box.
        keyword_color: Of highlighted words.
        shadow_color: Of the shadow.
        shadow_width: A percentage.
        paragraph_width: A percentage of the frame.
        position: Such as ``bottom-center``; the middle is ``center-center``.
        alignment: ``left``, ``center`` or ``right``.
        decorations: Any of ``bold``, ``underline``, ``italics`` and ``linethrough``.
        case: ``uppercase``, ``lowercase``, ``capitalize`` or ``smallcapitalize``.
        show_box_background: Whether there is a box.
        show_bullet: Whether lines have bullets; of subtitles only, as are the next two.
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
    position: str | None = item(like.known(*lists.TEXT_POSITIONS, "center", what="position"))
    alignment: str | None = item(like.known(*lists.ALIGNMENTS, what="alignment"))
    decorations: Sequence[str] | None = item(like.each(like.known(*lists.DECORATIONS, what="decoration")))
    case: str | None = item(like.known(*lists.CASES, what="case"))
    show_box_background: bool | None = item(like.flag)
    show_bullet: bool | None = item(like.flag)
    bullet_size: float | None = item(like.number())
    bullet_fill_color: str | None = item(like.color)
    animations: Sequence[Animation] | None = item(like.count(1, 2), each=Animation)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        if self.font_url is not None and self.font_family is None:
            yield error(f"{path}.fontFamily", "With fontUrl, the name of the font is required.")
        if self.position == "center":
            yield error(f"{path}.position", 'Of a text, the middle is "center-center".')
        kinds = [one.type for _, one in parts_of(self.animations, Animation)]
        if max(map(kinds.count, kinds), default=0) > 1:
            yield error(f"{path}.animations", 'At most one "entry" and one "exit" are allowed.')

    @property
    def bullets(self) -> list[str]:
        """The fields about bullets that are set, in the API's spelling."""
        return self._given("show_bullet", "bullet_size", "bullet_fill_color")
