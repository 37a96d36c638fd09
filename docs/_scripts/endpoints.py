"""Write the table of `docs/endpoints.md`: every documented endpoint, the call that requests it, and the command.

Nothing of it is believed: each call is made on a client of the simulator, whose log shows which endpoints it requests.
Which calls a command makes is read in its code. A test fails if the page is not what this script makes.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import attrs

from pictory_async import AsyncPictory, Ledger
from pictory_async._settings.paths import described
from pictory_async.cli._app import _COMMANDS
from pictory_async.testing import Render, Simulator, SimVideo, World, virtual_time
from pictory_async.video import VideoRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable, Iterator

PAGE: Final = Path(__file__).parent.parent / "endpoints.md"
DOCS: Final = "https://docs.pictory.ai/api-reference"
MARKS: Final = ("<!-- endpoints -->\n", "<!-- /endpoints -->\n")
CHOICES: Final = {"GET /v2/projects", "GET /v1/templates"}
"""What a command may request besides, to find what it is to work on."""

UPLOAD: Final = "PUT the address to upload to"

# What is documented, with its page if that is known; legacy endpoints are left out. `{id}` stands for any id.
ENDPOINTS: Final = {
    "Projects": {
        "GET /v2/projects": "projects/get-projects",
        "GET /v2/projects/{id}": "projects/get-project-by-id",
        "PUT /v2/projects/{id}": "projects/update-project",
        "DELETE /v2/projects/{id}": "projects/delete-project",
        "POST /v2/projects/{id}/render": "videos/render-project",
    },
    "Videos": {
        "POST /v2/video/storyboard": "videos/create-storyboard-preview",
        "PUT /v2/video/storyboard/{id}/elements": "video-storyboard/update-storyboard-elements",
        "PUT /v2/video/render/{id}": "videos/render-from-preview",
        "POST /v2/video/render": "videos/render-video",
        "POST /v2/video/storyboard/render": "videos/render-storyboard-video",
    },
    "Jobs": {
        "GET /v1/jobs": "jobs/get-jobs",
        "GET /v1/jobs/{id}": "jobs/get-job-by-id",
        "DELETE /v1/jobs/{id}/clean": "jobs/clean-job",
    },
    "Templates": {
        "GET /v1/templates": "templates/get-templates",
        "POST /v1/templates": "templates/create-template",
        "GET /v1/templates/{id}": "templates/get-template-by-id",
        "PUT /v1/templates/{id}": "templates/update-template",
        "DELETE /v1/templates/{id}": "templates/delete-template",
    },
    "Transcripts": {
        "POST /v2/transcription": "transcription/video-transcription",
        "POST /v2/transcription/{id}/highlights": "transcription/generate-highlights-from-job",
        "POST /v2/transcription/highlights": "transcription/generate-highlights-from-transcript",
    },
    "Media": {
        "POST /v1/media/generateurl": "media-management/generate-signed-url",
        UPLOAD: "media-management/generate-signed-url",
        "GET /v1/media/search": "media-management/search-media",
    },
    "AI Studio": {
        "POST /v1/aistudio/images": "ai-studio/generate-image",
        "GET /v1/aistudio/images": "ai-studio/get-images",
        "POST /v1/aistudio/videos": "ai-studio/generate-video",
        "GET /v1/aistudio/videos": "ai-studio/get-videos",
    },
    "Account": {
        "GET /v1/quota": "account/get-quota",
        "GET /v1/aicredits/usage": "account/get-aicredits-usage",
    },
    "Looks and voices": {
        "GET /v1/avatars": "avatars/get-avatars",
        "GET /v1/brands/video": "branding/get-video-brands",
        "GET /v1/styles": "branding/get-text-styles",
        "GET /v1/smartlayouts": "smartlayouts/get-smart-layouts",
        "GET /v1/voiceovers/tracks": "voiceovers/get-voiceover-tracks",
        "POST /v1/voiceovers/tracks": "voiceovers/add-voiceover-track",
    },
    "Music": {
        "POST /v1/music/search": "music-search/search-music",
        "GET /v1/music/moods": "music-search/get-music-moods",
        "GET /v1/music/purposes": "music-search/get-music-purposes",
        "GET /v1/music/genres": "music-search/search-music",
        "GET /v1/music/genres/groups": "music-search/search-music",
        "GET /v1/music/instruments": "music-search/search-music",
    },
    "Connections": {
        "POST /v1/awsconnections": "aws-integration/aws-private-connection",
        "GET /v1/awsconnections": "aws-integration/get-aws-connections",
        "GET /v1/awsconnections/{id}": "aws-integration/get-aws-connection-by-id",
        "PUT /v1/awsconnections/{id}": "",
        "DELETE /v1/awsconnections/{id}": "",
        "POST /v1/vimeo-connections": "vimeo-integration/create-vimeo-connection",
        "GET /v1/vimeo-connections": "vimeo-integration/get-vimeo-connections",
        "GET /v1/vimeo-connections/{id}": "vimeo-integration/get-vimeo-connection-by-id",
        "PUT /v1/vimeo-connections/{id}": "",
        "DELETE /v1/vimeo-connections/{id}": "",
    },
}


class Ids:
    """What the calls are made with, in a simulated account that has one of each."""

    def __init__(self, world: World, directory: Path) -> None:
        self.project = str(world.add_project(earlier_video=-60.0))
        self.template = world.add_template("Hi {{Name}}")
        self.job = world.add_job(-100.0).id
        self.spoken = world.add_job(-100.0, result={"transcript": [{"words": [{"word": "Hi", "end_time": 1}]}]}).id
        entry = {"connectionId": "c", "name": "N", "version": 1}
        world.lists |= {"awsconnections": [{**entry}], "vimeo-connections": [{**entry}]}
        made = SimVideo(id="p", name="N", created_at=-200.0, is_preview=True)
        self.preview = world.add_video(made, Render(-200.0, duration=1.0)).job_id
        self.element = {"id": "e", "elementType": "SceneText", "type": "text", "startTime": 0, "duration": 1}
        self.ledger = directory / "ledger"
        self.file = directory / "talk.mp4"
        self.file.write_bytes(b"video")


async def _render_all(client: AsyncPictory, ids: Ids) -> None:
    with contextlib.closing(Ledger(ids.ledger)) as ledger:
        async with client.projects.render_all([ids.project], ledger=ledger, wait=False, force=True) as batch:
            await _all(batch)


async def _make_all(client: AsyncPictory, ids: Ids) -> None:
    with contextlib.closing(Ledger(ids.ledger)) as ledger:
        async with client.videos.make_all([REQUEST], ledger=ledger, wait=False) as batch:
            await _all(batch)


async def _update_project(client: AsyncPictory, ids: Ids) -> None:
    await client.projects.update(attrs.evolve(await client.projects.get(ids.project), name="M"))


async def _update_aws(client: AsyncPictory) -> None:
    await client.aws_connections.update(await client.aws_connections.get("c"), name="M")


async def _update_vimeo(client: AsyncPictory) -> None:
    await client.vimeo_connections.update(await client.vimeo_connections.get("c"), name="M")


async def _all(items: AsyncIterable[object]) -> None:
    async for _ in items:
        pass


REQUEST: Final = VideoRequest.from_dict(
    {"videoName": "N", "scenes": [{"story": "Hi."}], "voiceOver": {"enabled": False}}
)
_SENTENCES: Final = [{"text": "Hi", "start": 0, "end": 1, "words": []}]

CALLS: Final[dict[str, Callable[[AsyncPictory, Ids], Awaitable[object]]]] = {
    "projects.list": lambda client, _: _all(client.projects.list()),
    "projects.get": lambda client, ids: client.projects.get(ids.project),
    "projects.update": _update_project,
    "projects.delete": lambda client, ids: client.projects.delete(ids.project),
    "projects.render": lambda client, ids: client.projects.render(ids.project),
    "projects.render_all": _render_all,
    "videos.render": lambda client, _: client.videos.render(REQUEST),
    "videos.make_all": _make_all,
    "videos.preview": lambda client, _: client.videos.preview(REQUEST),
    "videos.update_elements": lambda client, ids: client.videos.update_elements(ids.preview, [ids.element]),
    "videos.render_preview": lambda client, ids: client.videos.render_preview(ids.preview),
    "videos.render_params": lambda client, ids: client.videos.render_params({"elements": [ids.element]}),
    "jobs.list": lambda client, _: _all(client.jobs.list()),
    "jobs.get": lambda client, ids: client.jobs.get(ids.job),
    "jobs.clean": lambda client, ids: client.jobs.clean(ids.job),
    "templates.list": lambda client, _: _all(client.templates.list()),
    "templates.get": lambda client, ids: client.templates.get(ids.template),
    "templates.create": lambda client, _: client.templates.create(b'{"projectName": "N"}'),
    "templates.update": lambda client, ids: client.templates.update(ids.template, [{"text": "Hi"}]),
    "templates.delete": lambda client, ids: client.templates.delete(ids.template),
    "transcripts.start": lambda client, _: client.transcripts.start("https://a.example/talk.mp4"),
    "transcripts.start_highlights": lambda client, ids: client.transcripts.start_highlights(ids.spoken, seconds=1),
    "transcripts.start_highlights ": lambda client, _: client.transcripts.start_highlights(
        _SENTENCES, seconds=1, duration=1.0
    ),
    "media.upload_url": lambda client, _: client.media.upload_url("talk.mp4", "video/mp4"),
    "media.upload": lambda client, ids: client.media.upload(ids.file),
    "media.search": lambda client, _: _all(client.media.search("lighthouse")),
    "ai_images.start": lambda client, _: client.ai_images.start("A lighthouse"),
    "ai_images.list": lambda client, _: _all(client.ai_images.list()),
    "ai_videos.start": lambda client, _: client.ai_videos.start("A lighthouse"),
    "ai_videos.list": lambda client, _: _all(client.ai_videos.list()),
    "account.quota": lambda client, _: client.account.quota(),
    "account.ai_credits": lambda client, _: _all(client.account.ai_credits()),
    "avatars.list": lambda client, _: _all(client.avatars.list()),
    "brands.list": lambda client, _: _all(client.brands.list()),
    "text_styles.list": lambda client, _: _all(client.text_styles.list()),
    "smart_layouts.list": lambda client, _: _all(client.smart_layouts.list()),
    "voices.list": lambda client, _: _all(client.voices.list()),
    "voices.add": lambda client, _: client.voices.add("N", service="aws", voice_id="v", language="en-US"),
    "music.search": lambda client, _: _all(client.music.search()),
    "music.moods": lambda client, _: _all(client.music.moods()),
    "music.purposes": lambda client, _: _all(client.music.purposes()),
    "music.genres": lambda client, _: _all(client.music.genres()),
    "music.genre_groups": lambda client, _: _all(client.music.genre_groups()),
    "music.instruments": lambda client, _: _all(client.music.instruments()),
    "aws_connections.create": lambda client, _: client.aws_connections.create(
        "O", aws_account_id="1", aws_region="us-east-2"
    ),
    "aws_connections.list": lambda client, _: _all(client.aws_connections.list()),
    "aws_connections.get": lambda client, _: client.aws_connections.get("c"),
    "aws_connections.update": lambda client, _: _update_aws(client),
    "aws_connections.delete": lambda client, _: client.aws_connections.delete("c"),
    "vimeo_connections.create": lambda client, _: client.vimeo_connections.create(
        "O",
        client_identifier="i",
        client_secret="secret",  # noqa: S106 - of a simulated account
        access_token="token",  # noqa: S106 - the same
    ),
    "vimeo_connections.list": lambda client, _: _all(client.vimeo_connections.list()),
    "vimeo_connections.get": lambda client, _: client.vimeo_connections.get("c"),
    "vimeo_connections.update": lambda client, _: _update_vimeo(client),
    "vimeo_connections.delete": lambda client, _: client.vimeo_connections.delete("c"),
}
"""Every call, made in a simple way. A call that requests two endpoints by its arguments has a second entry."""


def requested() -> dict[str, frozenset[str]]:
    """Return the endpoints that each call requests."""
    with tempfile.TemporaryDirectory() as directory, asyncio.Runner(loop_factory=virtual_time) as runner:
        return runner.run(_requested(Path(directory)))


async def _requested(directory: Path) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for number, (name, call) in enumerate(CALLS.items()):
        world = World(job_seconds=0.0)
        place = directory / str(number)
        place.mkdir()
        ids = Ids(world, place)
        async with Simulator(world).client() as client:
            await call(client, ids)
        bad = [one for one in world.log if one.status is None or one.status >= 400]  # noqa: PLR2004 - errors
        if bad:
            raise RuntimeError(f"{name} made a request that failed: {bad}")
        found[name] = frozenset(_endpoint(one.method, one.path) for one in world.log)
    return found


def _endpoint(method: str, path: str) -> str:
    if path.startswith("/media/"):
        return UPLOAD
    template, _, _ = described(path.removeprefix("/pictoryapis"))
    return f"{method} {'/'.join('{id}' if part.startswith('{') else part for part in template.split('/'))}"


def commands() -> dict[str, frozenset[str]]:
    """Return the calls that the code of each command makes."""
    found: dict[str, frozenset[str]] = {}
    for command, place in _COMMANDS.items():
        module, _, name = place.partition(":")
        found[command] = frozenset(_calls(f"pictory_async.cli.commands.{module}", name, set()))
    return found


def _calls(module: str, name: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    """The calls in a function or class, and in what it uses of the command's own code."""
    if (module, name) in seen:
        return
    seen.add((module, name))
    defined, imported = _names(module)
    if name in imported:
        yield from _calls(*imported[name], seen)
        return
    for node in ast.walk(defined[name]) if name in defined else ():
        match node:
            case ast.Attribute(attr=method, value=ast.Attribute(attr=group)) if f"{group}.{method}" in CALLS:
                yield f"{group}.{method}"
            case ast.Name(id=used) if used in defined or used in imported:
                yield from _calls(module, used, seen)
            case _:
                pass


