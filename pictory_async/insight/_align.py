"""Matching the items of two versions of a sequence, and finding those that moved."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pictory_async.insight._similar import Effort, Likeness, likenesses

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

__all__ = ["Effort", "Pair", "align", "explained", "moved"]

T = TypeVar("T")


class Pair(NamedTuple):
    """The indexes of one item in both versions, and what matched: ``id``, ``content``, ``similarity`` or ``place``."""

    old: int
    new: int
    how: str


def align(
    old: Sequence[T],
    new: Sequence[T],
    effort: Effort,
    *,
    key: Callable[[T], str | None],
    content: Callable[[T], Hashable],
    text: Callable[[T], str],
    place: Callable[[T], str] | None = None,
) -> list[Pair]:
    """Match the items of two versions of a sequence.

    First by id, then by equal content, then by similar text, the most similar first, and of equally similar ones those
    in whose order the fewest items moved. Each item is matched once.

    Args:
        old: The earlier version.
        new: The later version.
        effort: What the search for similar texts may take.
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

    def take(found: Iterable[tuple[int, int]], how: str) -> None:
        for one, other in found:
            if one in left and other in right:
                del left[one], right[other]
                pairs.append(Pair(one, other, how))

    ids, new_ids = _unique(left, key), _unique(right, key)
    take([(index, new_ids[name]) for name, index in ids.items() if name in new_ids], "id")
    take(list(_equal(left, right, content)), "content")
    if place is not None and len(left) == len(right) == 1:
        take(list(_equal(left, right, place)), "place")  # no other can be more similar
    old_texts = {index: text(item) for index, item in left.items()}
    new_texts = {index: text(item) for index, item in right.items()}
    take(_in_order(likenesses(old_texts, new_texts, effort), pairs), "similarity")
    if place is not None:
        take(list(_equal(left, right, place)), "place")
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


def explained(
    pairs: Sequence[tuple[int, int]], gaps: Sequence[int], unmatched: Sequence[int]
) -> tuple[set[int], set[int]]:
    """Items of one version that may be those that could not be read in the other one, so nobody knows if they are new.

    Args:
        pairs: The indexes of the matched items, first in the version with the gaps.
        gaps: The indexes of what could not be read there, in order.
        unmatched: The indexes of the items in the other version that match nothing, in order.

    Returns:
        Those of ``unmatched`` that are between the same neighbors as a gap; and those of them that are more than the
        gaps there, so that some of them are new, but nobody knows which.
    """
    if len(gaps) >= len(unmatched):
        return set(unmatched), set()
    matched = [Pair(*pair, "") for pair in sorted(pairs)]
    displaced = moved(matched)
    kept = [pair for pair in matched if pair not in displaced]
    starts = [pair.old for pair in kept]
    unclear, some = set[int](), set[int]()
    for place, count in Counter(bisect_left(starts, gap) for gap in gaps).items():
        first = bisect_right(unmatched, kept[place - 1].new) if place else 0
        last = bisect_left(unmatched, kept[place].new) if place < len(kept) else len(unmatched)
        near = unmatched[first:last]
        unclear.update(near)
        if len(near) > count:
            some.update(near)
    return unclear, some


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


def _in_order(found: list[Likeness], pairs: list[Pair]) -> list[tuple[int, int]]:
    """The pairs of similar items, the best first: the most similar, and of equally similar ones the expected ones."""
    anchors = sorted([*pairs, *_certain(found)])
    displaced = moved(anchors)
    kept = [pair for pair in anchors if pair not in displaced]
    starts = [pair.old for pair in kept]

    def off(likeness: Likeness) -> int:
        # Where items were added in front, all that follow are expected as much later.
        near = kept[max(bisect_right(starts, likeness.old) - 1, 0)] if kept else Pair(0, 0, "")
        return abs((likeness.new - likeness.old) - (near.new - near.old))

    found.sort(key=lambda likeness: (-likeness.share, off(likeness), likeness))
    return [(likeness.old, likeness.new) for likeness in found]


def _certain(found: list[Likeness]) -> Iterator[Pair]:
    """The pairs of items of which each is more similar to the other than to all others."""
    best: dict[tuple[str, int], list[float]] = {}  # the two highest shares of each item
    for old, new, share in found:
        for item in (("old", old), ("new", new)):
            best[item] = sorted([*best.get(item, (0.0, 0.0)), share])[1:]
    for old, new, share in found:
        if all(best[item][1] == share > best[item][0] for item in (("old", old), ("new", new))):
            yield Pair(old, new, "similarity")
