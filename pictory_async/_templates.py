"""The calls about templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._transport import segment
from pictory_async._wire import decode_template

if TYPE_CHECKING:
    from pictory_async._transport import Transport
    from pictory_async.models import Template

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
