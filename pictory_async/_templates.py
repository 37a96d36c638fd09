"""The calls about templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from pictory_async._listing import Detailed, Listing
from pictory_async._transport import segment
from pictory_async._wire import decode_template, decode_template_page
from pictory_async.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Literal

    from pictory_async._transport import Transport
    from pictory_async.models import Template, TemplateItem

__all__ = ["Templates"]


class Templates:
    """The calls about templates: ``client.templates``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, template_id: str) -> Template:
        """Fetch one template as it is now.

        See https://docs.pictory.ai/api-reference/templates/get-template-by-id.

        Args:
            template_id: The template.

        Raises:
            PictoryConfigError: That cannot be a template id; nothing was sent.
            NotFoundError: There is no such template for this key.
            MalformedResponseError: The answer is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        path = f"/v1/templates/{segment('template', template_id)}"
        return await self._transport.get(
            path, f"template {template_id!r}", lambda body: decode_template(body, template_id)
        )

    @overload
    def list(self, *, details: Literal[False] = False) -> Listing[TemplateItem]: ...

    @overload
    def list(self, *, details: Literal[True]) -> AsyncIterator[Template]: ...

    def list(self, *, details: bool = False) -> Listing[TemplateItem] | AsyncIterator[Template]:
        """List the account's templates, over all pages, as an async iterator.

        See https://docs.pictory.ai/api-reference/templates/get-templates.

        Args:
            details: Fetch each template's details too, several at once within the request budget, and yield whole
                `Template` objects in the order of the list.
        """
        listing = Listing(
            self._transport, "/v1/templates", "the list of templates", "nextPageKey", decode_template_page
        )
        return Detailed(listing, self._get_or_none) if details else listing

    async def _get_or_none(self, item: TemplateItem) -> Template | None:
        try:
            return await self.get(item.id)
        except NotFoundError:  # it was deleted since the list was made
            return None
