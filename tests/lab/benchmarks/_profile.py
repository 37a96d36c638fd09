"""Where a poll's microseconds go: self time under cProfile, by library and by function."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pictory_async

if TYPE_CHECKING:
    import pstats

_PACKAGE = str(Path(pictory_async.__file__ or "").parent)
_BENCHMARKS = str(Path(__file__).parent)
_SITE = sysconfig.get_path("purelib")
_STDLIB = sysconfig.get_path("stdlib")
_MOST = 20


def library_of(file: str) -> str:
    """Whose code a file is: a library's name, ``ours``, ``builtins`` or ``stdlib``."""
    if file in {"~", ""} or file.startswith("<"):
        return "builtins"
    if file.startswith(_PACKAGE):
        return "ours"
    if file.startswith(_BENCHMARKS):
        return "benchmark"
    if file.startswith(_SITE):
        return Path(file).relative_to(_SITE).parts[0].removesuffix(".py")
    if file.startswith(_STDLIB):
        return "asyncio" if "asyncio" in Path(file).parts else "stdlib"
    return next((part for part in ("httpx", "httpcore", "h11", "anyio") if f"/{part}/" in file), "other")


def report(stats: pstats.Stats, polls: int) -> str:
    """Two tables: by library, and the functions that cost most.

    Profiling makes every call dearer, so shares tell more than microseconds; a library of many small functions polls a
    little worse than it is.
    """
    entries: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = stats.stats  # type: ignore[attr-defined]
    libraries: dict[str, tuple[int, float]] = {}
    for (file, _, _), (_, calls, own, _, _) in entries.items():
        name = library_of(file)
        count, spent = libraries.get(name, (0, 0.0))
        libraries[name] = count + calls, spent + own
    whole = sum(spent for _, spent in libraries.values())
    lines = [f"{'library':<14}{'calls':>10}{'µs':>10}{'share':>9}   per poll, profiled"]
    for name, (count, spent) in sorted(libraries.items(), key=lambda item: -item[1][1]):
        lines.append(f"{name:<14}{count / polls:>10.1f}{spent / polls * 1e6:>10.1f}{spent / whole:>9.1%}")
    lines += ["", f"{'µs':>8}{'calls':>8}  function (self time)"]
    ranked = sorted(entries.items(), key=lambda item: -item[1][2])[:_MOST]
    for (file, line, function), (_, calls, own, _, _) in ranked:
        place = "" if library_of(file) == "builtins" else f" ({library_of(file)}: {Path(file).name}:{line})"
        lines.append(f"{own / polls * 1e6:>8.1f}{calls / polls:>8.1f}  {function}{place}")
    return "\n".join(lines)
