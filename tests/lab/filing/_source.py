"""The server of the files: what it has, what it sends, and what it sent."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async.models import Project, Template
from pictory_async.testing import Answer, Simulator, Truncate, World
from pictory_async.testing._faults import Delivery, Ending
from pictory_async.testing._messages import SimResponse

if TYPE_CHECKING:
    from collections import Counter

    from pictory_async.testing import Fault, SimRequest
    from tests.lab.filing._plan import Plan

_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_RANGE: Final = re.compile(r"bytes=(\d+)-")
_DETAILS: Final = re.compile(r".*/v1/templates/template(\d+)")
_PATH: Final = re.compile(r".*/media/(\w+)-(\d+)-(\d+)\.\w+")
_REFUSALS: Final = {
    "503": Answer(503, {"retry-after": "1"}),
    "403": Answer(403, {"content-type": "application/xml"}, b"<Error/>"),
    "web page": Answer(200, {"content-type": "text/html"}, b"<html>Please log in</html>"),
}
_CHANGING: Final = {"ranges of any version", "weak validator"}
_CUT: Final = {"cut", "no validator", "weak validator", "another validator each time", "ranges of any version"}


@attrs.define
class Remote:
    """A project or template on the server: what its files held, render by render.

    Attributes:
        kind: ``film``, ``project``, ``structure`` or ``details``.
        number: Which one.
        renders: The contents of each render; a content that replaced another one at its address comes after it.
    """

    kind: str
    number: int
    renders: list[list[bytes]] = attrs.field(factory=list)

    def change(self, *, render: bool) -> None:
        """Make another content, as a new render or at the same address."""
        if render or not self.renders:
            self.renders.append([])
        count = sum(map(len, self.renders))
        self.renders[-1].append(self._content(count))

    def _content(self, count: int) -> bytes:
        # Of equal length, so that only its version tells one from another.
        digest = hashlib.sha256(f"{self.kind} {self.number} {count}".encode()).hexdigest()
        if self.kind == "film":
            return f"{self.kind} {self.number} {count:03} {digest}".encode()
        if self.kind == "details":
            return json.dumps({"id": f"template{self.number}", "name": f"{self.number} {digest}"}).encode()
        return json.dumps({self.kind: digest, "count": count % 10}).encode()

    @property
    def address(self) -> str:
        """The address of the newest one."""
        ending = "mp4" if self.kind == "film" else "json"
        return f"https://simulator.invalid/media/{self.kind}-{self.number}-{len(self.renders) - 1}.{ending}"

    @property
    def contents(self) -> list[bytes]:
        """All that it ever was."""
        return [content for render in self.renders for content in render]


class _Response:
    """A response that the world did not make."""

    reaches_world = False

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def deliver(self, response: SimResponse) -> Delivery:
        """Return it."""
        return self._delivery


class Source:
    """The server.

    Args:
        plan: What it has, and what it does wrong.
        counts: Counts what went wrong.
    """

    def __init__(self, plan: Plan, counts: Counter[str]) -> None:
        self.films = [Remote("film", number) for number in range(plan.projects)]
        self.templates = [(Remote("project", number), Remote("structure", number)) for number in range(plan.templates)]
        self.details = [Remote("details", number) for number in range(plan.templates)]
        self.share = plan.faults
        self._answers = plan.answers
        self._chance = random.Random(plan.seed)
        self._counts = counts
        self._lock = threading.Lock()
        for remote in self.remotes:
            remote.change(render=True)

    @property
    def remotes(self) -> list[Remote]:
        """All that it has."""
        return [*self.films, *self.details, *(remote for pair in self.templates for remote in pair)]

    def simulator(self) -> Simulator:
        """A simulator for one process, whose files are this server's."""
        return Simulator(World(), faults=self._fault)

    def project(self, number: int) -> Project:
        """A project as it is now."""
        film = self.films[number]
        # No two projects at the same moment: a file's time is the date of its video.
        rendered = _BEGIN + timedelta(days=len(film.renders), minutes=number)
        return Project(id=f"project{number}", name="Film", video_url=film.address, generated_at=rendered)

    def template(self, number: int) -> Template:
        """A template as it is now."""
        project, structure = self.templates[number]
        return Template(
            id=f"template{number}", name="Template", project_url=project.address, structure_url=structure.address
        )

    def _fault(self, request: SimRequest, _now: float) -> Fault | None:
        if (found := _DETAILS.fullmatch(request.path)) is not None:
            details = self.details[int(found[1])]
            return Answer(200, {"content-type": "application/json"}, details.contents[-1])
        found = _PATH.fullmatch(request.path)
        if found is None:
            return None
        kind, number, render = found[1], int(found[2]), int(found[3])
        remote = next(one for one in self.remotes if (one.kind, one.number) == (kind, number))
        with self._lock:
            wrong = self._chance.choice(self._answers) if self._chance.random() < self.share else ""
            if wrong:
                self._counts[wrong] += 1
            if wrong in _CHANGING and self._chance.random() < 0.3:
                remote.change(render=False)  # while it is downloaded
            content = remote.renders[render][-1]
            return self._answer(wrong, request, content, "video/mp4" if kind == "film" else "application/json")

    def _answer(self, wrong: str, request: SimRequest, content: bytes, kind: str) -> Fault:
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        headers = {"content-type": kind, "etag": tag}
        if wrong == "empty":
            return Answer(200, headers)
        if wrong == "gzip":
            return Answer(200, {**headers, "content-encoding": "gzip"}, gzip.compress(content))
        if wrong in _REFUSALS:
            return _REFUSALS[wrong]
        headers["etag"] = self._validator(wrong, tag)
        status, start = 200, 0
        wanted = _RANGE.fullmatch(request.headers.get("range", ""))
        fits = request.headers.get("if-range", tag) == headers["etag"] or wrong == "ranges of any version"
        if wanted and fits and wrong != "no ranges":
            status, start = 206, int(wanted[1])
            if start >= len(content):
                return Answer(416, {"content-range": f"bytes */{len(content)}"})
            start = self._chance.randrange(len(content)) if wrong == "wrong range" else start
            total = len(content) + (wrong == "contradiction")
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{total}"
        body = content[start:]
        headers["content-length"] = str(len(body) + (wrong == "contradiction"))
        response = SimResponse(status=status, headers=tuple((k, v) for k, v in headers.items() if v), body=body)
        if wrong in _CUT:
            cut = Truncate(self._chance.randrange(len(body) + 1), reset=self._chance.random() < 0.5)
            return _Response(cut.deliver(response))
        return _Response(Delivery.of(response, ending=Ending.CLOSED))

    def _validator(self, wrong: str, tag: str) -> str:
        return {
            "no validator": "",
            "weak validator": 'W/"1"',  # the same for all versions
            "another validator each time": f'"{self._chance.random()}"',
        }.get(wrong, tag)
