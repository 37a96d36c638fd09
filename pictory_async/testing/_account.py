"""What a simulated account contains, and how its contents are found."""

from __future__ import annotations

import math
import threading
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import attrs

from pictory_async._settings.addresses import is_loopback, web_address
from pictory_async.testing import bodies
from pictory_async.testing._ids import stable_between, stable_uuid, timestamp_id
from pictory_async.testing._job_list import JobList
from pictory_async.testing._limits import Limit
from pictory_async.testing._media import MEDIA_PATH, MEDIA_SIZES, expiry_query
from pictory_async.testing._messages import NOWHERE
from pictory_async.testing._other_job import SimJob
from pictory_async.testing._projects import ProjectId, Render, SimProject
from pictory_async.testing._samples import lists_of
from pictory_async.testing._templates import SimTemplate, TemplateScene
from pictory_async.testing._videos import SimVideo

DEFAULT_API_KEY = "pictai_simulator"
QUOTA = {
    "videoMinutes": (12.5, 600.0),
    "transcriptionMinutes": (0.0, 600.0),
    "elevenLabsVoiceOverMinutes": (3.0, 60.0),
    "aiCredits": (40.6, 1000.0),
}
DEFAULT_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def _aware(_: object, attribute: attrs.Attribute[datetime], value: datetime) -> None:
    if value.tzinfo is None:
        msg = f"{attribute.name} must have a time zone, not {value!r}"
        raise ValueError(msg)


