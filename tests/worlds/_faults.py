"""What can go wrong with an answer, drawn by chance."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final

from pictory_async.testing import Answer, BrokenGzip, Drip, Refuse, Reset, Stall, Truncate, WrongLength

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from pictory_async.testing import Fault, SimRequest

JSON: Final = {"content-type": "application/json"}
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

RETRY_AFTER: Final = ("1", "7", "0", "-3", "soon", "86400", "Thu, 01 Jan 2026 00:00:05 GMT", "Fri, 01 Jan 2027 00:00:00 GMT")


def draw(chance: random.Random) -> tuple[str, Fault]:
    """One fault and its name."""
    kind = chance.choice(
        ("refuse", "reset", "stall", "drip", "truncate", "length", "gzip", "bomb", "html", "odd", "4xx", "429", "5xx", "redirect")
    )
    match kind:
        case "refuse":
            return kind, Refuse()
        case "reset":
            return kind, Reset(reaches_world=chance.random() < 0.5)
        case "stall":
            return kind, Stall(chance.choice([None, 0, 20]))
        case "drip":
            return kind, Drip(chance.choice([1, 50]), chance.choice([0.01, 0.3]))
        case "truncate":
            return kind, Truncate(chance.randrange(300), reset=chance.random() < 0.5)
        case "length":
            return kind, WrongLength(chance.choice([-50, -1, 1, 500]))
        case "gzip":
            return kind, BrokenGzip()
        case "bomb":
            return kind, Answer(200, {**JSON, "content-encoding": "gzip"}, BOMB)
        case "html":
            return kind, Answer(chance.choice([200, 403, 503]), HTML, b"<html><title>1010</title></html>")
        case "odd":
            return kind, Answer(200, JSON, chance.choice(ODD_BODIES))
        case "4xx":
            return kind, Answer(chance.choice([400, 401, 403, 404, 405, 408, 410, 422]), JSON, b'{"message": "No"}')
        case "429":
            headers = {"retry-after": chance.choice(RETRY_AFTER)} if chance.random() < 0.6 else {}
            return kind, Answer(429, headers, b'{"message": "Too Many Requests"}')
        case "redirect":
            return kind, Answer(chance.choice([301, 302, 307, 308]), {"location": "https://elsewhere.invalid/"})
        case _:
            status = chance.choice([500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526])
            return kind, Answer(status, HTML, b"<html>")


BOMB: Final = gzip.compress(bytes(40 * 1024 * 1024))


def faults(chance: random.Random, share: float, counts: dict[str, int]) -> Callable[[SimRequest, float], Fault | None]:
    """Let a share of all requests meet a fault, alone or in short streaks."""
    streak = 0

    def fault(_request: SimRequest, _now: float) -> Fault | None:
        nonlocal streak
        if streak == 0 and chance.random() >= share:
            return None
        streak = streak - 1 if streak else chance.choice((0, 0, 0, 1, 3))
        kind, found = draw(chance)
        counts[kind] = counts.get(kind, 0) + 1
        return found

    return fault
