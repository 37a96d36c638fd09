"""What kind of file a name stands for. Not by `mimetypes`: it reads files of the system, which differ."""

from __future__ import annotations

from typing import Final

_TYPES: Final = {
    "aac": "audio/aac",
    "avi": "video/x-msvideo",
    "flac": "audio/flac",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "m4v": "video/x-m4v",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mp3",  # as in the API's samples
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ppt": "application/vnd.ms-powerpoint",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "wma": "audio/x-ms-wma",
    "wmv": "video/x-ms-wmv",
    "woff": "font/woff",
    "woff2": "font/woff2",
}


def media_type(name: str) -> str | None:
    """The media type of a file by the end of its name; ``None`` for an unusual one."""
    return _TYPES.get(name.rpartition(".")[2].lower())
