"""What an account may use."""

from __future__ import annotations

import json

import pytest

from pictory_async import errors
from pictory_async.models import Allowance
from pictory_async.testing import Answer, Simulator, World
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]

SAMPLE = {
    "videoMinutes": {"used": 12.5, "limit": 600},
    "transcriptionMinutes": {"used": 0, "limit": 600},
    "elevenLabsVoiceOverMinutes": {"used": 3, "limit": 60},
    "aiCredits": {"used": 40.6, "limit": 1000},
}
JSON = {"content-type": "application/json"}


async def test_the_quota() -> None:
    """Each number of the documented response, and what is left."""
    answer = Answer(200, JSON, json.dumps(SAMPLE).encode())
    async with Simulator(World(), faults=lambda *_: answer).client() as client:
        quota = await client.account.quota()
    assert quota.video_minutes is not None
    assert quota.ai_credits is not None
    assert (12.5, 600.0, 587.5) == (quota.video_minutes.used, quota.video_minutes.limit, quota.video_minutes.left)
    assert 959.4 == quota.ai_credits.left
    assert SAMPLE == quota.to_dict()
    assert Allowance(used=5.0).left is None
    assert Allowance(used=5.0, limit=3.0).left == 0.0


async def test_the_simulator_has_one() -> None:
    """The simulator answers in the documented form, or has no such endpoint."""
    async with Simulator(World()).client() as client:
        assert SAMPLE == (await client.account.quota()).to_dict()
    async with Simulator(World(quota=None)).client() as client:
        with pytest.raises(errors.NotFoundError):
            await client.account.quota()


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"success": false, "message": "no"}'])
async def test_what_is_no_quota(body: bytes) -> None:
    """A response that shows none is an error."""
    async with Simulator(World(), faults=lambda *_: Answer(200, JSON, body)).client() as client:
        with pytest.raises(errors.APIError):
            await client.account.quota()
