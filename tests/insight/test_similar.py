"""Scenes are matched by what they say: at any length, wherever they are, and within a bound of work."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st

from pictory_async.insight import TemplateDiff, compare_templates
from pictory_async.insight._similar import Effort, likenesses
from tests.insight._samples import read_template, scene

DICE = random.Random(11)
WORDS = ["".join(DICE.choices("abcdefghijklmnopqrstuvwxyz", k=DICE.randint(2, 9))) for _ in range(500)]


def text(words: int, vocabulary: list[str] = WORDS) -> str:
    return " ".join(DICE.choices(vocabulary, k=words))


def edited(old: str, words: int = 1) -> str:
    parts = old.split(" ")
    for place in DICE.sample(range(len(parts)), words):
        parts[place] = DICE.choice(WORDS)
    return " ".join(parts)


def compare(old: list[list[str]], new: list[list[str]]) -> TemplateDiff:
    """Compare two versions that have no id in common."""
    versions = [
        read_template(scenes=[scene(f"{name}-{number}", *texts) for number, texts in enumerate(scenes)])
        for name, scenes in (("old", old), ("new", new))
    ]
    return compare_templates(*versions)


def assert_shifted(diff: TemplateDiff, scenes: int, front: int) -> None:
    """All scenes of the old version are found again behind the new ones, and none of them has moved."""
    assert list(range(1, front + 1)) == [each.number for each in diff.added]
    assert ((), ()) == (diff.removed, diff.moved)
    assert [(number, number + front) for number in range(1, scenes + 1)] == [
        (each.old.number, each.new.number) for each in diff.matches
    ]
    assert diff.is_complete


@pytest.mark.parametrize("front", [0, 1, 11, 60])
@pytest.mark.parametrize(("words", "subtitles"), [(8, 1), (6, 5), (40, 1)])
def test_all_scenes_edited_and_some_in_front(words: int, subtitles: int, front: int) -> None:
    """Each scene is matched with its own earlier version, however many are put in front."""
    old = [[text(words) for _ in range(subtitles)] for _ in range(100)]
    new = [[text(words) for _ in range(subtitles)] for _ in range(front)]
    new += [[edited(each) for each in texts] for texts in old]
    assert_shifted(compare(old, new), 100, front)


@pytest.mark.parametrize("place", ["beginning", "middle", "end"])
def test_long_texts_that_differ_in_one_place_only(place: str) -> None:
    """What is equal in all of them says nothing; what differs is found, wherever it is."""
    common = text(700)

    def whole(own: str) -> str:
        return {"beginning": f"{own} {common}", "middle": f"{common} {own} {common}", "end": f"{common} {own}"}[place]

    old = [text(30) for _ in range(60)]
    new = [text(30) for _ in range(11)] + [edited(each, 3) for each in old]
    assert_shifted(compare([[whole(each)] for each in old], [[whole(each)] for each in new]), 60, 11)


@pytest.mark.parametrize("words", [20, 300])
def test_few_different_words(words: int) -> None:
    """Texts of the same few words are told apart by the order of the words."""
    old = [text(words, WORDS[:20]) for _ in range(60)]
    new = [text(words, WORDS[:20]) for _ in range(11)] + [edited(each, 1 + words // 40) for each in old]
    assert_shifted(compare([[each] for each in old], [[each] for each in new]), 60, 11)


def test_texts_without_spaces() -> None:
    """Languages without spaces are compared as well."""
    signs = [chr(0x4E00 + number) for number in range(500)]
    old = ["".join(DICE.choices(signs, k=30)) for _ in range(100)]
    new = ["".join(DICE.choices(signs, k=30)) for _ in range(11)] + [f"{each[:9]}{signs[0]}{each[10:]}" for each in old]
    assert_shifted(compare([[each] for each in old], [[each] for each in new]), 100, 11)
    old = [each * 500 for each in old]
    assert_shifted(compare([[each] for each in old], [[f"{each}!"] for each in old]), 100, 0)


def test_nearly_equal_scenes_keep_their_order() -> None:
    """Of scenes that say the same, none is said to have moved: those that were added are at one end."""
    for count, more in ((40, 11), (1_500, 3)):
        diff = compare([["Pause"]] * count, [["Pause."]] * (count + more))
        assert (more, 0, 0) == (len(diff.added), len(diff.removed), len(diff.moved))
        diff = compare([[f"Slide {n}"] for n in range(count)], [["Title"], *([f"Slide {n}!"] for n in range(count))])
        assert_shifted(diff, count, 1)


def test_a_scene_that_was_replaced_is_not_a_changed_one() -> None:
    """Scenes that say something else are removed and added."""
    diff = compare([[text(30)] for _ in range(20)], [[text(30)] for _ in range(20)])
    assert (20, 20, ()) == (len(diff.added), len(diff.removed), diff.matches)
    assert diff.is_complete


def test_a_moved_scene_is_found_among_edited_ones() -> None:
    """One move is one move, also if all scenes were edited."""
    old = [text(20) for _ in range(50)]
    new = [edited(each) for each in [*old[10:], *old[:1], *old[1:10]]]
    diff = compare([[each] for each in old], [[each] for each in new])
    assert (0, 0, 10) == (len(diff.added), len(diff.removed), len(diff.moved))


def test_versions_that_are_too_large_are_said_to_be() -> None:
    """If not all scenes could be compared, the comparison says so, also when it is printed and converted."""
    diff = compare([["x" * number] for number in range(3_000)], [[f"{'x' * number}y"] for number in range(3_000)])
    assert diff.added
    assert diff.removed
    assert not diff.is_complete
    assert "too large" in diff.lines()[-1]
    assert False is diff.to_dict()["is_complete"]
    assert "is_complete" not in compare([["a"]], [["b"]]).to_dict()


@pytest.mark.parametrize("steps", [0, 1, 10, 1_000, 100_000])
@pytest.mark.parametrize(
    "texts",
    [
        ["a" * 50_000] * 20,
        [text(5) for _ in range(2_000)],
        [text(9_000)],
        ["a b " * 20_000] * 9,
        ["", "a", "ab"],
        [],
    ],
    ids=lambda texts: str(len(texts)),
)
def test_the_work_is_bounded(texts: list[str], steps: int) -> None:
    """Never more steps than allowed, whatever is compared."""
    effort = Effort(steps)
    old, new = dict(enumerate(texts)), {number: f"{each}!" for number, each in enumerate(texts)}
    found = likenesses(old, new, effort)
    assert 0 <= effort.left <= steps
    assert all(0.4 <= each.share <= 1.0 for each in found)
    if steps >= 100_000 and sum(map(len, texts)) < 1_000:
        assert not effort.spent


@given(st.lists(st.text(max_size=20), max_size=6), st.lists(st.text(max_size=20), max_size=6))
def test_likeness_is_symmetric(old: list[str], new: list[str]) -> None:
    """It does not matter which version is the earlier one; a text is like itself, unless it is empty."""
    one = likenesses(dict(enumerate(old)), dict(enumerate(new)), Effort(100_000))
    other = likenesses(dict(enumerate(new)), dict(enumerate(old)), Effort(100_000))
    assert sorted(one) == sorted((new_index, old_index, share) for old_index, new_index, share in other)
    own = likenesses(dict(enumerate(old)), dict(enumerate(old)), Effort(100_000))
    assert {index for index, each in enumerate(old) if each} == {each[0] for each in own if each[:2] == (each[0],) * 2}
