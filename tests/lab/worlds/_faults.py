"""What can go wrong with an answer, by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from pictory_async.testing import (
    Answer,
    BrokenGzip,
    Delivery,
    Drip,
    Fault,
    Refuse,
    Reset,
    SimResponse,
    Stall,
    Truncate,
    WrongLength,
)

if TYPE_CHECKING:
    import random

KEY: Final = "pictai_only_the_server_may_see_this"
ELSEWHERE: Final = "https://elsewhere.invalid"
MEBIBYTE: Final = bytes(1024 * 1024)
JSON: Final = {"content-type": "application/json"}
HTML: Final = {"content-type": "text/html"}

Says = Literal["truth", "garbage", "foreign", "nothing"]
"""What an answer that met a fault is worth: all of it counts, it is the API's but cannot be used, it is not the API's
and says nothing about the project, or none arrived."""

FIVES: Final = tuple(range(500, 505))
CLOUDFLARE: Final = tuple(range(520, 527))
DATES: Final = ("Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT", "Mon, 01 Jan 2035 00:00:00 GMT")
IMPOSSIBLE: Final = ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 +99999999999999999999")
LATER: Final = "Thu, 01 Jan 2026 00:00:05 GMT"


@attrs.frozen
class Edited:
    """The world's own answer, if it is a good one, with other bytes or more headers."""

    edit: Callable[[bytes], bytes]
    headers: tuple[tuple[str, str], ...] = ()
    reaches_world: bool = True

    def deliver(self, response: SimResponse) -> Delivery:
        """Return what was made of the answer."""
        if response.status != 200 or not isinstance(response.body, bytes):
            return Delivery.of(response)
        changed = SimResponse.from_bytes(self.edit(response.body))
        return Delivery.of(attrs.evolve(changed, headers=changed.headers + self.headers))


@attrs.frozen
class Oversized:
    """More than any answer may hold, sent as it is."""

    reaches_world: bool = False

    def deliver(self, response: SimResponse) -> Delivery:
        """Return one piece again and again."""
        headers = (("content-type", "application/json"), ("content-length", str(33 * len(MEBIBYTE))))
        return Delivery(status=200, headers=headers, pieces=((0.0, MEBIBYTE) for _ in range(33)))


class HookError(Exception):
    """What a hook of a user's own client may raise; no HTTP library knows it."""


@attrs.frozen
class Raises:
    """The response begins, and then something is raised that nobody expects."""

    reaches_world: bool

    def deliver(self, response: SimResponse) -> Delivery:
        """Return a response whose body cannot be read."""
        return Delivery(status=200, headers=response.headers, pieces=self._pieces())

    def _pieces(self) -> Iterator[tuple[float, bytes]]:
        yield 0.0, b"{"
        raise HookError


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(33 * 1024 * 1024))


def _with(fields: dict[str, Any]) -> Callable[[bytes], bytes]:
    """Put fields into a project's answer, or into the data of a job's."""

    def edit(body: bytes) -> bytes:
        raw = json.loads(body)
        home = raw["data"] if isinstance(raw.get("data"), dict) else raw
        home.update(fields)
        return json.dumps(raw).encode()

    return edit


def _about(other: str) -> Callable[[bytes], bytes]:
    """Make it the answer about another project, or another job."""

    def edit(body: bytes) -> bytes:
        raw = json.loads(body)
        raw["job_id" if isinstance(raw.get("data"), dict) else "project_id"] = other
        return json.dumps(raw).encode()

    return edit


