"""A video, as it is asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from pictory_async._values import ValueObject, brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Project, ProjectId, Template
from pictory_async.video import _checks as like, lists
from pictory_async.video._checks import ERROR
from pictory_async.video._elements import Avatar, Logo
from pictory_async.video._part import Part, RequestFinding, Sureness, at, error, is_object, item, parts_of, warning
from pictory_async.video._scene import VideoScene
from pictory_async.video._sound import BackgroundMusic, VoiceOver
from pictory_async.video._text import FontStyle

if TYPE_CHECKING:
    from typing import Self

    from pictory_async.video._part import Remark

_NAME: Final = re.compile(r"[A-Za-z0-9 _-]*")
_LONGEST_NAME: Final = 150
_HOLE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}|\{([^{}]+)\}")
_ABOUT_VALUES: Final = frozenset({"missing-value", "unknown-value", "default-value", "blank-value", "empty-default"})


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RequestCost(ValueObject):
    """What a video is estimated to cost. Video minutes, and those of ElevenLabs voices, come on top of the credits.

    Attributes:
        credits: AI credits, by the documented prices.
        unknown: How many AI visuals and avatars have a price that is not known; they are not in ``credits``.
        seconds: How long the video will be: 2.5 spoken words a second, and the shortest durations; ``None`` if the
            request does not show it.
    """

    credits: float
    unknown: int
    seconds: float | None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Destination(Part):
    """A place that the video is delivered to. Not all fields are documented, so others are passed on.

    Attributes:
        type: ``vimeo``.
        folder_uri: The folder at Vimeo.
        content_rating: Of Vimeo.
        privacy: Of Vimeo, such as ``{"view": "unlisted"}``.
    """

    _open: ClassVar[bool] = True

    type: str | None = item(like.known("vimeo", what="destination"))
    folder_uri: str | None = item(like.text(), json="folder_uri")
    content_rating: Sequence[str] | None = item(like.each(like.text()), json="content_rating")
    privacy: Mapping[str, Any] | None = item(like.mapping)


def _template_id(value: Any) -> Iterator[Remark]:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        yield ERROR, "", f"It must be the id of a template or of a project, not {brief(value)}."


def _texts(value: Any) -> Iterator[Remark]:
    yield from like.mapping(value)
    for name, one in value.items() if is_object(value) else ():
        if not isinstance(one, str):
            yield ERROR, at("", str(name)), f"It must be text, not {brief(one)}."


def _version(value: Any) -> Iterator[Remark]:
    if value != "v3":
        yield ERROR, "", "Leave it out: another value than v3 selects an engine that cannot do all of this."


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VideoRequest(Part):
    """A video that is to be made: the body of the calls that make a preview or a video.

    See https://docs.pictory.ai/api-reference/videos/render-storyboard-video. Fields have the API's names in snake case;
    what is ``None`` is left out. Nothing is checked when a request is made: `check` finds all that is wrong or
    surprising at once, and ``client.videos`` sends nothing that is wrong.

    Attributes:
        video_name: The name of the video and of its file.
        scenes: At least one, unless there is a ``template_id``.
        template_id: A template, or a project that serves as one.
        variables: The values of the template's variables, by name.
        aspect_ratio: ``16:9``, ``9:16``, ``1:1`` or ``4:5``.
        video_width: In pixels, together with ``video_height``, instead of ``aspect_ratio``.
        video_height: In pixels.
        language: Of the script, such as ``en``.
        save_project: Whether the account also gets a project that can be edited.
        webhook: An address that Pictory calls at the end; at most 500 characters.
        webhook_input: An object that comes back with that call.
        background_music: The music; without it, there is none.
        voice_over: Who speaks; without it, the video is silent.
        logo: A logo on all scenes.
        avatar: A speaker who is seen; it needs a voice.
        subtitle_style: The style of the subtitles.
        subtitle_style_id: A style of the account; not together with ``subtitle_style_name``.
        subtitle_style_name: The same, by its name.
        brand_id: A brand of the account; not together with ``brand_name``.
        brand_name: The same, by its name.
        smart_layout_id: A layout of the account; not together with ``smart_layout_name``.
        smart_layout_name: The same, by its name.
        visual_library_id: The account's own library of visuals.
        visual_selection_preference: Which library comes first, such as ``prefer-stock``.
        destinations: Where the video is delivered to as well.
        vimeo_connection_id: For a destination at Vimeo.
        aws_connection_id: For a destination at AWS.
        project_metadata: Its form is not documented.
        storyboard_version: ``v3``, or better nothing.
    """

    video_name: str | None = item(like.text(least=1), required=ERROR)
    scenes: Sequence[VideoScene] | None = item(like.count(1), each=VideoScene)
    template_id: ProjectId | None = item(_template_id)
    variables: Mapping[str, str] | None = item(_texts)
    aspect_ratio: str | None = item(like.known(*lists.ASPECT_RATIOS, what="ratio"))
    video_width: int | None = item(like.number(1, whole=True))
    video_height: int | None = item(like.number(1, whole=True))
    language: str | None = item(like.known(*lists.LANGUAGES, what="language"))
    save_project: bool | None = item(like.flag)
    webhook: str | None = item(like.url(500))
    webhook_input: Mapping[str, Any] | None = item(like.mapping)
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
    destinations: Sequence[Destination] | None = item(each=Destination)
    vimeo_connection_id: str | None = item(like.text())
    aws_connection_id: str | None = item(like.text())
    project_metadata: Any = item()
    storyboard_version: str | None = item(_version)

    @classmethod
    def from_template(
        cls,
        template: Template | Project | ProjectId,
        *,
        name: str,
        variables: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Self:
        """Make the request for a video from a template.

        Args:
            template: The template, a project that serves as one, or the id of either.
            name: The name of the video. ``{Name}`` stands for the value of a variable.
            variables: The values of the template's variables, by name.
            fields: Other fields of the request.

        Raises:
            PictoryConfigError: The name has a variable without a value.
        """
        values = dict(variables or {})
        template_id = template.id if isinstance(template, (Template, Project)) else template
        return cls(video_name=filled(name, values), template_id=template_id, variables=values or None, **fields)

    def check(self, template: Template | None = None) -> list[RequestFinding]:
        """Find all that is wrong or surprising, in the order of the fields. Nothing is sent.

        Args:
            template: The template of the request: its variables are compared with those given. What the API does about
                a variable that is missing or not declared is not documented, so these are warnings.
        """
        found = [*self.findings()]
        if template is not None:
            from pictory_async.insight import check_template  # noqa: PLC0415 - it needs more than a request

            problems = check_template(template, self.variables or {})
            found += [
                warning(at("$.variables", one.place.partition(" ")[2]), one.message)
                for one in problems
                if one.code in _ABOUT_VALUES
            ]
        return found

    def validate(self, template: Template | None = None) -> list[RequestFinding]:
        """Check the request, as ``client.videos`` does before it sends it.

        Args:
            template: As in `check`.

        Returns:
            The warnings.

        Raises:
            PictoryConfigError: Something is wrong; the text has all of it, with the places in the body.
        """
        found = self.check(template)
        errors = [one for one in found if one.sureness is Sureness.ERROR]
        if errors:
            lines = "".join(f"\n  {one.path}: {one.message}" for one in errors)
            raise PictoryConfigError(f"This request for a video is not valid, and nothing was sent.{lines}")
        return found

    def cost(self) -> RequestCost:
        """Estimate what the video will cost in AI credits, and how long it will be. No request is sent."""
        scenes = [scene for _, scene in parts_of(self.scenes, VideoScene)]
        seconds = _total([scene.seconds for scene in scenes])
        prices = [visual.credits() for scene in scenes for _, visual in scene.ai_visuals("")]
        if self.avatar is not None:
            parts = None if seconds is None else math.ceil(seconds / lists.SECONDS_PER_AVATAR)
            prices.append(None if parts is None else lists.CREDITS_PER_AVATAR * parts)
        known = [price for price in prices if price is not None]
        return RequestCost(credits=sum(known), unknown=len(prices) - len(known), seconds=seconds)

    def _rules(self, path: str) -> Iterable[RequestFinding]:
        yield from self._content_rules(path)
        yield from self._sound_rules(path)
        yield from self._at_most_one(path, "subtitle_style_id", "subtitle_style_name")
        yield from self._at_most_one(path, "brand_id", "brand_name")
        layout = self._given("smart_layout_id", "smart_layout_name")
        if len(layout) > 1:
            yield warning(path, f"{' and '.join(layout)} presumably exclude each other. Keep one of them.")
        named = self._given("subtitle_style_id", "subtitle_style_name")
        if named and self.subtitle_style is not None:
            yield warning(f"{path}.subtitleStyle", f"It is not documented what it does together with {named[0]}.")
        if self.visual_selection_preference is not None and self.visual_library_id is None:
            yield warning(f"{path}.visualSelectionPreference", "It goes with a visualLibraryId.")
        to_vimeo = any(one.type == "vimeo" for _, one in parts_of(self.destinations, Destination))
        if to_vimeo and self.vimeo_connection_id is None:
            yield warning(f"{path}.vimeoConnectionId", "A destination at Vimeo goes with it.")
        for number, scene in parts_of(self.scenes, VideoScene):
            yield from self._scene_rules(f"{path}.scenes[{number}]", scene, layout)

    def _content_rules(self, path: str) -> Iterator[RequestFinding]:
        yield from _name_rules(f"{path}.videoName", self.video_name)
        if self.scenes is None and self.template_id is None:
            yield error(f"{path}.scenes", "There must be scenes, or a templateId.")
        if self.variables is not None and self.template_id is None:
            yield error(f"{path}.variables", "They need a templateId.")
        size = self._given("video_width", "video_height")
        if len(size) == 1:
            yield error(path, "videoWidth and videoHeight belong together.")
        elif size and self.aspect_ratio is not None:
            yield warning(f"{path}.aspectRatio", "It is not documented whether it or the size in pixels decides.")

    def _sound_rules(self, path: str) -> Iterator[RequestFinding]:
        speaks = isinstance(self.voice_over, VoiceOver) and self.voice_over.enabled is True
        inherits = self.voice_over is None and self.template_id is not None
        if self.avatar is not None and not speaks:
            finding = warning if inherits else error
            yield finding(f"{path}.avatar", "It needs a voiceOver that is enabled.")
        scenes = [scene for _, scene in parts_of(self.scenes, VideoScene)]
        silent = [scene for scene in scenes if scene.is_spoken and scene.voice_over is None]
        if self.voice_over is None and not inherits and silent:
            text = "Without it, the video is silent. VoiceOver(enabled=False) shows that this is meant."
            yield warning(f"{path}.voiceOver", text)

    def _scene_rules(self, path: str, scene: VideoScene, layout: list[str]) -> Iterator[RequestFinding]:
        if layout and scene.max_subtitle_lines is not None:
            yield error(f"{path}.maxSubtitleLines", f"It and {layout[0]} exclude each other. Keep one of them.")
        for place, visual in scene.ai_visuals(path) if self.aspect_ratio else ():
            yield from visual.ratio(place, str(self.aspect_ratio))


def _name_rules(path: str, name: object) -> Iterator[RequestFinding]:
    if isinstance(name, str) and _NAME.fullmatch(name) is None:
        text = "only letters, digits, spaces, _ and - are accepted."
        yield warning(path, f"It has a character that clients report to be refused: {text}")
    if isinstance(name, str) and len(name) > _LONGEST_NAME:
        text = f"It has more than {_LONGEST_NAME} characters, and clients report that such names are refused."
        yield warning(path, text)


def _total(seconds: list[float | None]) -> float | None:
    known = [one for one in seconds if one is not None]
    return sum(known) if known and len(known) == len(seconds) else None


def holes_in(name: str) -> list[str]:
    """The variables that a name has, each once."""
    return [*dict.fromkeys(found[1] or found[2] for found in _HOLE.finditer(name))]


def has_stray_brace(name: str) -> bool:
    """Whether a name has a brace that belongs to no variable."""
    return not {"{", "}"}.isdisjoint(_HOLE.sub("", name))


def filled(name: str, values: Mapping[str, str]) -> str:
    """A name with the values of its variables.

    Raises:
        PictoryConfigError: It has a variable without a value.
    """

    def value(found: re.Match[str]) -> str:
        hole = found[1] or found[2]
        if hole not in values:
            known = ", ".join(values) or "none"
            text = f"The name {brief(name)} has the variable {brief(hole)}, which has no value. There are: {known}."
            raise PictoryConfigError(text)
        return str(values[hole])

    return _HOLE.sub(value, name)
