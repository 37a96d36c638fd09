"""Backups of templates: whole or not taken for whole."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import AsyncPictory, RateLimiter, RetryPolicy, errors, verify_backup
from pictory_async._files.staging import Staging
from pictory_async.testing import ABSENT, Answer, Reset, Simulator, Truncate, World
from tests._templates import change

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest

pytestmark = pytest.mark.anyio

SIZE = 3_000_000
NAMES = ["manifest.json", "project.json", "structure.json", "template.json"]


@pytest.fixture
def world() -> World:
    return World(media_base="self")


@pytest.fixture
def simulator(world: World) -> Simulator:
    return Simulator(world)


@pytest.fixture
def template_id(world: World) -> str:
    return world.add_template("Hi {{Name}} ☕", name="Greeting", variables={"Name": "NAME"})


def client_of(simulator: Simulator, **options: Any) -> AsyncPictory:
    """Make a client that tries again soon."""
    settings = {"limiter": RateLimiter(10_000, 1.0, 1000), "retry": RetryPolicy(backoff=0.001)}
    return simulator.client(**{**settings, **options})


def on(end: str, *faults: Fault | None) -> Callable[[SimRequest, float], Fault | None]:
    """Let faults hit the first requests whose path has ``end`` in it, in order."""
    waiting = iter(faults)
    return lambda request, _now: next(waiting, None) if end in request.path else None


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_a_backup_has_everything(world: World, simulator: Simulator, template_id: str, tmp_path: Path) -> None:
    """The details with their date, the two files, and a manifest with the size and the hash of each."""
    path = tmp_path / "new" / "backup"
    async with client_of(simulator) as client:
        template = await client.templates.get(template_id)
        backup = await client.templates.backup(template_id, path)
    assert NAMES == names(path)
    details = json.loads((path / "template.json").read_text(encoding="utf-8"))
    assert template.to_dict() == details["templateData"]
    moment = datetime.fromisoformat(details["exportDate"])
    assert timedelta() == moment.utcoffset()
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    assert (1, template_id, "Greeting", details["exportDate"], []) == tuple(
        manifest[key] for key in ("version", "templateId", "name", "exportDate", "absent")
    )
    for file in manifest["files"]:
        content = (path / file["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"])
    assert template_id == json.loads((path / "project.json").read_bytes())["templateId"]
    check = await verify_backup(path)
    assert (True, (), backup) == (check.ok, check.problems, check.backup)
    assert {"path": str(path), **manifest} == backup.to_dict()
    assert {"path": str(path), "ok": True, "backup": backup.to_dict(), "problems": []} == check.to_dict()


async def test_the_key_is_not_sent_to_the_files_host(simulator: Simulator, template_id: str, tmp_path: Path) -> None:
    """Requests for the two files carry no key."""
    async with client_of(simulator) as client:
        await client.templates.backup(template_id, tmp_path)
    sent = [entry.authorization_ok for entry in simulator.log if entry.path.startswith("/media/")]
    assert [None, None] == sent


async def test_a_file_of_the_user_s_own_stays(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """A file that the template did not have is not the backup's, even if it has its name."""
    change(world, template_id, structure=None)
    async with client_of(simulator) as client:
        await client.templates.backup(template_id, tmp_path)
        (tmp_path / "structure.json").write_text("mine")
        with pytest.raises(errors.PictoryConfigError, match=r"contains a structure\.json that does not belong"):
            await client.templates.backup(template_id, tmp_path)
    assert "mine" == (tmp_path / "structure.json").read_text()


async def test_another_template_is_not_backed_up(simulator: Simulator, template_id: str, tmp_path: Path) -> None:
    """A response about another template is an error, as it is for projects and jobs."""
    simulator.faults = lambda _request, _now: Answer(200, {}, b'{"templateId": "other", "name": "x", "scenes": []}')
    async with client_of(simulator) as client:
        with pytest.raises(errors.MalformedResponseError, match="another template, 'other'") as caught:
            await client.templates.backup(template_id, tmp_path / "new")
    assert "$.templateId" == caught.value.json_path
    assert not (tmp_path / "new" / "manifest.json").exists()


@pytest.mark.parametrize("value", [ABSENT, None, ""])
async def test_a_file_that_the_template_does_not_have_is_noted(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path, value: Any
) -> None:
    """The backup is whole without it, and an older one of it does not stay."""
    async with client_of(simulator) as client:
        await client.templates.backup(template_id, tmp_path)
        change(world, template_id, structure=value)
        backup = await client.templates.backup(template_id, tmp_path)
    assert ("structure.json",) == backup.absent
    assert [name for name in NAMES if name != "structure.json"] == names(tmp_path)
    assert (await verify_backup(tmp_path)).ok


@pytest.mark.parametrize(
    "faults", [[Truncate(1_500_000)], [Reset(), Answer(503), Truncate(0)], [Truncate(2_000_000, reset=True)]]
)
async def test_a_file_that_is_cut_goes_on(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path, faults: list[Fault]
) -> None:
    """Whatever cuts it, the file ends up right."""
    world.media_sizes = {"json": SIZE}
    simulator.faults = on("/project_templates/", *faults)
    async with client_of(simulator) as client:
        backup = await client.templates.backup(template_id, tmp_path)
    template = world.find_template(template_id)
    assert template is not None
    assert template.file("project", SIZE) == (tmp_path / "project.json").read_bytes()
    assert [SIZE, SIZE] == [file.size for file in backup.files[1:]]


