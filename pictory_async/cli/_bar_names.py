"""The bars of renders, with the names of their projects: a render's job does not show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import attrs

from pictory_async import Priority, ProjectId, RetryPolicy
from pictory_async.cli._work_bars import render_bars
from pictory_async.errors import PictoryError, RateBudgetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pictory_async import AsyncPictory
    from pictory_async.cli.display.bars import Bar

__all__ = ["BarNames"]

_EVERY: Final = 0.25  # seconds
_OF_A_JOB: Final = "job:"


@attrs.define
class BarNames:
    """Finds the names of the projects that have bars, each once, with requests for which the budget has room at once.

    So a poll never waits for a name. A bar whose name is not known yet shows the project's id.

    Attributes:
        known: The names that are known, by the text of the project's id.
    """

    known: dict[str, str] = attrs.field(factory=dict[str, str])
    _shown: list[ProjectId] = attrs.field(factory=list[ProjectId], init=False)

    def bars(self, progress: Mapping[ProjectId, float]) -> list[Bar]:
        """Return the bars of the renders whose progress is known, the most advanced ones first."""
        self._shown = []
        return render_bars(progress, self._name)

    def _name(self, one: ProjectId) -> str | None:
        self._shown.append(one)
        return self.known.get(str(one))

    async def keep_fetching(self, client: AsyncPictory) -> None:
        """Fetch the names of what was shown last, until it is cancelled."""
        quick = client.with_options(max_queue=0.0, retry=RetryPolicy(attempts=1), priority=Priority.BACKGROUND)
        while True:
            await anyio.sleep(_EVERY)
            for one in [one for one in self._shown if str(one) not in self.known]:
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
        self.known[str(one)] = name or str(one)
