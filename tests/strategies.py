"""Generated inputs for several tests: JSON, bodies of projects and jobs, and damaged bytes."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from pictory_async._codec.names import NAMES

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_DATES = st.sampled_from(
    [
        "2025-12-23T01:54:26.658Z",
        "2025-12-22T22:23:57.210Z",
        "2025-12-23T01:54:26",
        "2025-12-23T03:00:00+02:00",
    ]
)

json_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT
json_values: st.SearchStrategy[Any] = st.recursive(
    json_leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)

_SCENES = st.lists(
    st.dictionaries(
        st.sampled_from(["sceneId", "text", "sentence", "settings", "background", "sortOrder", "image"]),
        json_values | st.just({"hideText": True}) | st.just([{"text": "a", "highlight": False}]),
        max_size=4,
    ),
    max_size=3,
)


def _object(names: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names) | _TEXT, values, max_size=12)


project_objects = st.fixed_dictionaries(
    {},
    optional={
        "step": st.sampled_from(["STORYBOARD", "RENDER", "render", "SOMETHING", None]),
        "inProgress": st.sampled_from([True, False, None]),
        "videoURL": st.sampled_from(["https://cdn.example/v.mp4", "", None]),
        "generatedDate": _DATES | st.sampled_from(["", None]),
        "saveDate": _DATES | json_values,
        "videoDuration": json_values,
        "audioSpeed": st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
        "scenes": _SCENES | json_values,
        "scriptTxtSceneSettings": json_values | st.just({"maxLines": 2, "new": None}),
        "projectName": _TEXT,
        "unknown": json_values,
    },
)
"""Projects with usable evidence, and any values in the other fields."""

any_projects = _object([place[0] for places in NAMES["Project"].values() for place in places], json_values | _DATES)
"""Objects with any values in the fields of a project."""

_JOB_NAMES = [place[-1] for places in NAMES["Job"].values() for place in places]
any_jobs = st.fixed_dictionaries(
    {},
    optional={
        "data": _object(_JOB_NAMES, json_values) | json_values,
        "error": _object(_JOB_NAMES, json_values) | json_values,
        "job_id": st.just("job") | json_values,
        "success": st.booleans() | json_values,
        "unknown": json_values,
    },
)
"""Objects with any values in the fields of a job."""


@st.composite
def damaged_bodies(draw: st.DrawFn) -> bytes:
    """Draw the JSON of a project with a few bytes replaced."""
    body = json.dumps(draw(project_objects | any_projects), ensure_ascii=draw(st.booleans())).encode()
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, min(len(body), start + 4)))
    piece = st.binary(max_size=3) | st.sampled_from(
        [
            b"NaN",
            b"-Infinity",
            b"1e999",
            b"\xff",
            b"\xed\xa0\x80",
            b'\\ud800"',
            b"\xef\xbb\xbf",
            b"[" * 2000,
            b"7" * 5000,
        ]
    )
    return body[:start] + draw(piece) + body[end:]
