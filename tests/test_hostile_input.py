"""Whatever is in a setting, in a stored text or in a file of ours: an error of ours, and never one of Python's."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async import (
    AsyncPictory,
    DiskTemplateCache,
    RateLimiter,
    RenderHandle,
    RetryPolicy,
    compare_projects,
    errors,
    verify_backup,
)
from pictory_async._files.ownership import OWNERSHIP, Ownership
from pictory_async._files.publish import Directory
from pictory_async._settings.paths import path_segment
from pictory_async.models import Project
from pictory_async.testing import Answer, Render, Simulator, World
from tests.strategies import json_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HUGE = [10**400, 10**5_000, -(10**400), math.inf, math.nan, 1e400, True, "1", None, [], timedelta(-1), 1j]
SETTINGS: dict[str, Callable[[Any], object]] = {
    "timeout": lambda value: AsyncPictory("pictai_a", timeout=value),
    "unreachable_after": lambda value: AsyncPictory("pictai_a", unreachable_after=value),
    "template_cache": lambda value: AsyncPictory("pictai_a", template_cache=value),
    "ttl": lambda value: DiskTemplateCache("x", ttl=value),
    "rate": RateLimiter,
    "per": lambda value: RateLimiter(5, value),
    "burst": lambda value: RateLimiter(5, burst=value),
    "poll_share": lambda value: RateLimiter(5, poll_share=value),
    "attempts": lambda value: RetryPolicy(attempts=value),
    "backoff": lambda value: RetryPolicy(backoff=value),
    "max_backoff": lambda value: RetryPolicy(max_backoff=value),
    "max_pause": lambda value: RetryPolicy(max_pause=value),
}
NONE_IS_FINE = {"timeout", "unreachable_after", "template_cache", "burst"}


@pytest.mark.parametrize("value", HUGE, ids=range(len(HUGE)))
@pytest.mark.parametrize("setting", SETTINGS)
def test_a_number_beyond_all_bounds_is_refused(setting: str, value: Any) -> None:
    """The error names the setting, and is short."""
    fine = (value is None and setting in NONE_IS_FINE) or (setting == "attempts" and type(value) is int and value > 0)
    if fine:
        SETTINGS[setting](value)
        return
    with pytest.raises(errors.PictoryConfigError, match=setting) as caught:
        SETTINGS[setting](value)
    assert len(str(caught.value)) < 400


def test_many_attempts_have_a_delay() -> None:
    """The wait before a very late retry is not longer than any other."""
    policy = RetryPolicy(attempts=10**6, max_backoff=3.0)
    assert 0.0 <= (policy.delay(errors.ServerError("x", status=503), 10**5) or 0.0) <= 3.0


@pytest.mark.anyio
@pytest.mark.parametrize("value", [10**400, math.inf, math.nan, -1, "1"], ids=["huge", "inf", "nan", "-1", "text"])
async def test_the_times_of_a_wait_are_checked(value: Any) -> None:
    """Each of them, in each call that has it, before anything is sent."""
    simulator = Simulator()
    project_id = simulator.world.add_project()
    async with simulator.client() as client:
        for name in ("max_wait", "interval", "start_grace"):
            with pytest.raises(errors.PictoryConfigError, match=name):
                await client.projects.wait_all(["p"], **{name: value})
            with pytest.raises(errors.PictoryConfigError, match=name):
                await client.projects.wait("p", **{name: value})
        with pytest.raises(errors.PictoryConfigError, match="min_speed"):
            await client.projects.download(project_id, "x", min_speed=value)
    assert [] == simulator.log


@pytest.mark.parametrize("value", [10**5_000, -(10**5_000), 10**300, "x" * 300, True, 1.5, None], ids=range(7))
def test_what_cannot_be_an_id_is_refused(value: Any) -> None:
    """Also numbers that have too many digits for text."""
    with pytest.raises(errors.PictoryConfigError, match="id") as caught:
        path_segment("project", value)
    assert len(str(caught.value)) < 400


def deep(levels: int, inner: str = "1") -> str:
    return '{"a":[' * levels + inner + "]}" * levels


DATES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]


@pytest.mark.parametrize(
    "text",
    [
        deep(100_000),
        "[" * 100_000,
        f'{{"version": {deep(300)}}}',
        f'{{"version": 1, "project_id": {deep(300)}}}',
        f'{{"version": 1, "project_id": "p", "requested_at": {deep(300)}}}',
        f'{{"version": "{"v" * 10**6}"}}',
        f'{{"version": 1, "project_id": "p", "requested_at": "{"v" * 10**6}"}}',
        '{"version": 1e400}',
        '{"version": true, "project_id": "p"}',
        '{"version": 1.0, "project_id": "p"}',
        '{"version": 1, "project_id": 1e400}',
        f'{{"version": 1, "project_id": {"7" * 5_000}}}',
        b"\xff\xfe",
        b"",
        5,
        None,
    ],
    ids=range(16),
)
def test_no_text_breaks_the_reading_of_a_handle(text: Any) -> None:
    """Deep or hostile JSON is no handle, and the error says so shortly."""
    with pytest.raises(errors.PictoryConfigError, match="render handle") as caught:
        RenderHandle.from_json(text)
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


@given(json_values, json_values, json_values)
def test_any_json_is_a_handle_or_refused(project_id: Any, job_id: Any, date: Any) -> None:
    """What is read can be written, and stays the same."""
    raw = {"version": 1, "project_id": project_id, "job_id": job_id, "generated_before": date}
    try:
        handle = RenderHandle.from_json(json.dumps(raw))
    except errors.PictoryConfigError:
        return
    assert handle == RenderHandle.from_json(handle.to_json())


@pytest.mark.anyio
@pytest.mark.parametrize("date", DATES)
async def test_dates_at_the_ends_of_the_calendar(date: str) -> None:
    """They are dates, in a handle and in a response."""
    world = World()
    done = world.add_project(Render(-100.0, duration=50.0), overrides={"generatedDate": date, "saveDate": date})
    text = json.dumps({"version": 1, "project_id": done, "requested_at": date, "generated_before": date})
    async with Simulator(world).client() as client:
        (outcome,) = await client.projects.wait_all([RenderHandle.from_json(text)], max_wait=0.01)
    assert outcome.error is not None


BACKUP: dict[str, Any] = {"version": 1, "templateId": "t", "name": "n", "exportDate": "2026-01-01T00:00:00+00:00"}
MANIFESTS = [
    deep(100_000),
    "[" * 100_000,
    f'{{"version": {deep(300)}}}',
    f'{{"version": "{"v" * 10**6}"}}',
    '{"version": 1e400}',
    f'{{"version": {"7" * 5_000}}}',
    json.dumps(BACKUP)[:-1] + f', "files": {deep(300)}, "absent": []}}',
    json.dumps(BACKUP)[:-1] + ', "files": [{"name": "template.json", "size": 1e400, "sha256": "x"}], "absent": []}',
    json.dumps(BACKUP)[:-1] + f', "files": [], "absent": {deep(300)}}}',
    json.dumps({**BACKUP, "exportDate": DATES[0], "files": [], "absent": ["project.json", "structure.json"]}),
    '"\ud800"',
]


@pytest.mark.anyio
@pytest.mark.parametrize("manifest", MANIFESTS, ids=range(len(MANIFESTS)))
async def test_no_manifest_breaks_a_check(tmp_path: Path, manifest: str) -> None:
    """It is damaged, or of another version; and a new backup does not overwrite it."""
    directory = tmp_path / "backup"
    directory.mkdir()
    (directory / "manifest.json").write_bytes(manifest.encode("utf-8", "surrogatepass"))
    (problem,) = (await verify_backup(directory)).problems
    assert problem.code in {"manifest_damaged", "manifest_version"}
    assert len(problem.message) < 700
    world = World()
    template_id = world.add_template("Hi")
    async with Simulator(world).client() as client:
        with pytest.raises(errors.PictoryConfigError, match="cannot be read"):
            await client.templates.backup(template_id, directory)


@pytest.mark.parametrize("name", ["size", "modified", "inode"])
@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "7" * 5_000, "[]", '"x"', "1e300"])
def test_no_manifest_breaks_a_download(tmp_path: Path, name: str, number: str) -> None:
    """The list of a directory's files counts as damaged, or its numbers fit no file."""
    entry = {"kind": "video", "name": "a.mp4", "edition": {"rendered": None, "address": "a"}}
    numbers = {"size": "1", "modified": "1", "inode": "1", name: number}
    text = json.dumps(entry)[:-1] + "".join(f', "{key}": {value}' for key, value in numbers.items()) + "}"
    (tmp_path / OWNERSHIP).write_text(f'{{"version": 1, "projects": {{"p": {{"stem": "a", "files": [{text}]}}}}}}')
    (tmp_path / "a.mp4").write_bytes(b"x")
    assert Ownership(Directory(tmp_path)).find("p", "video") is None


