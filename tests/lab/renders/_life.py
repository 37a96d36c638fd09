"""What happens to an account in one life, by its seed, and which promises are broken."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from tests.lab.renders._account import PROJECTS, Account, finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEPS = 60
"""More than one run has between its first entry and its last payment."""


def killed(account: Account, choice: random.Random) -> Iterator[str]:
    """However often the program is killed, it renders everything in the end, with one payment each."""
    for _ in range(choice.randint(1, 3)):
        account.run(last=choice.randint(1, STEPS), retry_unstarted=True)
        yield from _paid_twice(account)
    answer = account.run(retry_unstarted=True)
    if answer is None or not {"rendered", "unchanged"} >= set(answer[0].values()):
        yield f"not everything is rendered: {answer}"
    if account.paid != Counter(account.wanted):
        yield f"not one payment each: {account.paid}"


def with_foreign_jobs(account: Account, choice: random.Random) -> Iterator[str]:
    """If others render too, what may have been started is never requested again, and is reported."""
    asked = choice.random() < 0.5  # half of them are killed when a request is entered, and not sent
    account.run(**{"post": choice.randint(1, PROJECTS)} if asked else {"last": choice.randint(1, STEPS)})
    account.world.start_render(account.foreign, account.simulator.now())
    for _ in range(2):
        answer = account.run(retry_unstarted=True)
        yield from _paid_twice(account)
        statuses = {} if answer is None else answer[0]
        uncertain = [one for one, status in statuses.items() if status == "uncertain"]
        if asked and len(uncertain) != 1:
            yield f"the request that was not sent is not uncertain: {answer}"
        for one in account.wanted:
            if statuses.get(one) not in ({"rendered", "unchanged"} if account.paid[one] else {"uncertain"}):
                yield f"{one} was paid {account.paid[one]} times: {answer}"


def at_once(account: Account, choice: random.Random) -> Iterator[str]:
    """Of two programs at once, one renders each project."""
    both = [account.start(overlap=overlap) for overlap in choice.sample(["skip", "wait"], 2)]
    for process, answers in both:
        finished(process, answers)
    if account.paid != Counter(account.wanted):
        yield f"not one payment each: {account.paid}"


def _paid_twice(account: Account) -> Iterator[str]:
    twice = [one for one, times in account.paid.items() if times > 1 and one != str(account.foreign)]
    if twice:
        yield f"paid twice: {', '.join(twice)}"


def live(seed: int, directory: Path, *, makes: bool = False) -> list[str]:
    """Live one life, of projects or of videos, and return the broken promises."""
    life = (killed, with_foreign_jobs, at_once)[seed % 3]
    with Account(directory, makes=makes) as account:
        return [*life(account, random.Random(seed))]
