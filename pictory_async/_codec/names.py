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
    "CreditTransaction": _table(
        id="transactionId",
        type="type",
        amount="amount",
        source="source",
        description="description",
        plan="plan",
        date="transactionDate",
    ),
    "VoiceTrack": _table(
        id="id",
        name="name",
        voice="voice",
        gender="gender",
        accent="accent",
        language="language",
        engine="engine",
        service="service",
        category="category",
        sample_url="sample",
        ssml_help_url="ssmlHelp",
        ssml_support_category="ssmlSupportCategory",
    ),
    "Brand": _table(id="id", name="name"),
    "TextStyle": _table(id="id", name="name"),
    "SmartLayout": _table(id=("templateId", "id"), name=("templateName", "name"), schema_version="schemaVersion"),
    "Avatar": _table(id="id", name="name", gender="gender", looks="looks"),
    "AvatarLook": _table(id="id", name="name", preview_image_url="previewImage", preview_video_url="previewVideo"),
    "MusicTrack": _table(
        id="id",
        title="title",
        url="audioUrl",
        duration="duration",
        genres="genres",
        instruments="instruments",
        moods="moods",
        purposes="purposes",
    ),
    "MediaItem": _table(
        id="id",
        asset_id="assetId",
        type="mediaType",
        description="mediaDescription",
        keyword="keyword",
        duration="duration",
        library="searchLibrary",
        preview_url="preview.url",
        preview_image_url="preview.jpg",
        thumbnail_url="thumbnail.url",
        thumbnail_image_url="thumbnail.jpg",
    ),
    "UploadTarget": _table(
        signed_url=("data.signedUrl", "signedUrl"), url=("data.url", "url"), key=("data.key", "key")
    ),
    "AiImage": _table(
        id=("id", "data.jobId", "job_id"),
        url=("url", "data.url"),
        prompt=("prompt", "data.prompt"),
        model=("model", "data.model"),
        style=("style", "data.style"),
        aspect_ratio=("aspectRatio", "data.aspectRatio"),
        width=("width", "data.width"),
        height=("height", "data.height"),
        created_at=("createdDate", "data.createdDate"),
        reference_image_url=("referenceImageUrl", "data.referenceImageUrl"),
        ai_credits_used=("aiCreditsUsed", "data.aiCreditsUsed"),
    ),
    "AiVideo": _table(
        id=("id", "data.jobId", "job_id"),
        url=("url", "data.url"),
        prompt=("prompt", "data.prompt"),
        model=("model", "data.model"),
        aspect_ratio=("aspectRatio", "data.aspectRatio"),
        duration=("duration", "data.duration"),
        width=("width", "data.width"),
        height=("height", "data.height"),
        created_at=("createdDate", "data.createdDate"),
        thumbnail_url=("thumbnailImageUrl", "data.thumbnailImageUrl", "data.thumbnail"),
        preview_url=("previewImageUrl", "data.previewImageUrl", "data.preview"),
        last_frame_url=("lastFrameImageUrl", "data.lastFrameImageUrl"),
        ai_credits_used=("aiCreditsUsed", "data.aiCreditsUsed"),
    ),
    "Transcript": _table(
        id=("data.jobId", "data.job_id", "jobId", "job_id"),
        sentences=("data.transcript", "transcript"),
        srt=("data.srt", "data.srtFile"),
        vtt=("data.vtt", "data.vttFile"),
        txt=("data.txt", "data.txtFile"),
        media="data.mediaInfo",
    ),
    "TranscriptSentence": _table(id="uid", speaker="speakerId", words="words"),
    "TranscriptWord": _table(
        id="uid",
        text="word",
        start="start_time",
        end="end_time",
        speaker="speakerId",
        sentence_index="sentence_index",
        is_pause="is_pause",
        pause_size="pause_size",
        highlight="highlight",
    ),
    "MediaInfo": _table(duration="duration", width="width", height="height", aspect_ratio="aspectRatio"),
    "AwsConnection": _table(
        id=("connectionId", "id"),
        name="name",
        description="description",
        aws_account_id="awsAccountId",
        aws_region="awsRegion",
        type="type",
        enabled="enabled",
        created_at="createdDate",
        updated_at="updatedDate",
        version="version",
    ),
    "VimeoConnection": _table(
        id=("connectionId", "id"),
        name="name",
        description="description",
        client_identifier="clientIdentifier",
        type="type",
        enabled="enabled",
        created_at="createdDate",
        updated_at="updatedDate",
        version="version",
    ),
    # In how many ways the API wraps a list; a bare one is read as if it were in `items`.
    "Page": _table(
        items=("items", "Items", "data.items", "data.searchResults", "data.tracks", "tracks", "data"),
        next_key=("pageKey", "nextPageKey", "data.nextPageKey"),
    ),
}

# A value of the wrong type here is an error: without it, the response cannot be judged.
MATTERS: dict[str, frozenset[str]] = {
    "Project": frozenset({"id", "step", "in_progress", "video_url", "generated_at"}),
    "ProjectItem": frozenset({"id"}),
    "Template": frozenset({"id"}),
    "TemplateItem": frozenset({"id"}),
    "Job": frozenset({"id", "status"}),
    "Page": frozenset({"items", "next_key"}),
    "UploadTarget": frozenset({"signed_url", "url"}),
    **dict.fromkeys(
        (
            "VoiceTrack",
            "Brand",
            "TextStyle",
            "SmartLayout",
            "Avatar",
            "AvatarLook",
            "MusicTrack",
            "MediaItem",
            "AiImage",
            "AiVideo",
            "Transcript",
            "AwsConnection",
            "VimeoConnection",
        ),
        frozenset({"id"}),
    ),
}

# An empty id names nothing, and an empty page key would ask for the first page again.
BLANK_IS_ABSENT = frozenset({"id", "next_key", "step"})


def attribute_of(kind: str, spelling: str) -> str | None:
    """The attribute of a class that has a spelling of the API, in any case; ``None`` if none has.

    Args:
        kind: The name of the class.
        spelling: Such as ``videoURL`` or ``videoUrl``.
    """
    asked = _loosely(spelling)
    for attribute, places in NAMES.get(kind, {}).items():
        if asked in {_loosely(attribute), *(_loosely(path[-1]) for path in places)}:
            return attribute
    return None


def _loosely(name: str) -> str:
    return name.replace("_", "").casefold()
