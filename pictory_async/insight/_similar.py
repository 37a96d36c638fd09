"""How similar texts are, by what they say, within a bound of work.

Two texts are as similar as the share of small pieces that they have in common (Dice's coefficient), wherever in the
texts these are. To find the similar ones among many texts, each is entered under its pieces. Pieces that few texts have
say the most, so they are looked up first; when the work is used up, those that nearly all texts have are left out.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

__all__ = ["Effort", "Likeness", "likenesses"]

_SIMILAR: Final = 0.4  # the share of common pieces from which two texts are versions of one text
_SHORT_PIECE: Final = 3  # characters
_LONG_PIECE: Final = 6  # in long texts, which have all short pieces of their language
_LONG: Final = 400  # characters
_WORD: Final = 20  # characters: texts with longer words have no spaces
_MOST_PAIRS: Final = 400_000
_CLOSEST: Final = 8  # texts that are compared in full with one text, if it cannot be compared with all

_Pieces: TypeAlias = "dict[Hashable, None]"  # a set, always in the same order


class Effort:
    """How much work a comparison may still do, in steps, for all of its parts together.

    A step takes less than a microsecond. Counted in steps, and not in time, so that the result is always the same.

    Args:
        steps: How many.

    Attributes:
        left: How many are left.
        spent: Whether something was left undone, because it would have taken more.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.spent = False

    def share(self, parts: int) -> Effort:
        """An equal part of what is left, for one of so many; `give_back` takes back what is left of it."""
        share = Effort(self.left // parts)
        self.left -= share.left
        return share

    def give_back(self, share: Effort) -> None:
        """Take back what is left of a share."""
        self.left += share.left

    def take(self, steps: int) -> bool:
        """Use some steps if there are so many; else note that something is left undone."""
        if steps > self.left:
            self.spent = True
            return False
        self.left -= steps
        return True


class Likeness(NamedTuple):
    """Two similar texts: the index of each, and the share of what they have in common."""

    old: int
    new: int
    share: float


def likenesses(old: Mapping[int, str], new: Mapping[int, str], effort: Effort) -> list[Likeness]:
    """The pairs of similar texts, one of them in each version.

    Args:
        old: Texts by index.
        new: Texts by index.
        effort: What this may take.
    """
    parts = _parts([*old.values(), *new.values()], effort.left // 4)
    left, right = dict(zip(old, parts, strict=False)), dict(zip(new, parts[len(old) :], strict=True))
    if not effort.take(sum(map(len, parts))):
        return []
    common, whole = _common(left, right, effort)
    if whole:
        found = [Likeness(one, other, _share(count, left[one], right[other])) for (one, other), count in common.items()]
    else:
        effort.spent = True
        found = list(_compared(_closest(common, old, new), left, right, effort))
    return [likeness for likeness in found if likeness.share >= _SIMILAR]


def _parts(texts: Sequence[str], most: int) -> list[_Pieces]:
    """The pieces of texts, at most so many of all of them together."""
    total = sum(map(len, texts))
    if total <= most:
        size = _LONG_PIECE if max(map(len, texts), default=0) > _LONG else _SHORT_PIECE
        return [_numbered(_windows(text, size)) for text in texts]
    words = [text.split() for text in texts]
    counts = list(map(len, words))
    if sum(counts) * _WORD < total:
        length = _limit(list(map(len, texts)), most)
        return [_numbered(_windows(_ends(text, length), _LONG_PIECE)) for text in texts]
    length = _limit(counts, most - len(texts))
    return [_numbered(pairwise(["", *_ends(each, length), ""])) for each in words]


def _windows(text: str, size: int) -> Iterator[str]:
    padded = f" {text} " if text else ""
    return (padded[start : start + size] for start in range(max(len(padded) - size, 0) + 1) if padded)


def _numbered(pieces: Iterable[Hashable]) -> _Pieces:
    """The pieces as a set, in which the second occurrence of a piece differs from the first."""
    counts: dict[Hashable, int] = {}
    found: _Pieces = {}
    for piece in pieces:
        if piece in found:
            counts[piece] = counts.get(piece, 1) + 1
            found[piece, counts[piece]] = None
        else:
            found[piece] = None
    return found


def _limit(lengths: list[int], most: int) -> int:
    """What all lengths must be cut to, so that their sum is at most ``most``."""
    for number, length in enumerate(sorted(lengths)):
        share = most // (len(lengths) - number)
        if length > share:
            return share
        most -= length
    return max(lengths)


def _ends(text: Any, length: int) -> Any:
    """The beginning and the end of a text, or of a list, that is too long."""
    return text if len(text) <= length else text[: length - length // 2] + text[len(text) - length // 2 :]


def _common(
    left: Mapping[int, _Pieces], right: Mapping[int, _Pieces], effort: Effort
) -> tuple[dict[tuple[int, int], int], bool]:
    """How many pieces two texts have in common, and whether all pieces were counted."""
    where: dict[Hashable, list[int]] = {}
    for index, pieces in left.items():
        for piece in pieces:
            where.setdefault(piece, []).append(index)
    shared: dict[Hashable, list[int]] = {}
    for index, pieces in right.items():
        for piece in pieces:
            if piece in where:
                shared.setdefault(piece, []).append(index)
    common: dict[tuple[int, int], int] = {}
    budget = min(effort.left // 2, _MOST_PAIRS)
    for piece in sorted(shared, key=lambda piece: len(shared[piece]) * len(where[piece])):
        cost = len(shared[piece]) * len(where[piece])
        budget -= cost
        if budget < 0:
            return common, False
        effort.left -= cost
        for one in where[piece]:
            for other in shared[piece]:
                common[one, other] = common.get((one, other), 0) + 1
    return common, True


def _closest(common: Mapping[tuple[int, int], int], old: Iterable[int], new: Iterable[int]) -> list[tuple[int, int]]:
    """The pairs that are worth a closer look, if not all are compared.

    Those at the same place, from the beginning or from the end, as if items were added only at one end; and those with
    the most in common, a few for each text.
    """
    ones, others = list(old), list(new)
    chosen = dict.fromkeys([*zip(ones, others, strict=False), *zip(ones[::-1], others[::-1], strict=False)])
    seen: Counter[int] = Counter()
    for (one, other), _ in sorted(common.items(), key=lambda item: (-item[1], item[0])):
        if seen[one] < _CLOSEST:
            seen[one] += 1
            chosen[one, other] = None
    return list(chosen)


def _compared(
    pairs: Iterable[tuple[int, int]], left: Mapping[int, _Pieces], right: Mapping[int, _Pieces], effort: Effort
) -> Iterator[Likeness]:
    for one, other in pairs:
        small, large = sorted((left[one], right[other]), key=len)
        if not effort.take(1 + len(small)):
            return
        yield Likeness(one, other, _share(sum(piece in large for piece in small), small, large))


def _share(common: int, one: _Pieces, other: _Pieces) -> float:
    return 2.0 * common / (len(one) + len(other))
