"""The calls about the account."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pictory_async import models
from pictory_async._api.listing import list_of
from pictory_async._codec.answers import decode_one
from pictory_async._settings.given import whole

if TYPE_CHECKING:
    from pictory_async._api.listing import Listing
    from pictory_async._http.transport import Transport


class Account:
    """The calls about the account: ``client.account``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def quota(self) -> models.Quota:
        """Fetch what the account used in the current billing term, and may use.

        See https://docs.pictory.ai/api-reference/account/get-quota.

        Raises:
            MalformedResponseError: The response is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        return await self._transport.get("/v1/quota", "the quota", partial(decode_one, models.Quota))

    def ai_credits(self, *, year: int | None = None, month: int | None = None) -> Listing[models.CreditTransaction]:
        """List the AI credits that the account spent and got, as an async iterator.

        See https://docs.pictory.ai/api-reference/account/get-aicredits-usage.

        Args:
            year: With ``month``: only those of this month, which must be one of the last 12.
            month: From 1 to 12. Without year and month: all of the last 12 months.

        Raises:
            PictoryConfigError: Only one of them is given, or they are no year and month.
        """
        query: dict[str, str] = {}
        if year is not None or month is not None:
            query = {"year": str(whole("year", year, least=2000, most=9999))}
            query["month"] = str(whole("month", month, least=1, most=12))
        path, subject = "/v1/aicredits/usage", "the list of AI credits"
        return list_of(self._transport, path, subject, models.CreditTransaction, query)