def test_a_manifest_with_an_impossible_name(tmp_path: Path) -> None:
    """A name that no file can have is damage, too."""
    edition = {"rendered": None, "address": "a"}
    entry = {"kind": "video", "name": "\ud800.mp4", "edition": edition, "size": 1, "modified": 1, "inode": 1}
    (tmp_path / OWNERSHIP).write_text(json.dumps({"version": 1, "projects": {"p": {"stem": "a", "files": [entry]}}}))
    assert Ownership(Directory(tmp_path)).find("p", "video") is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    "change", [{"name": "a" * 5000}, {"name": "ä" * 200}, {"stem": "a" * 5000}, {"stem": "a" * 250}]
)
async def test_a_manifest_with_a_name_that_is_too_long(tmp_path: Path, change: dict[str, str]) -> None:
    """It is damage too, and no download fails because of it, now or later."""
    world = World()
    project_id = str(world.add_project(Render(-100.0, duration=50.0), name="Film"))
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=["txt"])
        manifest = json.loads((tmp_path / OWNERSHIP).read_text())
        mine = manifest["projects"][project_id]
        mine.update((key, value) for key, value in change.items() if key == "stem")
        mine["files"].append({**mine["files"][0], **change})
        (tmp_path / OWNERSHIP).write_text(json.dumps(manifest))
        for _ in range(2):
            found = await client.projects.download(project_id, tmp_path, kinds=["txt", "srt"])
            assert {"txt": "Film (2).txt", "srt": "Film.srt"} == {kind: path.name for kind, path in found.paths.items()}


