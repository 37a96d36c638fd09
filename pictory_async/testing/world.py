"""The simulated Pictory account: projects with a life, templates and jobs, as one pure object.

A world knows no clock, opens no connection and never waits. Everything that depends on time takes ``now``, in
seconds since the world's start, and the same seed gives the same world.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import attrs

from pictory_async.testing import bodies
from pictory_async.testing._ids import stable_between, stable_uuid, timestamp_id
from pictory_async.testing._life import ProjectId, Render, SimProject
from pictory_async.testing._limits import Limit, retry_after
from pictory_async.testing._log import LoggedRequest
from pictory_async.testing._media import MEDIA_PATH, MEDIA_SIZES, expiry_query
from pictory_async.testing._messages import SimRequest, SimResponse
from pictory_async.testing._routes import answer, answer_media
from pictory_async.testing._templates import SimTemplate, TemplateScene
from pictory_async.testing._truth import MISSING, Truth, find_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEFAULT_API_KEY = "pictai_simulator"
DEFAULT_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
EARLIER_RENDER_SECONDS = 180.0


def _aware(_: object, attribute: attrs.Attribute[datetime], value: datetime) -> None:
    if value.tzinfo is None:
        msg = f"{attribute.name} must carry a time zone, not {value!r}"
        raise ValueError(msg)


@attrs.define(kw_only=True)
class World:
    """A Pictory account that exists only in memory.

    Args:
        seed: Everything the world makes up (ids, addresses, durations) follows from this number.
        epoch: The server's date at the world's start.
        api_key: The only key that is let in.
        page_size: How many projects or jobs a page of a list holds.
        trailing_page: Whether a last page that is exactly full is followed by an empty one.
        unknown_job: How a job nobody knows is answered: ``"404"``, or ``"body"`` for status 200 with the
            error code ``"5000"``. Both are documented.
        missing_fields: Whether a project without a video leaves the video's fields out or gives null.
        render_seconds: Shortest and longest duration of a render started without one.
        queue_seconds: Shortest and longest time such a render waits to be picked up.
        limit: How many requests are let in; None lets all in.
        media_base: What the addresses of videos, audio, pictures and subtitles begin with. None gives the
            documented host; ``"self"`` gives the simulator's own address, where the files can be downloaded, those
            of templates too.
        media_sizes: The size in bytes of such a file, by the ending of its name; ``json`` is for those of templates,
            which have a size of their own when it is not given.
        media_seconds: How long an address of such a file stays valid: between this many seconds and twice as
            many, then it is answered with 403, and the project gives a new one. None lets it live forever.

    Attributes:
        log: Every request that arrived, in order.
    """

    seed: int = 0
    epoch: datetime = attrs.field(default=DEFAULT_EPOCH, validator=_aware)
    api_key: str = attrs.field(default=DEFAULT_API_KEY, repr=False)
    page_size: int = 50
    trailing_page: bool = False
    unknown_job: Literal["404", "body"] = "404"
    missing_fields: Literal["absent", "null"] = "absent"
    render_seconds: tuple[float, float] = (180.0, 600.0)
    queue_seconds: tuple[float, float] = (1.0, 5.0)
    limit: Limit | None = None
    media_base: str | None = None
    media_sizes: Mapping[str, int] = attrs.field(factory=lambda: dict(MEDIA_SIZES))
    media_seconds: float | None = None
    log: list[LoggedRequest] = attrs.field(init=False, factory=list[LoggedRequest], repr=False)
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
    # A server answers in its own thread while a test adds projects in another.
    _lock: threading.RLock = attrs.field(init=False, factory=threading.RLock, repr=False, eq=False)

    # What the account holds

    def add_project(  # noqa: PLR0913 - each option is one trait of a project
        self,
        *renders: Render,
        project_id: ProjectId | None = None,
        integer_id: bool = False,
        name: str | None = None,
        created_at: float | None = None,
        earlier_video: float | None = None,
        schema_version: Literal["v2", "v3", "by id"] | None = "by id",
        layout: str = "16:9",
        video_seconds: float = 21.98,
        scenes: int | None = None,
        on_render: Iterable[Render] = (),
        edits: Iterable[float] = (),
        deleted_at: float | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> ProjectId:
        """Add a project and return its id.

        Args:
            renders: Its renders; their times may lie before the world's start.
            project_id: Its id; made up when not given.
            integer_id: Make up an integer, as projects of the v2 schema have it.
            name: Its name.
            created_at: When it appears; by default an hour before the world's start, or before a render.
            earlier_video: When an earlier render of it was finished, usually a negative number of seconds.
            schema_version: ``"v3"``, ``"v2"`` or None; by default what goes with the form of the id.
            layout: The shape of its picture.
            video_seconds: The length of its video in seconds.
            scenes: How many scenes its body lists, each about 3 KB; None leaves the list out.
            on_render: What the next calls of the render endpoint start, each used once; ``at`` is replaced.
            edits: When it was saved again.
            deleted_at: When it disappears.
            overrides: Values that replace those of its body; `ABSENT` leaves a key out.

        Raises:
            ValueError: The id is taken.
        """
        with self._lock:
            planned = list(renders)
            if earlier_video is not None:
                asked = earlier_video - EARLIER_RENDER_SECONDS
                planned.insert(0, Render(asked, duration=EARLIER_RENDER_SECONDS))
            if created_at is None:
                created_at = min((render.at - 60.0 for render in planned), default=0.0)
                created_at = min(created_at, -3600.0)
            number = len(self._projects)
            if project_id is None:
                project_id = self._integer_id(created_at) if integer_id else self._text_id(created_at, number)
            if str(project_id) in self._projects:
                msg = f"the world already has a project {project_id!r}"
                raise ValueError(msg)
            project = SimProject(
                id=project_id,
                name=name if name is not None else f"Simulated project {number + 1}",
                created_at=created_at,
                schema_version=("v2" if isinstance(project_id, int) else "v3")
                if schema_version == "by id"
                else schema_version,
                layout=layout,
                video_seconds=video_seconds,
                scenes=scenes,
                on_render=list(on_render),
                edits=list(edits),
                deleted_at=deleted_at,
                overrides=dict(overrides or {}),
            )
            self._projects[str(project_id)] = project
            for render in planned:
                self._add_render(project, render)
            return project_id

    def start_render(
        self,
        project_id: ProjectId,
        now: float,
        *,
        duration: float | None = None,
        queue: float | None = None,
        fails: bool = False,
    ) -> str:
        """Start a render and return the id of its job; the render endpoint does this too.

        A render that is asked for while another one waits or runs is picked up after it.

        Args:
            project_id: The project.
            now: When it is asked for.
            duration: Seconds it takes; made up from ``render_seconds`` when not given.
            queue: Seconds before it is picked up; made up from ``queue_seconds`` when not given.
            fails: Whether it ends without a video.

        Raises:
            LookupError: The world has no such project.
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
            render = attrs.evolve(render, queue=max(render.queue, free_at - now))
            return self._add_render(project, render).job_id

    def edit_project(self, project_id: ProjectId, at: float) -> None:
        """Save a project again at ``at``: its video is then older than itself."""
        self._projects[str(project_id)].edits.append(at)

    def delete_project(self, project_id: ProjectId, at: float) -> None:
        """Delete a project at ``at``: from then on it is answered with 404 and is not listed."""
        self._projects[str(project_id)].deleted_at = at

    def add_template(  # noqa: PLR0913 - each option is one trait of a template
        self,
        *scenes: str | TemplateScene,
        template_id: str | None = None,
        name: str | None = None,
        created_at: float = -3600.0,
        language: str = "en",
        published: bool = True,
        deprecated: bool = False,
        schema_version: str = "v3",
        music: bool = True,
        voices: Sequence[str] = ("3108",),
        variables: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a template and return its id.

        Args:
            scenes: Its scenes; a text stands for a scene with that one subtitle.
            template_id: Its id; made up when not given.
            name: Its name.
            created_at: When it was made; only its made-up ids show it.
            language: The language of its texts.
            published: Whether it is published.
            deprecated: Whether it is deprecated.
            schema_version: ``"v3"`` or ``"v2"``.
            music: Whether it has background music.
            voices: Its AI voices.
            variables: Its variables and their defaults.
            overrides: Values that replace those of its full body; `ABSENT` leaves a key out.

        Raises:
            ValueError: The id is taken.
        """
        with self._lock:
            number = len(self._templates)
            created = self.date(created_at)
            if template_id is None:
                template_id = timestamp_id(created, "template", self.seed, number)
            if template_id in self._templates:
                msg = f"the world already has a template {template_id!r}"
                raise ValueError(msg)
            template = SimTemplate(
                id=template_id,
                name=name if name is not None else f"Simulated template {number + 1}",
                created=created,
                language=language,
                published=published,
                deprecated=deprecated,
                schema_version=schema_version,
                music=music,
                voices=tuple(voices),
                scenes=tuple(TemplateScene((scene,)) if isinstance(scene, str) else scene for scene in scenes),
                variables=dict(variables or {}),
                overrides=dict(overrides or {}),
            )
            self._templates[template_id] = template
            self._template_files.update((path, (template, kind)) for kind, path in template.paths.items())
            return template_id

    # What it answers

    def handle(self, request: SimRequest, now: float) -> SimResponse:
        """Answer a request that arrives at ``now`` and write it into the log."""
        with self._lock:
            # Files come from another server than the API: it asks for no key and has no limit.
            is_media = self.media_base == "self" and request.path.startswith(f"{MEDIA_PATH}/")
            wait = None if self.limit is None or is_media else self.limit.admit(now)
            if is_media:
                response = answer_media(self, request, now)
            elif wait is not None:
                told = (("retry-after", retry_after(wait)),) if self.limit is not None and self.limit.tells else ()
                response = SimResponse.from_json(bodies.message("Too Many Requests"), status=429, headers=told)
            elif request.headers.get("authorization") != self.api_key:
                response = SimResponse.from_json(bodies.message("Unauthorized"), status=401)
            else:
                response = answer(self, request, now)
            self.record(request, now, response.status)
            return response

    def record(self, request: SimRequest, now: float, status: int | None) -> None:
        """Write a request into the log; `handle` does it for those it answers."""
        sent = request.headers.get("authorization")
        ok = None if sent is None else sent == self.api_key
        self.log.append(LoggedRequest(now, request.method, request.path, status, ok))

    # What is the case

    def truth(self, project_id: ProjectId, now: float, after: datetime | None = None) -> Truth:
        """Tell what really is the case with a project, to compare with what a client found out.

        Args:
            project_id: The project; an id nobody knows is `TruthKind.MISSING`.
            now: The moment.
            after: Count only renders that ended later than this date of the server's.
        """
        project = self._projects.get(str(project_id))
        return MISSING if project is None else find_truth(project, now, after=after, date=self.date)

    def date(self, at: float) -> datetime:
        """Turn the world's time into a date of the server's, down to whole milliseconds."""
        return self.epoch.astimezone(UTC) + timedelta(milliseconds=math.floor(at * 1000 + 1e-6))

    @property
    def projects(self) -> list[SimProject]:
        """All projects in the order they were added, those not yet or no longer there included."""
        return list(self._projects.values())

    @property
    def templates(self) -> list[SimTemplate]:
        """All templates in the order they were added."""
        return list(self._templates.values())

    @property
    def jobs(self) -> list[tuple[SimProject, Render]]:
        """All render jobs in the order they were planned."""
        return list(self._jobs.values())

    def find_project(self, project_id: ProjectId, now: float) -> SimProject | None:
        """Return the project that has this id at ``now``, whether it is written as text or as a number."""
        project = self._projects.get(str(project_id))
        return project if project is not None and project.exists(now) else None

    def find_template(self, template_id: str) -> SimTemplate | None:
        """Return the template with this id."""
        return self._templates.get(template_id)

    def find_job(self, job_id: str) -> tuple[SimProject, Render] | None:
        """Return the render with this job id, and its project."""
        return self._jobs.get(job_id)

    def find_file(self, path: str) -> tuple[SimProject, Render] | None:
        """Return the render that made the file with this path below the media root, and its project."""
        return self._files.get(path)

    def media(self, project: SimProject, render: Render, origin: str, now: float) -> bodies.Media:
        """Return the addresses of what a render made, as a client at ``origin`` is told at ``now``."""
        return bodies.Media.of(
            project,
            render,
            base=self.media_root(origin),
            generated=self.date(render.ends_at),
            query=self.media_query(now),
        )

    def media_root(self, origin: str) -> str:
        """Return what the addresses of files begin with for a client that came to ``origin``."""
        if self.media_base is None:
            return bodies.MEDIA_HOST
        return f"{origin}{MEDIA_PATH}" if self.media_base == "self" else self.media_base.rstrip("/")

    def template_root(self, origin: str) -> str:
        """Return what the addresses of templates' files begin with for a client that came to ``origin``."""
        return self.media_root(origin) if self.media_base == "self" else bodies.TEMPLATE_HOST

    def template_file(self, path: str) -> bytes | None:
        """Return a template's file by its path below the media root; None where there is no such file."""
        template, kind = self._template_files.get(path, (None, ""))
        return None if template is None else template.file(kind, self.media_sizes.get("json"))

    def media_query(self, now: float) -> str:
        """Return what the addresses of files end with at ``now``."""
        return "" if self.media_base != "self" else expiry_query(self.media_seconds, now)

    def _add_render(self, project: SimProject, render: Render) -> Render:
        job_id = render.job_id or stable_uuid("job", self.seed, project.id, len(project.renders))
        render = attrs.evolve(render, job_id=job_id)
        project.renders.append(render)
        self._jobs[job_id] = (project, render)
        media = bodies.Media.of(project, render, base="", generated=self.date(render.ends_at))
        self._files.update(dict.fromkeys(media.files, (project, render)))
        return render

    def _text_id(self, created_at: float, number: int) -> str:
        return timestamp_id(self.date(created_at), "project", self.seed, number)

    def _integer_id(self, created_at: float) -> int:
        number = math.floor(self.date(created_at).timestamp() * 1000)
        while str(number) in self._projects:
            number += 1
        return number
