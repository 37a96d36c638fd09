"""What is installed: files, four dependencies and entry points; and the two commands of the README."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import pictory_async

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()

installed = pytest.mark.skipif(
    os.environ.get("PICTORY_ASYNC_TEST_WHEEL") != "1", reason="looks at an installed wheel: run it with nox"
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it said."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def name_of(requirement: str) -> str:
    """Return the distribution's name in a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found[0]


@installed
def test_the_tests_see_the_wheel() -> None:
    """The package under test is the installed one, not the source tree."""
    assert pictory_async.__file__ is not None
    assert Path(sysconfig.get_path("purelib")) in Path(pictory_async.__file__).parents


@installed
def test_wheel_is_complete() -> None:
    """The wheel has every file of the package and nothing else of the project."""
    package = ROOT / "pictory_async"
    expected = {
        str(file.relative_to(ROOT)) for file in package.rglob("*") if file.suffix == ".py" or file.name == "py.typed"
    }
    files = {str(file) for file in metadata.files("pictory-async") or ()}
    assert expected == {file for file in files if not re.search(r"\.dist-info/|__pycache__|^\.\./", file)}
    assert any(file.endswith("licenses/LICENSE") for file in files)


@installed
def test_metadata_is_current() -> None:
    """The installed metadata says what pyproject.toml says."""
    assert pictory_async.__version__ == metadata.version("pictory-async")
    entry_points = {
        (entry.group, entry.name, entry.value) for entry in metadata.distribution("pictory-async").entry_points
    }
    assert {
        ("console_scripts", "pictory", "pictory_async.cli:main"),
        ("pytest11", "pictory_async", "pictory_async.testing.plugin"),
    } == entry_points


def test_changelog_has_the_version() -> None:
    """The changelog says what is in the version that is built."""
    assert f"\n## {pictory_async.__version__} " in (ROOT / "CHANGELOG.md").read_text()


def test_four_core_dependencies() -> None:
    """The library itself needs httpx, attrs, cattrs and anyio; everything else is an extra."""
    assert ["anyio", "attrs", "cattrs", "httpx"] == sorted(map(name_of, PROJECT["dependencies"]))


def test_all_means_all_extras() -> None:
    """The extra `all` names every other extra, and the README describes each."""
    extras = dict(PROJECT["optional-dependencies"])
    (everything,) = extras.pop("all")
    assert sorted(extras) == re.findall(r"\w+", everything.partition("[")[2])
    assert [*extras, "all"] == re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)


def test_import_is_clean_and_light() -> None:
    """Importing the package warns of nothing, and loads no other HTTP library, event loop or server."""
    optional = {
        "IPython",
        "aiohttp",
        "httpx2",
        "httpx_aiohttp",
        "opentelemetry",
        "pytest",
        "starlette",
        "trio",
        "uvicorn",
    }
    program = f"import sys, pictory_async; print(sorted({optional} & set(sys.modules)))"
    found = run(sys.executable, "-W", "error", "-c", program)
    assert (0, "[]\n", "") == (found.returncode, found.stdout, found.stderr)


def test_import_loads_only_what_every_program_uses() -> None:
    """The first client loads the calls and the poller; downloads, ledgers and reports are loaded when used."""
    program = """
import sys, pictory_async
print(*sys.modules)
client = pictory_async.AsyncPictory("key")
print(*sys.modules)
"""
    first, client = (line.split() for line in run(sys.executable, "-c", program).stdout.splitlines())
    assert {"httpx", "anyio", "pictory_async._http.transport"} <= {*first}
    assert not [name for name in first if re.match(r"pictory_async\.(_api\.projects|_polling)", name)]
    assert "pictory_async._polling.watch" in client
    rarely = r"\._files|disk|sqlite|ledger|leases|insight|scene|template$|metadata|_display|_notebook"
    assert not [name for name in client if name.startswith("pictory_async.") and re.search(rarely, name)]


def test_the_package_runs_as_a_module() -> None:
    """``python -m pictory_async`` is the command."""
    pytest.importorskip("click", reason="the extra cli is not installed")
    pytest.importorskip("rich", reason="the extra cli is not installed")
    found = run(sys.executable, "-m", "pictory_async", "--version")
    assert (0, f"pictory {pictory_async.__version__}\n") == (found.returncode, found.stdout)
    assert 2 == run(sys.executable, "-m", "pictory_async", "nothing").returncode


def test_importing_that_module_runs_nothing() -> None:
    """Tools that import every module do not start the command."""
    assert importlib.import_module("pictory_async.__main__").main is importlib.import_module("pictory_async.cli").main


@pytest.mark.parametrize(
    "start",
    [
        "from pictory_async.cli import main; sys.exit(main())",
        "import runpy; runpy.run_module('pictory_async', run_name='__main__')",
    ],
)
def test_command_without_its_extra(start: str) -> None:
    """Without the extra `cli`, the command says in one line what to install."""
    program = f"import sys; sys.modules['click'] = sys.modules['rich'] = None\n{start}"
    found = run(sys.executable, "-c", program)
    assert found.returncode != 0
    assert "pictory-async[cli]" in found.stderr
    assert "Traceback" not in found.stderr


def test_readme_commands() -> None:
    """The README has one command for the demo and one for the checks, and CI runs the second one unchanged."""
    commands = re.findall(r"^```shell\n(.*)\n```$", README, re.MULTILINE)
    demo, checks = (command for command in commands if command.startswith("python3 -m venv .venv && "))
    assert demo.endswith(".venv/bin/pictory demo")
    assert checks.endswith(".venv/bin/nox")
    # .ci/run reads its command from the README in just this way.
    pattern = r"^python3 .*nox$"
    assert f"'{pattern}'" in (ROOT / ".ci" / "run").read_text()
    assert [checks] == re.findall(pattern, README, re.MULTILINE)
