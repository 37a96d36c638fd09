"""Choosing projects: the options of every command that takes ids of projects."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
from collections.abc import Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import SyncState
from pictory_async.cli._client import open_client, run
from pictory_async.cli._exit_codes import SUCCESS
from pictory_async.cli._input import collect_ids
from pictory_async.cli._night import begin
from pictory_async.cli._progress import telling
from pictory_async.cli._quantities import to_since
from pictory_async.cli._store import Store
from pictory_async.cli.display.text import echo_note, one_line
from pictory_async.models import ProjectItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    from pictory_async import AsyncPictory
    from pictory_async.cli._options import Decorator

__all__ = [
    "NOTHING_CHOSEN",
    "Choice",
    "Chosen",
    "Filter",
    "filter_options",
    "matches",
    "name_option",
    "selection_options",
]

_SHOWN: Final = 10
NOTHING_CHOSEN: Final = (
    "There are no ids. Give ids or --ids-from FILE, or choose projects with --all, --state, --name or --saved-since."
)
"""What is wrong if no projects are chosen, by whatever option."""


@attrs.frozen
class Chosen:
    """A project that was chosen.

    Attributes:
        item: Its entry of the list.
        state: What is known of its video; ``None`` if that was not asked.
    """

    item: ProjectItem
    state: SyncState | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as the API sent it, and the state."""
        return self.item.to_dict() | ({} if self.state is None else {"state": self.state.value})


@attrs.define(kw_only=True)
class Filter:
    """Which projects of the list are meant.

    Attributes:
        states: What may be known of their videos; empty for anything.
        name: A pattern for their names, in any case; ``None`` for any.
        saved_since: Only those that were saved at this time or later.
        progress: What it is doing, for people.
    """

    states: frozenset[SyncState] = frozenset()
    name: str | None = None
    saved_since: datetime | None = None
    progress: str = attrs.field(default="reading the list of projects", init=False)

    @property
    def is_given(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.states) or self.name is not None or self.saved_since is not None

    def has(self, item: ProjectItem) -> bool:
        """Whether an entry of the list is meant, as far as the list tells."""
        if not matches(self.name, item.name):
            return False
        return self.saved_since is None or (item.saved_at is not None and item.saved_at >= self.saved_since)

    async def find(self, client: AsyncPictory) -> AsyncIterator[Chosen]:
        """Yield what is meant, in the order of the list: at once, or if states count, when they are known."""
        if not self.states:
            async for item in client.projects.list():
                if self.has(item):
                    yield Chosen(item)
            return
        items = [item async for item in client.projects.list() if self.has(item)]
        for chosen in await self.having_state(client, items):
            yield chosen

    async def having_state(self, client: AsyncPictory, items: Sequence[ProjectItem]) -> list[Chosen]:
        """Find out the states of projects, and return those whose state counts; all, without one, if any does."""
        if not self.states:
            return [Chosen(item) for item in items]

        def on_progress(done: int, total: int) -> None:
            self.progress = f"looking at projects: {done} of {total}"

        with contextlib.closing(Store().ledger()) as ledger:
            states = await client.projects.states(ledger=ledger, ids=items, on_progress=on_progress)
        found = [Chosen(item, states[item.id]) for item in items if item.id in states]
        return [chosen for chosen in found if chosen.state in self.states]


