"""`World`: a simulated Pictory account, as one pure object.

A world has no clock, opens no connection and never waits. Everything that depends on time takes ``now``, in
seconds since the world's start. The same seed always produces the same world.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal

import attrs

from pictory_async.testing import bodies
from pictory_async.testing._account import DEFAULT_API_KEY, Account, SimWebhook
from pictory_async.testing._ids import timestamp_id
from pictory_async.testing._limits import retry_after
from pictory_async.testing._log import LoggedRequest
from pictory_async.testing._media import MEDIA_PATH
from pictory_async.testing._messages import SimRequest, SimResponse
from pictory_async.testing._projects import ProjectId, Render, SimProject
from pictory_async.testing._routes import respond, respond_with_file
from pictory_async.testing._templates import SimTemplate, TemplateScene
from pictory_async.testing._truth import MISSING, Truth, find_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = ["DEFAULT_API_KEY", "World"]

EARLIER_RENDER_SECONDS = 180.0


@attrs.define(kw_only=True)
class World(Account):
    """A Pictory account that exists only in memory.

    Args:
        seed: Ids, URLs and durations that nobody sets are derived from this number.
        epoch: The server's date at the world's start.
        api_key: The only key that is accepted.
        page_size: How many projects or jobs a page of a list has.
        trailing_page: Whether a last page that is exactly full is followed by an empty one.
        unknown_job: The response for a job that does not exist: ``"404"``, or status 200 with the error code
            ``"5000"`` in ``data`` (``"body"``), in ``error`` (``"error"``) or beside ``success`` (``"root"``). All are
            documented.
        missing_fields: Whether the fields of a video that a project does not have are left out or null.
        render_seconds: Shortest and longest duration of a render that is started without one.
        queue_seconds: Shortest and longest time before such a render is picked up.
        render_saves: Whether the end of a render changes the date of the project's last save. It is not documented
            whether it does.
        quota: What the account used and may use, by the names of the API; None: the simulator has no such endpoint.
        limit: The request limit; None accepts all requests.
        media_base: What the URLs of files begin with: of videos, audio, pictures, subtitles and templates. It is an
            address on this machine in any case, so that a test never downloads from the network. ``"self"`` is the
            simulator's own address: all these files can be downloaded. None is an address where nothing listens.
        media_sizes: The size of these files in bytes, by the extension of their name. ``json`` is for the files of
            templates; without it they are as long as their content.
        media_seconds: How many seconds the URL of a file is valid: at least this many, and at most twice as
            many. After that the response is 403, and the project has a new URL. None: the URL is always valid.
        on_video: The renders that the next requests for videos and previews start, one each, with their ``at``
            replaced.
        unfindable: Words with which a search for a background finds nothing; then the job fails.
        job_seconds: How many seconds a job takes that is no render, such as a transcription.
        job_list: How the list of jobs is: what its entries show, and whether it is behind.
        lists: What is in the lists of the API, in the API's form, by the path of the list below ``/v1``, such as
            ``{"brands/video": [{"id": "b", "name": "Mine"}]}``. A list that is not named has a few samples, or nothing.
            ``music/search`` and ``media/search`` are what is found there.

    Attributes:
        log: Every request that arrived, in order.
        webhooks: The jobs that were requested with a webhook; `Webhooks` delivers them.
        uploads: The files that were uploaded, by their name in the store.
        upload_types: Their types, of those too whose upload was only announced.

    Raises:
        ValueError: ``epoch`` has no time zone, or ``media_base`` is not on this machine.
    """

    log: list[LoggedRequest] = attrs.field(init=False, factory=list[LoggedRequest], repr=False)

    def add_project(  # noqa: PLR0913 - each option is one property of a project
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

        All times are seconds of the world's time; negative ones are before the world's start.

        Args:
            renders: Its renders.
            project_id: Its id; derived from the seed if None.
            integer_id: Whether a derived id is an integer, as in projects of the v2 schema.
            name: Its name.
            created_at: When it is created; by default an hour before the world's start, or a minute before its
                first render if that is earlier.
            earlier_video: When an earlier render of it finished, usually a negative number.
            schema_version: ``"v3"``, ``"v2"`` or None; by default the one that fits the type of the id.
            layout: The aspect ratio of its video.
            video_seconds: The duration of its video in seconds.
            scenes: How many scenes its body lists, each about 3 KB; None leaves the list out.
            on_render: The renders that the next calls of the render endpoint start, one each, with their ``at``
                replaced.
            edits: When it is saved again.
            deleted_at: When it is deleted.
            overrides: Values that replace those of its body; `ABSENT` leaves a key out.

        Raises:
            ValueError: A project with this id exists already.
        """
        with self._lock:
            planned = list(renders)
            if earlier_video is not None:
                planned.insert(0, Render(earlier_video - EARLIER_RENDER_SECONDS, duration=EARLIER_RENDER_SECONDS))
            if created_at is None:
                created_at = min([-3600.0, *(render.at - 60.0 for render in planned)])
            number = len(self._projects)
            if project_id is None:
                project_id = self._integer_id(created_at) if integer_id else self._text_id(created_at, number)
            if str(project_id) in self._projects:
                raise ValueError(f"the world already has a project {project_id!r}")
            if schema_version == "by id":
                schema_version = "v2" if isinstance(project_id, int) else "v3"
            project = SimProject(
                id=project_id,
                name=name if name is not None else f"Simulated project {number + 1}",
                created_at=created_at,
                schema_version=schema_version,
                layout=layout,
                video_seconds=video_seconds,
                scenes=scenes,
                on_render=list(on_render),
                edits=list(edits),
                deleted_at=deleted_at,
                render_saves=self.render_saves,
                overrides=dict(overrides or {}),
            )
            self._projects[str(project_id)] = project
            for render in planned:
                self._add_render(project, render)
            return project_id

    def edit_project(self, project_id: ProjectId, at: float) -> None:
        """Save a project again at ``at``; a video that it has is then outdated.

        Raises:
            LookupError: The world has no such project.
        """
        self._projects[str(project_id)].edits.append(at)

    def delete_project(self, project_id: ProjectId, at: float) -> None:
        """Delete a project at ``at``; from then on the response is 404, and lists leave it out.

        Raises:
            LookupError: The world has no such project.
        """
        self._projects[str(project_id)].deleted_at = at

    def add_template(  # noqa: PLR0913 - each option is one property of a template
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
            scenes: Its scenes; a string is a scene with that one subtitle.
            template_id: Its id; derived from the seed if None.
            name: Its name.
            created_at: When it was created, in seconds of the world's time; only derived ids show it.
            language: The language of its texts.
            published: Whether it is published.
            deprecated: Whether it is deprecated.
            schema_version: ``"v3"`` or ``"v2"``.
            music: Whether it has background music.
            voices: Its AI voices.
            variables: The default values of its variables, by name.
            overrides: Values that replace those of its full body; `ABSENT` leaves a key out.

        Raises:
            ValueError: A template with this id exists already.
        """
        with self._lock:
            number = len(self._templates)
            created = self.date(created_at)
            if template_id is None:
                template_id = timestamp_id(created, "template", self.seed, number)
            if template_id in self._templates:
                raise ValueError(f"the world already has a template {template_id!r}")
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
            self.replace_template(template)
            return template_id

    def handle(self, request: SimRequest, now: float) -> SimResponse:
        """Return the response to a request that arrives at ``now``, and record the request in the log."""
        with self._lock:
            # Files are served by another server than the API's: it needs no key and has no limit.
            is_media = self.media_base == "self" and request.path.startswith(f"{MEDIA_PATH}/")
            wait = None if self.limit is None or is_media else self.limit.admit(now)
            if is_media:
                response = respond_with_file(self, request, now)
            elif wait is not None:
                headers = (("retry-after", retry_after(wait)),) if self.limit is not None and self.limit.tells else ()
                response = SimResponse.from_json(bodies.message("Too Many Requests"), status=429, headers=headers)
            elif request.headers.get("authorization") != self.api_key:
                response = SimResponse.from_json(bodies.message("Unauthorized"), status=401)
            else:
                response = respond(self, request, now)
                self._note_webhook(request, response)
            self.record(request, now, response.status)
            return response

    def peek(self, request: SimRequest, now: float) -> SimResponse:
        """Return the response to a request without a key and a limit, and without a trace in the log."""
        with self._lock:
            return respond(self, request, now)

    def _note_webhook(self, request: SimRequest, response: SimResponse) -> None:
        if request.method == "GET" or response.status != 200 or b'"webhook"' not in request.body:  # noqa: PLR2004
            return
        asked: dict[str, Any] = json.loads(request.body)
        if isinstance(asked.get("webhook"), str):
            extra = {"webhookInput": asked["webhookInput"]} if "webhookInput" in asked else {}
            self.webhooks[response.json()["data"]["jobId"]] = SimWebhook(asked["webhook"], extra)

    def record(self, request: SimRequest, now: float, status: int | None) -> None:
        """Add a request to the log; `handle` calls this."""
        sent = request.headers.get("authorization")
        ok = None if sent is None else sent == self.api_key
        self.log.append(LoggedRequest(now, request.method, request.path, status, ok))

    def truth(self, project_id: ProjectId, now: float, after: datetime | None = None) -> Truth:
        """Return the true state of a project, to compare it with what a client reports.

        Args:
            project_id: The project; `TruthKind.MISSING` if it does not exist.
            now: The moment, in seconds of the world's time.
            after: Count only renders that ended later than this date of the server.
        """
        project = self._projects.get(str(project_id))
        return MISSING if project is None else find_truth(project, now, after=after, date=self.date)

    def _text_id(self, created_at: float, number: int) -> str:
        return timestamp_id(self.date(created_at), "project", self.seed, number)

    def _integer_id(self, created_at: float) -> int:
        number = math.floor(self.date(created_at).timestamp() * 1000)
        while str(number) in self._projects:
            number += 1
        return number
