"""The jobs since a moment: what a request whose response was lost may have started."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pictory_async._api.listing import Listing
from pictory_async._codec.answers import decode_job_page
from pictory_async.errors import NotFoundError, PermissionDeniedError

if TYPE_CHECKING:
    from pictory_async._http.transport import Transport
    from pictory_async.models import Job

_MOST_PAGES: Final = 40  # the list has the newest jobs first


async def newest_job(transport: Transport) -> str | None:
    """The newest job of the account; empty if there is none, and ``None`` if the key may not read the list.

    What is newer shows later whether a request whose response was lost started a job.
    """
    with suppress(NotFoundError, PermissionDeniedError):
        page = await transport.get("/v1/jobs", "the list of jobs", decode_job_page)
        return next((job.id for job in page.items), "")
    return None


async def jobs_since(transport: Transport, marker: str | None) -> tuple[dict[str, Job], bool]:
    """Read the jobs that are newer than one.

    Args:
        transport: What sends the requests.
        marker: The job; empty if there was none, and ``None`` if it is not known.

    Returns:
        The jobs by their ids, the newest first, and whether these are all.

    Raises:
        APIError: The list could not be read.
    """
    found: dict[str, Job] = {}
    complete = True
    pages = Listing(transport, "/v1/jobs", "the list of jobs", "nextPageKey", decode_job_page).pages()
    for _ in range(_MOST_PAGES):
        page = await anext(pages, None)
        if page is None:
            return found, complete and marker == ""
        complete = complete and not page.unreadable  # an entry without an id can be any job
        for job in page.items:
            if job.id == marker:
                return found, complete
            found[job.id] = job
    return found, False
