"""The bodies of the simulated API: the keys of the documented samples, in their order. Pure functions.

If there is no sample (such as for a project that was never rendered), the body follows the documentation's table of
fields, and the docstring says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs

from pictory_async.testing._ids import share_id, stable_hex, stable_uuid, timestamp_id
from pictory_async.testing._messages import NOWHERE
from pictory_async.testing._projects import ABSENT, Phase, ProjectId, Render, SimProject, View

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

TEAM_ID = "aa46778d-7965-46e0-967d-b48ee5d6ead9"

# Scene texts have this many characters, so that a scene has about 3 KB, as in exported projects.
_SCENE_TEXT_LENGTH = 880
_WORDS = "A simulated scene tells its story in plain words so that its size is like that of a real one. "


def iso(moment: datetime) -> str:
    """Return a UTC date as the API writes it: with milliseconds and ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


@attrs.frozen(kw_only=True)
class Media:
    """The URLs of the files of one render, and of the page to share: all of them on this machine."""

    thumbnail: str
    video: str
    share: str
    audio: str
    srt: str
    vtt: str
    txt: str

    @property
    def files(self) -> tuple[str, ...]:
        """The URLs of the files, without the page to share."""
        return self.thumbnail, self.video, self.audio, self.srt, self.vtt, self.txt

    @classmethod
    def of(cls, project: SimProject, render: Render, *, base: str, generated: datetime, query: str = "") -> Media:
        """Return the URLs of one render of a project.

        Args:
            project: The project.
            render: One of its finished renders.
            base: What the URLs of files begin with.
            generated: When the render finished, as a date of the server.
            query: What the URLs of files end with.
        """
        folder = stable_uuid("media", project.id, render.job_id)
        root = f"{base}/TeamsAnnual/{TEAM_ID}/{folder}"
        name = project.name.replace(" ", "_")

        def subtitles(kind: str) -> str:
            return f"{root}/text/subtitles/{stable_uuid(kind, project.id, render.job_id)}.{kind}{query}"

        return cls(
            thumbnail=f"{root}/image/{folder}.jpg{query}",
            video=f"{root}/video/{folder}/{name}.mp4{query}",
            share=f"{base}/share/{project.id}/{share_id(generated, project.id, render.job_id)}",
            audio=f"{root}/audio/{folder}/{name}.mp3{query}",
            srt=subtitles("srt"),
            vtt=subtitles("vtt"),
            txt=subtitles("txt"),
        )


def project(
    project: SimProject,
    view: View,
    *,
    media: Media | None,
    created: datetime,
    saved: datetime,
    generated: datetime | None,
    missing: Literal["absent", "null"] = "absent",
    root: str = NOWHERE,
) -> dict[str, Any]:
    """Return the body of ``GET /v2/projects/{id}``.

    The keys of a v3 project without a list of scenes are those of the page's complete sample. The body of a project
    with scenes or an integer id begins with ``project_id``, as in the page's newer sample.

    Args:
        project: The project.
        view: What it shows at this moment.
        media: The URLs of its newest video, if it has one.
        created: When it was created.
        saved: When it was last saved.
        generated: When its newest video was finished, if it has one.
        missing: Whether fields without a value are left out or null; this is not documented.
        root: What the URLs of the scenes' pictures begin with.
    """
    newer = project.scenes is not None or isinstance(project.id, int)
    body: dict[str, Any] = {
        "project_id": project.id if newer else ABSENT,
        "projectName": project.name,
        "projectType": "1" if newer else ABSENT,
        "source": project.source,
        "step": "RENDER" if view.rendering else "STORYBOARD",
        "schemaVersion": project.schema_version or ABSENT,
        "layout": project.layout,
        "thumbnail": media and media.thumbnail,
        "videoURL": media and media.video,
        "shareVideoURL": media and media.share,
        "audioURL": media and media.audio,
        "videoDuration": project.video_seconds if media else None,
        "saveDate": iso(saved),
        "generatedDate": iso(generated) if generated else None,
        "srtFile": media and media.srt,
        "vttFile": media and media.vtt,
        "txtFile": media and media.txt,
        "scriptLanguage": project.language,
        "voiceOverId": timestamp_id(created, "voice", project.id),
        "audioSpeed": 100,
        "videoVolume": 50,
        "brandId": stable_uuid("brand", project.id),
        "smartTemplateId": share_id(created, "smart template", project.id).lower(),
        "inProgress": view.rendering,
        "scriptTxtSceneSettings": {"autoHighlightKeywords": True, "maxLines": 2, "autoVisualSelection": True},
        "visualFilter": {"libraries": [], "styles": [], "categories": []},
    }
    if project.scenes is not None:
        body["scenes"] = [scene(project.id, number, created, root) for number in range(project.scenes)]
    return _settle(body, project.overrides, missing)


def _settle(body: dict[str, Any], overrides: Mapping[str, Any], missing: Literal["absent", "null"]) -> dict[str, Any]:
    """Leave out absent keys, and apply the overrides."""
    settled = {
        key: value for key, value in body.items() if value is not ABSENT and (value is not None or missing == "null")
    }
    settled.update(overrides)
    return {key: value for key, value in settled.items() if value is not ABSENT}


