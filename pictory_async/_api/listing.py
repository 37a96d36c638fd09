"""Lists, across all their pages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pictory_async._codec.answers import decode_page
from pictory_async._gather import each
from pictory_async._http.messages import Body
from pictory_async._settings.mistakes import AsyncItems
from pictory_async._settings.paths import is_page_key
from pictory_async.errors import InvalidRequestError, MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from typing import Self

    from pictory_async._http.transport import Transport
    from pictory_async.models import Page

T = TypeVar("T")
R = TypeVar("R")

_MOST_EMPTY: Final = 100


class Listing(AsyncItems, Generic[T]):
    """A list of the API, fetched page by page while it is iterated over.

    Iterate over it for the items, or over `pages` for whole pages; each iteration starts anew. Iterating raises
    ``APIError`` as its subclasses say, and ``MalformedResponseError`` also if the pages go in a circle.
    """

    def __init__(
        self,
        transport: Transport,
        path: str,
        subject: str,
        parameter: str,
        read: Callable[[bytes], Page[T]],
        query: Mapping[str, str] | None = None,
    ) -> None:
        self._transport = transport
        self._path = path
        self._subject = subject
        self._read = read
        self._asked = query or {}
        self.parameter = parameter

    async def fetch(self, query: dict[str, str]) -> Page[T]:
        """Fetch one page."""
        return await self._transport.get(self._path, self._subject, self._read, {**self._asked, **query})

    def unusable(self, problem: str) -> MalformedResponseError:
        """The error for pages that cannot be used."""
        text = f"The pages of {self._subject} {problem}. Report it to Pictory."
        return MalformedResponseError(text, method="GET", path=self._path)

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(self.pages())

    def pages(self) -> AsyncIterator[Page[T]]:
        """The pages in the API's order, each with its items and the key of the next one."""
        return _Pages(self)


def list_of(
    transport: Transport, path: str, subject: str, item: type[T], query: Mapping[str, str] | None = None
) -> Listing[T]:
    """A list whose entries are read as models of a class, in whatever way the API wraps them."""
    return Listing(transport, path, subject, "nextPageKey", partial(decode_page, item), query)


class NumberedListing(Listing[T]):
    """A list whose pages have numbers. None says that it is the last: it ends when a page brings nothing new.

    Args:
        transport: What sends the requests.
        path: Of the list.
        subject: What errors call it.
        item: The class of its entries; each has an ``id``.
        asked: What is searched for: the fields of a POST, or the query of a GET.
        method: ``POST`` or ``GET``. How a GET names a page is not documented: one that is refused is not there.
    """

    def __init__(
        self, transport: Transport, path: str, subject: str, item: type[T], asked: Mapping[str, Any], *, method: str
    ) -> None:
        super().__init__(transport, path, subject, "page", partial(decode_page, item))
        self._fields = asked
        self._method = method

    async def fetch(self, query: dict[str, str]) -> Page[T]:
        """Fetch one page."""
        if self._method == "GET":
            return await self._transport.get(self._path, self._subject, self._read, {**self._fields, **query})
        body = Body({**self._fields, "page": int(query.get("page", "1"))})
        return await self._transport.repeat("POST", self._path, self._subject, self._read, body)

    async def page(self, query: dict[str, str]) -> Page[T] | None:
        """Fetch one page, if there is one."""
        try:
            return await self.fetch(query)
        except InvalidRequestError:
            if not query or self._method != "GET":
                raise
        return None

    def pages(self) -> AsyncIterator[Page[T]]:
        """The pages in the API's order, without those that bring nothing new."""
        return _NumberedPages(self)


# Classes, because an async generator that is left early is cleaned up late, and with a warning on trio.


class _Pages(Generic[T]):
    def __init__(self, listing: Listing[T]) -> None:
        self._listing = listing
        self._query: dict[str, str] | None = {}
        self._seen: set[str] = set()
        self._empty = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Page[T]:
        if self._query is None:
            raise StopAsyncIteration
        page = await self._listing.fetch(self._query)
        key = page.next_key
        if key is not None and not is_page_key(key):
            raise self._listing.unusable("have an impossible key")
        if key in self._seen:
            raise self._listing.unusable(f"go in a circle: key {str(key)[:40]!r} occurs twice")
        self._empty = 0 if page.items else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise self._listing.unusable(f"are empty, {_MOST_EMPTY} of them in a row")
        if key is not None:
            self._seen.add(key)
        self._query = None if key is None else {self._listing.parameter: key}
        return page


class _NumberedPages(Generic[T]):
    def __init__(self, listing: NumberedListing[T]) -> None:
        self._listing = listing
        self._number = 0
        self._seen: set[object] = set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Page[T]:
        if self._number < 0:
            raise StopAsyncIteration
        self._number += 1
        # The first page is asked for without a number: not every list is documented to have any.
        page = await self._listing.page({"page": str(self._number)} if self._number > 1 else {})
        ids = set[object]() if page is None else {getattr(item, "id", item) for item in page.items}
        if page is None or ids <= self._seen:  # it is empty, or the server has no other one
            self._number = -1
            raise StopAsyncIteration
        self._seen |= ids
        return page


class _Items(Generic[T]):
    def __init__(self, pages: AsyncIterator[Page[T]]) -> None:
        self._pages = pages
        self._items: Iterator[T] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            self._items = iter((await anext(self._pages)).items)


class Detailed(AsyncItems, Generic[T, R]):
    """A list whose items are fetched too, those of one page concurrently; deleted ones are left out."""

    def __init__(self, listing: Listing[T], fetch: Callable[[T], Awaitable[R | None]]) -> None:
        self._pages = listing.pages()
        self._fetch = fetch
        self._found: Iterator[R | None] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        while True:
            for found in self._found:
                if found is not None:
                    return found
            self._found = iter(await each(self._fetch, (await anext(self._pages)).items))
