"""Names of files and addresses: what the API says, made safe for every file system and for HTTP. Pure."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import PurePosixPath
from typing import Final, Literal, get_args
from urllib.parse import quote, urlsplit

FileKind = Literal["video", "audio", "srt", "vtt", "txt", "thumbnail", "share"]
"""The kinds of files that a project can have."""

_MAX_BYTES: Final = 150  # of a name, so that an ending and a number fit into the 255 that file systems allow
_FORBIDDEN: Final = frozenset('<>:"/\\|?*')
# Control and format characters, lone surrogates, and what separates lines.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS: Final = frozenset("\u200c\u200d")  # Persian, Hindi and emojis are written with them
# Windows takes a device's name for the device whatever follows a dot, and whatever spaces are before it.
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?")
# Not just any ending: a system may run a file called "Film.bat". No ending is in two rows: no two kinds share a name.
_ENDINGS: Final = {
    "video": (".mp4", ".m4v", ".mkv", ".mov", ".webm"),
    "audio": (".mp3", ".aac", ".flac", ".m4a", ".ogg", ".opus", ".wav"),
    "srt": (".srt",),
    "vtt": (".vtt",),
    "txt": (".txt",),
    "thumbnail": (".jpg", ".gif", ".jpeg", ".png", ".webp"),
    "share": (".url",),
}
_MEDIA: Final = frozenset(ending for kind, endings in _ENDINGS.items() if kind != "share" for ending in endings)
# What browsers send as it is: printable ASCII without these (the path percent-encode set of the URL standard).
_PLAIN: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>^`{}')

KINDS: Final[tuple[FileKind, ...]] = get_args(FileKind)
"""All kinds."""


def safe_name(name: str | None, fallback: str, encoding: str = sys.getfilesystemencoding()) -> str:
    """Turn a project's name into a file name that is safe on every system.

    Path separators, control and format characters such as marks that change the reading direction, what Windows
    forbids, and what the file system's encoding lacks become ``_``. Names that Windows reserves get a leading ``_``.
    Dots and spaces at the ends are removed, and long names are cut. An empty result becomes ``fallback``.
    """
    text = safe_part(name or "", encoding)
    if not text.strip("_. "):
        return safe_name(fallback, "project", encoding) if name != fallback else "project"
    return text


def safe_part(text: str, encoding: str = sys.getfilesystemencoding()) -> str:
    """Turn a text into one part of a path, as `safe_name` does; empty if nothing is left of it."""
    text = "".join("_" if _is_unsafe(sign) else sign for sign in unicodedata.normalize("NFC", text))
    text = text.encode(encoding, "replace").decode(encoding).replace("?", "_").strip(". ")
    text = text.encode()[:_MAX_BYTES].decode(errors="ignore").rstrip(". ")
    return f"_{text}" if _RESERVED.fullmatch(text) else text


def _is_unsafe(sign: str) -> bool:
    return sign in _FORBIDDEN or (unicodedata.category(sign) in _HIDDEN and sign not in _JOINERS)


def ending_of(kind: str, url: str) -> str:
    """How the name of a project's file ends: as its address does, if that is an ending of media files.

    An ending that is usual for another kind comes after the kind, so that two files of a project never share a name:
    ``.mp4``, but ``.audio.mp4``.
    """
    found = plain_ending(kind, url)
    return found if found.lower() in _ENDINGS[kind] else f".{kind}{found}"


def plain_ending(kind: str, url: str) -> str:
    """The same without the kind, such as ``.mp4``: two files of a project can have it."""
    found = "" if kind == "share" else _suffix(url)
    return found if found.lower() in _MEDIA else _ENDINGS[kind][0]


def _suffix(url: str) -> str:
    return PurePosixPath(path_of(url)).suffix


def path_of(url: str) -> str:
    """The path of an address; empty if it cannot be read."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def as_sent(url: str) -> str:
    """Percent-encode an address as browsers do: spaces, quotes and what is not ASCII, in UTF-8.

    Control characters stay, and make the address unusable: no browser sends them either.
    """
    return "".join(part if _is_control(part) else quote(part, safe=_PLAIN, errors="replace") for part in url.strip(" "))


def _is_control(character: str) -> bool:
    return character < " " or character == "\x7f"