@cache
def _names(module: str) -> tuple[dict[str, ast.AST], dict[str, tuple[str, str]]]:
    """What a module defines, and what it imports from other modules of the command."""
    source = Path(cast("str", import_module(module).__file__)).read_text(encoding="utf-8")
    defined: dict[str, ast.AST] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                defined[name] = node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                defined[name] = node
            case ast.ImportFrom(module=str(source_module), names=names) if source_module.startswith(
                "pictory_async.cli"
            ):
                imported |= {one.asname or one.name: (source_module, one.name) for one in names}
            case _:
                pass
    return defined, imported


def table() -> str:
    """Return the table: for each endpoint the call and the command that request the least besides."""
    calls = requested()
    used = {name: frozenset().union(*map(calls.__getitem__, made)) for name, made in commands().items()}
    lines = ["| Endpoint | Call | Command |", "|---|---|---|"]
    for section, endpoints in ENDPOINTS.items():
        lines.append(f"| **{section}** | | |")
        for endpoint, page in endpoints.items():
            call, command = _least(endpoint, calls), _least(endpoint, used)
            shown = "" if call is None else f"`client.{call.strip()}`"
            linked = f"[`{endpoint}`]({DOCS}/{page})" if page else f"`{endpoint}`"
            lines.append(f"| {linked} | {shown} | {f'`pictory {command}`' if command else ''} |")
    return "".join(f"{line}\n" for line in lines)


def _least(endpoint: str, found: dict[str, frozenset[str]]) -> str | None:
    names = [name for name, endpoints in found.items() if endpoint in endpoints]
    return min(names, key=lambda name: len(found[name] - CHOICES), default=None)


def page(text: str) -> str:
    """Return the text of the page with the table in its place."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return "".join([before, MARKS[0], "\n", table(), "\n", MARKS[1], after])


if __name__ == "__main__":
    new = page(PAGE.read_text(encoding="utf-8"))
    if "--check" in sys.argv:
        raise SystemExit(PAGE.read_text(encoding="utf-8") != new)
    PAGE.write_text(new, encoding="utf-8")
