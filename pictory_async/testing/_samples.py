"""What is in the lists of a new simulated account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pictory_async.testing._messages import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MUSIC: Final = "music/search"
STOCK: Final = "media/search"


def _voice(number: int, name: str, language: str, gender: str, service: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "voice": f"{name}Neural",
        "gender": gender,
        "accent": "Simulated",
        "language": language,
        "engine": "neural",
        "service": service,
        "category": "premium" if service == "elevenlabs" else "standard",
        "sample": f"{NOWHERE}/voices/{number}.mp3",
        "ssmlHelp": f"{NOWHERE}/ssml",
        "ssmlSupportCategory": "B",
    }


def _track(number: int, title: str, mood: str, genre: str) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "audioUrl": f"{NOWHERE}/music/{number}.mp3",
        "duration": 90 + number,
        "genres": [genre],
        "instruments": ["Keyboard"],
        "moods": [mood],
        "purposes": ["Technology"],
    }


def _stock(number: int, kind: str, what: str) -> dict[str, Any]:
    root = f"{NOWHERE}/stock/{number}"
    return {
        "id": number,
        "assetId": 1000 + number,
        "duration": 12 if kind == "video" else 0,
        "keyword": what.rsplit(maxsplit=1)[-1].lower(),
        "mediaDescription": what,
        "mediaType": kind,
        "preview": {"jpg": f"{root}/preview.jpg", "url": f"{root}/preview.mp4"},
        "thumbnail": {"jpg": f"{root}/thumb.jpg", "url": f"{root}/thumb.mp4"},
        "searchLibrary": "story_blocks" if number % 2 else "getty",
    }


def sample_lists() -> dict[str, list[Any]]:
    """Return what a new account has."""
    return {
        "voiceovers/tracks": [
            _voice(3108, "Martin", "en-US", "Male", "aws"),
            _voice(3109, "Olivia", "en-GB", "female", "google"),
            _voice(3110, "Wilbur", "de-DE", "Male", "aws"),
            _voice(3111, "Hugo", "es-ES", "Male", "elevenlabs"),
        ],
        "brands/video": [{"id": "0b3d5e71-4a2c-4d86-9f10-7c5e8a2b6d34", "name": "House colours"}],
        "styles": [{"id": "7a1f6c20-8b3e-4f59-a6d2-0e9c4b7d5183", "name": "Bold captions"}],
        "smartlayouts": [
            {"templateId": "202602141007151233k9x2m7q4t8b5w1", "templateName": "Minimal", "schemaVersion": "v3"}
        ],
        "avatars": [
            {
                "id": "1f0e9d8c7b6a59483726150413223140",
                "name": "Ada",
                "gender": None,
                "looks": [
                    {
                        "id": "Ada_blue_public",
                        "name": "Ada in blue",
                        "previewImage": f"{NOWHERE}/avatars/ada.webp",
                        "previewVideo": f"{NOWHERE}/avatars/ada.webm",
                    }
                ],
            }
        ],
        "music/moods": ["Calm / Serene", "Happy"],
        "music/purposes": ["Technology", "Wedding"],
        "music/genres": ["Downtempo", "Rock"],
        "music/genres/groups": ["Electronic", "Rock"],
        "music/instruments": ["Keyboard", "Guitar"],
        MUSIC: [
            _track(77, "Quiet harbour", "Calm / Serene", "Downtempo"),
            _track(78, "Bright morning", "Happy", "Rock"),
        ],
        STOCK: [_stock(1, "video", "Waves at a lighthouse"), _stock(2, "image", "A lighthouse")],
    }


def lists_of(given: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Return the lists that an account has, with those that a user gave."""
    return {**sample_lists(), **{path: [*entries] for path, entries in given.items()}}
