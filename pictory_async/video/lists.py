"""Values that are known for fields of a video request, and the documented prices.

The lists grow on the server, so other values are warned about, and never refused.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ASPECT_RATIOS: Final = _words("16:9 9:16 1:1 4:5")
LANGUAGES: Final = _words("ar zh nl en fr de hi id it ja ko mr pl pt ru es ta tr ur vi")
AUDIO_LANGUAGES: Final = _words(
    "en-US en-AU en-GB en-IN en-IE en-AB en-WL fr-CA fr-FR de-CH de-DE it-IT es-ES es-US nl-NL pt-BR "
    "ja-JP ko-KR ru-RU hi-IN ta-IN mr-IN"
)
TRANSITIONS: Final = _words(
    "none wipeup wipedown wipeleft wiperight smoothleft smoothright radial circlecrop hblur fade"
)
POSITIONS: Final = _words(
    "top-left top-center top-right center-left center center-center center-right bottom-left bottom-center bottom-right"
)
TEXT_POSITIONS: Final[tuple[str, ...]] = tuple(one for one in POSITIONS if one != "center")
CATEGORIES: Final = _words(
    "Aerial Animals Business_and_Professions Effects Food_and_Beverage Graphics Historical "
    "Holidays_and_Celebrations Lifestyle Medical Nature People Places_and_Landmarks Sports_and_Recreation "
    "Technology"
)
LIBRARIES: Final = _words("story_blocks getty")
SELECTION_PREFERENCES: Final = _words("prefer-stock prefer-user-library stock-only user-library-only")
VIDEO_TYPES: Final[tuple[str, ...]] = ("Explainer", "Marketing", "Internal Communication", "Tutorial", "Product")
PLATFORMS: Final[tuple[str, ...]] = _words("YouTube TikTok Instagram Facebook LinkedIn Twitter")
TONES: Final = _words(
    "professional casual friendly informative persuasive exciting educational humorous serious conversational"
)
MEDIA_STYLES: Final = _words("photorealistic artistic cartoon minimalist vintage futuristic")
IMAGE_MODELS: Final = _words("seedream3.0 flux-schnell nanobanana nanobanana-pro")
VIDEO_MODELS: Final = _words("veo3.1 veo3.1_fast pixverse5.5")
VIDEO_DURATIONS: Final[dict[str, tuple[str, ...]]] = {
    "veo3.1": ("4s", "6s", "8s"),
    "veo3.1_fast": ("4s", "6s", "8s"),
    "pixverse5.5": ("5s", "8s", "10s"),
}
RATIOS: Final[dict[str, tuple[str, ...]]] = {
    "seedream3.0": ("1:1", "16:9", "9:16"),
    "flux-schnell": ("1:1", "16:9", "9:16"),
    "veo3.1": ("16:9", "9:16"),
    "veo3.1_fast": ("16:9", "9:16"),
    "pixverse5.5": ("16:9", "9:16", "1:1", "3:4", "4:3"),
}
CREDITS_PER_IMAGE: Final[dict[str, float]] = {
    "seedream3.0": 2.0,
    "flux-schnell": 0.6,
    "nanobanana": 4.0,
    "nanobanana-pro": 14.0,
}
CREDITS_PER_SECOND: Final[dict[str, float]] = {"veo3.1": 20.0, "veo3.1_fast": 10.0, "pixverse5.5": 1.6}
CREDITS_PER_AVATAR: Final = 15.0  # for each 30 seconds of video that have begun
SECONDS_PER_AVATAR: Final = 30.0
WORDS_PER_SECOND: Final = 2.5
TEXT_VARIANTS: Final = _words("heading subheading body")
ALIGNMENTS: Final = _words("left center right")
DECORATIONS: Final = _words("bold underline italics linethrough")
CASES: Final = _words("uppercase lowercase capitalize smallcapitalize")
ANIMATIONS: Final[tuple[str, ...]] = (
    "none",
    "fade",
    "drift",
    "wipe",
    "text reveal",
    "elastic",
    "typewriter",
    "blur",
    "bulletin",
)
SPEEDS: Final = _words("slow medium fast custom")
DIRECTIONS: Final = _words("up down left right")
WRITING_STYLES: Final = _words("character word line paragraph")
FUTURE_WORDS: Final = _words("hidden subtle prominent")
VOICE_MODELS: Final = _words(
    "eleven_v3 eleven_multilingual_v2 eleven_flash_v2_5 eleven_turbo_v2_5 eleven_turbo_v2 eleven_flash_v2 "
    "eleven_multilingual_v1 eleven_monolingual_v1"
)
_FAMILIES: Final = {
    "badge": range(1, 9),
    "quote": range(1, 7),
    "arrow": range(1, 20),
    "geometry": (*range(1, 9), 10),
    "doodle": range(1, 13),
    "star": range(1, 7),
    "cross": range(1, 9),
    "checkmark": range(1, 7),
    "data-device": range(1, 9),
    "blob": range(1, 10),
    "word": range(1, 10),
    "line": range(1, 18),
    "speech-bubble": range(2, 8),
    "square": range(1, 6),
    "heart": range(1, 4),
}
SHAPES: Final[tuple[str, ...]] = (
    *("rectangle", "circle", "line", "thumbs-up", "gift", "leaves", "paperplane", "idea-bulb", "pill"),
    *(f"{family}-{number}" for family, numbers in _FAMILIES.items() for number in numbers),
)
