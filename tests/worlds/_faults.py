"""What can go wrong with an answer, drawn by chance."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

from pictory_async.testing import Answer, BrokenGzip, Drip, Fault, Refuse, Reset, Stall, Truncate, WrongLength

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from pictory_async.testing import SimRequest

JSON: Final = {"content-type": "application/json"}
BOMB: Final = gzip.compress(bytes(40 * 1024 * 1024))
HTML: Final = {"content-type": "text/html"}

ODD_BODIES: Final = (
    b"",
    b"null",
    b"[]",
    b"5",
    b'"text"',
    b"{",
    b"{}x",
    b'{"success": false, "error": {"error_message": "no", "error_code": 890}}',
    b'{"inProgress": "false"}',
    b'{"videoURL": 5}',
    b'{"videoURL": ["https://x.invalid"]}',
    b'{"generatedDate": "yesterday"}',
    b'{"generatedDate": 1766000000000}',
    b'{"step": {}}',
    b'{"videoDuration": NaN}',
    b'{"videoDuration": ' + b"9" * 5000 + b"}",
    b"[" * 3000,
    b'{"a":' * 2000,
    b'{"projectName": "\xff"}',
    b'{"project_id": "another"}',
    b"\xef\xbb\xbf{}",
)

RETRY_AFTER: Final = (
    "1",
    "7",
    "0",
    "-3",
    "soon",
    "86400",
    "Thu, 01 Jan 2026 00:00:05 GMT",
    "Fri, 01 Jan 2027 00:00:00 GMT",
)


def _too_many(chance: random.Random) -> Fault:
    headers = {"retry-after": chance.choice(RETRY_AFTER)} if chance.random() < 0.6 else {}
    return Answer(429, headers, b'{"message": "Too Many Requests"}')


KINDS: Final[dict[str, Callable[[random.Random], Fault]]] = {
    "refuse": lambda _: Refuse(),
    "reset": lambda chance: Reset(reaches_world=chance.random() < 0.5),
    "stall": lambda chance: Stall(chance.choice([None, 0, 20])),
    "drip": lambda chance: Drip(chance.choice([1, 50]), chance.choice([0.01, 0.3])),
    "truncate": lambda chance: Truncate(chance.randrange(300), reset=chance.random() < 0.5),
    "length": lambda chance: WrongLength(chance.choice([-50, -1, 1, 500])),
    "gzip": lambda _: BrokenGzip(),
    "bomb": lambda _: Answer(200, {**JSON, "content-encoding": "gzip"}, BOMB),
    "html": lambda chance: Answer(chance.choice([200, 403, 503]), HTML, b"<html><title>1010</title></html>"),
    "odd": lambda chance: Answer(200, JSON, chance.choice(ODD_BODIES)),
    "4xx": lambda chance: Answer(chance.choice([400, 401, 403, 404, 405, 408, 410, 422]), JSON, b'{"message": "No"}'),
    "429": _too_many,
    "redirect": lambda chance: Answer(chance.choice([301, 302, 307, 308]), {"location": "https://elsewhere.invalid/"}),
    "5xx": lambda chance: Answer(chance.choice([*range(500, 505), *range(520, 527)]), HTML, b"<html>"),
}


def faults(chance: random.Random, share: float, counts: dict[str, int]) -> Callable[[SimRequest, float], Fault | None]:
    """Let a share of all requests meet a fault, alone or in short streaks."""
    streak = 0

    def fault(_request: SimRequest, _now: float) -> Fault | None:
        nonlocal streak
        if streak == 0 and chance.random() >= share:
            return None
        streak = streak - 1 if streak else chance.choice((0, 0, 0, 1, 3))
        kind = chance.choice(list(KINDS))
        counts[kind] = counts.get(kind, 0) + 1
        return KINDS[kind](chance)

    return fault