def _on_this_machine(_: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if value is None or value == "self":
        return
    parts = web_address(value)
    if parts is None or not is_loopback(parts.hostname or ""):
        msg = f'{attribute.name} must be "self", None or an address on this machine, not {value!r}'
        raise ValueError(msg)


def _local(origin: str) -> str:
    """Return the origin if it is on this machine; else its port on this machine."""
    parts = web_address(origin)
    if parts is None or is_loopback(parts.hostname or ""):
        return NOWHERE if parts is None else origin
    return NOWHERE if parts.port is None else f"{parts.scheme}://127.0.0.1:{parts.port}"


@attrs.frozen
class SimWebhook:
    """What a job was requested with.

    Attributes:
        url: The address that is called at its end.
        extra: What the call has besides what the job shows: ``webhookInput``, if it was given.
    """

    url: str
    extra: Mapping[str, Any]


@attrs.define(kw_only=True)
class Account:
    """The settings and the contents of a simulated account; `World` describes the settings."""

    seed: int = 0
    epoch: datetime = attrs.field(default=DEFAULT_EPOCH, validator=_aware)
    api_key: str = attrs.field(default=DEFAULT_API_KEY, repr=False)
    page_size: int = 50
    trailing_page: bool = False
    unknown_job: Literal["404", "body", "error", "root"] = "404"
    missing_fields: Literal["absent", "null"] = "absent"
    render_seconds: tuple[float, float] = (180.0, 600.0)
    queue_seconds: tuple[float, float] = (1.0, 5.0)
    render_saves: bool = False
    limit: Limit | None = None
    quota: Mapping[str, tuple[float, float]] | None = attrs.field(factory=lambda: dict(QUOTA))
    media_base: str | None = attrs.field(default=cast("str | None", "self"), validator=_on_this_machine)
    media_sizes: Mapping[str, int] = attrs.field(factory=lambda: dict(MEDIA_SIZES))
    media_seconds: float | None = None
    job_seconds: float = 60.0
    job_list: JobList = attrs.field(factory=JobList)
    on_video: list[Render] = attrs.field(factory=list[Render])
    unfindable: Collection[str] = ("unfindable",)
    lists: dict[str, list[Any]] = attrs.field(factory=dict[str, list[Any]], converter=lists_of, repr=False)
    uploads: dict[str, bytes] = attrs.field(init=False, factory=dict[str, bytes], repr=False)
    upload_types: dict[str, str] = attrs.field(init=False, factory=dict[str, str], repr=False)
    webhooks: dict[str, SimWebhook] = attrs.field(init=False, factory=dict[str, SimWebhook], repr=False)
    _other_jobs: dict[str, SimJob] = attrs.field(init=False, factory=dict[str, SimJob], repr=False)
    _cleaned: set[str] = attrs.field(init=False, factory=set[str], repr=False)
    _projects: dict[str, SimProject] = attrs.field(init=False, factory=dict[str, SimProject], repr=False)
    _templates: dict[str, SimTemplate] = attrs.field(init=False, factory=dict[str, SimTemplate], repr=False)
    _jobs: dict[str, tuple[SimProject, Render]] = attrs.field(
        init=False, factory=dict[str, tuple[SimProject, Render]], repr=False
    )
    _files: dict[str, tuple[SimProject, Render]] = attrs.field(
        init=False, factory=dict[str, tuple[SimProject, Render]], repr=False
    )
    _template_files: dict[str, tuple[SimTemplate, str]] = attrs.field(
        init=False, factory=dict[str, tuple[SimTemplate, str]], repr=False
    )
    # A server handles requests in its own thread while a test adds projects in another.
    _lock: threading.RLock = attrs.field(init=False, factory=threading.RLock, repr=False, eq=False)

    @property
    def projects(self) -> list[SimProject]:
        """All projects in the order in which they were added, including future and deleted ones."""
        return list(self._projects.values())

    @property
    def templates(self) -> list[SimTemplate]:
        """All templates in the order in which they were added."""
        return list(self._templates.values())

    @property
    def jobs(self) -> list[tuple[SimProject, Render]]:
        """All render jobs, each with its project, in the order in which they were planned."""
        return list(self._jobs.values())

    @property
    def videos(self) -> list[SimVideo]:
        """All videos and previews that were requested without a project, in that order."""
        return [project for project, _ in self._jobs.values() if isinstance(project, SimVideo)]

    def find_project(self, project_id: ProjectId, now: float) -> SimProject | None:
        """Return the project with this id, as text or as a number; None if it does not exist at ``now``."""
        project = self._projects.get(str(project_id))
        return project if project is not None and project.exists(now) else None

    def find_template(self, template_id: str) -> SimTemplate | None:
        """Return the template with this id, or None."""
        return self._templates.get(template_id)

    def find_job(self, job_id: str) -> tuple[SimProject, Render] | None:
        """Return the project and the render of the job with this id, or None."""
        return self._jobs.get(job_id)

    def job_ends_at(self, job_id: str) -> float:
        """Return when a job ends, in seconds of the world's time.

        Raises:
            LookupError: There is no such job.
        """
        return self._other_jobs[job_id].ends_at if job_id in self._other_jobs else self._jobs[job_id][1].ends_at

    @property
    def other_jobs(self) -> list[SimJob]:
        """All jobs that are no renders, in the order in which they were started."""
        return list(self._other_jobs.values())

    def find_other_job(self, job_id: str) -> SimJob | None:
        """Return the job with this id if it is no render, or None."""
        return self._other_jobs.get(job_id)

    def add_job(
        self,
        now: float,
        *,
        result: dict[str, Any] | None = None,
        error: tuple[str, str] | None = None,
        seconds: float | None = None,
    ) -> SimJob:
        """Start a job that is no render; the endpoints call this too.

        Args:
            now: When it is requested, in seconds of the world's time; until then it does not exist.
            result: What its ``data`` has when it is completed.
            error: Code and message, if it fails.
            seconds: How long it takes; ``job_seconds`` if None.
        """
        with self._lock:
            job_id = stable_uuid("other job", self.seed, len(self._other_jobs))
            ends_at = now + (self.job_seconds if seconds is None else seconds)
            job = SimJob(id=job_id, at=now, ends_at=ends_at, result=result or {}, error=error)
            self._other_jobs[job_id] = job
            return job

    def spend(self, amount: float, source: str, now: float) -> bool:
        """Spend AI credits, and return whether the account had enough of them."""
        used, limit = (self.quota or {}).get("aiCredits", (0.0, math.inf))
        if used + amount > limit:
            return False
        if self.quota is not None:
            self.quota = {**self.quota, "aiCredits": (round(used + amount, 3), limit)}
        past = self.lists.setdefault("aicredits/usage", [])
        moment = self.date(now)
        entry = {
            "transactionId": timestamp_id(moment, "credits", self.seed, len(past)),
            "type": "debit",
            "amount": amount,
            "source": source,
            "description": f"{source} in the simulator",
            "plan": "Simulated",
            "transactionDate": bodies.iso(moment),
        }
        past.insert(0, entry)
        return True

    def use_minutes(self, amount: float) -> None:
        """Use minutes of video."""
        if self.quota is not None:
            used, limit = self.quota.get("videoMinutes", (0.0, math.inf))
            self.quota = {**self.quota, "videoMinutes": (round(used + amount, 3), limit)}

    def has_voice(self, speaker: str | int | None) -> bool:
        """Return whether there is a voice with this number, this name, or this id of its provider."""
        names = ("id", "name", "voice")
        known = {str(voice.get(name)).casefold() for voice in self.lists["voiceovers/tracks"] for name in names}
        return str(speaker).casefold() in known

    def add_video(self, video: SimVideo, render: Render) -> Render:
        """Add a video, and return its render with the id of its job; the endpoints call this."""
        with self._lock:
            return self._add_render(video, render)

    def save_project(self, project: SimProject) -> None:
        """Add a project that is saved with a video; the endpoints call this."""
        with self._lock:
            self._projects[str(project.id)] = project

    def save_template(self, name: str, scenes: tuple[TemplateScene, ...], now: float) -> SimTemplate:
        """Add a template that is made from a file; the endpoints call this."""
        with self._lock:
            created = self.date(now)
            template_id = timestamp_id(created, "template", self.seed, len(self._template_files))
            template = SimTemplate(id=template_id, name=name, created=created, scenes=scenes)
            self.replace_template(template)
            return template

    def replace_template(self, template: SimTemplate) -> None:
        """Add a template, or replace the one with its id."""
        with self._lock:
            self._templates[template.id] = template
            self._template_files.update((path, (template, kind)) for kind, path in template.paths.items())

    def remove_template(self, template_id: str) -> None:
        """Delete a template; the endpoints call this."""
        with self._lock:
            for path in self._templates.pop(template_id).paths.values():
                del self._template_files[path]

    def clean_job(self, job_id: str, now: float) -> bool | None:
        """Delete the results of a job; return whether it is over, which it must be. None: there is no such job."""
        other, render = self._other_jobs.get(job_id), self._jobs.get(job_id)
        if other is None and (render is None or now < render[1].at):
            return None
        over = other.is_over(now) if other is not None else render is not None and now >= render[1].ends_at
        if over:
            self._cleaned.add(job_id)
            if other is not None:
                other.cleaned = True
        return over

    def is_cleaned(self, job_id: str) -> bool:
        """Return whether the results of a job were deleted."""
        return job_id in self._cleaned

    def find_file(self, path: str) -> tuple[SimProject, Render] | None:
        """Return the project and the render of the file at this path below the media root, or None."""
        return self._files.get(path)

    def start_render(
        self,
        project_id: ProjectId,
        now: float,
        *,
        duration: float | None = None,
        queue: float | None = None,
        fails: bool = False,
    ) -> str:
        """Start a render and return the id of its job; the render endpoint calls this too.

        If another render of the project waits or runs, the new one is picked up after it.

        Args:
            project_id: The project.
            now: When the render is requested, in seconds of the world's time.
            duration: Seconds that it takes; chosen from ``render_seconds`` if None.
            queue: Seconds before it is picked up; chosen from ``queue_seconds`` if None.
            fails: Whether it ends without a video.

        Raises:
            LookupError: The account has no such project.
        """
        with self._lock:
            project = self._projects[str(project_id)]
            if project.on_render and duration is None and queue is None and not fails:
                render = attrs.evolve(project.on_render.pop(0), at=now)
            else:
                mark = (self.seed, project.id, len(project.renders))
                render = Render(
                    now,
                    duration=stable_between(self.render_seconds, "duration", *mark) if duration is None else duration,
                    queue=stable_between(self.queue_seconds, "queue", *mark) if queue is None else queue,
                    fails=fails,
                )
            free_at = max((other.ends_at for other in project.renders), default=now)
            return self._add_render(project, attrs.evolve(render, queue=max(render.queue, free_at - now))).job_id

    def date(self, at: float) -> datetime:
        """Convert seconds of the world's time into a date of the server, rounded down to whole milliseconds."""
        return self.epoch.astimezone(UTC) + timedelta(milliseconds=math.floor(at * 1000 + 1e-6))

    def media(self, project: SimProject, render: Render, origin: str, now: float) -> bodies.Media:
        """Return the URLs of a render's files, as a client that sends to ``origin`` gets them at ``now``."""
        return bodies.Media.of(
            project,
            render,
            base=self.media_root(origin),
            generated=self.date(render.ends_at),
            query=self.media_query(now),
        )

    def media_root(self, origin: str) -> str:
        """Return what the URLs of files begin with, for a client that sends to ``origin``."""
        if self.media_base is None:
            return NOWHERE
        return f"{_local(origin)}{MEDIA_PATH}" if self.media_base == "self" else self.media_base.rstrip("/")

    def media_query(self, now: float) -> str:
        """Return what the URLs of files end with at ``now``."""
        return "" if self.media_base != "self" else expiry_query(self.media_seconds, now)

    def template_root(self, origin: str) -> str:
        """Return what the URLs of templates' files begin with, for a client that sends to ``origin``."""
        return self.media_root(origin)

    def template_file(self, path: str) -> bytes | None:
        """Return the template file at this path below the media root, or None."""
        template, kind = self._template_files.get(path, (None, ""))
        return None if template is None else template.file(kind, self.media_sizes.get("json"))

    def _add_render(self, project: SimProject, render: Render) -> Render:
        job_id = render.job_id or stable_uuid("job", self.seed, project.id, len(project.renders))
        render = attrs.evolve(render, job_id=job_id)
        project.renders.append(render)
        self._jobs[job_id] = (project, render)
        media = bodies.Media.of(project, render, base="", generated=self.date(render.ends_at))
        self._files.update(dict.fromkeys(media.files, (project, render)))
        return render
