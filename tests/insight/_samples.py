"""Projects and templates for the tests of this directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from pictory_async._codec import answers as codec
from pictory_async.models import Project, Template

PAYLOADS = Path(__file__).parent.parent / "payloads"
PROJECT_ID = "20251222191648030d7df02f5b4054d4ca8831f1369459e25"
TEMPLATE_ID = "202512230204424435786014d42904bbc95813430789fe736"


def documented_project() -> Project:
    return codec.decode_project((PAYLOADS / "get-project-by-id-1.json").read_bytes(), PROJECT_ID)


def documented_template() -> Template:
    return codec.decode_template((PAYLOADS / "get-template-by-id-1.json").read_bytes(), TEMPLATE_ID)


def read_project(project_id: str | int = "p-1", **fields: Any) -> Project:
    return codec._read(Project, json.loads(json.dumps(fields)), project_id)


def read_template(template_id: str = "t-1", **fields: Any) -> Template:
    return codec._read(Template, json.loads(json.dumps(fields)), template_id)


def scene(scene_id: str | None, *subtitles: str, layers: list[list[dict[str, Any]]] | None = None) -> dict[str, Any]:
    return {"sceneId": scene_id, "subtitles": [{"text": text} for text in subtitles], "layers": layers or []}


_WORDS = st.sampled_from(["Hello", "Hello there", "{{Name}}", "Welcome to our new office", "Goodbye", "", "{{ A }}{"])
_LAYERS = st.lists(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["text", "image", None]), "text": _WORDS | st.none()},
            optional={"layerId": st.sampled_from(["l1", "l2", "l3"]), "x": st.integers(0, 2)},
        ),
        max_size=2,
    ),
    max_size=2,
)
_SCENES = st.lists(
    st.fixed_dictionaries(
        {"subtitles": st.lists(st.fixed_dictionaries({"text": _WORDS}), max_size=3), "layers": _LAYERS},
        optional={
            "sceneId": st.sampled_from(["s1", "s2", "s3", "s4", "s5"]),
            "color": st.sampled_from(["red", "blue"]),
        },
    ),
    max_size=6,
)
templates = st.builds(
    lambda fields: read_template(**fields),
    st.fixed_dictionaries(
        {"scenes": _SCENES},
        optional={
            "name": _WORDS,
            "published": st.booleans(),
            "variables": st.dictionaries(
                st.sampled_from(["Name", "A", "B"]), st.sampled_from(["", "x", 1, True, None])
            ),
            "backgroundMusic": st.fixed_dictionaries(
                {"enabled": st.booleans(), "volume": st.sampled_from([0.1, 1, 0])}
            ),
            "voiceOver": st.fixed_dictionaries(
                {"aiVoices": st.lists(st.fixed_dictionaries({"speaker": st.sampled_from(["1", "2"])}), max_size=2)}
            ),
            "new": st.sampled_from([1, "x", None, {"a": [1]}]),
        },
    ),
)
"""Templates with few different ids and texts, so that many are equal."""
