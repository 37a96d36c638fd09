"""What a video can be made with: voices, brands, styles, layouts, avatars, music, stock media; and AI credits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import errors, models
from pictory_async._codec.answers import decode_one, decode_page
from pictory_async.testing import Answer, Simulator, World
from tests._bodies import PAYLOADS, body_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pictory_async import AsyncPictory
    from pictory_async.testing import Fault, SimRequest

virtual = [pytest.mark.anyio, virtual_time]
JSON = {"content-type": "application/json"}
SAMPLES: dict[str, type[Any]] = {
    "credits": models.CreditTransaction,
    "brands": models.Brand,
    "styles": models.TextStyle,
    "smartlayouts": models.SmartLayout,
    "avatars": models.Avatar,
    "music-search": models.MusicTrack,
    "ai-images": models.AiImage,
    "ai-videos": models.AiVideo,
    "aws-connections": models.AwsConnection,
}


def sample(name: str) -> Any:
    return json.loads((PAYLOADS / "video" / f"res-{name}.json").read_bytes())


def fixed(*bodies: Any) -> tuple[Simulator, list[SimRequest]]:
    """A simulator that answers with bodies, one after the other, and what it is asked."""
    asked: list[SimRequest] = []
    left = list(bodies)

    def fault(request: SimRequest, _now: float) -> Fault:
        asked.append(request)
        return Answer(200, JSON, body_of(left.pop(0) if len(left) > 1 else left[0]))

    return Simulator(World(), faults=fault), asked


@pytest.mark.parametrize("name", SAMPLES)
def test_every_list_of_the_documentation_is_read(name: str) -> None:
    """Whatever wraps it: every entry has its id and its fields, and is written back as it came."""
    body = sample(name)
    page = decode_page(SAMPLES[name], body_of(body))
    entries = body if isinstance(body, list) else body.get("items", body.get("Items"))
    assert entries == [item.to_dict() for item in page.items]
    assert [{}] * len(entries) == [dict(item.extra) for item in page.items]
    assert all(item.id for item in page.items)
    assert {"items": body} == page.to_dict() if isinstance(body, list) else body == page.to_dict()


def test_the_fields_of_samples() -> None:
    """Numbers, dates and nested objects have their types."""
    (transaction,) = decode_page(models.CreditTransaction, body_of(sample("credits"))).items
    assert (0.6, "debit") == (transaction.amount, transaction.type)
    assert datetime(2026, 2, 14, 10, 15, 30, 120_000, tzinfo=UTC) == transaction.date
    (avatar,) = decode_page(models.Avatar, body_of(sample("avatars"))).items
    assert ["Sample_look_public"] == [look.id for look in avatar.looks]
    (track,) = decode_page(models.MusicTrack, body_of(sample("music-search"))).items
    assert (161.0, ("Calm / Serene",)) == (track.duration, track.moods)
    voice = decode_one(models.VoiceTrack, body_of(sample("voice-add")))
    assert (9003, "Narrator One", None) == (voice.id, voice.name, voice.voice)


ENTRY = {"id": "b", "name": "Mine"}


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ([ENTRY], None),
        ({"items": [ENTRY]}, None),
        ({"Items": [ENTRY], "nextPageKey": None}, None),
        ({"items": [ENTRY], "nextPageKey": "k"}, "k"),
        ({"items": [ENTRY], "pageKey": "k"}, "k"),
        ({"data": [ENTRY]}, None),
        ({"tracks": [ENTRY]}, None),
        ({"success": True, "data": {"items": [ENTRY], "nextPageKey": "k"}}, "k"),
        ({"data": {"page": 1, "searchResults": [ENTRY]}}, None),
        ({"data": {"tracks": [ENTRY]}}, None),
    ],
)
def test_a_list_is_found_in_whatever_wraps_it(body: Any, key: str | None) -> None:
    """Every wrapper that the API is known to use, or that its own script expects, is read in one place."""
    page = decode_page(models.Brand, body_of(body))
    assert [("b", "Mine")] == [(brand.id, brand.name) for brand in page.items]
    assert key == page.next_key


@pytest.mark.parametrize("wrap", [lambda entries: entries, lambda entries: {"items": entries}], ids=["bare", "items"])
def test_entries_that_cannot_be_read_are_left_out(wrap: Callable[[Any], Any]) -> None:
    """One bad entry does not hide the others; texts that are none are left out too."""
    assert ["b"] == [one.id for one in decode_page(models.Brand, body_of(wrap([5, {}, ENTRY]))).items]
    assert ("Calm",) == decode_page(str, body_of(wrap([5, "Calm", {}]))).items
    assert () == decode_page(str, body_of(wrap([]))).items


@pytest.mark.parametrize("item", [models.Brand, str])
@pytest.mark.parametrize("body", [b"{}", b"5", b'{"items": 5}', b'{"data": {}}', b"[5]", b'{"success": false}', b"<p>"])
def test_what_is_no_list_is_an_error(item: Any, body: bytes) -> None:
    """A response that shows none is an error, and not an empty list."""
    with pytest.raises(errors.MalformedResponseError):
        decode_page(item, body)


@pytest.mark.parametrize("body", [{"data": {"error_message": "Not allowed.", "error_code": 7}, "success": False}])
def test_a_list_that_reports_an_error(body: Any) -> None:
    """An error with status 200 is one, where the list would be."""
    with pytest.raises(errors.StatusError):
        decode_page(models.Brand, body_of(body))


LISTS: dict[str, Callable[[AsyncPictory], AsyncIterator[Any]]] = {
    "voices": lambda client: aiter(client.voices.list()),
    "brands": lambda client: aiter(client.brands.list()),
    "styles": lambda client: aiter(client.text_styles.list()),
    "layouts": lambda client: aiter(client.smart_layouts.list()),
    "avatars": lambda client: aiter(client.avatars.list()),
    "moods": lambda client: aiter(client.music.moods()),
    "purposes": lambda client: aiter(client.music.purposes()),
    "genres": lambda client: aiter(client.music.genres()),
    "groups": lambda client: aiter(client.music.genre_groups()),
    "instruments": lambda client: aiter(client.music.instruments()),
    "music": lambda client: aiter(client.music.search()),
    "media": lambda client: aiter(client.media.search("lighthouse")),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.anyio
@virtual_time
async def test_the_simulator_has_every_list(name: str) -> None:
    """Each has samples; each entry is typed, and nothing of it is unreadable."""
    async with Simulator(World()).client() as client:
        found = [item async for item in LISTS[name](client)]
    assert found
    assert all(isinstance(item, str) or (item.id and not item.extra and not item.unreadable) for item in found)


@pytest.mark.anyio
@virtual_time
async def test_lists_with_pages() -> None:
    """All pages of a list are fetched, by whichever key the API names."""
    avatars = [{"id": f"a{number}", "name": "A", "looks": []} for number in range(7)]
    async with Simulator(World(page_size=3, lists={"avatars": avatars})).client() as client:
        assert [one["id"] for one in avatars] == [one.id async for one in client.avatars.list()]
        assert [3, 3, 1] == [len(page.items) async for page in client.avatars.list().pages()]


@pytest.mark.anyio
@virtual_time
async def test_pages_with_numbers() -> None:
    """They end when a page brings nothing new, and stay at their end."""
    async with Simulator(World()).client() as client:
        pages = client.music.search().pages()
        found = [page async for page in pages]
        assert found
        with pytest.raises(StopAsyncIteration):
            await anext(pages)


def test_what_a_voice_speaks() -> None:
    """A language alone means all its kinds; upper and lower case do not matter."""
    voice = models.VoiceTrack(id=1, language="en-US")
    assert [True, True, True, False, False, False] == [
        voice.speaks(language) for language in ("en", "en-us", "EN-US", "en-GB", "e", "")
    ]
    assert not models.VoiceTrack(id=1).speaks("en")


@pytest.mark.anyio
@virtual_time
async def test_a_voice_is_added_once() -> None:
    """The body is as documented; a lost response is an error, and nothing is sent again."""
    simulator, asked = fixed(sample("voice-add"))
    async with simulator.client() as client:
        voice = await client.voices.add(
            "Narrator One", service="aws", voice_id="SampleVoice", language="en-US", engine="neural"
        )
    expected = json.loads((PAYLOADS / "video" / "req-voice-add.json").read_bytes())
    assert expected == json.loads(asked[0].body)
    assert "application/json" == asked[0].headers["content-type"]
    assert sample("voice-add") == voice.to_dict()
    world = World()
    simulator = Simulator(world, faults=lambda *_: Answer(504))
    async with simulator.client() as client:
        with pytest.raises(errors.ServerError):
            await client.voices.add("N", service="aws", voice_id="v", language="en", extra={"publicUserId": "u"})
        with pytest.raises(errors.PictoryConfigError):
            await client.voices.add("", service="aws", voice_id="v", language="en")
    assert 1 == len(world.log)


@pytest.mark.anyio
@virtual_time
async def test_an_added_voice_is_in_the_list() -> None:
    """The simulator keeps it, and has no second one of its name."""
    async with Simulator(World()).client() as client:
        added = await client.voices.add("Nina", service="aws", voice_id="NinaNeural", language="en-US")
        assert added.id in [voice.id async for voice in client.voices.list()]
        with pytest.raises(errors.InvalidRequestError, match="name"):
            await client.voices.add("Nina", service="aws", voice_id="NinaNeural", language="en-US")
        with pytest.raises(errors.InvalidRequestError, match="language"):
            await client.voices.add("Ida", service="aws", voice_id="i", language="en", extra={"language": ""})


@pytest.mark.anyio
@virtual_time
async def test_music_is_searched_over_all_pages() -> None:
    """The body is as documented, and pages are fetched until one brings nothing new."""
    track = sample("music-search")["items"][0]
    pages = [{"items": [{**track, "id": number}]} for number in (1, 2)]
    simulator, asked = fixed(*pages, {"items": []})
    async with simulator.client() as client:
        listing = client.music.search(
            "calm",
            moods=["Calm / Serene"],
            min_duration=60,
            max_duration=240,
            sort="featured",
            extra={"notGenre": ["Rock"]},
        )
        assert [1, 2] == [one.id async for one in listing]
    expected = json.loads((PAYLOADS / "video" / "req-music-search.json").read_bytes())
    assert [{**expected, "page": number} for number in (1, 2, 3)] == [json.loads(one.body) for one in asked]
    assert {"POST"} == {one.method for one in asked}


@pytest.mark.anyio
@virtual_time
async def test_a_search_whose_server_has_one_page_only() -> None:
    """A server that sends the same page again and again is asked twice; each entry is there once."""
    simulator, asked = fixed(sample("music-search"))
    async with simulator.client() as client:
        assert [77] == [one.id async for one in client.music.search()]
    assert 2 == len(asked)


@pytest.mark.anyio
@virtual_time
async def test_a_search_whose_server_knows_no_pages() -> None:
    """How stock media have pages is not documented: a second page that is refused is the end, and no other one is."""
    refusal = Answer(400, JSON, b'{"code": "INVALID_REQUEST", "message": "page is not allowed"}')

    def fault(request: SimRequest, _now: float) -> Fault | None:
        return refusal if "page=" in request.query or request.method == "POST" else None

    async with Simulator(World(), faults=fault).client() as client:
        assert [1, 2] == [one.id async for one in client.media.search("lighthouse")]
        with pytest.raises(errors.InvalidRequestError):
            _ = [one async for one in client.music.search()]
    async with Simulator(World(), faults=lambda *_: refusal).client() as client:
        with pytest.raises(errors.InvalidRequestError):
            _ = [one async for one in client.media.search("lighthouse")]


@pytest.mark.anyio
@virtual_time
async def test_what_is_searched_for() -> None:
    """The simulator finds music by words, moods and length, and media by a keyword."""
    async with Simulator(World()).client() as client:
        assert ["Quiet harbour"] == [one.title async for one in client.music.search("quiet")]
        assert ["Bright morning"] == [one.title async for one in client.music.search(moods=["Happy"])]
        assert [] == [one async for one in client.music.search(max_duration=1)]
        assert [1, 2] == [one.id async for one in client.media.search("lighthouse", language="en", category="Nature")]
        with pytest.raises(errors.PictoryConfigError):
            client.music.search(page_size=5)
        with pytest.raises(errors.PictoryConfigError):
            client.music.search(extra=[])  # type: ignore[arg-type]
        with pytest.raises(errors.PictoryConfigError):
            client.media.search("")
        media = client.media.search("x")
        with pytest.raises(errors.InvalidRequestError):
            await media.fetch({"keyword": ""})


@pytest.mark.anyio
@virtual_time
async def test_a_search_is_repeated_after_a_failure() -> None:
    """A POST that changes nothing is retried as a GET is."""
    left = [Answer(503), None, None]
    world = World()
    async with Simulator(world, faults=lambda *_: left.pop(0)).client() as client:
        assert 2 == len([one async for one in client.music.search()])
    assert [503, 200, 200] == [one.status for one in world.log]


@pytest.mark.anyio
@virtual_time
async def test_ai_credits_of_a_month() -> None:
    """Year and month go together; a whole list is what the last 12 months cost."""
    older = {"transactionId": "t", "type": "credit", "amount": 100, "transactionDate": "2025-12-01T00:00:00.000Z"}
    world = World(lists={"aicredits/usage": [*sample("credits"), older]})
    async with Simulator(world).client() as client:
        assert [0.6, 100.0] == [one.amount async for one in client.account.ai_credits()]
        assert [100.0] == [one.amount async for one in client.account.ai_credits(year=2025, month=12)]
        for wrong in ({"year": 2025}, {"month": 1}, {"year": 2025, "month": 13}, {"year": True, "month": 1}):
            with pytest.raises(errors.PictoryConfigError):
                client.account.ai_credits(**wrong)
        with pytest.raises(errors.InvalidRequestError):
            await client.account.ai_credits().fetch({"year": "2025"})
