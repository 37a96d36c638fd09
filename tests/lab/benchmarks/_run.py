"""Running measurements in processes of their own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Values = dict[str, float]

ROOT = Path(__file__).parents[3]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

# The installed package is measured where there is one, whatever directory this is run from.
_START = f"""
import importlib, runpy, sys
try:
    importlib.import_module("pictory_async")
except ImportError:
    pass
sys.path.insert(0, {str(ROOT)!r})
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
_LONGEST = 180.0
# Bytecode is kept, as it is for an installed package: to compile the peers in each process takes minutes.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class NotMeasuredError(Exception):
    """A measurement could not be made; the text says why."""


def command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of the benchmarks."""
    return [sys.executable, "-P", "-c", _START, f"tests.lab.benchmarks.{module}", *arguments]


def output(module: str, *arguments: str) -> str:
    """What a module of the benchmarks prints."""
    try:
        done = subprocess.run(
            command(module, *arguments),
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
            cwd=ROOT,
            env=_ENVIRONMENT,
        )
    except subprocess.TimeoutExpired:
        raise NotMeasuredError(f"{module} {' '.join(arguments)} took longer than {_LONGEST:g} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NotMeasuredError(f"{module} {' '.join(arguments)} failed: {last}")
    return done.stdout


def local(name: str, *options: str) -> dict[str, Any]:
    """Run a measurement that needs no server."""
    return dict(json.loads(output("_local", name, *options)))


@contextmanager
def server(**options: Any) -> Iterator[str]:
    """Run the server, and give its address."""
    process = subprocess.Popen(
        command("_server", json.dumps(options)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=_ENVIRONMENT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise NotMeasuredError("the server of the benchmarks did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def cell(kind: str, base_url: str, **arguments: Any) -> dict[str, Any]:
    """Run a measurement against the server."""
    return dict(json.loads(output("_cells", kind, json.dumps({"base_url": base_url, **arguments}))))


def installed(names: Iterable[str]) -> None:
    """Refuse to go on without the libraries that a measurement needs."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise NotMeasuredError(f"not installed: {', '.join(missing)}")


@attrs.define
class Samples:
    """Measurements of several rounds, of which the median counts."""

    _values: dict[Any, list[Values]] = attrs.field(factory=dict)

    def add(self, key: Any, values: Values) -> None:
        self._values.setdefault(key, []).append(values)

    def get(self, key: Any, name: str) -> float:
        return median(values[name] for values in self._values[key])

    def has(self, key: Any) -> bool:
        return key in self._values
