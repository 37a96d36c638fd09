"""Servers that send too much, or what no HTTP library expects: bounded memory, typed errors, short texts."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import AsyncPictory, RenderHandle, RenderStatus, RetryPolicy, errors
from pictory_async._http.messages import MAX_BODY
from pictory_async._http.stream import read_into
from pictory_async.testing import Answer, Simulator, World
from tests._polling import client_of
from tests._raw import answer, raw_server
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from pictory_async.testing import Fault, SimRequest

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


async def test_an_endless_response_is_cut_off(engine: Any) -> None:
    """A server that never stops sending gets an error soon after the limit, with every HTTP library."""
    sent = 0

    def flood(_head: bytes) -> Iterator[bytes]:
        nonlocal sent
        yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        piece = b"10000\r\n" + bytes(65536) + b"\r\n"
        while True:
            sent += 65536
            yield piece

    with raw_server(flood) as server:
        retry = RetryPolicy(attempts=1)
        async with AsyncPictory("pictai_k", base_url=server.origin, http=engine, retry=retry, timeout=None) as client:
            with pytest.raises(errors.MalformedResponseError, match="larger than"):
                await client.projects.get("p")
    assert MAX_BODY <= sent <= 4 * MAX_BODY


async def test_a_library_that_never_waits_is_cut_off_too() -> None:
    """A library may have the next chunk already: its reads suspend nowhere, so a cancelled scope alone ends nothing."""
    sent = 0

    async def flood() -> AsyncGenerator[bytes]:
        nonlocal sent
        while True:
            sent += MAX_BODY // 8
            yield bytes(MAX_BODY // 8)

    body = bytearray()
    async with contextlib.aclosing(flood()) as chunks:
        with anyio.CancelScope() as scope:
            await read_into(body, chunks, scope)
    assert scope.cancelled_caught
    assert MAX_BODY < len(body) < sent <= 3 * MAX_BODY


async def test_a_reason_phrase_that_is_not_text_is_a_failed_poll(engine: Any) -> None:
    """Whatever an HTTP library raises becomes our error, and a render may have been started."""
    reply = b"HTTP/1.1 502 r\xe9ponse\r\ncontent-length: 0\r\n\r\n"
    project = answer(200, b'{"projectName": "Film"}', "content-type: application/json")
    with raw_server(lambda head: reply if head.startswith(b"POST") else project) as server:
        async with AsyncPictory("pictai_k", base_url=server.origin, http=engine) as client:
            with pytest.raises(errors.RenderSubmitUncertainError):
                await client.projects.render("p")


@virtual_time
async def test_texts_of_a_job_are_short_and_in_one_line() -> None:
    """Neither a status nor an error of a job can fill a log or control a terminal."""
    world = World()
    project_id = world.add_project()
    status = "evil\\n\\u001b[31m" + "y" * 100_000

    def faults(request: SimRequest, _now: float) -> Fault | None:
        body = f'{{"success": true, "data": {{"status": "{status}"}}}}'.encode()
        return Answer(200, JSON, body) if "/jobs/" in request.path else None

    async with client_of(Simulator(world, faults=faults)) as client:
        handle = RenderHandle(project_id=project_id, job_id="j", generated_before=datetime(2026, 1, 1, tzinfo=UTC))
        (outcome,) = await client.projects.wait_all([handle], max_wait=30.0)
    assert RenderStatus.TIMED_OUT is outcome.status
    assert len(str(outcome.error)) < 1000
    assert str(outcome.error).isprintable()


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, '{"a":' * 50_000])
def test_a_deep_handle_is_refused(text: str) -> None:
    """Text that is nested too deeply is not a handle."""
    with pytest.raises(errors.PictoryConfigError):
        RenderHandle.from_json(text)
