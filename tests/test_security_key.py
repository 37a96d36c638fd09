"""The API key is in nothing that is printed, logged, kept or handed on, and goes to one address only."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import threading
import traceback
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import cattrs
import httpx
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import AsyncPictory, RateLimiter, RetryPolicy, errors
from pictory_async._settings.config import ApiKey, Config
from pictory_async.testing import BASE_URL, Answer, Simulator
from tests._raw import answer, field, raw_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.anyio

# With every kind of sign that JSON, Python or HTTP may write in another way.
KEY = "pictai_0123456789/abc+def='\"\\&<end>"
ONCE = RetryPolicy(attempts=1)


def client_of(origin: str, **options: Any) -> AsyncPictory:
    """Make a client with the key that must not be seen."""
    return AsyncPictory(KEY, base_url=origin, **{"retry": ONCE, "timeout": 2.0, **options})


def shown(error: BaseException) -> str:
    """What a traceback printer shows, local variables included."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def all_of(error: BaseException) -> str:
    """Everything that an error tells anybody."""
    return "\n".join([str(error), repr(error), repr(vars(error)), repr(error.args), shown(error)])


def spellings() -> set[str]:
    """The key as it is, and as JSON, Python and shells write it; and what is left of it when it is cut."""
    written = {KEY, json.dumps(KEY)[1:-1], repr(KEY)[1:-1], repr(KEY.encode())[2:-1]}
    return {one[:12] for one in written}


def assert_hidden(text: str) -> None:
    """No spelling of the key is in a text, not even its beginning."""
    assert [] == [one for one in spellings() if one in text]


def echoed(status: int, make: Callable[[str], bytes]) -> Callable[[bytes], bytes]:
    """A server that puts the key it was sent into the body of its answer."""
    return lambda head: answer(status, make(field(head, "authorization")), "content-type: application/json")


ECHOES: dict[str, Callable[[bytes], bytes]] = {
    "message": echoed(401, lambda key: json.dumps({"message": f"bad key {key}"}).encode()),
    "escaped": echoed(401, lambda key: ('{"message": "' + "".join(f"\\u{ord(c):04x}" for c in key) + '"}').encode()),
    "text": echoed(403, lambda key: json.dumps(f"no: {key}").encode()),
    "cut": echoed(500, lambda key: json.dumps({"message": "x" * 480 + key}).encode()),
    "code": echoed(429, lambda key: json.dumps({"error": {"code": key}}).encode()),
    "fields": echoed(400, lambda key: json.dumps({"fields": {key: [key], "a": key}}).encode()),
    "name": echoed(422, lambda key: json.dumps({"fields": [{"name": key, "errors": [key]}, key]}).encode()),
    "json": echoed(200, lambda key: json.dumps({"videoURL": [key]}).encode()),
    "reported": echoed(200, lambda key: json.dumps({"success": False, "error": {"error_message": key}}).encode()),
    "reported, cut": echoed(200, lambda key: json.dumps({"error": "not found" + "x" * 480 + key}).encode()),
    "html": echoed(502, lambda key: f"<html>{key}".encode()),
    "no json": echoed(200, lambda key: key.encode()),
    "encoding": lambda head: answer(200, b"x", f"content-encoding: {field(head, 'authorization')}"),
    "place": lambda head: answer(302, b"", f"location: /{field(head, 'authorization')}"),
    "status line": lambda head: f"{field(head, 'authorization')}\r\n\r\n".encode(),
    "header line": lambda head: f"HTTP/1.1 200 OK\r\n{field(head, 'authorization')} x\r\n\r\n".encode(),
    "length": lambda head: f"HTTP/1.1 200 OK\r\ncontent-length: {field(head, 'authorization')}\r\n\r\n".encode(),
    "chunk": lambda head: (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + field(head, "authorization").encode() + b"\r\n"
    ),
}


