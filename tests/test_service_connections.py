"""Connections to AWS and Vimeo: all their calls, the version that locks them, and secrets that nothing shows."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from pictory_async import Secret, errors, models
from pictory_async.testing import Answer, Refuse, Reset, Simulator, Stall, Truncate, World
from tests._bodies import PAYLOADS, body_of
from tests._shown import looks, parts, shown_by
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import AsyncPictory
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}
CLIENT_SECRET = 'a"secret\\of/vimeo-é'
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SECRETS = (CLIENT_SECRET, TOKEN)


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / "video" / f"{name}.json").read_bytes())


SENT = {name: payload(f"req-{name}") for name in ("aws-connection-create", "aws-connection-update")}
VIMEO = payload("res-vimeo-connection")
VIMEO_SENT = payload("req-vimeo-connection-create")


async def make_aws(client: AsyncPictory) -> models.AwsConnection:
    return await client.aws_connections.create(
        "Private videos", aws_account_id="000000000000", aws_region="us-east-2", description="Read access", enabled=True
    )


async def make_vimeo(client: AsyncPictory, **changes: Any) -> models.VimeoConnection:
    given: dict[str, Any] = {
        "client_identifier": "sample-client",
        "client_secret": CLIENT_SECRET,
        "access_token": Secret(TOKEN),
        "description": "Channel of the team",
        "enabled": True,
    }
    return await client.vimeo_connections.create("Marketing Vimeo", **given | changes)


def hidden(value: Any) -> bool:
    """Whether no way to look at a value, or at anything in it, shows a secret."""
    texts = [text for one in (value, *parts(value)) for text in looks(one)]
    return not any(secret in text or repr(secret)[1:-1] in text for text in texts for secret in SECRETS)


async def test_an_aws_connection() -> None:
    """It is made, listed, fetched, changed and deleted; each change has a new version."""
    world = World()
    async with Simulator(world).client() as client:
        made = await make_aws(client)
        assert (1, True, None, None) == (made.version, made.enabled, made.type, made.created_at)
        (listed,) = [one async for one in client.aws_connections.list()]
        assert ("AWS", "000000000000", "us-east-2") == (listed.type, listed.aws_account_id, listed.aws_region)
        assert listed == await client.aws_connections.get(made.id)
        changed = await client.aws_connections.update(made, name="Private videos 2", enabled=False)
        assert (2, "Private videos 2", False) == (changed.version, changed.name, changed.enabled)
        assert "Read access" == (await client.aws_connections.get(made.id)).description
        with pytest.raises(errors.StatusError, match="version 2") as caught:
            await client.aws_connections.update(made, name="Private videos 3")
        assert 409 == caught.value.status
        with pytest.raises(errors.InvalidRequestError, match="taken"):
            await client.aws_connections.create("Private videos 2", aws_account_id="1", aws_region="r")
        with pytest.raises(errors.InvalidRequestError, match="awsRegion"):
            await client.aws_connections.create("B", aws_account_id="1", aws_region="r", extra={"awsRegion": ""})
        await client.aws_connections.delete(made.id)
        assert [] == [one async for one in client.aws_connections.list()]
        for call in (client.aws_connections.get(made.id), client.aws_connections.delete(made.id)):
            with pytest.raises(errors.NotFoundError):
                await call
        with pytest.raises(errors.NotFoundError):
            await client.aws_connections.update(changed, enabled=True)


async def test_a_vimeo_connection() -> None:
    """The same, with secrets that go in and never come back."""
    world = World()
    async with Simulator(world).client() as client:
        made = await make_vimeo(client)
        assert ("VIMEO", "sample-client", 1) == (made.type, made.client_identifier, made.version)
        assert made == await client.vimeo_connections.get(made.id)
        changed = await client.vimeo_connections.update(
            made, description="", client_identifier="other", access_token=TOKEN, client_secret=Secret(CLIENT_SECRET)
        )
        assert (2, "", "other") == (changed.version, changed.description, changed.client_identifier)
        changed = await client.vimeo_connections.update(changed, name="Team-Vimeo_2")
        assert [changed] == [one async for one in client.vimeo_connections.list()]
        await client.vimeo_connections.delete(made.id)
        await client.vimeo_connections.delete(made.id)
        with pytest.raises(errors.NotFoundError):
            await client.vimeo_connections.get(made.id)


@pytest.mark.parametrize("kind", ["aws", "vimeo"])
async def test_connections_have_pages(kind: str) -> None:
    """Whatever the wrapper's name, all pages are fetched."""
    path = "awsconnections" if kind == "aws" else "vimeo-connections"
    entries = [{**VIMEO, "connectionId": f"c{number}", "name": f"C {number}"} for number in range(5)]
    async with Simulator(World(page_size=2, lists={path: entries})).client() as client:
        listing = client.aws_connections.list() if kind == "aws" else client.vimeo_connections.list()
        assert ["c0", "c1", "c2", "c3", "c4"] == [one.id async for one in listing]


