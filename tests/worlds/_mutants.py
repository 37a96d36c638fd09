"""Promises broken on purpose, one at a time, to see that the worlds notice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import attrs

import pictory_async

TESTS: Final = Path(__file__).parents[1]
SEEDS: Final = 1500


@attrs.frozen
class Mutant:
    """One change to one file of the package."""

    what: str
    file: str
    old: str
    new: str


MUTANTS: Final = (
    Mutant("A render that runs is not seen", "_evidence.py", "if evidence.is_rendering:", "if False:"),
    Mutant("A video as old as the old one is new", "_evidence.py", "evidence.generated_at > after", "True"),
    Mutant("Half of the grace is enough", "_watch.py", "+ self.terms.start_grace:", "+ self.terms.start_grace / 2:"),
    Mutant("The grace is not counted anew", "_watch.py", "self._grace_from = sent_at", "pass"),
    Mutant("A job's failure is not believed", "_watch.py", "if job.is_failed:", "if False:"),
    Mutant("One 404 or 401 is believed", "_setbacks.py", "_CONFIRMED: Final = 2", "_CONFIRMED: Final = 1"),
    Mutant("Three unusable answers are too many", "_setbacks.py", "_UNUSABLE: Final = 5", "_UNUSABLE: Final = 3"),
    Mutant("A passing fault ends a wait", "_setbacks.py", "            return False", "            return True"),
    Mutant("An answer from before the wait counts", "_poller.py", "other.began <= reply.sent_at and ", ""),
    Mutant(
        "The deadline is a second late", "_poller.py", "max(watch.deadline - now,", "1.0 + max(watch.deadline - now,"
    ),
    Mutant("A poller that is left stays on the board", "_poller.py", "            self._board.leave(watch)\n", ""),
    Mutant(
        "An outcome is given twice",
        "_poller.py",
        "self._outcomes.append(outcome)",
        "self._outcomes.extend((outcome, outcome))",
    ),
    Mutant(
        "Who shares a look is forgotten",
        "_poller.py",
        "other.open and not other.entry",
        "not other.open and other.open",
    ),
    Mutant(
        "The agenda keeps what was taken off", "_schedule.py", "if self._dropped * 2 > len(self._heap):", "if False:"
    ),
    Mutant("An answer about another project counts", "_wire.py", "if str(found) != str(asked):", "if False:"),
    Mutant(
        "An error with status 200 is a failed job",
        "_wire.py",
        'if raw.get("success") is False and not',
        "if False and not",
    ),
    Mutant("NaN is JSON", "_wire_json.py", 'raise ValueError(f"{name} is not JSON")', "return 0.0  # type: ignore"),
    Mutant(
        "A render is asked for again",
        "_projects.py",
        "            cause = str(error)",
        "            return await self.render(project_id)",
    ),
    Mutant(
        "A file has its name from the start", "_files.py", 'directory / f"{name}.{digest}.part"\n', "directory / name\n"
    ),
    Mutant(
        "A date that cannot be is an error", "_status.py", "except (ValueError, OverflowError):", "except ValueError:"
    ),
    Mutant(
        "An old video without a date is new", "_projects.py", "before.generated_at or undated", "before.generated_at"
    ),
    Mutant("A web page is a video", "_media.py", 'startswith("text/html")', 'startswith("text/never")'),
    Mutant(
        "The key is shown where the server says it",
        "_config.py",
        "return text.replace(",
        "return text or text.replace(",
    ),
    Mutant(
        "One request more in each window", "_limiter.py", "(self.rate - self.burst + 1)", "(self.rate - self.burst + 2)"
    ),
    Mutant(
        "A request keeps its place at the gate",
        "_gate.py",
        "        self.busy -= 1",
        "        self.busy -= self.busy != 3",
    ),
)


def report() -> tuple[str, bool]:
    """Run the worlds against every mutant; give a table, and whether each was noticed."""
    rows = ["| Change | First seed that detects it | Report |", "|---|---:|---|"]
    missed = 0
    for mutant in MUTANTS:
        found = _first_violation(mutant)
        missed += found is None
        seed, said = found or ("none", "")
        print(f"{mutant.what}: seed {seed}: {said}", flush=True)
        rows.append(f"| {mutant.what} (`{mutant.file}`) | {seed} | {said} |")
    rows += ["", f"{len(MUTANTS) - missed} of {len(MUTANTS)} were detected."]
    return "\n".join(rows), not missed


def _first_violation(mutant: Mutant) -> tuple[str, str] | None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        shutil.copytree(Path(pictory_async.__file__).parent, home / "pictory_async")
        (home / "tests").mkdir()
        shutil.copytree(TESTS / "worlds", home / "tests" / "worlds")
        for file in ("__init__.py", "_report.py"):
            shutil.copy(TESTS / file, home / "tests" / file)
        broken = home / "pictory_async" / mutant.file
        text = broken.read_text()
        if text.count(mutant.old) != 1:
            msg = f"{mutant.file} holds {text.count(mutant.old)} times, and not once: {mutant.old}"
            raise LookupError(msg)
        broken.write_text(text.replace(mutant.old, mutant.new))
        command = [sys.executable, "-P", "-m", "tests.worlds", "--seeds", str(SEEDS), "--stop"]
        env = {**os.environ, "PYTHONPATH": name}
        run = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=False)
    found = re.search(r"^seed (\d+): (.*?)(?: \(\d+ in all\))?$", run.stdout, re.MULTILINE)
    if found is None and run.returncode:
        raise RuntimeError(run.stderr)
    return None if found is None else (found[1], found[2].replace("|", "/")[:160])
