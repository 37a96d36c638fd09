"""The list of jobs of the simulator: its pages, what its entries show, and how far it is behind."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from pictory_async.testing import JobList, Render, World
from tests.testing._send import get_json


def world_of(count: int, size: int, shape: JobList) -> tuple[World, list[str]]:
    """A world where a render is requested each second, and the ids of their jobs, the newest first."""
    world = World(page_size=size, job_list=shape)
    for second in range(count):
        world.add_project(Render(float(second), duration=20.0))
    return world, [render.job_id for _, render in reversed(world.jobs)]


def pages(world: World, now: float) -> list[list[dict[str, Any]]]:
    """The ``data`` of all entries, page by page."""
    found: list[list[dict[str, Any]]] = []
    key: str | None = ""
    while key is not None:
        query = urlencode({"nextPageKey": key}) if key else ""
        page = get_json(world, "/v1/jobs", now, query=query)
        found.append([item["data"] for item in page["items"]])
        key = page["nextPageKey"]
    return found


@pytest.mark.parametrize(("size", "lengths"), [(10, [10, 10, 5]), (25, [25]), (50, [25]), (1, [1] * 25)])
def test_pages_have_the_newest_jobs_first(size, lengths):
    """In pages of any size, each job once."""
    world, jobs = world_of(25, size, JobList())
    found = pages(world, 30.0)
    assert lengths == [len(page) for page in found]
    assert jobs == [data["jobId"] for page in found for data in page]
    assert {"completed", "in-progress"} == {data["status"] for page in found for data in page}


def test_a_list_can_be_behind():
    """Jobs end in it later than they do, and appear in it later."""
    world, jobs = world_of(3, 50, JobList(behind=5.0, late=2.0))
    assert [] == pages(world, 1.9)[0]
    assert jobs[1:] == [data["jobId"] for data in pages(world, 3.5)[0]]
    assert ["in-progress"] * 3 == [data["status"] for data in pages(world, 24.9)[0]]
    assert ["in-progress", "in-progress", "completed"] == [data["status"] for data in pages(world, 25.5)[0]]


@pytest.mark.parametrize(("shows", "missing"), [("no status", "status"), ("no id", "jobId")])
def test_entries_can_lack_what_is_documented_for_one_sample_only(shows, missing):
    """The status, or the id."""
    world, _ = world_of(3, 50, JobList(shows=shows))
    for data in pages(world, 5.0)[0]:
        assert {"jobId", "status"} - {*data} == {missing}


def test_entries_can_be_missing_and_repeated():
    """A hidden job is on no page, and a page can begin with the last entry of the one before."""
    world, jobs = world_of(5, 2, JobList())
    world.job_list = JobList(hides={jobs[2]}, repeats=True)
    found = [[data["jobId"] for data in page] for page in pages(world, 9.0)]
    assert [[jobs[0], jobs[1]], [jobs[1], jobs[3], jobs[4]]] == found


def test_foreign_jobs_come_in_between_when_they_are_requested():
    """A job that is planned does not exist before its time."""
    world, jobs = world_of(2, 50, JobList())
    other = world.add_job(0.5, seconds=10.0).id
    assert [jobs[1]] == [data["jobId"] for data in pages(world, 0.4)[0]]
    assert [jobs[0], other, jobs[1]] == [data["jobId"] for data in pages(world, 1.5)[0]]
