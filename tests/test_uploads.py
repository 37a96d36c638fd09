"""Files that are uploaded: streamed, without the key, and whole or not there."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import AsyncPictory, RetryPolicy, errors
from pictory_async._http.messages import Request
from pictory_async._http.stream import content_of
from pictory_async.testing import Answer, Reset, SimRequest, Simulator, Stall, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from pictory_async import UploadProgress
    from pictory_async.testing import Fault
    from pictory_async.testing.server import ServerThread

pytestmark = pytest.mark.anyio

MANY = bytes(range(256)) * 3000  # three pieces
XML = {"content-type": "application/xml"}
JSON = {"content-type": "application/json"}
AT_ONCE = RetryPolicy(backoff=0.0)


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A file of three pieces."""
    path = tmp_path / "my talk.mp4"
    path.write_bytes(MANY)
    return path


@pytest.fixture
def world() -> World:
    """An empty account."""
    return World()


@pytest.fixture
def server(world: World) -> Iterator[ServerThread]:
    """The account behind a real server."""
    pytest.importorskip("uvicorn", reason="the extra simulator is not installed")
    with pytest.importorskip("pictory_async.testing.server").ServerThread(Simulator(world)) as server:
        yield server


def puts(*faults: Fault | None) -> Any:
    """Faults of the uploads themselves, one after the other; the last one goes on."""
    left = list(faults)

    def fault(request: SimRequest, _now: float) -> Fault | None:
        if request.method != "PUT":
            return None
        return left.pop(0) if len(left) > 1 else left[0]

    return fault


async def test_a_file_is_uploaded_over_every_library(engine: Any, server: ServerThread, talk: Path) -> None:
    """It arrives whole, with its length and type and without the key; each piece is told."""
    world, seen = server.simulator.world, list["UploadProgress"]()
    async with AsyncPictory(**server.client_options(), http=engine) as client:
        url = await client.media.upload(talk, on_progress=seen.append)
    assert [MANY] == list(world.uploads.values())
    assert ["video/mp4"] == list(world.upload_types.values())
    assert [("POST", True), ("PUT", None)] == [(one.method, one.authorization_ok) for one in world.log]
    assert [262144, 524288, len(MANY)] == [progress.done for progress in seen]
    assert {len(MANY)} == {progress.total for progress in seen}
    assert url.startswith(server.origin)
    assert url.endswith("/my%20talk.mp4")
    assert "Signature" not in url


async def test_what_was_uploaded_can_be_fetched(world: World, talk: Path) -> None:
    """The returned address is that of the file, and a transcript can be made of it."""
    async with Simulator(world).client() as client:
        url = await client.media.upload(str(talk), content_type="video/x-mine")
        assert await client.transcripts.start(url)
    assert ["video/x-mine"] == list(world.upload_types.values())
    assert MANY == world.uploads[next(iter(world.uploads))]


@pytest.mark.parametrize(("name", "kind"), [("a.MP3", "audio/mp3"), ("a.b", "application/octet-stream"), ("a", None)])
async def test_the_type_of_a_file(world: World, tmp_path: Path, name: str, kind: str | None) -> None:
    """It is what the end of the name says, in upper or lower case; else it is unknown bytes."""
    (tmp_path / name).write_bytes(b"x")
    async with Simulator(world).client() as client:
        await client.media.upload(tmp_path / name)
    assert [kind or "application/octet-stream"] == list(world.upload_types.values())


@pytest.mark.parametrize("fault", [Answer(503), Answer(429), Reset(), Reset(reaches_world=True)], ids=repr)
async def test_an_upload_is_repeated_from_its_beginning(world: World, talk: Path, fault: Fault) -> None:
    """After a failure that may pass, the whole file is sent again, to the same address."""
    seen: list[int] = []
    async with Simulator(world, faults=puts(fault, None)).client(retry=AT_ONCE) as client:
        await client.media.upload(talk, on_progress=lambda progress: seen.append(progress.done))
    assert ["POST", "PUT", "PUT"] == [one.method for one in world.log]
    assert [MANY] == list(world.uploads.values())
    assert 262144 == seen[3]


DENIED = b"<?xml?><Error><Code>EntityTooLarge</Code><Message>Too large:\n 5 GB.</Message><Key>k</Key></Error>"