@pytest.mark.parametrize("kind", ECHOES)
async def test_a_server_that_sends_the_key_back_does_not_spread_it(
    engine: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Wherever in its answer a server repeats the key, it reaches no error, traceback, pickle or log line of ours."""
    caplog.set_level(logging.DEBUG, "pictory_async")
    with raw_server(ECHOES[kind]) as server:
        async with client_of(server.origin, http=engine) as client:
            with pytest.raises(errors.APIError) as caught:
                await client.projects.get("p")
    assert field(server.requests[0], "authorization") == KEY
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert_hidden(all_of(caught.value))
    assert_hidden(repr(pickle.dumps(caught.value)))
    assert_hidden("\n".join(record.getMessage() for record in caplog.records if record.name == "pictory_async"))


@pytest.mark.parametrize("how", ["refused", "cut", "stalled", "malformed"])
async def test_a_failure_at_any_depth_shows_no_key(engine: str, how: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a connection that fails nor one that is cut, stalls or brings nonsense leaves the key anywhere.

    All loggers write at DEBUG here, those of the HTTP libraries included.
    """
    caplog.set_level(logging.DEBUG)

    def stall(_: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"
        done.wait(10)

    replies: dict[str, Any] = {"cut": lambda _: b"", "stalled": stall, "malformed": lambda _: answer(200, b"[")}
    done = threading.Event()
    with raw_server(replies.get(how, replies["cut"])) as server:
        origin = "http://127.0.0.1:9" if how == "refused" else server.origin
        async with client_of(origin, http=engine, timeout=0.2) as client:
            with pytest.raises(errors.APIError) as caught:
                await client.projects.get("p")
        done.set()
    assert_hidden(all_of(caught.value))
    assert_hidden(caplog.text)


async def test_a_cancelled_call_shows_no_key() -> None:
    """A cancellation can come while the request is being written; its traceback shows nothing of that."""

    class Writing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            written = bytes(request.headers["authorization"], "ascii")
            await anyio.sleep_forever()
            return httpx.Response(200, content=written)

    texts: list[str] = []

    async def call(client: AsyncPictory) -> None:
        try:
            await client.projects.get("p")
        except BaseException as error:
            texts.append(shown(error))
            raise

    async with client_of(BASE_URL, http=Writing()) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(call, client)
        await wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    (text,) = texts
    assert "projects.get" in text
    assert_hidden(text)


async def test_every_part_of_a_client_can_be_printed() -> None:
    """Whoever prints, logs or converts anything that a client is made of does not see the key."""
    simulator = Simulator()
    simulator.world.api_key = KEY
    project_id = simulator.world.add_project(earlier_video=-60.0)
    async with simulator.client(limiter=RateLimiter()) as client:
        project = await client.projects.get(project_id)
        handle = await client.projects.render(project_id)
        with pytest.raises(errors.NotFoundError) as caught:
            await client.projects.get("other")
        parts = list(everything([client, client.statistics(), project, handle, caught.value]))
        assert len(parts) > 50
        for part in parts:
            assert_hidden(f"{part!r} {part!s} {part} {pprint.pformat(part)}")


def everything(roots: list[Any]) -> Iterator[Any]:
    """Objects of the package, and the containers among them, as far as attributes lead; not the key's own value."""
    seen: set[int] = set()
    todo = list(roots)
    while todo:
        one = todo.pop()
        known = type(one).__module__.startswith("pictory_async.") or isinstance(one, (dict, list, tuple))
        if id(one) in seen or not known:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, dict):
            todo.extend([*one, *one.values()])
        elif isinstance(one, (list, tuple)):
            todo.extend(one)
        elif not isinstance(one, (ApiKey, Simulator)) and not type(one).__module__.startswith("pictory_async.testing"):
            slots = [slot for kind in type(one).__mro__ for slot in getattr(kind, "__slots__", ())]
            todo.extend([*getattr(one, "__dict__", {}).values(), *(getattr(one, slot, None) for slot in slots)])


def test_conversions_do_not_reveal_the_key() -> None:
    """What turns an object with attributes into plain data finds an object that shows only stars."""
    config = Config.checked(KEY, None)
    converted = [
        attrs.asdict(config),
        attrs.astuple(config),
        cattrs.unstructure(config),
        json.dumps(attrs.asdict(config), default=str),
        json.dumps(attrs.asdict(config), default=repr),
        f"{config.key} {config.key!s} {config.key!r} {config.key!a}",
    ]
    assert_hidden(repr(converted))
    with pytest.raises(TypeError):
        vars(config.key)
    with pytest.raises(TypeError):
        json.dumps(attrs.asdict(config))


@pytest.mark.parametrize("protocol", [pickle.dumps, copy.deepcopy])
def test_a_client_is_not_pickled_or_copied(protocol: Callable[[Any], Any]) -> None:
    """The error says what to do instead."""
    client = AsyncPictory(KEY)
    for one in (client, vars(client)["_config"]):
        with pytest.raises(TypeError, match="cannot be pickled or copied; make a new client"):
            protocol(one)


async def test_a_redirect_does_not_carry_the_key_elsewhere(engine: str) -> None:
    """The API's answer may name another place; nobody goes there."""
    with raw_server(lambda _: answer(200, b"{}")) as elsewhere:
        place = f"location: {elsewhere.origin}/v2/projects/p"
        with raw_server(lambda _: answer(307, b"", place)) as server:
            async with client_of(server.origin, http=engine) as client:
                with pytest.raises(errors.StatusError, match=r"redirect 307.*not followed"):
                    await client.projects.get("p")
    assert (1, []) == (len(server.requests), elsewhere.requests)


async def test_what_servers_say_cannot_steer_a_log_or_a_terminal(caplog: pytest.LogCaptureFixture) -> None:
    """Line ends and control characters of an error's body do not reach errors and logs."""
    caplog.set_level(logging.DEBUG, "pictory_async")
    said = "a\r\nINFO root all is well\x1b[2J\u202e\x00\x9b"
    body = json.dumps({"message": said, "code": said, "fields": {said: said}}).encode()
    simulator = Simulator(faults=lambda _request, _now: Answer(400, {"content-type": "application/json"}, body))
    async with simulator.client() as client:
        with pytest.raises(errors.InvalidRequestError, match="INFO root") as caught:
            await client.projects.get("p")
    (problem,) = caught.value.fields
    texts = [str(caught.value), str(caught.value.code), problem.name, problem.problem]
    assert [True] * 4 == [text.isprintable() for text in texts]
    assert [True] == [record.getMessage().isprintable() for record in caplog.records if record.name == "pictory_async"]