async def test_a_backup_that_was_cut_goes_on(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """It does not look complete, and the next call fetches only what is missing."""
    world.media_sizes = {"json": SIZE}
    simulator.faults = on("/project_templates/", Truncate(2_000_000))
    async with client_of(simulator, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.DownloadError, match=r"the project file of template .* stopped at") as caught:
            await client.templates.backup(template_id, tmp_path)
        assert 0 < caught.value.done < SIZE
        assert ["manifest_missing"] == [problem.code for problem in (await verify_backup(tmp_path)).problems]
        ranges: list[str] = []
        simulator.faults = lambda request, _now: ranges.append(
            request.headers.get("range", "") if "/project_templates/" in request.path else ""
        )
        await client.templates.backup(template_id, tmp_path)
    assert [f"bytes={caught.value.done}-"] == [one for one in ranges if one]
    assert NAMES == names(tmp_path)
    assert (await verify_backup(tmp_path)).ok


async def test_a_cancelled_backup_does_not_look_whole(simulator: Simulator, template_id: str, tmp_path: Path) -> None:
    """A backup that is cancelled leaves the directory to the next call."""
    simulator.latency = 5.0
    async with client_of(simulator) as client:
        with anyio.move_on_after(0.05):
            await client.templates.backup(template_id, tmp_path)
        assert not (await verify_backup(tmp_path)).ok
        simulator.latency = 0.0
        await client.templates.backup(template_id, tmp_path)
    assert (await verify_backup(tmp_path)).ok


async def test_a_new_backup_replaces_the_old_when_it_is_whole(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """Until then the old one stays as it is; other files of the directory are left alone."""
    async with client_of(simulator, retry=RetryPolicy(attempts=1)) as client:
        first = await client.templates.backup(template_id, tmp_path)
        (tmp_path / "notes.txt").write_text("mine")
        change(world, template_id, name="Other")
        simulator.faults = on("/project_template_structures/", Reset())
        with pytest.raises(errors.DownloadError):
            await client.templates.backup(template_id, tmp_path)
        check = await verify_backup(tmp_path)
        assert (True, first) == (check.ok, check.backup)
        second = await client.templates.backup(template_id, tmp_path)
    assert "Other" == second.name
    assert sorted([*NAMES, "notes.txt"]) == names(tmp_path)
    assert (await verify_backup(tmp_path)).backup == second


@pytest.mark.parametrize("moves", range(5))
async def test_a_move_that_was_cut_is_finished_by_the_next_backup(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path, moves: int
) -> None:
    """Wherever the move was cut off, what is there is not taken for whole, and nothing of it is lost."""
    old, new = tmp_path / "old", tmp_path / "new"
    async with client_of(simulator) as client:
        await client.templates.backup(template_id, old)
        change(world, template_id, name="Other")
        await client.templates.backup(template_id, new)
        # As a program leaves it that is killed after so many of the four steps.
        staging = Staging(old, template_id)
        staging.path.mkdir()
        for number, name in enumerate(["template.json", "project.json", "structure.json", "manifest.json"]):
            (new / name).rename((old if number < moves else staging.path) / name)
        assert (moves in {0, 4}) is (await verify_backup(old)).ok
        # The template is gone from the account, so that the next backup fails; it finishes the move all the same.
        simulator.faults = lambda *_: Answer(404, {"content-type": "application/json"}, b"{}")
        with pytest.raises(errors.NotFoundError):
            await client.templates.backup(template_id, old)
    check = await verify_backup(old)
    assert (True, "Other") == (check.ok, check.backup.name if check.backup else None)


async def test_a_first_backup_that_was_cut_in_its_move_is_no_foreign_directory(
    simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """Files without a manifest are known by the manifest that waits to be moved."""
    async with client_of(simulator) as client:
        await client.templates.backup(template_id, tmp_path)
        staging = Staging(tmp_path, template_id)
        staging.path.mkdir()
        (tmp_path / "manifest.json").rename(staging.path / "manifest.json")
        await client.templates.backup(template_id, tmp_path)
    assert NAMES == names(tmp_path)


async def test_an_expired_address_is_read_again_once(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """Both files share one new fetch of the template."""
    refused: set[str] = set()

    def expire(request: SimRequest, _now: float) -> Fault | None:
        if not request.path.startswith("/media/") or request.path in refused:
            return None
        refused.add(request.path)
        return Answer(403)

    simulator.faults = expire
    async with client_of(simulator) as client:
        await client.templates.backup(template_id, tmp_path)
        simulator.faults = on("/media/", *[Answer(403)] * 9)
        with pytest.raises(errors.DownloadError, match=r"rejects the .* file of template .* with status 403"):
            await client.templates.backup(template_id, tmp_path)
    paths = [entry.path for entry in simulator.log]
    assert 4 == sum(path.endswith(f"/v1/templates/{template_id}") for path in paths)


async def test_a_backup_is_of_the_template_as_it_is_now(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """A cache is passed by."""
    async with client_of(simulator, template_cache=3600) as client:
        await client.templates.get(template_id)
        change(world, template_id, name="Other")
        assert "Other" == (await client.templates.backup(template_id, tmp_path)).name


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://s3.invalid/x.json", "https://a:b@s3.invalid/x.json"])
async def test_addresses_that_must_not_be_fetched_are_refused(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path, url: str
) -> None:
    """Only encrypted web addresses without credentials are fetched."""
    change(world, template_id, project=url)
    async with client_of(simulator) as client:
        with pytest.raises(errors.DownloadError, match="is not used"):
            await client.templates.backup(template_id, tmp_path)


async def test_directories_of_others_are_refused(
    world: World, simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """A backup goes to an empty directory or replaces its own kind, and that is told before anything is sent."""
    other = world.add_template("Bye")
    (tmp_path / "file").write_text("x")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "photo.jpg").write_text("x")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "manifest.json").write_text("{")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    async with client_of(simulator) as client:
        await client.templates.backup(other, tmp_path / "other")
        before = len(simulator.log)
        for name, problem in [
            ("file", "is a file"),
            ("foreign", "is not empty"),
            ("damaged", "cannot be read"),
            ("other", "another template"),
            ("loop", "cannot be used"),
            ("a\0b", "cannot be the path"),
        ]:
            with pytest.raises(errors.PictoryConfigError, match=problem):
                await client.templates.backup(template_id, tmp_path / name)
        for path in ("", None, 5):
            unusable: Any = path
            with pytest.raises(errors.PictoryConfigError, match="path"):
                await client.templates.backup(template_id, unusable)
        with pytest.raises(
            errors.PictoryConfigError, match=r"cannot be a template id. Pass the id that the API has for it: 1 to 256"
        ):
            await client.templates.backup("..", tmp_path / "new")
    assert before == len(simulator.log)
    assert (await verify_backup(tmp_path / "other")).ok


async def test_one_backup_at_a_time(simulator: Simulator, template_id: str, tmp_path: Path) -> None:
    """Of two at once into one directory, the later one is told so."""
    pytest.importorskip("fcntl", reason="Windows has no file locks of this kind")
    staging = Staging(tmp_path, template_id)
    await anyio.to_thread.run_sync(staging.open)
    with contextlib.closing(staging):
        async with client_of(simulator) as client:
            with pytest.raises(errors.DownloadError, match="Another process"):
                await client.templates.backup(template_id, tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a POSIX system")
async def test_a_disk_that_refuses_is_a_clear_error(simulator: Simulator, template_id: str, tmp_path: Path) -> None:
    """A directory that cannot be made is named."""
    (tmp_path / "file").write_text("in the way")
    async with client_of(simulator) as client:
        with pytest.raises((errors.DownloadError, errors.PictoryConfigError), match="file"):
            await client.templates.backup(template_id, tmp_path / "file" / "backup")


async def test_a_file_in_the_way_is_a_clear_error(simulator: Simulator, template_id: str, tmp_path: Path) -> None:
    """If the directory for unfinished files cannot be made, the error says why."""
    Staging(tmp_path, template_id).path.write_text("in the way")
    async with client_of(simulator) as client:
        with pytest.raises(errors.DownloadError, match=r"^Cannot write a backup to .*: File exists\.") as caught:
            await client.templates.backup(template_id, tmp_path)
    assert errno.EEXIST == caught.value.errno


async def test_a_template_that_cannot_be_fetched_is_the_api_s_error(
    simulator: Simulator, template_id: str, tmp_path: Path
) -> None:
    """A failed request is not reported as a failed write."""
    simulator.faults = on("/v1/templates/", Reset())
    async with client_of(simulator, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.ConnectionFailedError, match="GET /v1/templates/"):
            await client.templates.backup(template_id, tmp_path)
    assert [] == names(tmp_path)


async def test_a_template_that_is_not_there_leaves_nothing(simulator: Simulator, tmp_path: Path) -> None:
    """No directory is made for it."""
    async with client_of(simulator) as client:
        with pytest.raises(errors.NotFoundError):
            await client.templates.backup("unknown", tmp_path / "backup")
    assert [] == names(tmp_path)


async def test_odd_texts_survive(simulator: Simulator, tmp_path: Path) -> None:
    """Halves of characters, which JSON can hold and UTF-8 cannot, are written and read again."""
    body = json.dumps({"templateId": "t", "name": "\ud800 ü"}).encode()
    simulator.faults = lambda *_: Answer(200, {"content-type": "application/json"}, body)
    async with client_of(simulator) as client:
        backup = await client.templates.backup("t", tmp_path)
    check = await verify_backup(tmp_path)
    assert (True, "\ud800 ü", backup) == (check.ok, backup.name, check.backup)
    assert "\ud800 ü" == json.loads((tmp_path / "template.json").read_bytes())["templateData"]["name"]
