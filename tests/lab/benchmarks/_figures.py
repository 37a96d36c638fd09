"""What a row of the table is made of: figures with targets, and what they were computed from."""

from __future__ import annotations

import attrs


@attrs.frozen
class Figure:
    """One number and what it should be: a ratio within the run, or a count, so that the target holds on any machine."""

    name: str
    value: float
    target: float
    unit: str = ""
    at_least: bool = False

    @property
    def good(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.target:,g}{self.unit}"

    @property
    def shown(self) -> str:
        digits = 0 if abs(self.value) >= 100 or float(self.value).is_integer() else 1 if abs(self.value) >= 10 else 2
        digits += abs(self.target) < 0.1 and not self.unit and self.target > 0
        return f"{self.value:,.{digits}f}{self.unit}"

    @property
    def verdict(self) -> str:
        return "PASS" if self.good else "MISS"


@attrs.frozen
class Row:
    """One row: a question that a reader may have, the figures that answer it, and what they were computed from."""

    number: str
    title: str
    figures: tuple[Figure, ...] = ()
    raw: str = ""
    problem: str | None = None

    @property
    def verdict(self) -> str:
        if self.problem is not None:
            return "NOT MEASURED"
        return "PASS" if all(figure.good for figure in self.figures) else "MISS"


@attrs.frozen
class Effort:
    """How much time to spend."""

    quick: bool

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 5

    @property
    def seconds(self) -> float:
        return 0.5 if self.quick else 2.0

    @property
    def options(self) -> tuple[str, ...]:
        return ("--quick",) if self.quick else ()