@attrs.frozen(kw_only=True)
class Choice:
    """Which projects a command was told to work on.

    Attributes:
        ids: Those that were named; ``None`` if none were, and all are meant.
        filter: What leaves out some of them.
        is_given: Whether anything was chosen.
        is_list: Whether there can be any number of them, as in a file or in the account.
        names: What those are called that were found in the list of projects, by id.
    """

    ids: Sequence[str] | None
    filter: Filter
    is_given: bool
    is_list: bool
    names: dict[str, str] = attrs.field(factory=dict[str, str], init=False, eq=False)

    def find(self, base_url: str | None) -> list[str]:
        """Return the ids of the chosen projects: those that were named in their order, else in that of the list."""
        if self.ids is not None and (not self.ids or not self.filter.is_given):
            return [*self.ids]
        return run(functools.partial(self._find, base_url))

    def find_any(self, base_url: str | None) -> list[str]:
        """Return the ids of the chosen projects. If there are none, say so and end the command.

        Raises:
            click.exceptions.Exit: There is nothing to do.
        """
        found = self.find(base_url)
        if not found:
            echo_note(self.why_nothing)
            click.get_current_context().exit(SUCCESS)
        return found

    @property
    def selects(self) -> bool:
        """Whether it chooses from the list of projects."""
        return self.is_given and (self.ids is None or self.filter.is_given)

    @property
    def why_nothing(self) -> str:
        """The sentence that says that nothing was chosen."""
        empty = self.ids is not None and not self.ids
        return f"Nothing to do: {'there are no ids' if empty else 'no project is selected'}."

    async def _find(self, base_url: str | None) -> list[str]:
        chosen = self.filter
        async with open_client(base_url) as client, telling(lambda: chosen.progress, lambda: 0):
            if self.ids is None:
                found = [one.item async for one in chosen.find(client)]
            else:
                wanted = {*self.ids}
                listed = {str(item.id): item async for item in client.projects.list() if str(item.id) in wanted}
                self._note_missing(listed.keys())
                items = [listed[one] for one in self.ids if one in listed and chosen.has(listed[one])]
                found = [one.item for one in await chosen.having_state(client, items)]
        self.names.update({str(item.id): item.name for item in found if item.name})
        return [str(item.id) for item in found]

    def _note_missing(self, listed: Collection[str]) -> None:
        missing = [one_line(one) for one in self.ids or () if one not in listed]
        if missing:
            more = len(missing) - _SHOWN
            shown = ", ".join(missing[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
            echo_note(f"Warning: Not in the list of projects, and left out: {shown}")


def matches(pattern: str | None, name: str | None) -> bool:
    """Whether a name fits a pattern such as ``ACME*``, in any case."""
    return pattern is None or fnmatch.fnmatchcase((name or "").casefold(), pattern.casefold())


def _to_states(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> frozenset[SyncState]:
    words = [word.strip().lower() for text in texts for word in text.split(",")]
    known = {state.value: state for state in SyncState}
    for word in words:
        if word not in known:
            raise click.BadParameter(f"{word!r} is no state. Choose among: {', '.join(known)}.")
    return frozenset(known[word] for word in words)


def name_option(noun: str) -> Decorator:
    """Give a command the option ``--name``."""
    return click.option(
        "--name", "name_pattern", metavar="PATTERN", help=f"Only {noun} whose name matches: 'ACME*', in any case."
    )


_FILTER: Final = (
    click.option(
        "--state",
        "states",
        multiple=True,
        callback=_to_states,
        metavar="A,B,...",
        help=f"Only projects in these states: {', '.join(SyncState)}. What this machine does not know is fetched.",
    ),
    name_option("projects"),
    click.option(
        "--saved-since",
        type=to_since,
        metavar="WHEN",
        help="Only projects that were saved since then: 12h, 7d, 4w, 2026-01-31, or a time.",
    ),
)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--state``, ``--name`` and ``--saved-since``, as one argument ``chosen``."""

    @functools.wraps(command)
    def with_filter(
        *arguments: Any,
        states: frozenset[SyncState],
        name_pattern: str | None,
        saved_since: datetime | None,
        **others: Any,
    ) -> Any:
        chosen = Filter(states=states, name=name_pattern, saved_since=saved_since)
        return command(*arguments, chosen=chosen, **others)

    found: Callable[..., Any] = with_filter
    for option in reversed(_FILTER):
        found = option(found)
    return found


def selection_options(*, takes_all: bool = True, required: bool = True) -> Decorator:
    """Give a command its projects: ids, files of ids, and the options that choose some, as one argument ``choice``.

    Args:
        takes_all: Whether it has ``--all``.
        required: Whether choosing nothing is an error.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_choice(
            *arguments: Any,
            ids: tuple[str, ...],
            ids_from: IO[bytes] | None,
            chosen: Filter,
            take_all: bool = False,
            **others: Any,
        ) -> Any:
            begin()  # what is wrong with the ids is reported too
            named = bool(ids) or ids_from is not None
            if take_all and named:
                raise click.UsageError("Give either ids or --all.")
            is_given = named or take_all or chosen.is_given
            if required and not is_given:
                raise click.UsageError(NOTHING_CHOSEN if takes_all else NOTHING_CHOSEN.replace("--all, ", ""))
            found = collect_ids(ids, ids_from) if named else None
            is_list = ids_from is not None or not named
            choice = Choice(ids=found, filter=chosen, is_given=is_given, is_list=is_list)
            return command(*arguments, choice=choice, **others)

        found = filter_options(with_choice)
        if takes_all:
            found = click.option("--all", "take_all", is_flag=True, help="All projects of the account.")(found)
        found = click.option(
            "--ids-from",
            type=click.File("rb"),
            metavar="FILE",
            help="Read more ids from a file, one per line, or from a table in CSV with a column 'id'; '-' is standard "
            "input. Lines that begin with # are skipped.",
        )(found)
        return click.argument("ids", nargs=-1, metavar="[ID...]")(found)

    return decorate
