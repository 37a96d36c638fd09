"""The world's server: the simulator with faults by plan, and a log of every exchange with what it was worth."""

from __future__ import annotations

import collections
import json
import math
import random
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from urllib.parse import unquote, urlsplit

import attrs

from pictory_async.testing import Delivery, Fault, Render, SimRequest, SimResponse, Simulator, World
from tests.lab.worlds._faults import API_KINDS, API_WEIGHTS, BEGUN, KEY, MAKE, MEDIA_KINDS, Says, worth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.lab.worlds._plan import Plan, ProjectPlan

PROJECTS: Final = "/pictoryapis/v2/projects/"
_Lying = Literal["nearly", "shown", "none"]
HEALTHY: Final = "a project that is always there"
MEDIA_SIZES: Final = {"mp4": 3000, "mp3": 900, "jpg": 400, "srt": 200, "vtt": 200, "txt": 0}


@attrs.frozen
class Shown:
    """What a project's answer shows of its render."""

    rendering: bool
    video: str | None
    generated: datetime | None


@attrs.define(eq=False, slots=False)
class Exchange:
    """One request and what became of it.

    Attributes:
        name: The request's own name: client, method, path, and which of its kind it is.
        request: What was sent.
        sent: When, in seconds of the world's time.
        chance: Decides about it.
        at: When it reached the server; ``None`` if it never did.
        back: When the whole answer was there; infinite if it never was.
        kind: The fault it met.
        says: What the answer is worth.
        status: The answer's status.
        body: The answer's body.
    """

    name: str
    request: SimRequest
    sent: float
    chance: random.Random
    latency: float = 0.0
    at: float | None = None
    back: float = math.inf
    kind: str = ""
    says: Says = "truth"
    status: int | None = None
    body: bytes = b""

    @cached_property
    def _good(self) -> dict[str, Any] | None:
        """The object of a good answer."""
        if self.says != "truth" or self.status != 200:
            return None
        raw: dict[str, Any] = json.loads(self.body)
        complains = raw.get("success") is False and self.kind == "200 with success: false"
        return None if complains else raw

    @property
    def shows_a_video(self) -> bool:
        """Whether it is of a completed job, with its video."""
        return self.job_status == "completed" and bool((self._good or {})["data"].get("videoURL"))

    def named_video(self, job_id: str) -> str | None:
        """The video of a completed job, if it is of the list of jobs and names it."""
        entries = (self._good or {}).get("items", ())
        shown = (one.get("data") for one in entries if isinstance(one, dict))
        mine = (data for data in shown if isinstance(data, dict) and data.get("jobId") == job_id)
        return next((data.get("videoURL") for data in mine if data.get("status") == "completed"), None)

    @property
    def succeeded(self) -> bool:
        """Whether it is the API's own good answer."""
        return self._good is not None

    @property
    def refuses(self) -> int:
        """The status with which the API itself refuses what was asked for; 0 if it does not."""
        if self.kind == "200 with success: false":
            return 200
        if self.job_status == "missing":
            return 404
        status = self.status if self.says == "truth" and self.status is not None else 0
        return status if 400 <= status < 500 and status not in {408, 429} else 0

    @cached_property
    def shown(self) -> Shown | None:
        """What it shows of a project."""
        raw = self._good
        if raw is None:
            return None
        date = raw.get("generatedDate")
        return Shown(
            rendering=raw.get("inProgress") is True or str(raw.get("step")).upper() == "RENDER",
            video=raw.get("videoURL"),
            generated=datetime.fromisoformat(date) if date else None,
        )

    @cached_property
    def job_status(self) -> str | None:
        """What it says about a job; ``None`` for no usable answer, and ``missing`` for an unknown job."""
        raw = self._good
        if raw is None or "/jobs/" not in self.request.path:
            return None
        data: dict[str, Any] = next((raw[key] for key in ("data", "error") if isinstance(raw.get(key), dict)), raw)
        if data.get("error_code") == "5000":
            return "missing"
        known = data.get("status") in {"in-progress", "completed"}
        return "failed" if raw.get("success") is False and not known else str(data.get("status"))


