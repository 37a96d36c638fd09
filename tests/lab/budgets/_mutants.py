"""What is broken on purpose, to see that the worlds of budgets notice."""

from __future__ import annotations

from typing import Final

from tests.lab._mutants import Mutant

MUTANTS: Final = (
    Mutant("A lease counts from its grant", "_limits.shared:BudgetTerms.spacing", " + self.lasts", ""),
    Mutant("A lease lasts too long", "_limits.shared:BudgetTerms.lasts", "_TERM * self.per", "0.2 * self.per"),
    Mutant("A burst is larger", "_limits.shared:BudgetTerms.tolerance", "self.burst - 1", "self.burst + 1"),
    Mutant(
        "A budget that was forgotten is a new one",
        "_limits.window:SharedWindow.forget",
        "now + terms.ahead + terms.tolerance + terms.spacing, now",
        "now, now",
    ),
    Mutant("More is returned than was taken", "_limits.leases:Leases.give_back", "lease, slots)", "lease, slots + 5)"),
    Mutant(
        "A lease is used before it begins", "_limits.leases:Leases.take", "max(self._starts, self._not_before)", "0"
    ),
    Mutant(
        "A grant has no end", "_limits.leases:Leases.write", "self._taken.popleft() >= now", "self._taken.popleft()"
    ),
    Mutant("A pause is not reported", "_limits.leases:Leases.pause", "self._unreported = self._not_before", "pass"),
    Mutant(
        "A pause is not kept",
        "_limits.window:SharedWindow.report",
        "self.not_before = max(self.not_before, now + min(pause, _LONGEST_PAUSE))",
        "pass",
    ),
    Mutant("A clock that is set back holds up a pause", "_limits.window:SharedWindow._use", "back > 0.0", "False"),
    Mutant("A file that is lost in use is a new one", "_limits.file_budget:_read", "new=not epoch", "new=True"),
    Mutant("An older copy of a file is believed", "_limits.file_budget:_read", "if epoch and replaced", "if False"),
    Mutant(
        "A damaged file is a new one",
        "_limits.file_budget:_read",
        "if state is None or state.boot != _boot():\n        return _State.first(now, terms, new=False)",
        "if state is None or state.boot != _boot():\n        return _State.first(now, terms, new=True)",
    ),
    Mutant("A caller that is cancelled wakes nobody", "_limits.limiter:RateLimiter._wait", "head.wake()", "pass"),
)
