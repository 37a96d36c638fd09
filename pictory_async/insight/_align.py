"""Matching the items of two versions of a sequence, and finding those that moved."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

__all__ = ["Pair", "align", "moved"]

_SIMILAR = 0.5  # the share of common characters from which two texts are versions of one text
_COMPARED_LENGTH = 200  # characters of a text that are compared: the work grows with the square
_MAX_COMPARED = 2_000  # pairs of texts; in larger templates only neighbours are compared

T = TypeVar("T")


class Pair(NamedTuple):
    """The indexes of one item in both versions, and what matched: ``id``, ``content``, ``similarity`` or ``place``."""

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
    """Match the items of two versions of a sequence.

    First by id, then by equal content, then by similar text, the most similar first. Each item is matched once.

    Args:
        old: The earlier version.
        new: The later version.
        key: Returns an item's id; an id that occurs twice in one version is ignored.
        content: Returns what must be equal for two items to match by content.
        text: Returns what must be similar for two items to match by similarity.
        place: Returns what must be equal for two remaining items to count as one rewritten item. ``None``: remaining
            items are not matched.

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
    """Return the smallest set of pairs that must have moved: without them, the others kept their order.

    Args:
        pairs: The pairs in the order of the earlier version.
    """
    # The longest increasing subsequence of the new indexes stays; see "patience sorting".
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
    names = {index: key(item) for index, item in items.items()}
    counts = Counter(names.values())
    return {name: index for index, name in names.items() if name and counts[name] == 1}


def _equal(left: dict[int, T], right: dict[int, T], content: Callable[[T], Hashable]) -> Iterator[tuple[int, int]]:
    places: dict[Hashable, list[int]] = {}
    for index in sorted(right, reverse=True):
        places.setdefault(content(right[index]), []).append(index)
    for index in sorted(left):
        same = places.get(content(left[index]))
        if same:
            yield index, same.pop()


def _similar(left: dict[int, T], right: dict[int, T], text: Callable[[T], str]) -> Iterator[tuple[int, int]]:
    texts = {index: text(item)[:_COMPARED_LENGTH] for index, item in left.items()}
    reach = max(_MAX_COMPARED // (len(left) or 1), 1)
    found: list[tuple[float, int, int, int]] = []
    for place, (other, item) in enumerate(sorted(right.items())):
        matcher = SequenceMatcher(None, "", text(item)[:_COMPARED_LENGTH], autojunk=False)
        near = sorted(texts)[max(0, place - reach // 2) : place + reach // 2 + 1]
        for one in near:
            matcher.set_seq1(texts[one])
            ratio = _ratio(matcher)
            if ratio >= _SIMILAR:
                found.append((-ratio, abs(one - other), one, other))
    # The most similar first, and of equally similar ones the nearest. `take` skips items that are matched already.
    for _, _, one, other in sorted(found):
        yield one, other


def _ratio(matcher: SequenceMatcher[str]) -> float:
    if matcher.real_quick_ratio() < _SIMILAR or matcher.quick_ratio() < _SIMILAR:
        return 0.0
    return matcher.ratio()
