"""The report of one project, and files that are whole or not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictory_async._files.atomic import write_atomically
from pictory_async.insight._text import iso, iso_or_none, utc_now

if TYPE_CHECKING:
    import os
    from datetime import datetime
    from pathlib import Path

    from pictory_async.models import Project

__all__ = ["project_report", "write_report"]


def project_report(project: Project, *, now: datetime | None = None) -> dict[str, Any]:
    """Give the report of a project with the keys that the API's page shows.

    The structure is that of "Export Project Report" on
    https://docs.pictory.ai/api-reference/projects/get-project-by-id. Nothing is requested.

    Args:
        project: The project.
        now: When the report is made; the clock's time by default. Without a zone it is taken to be UTC.

    Returns:
        A new ``dict`` of JSON values. All keys are always there; what the API did not say is ``None``, and so are
        empty ids and URLs. Times are ISO 8601 in UTC with their offset; the duration is in seconds, volume and speed
        are in percent.
    """
    return {
        "reportGenerated": iso(utc_now(now)),
        "projectId": project.id,
        "basicInfo": {
            "name": project.name,
            "source": project.source,
            "status": None if project.step is None else str(project.step),
            "inProgress": project.in_progress,
            "schemaVersion": project.schema_version,
        },
        "videoSettings": {
            "layout": project.layout,
            "duration": project.duration,
            "volume": project.video_volume,
        },
        "audioSettings": {
            "language": project.language,
            "voiceOverId": project.voice_over_id or None,
            "speed": project.audio_speed,
        },
        "timestamps": {
            "created": iso_or_none(project.generated_at),
            "lastSaved": iso_or_none(project.saved_at),
        },
        "assets": {
            "video": project.video_url or None,
            "audio": project.audio_url or None,
            "thumbnail": project.thumbnail_url or None,
            "shareLink": project.share_video_url or None,
            "subtitles": {
                "srt": project.srt_url or None,
                "vtt": project.vtt_url or None,
                "txt": project.txt_url or None,
            },
        },
        "branding": {
            "brandId": project.brand_id or None,
            "templateId": project.smart_template_id or None,
        },
    }


async def write_report(project: Project, path: str | os.PathLike[str], *, now: datetime | None = None) -> Path:
    """Write the report of a project as a JSON file, without holding up the event loop.

    The file appears complete or not at all; a file that is there already is replaced only by a complete one. When
    the call is cancelled while it writes, it first finishes the file.

    Args:
        project: The project.
        path: Where to write. Its directory must exist.
        now: When the report is made; the clock's time by default.

    Returns:
        The file's absolute path.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
        ValueError: A number of a project that was built by hand is infinite or no number. Nothing is written.
    """
    import json  # noqa: PLC0415  # seldom needed

    report = project_report(project, now=now)
    # A lone surrogate has no UTF-8 form; its backslash escape is just what JSON calls it.
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return await write_atomically(path, text.encode("utf-8", "backslashreplace"))
