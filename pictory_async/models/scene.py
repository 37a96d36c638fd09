"""Scenes of a project, and the settings with which they were made."""

from __future__ import annotations

import attrs

from pictory_async.models._base import Model, ProjectId

__all__ = ["Scene", "SceneBackground", "SceneSettings", "SceneStyle", "SentencePart", "VisualFilter"]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SceneSettings(Model):
    """How the scenes of a project were made from its script.

    From https://docs.pictory.ai/api-reference/projects/get-project-by-id (``scriptTxtSceneSettings``).

    Attributes:
        auto_highlight_keywords: Whether keywords are highlighted automatically.
        max_lines: Maximum number of text lines in a scene.
        auto_visual_selection: Whether visuals are chosen automatically.
        scene_break: Where a new scene begins, such as ``Both``.
    """

    auto_highlight_keywords: bool | None = None
    max_lines: int | None = None
    auto_visual_selection: bool | None = None
    scene_break: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VisualFilter(Model):
    """Where visuals may come from.

    From https://docs.pictory.ai/api-reference/projects/get-project-by-id (``visualFilter``).

    Attributes:
        libraries: Names of the libraries; empty for no restriction.
        styles: Names of the styles; empty for no restriction.
        categories: Names of the categories; empty for no restriction.
    """

    libraries: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SentencePart(Model):
    """A piece of a scene's text with one style.

    From https://docs.pictory.ai/api-reference/projects/update-project (``scenes[].sentence``).

    Attributes:
        text: The words.
        highlight: Whether they are highlighted.
        decoration: For example ``decor-bold`` and ``decor-underline``.
        case: ``none``, ``uppercase`` or ``lowercase``.
    """

    text: str | None = None
    highlight: bool | None = None
    decoration: tuple[str, ...] = ()
    case: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SceneStyle(Model):
    """The style of a scene's text.

    From https://docs.pictory.ai/api-reference/projects/update-project (``scenes[].styleData``).

    Attributes:
        font_name: Name of the font.
        font_size: Size in pixels, as a string even if the API sends a number.
        font_color: For example ``rgb(255, 255, 255)``.
        font_weight: 400 for normal, 700 for bold.
        text_align: ``left``, ``center`` or ``right``.
        keyword_color: Color of highlighted keywords, such as ``rgba(...)``.
        text_background_color: Color behind the text, such as ``rgba(...)``.
        max_lines: Maximum number of lines.
        width: Width of the text as a part of the video's width, 0 to 1.
        preset: Position of the text, such as ``bottom-left``.
    """

    font_name: str | None = None
    font_size: str | None = None
    font_color: str | None = None
    font_weight: int | None = None
    text_align: str | None = None
    keyword_color: str | None = None
    text_background_color: str | None = None
    max_lines: int | None = None
    width: float | None = None
    preset: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SceneBackground(Model):
    """The image or video behind a scene.

    From https://docs.pictory.ai/api-reference/projects/update-project (``scenes[].background``).

    Attributes:
        type: ``image``; other values are not documented.
        url: The file.
        preview_url: A preview picture.
        thumbnail_url: A small preview picture.
        library: Where it comes from, such as ``uploads`` or ``unsplash``.
    """

    type: str | None = None
    url: str | None = attrs.field(default=None, repr=False)
    preview_url: str | None = attrs.field(default=None, repr=False)
    thumbnail_url: str | None = attrs.field(default=None, repr=False)
    library: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Scene(Model):
    """One scene of a project.

    From https://docs.pictory.ai/api-reference/projects/get-project-by-id (``scenes``). The attributes are
    those of v3 projects. Scenes of v2 projects have other fields; these are in ``extra``, and ``text`` is made from
    their ``sentence`` or ``lines``.

    Attributes:
        id: The scene's id: a string, or an integer in v2 projects.
        project_id: The id of its project.
        text: The text that is spoken or shown, as plain text.
        sentence: The same text in pieces, each with its style.
        keywords: Words that are highlighted.
        category: ``TITLE``, ``DEFAULT`` or ``EMPHASIS``.
        sort_order: Position among the scenes: a smaller number comes earlier.
        duration: Duration in seconds that the API chose.
        layout_id: The layout template.
        style: The style of the text.
        hide_text: Whether the text is hidden.
        background: The image or video behind the text.
    """

    id: str | int | None = None
    project_id: ProjectId | None = attrs.field(default=None, repr=False)
    text: str | None = None
    sentence: tuple[SentencePart, ...] = attrs.field(default=(), repr=False)
    keywords: tuple[str, ...] = attrs.field(default=(), repr=False)
    category: str | None = None
    sort_order: int | None = None
    duration: float | None = None
    layout_id: str | None = attrs.field(default=None, repr=False)
    style: SceneStyle | None = attrs.field(default=None, repr=False)
    hide_text: bool | None = None
    background: SceneBackground | None = attrs.field(default=None, repr=False)
