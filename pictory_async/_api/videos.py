"""The calls about videos that are made without a project: one, or many."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

from pictory_async._api.one_video import OneVideo, handle_of
from pictory_async._settings.durations import seconds
from pictory_async._settings.mistakes import hinted
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    import os
    from typing import Literal

    from pictory_async._api.making import VideoBatch
    from pictory_async._api.video_search import VideoSearch
    from pictory_async._api.video_work import VideoOrder
    from pictory_async._files.names import FileKind
    from pictory_async._files.partfile import OnConflict
    from pictory_async._ledger.ledger import Ledger
    from pictory_async._polling.handle import VideoHandle
    from pictory_async._settings.durations import Duration
    from pictory_async.video import VideoRequest


class Videos(OneVideo):
    """The calls about videos: ``client.videos``.

    Requests that start something are sent once, and never retried: a video costs video minutes, and a preview may cost
    AI credits. Before such a request, the list of jobs is read once, because it shows later what a request whose
    response was lost has started.
    """

    @hinted
    def make_all(  # noqa: PLR0913 - each option is an argument
        self,
        requests: Iterable[VideoRequest | VideoOrder] | AsyncIterable[VideoRequest | VideoOrder],
        *,
        ledger: Ledger,
        download_to: str | os.PathLike[str] | None = None,
        kinds: Iterable[FileKind] | FileKind = ("video", "audio", "srt", "vtt", "txt"),
        on_conflict: OnConflict = "update",
        keep_old: int | None = None,
        naming: str | None = None,
        batch: str | None = None,
        changed: bool = False,
        retry_failed: bool = False,
        retry_unstarted: bool = False,
        overlap: Literal["skip", "wait"] = "skip",
        max_renders: int | None = None,
        max_minutes: float | None = None,
        max_credits: float | None = None,
        wait: bool = True,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        at_once: int = 500,
    ) -> VideoBatch:
        """Make many videos, each once, wait for them, download them, and get a result for each as it is known.

        Example::

            requests = [VideoRequest.from_template(template, name="Hello {Name}", variables=row) for row in rows]
            async with client.videos.make_all(requests, ledger=Ledger("videos.db"), download_to="videos") as batch:
                async for result in batch:
                    print(result.key, result.status)

        The ledger remembers what was requested, before it is requested. So the same call goes on after a crash, a kill
        or a lost connection: nothing is paid for twice, and what is finished is not polled again. Videos are requested
        one after the other, so that at most one request is unanswered at any time. If its response is lost, the list
        of jobs tells: without a job that can be it, the result is ``NOT_STARTED``; a finished video of its name is it;
        else it is ``UNCERTAIN``, and it is never requested again.

        Args:
            requests: The videos, or an async iterable of them; those with equal keys count once. A `VideoOrder` has a
                key of its own: with other values under it, the video is ``CHANGED``, and not made again by itself.
            ledger: Where everything is remembered.
            download_to: A directory for the files of what is made, and of what was made before.
            kinds: Which files, as in ``client.projects.download``, as are ``on_conflict``, ``keep_old`` and ``naming``.
            on_conflict: See there.
            keep_old: See there.
            naming: See there. More fields are those of the order, or the variables of the request; of requests that
                arrive one by one, only the usual ones.
            batch: A name: the same requests are other videos in another batch.
            changed: Make again what was made with other values.
            retry_failed: Request videos that failed again.
            retry_unstarted: Request videos again whose first request had no effect.
            overlap: What to do about videos that another run of this ledger is at: ``"skip"`` reports them as ``BUSY``,
                and ``"wait"`` waits for it.
            max_renders: How many videos are requested at most; the others are ``LEFT_OUT``. 0 requests none, and so
                tells which would be requested.
            max_minutes: No video is requested when those of this batch have reached so many minutes, estimates of those
                under way included, also of those that an earlier run left under way. So it can be passed by what is
                under way.
            max_credits: The same for AI credits.
            wait: Whether to wait for the videos; if not, results are ``STARTED``.
            max_wait: As in `wait`, from when a video was requested.
            interval: As in `wait`.
            start_grace: As in `wait`.
            at_once: How many videos are under way at most, or have a result that was not taken yet.

        Raises:
            PictoryConfigError: An argument cannot work, or a request has errors; nothing was sent.

        The block, or iterating, raises ``LedgerError`` if the ledger cannot be used: then nothing more is requested.
        """
        from pictory_async._api.batches import delivery_of  # noqa: PLC0415 - few programs need it
        from pictory_async._api.making import MakingCalls, checked_orders, fields_of, open_making  # noqa: PLC0415
        from pictory_async._api.video_work import Allowance  # noqa: PLC0415
        from pictory_async._ledger.renders import Resubmit  # noqa: PLC0415

        orders = checked_orders(requests)
        columns = {} if isinstance(orders, AsyncIterable) else {name: "" for one in orders for name in fields_of(one)}
        return open_making(
            MakingCalls(watch=self._projects.watch, download=self._projects.download),
            self._transport,
            orders,
            ledger,
            delivery=delivery_of(download_to, kinds, on_conflict, keep_old, naming, {"": columns} if naming else None),
            batch=batch,
            changed=changed,
            resubmit=Resubmit(failed=retry_failed, unstarted=retry_unstarted),
            allowance=Allowance(minutes=max_minutes, credits=max_credits),
            overlap=overlap,
            max_renders=max_renders,
            waits=wait,
            watch={"max_wait": max_wait, "interval": interval, "start_grace": start_grace},
            at_once=at_once,
        )

    async def find(
        self, handle: VideoHandle, *, known: Iterable[str] = (), start_grace: Duration = 120.0
    ) -> VideoSearch:
        """Look for the job of a request whose response was lost.

        Args:
            handle: The handle of a `VideoSubmitUncertainError`.
            known: The ids of jobs that are known to be of other requests, such as of videos that your program requested
                at the same time.
            start_grace: How long after the request its job may be missing in the list, in seconds: the work of a
                request whose response was lost may only begin. Before that, it is not known that there is no job.

        Returns:
            What is known: whether a job was started, and which one. Until a video is finished, it has no name; so look
            again later.

        Raises:
            PictoryConfigError: It is no handle of a video; nothing was sent.
            APIError: A list could not be read, as its subclasses say.
        """
        from pictory_async._api.video_search import find_video  # noqa: PLC0415 - few programs need it

        grace = seconds("start_grace", start_grace)
        if isinstance(known, (str, bytes)) or not isinstance(known, Iterable):
            raise PictoryConfigError(f"known must be a list of ids of jobs, not {brief(known)}.")
        return await find_video(self._transport, handle_of(handle), {*known}, grace)
