"""Bodies of responses: created by tests, and as the API documents them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parent / "payloads"
V3_SCENE: dict[str, Any] = {
    "sceneId": "s-1",
    "projectId": "p-1",
    "text": "Hello",
    "sentence": [{"text": "Hello", "highlight": True, "decoration": ["decor-bold"], "case": "none"}],
    "keywords": ["Hello"],
    "category": "TITLE",
    "sortOrder": 10001,
    "durationAuto": 5,
    "layoutId": "l-1",
    "styleData": {"fontName": "Lato", "fontSize": "32", "fontWeight": 700, "width": 0.8, "shadow": None},
    "settings": {"hideText": False, "voiceOver": True},
    "background": {
        "type": "image",
        "elementData": {"url": "u", "thumb": "t", "preview_jpg": "p", "library": "unsplash"},
    },
}
V2_SCENE: dict[str, Any] = {
    "sceneId": 7,
    "sentence": "<b>Hi</b>",
    "image": "u",
    "lines": [{"subSceneId": 1}],
    "settings": {"music": True},
}


def body_of(value: Any) -> bytes:
    return json.dumps(value).encode()


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()