@pytest.mark.parametrize(
    ("fault", "status", "code", "words", "tries"),
    [
        (Answer(400, XML, DENIED), 400, "EntityTooLarge", "status 400 (EntityTooLarge: Too large:  5 GB.)", 1),
        (Answer(403), 403, None, "status 403.", 1),
        (Answer(302, {"location": "https://a.example"}), 302, None, "status 302.", 1),
        (Answer(503, XML, b"x" * 100_000), 503, None, "status 503.", 2),
        (Reset(), None, None, "reset the connection", 2),
        (Stall(), None, None, "within 0.05 s", 2),
    ],
    ids=["too large", "no words", "redirect", "long", "reset", "stall"],
)
async def test_an_upload_that_fails(
    world: World, talk: Path, fault: Fault, status: int | None, code: str | None, words: str, tries: int
) -> None:
    """The error has the store's status, code and words; only what may pass is tried again."""
    options = {"retry": RetryPolicy(attempts=2, backoff=0.0), "timeout": 0.05 if isinstance(fault, Stall) else 30.0}
    async with Simulator(world, faults=puts(fault)).client(**options) as client:
        with pytest.raises(errors.UploadError) as caught:
            await client.media.upload(talk)
    assert (status, code, len(MANY)) == (caught.value.status, caught.value.code, caught.value.total)
    assert words in str(caught.value)
    assert str(caught.value).startswith("my talk.mp4 could not be uploaded: ")
    assert tries == [one.method for one in world.log].count("PUT")
    assert "Signature" not in str(caught.value)
    assert {} == world.uploads


async def test_a_callback_that_fails_ends_the_upload(world: World, talk: Path) -> None:
    """Its error is raised unchanged, and nothing is tried again."""

    def fail(progress: UploadProgress) -> None:
        raise LookupError(progress.done)

    async with Simulator(world).client() as client:
        with pytest.raises(LookupError, match="262144"):
            await client.media.upload(talk, on_progress=fail)
    assert {} == world.uploads


async def test_a_file_that_becomes_shorter(world: World, talk: Path) -> None:
    """What is sent has the announced length, or is an error: half a file is not uploaded."""
    async with Simulator(world).client() as client:
        with pytest.raises(errors.UploadError, match="became shorter"):
            await client.media.upload(talk, on_progress=lambda progress: os.truncate(talk, progress.done))
    assert {} == world.uploads


async def test_a_file_that_grows(world: World, talk: Path) -> None:
    """What it had at first is sent, and no more."""

    def grow(_: UploadProgress) -> None:
        os.truncate(talk, len(MANY) + 100)

    async with Simulator(world).client() as client:
        await client.media.upload(talk, on_progress=grow)
    assert [MANY] == list(world.uploads.values())


async def test_what_cannot_be_uploaded(world: World, tmp_path: Path) -> None:
    """Nothing is asked for before the file is known to be one that can be read."""
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    cases = ["missing.mp4", "empty.mp4", "pipe.mp4", ".", "a\0b"]
    async with Simulator(world).client() as client:
        for name in cases:
            with pytest.raises(errors.PictoryConfigError, match="cannot be uploaded"):
                await client.media.upload(tmp_path / name)
        with pytest.raises(errors.PictoryConfigError):
            await client.media.upload(5)  # type: ignore[arg-type]
        for wrong in ("", "vidéo/mp4", "video/mp4\r\nX: y", 5):
            with pytest.raises(errors.PictoryConfigError):
                await client.media.upload_url("a.mp4", wrong)  # type: ignore[arg-type]
        with pytest.raises(errors.PictoryConfigError):
            await client.media.upload_url("", "video/mp4")
    assert [] == world.log


async def test_the_address_must_be_public(world: World, talk: Path) -> None:
    """An address inside of a network is not used, whoever names it."""
    body = {"success": True, "data": {"signedUrl": "https://10.0.0.1/x", "url": "https://a.example/x"}}
    answer = Answer(200, JSON, json.dumps(body).encode())
    async with Simulator(world, faults=lambda *_: answer).client() as client:
        with pytest.raises(errors.UploadError, match="does not lead to the public internet"):
            await client.media.upload(talk)
    assert 1 == len(world.log)


@pytest.mark.parametrize("body", [b"{}", b'{"success": true, "data": {"url": "u"}}', b'{"success": false}'])
async def test_no_address_to_upload_to(world: World, talk: Path, body: bytes) -> None:
    """A response without both addresses is an error."""
    async with Simulator(world, faults=lambda *_: Answer(200, JSON, body)).client() as client:
        with pytest.raises(errors.MalformedResponseError):
            await client.media.upload(talk)


