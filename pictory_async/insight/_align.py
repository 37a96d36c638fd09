"""Which item of one sequence is which item of another, and which of them moved."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from difflib import SequenceMatcher

__all__ = ["ALIKE", "Pair", "align", "moved"]

ALIKE = 0.5  # two texts are versions of one when at least this part of their characters is common
_COMPARED_LENGTH = 200  # characters of a text that tell whether it is alike another: the work grows with the square
_MOST_COMPARED = 2_000  # pairs of texts; in larger templates only neighbours are compared

T = TypeVar("T")


class Pair(NamedTuple):
    """Two indexes that stand for one thing, and how that was found: ``id``, ``content``, ``similarity``, ``place``."""

    old: int
    new: int
    how: str


def align(
    old: Sequence[T],
    new: Sequence[T],
    *,
    key: Callable[[T], str | None],
    content: Callable[[T], Hashable],
    text: Callable[[T], str],
    place: Callable[[T], str] | None = None,
) -> list[Pair]:
    """Find which items of two versions of a sequence belong together.

    First by id, then by equal content, then by similar text, the most similar first. Each item is used once.

    Args:
        old: The earlier version.
        new: The later version.
        key: Gives an item's id; an id that comes twice in one version identifies nothing.
        content: Gives what makes two items equal.
        text: Gives the text that makes two items similar.
        place: Gives what makes two items that are left over one rewritten item, where that may be.

    Returns:
        The pairs in the order of the earlier version.
    """
    left, right = dict(enumerate(old)), dict(enumerate(new))
    pairs: list[Pair] = []

    def take(found: Iterator[tuple[int, int]], how: str) -> None:
        for one, other in found:
            if one in left and other in right:
                del left[one], right[other]
                pairs.append(Pair(one, other, how))

    ids, new_ids = _unique(left, key), _unique(right, key)
    take(((index, new_ids[name]) for name, index in ids.items() if name in new_ids), "id")
    take(_equal(left, right, content), "content")
    take(_similar(left, right, text), "similarity")
    if place is not None:
        take(_equal(left, right, place), "place")
    return sorted(pairs)


def moved(pairs: Sequence[Pair]) -> set[Pair]:
    """Give a smallest set of pairs that must have moved: without them, the others kept their order.

    Args:
        pairs: The pairs in the order of the earlier version.
    """
    # The longest increasing subsequence of the new places stays; see "patience sorting".
    ends: list[int] = []
    last: list[int] = []
    before: list[int | None] = []
    for index, pair in enumerate(pairs):
        place = bisect_left(ends, pair.new)
        before.append(last[place - 1] if place else None)
        ends[place : place + 1] = [pair.new]
        last[place : place + 1] = [index]
    stay: set[Pair] = set()
    link = last[-1] if last else None
    while link is not None:
        stay.add(pairs[link])
        link = before[link]
    return set(pairs) - stay


def _unique(items: dict[int, T], key: Callable[[T], str | None]) -> dict[str, int]:
    found: dict[str, int] = {}
    twice: set[str] = set()
    for index, item in items.items():
        name = key(item)
        if name:
            if name in found:
                twice.add(name)
            found[name] = index
    return {name: index for name, index in found.items() if name not in twice}


def _equal(left: dict[int, T], right: dict[int, T], content: Callable[[T], Hashable]) -> Iterator[tuple[int, int]]:
    places: dict[Hashable, list[int]] = {}
    for index in sorted(right, reverse=True):
        places.setdefault(content(right[index]), []).append(index)
    for index in sorted(left):
        same = places.get(content(left[index]))
        if same:
            yield index, same.pop()


def _similar(left: dict[int, T], right: dict[int, T], text: Callable[[T], str]) -> Iterator[tuple[int, int]]:
    from difflib import SequenceMatcher  # noqa: PLC0415  # seldom needed

    texts = {index: text(item)[:_COMPARED_LENGTH] for index, item in left.items()}
    reach = max(_MOST_COMPARED // (len(left) or 1), 1)
    found: list[tuple[float, int, int, int]] = []
    for place, (other, item) in enumerate(sorted(right.items())):
        matcher = SequenceMatcher(None, "", text(item)[:_COMPARED_LENGTH], autojunk=False)
        near = sorted(texts)[max(0, place - reach // 2) : place + reach // 2 + 1]
        for one in near:
            matcher.set_seq1(texts[one])
            ratio = _ratio(matcher)
            if ratio >= ALIKE:
                found.append((-ratio, abs(one - other), one, other))
    # Sorted: the most similar first, and among equals the nearest. `take` passes over what is already used.
    for _, _, one, other in sorted(found):
        yield one, other


def _ratio(matcher: SequenceMatcher[str]) -> float:
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()
