"""Imports go one way: the contracts in pyproject.toml hold, and a planted import breaks them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="import-linter does not work with the oldest versions of the extras")

ROOT = Path(__file__).parent.parent

TYPING = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
PLANTED = [
    pytest.param("_codec/names.py", "import pictory_async._http.status", id="upward"),
    pytest.param("_limits/pace.py", "import pictory_async._cache.templates", id="sideways"),
    pytest.param("models/job.py", "import pictory_async.errors", id="models know errors"),
    pytest.param("_limits/pace.py", "import pictory_async._limits.limiter", id="circle"),
    pytest.param("_files/fetcher.py", "import pictory_async", id="root"),
    pytest.param("_files/fetcher.py", "import httpx", id="HTTP library"),
    pytest.param("insight/_diff.py", "import rich", id="extra"),
    pytest.param("cli/_app.py", "import pictory_async._http.status", id="command below the public face"),
    pytest.param("_new.py", "import pictory_async.errors", id="module without a floor"),
    pytest.param("_limits/pace.py", f"{TYPING}    import pictory_async._http.status", id="upward, for type checkers"),
    pytest.param(
        "testing/_limits.py", f"{TYPING}    import pictory_async.testing.world", id="circle, for type checkers"
    ),
]


def contracts(project: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a copy of the project, as ``nox -s lint`` does."""
    program = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command as main; main()"
    command = [sys.executable, "-c", program, "--no-cache"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "pictory_async", tmp_path / "pictory_async", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_are_kept(project: Path) -> None:
    """The package as it is breaks no contract."""
    found = contracts(project)
    assert "0 broken" in found.stdout, found.stdout + found.stderr
    assert 0 == found.returncode


@pytest.mark.parametrize(("file", "line"), PLANTED)
def test_a_planted_import_is_refused(project: Path, file: str, line: str) -> None:
    """An import that goes up, sideways, in a circle or past the public names breaks a contract, also in annotations."""
    module = project / "pictory_async" / file
    text = module.read_text() if module.exists() else '"""New."""\n\nfrom __future__ import annotations\n'
    module.write_text(
        text.replace("from __future__ import annotations\n", f"from __future__ import annotations\n\n{line}\n")
    )
    found = contracts(project)
    assert 0 != found.returncode
    assert "1 broken" in found.stdout or "2 broken" in found.stdout, found.stdout + found.stderr
