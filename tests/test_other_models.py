"""The models of the other endpoints: whatever a response has in it, nothing is lost and nothing breaks."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async import errors, models
from pictory_async._codec.answers import decode_done, decode_job, decode_one, decode_page, view_of
from pictory_async._codec.names import NAMES
from tests._bodies import body_of
from tests.strategies import json_values

if TYPE_CHECKING:
    from pictory_async.models import Model

KINDS: list[type[Any]] = [
    models.CreditTransaction,
    models.VoiceTrack,
    models.Brand,
    models.TextStyle,
    models.SmartLayout,
    models.Avatar,
    models.MusicTrack,
    models.MediaItem,
    models.UploadTarget,
    models.AiImage,
    models.AiVideo,
    models.Transcript,
    models.AwsConnection,
    models.VimeoConnection,
]


def entries(kind: type[Model]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any values in the places of a model, and elsewhere."""
    names = [place[0] for places in NAMES[kind.__name__].values() for place in places]
    inner = [place[-1] for places in NAMES[kind.__name__].values() for place in places]
    nested = st.dictionaries(st.sampled_from(inner), json_values, max_size=6)
    return st.dictionaries(
        st.sampled_from(names) | st.just("new"), json_values | nested | st.lists(nested), max_size=10
    )


def check(model: Model, raw: Any) -> None:
    """Nothing is lost, and a model can be shown, copied and compared."""
    assert json.dumps(raw) == json.dumps(model.to_dict())
    assert repr(model)
    assert all(isinstance(place, str) for place in model.unreadable)
    twin = pickle.loads(pickle.dumps(model))
    assert model == twin
    assert model == attrs.evolve(model)
    assert hash(model) == hash(twin)


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_any_entry_is_read_or_left_out(kind: type[Any], data: st.DataObject) -> None:
    """A list with anything in it is a page without what cannot be read, or an error of ours."""
    raw = data.draw(st.lists(entries(kind) | json_values, max_size=4))
    try:
        page = decode_page(kind, body_of(raw))
    except errors.PictoryError:
        return
    left = iter(raw)
    for item in page.items:
        check(item, next(entry for entry in left if entry == item.to_dict()))


@given(kind=st.sampled_from(KINDS), data=st.data())
def test_any_response_is_read_or_refused(kind: type[Any], data: st.DataObject) -> None:
    """A response about one thing is a model, or an error of ours."""
    raw = data.draw(entries(kind) | json_values)
    try:
        model = decode_one(kind, body_of(raw), data.draw(st.sampled_from([None, "an id"])))
    except errors.PictoryError:
        return
    check(model, raw)


@pytest.mark.parametrize(("kind", "needed"), [(models.Transcript, "sentences"), (models.AiVideo, "url")])
@given(data=st.data())
def test_any_result_of_a_job_is_read_or_refused(kind: type[Any], needed: str, data: st.DataObject) -> None:
    """The results of a job are a model, or an error of ours; what is made of them never breaks."""
    raw = {"job_id": "j", "data": data.draw(entries(kind) | entries(models.TranscriptSentence))}
    try:
        model = view_of(kind, decode_job(body_of(raw), "j"), needed)
    except errors.PictoryError:
        return
    check(model, raw)
    if isinstance(model, models.Transcript):
        assert model.to_srt().count(" --> ") == model.to_vtt().count(" --> ")
        assert isinstance(model.text, str)
        assert model.duration is None or isinstance(model.duration, float)


@given(body=st.binary(max_size=20) | json_values.map(body_of))
def test_any_response_to_a_deletion(body: bytes) -> None:
    """It is fine if it is empty or an object that reports no error; else it is an error of ours."""
    try:
        decode_done(body)
    except errors.PictoryError:
        assert body.strip()
    else:
        assert not body.strip() or isinstance(json.loads(body), dict)
