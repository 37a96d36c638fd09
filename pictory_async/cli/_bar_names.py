"""The bars of renders, with the names of their projects: a render's job does not show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import anyio
import attrs

from pictory_async import Priority, ProjectId, RetryPolicy
from pictory_async.cli.display.bars import MOST_BARS, Bar
from pictory_async.errors import PictoryError, RateBudgetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pictory_async import AsyncPictory

__all__ = ["BarNames"]

_EVERY: Final = 0.25  # seconds
_OF_A_JOB: Final = "job:"


@attrs.define
class BarNames:
    """Finds the names of the projects that have bars, each once, with requests for which the budget has room at once.

    So a poll never waits for a name. A bar whose name is not known yet shows the project's id.
    """

    _names: dict[ProjectId, str] = attrs.field(factory=dict[ProjectId, str], init=False)
    _shown: Sequence[ProjectId] = attrs.field(default=(), init=False)

    def bars(self, progress: Mapping[ProjectId, float]) -> list[Bar]:
        """Return the bars of the renders whose progress is known, the most advanced ones first."""
        found = sorted(progress.items(), key=lambda item: -item[1])[:MOST_BARS]
        self._shown = [one for one, _ in found]
        return [Bar(self._names.get(one, str(one)), percent, 100.0, f"{percent:.0f} %") for one, percent in found]

    async def keep_fetching(self, client: AsyncPictory) -> None:
        """Fetch the names of what was shown last, until it is cancelled."""
        quick = client.with_options(max_queue=0.0, retry=RetryPolicy(attempts=1), priority=Priority.BACKGROUND)
        while True:
            await anyio.sleep(_EVERY)
            for one in [one for one in self._shown if one not in self._names]:
                await self._fetch(quick, one)

    async def _fetch(self, quick: AsyncPictory, one: ProjectId) -> None:
        name = None
        if not str(one).startswith(_OF_A_JOB):
            try:
                name = (await quick.projects.get(one)).name
            except RateBudgetError:
                return  # later
            except PictoryError:
                pass
        self._names[one] = name or str(one)
