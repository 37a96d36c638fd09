"""How the rows are grouped on the page, and what a stranger reads first about each group."""

from __future__ import annotations

import attrs


@attrs.frozen
class Section:
    """Rows that answer one question."""

    slug: str
    title: str
    sentence: str
    rows: frozenset[str]


SECTIONS = (
    Section(
        "cost",
        "CPU time of a poll, compared with other SDKs",
        "One poll costs less CPU time than one GET call of the other SDKs, and the advantage grows with the number of "
        "concurrent polls.",
        frozenset({"1", "2"}),
    ),
    Section(
        "alone",
        "A poll with many tasks, and through a proxy",
        "A poll costs little more with a thousand tasks than with ten, and about as much through a proxy as without.",
        frozenset({"3", "12", "15"}),
    ),
    Section(
        "loop",
        "The event loop of your application",
        "Your handlers get their turn while hundreds of projects are watched and while 1,000 polls start at once.",
        frozenset({"5", "6"}),
    ),
    Section(
        "many",
        "Thousands of watches",
        "A watch takes about a kilobyte of memory, and ten thousand of them start their polls on time.",
        frozenset({"7", "8", "14"}),
    ),
    Section(
        "budget",
        "The request budget",
        "The limiter uses nearly the whole budget, never more than that, and serves its queue in order.",
        frozenset({"9", "11", "18"}),
    ),
    Section(
        "delay",
        "How soon an end is noticed",
        "With the same number of requests, ends are noticed much sooner than by polling each project at a fixed "
        "interval.",
        frozenset({"13", "16", "17"}),
    ),
    Section(
        "start",
        "Starting, and reading a response",
        "The package imports almost as fast as the libraries that it needs, and decides about a big project as fast as "
        "the fastest JSON libraries.",
        frozenset({"4", "10"}),
    ),
)
"""Every row is in one of them."""
