"""How the list of jobs of a simulated account is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import attrs


@attrs.frozen(kw_only=True)
class JobList:
    """How the list of jobs is. What its entries show is documented for one sample only, so it may differ.

    Args:
        shows: Whether the entries have the id and the status of their job.
        late: How many seconds after its request a job appears in it.
        behind: By how many seconds it is behind: an entry shows what was so long ago.
        repeats: Whether a page begins with the last entry of the page before, as when a job is added meanwhile.
        hides: Ids of jobs that the list leaves out.
    """

    shows: Literal["all", "no status", "no id"] = "all"
    late: float = 0.0
    behind: float = 0.0
    repeats: bool = False
    hides: Collection[str] = ()
