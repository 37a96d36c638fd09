"""How the API spells its fields: for each class of models a table from attribute to place in the JSON object.

A place is written with dots (``data.jobId``). If the API has several places or spellings for one attribute, they are in
the order of their priority, and objects built by hand use the first one.
"""

from __future__ import annotations

from typing import TypeAlias

JsonPath: TypeAlias = tuple[str, ...]
Places: TypeAlias = tuple[JsonPath, ...]


def _table(**spellings: str | tuple[str, ...]) -> dict[str, Places]:
    return {
        attribute: tuple(tuple(name.split(".")) for name in ((names,) if isinstance(names, str) else names))
        for attribute, names in spellings.items()
    }


NAMES: dict[str, dict[str, Places]] = {
    "Project": _table(
        id="project_id",
        name="projectName",
        project_type="projectType",
        source="source",
        step="step",
        in_progress="inProgress",
        schema_version="schemaVersion",
        layout="layout",
        thumbnail_url="thumbnail",
        video_url="videoURL",
        share_video_url="shareVideoURL",
        audio_url="audioURL",
        srt_url="srtFile",
        vtt_url="vttFile",
        txt_url="txtFile",
        duration="videoDuration",
        saved_at="saveDate",
        generated_at="generatedDate",
        language="scriptLanguage",
        voice_over_id="voiceOverId",
        audio_speed="audioSpeed",
        video_volume="videoVolume",
        brand_id="brandId",
        smart_template_id="smartTemplateId",
        scene_settings="scriptTxtSceneSettings",
        visual_filter="visualFilter",
        scenes="scenes",
    ),
    "ProjectItem": _table(
        id="id",
        name="name",
        source="source",
        preview_url="projectPreview",
        saved_at=("savedDate", "saveDate"),
        aspect_ratio="aspectRatio",
        schema_version="schemaVersion",
        type="type",
    ),
    "SceneSettings": _table(
        auto_highlight_keywords="autoHighlightKeywords",
        max_lines="maxLines",
        auto_visual_selection="autoVisualSelection",
        scene_break="selectedValueSceneBreakChar",
    ),
    "VisualFilter": _table(libraries="libraries", styles="styles", categories="categories"),
    "Scene": _table(
        id="sceneId",
        project_id="projectId",
        text="text",
        sentence="sentence",
        keywords="keywords",
        category="category",
        sort_order="sortOrder",
        duration="durationAuto",
        layout_id="layoutId",
        style="styleData",
        hide_text="settings.hideText",
        background="background",
    ),
    "SentencePart": _table(text="text", highlight="highlight", decoration="decoration", case="case"),
    "SceneStyle": _table(
        font_name="fontName",
        font_size="fontSize",
        font_color="fontColor",
        font_weight="fontWeight",
        text_align="textAlign",
        keyword_color="keywordColor",
        text_background_color="textBackgroundColor",
        max_lines="maxLines",
        width="width",
        preset="preset",
    ),
    "SceneBackground": _table(
        type="type",
        url="elementData.url",
        preview_url="elementData.preview_jpg",
        thumbnail_url="elementData.thumb",
        library="elementData.library",
    ),
    "Template": _table(
        id="templateId",
        name="name",
        language="language",
        published="published",
        deprecated=("depricated", "deprecated"),
        background_music="backgroundMusic",
        voice_over="voiceOver",
        scenes="scenes",
        _variables="variables",
        schema_version="schemaVersion",
        project_url="project",
        structure_url="structure",
    ),
    "TemplateItem": _table(
        id="templateId",
        name="name",
        language="language",
        published="published",
        deprecated=("deprecated", "depricated"),
    ),
    "BackgroundMusic": _table(enabled="enabled", url="musicUrl", volume="volume"),
    "VoiceOver": _table(enabled="enabled", ai_voices="aiVoices"),
    "AiVoice": _table(speaker="speaker", speed="speed", amplification_level="amplificationLevel"),
    "TemplateScene": _table(id="sceneId", subtitles="subtitles", layers="layers"),
    "Subtitle": _table(text="text"),
    "Layer": _table(id="layerId", type="type", text="text"),
    "Job": _table(
        id=("data.jobId", "data.job_id", "jobId", "job_id"),
        success="success",
        status=("data.status", "status"),
        progress=("data.renderProgress", "data.progress"),
        progress_message="data.renderProgressMessage",
        render_state="data.renderState",
        video_url="data.videoURL",
        share_url=("data.videoShareURL", "data.shareVideoURL"),
        thumbnail_url="data.thumbnail",
        audio_url="data.audioURL",
        srt_url="data.srtFile",
        vtt_url="data.vttFile",
        txt_url="data.txtFile",
        duration="data.videoDuration",
        ai_credits_used="data.aiCreditsUsed",
        error_code=("data.error_code", "error.error_code", "error_code"),
        error_message=("data.error_message", "error.error_message", "error_message"),
    ),
    "Quota": _table(
        video_minutes="videoMinutes",
        transcription_minutes="transcriptionMinutes",
        eleven_labs_minutes="elevenLabsVoiceOverMinutes",
        ai_credits="aiCredits",
    ),
    "Allowance": _table(used="used", limit="limit"),
    "Page": _table(items="items", next_key=("pageKey", "nextPageKey")),
}

# A value of the wrong type here is an error: without it, the response cannot be judged.
MATTERS: dict[str, frozenset[str]] = {
    "Project": frozenset({"id", "step", "in_progress", "video_url", "generated_at"}),
    "ProjectItem": frozenset({"id"}),
    "Template": frozenset({"id"}),
    "TemplateItem": frozenset({"id"}),
    "Job": frozenset({"id", "status"}),
    "Page": frozenset({"items", "next_key"}),
}

# An empty id names nothing, and an empty page key would ask for the first page again.
BLANK_IS_ABSENT = frozenset({"id", "next_key", "step"})
