"""Makes the batches of `make_all` from what its caller passes."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from pictory_async._api.batch_terms import BatchCalls
from pictory_async._api.batches import Delivery, checked_terms_of
from pictory_async._api.freshness import checked_ledger
from pictory_async._api.render_batch import Batch
from pictory_async._api.video_results import VideoResult
from pictory_async._api.video_work import Allowance, VideoOrder, VideoWork, called, order_of
from pictory_async._files.downloads import DownloadReport
from pictory_async._files.naming import FIELDS
from pictory_async._polling.poller import RenderPoller
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.video import VideoRequest

if TYPE_CHECKING:
    from pictory_async._api.batch_work import BatchJob
    from pictory_async._api.submitting import Submitter
    from pictory_async._http.transport import Transport
    from pictory_async._ledger.ledger import Ledger
    from pictory_async._ledger.renders import Resubmit
    from pictory_async.models.video import Video

_SHOWN: Final = 10


class VideoBatch(Batch[VideoResult]):
    """Makes many videos, each once, and yields a result for each as soon as it is known.

    ``client.videos.make_all`` makes one. Use it as an async context manager and iterate over it inside the block.
    Results that are not taken hold up what comes next. Leaving the block stops requesting videos; those that were
    requested go on, and the same call finds them again.

    Attributes:
        run: The name of the run in the ledger; empty before the block.
    """

    _call = "client.videos.make_all"


@attrs.frozen(kw_only=True)
class MakingCalls:
    """The calls that such batches are made of: those of the client's with the same names."""

    watch: Callable[..., RenderPoller]
    download: Callable[..., Awaitable[DownloadReport]]


def open_making(  # noqa: PLR0913 - what its callers' callers may choose
    made_of: MakingCalls,
    transport: Transport,
    requests: Iterable[VideoRequest | VideoOrder] | AsyncIterable[VideoRequest | VideoOrder],
    ledger: Ledger,
    *,
    delivery: Delivery | None,
    batch: str | None,
    changed: bool,
    resubmit: Resubmit,
    allowance: Allowance,
    overlap: str,
    max_renders: int | None,
    waits: bool,
    watch: Mapping[str, Any],
    at_once: int,
) -> VideoBatch:
    """Make a batch.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    checked_ledger(ledger)
    terms = checked_terms_of(
        "make_all", resubmit, overlap=overlap, max_renders=max_renders, waits=waits, watch=watch, at_once=at_once
    )
    for name, value in (("max_minutes", allowance.minutes), ("max_credits", allowance.credits)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0):
            raise PictoryConfigError(f"{name} must be a number, zero or more, not {brief(value)}.")

    async def download(job: BatchJob) -> DownloadReport:
        assert delivery is not None  # noqa: S101 - it is not called otherwise
        video, order = cast("Video", job.video), job.item
        return await delivery.bring_video(made_of.download, video, called=called(order), fields=fields_of(order))

    calls = BatchCalls(
        watch=made_of.watch,
        download=None if delivery is None else download,
        transfers={} if delivery is None else delivery.transfers,
    )

    def work(submitter: Submitter) -> VideoWork:
        settings = {name: terms.watch[name] for name in ("interval", "start_grace", "max_wait")}
        known = [] if isinstance(orders, AsyncIterable) else [*orders]
        return VideoWork(submitter, batch, resubmit, changed, allowance, orders=known, **settings)

    orders = checked_orders(requests)
    return VideoBatch(calls, transport, orders, ledger, terms, work)


def fields_of(order: VideoOrder) -> dict[str, str]:
    """What the names of a video's files can use, besides the usual fields."""
    given = (order.request.variables if order.fields is None else order.fields) or {}
    return {name: value for name, value in given.items() if name.lower() not in FIELDS}


def checked_orders(
    requests: Iterable[VideoRequest | VideoOrder] | AsyncIterable[VideoRequest | VideoOrder],
) -> Iterable[VideoOrder] | AsyncIterable[VideoRequest | VideoOrder]:
    """Check all videos of a list, and return them as orders; what arrives later is checked then.

    Raises:
        PictoryConfigError: Something is wrong with them; the text has everything of the first ones.
    """
    if isinstance(requests, AsyncIterable):
        return requests
    if isinstance(requests, (str, bytes, VideoRequest, VideoOrder)) or not isinstance(requests, Iterable):
        raise PictoryConfigError(f"requests must be a list; for one video, pass [{brief(requests)}].")
    orders = [order_of(one) for one in requests]
    wrong: list[str] = []
    first: dict[tuple[object, str], VideoOrder] = {}
    for number, order in enumerate(orders, 1):
        same = first.setdefault((order.request.template_id, order.key or order.digest), order)
        if same.digest != order.digest:
            text = f"It has the key {brief(order.key)} of video {brief(same.name)}. Give each its own."
            wrong.append(f"Video {number} ({brief(order.name)}): {text}")
        try:
            order.request.validate()
        except PictoryConfigError as error:
            wrong.append(f"Video {number} ({brief(order.name)}): {error}")
    if wrong:
        more = f"\n... and {len(wrong) - _SHOWN} more videos" if len(wrong) > _SHOWN else ""
        raise PictoryConfigError("\n".join(wrong[:_SHOWN]) + more)
    return orders