def scene(project_id: ProjectId, number: int, created: datetime, root: str = NOWHERE) -> dict[str, Any]:
    """Return one scene of a v3 project, about 3 KB of JSON, with the documented fields."""
    opening = f"Scene {number + 1} of {project_id}. "
    text = (opening + _WORDS * (_SCENE_TEXT_LENGTH // len(_WORDS) + 1))[:_SCENE_TEXT_LENGTH].rstrip()
    picture = stable_uuid("background", project_id, number)
    root = f"{root}/TeamsAnnual/{TEAM_ID}/{picture}"
    return {
        "sceneId": timestamp_id(created, "scene", project_id, number),
        "projectId": str(project_id),
        "text": text,
        "sentence": [
            {"text": text[: len(text) // 2], "highlight": True, "decoration": ["decor-bold"], "case": "none"},
            {"text": text[len(text) // 2 :], "highlight": False, "decoration": [], "case": "none"},
        ],
        "keywords": ["simulated", "scene", "story"],
        "category": "TITLE" if number == 0 else "DEFAULT",
        "sortOrder": 10001 + number,
        "durationAuto": 5,
        "layoutId": stable_hex("layout", project_id)[:32],
        "styleData": {
            "fontName": "Open Sans",
            "fontSize": "32",
            "fontColor": "rgb(255, 255, 255)",
            "fontWeight": 700,
            "textAlign": "left",
            "keywordColor": "rgba(255, 214, 0, 1)",
            "textBackgroundColor": "rgba(0, 0, 0, 0.6)",
            "maxLines": 2,
            "width": 0.8,
            "preset": "bottom-left",
        },
        "settings": {"hideText": False},
        "background": {
            "type": "image",
            "elementData": {
                "url": f"{root}/image/{picture}.jpg",
                "preview_jpg": f"{root}/image/{picture}_preview.jpg",
                "thumb": f"{root}/image/{picture}_thumb.jpg",
                "library": "uploads",
            },
        },
    }


def project_item(project: SimProject, *, preview: str | None, saved: datetime) -> dict[str, Any]:
    """Return a project's entry in the list, where its date is spelled ``savedDate``."""
    changed = project.overrides.get("projectName")
    item: dict[str, Any] = {
        "id": project.id,
        "name": changed if isinstance(changed, str) else project.name,
        "source": project.source,
        "projectPreview": preview,
        "savedDate": iso(saved),
    }
    if project.schema_version != "v3":
        item["aspectRatio"] = {"9:16": "nine-sixteen", "1:1": "one-one"}.get(project.layout, "sixteen-nine")
    if project.schema_version is not None:
        item["schemaVersion"] = project.schema_version
    item["type"] = "project"
    return item


def job_data(project: SimProject, render: Render, now: float, media: Media | None) -> dict[str, Any]:
    """Return the ``data`` of a render job.

    Args:
        project: The project that is rendered.
        render: The render.
        now: The moment, in seconds of the world's time.
        media: The URLs of the video; used only if the render is finished.
    """
    phase = render.phase(now)
    if phase is Phase.FAILED:
        return {"status": "failed", "error_code": render.error_code, "error_message": render.error_message}
    if phase is Phase.RENDERED and media is not None:
        return {
            "status": "completed",
            "progress": 100,
            "videoURL": media.video,
            "videoShareURL": media.share,
            "thumbnail": media.thumbnail,
            "audioURL": media.audio,
            "srtFile": media.srt,
            "vttFile": media.vtt,
            "txtFile": media.txt,
            "videoDuration": project.video_seconds,
            "aiCreditsUsed": 0,
        }
    data: dict[str, Any] = {"status": "in-progress"}
    if phase is Phase.RENDERING:
        data["renderProgress"] = render.progress(now)
        data["renderProgressMessage"] = "Generating video"
        data["renderState"] = "RUNNING"
    return data


def job(job_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return the body of ``GET /v1/jobs/{id}``; the status is 200 for failed jobs too."""
    return {"job_id": job_id, "success": data["status"] != "failed", "data": data}


def job_item(job_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return a job's entry in the list, where its id is in ``data``, before the status."""
    rest = {key: value for key, value in data.items() if key != "status"}
    return {
        "success": data["status"] != "failed",
        "data": {**rest, "jobId": job_id, "status": data["status"]},
    }


def unknown_job(place: Literal["404", "body", "error", "root"]) -> dict[str, Any]:
    """Return the body of a response with status 200 for a job that does not exist.

    The sources name its code and its message, and show neither an id nor a status. Where an error stands is documented
    in several ways.

    Args:
        place: ``"body"`` for in ``data``, ``"error"`` for in ``error``, ``"root"`` for neither.
    """
    error = {"error_code": "5000", "error_message": "JOB_NOT_FOUND"}
    return {"success": False, **(error if place == "root" else {"data" if place == "body" else "error": error})}


def render_started(job_id: str) -> dict[str, Any]:
    """Return the body of ``POST /v2/projects/{id}/render``."""
    return {"success": True, "data": {"jobId": job_id}}


def message(text: str) -> dict[str, Any]:
    """Return the body of a rejected request, such as one with a wrong key."""
    return {"message": text}