async def test_the_documented_bodies() -> None:
    """What is sent is what the documentation shows: secrets too, but only there."""
    asked: list[SimRequest] = []

    def fault(request: SimRequest, _now: float) -> Fault:
        asked.append(request)
        return Answer(200, JSON, body_of({**VIMEO, "version": 1}))

    async with Simulator(World(), faults=fault).client() as client:
        made = await make_aws(client)
        await client.aws_connections.update(made, name="Private videos 2", description="Read access", enabled=False)
        vimeo = await make_vimeo(client, client_secret="SECRET", access_token="SECRET")
    assert ["POST", "PUT", "POST"] == [one.method for one in asked]
    bodies = [json.loads(one.body) for one in asked]
    assert [SENT["aws-connection-create"], SENT["aws-connection-update"], VIMEO_SENT] == bodies
    assert {**VIMEO, "version": 1} == vimeo.to_dict()


ECHOES: dict[str, Callable[[], Any]] = {
    "message": lambda: {"message": f"not {CLIENT_SECRET} or {TOKEN}"},
    "fields": lambda: {"code": "X", "message": "no", "fields": [{"name": TOKEN, "errors": CLIENT_SECRET}]},
    "fields of a connection": lambda: {**VIMEO, "clientSecret": CLIENT_SECRET, "accessToken": TOKEN, "note": [TOKEN]},
    "another connection": lambda: {**VIMEO, "connectionId": TOKEN, "name": {"x": CLIENT_SECRET}},
    "error": lambda: {"success": False, "error": {"error_message": TOKEN, "error_code": CLIENT_SECRET}},
}
FAULTS: dict[str, Callable[[], Fault]] = {
    **{
        f"{name} {status}": lambda echo=echo, status=status: Answer(  # type: ignore[misc]
            status, JSON | {"x-request-id": TOKEN}, body_of(echo())
        )
        for name, echo in ECHOES.items()
        for status in (200, 400, 401, 403, 404, 409, 500)
    },
    "escaped": lambda: Answer(400, JSON, json.dumps({"message": CLIENT_SECRET}).replace("/", "\\/").encode()),
    "text": lambda: Answer(403, {}, f"<p>{TOKEN}{CLIENT_SECRET}</p>".encode()),
    "reset": lambda: Reset(reaches_world=True),
    "refused": Refuse,
    "cut off": lambda: Truncate(3),
    "stall": Stall,
}


async def result(call: Callable[[AsyncPictory], Any], client: AsyncPictory) -> Any:
    """What a call returns, or its error."""
    try:
        return await call(client)
    except errors.PictoryError as error:
        return error


