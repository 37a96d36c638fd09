"""The watches of one client. Watches of one project or job share its polls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import attrs

from pictory_async._polling.counters import Counters
from pictory_async._polling.watch import Watch
from pictory_async.errors import APIError, MalformedResponseError, StatusError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async._http.messages import Response
    from pictory_async._http.transport import Transport


@attrs.define(repr=False, eq=False)
class Poll:
    """One poll that is in flight, or about to be sent.

    Attributes:
        key: The project or job that is polled.
        watches: The watches that wait for its response: first the one that sends it, then those that became due
            meanwhile.
    """

    key: str
    watches: list[Watch]


class WatchRegistry:
    """The watches of one client, by what they poll.

    The registry owns the polls in flight: there is at most one for a project or job at a time.

    Args:
        transport: Sends the polls.

    Attributes:
        counters: What all watches of the client did so far.
        watching: How many watches there are.
        most_polls: How many polls one scheduler may have in flight or waiting for a slot.
    """

    def __init__(self, transport: Transport) -> None:
        self.counters: Counters = Counters()
        self.watching: int = 0
        self.most_polls: int = transport.most_polls
        self._transport = transport
        # Keyed by the ids themselves: texts of their own would be a tenth of what a watch takes.
        self._projects: dict[str, tuple[Watch, ...]] = {}
        self._jobs: dict[str, tuple[Watch, ...]] = {}
        # Entered by `claim` and removed by `send`, which runs in a task of the scheduler that claimed the poll.
        self._polls: dict[str, Poll] = {}

    def enter(self, watch: Watch) -> None:
        """Register a watch, under its project and under its job."""
        self.watching += 1
        for table, key in self._places(watch):
            table[key] = (*table.get(key, ()), watch)

    def leave(self, watch: Watch) -> None:
        """Remove a watch."""
        self.watching -= 1
        for table, key in self._places(watch):
            others = table.pop(key)
            if len(others) > 1:
                table[key] = tuple(other for other in others if other is not watch)

    def find(self, watch: Watch) -> Watch | None:
        """The watch of the same owner that waits for the same thing already, if there is one."""
        for table, key in self._places(watch):
            for one in table.get(key, ()):
                if one.owner is watch.owner and one.identity == watch.identity:
                    return one
        return None

    def claim(self, watch: Watch) -> Poll | None:
        """Join the poll in flight, or return a new poll to `send`."""
        key = _key(watch)
        poll = self._polls.get(key)
        if poll is not None:
            poll.watches.append(watch)
            return None
        self._polls[key] = poll = Poll(key, [watch])
        return poll

    async def send(self, poll: Poll) -> None:
        """Send a poll, and pass the response to its watches."""
        watch = poll.watches[0]
        counters: Counters = watch.owner.counters
        counters.poll()
        began = anyio.current_time()
        try:
            response = await self._transport.poll(watch.path, watch.subject)
        except APIError as error:
            counters.failed_poll()
            now = anyio.current_time()
            for one in poll.watches:
                # The failure may be older than a watch that began later.
                if one.open and one.began <= began:
                    one.owner.settle(one, one.failed(error, now), now)
        else:
            await self._share(watch, response)
        finally:
            del self._polls[poll.key]
            for one in poll.watches:
                if one.open and one.due:  # the poll was cut off, or was sent before this watch began
                    one.owner.poll_soon(one)

    async def _share(self, asker: Watch, response: Response) -> None:
        now = anyio.current_time()
        of_job = asker.asks_job
        watches = self._jobs.get(str(asker.job_id), ()) if of_job else self._projects.get(str(asker.project_id), ())
        concerned = [
            watch
            for watch in watches
            # A response to a request that was sent before a watch began proves nothing for it.
            if watch.open and watch.began <= response.sent_at and watch.asks_job is of_job
        ]
        usable = True
        for watch in concerned:
            try:
                outcome = watch.saw(response.body, response.sent_at, now)
            except (MalformedResponseError, StatusError) as error:
                usable = False
                watch.owner.settle(watch, watch.failed(response.blame(error), now), now)
            except Exception as error:  # noqa: BLE001 - the other watches may belong to other callers
                watch.owner.fail(error)
            else:
                watch.owner.settle(watch, outcome, now)
        if not usable:  # one poll, however many watches share it
            asker.owner.counters.failed_poll()
        # After all of them are judged: an outcome does not wait for the compression of somebody else's snapshot.
        for watch in concerned:
            if watch.open and watch.snapshot is not None:
                for _ in watch.snapshot.compress():
                    await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`

    def _places(self, watch: Watch) -> Iterator[tuple[dict[str, tuple[Watch, ...]], str]]:
        if watch.project_id is not None:
            yield self._projects, str(watch.project_id)
        if watch.job_id is not None:
            yield self._jobs, watch.job_id


def _key(watch: Watch) -> str:
    return f"job {watch.job_id}" if watch.asks_job else f"project {watch.project_id}"
