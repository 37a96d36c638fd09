"""What is known of the videos of an account, for `Projects.states`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pictory_async._api.freshness import checked_ledger
from pictory_async._api.survey import Survey, SyncState, selection_of
from pictory_async.models import ProjectId, ProjectItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from pictory_async._api.batches import ProjectCalls
    from pictory_async._ledger.ledger import Ledger


async def find_states(
    calls: ProjectCalls,
    api: str,
    ledger: Ledger,
    *,
    name: str | None,
    saved_since: datetime | None,
    ids: Iterable[ProjectId | ProjectItem] | None,
    verify: bool,
    on_progress: Callable[[int, int], object] | None,
) -> dict[ProjectId, SyncState]:
    """Find out the state of each project.

    Raises:
        PictoryConfigError: An argument cannot work.
        LedgerError: The ledger cannot be used.
        APIError: The list or a project could not be fetched, as its subclasses say.
    """
    given = [*ids] if isinstance(ids, Iterable) and not isinstance(ids, (str, bytes)) else None
    entries = [one for one in given or () if isinstance(one, ProjectItem)]
    wanted: Any = ids if given is None else [one.id if isinstance(one, ProjectItem) else one for one in given]
    selection = selection_of(name, saved_since, wanted)  # refuses what is no list

    async def each_entry() -> AsyncIterator[ProjectItem]:
        for entry in entries:
            yield entry

    complete = given is not None and len(entries) == len(given)
    survey = Survey(
        items=each_entry if complete else calls.list,
        items_now=calls.list,
        get=calls.get,
        ledger=checked_ledger(ledger),
        api=api,
        verify=verify,
    )
    return (await survey.find(selection, on_progress)).states
