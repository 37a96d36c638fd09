"""Lists in pages."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from pictory_async.testing import Render, World
from tests.testing._send import ask, read


def walk(world: World, path: str, name: str, answer_name: str, now: float = 0.0) -> list[list[Any]]:
    """Return the items of each page."""
    pages: list[list[Any]] = []
    query = ""
    while True:
        body = read(world, path, now, query=query)
        pages.append(body["items"])
        if body[answer_name] is None:
            return pages
        query = f"{name}={quote(body[answer_name], safe='')}"


def projects(world: World) -> list[list[Any]]:
    return [[item["id"] for item in page] for page in walk(world, "/v2/projects", "pagekey", "pageKey")]


def test_an_empty_account_has_one_empty_page():
    """Lists of an empty account are empty and have no next page."""
    assert {"items": [], "pageKey": None} == read(World(), "/v2/projects")
    assert {"items": [], "nextPageKey": None} == read(World(), "/v1/jobs")
    assert {"items": []} == read(World(), "/v1/templates")


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_projects_are_listed_newest_first(count, sizes):
    """Every project is on exactly one page, the newest first."""
    world = World(page_size=3)
    ids = [world.add_project(created_at=-100 + number) for number in range(count)]
    pages = projects(world)
    assert sizes == [len(page) for page in pages]
    assert ids[::-1] == [project_id for page in pages for project_id in page]


def test_a_full_last_page_can_be_followed_by_an_empty_one():
    """A server that does not look ahead gives a key to a page without items."""
    world = World(page_size=2, trailing_page=True)
    for number in range(4):
        world.add_project(created_at=-100 + number)
    assert [2, 2, 0] == [len(page) for page in projects(world)]


def test_jobs_are_listed_newest_first_in_pages():
    """Jobs of all projects are mixed, the newest first; equal times are no obstacle."""
    world = World(page_size=2)
    for number in range(3):
        world.add_project(Render(-100 + number, duration=5), Render(-10, duration=50))
    pages = walk(world, "/v1/jobs", "nextPageKey", "nextPageKey")
    assert [2, 2, 2] == [len(page) for page in pages]
    jobs = [item["data"]["jobId"] for page in pages for item in page]
    assert 6 == len(set(jobs))
    assert ["in-progress"] * 3 + ["completed"] * 3 == [item["data"]["status"] for page in pages for item in page]


def test_nothing_is_skipped_while_projects_come_and_go():
    """A key still leads on after the item it names was deleted and new ones were added."""
    world = World(page_size=2)
    ids = [world.add_project(created_at=-100 + number) for number in range(5)]
    first = read(world, "/v2/projects")
    world.delete_project(ids[3], 1.0)
    world.add_project(created_at=0.5)
    second = read(world, "/v2/projects", 2.0, query=f"pagekey={quote(first['pageKey'], safe='')}")
    assert [ids[2], ids[1]] == [item["id"] for item in second["items"]]


def test_a_page_key_is_json_in_base64():
    """Keys look as the documented one does."""
    world = World(page_size=1)
    world.add_project(), world.add_project()
    key = read(world, "/v2/projects")["pageKey"]
    assert ["lastEvaluatedKey"] == list(json.loads(base64.b64decode(key)))


@pytest.mark.parametrize(
    "key", ["", "nonsense", "e30=", "bm90IGpzb24=", "eyJsYXN0RXZhbHVhdGVkS2V5Ijp7ImlkIjoieCJ9fQ=="]
)
def test_a_key_that_was_never_given_is_refused(key):
    """A made-up page key is answered with 400, in both lists."""
    world = World()
    world.add_project(Render(-10, duration=1))
    assert 400 == ask(world, "/v2/projects", query=f"pagekey={quote(key, safe='')}").status
    response = ask(world, "/v1/jobs", query=f"nextPageKey={quote(key, safe='')}")
    assert (400, "INVALID_REQUEST") == (response.status, response.json()["code"])
