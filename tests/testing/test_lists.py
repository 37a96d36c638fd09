"""Pages of lists."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from pictory_async.testing import Render, World
from tests.testing._send import get_json, send


def walk(world: World, path: str, name: str, key_name: str, now: float = 0.0) -> list[list[Any]]:
    """Return the items of each page."""
    pages: list[list[Any]] = []
    query = ""
    while True:
        body = get_json(world, path, now, query=query)
        pages.append(body["items"])
        if body[key_name] is None:
            return pages
        query = f"{name}={quote(body[key_name], safe='')}"


def projects(world: World) -> list[list[Any]]:
    return [[item["id"] for item in page] for page in walk(world, "/v2/projects", "pagekey", "pageKey")]


def test_an_empty_account_has_one_empty_page():
    """Lists of an empty account are empty and have no next page."""
    assert {"items": [], "pageKey": None} == get_json(World(), "/v2/projects")
    assert {"items": [], "nextPageKey": None} == get_json(World(), "/v1/jobs")
    assert {"items": []} == get_json(World(), "/v1/templates")


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_projects_are_listed_newest_first(count, sizes):
    """Every project is on exactly one page, the newest first."""
    world = World(page_size=3)
    ids = [world.add_project(created_at=-100 + number) for number in range(count)]
    pages = projects(world)
    assert sizes == [len(page) for page in pages]
    assert ids[::-1] == [project_id for page in pages for project_id in page]


def test_a_full_last_page_can_be_followed_by_an_empty_one():
    """A server that does not look ahead returns a key for a page without items."""
    world = World(page_size=2, trailing_page=True)
    for number in range(4):
        world.add_project(created_at=-100 + number)
    assert [2, 2, 0] == [len(page) for page in projects(world)]


def test_jobs_are_listed_newest_first_in_pages():
    """Jobs of all projects are in one list, the newest first, even if several have the same time."""
    world = World(page_size=2)
    for number in range(3):
        world.add_project(Render(-100 + number, duration=5), Render(-10, duration=50))
    pages = walk(world, "/v1/jobs", "nextPageKey", "nextPageKey")
    assert [2, 2, 2] == [len(page) for page in pages]
    jobs = [item["data"]["jobId"] for page in pages for item in page]
    assert 6 == len(set(jobs))
    assert ["in-progress"] * 3 + ["completed"] * 3 == [item["data"]["status"] for page in pages for item in page]


def test_nothing_is_skipped_when_projects_are_added_or_deleted():
    """A key still works after its item was deleted and new items were added."""
    world = World(page_size=2)
    ids = [world.add_project(created_at=-100 + number) for number in range(5)]
    first = get_json(world, "/v2/projects")
    world.delete_project(ids[3], 1.0)
    world.add_project(created_at=0.5)
    second = get_json(world, "/v2/projects", 2.0, query=f"pagekey={quote(first['pageKey'], safe='')}")
    assert [ids[2], ids[1]] == [item["id"] for item in second["items"]]


def test_a_page_key_is_json_in_base64():
    """Keys have the form of the documented one."""
    world = World(page_size=1)
    world.add_project(), world.add_project()
    key = get_json(world, "/v2/projects")["pageKey"]
    assert ["lastEvaluatedKey"] == list(json.loads(base64.b64decode(key)))


@pytest.mark.parametrize(
    "key", ["", "nonsense", "e30=", "bm90IGpzb24=", "eyJsYXN0RXZhbHVhdGVkS2V5Ijp7ImlkIjoieCJ9fQ=="]
)
def test_an_unknown_page_key_is_rejected(key):
    """An invented page key leads to a 400 response, in both lists."""
    world = World()
    world.add_project(Render(-10, duration=1))
    assert 400 == send(world, "/v2/projects", query=f"pagekey={quote(key, safe='')}").status
    response = send(world, "/v1/jobs", query=f"nextPageKey={quote(key, safe='')}")
    assert (400, "INVALID_REQUEST") == (response.status, response.json()["code"])
