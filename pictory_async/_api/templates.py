"""The calls about templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import anyio

from pictory_async._api.deleted import SecondLook
from pictory_async._api.listing import Detailed, Listing
from pictory_async._cache.templates import Fetched
from pictory_async._codec.answers import decode_done, decode_template, decode_template_page
from pictory_async._settings.paths import path_segment, template_path

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable, Mapping
    from typing import Any, Literal

    from pictory_async._cache.templates import TemplateCache
    from pictory_async._files.fetcher import Fetcher
    from pictory_async._files.manifest import TemplateBackup
    from pictory_async._files.snapshots import TemplateSnapshot
    from pictory_async._http.transport import Transport
    from pictory_async._values import Deferred
    from pictory_async.models import Scene, Template, TemplateItem


class Templates:
    """The calls about templates: ``client.templates``."""

    def __init__(self, transport: Transport, fetcher: Deferred[Fetcher], cache: TemplateCache | None) -> None:
        self._transport = transport
        self._fetcher = fetcher
        self._cache = cache

    async def get(self, template_id: str, *, refresh: bool = False) -> Template:
        """Fetch one template as it is now, or from the client's ``template_cache`` if it has one.

        See https://docs.pictory.ai/api-reference/templates/get-template-by-id.

        Args:
            template_id: The template.
            refresh: Fetch it even if the cache has it.

        Raises:
            PictoryConfigError: The id cannot be a template id; nothing was sent.
            NotFoundError: There is no such template for this key.
            MalformedResponseError: The response is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        if self._cache is None:
            return await self._fetch(template_id)
        path_segment("template", template_id)
        return await self._cache.get(template_id, lambda: self._fetched(template_id), refresh=refresh)

    async def create(self, file: str | os.PathLike[str] | bytes) -> TemplateItem:
        """Make a template from a ``.pictai`` file, which the web app exports. The request is sent once.

        See https://docs.pictory.ai/api-reference/templates/create-template. The same request again makes a second
        template. If its response is lost, the list of templates shows whether there is one.

        Args:
            file: The path of the file, or its content.

        Returns:
            The new template, as an entry of the list; ``extra`` has the rest.

        Raises:
            PictoryConfigError: The file cannot be read, or is empty; nothing was sent.
            InvalidRequestError: The API does not accept the file.
            APIError: Any other failure, as its subclasses say.
        """
        from pictory_async._api.template_changes import create_template  # noqa: PLC0415 - few programs change them

        return await create_template(self._transport, file)

    async def update(self, template_id: str, scenes: Iterable[Scene | Mapping[str, Any]]) -> None:
        """Replace the scenes of a template. Videos that were made from it stay as they are.

        See https://docs.pictory.ai/api-reference/templates/update-template. Name, variables and sound cannot be
        changed. **The scenes of `get` cannot be used**: they are a digest. The API wants scenes as in a project.

        Args:
            template_id: The template.
            scenes: All its scenes, as in a project: such as ``project.scenes``, or as JSON objects.

        Raises:
            PictoryConfigError: There are no scenes, or they are not those of a project; nothing was sent.
            NotFoundError: There is no such template for this key.
            APIError: Any other failure, as its subclasses say.
        """
        from pictory_async._api.template_changes import update_template  # noqa: PLC0415 - few programs change them

        await update_template(self._transport, template_id, scenes)
        await self._forget(template_id)

    async def delete(self, template_id: str) -> None:
        """Delete a template, for good. Videos that were made from it stay. The request is sent once.

        See https://docs.pictory.ai/api-reference/templates/delete-template.

        Args:
            template_id: The template.

        Raises:
            PictoryConfigError: The id cannot be a template id; nothing was sent.
            NotFoundError: There is no such template for this key; it may be deleted already.
            PermissionDeniedError: It belongs to another team.
            APIError: Any other failure, as its subclasses say.
        """
        path, subject = template_path(template_id), f"template {template_id!r}"
        try:
            await self._transport.submit(path, subject, decode_done, method="DELETE")
        finally:  # where the response is lost, it may be gone as well
            await self._forget(template_id)

    async def _forget(self, template_id: str) -> None:
        if self._cache is not None:
            await self._cache.forget(template_id)

    async def backup(self, template_id: str, path: str | os.PathLike[str]) -> TemplateBackup:
        """Back up a template: its details and its two files, in one directory.

        The directory gets ``template.json`` (the details and the date of the backup), ``project.json`` and
        ``structure.json`` (if the template has them), and last ``manifest.json`` with the size and the SHA-256 of each.
        An interrupted backup never looks complete, and resumes when the same call is made again; until then, an older
        backup of the template stays unchanged. The API key is never sent to the host of the files.

        Args:
            template_id: The template.
            path: The directory: a new one, an empty one, or one with an older backup of the same template, which is
                replaced.

        Returns:
            What was written; `pictory_async.verify_backup` checks it later.

        Raises:
            PictoryConfigError: An argument cannot work, or the directory contains something else; nothing was sent.
            DownloadError: A file cannot be downloaded or written.
            APIError: The template could not be fetched, as its subclasses say.
        """
        from pictory_async._files.backup import back_up  # noqa: PLC0415 - few programs make backups

        path_segment("template", template_id)
        return await back_up(self._fetcher.get(), template_id, path, lambda: self._fetch(template_id))

    async def backup_all(self, path: str | os.PathLike[str], *, keep: int | None = None) -> TemplateSnapshot:
        """Take a snapshot of all templates: their details and their files, with the date, in one directory.

        The directory keeps the snapshots of earlier calls. Content that did not change is not stored again. A snapshot
        appears when all templates are stored; if one of them cannot be, there is none, and the next call stores only
        what is missing. A kill at any moment leaves the earlier snapshots whole. The API key is never sent to the host
        of the files.

        A template is left out only if it was deleted. So one that the last snapshot has and the list has not is fetched
        too, and a response 404 is believed only if a second request, and a new list, confirm it.

        Args:
            path: The directory: a new one, or one with earlier snapshots.
            keep: How many snapshots that have templates to keep: older ones are removed, and content that is in no
                other. After a snapshot without templates, none is removed. ``None`` keeps all of them.

        Returns:
            The snapshot. `TemplateSnapshot.find` finds it later.

        Raises:
            PictoryConfigError: An argument cannot work, or the directory contains something else.
            DownloadError: A file cannot be downloaded or written, or another process is taking a snapshot there.
            APIError: The templates could not be fetched, as its subclasses say.
        """
        from pictory_async._files.snapping import snap  # noqa: PLC0415 - few programs make backups

        look = SecondLook(self._ids)

        async def fetch(template_id: str) -> Template | None:
            return await look.fetch(template_id, lambda: self._fetch(template_id))

        return await snap(self._fetcher.get(), path, self._ids(), fetch, keep)

    @overload
    def list(self, *, details: Literal[False] = False) -> Listing[TemplateItem]: ...

    @overload
    def list(self, *, details: Literal[True]) -> AsyncIterator[Template]: ...

    def list(self, *, details: bool = False) -> Listing[TemplateItem] | AsyncIterator[Template]:
        """List the account's templates, across all pages, as an async iterator.

        See https://docs.pictory.ai/api-reference/templates/get-templates.

        Args:
            details: Fetch the details of each template too, several at once within the request budget, and yield
                complete `Template` objects in the order of the list. One that was deleted since the list was made is
                left out; a response 404 is believed only if a second request, and a new list, confirm it.
        """
        listing = Listing(
            self._transport, "/v1/templates", "the list of templates", "nextPageKey", decode_template_page
        )
        if not details:
            return listing
        look = SecondLook(self._ids)

        async def fetch(item: TemplateItem) -> Template | None:
            return await look.fetch(item.id, lambda: self.get(item.id))

        return Detailed(listing, fetch)

    async def _ids(self) -> AsyncIterator[str]:
        async for item in self.list():
            yield item.id

    async def _fetch(self, template_id: str) -> Template:
        return (await self._fetched(template_id)).template

    async def _fetched(self, template_id: str) -> Fetched:
        at = anyio.current_time()
        return await self._transport.get(
            template_path(template_id),
            f"template {template_id!r}",
            lambda body: Fetched(decode_template(body, template_id), body, at),
        )
