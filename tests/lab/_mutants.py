"""Promises broken on purpose, one at a time, to see that random worlds notice."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

import pictory_async

if TYPE_CHECKING:
    from collections.abc import Iterable

TESTS: Final = Path(__file__).parents[1]


@attrs.frozen
class Mutant:
    """One change to one function or constant of the package.

    Attributes:
        what: What is broken, as a sentence.
        where: The place, such as ``_polling.evidence:judge`` or ``_limits.slots:RequestSlots.release``.
        old: A piece of its source, which occurs there once.
        new: What takes its place.
    """

    what: str
    where: str
    old: str
    new: str

    @property
    def file(self) -> str:
        """The file, below the package."""
        return f"{self.where.partition(':')[0].replace('.', '/')}.py"

    def applied(self, text: str) -> str:
        """The text of the file with the change.

        Raises:
            LookupError: The place is gone, or does not hold the old piece just once.
        """
        node: ast.AST = ast.parse(text)
        for name in self.where.partition(":")[2].split("."):
            found = [child for child in ast.iter_child_nodes(node) if name in _names(child)]
            if len(found) != 1:
                raise LookupError(f"{self.where}: {len(found)} definitions of {name}")
            node = found[0]
        source = ast.get_source_segment(text, node) or ""
        if source.count(self.old) != 1 or text.count(source) != 1:
            raise LookupError(f"{self.where} holds {source.count(self.old)} times, and not once: {self.old}")
        return text.replace(source, source.replace(self.old, self.new))


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def report(module: str, mutants: Iterable[Mutant], seeds: int) -> tuple[str, bool]:
    """Run worlds against every mutant; give a table, and whether each was noticed.

    Args:
        module: The package of the worlds, such as ``tests.lab.worlds``.
        mutants: The mutants.
        seeds: How many worlds each gets.
    """
    rows = ["| Change | First seed that detects it | Report |", "|---|---:|---|"]
    missed = count = 0
    for mutant in mutants:
        count += 1
        found = _first_violation(module, mutant, seeds)
        missed += found is None
        seed, said = found or ("none", "")
        print(f"{mutant.what}: seed {seed}: {said}", flush=True)
        rows.append(f"| {mutant.what} (`{mutant.where}`) | {seed} | {said} |")
    rows += ["", f"{count - missed} of {count} were detected."]
    return "\n".join(rows), not missed


def _first_violation(module: str, mutant: Mutant, seeds: int) -> tuple[str, str] | None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        shutil.copytree(Path(pictory_async.__file__).parent, home / "pictory_async")
        for source in (TESTS / "lab").rglob("*.py"):
            copy = home / "tests" / source.relative_to(TESTS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
        for file in ("__init__.py", "_systems.py"):
            shutil.copy(TESTS / file, home / "tests" / file)
        broken = home / "pictory_async" / mutant.file
        broken.write_text(mutant.applied(broken.read_text()))
        command = [sys.executable, "-P", "-m", module, "--seeds", str(seeds), "--stop"]
        env = {**os.environ, "PYTHONPATH": name}
        run = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=False)
    found = re.search(r"^seed (\d+): (.*?)(?: \(\d+ in all\))?$", run.stdout, re.MULTILINE)
    if found is None and run.returncode:
        raise RuntimeError(run.stderr)
    return None if found is None else (found[1], found[2].replace("|", "/")[:160])