@attrs.frozen
class _Recorded:
    """A fault, or none, that writes down what it made of an answer."""

    exchange: Exchange
    fault: Fault | None
    now: Callable[[], float]

    @property
    def reaches_world(self) -> bool:
        return self.fault is None or self.fault.reaches_world

    def deliver(self, response: SimResponse) -> Delivery:
        exchange, fault = self.exchange, self.fault
        delivery = Delivery.of(response) if fault is None else fault.deliver(response)
        exchange.status = delivery.status
        if fault is not None:
            exchange.says = "truth" if isinstance(fault, (_Earlier, _Lie)) else worth(exchange.kind, fault, response)
        return attrs.evolve(delivery, pieces=self._arriving(delivery.pieces))

    def _arriving(self, pieces: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
        """Note when the answer has arrived: whole, or as far as it matters for one that cannot be used."""
        keeps = self.exchange.says == "truth" and not self.exchange.request.path.startswith("/media")
        if self.exchange.says in {"garbage", "foreign"}:
            self.exchange.back = self.now()
        body = []
        for wait, piece in pieces:
            yield wait, piece
            if keeps:
                body.append(piece)
        if self.exchange.says != "nothing":
            self.exchange.back = self.now()
        self.exchange.body = b"".join(body)


class Server:
    """The server of one world.

    Attributes:
        plan: What it was made from.
        world: Its account.
        simulator: Its doors.
        exchanges: Every request that was sent, in order.
        counts: Faults met so far, by kind.
        healthy: Whether all faults are over.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.world = World(
            seed=plan.seed,
            api_key=KEY,
            missing_fields=plan.missing_fields,
            unknown_job=plan.unknown_job,
            media_base="self" if any(user.kind == "download" for user in plan.users) else None,
            media_sizes=MEDIA_SIZES,
            media_seconds=30.0,
            page_size=plan.page_size,
            job_list=plan.job_list,
        )
        for project in plan.projects:
            self._add(project)
        self.world.on_video += plan.videos
        self.world.add_project(project_id=HEALTHY)
        self.simulator = Simulator(self.world, latency=self._sent, faults=self._arrived, connect=plan.connect)
        self.exchanges: list[Exchange] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.healthy = False
        self._times: collections.Counter[str] = collections.Counter()
        self._underway: dict[int, Exchange] = {}
        self._numbers = {str(project.id): project.number for project in plan.projects}

    @property
    def met(self) -> frozenset[str]:
        """The names of the requests that met faults of their own."""
        return frozenset(exchange.name for exchange in self.exchanges if exchange.kind)

    def of(self, client: int, path: str) -> list[Exchange]:
        """The answered GETs of one client for one path, in the order of their answers."""
        host = client_host(client)
        found = [
            one
            for one in self.exchanges
            if one.request.path.endswith(path)
            and urlsplit(one.request.origin).hostname == host
            and one.request.method == "GET"
            and one.back < math.inf
        ]
        return sorted(found, key=lambda one: one.back)

    def video_of(self, url: str | None) -> Render | None:
        """The render that made the video at an address."""
        found = self.world.find_file(unquote(urlsplit(url).path).removeprefix("/media")) if url else None
        return None if found is None else found[1]

    def _add(self, project: ProjectPlan) -> None:
        self.world.add_project(
            *project.renders,
            project_id=project.id,
            name=f"Project {project.number}",
            earlier_video=project.earlier,
            scenes=project.scenes,
            on_render=project.on_render,
            edits=project.edits,
            deleted_at=project.deleted_at,
            overrides={"generatedDate": None} if project.undated else None,
        )

    def _sent(self, request: SimRequest, now: float) -> float:
        kind = f"{request.origin} {request.method} {request.path}"
        self._times[kind] += 1
        name = f"{kind} {self._times[kind]}"
        chance = random.Random(f"{self.plan.seed} {name}")
        exchange = Exchange(name, request, now, chance, self.plan.latency * chance.uniform(0.5, 1.5))
        if not self.healthy and chance.random() < self.plan.late and self._may_meet(name):
            exchange.latency = chance.choice((chance.uniform(1.0, 15.0), 4.0))  # 4.0: at the very end of short waits
            exchange.kind = "late answer"
            self.counts[exchange.kind] += 1
        self.exchanges.append(exchange)
        self._underway[id(request)] = exchange
        return exchange.latency

    def _is_new_job(self, path: str, now: float) -> bool:
        job_id = path.rpartition("/jobs/")[2]
        begun = [render.at for _, render in self.world.jobs if render.job_id == job_id]
        return "/jobs/" in path and any(now < at + self.plan.job_delay for at in begun)

    def _may_meet(self, name: str) -> bool:
        return self.plan.only is None or name in self.plan.only

    def _arrived(self, request: SimRequest, now: float) -> Fault:
        exchange = self._underway.pop(id(request))
        exchange.at = now
        kind = self._kind(exchange, now)
        if not kind and request.method == "GET" and request.path.startswith(PROJECTS) and not self.healthy:
            for stale in self.plan.stale:
                if stale.begins <= now < stale.ends:
                    exchange.kind = "stale page"
                    self.counts[exchange.kind] += 1
                    return _Recorded(exchange, _Earlier(self.world, request, now - stale.age), self.simulator.now)
        if not kind and request.path.endswith("/v1/jobs") and exchange.chance.random() < self.plan.lies:
            self.counts["lying list"] += 1
            exchange.kind = "lying list"
            what = get_args(_Lying)[self.counts[exchange.kind] % 3]
            return _Recorded(exchange, _Lie(self.world, request, now, what), self.simulator.now)
        if not kind:
            return _Recorded(exchange, None, self.simulator.now)
        exchange.kind = kind
        self.counts[kind] += 1
        return _Recorded(exchange, MAKE[kind][1](exchange.chance), self.simulator.now)

    def _kind(self, exchange: Exchange, now: float) -> str:
        chance, path = exchange.chance, exchange.request.path
        if self.healthy:
            return ""
        media = path.startswith("/media")
        number = self._numbers.get(path.removeprefix(PROJECTS).partition("/")[0])
        for spell in self.plan.spells:
            here = spell.begins <= now < spell.ends and spell.project in {None, number} and spell.path in path
            if not media and here and chance.random() < spell.share:
                return spell.kind
        if self._is_new_job(path, now):
            return "job not there yet"
        if "/v2/video/" in path and self.plan.share and chance.random() < 0.1 and self._may_meet(exchange.name):
            return BEGUN
        share = 2.0 * self.plan.share if exchange.request.method == "POST" else self.plan.share
        if chance.random() >= share or not self._may_meet(exchange.name):
            return ""
        return chance.choice(MEDIA_KINDS) if media else chance.choices(API_KINDS, API_WEIGHTS)[0]


@attrs.frozen
class _Earlier:
    """The world's answer as it was some time ago, as from a cache in between."""

    world: World
    request: SimRequest
    at: float
    reaches_world: bool = False

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the old answer."""
        return Delivery.of(self.world.handle(self.request, self.at))


@attrs.frozen
class _Lie:
    """A page of the list of jobs that shows all of them as completed, or as nearly so.

    Their videos are those that their projects show now, which may be previous ones, or none that anybody made.
    """

    world: World
    request: SimRequest
    at: float
    what: _Lying
    reaches_world: bool = True

    def deliver(self, response: SimResponse) -> Delivery:
        """Return the page with other words."""
        page = response.json()
        for item in page["items"]:
            if self.what == "nearly":
                item["data"] |= {"status": "in-progress", "renderProgress": 99}
                continue
            url = self._shown(item["data"].get("jobId", item.get("job_id"))) if self.what == "shown" else None
            item["data"] |= {"status": "completed", "videoURL": url or "https://127.0.0.1:1/lie.mp4"}
        return Delivery.of(SimResponse.from_json(page))

    def _shown(self, job_id: str) -> str | None:
        found = self.world.find_job(job_id)
        if found is None:
            return None
        request = attrs.evolve(self.request, path=f"{PROJECTS}{found[0].id}", query="")
        shown: str | None = self.world.handle(request, self.at).json().get("videoURL")
        return shown


def client_host(client: int) -> str:
    """The name under which one client knows the server, so that the log can tell clients apart."""
    return f"127.0.0.{client + 1}"
