"""Addresses of Pictory's pages, pasted where an id is wanted."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["find_id", "is_address"]

_ADDRESS: Final = re.compile(r"https?://|(?:[\w-]+\.)*pictory\.ai(?:[:/?#]|$)", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[\w-]+\.)*pictory\.ai", re.IGNORECASE)

# The newest form first: where an address has ids of two forms, the older one is of something else, such as a team.
_NEW: Final = r"\d{17}[0-9a-f]{32}"
_FORMS: Final = {
    "project": (_NEW, r"\d{13}"),
    "template": (_NEW, r"\d{17}[0-9a-z]{15}"),
    "job": (r"[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}",),
}
# The public page of a video: the project, and an id of the page, which can look like one of a template.
_SHARED: Final = re.compile(rf"/({_NEW}|\d{{13}})/\w+/?", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Whether a text is meant as an address, with or without ``https://``."""
    return _ADDRESS.match(text) is not None


def find_id(text: str, noun: str) -> str | None:
    """Return the id in an address; ``None`` if there is none, or if several could be meant.

    Args:
        text: The address.
        noun: What the id stands for: a project, a template or a job.
    """
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname or ""
    except ValueError:
        return None
    if not _HOST.fullmatch(host):
        return None
    shared = _SHARED.fullmatch(parts.path) if host.lower() == "video.pictory.ai" else None
    if shared is not None:
        return shared[1] if noun == "project" else None
    pieces = _pieces(parts.path, parts.query, parts.fragment)
    if _is_of_another(pieces, noun):
        return None
    for form in _FORMS[noun]:
        found = {value for _, value in pieces if re.fullmatch(form, value, re.IGNORECASE)}
        named = {value for name, value in pieces if value in found and noun in name}
        if found:
            chosen = named or found
            return chosen.pop() if len(chosen) == 1 else None
    return None


def _pieces(path: str, query: str, fragment: str) -> list[tuple[str, str]]:
    """Split an address into values, each with its name in the query or the segment of the path before it."""
    route, _, more = fragment.partition("?")  # a web app can have its own path and query there
    segments = [unquote(one) for one in f"{path}/{route}".split("/") if one]
    values = parse_qsl(query) + parse_qsl(more)
    return [(name.lower(), value) for name, value in [*zip(["", *segments], segments, strict=False), *values]]


def _is_of_another(pieces: list[tuple[str, str]], noun: str) -> bool:
    """Whether the address says that it is of something else."""
    words = [name for name, _ in pieces]
    others = [one for one in _FORMS if one != noun]
    return not any(noun in word for word in words) and any(one in word for word in words for one in others)