async def test_an_address_is_asked_for_again(world: World) -> None:
    """That costs nothing, so it is retried; the body is as documented."""
    asked: list[Any] = []
    left: list[Fault | None] = [Answer(502), None]

    def fault(request: SimRequest, _now: float) -> Fault | None:
        asked.append(json.loads(request.body))
        return left.pop(0)

    async with Simulator(world, faults=fault).client(retry=AT_ONCE) as client:
        target = await client.media.upload_url("talk.mp4", "video/mp4")
    assert [{"fileName": "talk.mp4", "contentType": "video/mp4"}] * 2 == asked
    assert target.key is not None
    assert target.key.endswith("talk.mp4")
    assert "Signature" not in repr(target)


async def test_uploads_are_events(world: World, talk: Path) -> None:
    """Each attempt is one, without its path."""
    seen: list[Any] = []
    async with Simulator(world, faults=puts(Answer(503), None)).client(retry=AT_ONCE, on_event=seen.append) as client:
        await client.media.upload(talk)
    ended = [event for event in seen if getattr(event, "purpose", "") == "upload"]
    assert [(503, "PUT", ""), (200, "PUT", "")] == [(event.status, event.method, event.path) for event in ended]


async def test_a_cancelled_upload_closes_its_file(world: World, talk: Path) -> None:
    """Nothing stays open, and nothing was uploaded."""

    def cancel(progress: UploadProgress) -> None:
        if progress.done == progress.total:
            scope.cancel()

    async with Simulator(world, faults=puts(Stall())).client() as client:
        with anyio.CancelScope() as scope:
            await client.media.upload(talk, on_progress=cancel)
    assert scope.cancelled_caught
    assert {} == world.uploads


@virtual_time
async def test_each_piece_has_its_own_time_limit() -> None:
    """A large file takes longer than the limit: it is a limit for each piece."""

    class Slow:
        left = 3

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            await anyio.sleep(20.0)
            self.left -= 1
            if self.left < 0:
                raise StopAsyncIteration
            return b"x"

    with anyio.move_on_after(30.0) as scope:
        request = Request("PUT", "https://a.example/x", "", "", [], 30.0, body=Slow)
        assert [b"x"] * 3 == [piece async for piece in content_of(request, scope)]
    assert not scope.cancelled_caught
    assert [b"x"] * 3 == [piece async for piece in content_of(request, None)]


async def test_what_the_store_of_the_simulator_refuses(world: World, talk: Path) -> None:
    """As the real one: a key beside the signature, another type, another signature, and no length."""
    async with Simulator(world).client() as client:
        target = await client.media.upload_url("talk.mp4", "video/mp4")
    path, _, query = target.signed_url.removeprefix("https://127.0.0.1:1").partition("?")
    good = {"content-type": "video/mp4", "content-length": "1"}
    cases: list[tuple[dict[str, str], str, int]] = [
        (good | {"authorization": "pictai_simulator"}, query, 400),
        (good | {"content-type": "video/webm"}, query, 403),
        (good, "X-Amz-Signature=0", 403),
        ({"content-type": "video/mp4"}, query, 411),
        (good, query, 200),
    ]
    for headers, signed, status in cases:
        request = SimRequest(method="PUT", path=path, query=signed, headers=headers, body=b"x")
        assert status == world.handle(request, 0.0).status
    assert 405 == world.handle(SimRequest(method="PUT", path="/media/other.mp4"), 0.0).status
    key = {"authorization": world.api_key}
    for body in (b'{"fileName": "a.mp4"}', b'{"contentType": "video/mp4"}', b""):
        ask = SimRequest(method="POST", path="/pictoryapis/v1/media/generateurl", headers=key, body=body)
        assert 400 == world.handle(ask, 0.0).status
    assert b"x" == b"".join(world.handle(SimRequest(method="GET", path=path), 0.0).pieces())


async def test_what_ai_studio_made_can_be_fetched(world: World) -> None:
    """Pictures are pictures, and are gone when their job was cleaned."""
    world.job_seconds = 0.0
    simulator = Simulator(world)
    async with simulator.client() as client:
        picture = await client.ai_images.wait(await client.ai_images.start("A lighthouse"))
        video = await client.ai_videos.wait(await client.ai_videos.start("A lighthouse"))
        paths = [str(one.url).removeprefix("https://127.0.0.1:1") for one in (picture, video)]
        first, second = (world.handle(SimRequest(method="GET", path=path), simulator.now()) for path in paths)
        assert b"".join(first.pieces()).startswith(b"\x89PNG")
        assert 1_000_000 == sum(map(len, second.pieces()))
        await client.jobs.clean(picture.id)
        assert 404 == world.handle(SimRequest(method="GET", path=paths[0]), simulator.now()).status
