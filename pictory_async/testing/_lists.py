"""The lists of the simulated account besides projects and templates: what is in them, and how each is wrapped."""

from __future__ import annotations

import json
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qs

from pictory_async.testing._messages import SimRequest, SimResponse
from pictory_async.testing._pages import cut_page
from pictory_async.testing._projects import Render
from pictory_async.testing._samples import MUSIC, STOCK
from pictory_async.testing.bodies import job_item

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pictory_async.testing._account import Account
    from pictory_async.testing._other_job import SimJob

Wrapper = Literal["bare", "items", "items+key", "items+null", "Items"]

# As the documentation shows them: below /v1.
WRAPPERS: Final[Mapping[str, Wrapper]] = {
    "aicredits/usage": "bare",
    "voiceovers/tracks": "bare",
    "brands/video": "bare",
    "styles": "bare",
    "smartlayouts": "items",
    "avatars": "items+null",
    "music/moods": "bare",
    "music/purposes": "bare",
    "music/genres": "bare",
    "music/genres/groups": "bare",
    "music/instruments": "bare",
    "aistudio/images": "items+key",
    "aistudio/videos": "items+key",
    "awsconnections": "Items",
    "vimeo-connections": "Items",
}
_HIDDEN: Final = {"all": (), "no status": ("status",), "no id": ("jobId",)}
_NAMES: Final = ("transactionId", "templateId", "connectionId", "id")


def respond_with_list(account: Account, path: str, request: SimRequest, now: float) -> SimResponse:
    """Return one of the lists, a page of it if it has pages."""
    made = [job for job in account.other_jobs[::-1] if job.is_over(now) and job.error is None and not job.cleaned]
    entries = [job.listed[1] for job in made if job.listed is not None and job.listed[0] == path]
    entries += account.lists.get(path, [])
    wrapper = WRAPPERS[path]
    query = parse_qs(request.query)
    if wrapper == "bare":
        asked = [query.get(name, [""])[0] for name in ("year", "month")]
        if path == "aicredits/usage" and any(asked):
            if not all(asked):
                fault = {"code": "INVALID_REQUEST", "message": "year and month belong together"}
                return SimResponse.from_json(fault, status=400)
            month = f"{asked[0]}-{int(asked[1]):02}"
            entries = [entry for entry in entries if str(entry["transactionDate"]).startswith(month)]
        return SimResponse.from_json(entries)
    if wrapper == "items":
        return SimResponse.from_json({"items": entries})
    page, key = cut_page(
        entries,
        key=query.get("nextPageKey", [None])[0],
        size=account.page_size,
        identity=identity,
        created=lambda _: account.epoch,
        visible=lambda _: True,
        trailing=account.trailing_page,
    )
    found: dict[str, Any] = {"Items" if wrapper == "Items" else "items": page}
    if key is not None or wrapper == "items+null":
        found["nextPageKey"] = key
    return SimResponse.from_json(found)


def identity(entry: Any) -> str:
    """Return the id of an entry, under whichever name the API has it."""
    return str(next(entry[name] for name in _NAMES if name in entry))


def search_music(account: Account, request: SimRequest) -> SimResponse:
    """Return a page of the music that a request asks for."""
    asked: dict[str, Any] = json.loads(request.body or b"{}")
    tests: list[Callable[[Any], bool]] = [
        lambda track: str(asked.get("query") or "").casefold() in track["title"].casefold(),
        lambda track: asked.get("minDuration", 0) <= track["duration"] <= asked.get("maxDuration", 10**6),
        *(
            lambda track, name=name: not asked.get(name) or bool({*asked[name]} & {*track[f"{name}s"]})
            for name in ("genre", "mood", "purpose", "instrument")
        ),
    ]
    found = [track for track in account.lists.get(MUSIC, []) if all(test(track) for test in tests)]
    size = asked.get("pageSize", 20)
    start = (asked.get("page", 1) - 1) * size
    return SimResponse.from_json({"items": found[start : start + size]})


def search_stock(account: Account, request: SimRequest) -> SimResponse:
    """Return the stock media that a request asks for, all of it on one page."""
    query = parse_qs(request.query)
    keyword = query.get("keyword", [""])[0].casefold()
    if not keyword:
        return SimResponse.from_json({"code": "INVALID_REQUEST", "message": "keyword is required"}, status=400)
    found = [item for item in account.lists.get(STOCK, []) if keyword in item["mediaDescription"].casefold()]
    return SimResponse.from_json({"data": {"page": 1, "searchResults": found}})


def respond_with_jobs(
    account: Account, request: SimRequest, now: float, data: Callable[[str, float], dict[str, Any]]
) -> SimResponse:
    """Return a page of the list of jobs, the newest first.

    Args:
        account: The account.
        request: The request.
        now: When it arrives.
        data: Returns the ``data`` of a job at a moment.
    """
    shape = account.job_list
    found: list[Render | SimJob] = [render for _, render in account.jobs if render.at + shape.late <= now]
    found += [job for job in account.other_jobs if job.at + shape.late <= now]
    found.sort(key=attrgetter("at"))
    ids = {_id_of(job): job.at for job in reversed(found)}  # of one moment, the later one comes first
    page, key = cut_page(
        [*ids],
        key=parse_qs(request.query, keep_blank_values=True).get("nextPageKey", [None])[0],
        size=account.page_size,
        identity=str,
        created=lambda job_id: account.date(ids[job_id]),
        visible=lambda job_id: job_id not in shape.hides,
        trailing=account.trailing_page,
        overlap=shape.repeats,
    )
    items = [job_item(job_id, data(job_id, now - shape.behind)) for job_id in page]
    for item in items:
        for name in _HIDDEN[shape.shows]:
            del item["data"][name]
    return SimResponse.from_json({"items": items, "nextPageKey": key})


def _id_of(job: Render | SimJob) -> str:
    return job.job_id if isinstance(job, Render) else job.id
