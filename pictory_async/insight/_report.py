"""The report of one project, as a ``dict`` and as a JSON file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pictory_async._files.output import write_output
from pictory_async.errors import PictoryConfigError
from pictory_async.insight._numbers import places_unread
from pictory_async.insight._text import utc_now

if TYPE_CHECKING:
    import os
    from datetime import datetime
    from pathlib import Path

    from pictory_async.models import Project

__all__ = ["project_report", "write_report"]


def project_report(project: Project, *, now: datetime | None = None) -> dict[str, Any]:
    """Return the report of a project, with the keys that the API's page shows.

    The structure is that of "Export Project Report" on
    https://docs.pictory.ai/api-reference/projects/get-project-by-id. No request is sent.

    Args:
        project: The project.
        now: The date of the report; by default the current time. Without a time zone, it is taken as UTC.

    Returns:
        A new ``dict`` of JSON values. All keys are always present; a value that the API did not send is ``None``, and
        so are empty ids and URLs. Times are ISO 8601 in UTC with their offset, the duration is in seconds, and volume
        and speed are in percent. If something could not be read, ``unreadable`` lists its places in the API's JSON.
    """
    unread = places_unread(project)
    return {
        "reportGenerated": utc_now(now).isoformat(),
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
            "created": None if project.generated_at is None else project.generated_at.isoformat(),
            "lastSaved": None if project.saved_at is None else project.saved_at.isoformat(),
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
        **({"unreadable": list(unread)} if unread else {}),
    }


async def write_report(project: Project, path: str | os.PathLike[str], *, now: datetime | None = None) -> Path:
    """Write the report of a project as a JSON file, without blocking the event loop.

    The file appears only when it is complete; an existing file is replaced, a pipe or a device is written into. If the
    call is cancelled while it writes, it finishes the file first.

    Args:
        project: The project.
        path: The file. Its directory must exist.
        now: The date of the report; by default the current time. Without a time zone, it is taken as UTC.

    Returns:
        The file's absolute path.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
        PictoryConfigError: The project was made by hand, with a value that JSON cannot express, such as an infinite
            number. Nothing is written.
    """
    report = project_report(project, now=now)
    try:
        # A lone surrogate has no UTF-8 form; its backslash escape is also its escape in JSON.
        text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (ValueError, TypeError, RecursionError):
        text = "The project has a value that JSON cannot express, such as an infinite number, so it has no JSON report."
        raise PictoryConfigError(text) from None
    return await write_output(path, text.encode("utf-8", "backslashreplace"))