@pytest.mark.anyio
async def test_a_length_beyond_all_bounds(tmp_path: Path) -> None:
    """A media host that announces a length of thousands of digits cannot break a download."""
    world = World()
    project_id = world.add_project(Render(-100.0, duration=50.0))
    film = Answer(200, {"content-length": "7" * 5_000}, b"film")
    simulator = Simulator(world, faults=lambda request, _: film if request.path.startswith("/media") else None)
    async with simulator.client(retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.DownloadError):
            await client.projects.download(project_id, tmp_path, kinds=["video"])


@pytest.mark.anyio
@pytest.mark.parametrize("cache", [None, 60.0])
async def test_a_template_that_is_nested_deeply(tmp_path: Path, cache: float | None) -> None:
    """It is no template, for whatever it is fetched; one level less is one."""
    world = World()
    too_deep = world.add_template("Hi", overrides={"x": json.loads(deep(50))})
    fine = world.add_template("Hi", overrides={"x": json.loads(deep(49))})
    async with Simulator(world).client(template_cache=cache) as client:
        for _ in range(2):
            with pytest.raises(errors.MalformedResponseError, match="nested too deeply"):
                await client.templates.get(too_deep)
            assert fine == (await client.templates.get(fine)).id
        with pytest.raises(errors.MalformedResponseError):
            await client.templates.backup(too_deep, tmp_path / "a")
        backup = await client.templates.backup(fine, tmp_path / "b")
    assert (await verify_backup(backup.path)).ok


@given(st.recursive(json_values, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)), json_values)
def test_projects_with_anything_in_them_are_compared(one: Any, other: Any) -> None:
    """The numbers of the comparison are JSON, or it is said what is not."""
    projects = [attrs.evolve(Project(id=1), extra={"a": value}) for value in (one, other)]
    found = compare_projects(projects)
    assert () == compare_projects([projects[0]] * 2).differing
    json.dumps(found.to_dict())
    assert all(len(cell) <= 1_000 for row in found.rows() for cell in row)


def test_the_moment_of_a_handle_can_be_any() -> None:
    """Also one that is not a date of this calendar in UTC."""
    for date in DATES:
        handle = RenderHandle.from_json(json.dumps({"version": 1, "project_id": "p", "requested_at": date}))
        assert handle.requested_at is not None
        assert isinstance(datetime.now(UTC) - handle.requested_at, timedelta)
