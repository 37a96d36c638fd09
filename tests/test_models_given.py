"""Templates made from what a program kept of them."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import attrs
import pytest

from pictory_async import Template, errors
from pictory_async._codec import answers as codec
from tests._bodies import payload


@pytest.fixture
def template() -> Template:
    found = json.loads(payload("get-template-by-id-1"))
    found["scenes"][0]["subtitles"] = 7
    return codec.decode_template(json.dumps({**found, "new": {"a": [1, None]}}).encode(), found["templateId"])


def test_the_way_there_and_back(template: Template) -> None:
    """A template comes back equal from its mapping, also through JSON, with unknown fields and odd values."""
    kept = template.to_dict()
    for value in (kept, json.loads(json.dumps(kept)), MappingProxyType(kept)):
        found = Template.from_dict(value)
        assert (template, template.extra, template.unreadable) == (found, found.extra, found.unreadable)
        assert kept == found.to_dict()


def test_the_mapping_stays_the_caller_s(template: Template) -> None:
    """The mapping is copied: who changes it later does not change the template."""
    kept = template.to_dict()
    found = Template.from_dict(kept)
    kept["variables"].clear()
    kept["name"] = "other"
    assert template == found
    assert template.to_dict() == found.to_dict()
    assert "Other" == attrs.evolve(found, name="Other").to_dict()["name"]


def test_an_id_for_one_that_has_none(template: Template) -> None:
    """A body without an id, as the API may send it, gets the one that is given; its own has priority."""
    kept = template.to_dict()
    assert template.id == Template.from_dict(kept, template_id="T").id
    del kept["templateId"]
    found = Template.from_dict(kept, template_id="T")
    assert ("T", kept) == (found.id, found.to_dict())


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "it is not a mapping"),
        ([{"templateId": "T"}], "it is not a mapping"),
        ({}, "it has none of its fields"),
        ({"message": "Not found"}, "it has none of its fields"),
        ({"name": "x"}, "templateId"),
        ({"templateId": 7, "name": "x"}, "templateId"),
        ({"templateId": "T", "x": object()}, "object has no form in JSON"),
        ({"templateId": "T", "x": float("nan")}, "not all of it is JSON"),
        ({"templateId": "T", "x": nested(200)}, "nested too deeply"),
        ({"templateId": "T", "x": nested(100_000)}, "not all of it is JSON"),
    ],
    ids=map(str, range(10)),
)
def test_what_is_no_template(value: Any, says: str) -> None:
    """Anything else is one kind of error, which says what is wrong."""
    with pytest.raises(errors.PictoryConfigError, match=says):
        Template.from_dict(value)
