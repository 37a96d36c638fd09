"""Renders and videos whose program is killed are paid for once each, however often it is started again.

Twelve lives in the normal run, at steps that a seed chooses; ``PICTORY_ASYNC_KILLS=50`` lives fifty of each kind
(``nox -s slow``).
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

import pictory_async

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from tests.lab.renders._account import Account
from tests.lab.renders._life import STEPS, live
from tests.lab.renders._mutants import MUTANTS

KILLS = max(2, int(os.environ.get("PICTORY_ASYNC_KILLS", "2")))

pytestmark = [
    pytest.mark.timeout(300 + 60 * KILLS),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a POSIX system"),
]


@pytest.mark.parametrize("makes", [False, True], ids=["projects", "videos"])
@pytest.mark.parametrize("seed", range(3 * KILLS))
def test_nothing_is_paid_for_twice(tmp_path: Path, seed: int, *, makes: bool) -> None:
    """A program that is killed, one beside foreign jobs, and two at once pay for each project or video once."""
    assert [] == live(seed, tmp_path, makes=makes)


def test_the_steps_are_there(tmp_path: Path) -> None:
    """The steps at which it is killed reach from the first entry to the last payment."""
    with Account(tmp_path) as account:
        answer = account.run()
        assert answer is not None
        assert answer[1] > STEPS
        assert account.paid == Counter(map(str, account.ids))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_the_changes_of_the_laboratory_fit(mutant) -> None:
    """Each change that the laboratory makes on purpose can still be made to the source."""
    text = (Path(pictory_async.__file__).parent / mutant.file).read_text(encoding="utf-8")
    assert text != mutant.applied(text)
