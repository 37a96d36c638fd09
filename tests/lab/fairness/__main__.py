"""Let users and watches share a client: ``nox -s fairness``, or ``python -m tests.lab.fairness``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.lab._report import write_section
from tests.lab.fairness._crowds import RENDERED, Crowd, Found, run

CROWDS = (
    Crowd(projects=50),
    Crowd(projects=50, users=8),
    Crowd(projects=20),
    Crowd(projects=20, users=8, every=0.0, calls=2000),
    Crowd(projects=0, users=8, every=0.0, calls=2000),
)


def line(crowd: Crowd, found: Found) -> str:
    """A line of the table."""
    calls = f"{found.called / found.took:.2f}/s" if crowd.users else "-"
    slowest = f"{found.slowest:.1f} s" if crowd.users else "-"
    seen = f"{found.rendered} of {crowd.projects}" if crowd.projects else "-"
    longest = f"{found.longest:.1f} s" if crowd.projects else "-"
    return f"| {crowd.name} | {seen} | {longest} | {calls} | {slowest} |"


def main() -> None:
    """Measure all crowds, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.fairness", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the section of the documentation")
    options = parser.parse_args()
    lines = [
        "| Who shares a client | renders seen | longest detection delay | calls | slowest call |",
        "|---|---|---|---|---|",
    ]
    for crowd in CROWDS:
        lines.append(line(crowd, run(crowd)))
        print(lines[-1], flush=True)
    text = (
        f"All renders end after {RENDERED:g} s. The client has the default budget. A response takes 0.1 s. A user "
        "waits for a response before the next call. Measured in simulated time."
    )
    if options.write is not None:
        write_section(options.write, "fairness", "\n".join((text, "", *lines)))


if __name__ == "__main__":
    main()
