"""Renders projects or makes videos with a ledger, in a process that is killed at a step: a request, or a ledger's use.

The steps are counted, so where it is killed does not depend on how fast the machine is.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import httpx

from pictory_async import AsyncPictory, Ledger, RateLimiter
from pictory_async.video import Background, VideoRequest, VideoScene, VoiceOver

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._ledger.database import Database

T = TypeVar("T")


class Steps:
    """Counts steps, and kills the process at one of them.

    Args:
        last: The step at which it is killed; 0 never kills it.
        post: The request for a render before which it is killed; 0 never kills it.
    """

    def __init__(self, last: int, post: int = 0) -> None:
        self.count = 0
        self._last = last
        self._post = post

    def step(self) -> None:
        """Count one more."""
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_post(self) -> None:
        """Count one more, before a request for a render."""
        self._post -= 1
        if self._post == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.step()


class CountedLedger(Ledger):
    """A ledger whose uses are steps."""

    def __init__(self, path: str, steps: Steps) -> None:
        super().__init__(path)
        self._steps = steps

    async def use(self, call: Callable[[Database], T], *, always: bool = False) -> T:
        """Use it, between two steps."""
        self._steps.step()
        found = await super().use(call, always=always)
        self._steps.step()
        return found


class CountedTransport(httpx.AsyncBaseTransport):
    """Connections whose POSTs are steps: there is nothing to lose between two GETs."""

    def __init__(self, steps: Steps) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._steps = steps

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, between two steps if it is a POST."""
        if request.method != "POST":
            return await self._inner.handle_async_request(request)
        self._steps.before_post()
        response = await self._inner.handle_async_request(request)
        self._steps.step()
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


async def work(order: dict[str, Any], steps: Steps) -> dict[str, str]:
    """Do what an order says, and return the status of each project or video."""
    transport = CountedTransport(steps)
    ledger, found = CountedLedger(order["ledger"], steps), dict[str, str]()
    async with AsyncPictory(**order["client"], http=transport, limiter=RateLimiter(10_000, 1.0, 1000)) as client:
        if order["names"]:
            async with client.videos.make_all(requests(order["names"]), ledger=ledger, **order["options"]) as videos:
                async for video in videos:
                    found[str(video.request.video_name)] = video.status.value
        else:
            async with client.projects.render_all(order["ids"], ledger=ledger, **order["options"]) as renders:
                async for render in renders:
                    found[str(render.project_id)] = render.status.value
    await transport.aclose()
    return found


def requests(names: list[str]) -> list[VideoRequest]:
    """Make the requests for videos."""
    scene = VideoScene(story="Hello.", background=Background(color="#0F172A"))
    return [VideoRequest(video_name=name, scenes=[scene], voice_over=VoiceOver(enabled=False)) for name in names]


def run(order: dict[str, Any], answer: Any) -> None:
    """Do what an order says in this process, and send the statuses and the number of steps back."""
    steps = Steps(order["last"], order["post"])
    answer.send((anyio.run(work, order, steps), steps.count))


if __name__ == "__main__":
    run(globals()["ORDER"], globals()["ANSWER"])
