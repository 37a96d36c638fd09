"""The calls about the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._codec.answers import decode_quota

if TYPE_CHECKING:
    from pictory_async._http.transport import Transport
    from pictory_async.models import Quota


class Account:
    """The calls about the account: ``client.account``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def quota(self) -> Quota:
        """Fetch what the account used in the current billing term, and may use.

        See https://docs.pictory.ai/api-reference/account/get-quota.

        Raises:
            MalformedResponseError: The response is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        return await self._transport.get("/v1/quota", "the quota", decode_quota)