def _last(field: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body[:-1] + b"," + field + b"}"


def _status(status: int, headers: dict[str, str], body: bytes = b'{"message": "No"}') -> Fault:
    return Answer(status, headers, body)


def _limited(*waits: str) -> Callable[[random.Random], Fault]:
    def make(chance: random.Random) -> Fault:
        dated = {"date": chance.choice((*DATES, *IMPOSSIBLE))} if chance.random() < 0.3 else {}
        return _status(429, JSON | ({"retry-after": chance.choice(waits)} if waits else {}) | dated)

    return make


def _fives(statuses: tuple[int, ...]) -> Callable[[random.Random], Fault]:
    def make(chance: random.Random) -> Fault:
        waits = {"retry-after": chance.choice(("2", "600", *IMPOSSIBLE))} if chance.random() < 0.2 else {}
        return Answer(chance.choice(statuses), HTML | waits, b"<html>", reaches_world=chance.random() < 0.5)

    return make


def _refusal(status: int, *, quotes_key: bool = True) -> Callable[[random.Random], Fault]:
    def make(chance: random.Random) -> Fault:
        quoted = KEY if quotes_key and chance.random() < 0.2 else "you sent"
        return _status(status, JSON, json.dumps({"message": f"The key {quoted} may not do this"}).encode())

    return make


COMPLAINTS: Final[tuple[dict[str, Any], ...]] = (
    {"error": {"error_message": "no", "error_code": 890}},
    {"data": {"error_message": "not today"}},
    {"error_code": "77", "error_message": "out of order"},
    {"message": "no"},
)
NOT_OBJECTS: Final = (b"", b"null", b"[]", b"5", b'"text"', b"{", b"{}x", b"{}", b"\xef\xbb\xbf{}")
MISFITS: Final[tuple[dict[str, Any], ...]] = (
    {"videoURL": 5, "status": 5},
    {"videoURL": ["https://x.invalid"], "status": []},
    {"generatedDate": 1766000000000, "status": True},
    {"generatedDate": "yesterday", "status": {}},
    {"step": {}, "status": 1.5},
    {"inProgress": "false", "status": [None]},
    {"project_id": "another", "status": 0},
)
HARMLESS: Final[tuple[dict[str, Any], ...]] = (
    {"projectName": []},
    {"scenes": "none", "renderProgress": "half"},
    {"videoDuration": "long"},
    {"saveDate": 5, "renderProgressMessage": {}},
    {"audioURL": {}, "error_code": 7},
)
NULLS: Final = (
    "generatedDate",
    "projectName",
    "saveDate",
    "inProgress",
    "step",
    "videoURL",
    "renderProgress",
    "status",
)

BEGUN: Final = "gateway's answer after the work began"

MAKE: Final[dict[str, tuple[Says, Callable[[random.Random], Fault]]]] = {
    "connection refused": ("nothing", lambda _: Refuse()),
    "connection reset": ("nothing", lambda chance: Reset(reaches_world=chance.random() < 0.5)),
    "no answer": ("nothing", lambda chance: Stall(chance.choice((None, 0, 20)), reaches_world=chance.random() < 0.5)),
    "unknown exception": ("nothing", lambda chance: Raises(chance.random() < 0.5)),
    BEGUN: (
        "foreign",
        lambda chance: chance.choice(
            (
                Answer(504, JSON, b'{"message": "Endpoint request timed out"}', reaches_world=True),
                Answer(429, HTML | {"retry-after": "1"}, b"<html>Slow down</html>", reaches_world=True),
            )
        ),
    ),
    "slow drip": ("truth", lambda chance: Drip(chance.choice((150, 1000)), chance.choice((0.01, 0.3, 5.0)))),
    "truncated body": ("nothing", lambda chance: Truncate(chance.randrange(300), reset=chance.random() < 0.5)),
    "body over 32 MiB": ("foreign", lambda _: Oversized()),
    "wrong Content-Length": ("nothing", lambda chance: WrongLength(chance.choice((-50, -1, 1, 500)))),
    "broken gzip": ("foreign", lambda _: BrokenGzip()),
    "gzip bomb": ("foreign", lambda _: Answer(200, {**JSON, "content-encoding": "gzip"}, _bomb())),
    "200 with HTML": ("foreign", lambda _: _status(200, HTML, b"<html><title>Sign in</title></html>")),
    "200 with success: false": (
        "truth",
        lambda chance: _status(200, JSON, json.dumps({"success": False} | chance.choice(COMPLAINTS)).encode()),
    ),
    "200 without an object": ("foreign", lambda chance: _status(200, JSON, chance.choice(NOT_OBJECTS))),
    "401": ("truth", _refusal(401)),
    "403 with JSON": ("truth", _refusal(403)),
    "403 with HTML": ("foreign", lambda _: _status(403, HTML, b"<html><title>1010</title></html>")),
    "404": ("truth", lambda _: _status(404, JSON)),
    "404 with HTML": ("foreign", lambda chance: _status(404, HTML, chance.choice((b"<h1>404</h1>", b"", b"gone")))),
    "missing token": ("foreign", lambda _: _status(403, JSON, b'{"Message": "Missing Authentication Token"}')),
    "job not there yet": ("truth", lambda _: _status(404, JSON)),
    "408": ("truth", lambda _: _status(408, HTML)),
    "400, 405, 410 or 422": ("truth", lambda chance: _status(chance.choice((400, 405, 410, 422)), JSON)),
    "429 without Retry-After": ("truth", _limited()),
    "429 with seconds": ("truth", _limited("0", "1", "7")),
    "429 with a date": ("truth", _limited(LATER, "Fri, 01 Jan 2027 00:00:00 GMT")),
    "429 with a date in the past": ("truth", _limited("Thu, 01 Jan 1970 00:00:00 GMT")),
    "429 with a day": ("truth", _limited("86400")),
    "429 with nonsense": ("truth", _limited("soon", "-3", "1e9", "9" * 400, "", *IMPOSSIBLE)),
    "500 to 504": ("truth", _fives(FIVES)),
    "503": ("truth", _fives((503,))),
    "520 to 526": ("truth", _fives(CLOUDFLARE)),
    "530": ("truth", _fives((530,))),
    "redirect to another host": (
        "foreign",
        lambda chance: Answer(chance.choice((301, 302, 303, 307, 308)), {"location": f"{ELSEWHERE}/"}),
    ),
    "wrong type where it matters": ("garbage", lambda chance: Edited(_with(chance.choice(MISFITS)))),
    "wrong type elsewhere": ("truth", lambda chance: Edited(_with(chance.choice(HARMLESS)))),
    "nulls": ("truth", lambda chance: Edited(_with(dict.fromkeys(chance.sample(NULLS, chance.randint(1, 3)))))),
    "unknown fields and statuses": (
        "truth",
        lambda _: Edited(_with({"new": {"a": [1]}, "step": "PONDERING", "status": "pondering"})),
    ),
    "about another object": ("garbage", lambda chance: Edited(_about(f"2025{chance.randrange(10**6):045}"))),
    "deep nesting": ("foreign", lambda chance: Edited(_last(b'"a":' + chance.choice((b"[", b'{"a":')) * 3000))),
    "huge integer": ("foreign", lambda _: Edited(_last(b'"videoDuration":' + b"9" * 5000))),
    "NaN": ("foreign", lambda chance: Edited(_last(b'"a":' + chance.choice((b"NaN", b"Infinity", b"-Infinity"))))),
    "invalid UTF-8": ("foreign", lambda _: Edited(_last(b'"a":"\xff"'))),
    "duplicate keys": ("truth", lambda _: Edited(lambda body: b'{"inProgress":true,"success":true,' + body[1:])),
    "server's clock jumps": (
        "truth",
        lambda chance: Edited(_with({"saveDate": "1999-01-01T00:00:00.000Z"}), (("date", chance.choice(DATES)),)),
    ),
}


API_KINDS: Final = tuple(kind for kind in MAKE if kind not in {"503", "530", "job not there yet", BEGUN})
# The large ones cost as much as a hundred others.
API_WEIGHTS: Final = tuple(0.1 if kind in {"body over 32 MiB", "gzip bomb"} else 1.0 for kind in API_KINDS)
MEDIA_KINDS: Final = (
    "connection refused",
    "connection reset",
    "no answer",
    "slow drip",
    "truncated body",
    "wrong Content-Length",
    "broken gzip",
    "200 with HTML",
    "403 with HTML",
    "404",
    "408",
    "429 with seconds",
    "500 to 504",
    "520 to 526",
    "redirect to another host",
)


def worth(kind: str, fault: Fault, response: SimResponse) -> Says:
    """Say what an answer that meets a fault is worth."""
    says = MAKE[kind][0]
    size = sum(map(len, response.pieces()))
    if isinstance(fault, Truncate) and fault.after >= size:
        return "truth"
    if isinstance(fault, WrongLength) and fault.difference < 0:
        # The client stops where it was told to; a status needs no body.
        return "garbage" if response.status == 200 else "truth"
    if isinstance(fault, Edited) and response.status != 200:
        return "truth"
    return says