@pytest.mark.parametrize("name", FAULTS)
async def test_no_text_shows_a_secret(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the server says or does: no model, error, event, log line or variable in a traceback has a secret."""
    seen: list[Any] = []
    caplog.set_level(1)
    simulator = Simulator(World(), faults=lambda *_: FAULTS[name]())
    async with simulator.client(on_event=seen.append) as client:
        connection = models.VimeoConnection(id=VIMEO["connectionId"], version=1)
        given: dict[str, Any] = {"client_secret": Secret(CLIENT_SECRET), "access_token": TOKEN}
        for call in (make_vimeo, lambda client: client.vimeo_connections.update(connection, **given)):
            found = await result(call, client)
            places = [shown_by(found, secret) for secret in SECRETS if isinstance(found, Exception)]
            assert [] == [place for some in places for place in some]
            assert hidden(found)
            assert not any(secret.encode() in pickle.dumps(found) for secret in SECRETS)
    assert not any(secret in text for secret in SECRETS for text in (caplog.text, repr(seen)))
    assert hidden(seen)


async def test_a_cancelled_request_shows_no_secret() -> None:
    """The frames of a cancelled write are not kept: traceback printers show their variables."""
    caught: list[BaseException] = []

    async def call(client: AsyncPictory) -> None:
        try:
            await make_vimeo(client)
        except anyio.get_cancelled_exc_class() as error:
            caught.append(error)
            raise

    async with Simulator(World(), latency=10.0).client() as client:
        with anyio.move_on_after(1.0):
            await call(client)
    (error,) = caught
    assert [] == [place for secret in SECRETS for place in shown_by(error, secret)]


async def test_what_a_server_should_never_send() -> None:
    """If it sends secrets all the same, of whatever connection, they are stars in the model."""
    entry = {**VIMEO, "clientSecret": "theirs-1234", "access_token": "theirs-5678", "more": {"AccessToken": "theirs-9"}}
    left = [{"Items": [entry]}, entry]
    async with Simulator(World(), faults=lambda *_: Answer(200, JSON, body_of(left.pop(0)))).client() as client:
        (listed,) = [one async for one in client.vimeo_connections.list()]
        fetched = await client.vimeo_connections.get(VIMEO["connectionId"])
    for one in (listed, fetched):
        assert "theirs" not in json.dumps(one.to_dict())
        assert "********" == one.to_dict()["more"]["AccessToken"]


@pytest.mark.parametrize("body", [b"<html>", b'{"Items": ' + b"[" * 5000, b"5"])
async def test_what_is_no_connection(body: bytes) -> None:
    """It is an error, as with every other call."""
    async with Simulator(World(), faults=lambda *_: Answer(200, JSON, body)).client() as client:
        with pytest.raises(errors.MalformedResponseError):
            await client.vimeo_connections.get("c")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": ""},
        {"client_secret": None},
        {"access_token": 5},
        {"access_token": TOKEN * 16},
        {"client_identifier": "x" * 501},
        {"description": "x" * 251},
        {"enabled": "yes"},
        {"name": "x" * 101},
        {"name": "a/b"},
        {"name": ""},
    ],
    ids=range(10),
)
async def test_what_cannot_work_is_not_sent(changes: dict[str, Any]) -> None:
    """Documented limits are checked before, and the error shows no secret; not even the one that is right."""
    world = World()
    async with Simulator(world).client() as client:
        given: dict[str, Any] = {"client_identifier": "c", "client_secret": CLIENT_SECRET, "access_token": TOKEN}
        given |= {"name": "Marketing Vimeo", **changes}
        with pytest.raises(errors.PictoryConfigError) as caught:
            await client.vimeo_connections.create(**given)
        assert [] == [place for secret in SECRETS for place in shown_by(caught.value, secret)]
        wrong: list[Any] = [
            VIMEO["connectionId"],
            models.VimeoConnection(id="c"),
            models.AwsConnection(id="c", version=1),
        ]
        for connection in wrong:
            with pytest.raises(errors.PictoryConfigError):
                await client.vimeo_connections.update(connection, enabled=True)
        with pytest.raises(errors.PictoryConfigError):
            await client.aws_connections.update("c", enabled=True)  # type: ignore[arg-type]
        for connection_id in ("", "..", 5.0):
            with pytest.raises(errors.PictoryConfigError):
                await client.aws_connections.get(connection_id)  # type: ignore[arg-type]
    assert [] == world.log


async def test_what_makes_or_changes_a_connection_is_sent_once() -> None:
    """A lost response is an error; nothing is sent again by itself."""
    world = World()
    connection = models.AwsConnection(id="c", version=1)
    async with Simulator(world, faults=lambda *_: Answer(503)).client() as client:
        for call in (make_aws(client), make_vimeo(client), client.aws_connections.update(connection, enabled=True)):
            with pytest.raises(errors.ServerError):
                await call
    assert 3 == len(world.log)


async def test_deleting_is_repeated() -> None:
    """If the response was lost, a second attempt finds that it is gone: that is no error."""
    left: list[Fault | None] = [None, Reset(reaches_world=True), None]
    async with Simulator(World(), faults=lambda *_: left.pop(0) if left else None).client() as client:
        await client.aws_connections.delete((await make_aws(client)).id)
        with pytest.raises(errors.NotFoundError):
            await client.aws_connections.delete("no-such-connection")


async def test_a_secret_in_another_field() -> None:
    """Fields of one's own can be secrets too, at any depth; they are hidden in the same way."""
    asked: list[Any] = []

    def fault(request: SimRequest, _now: float) -> Fault:
        asked.append(json.loads(request.body))
        return Answer(400, JSON, body_of({"message": f"not {TOKEN}"}))

    extra = {"more": [{"refreshToken": Secret(TOKEN)}]}
    async with Simulator(World(), faults=fault).client() as client:
        with pytest.raises(errors.InvalidRequestError, match=r"not \*{8}") as caught:
            await make_vimeo(client, extra=extra)
    assert TOKEN == asked[0]["more"][0]["refreshToken"]
    assert [] == shown_by(caught.value, TOKEN)


async def test_a_secret_is_shown_nowhere() -> None:
    """It can be kept in a program, and cannot be printed, pickled or copied by mistake."""
    secret = Secret(Secret(CLIENT_SECRET))
    assert CLIENT_SECRET == secret.reveal()
    assert "Secret('********')" == f"{secret}" == str(secret) == repr(secret)
    assert hidden(secret)
    assert hidden(attrs.make_class("Held", ["secret"])(secret))
    for wrong in ("", None, 5):
        with pytest.raises(errors.PictoryConfigError):
            Secret(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    short = Secret("abc")  # part of other texts by chance
    assert ("xabcx", b"xabcx") == (short.hide_in("xabcx"), short.scrubbed(b"xabcx"))
    assert "x********x" == secret.hide_in(f"x{CLIENT_SECRET}x")
    escaped = "".join(f"\\u{ord(sign):04x}" for sign in CLIENT_SECRET)
    for text in ("a", "b"):  # how it can be written is found out once
        assert f"{text}********".encode() == secret.scrubbed(f"{text}{escaped}".encode())
