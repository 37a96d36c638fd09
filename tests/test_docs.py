"""The examples of the README and of the documentation run as they are printed.

Each Python block is a complete program. It finds a simulated Pictory through the two environment variables that the
documentation names. Blocks that define tests are run by pytest, and lines that start with ``$ pictory`` by the command.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sybil import Document
from sybil.parsers.markdown import CodeBlockParser

from pictory_async.testing import Simulator, World
from tests._redis import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# What some examples need, and the tests with the core dependencies do not have.
FRAMEWORKS = ["asgiref", "django", "fastapi", "litestar", "starlette"]

# What the examples ask for.
PROJECTS: list[str | int] = ["20251222191648030d7d", 1762768083800]
TEMPLATE = "202512230204424435"


def blocks(language: str) -> Iterator[tuple[str, int, str]]:
    """Yield page, line and text of each code block in ``language``."""
    for page in PAGES:
        document = Document.parse(str(page), CodeBlockParser(language, evaluator=lambda _: None))
        for example in document.examples():
            yield str(page.relative_to(ROOT)), example.line, str(example.parsed)


PROGRAMS = [pytest.param(*block, id=f"{block[0]}:{block[1]}") for block in blocks("python")]
COMMANDS = [
    pytest.param(shlex.split(line.removeprefix("$ ")), id=f"{page}:{number}:{line}")
    for page, number, text in blocks("console")
    for line in text.splitlines()
    if line.startswith("$ ")
]


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    """An account that has what the examples ask for; all of it is rendered."""
    world = World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0), media_base="self", job_seconds=0.0)
    for project_id in PROJECTS:
        world.add_project(project_id=project_id, name="Hello World Template", earlier_video=-86400.0)
    world.add_template("Hi {{Name}}, how are you doing today?", template_id=TEMPLATE)
    return Simulator(world)


@pytest.fixture(scope="module")
def base_url(simulator: Simulator) -> Iterator[str]:
    """The server of this account."""
    server = pytest.importorskip(
        "pictory_async.testing.server", reason="needs the extra 'simulator'", exc_type=ImportError
    )
    with server.ServerThread(simulator) as running:
        yield running.base_url


@pytest.fixture
def environment(base_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the examples find the server and their ids, and write their files to their own directory."""
    monkeypatch.setenv("PICTORY_API_KEY", World().api_key)
    monkeypatch.setenv("PICTORY_API_BASE_URL", base_url)
    monkeypatch.setenv("PICTORY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("ids.txt").write_text("\n".join(map(str, PROJECTS)))
    Path("people.csv").write_text("Name\nAda\nBen\n")


@pytest.fixture
def redis_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis server that the environment names."""
    pytest.importorskip("redis", reason="needs the extra 'redis'")
    with RedisServer(tmp_path) as server:
        monkeypatch.setenv("REDIS_URL", server.url)
        yield


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(("page", "line", "text"), PROGRAMS)
def test_program(page: str, line: int, text: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A Python block of the documentation runs to its end, as its readers would run it."""
    if "REDIS_URL" in text:
        request.getfixturevalue("redis_server")
    # The same line numbers as on the page, so that a traceback leads there.
    source = "\n" * line + text
    for name in FRAMEWORKS:
        if re.search(rf"^(?:from|import) {name}\b", text, re.MULTILINE):
            pytest.importorskip(name, reason=f"{name} is not installed")
    if "def test_" in text:
        if "pytest.mark.asyncio" in text:
            pytest.importorskip("pytest_asyncio", reason="pytest-asyncio is not installed")
            (tmp_path / "conftest.py").write_text(conftest_of(page))
        run_pytest(source, tmp_path)
    elif "settings.configure(" in text or "atexit" in text:  # possible once in a process, or done at its end
        found = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
        assert (0, "") == (found.returncode, found.stderr)
    else:
        exec(compile(source, str(ROOT / page), "exec", dont_inherit=True), {"__name__": "__main__"})


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: list[str], simulator: Simulator) -> None:
    """A command line of the documentation does its work and says so with exit code 0."""
    for module in ("click", "rich"):
        pytest.importorskip(module, reason="needs the extra 'cli'")
    for project_id in PROJECTS if command[1] == "render" else ():
        simulator.world.edit_project(project_id, simulator.now())  # what did not change is not rendered
    script = Path(sysconfig.get_path("scripts"), command[0])
    found = subprocess.run([script, *command[1:]], capture_output=True, text=True, check=False)
    assert 0 == found.returncode, found.stderr
    # Other examples render these projects, which is possible only after a save.
    assert [] == re.findall(r"(?m)^(?:Error|Traceback|Warning: (?!The videos? of )).*", found.stderr)
    assert found.stdout


def conftest_of(page: str) -> str:
    """The ``conftest.py`` that a page shows."""
    (found,) = (text for where, _, text in blocks("python") if where == page and text.startswith("# conftest.py"))
    return found


def test_pages_have_examples() -> None:
    """The tests of this file see the examples: a change of their markup does not switch them off."""
    assert len(re.findall(r"^```python$", "\n".join(map(Path.read_text, PAGES)), re.MULTILINE)) == len(PROGRAMS)
    assert len(PROGRAMS) > 10
    assert COMMANDS


def test_the_architecture_page_names_every_part() -> None:
    """The architecture page names every part of the package, and no part that does not exist."""
    table = re.search(r"^\| Part .*?\n\n", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE | re.DOTALL)
    assert table is not None
    cells = [line.split("|")[1] for line in table[0].splitlines()[2:] if line]
    named = {name.rstrip("/") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert {path.name for path in (ROOT / "pictory_async").iterdir()} - {"__pycache__", "py.typed"} == named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link of the README or of a page leads to a file that is there."""
    text = page.read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text) + re.findall(r'\b(?:src|srcset)="([^"]+)"', text)
    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_the_troubleshooting_page_quotes_messages_that_there_are() -> None:
    """What a reader looks for is what the library says."""
    quoted = re.findall(r"(?m)^`([^`]+)`.*\n: ", (ROOT / "docs" / "troubleshooting.md").read_text())
    source = "".join(path.read_text() for path in sorted((ROOT / "pictory_async").rglob("*.py"))).lower()
    of_others = {"coroutine '…' was never awaited", "certificate verify failed", "No module named 'click'"}
    assert len(quoted) > 10
    assert [] == [text for text in quoted if text not in of_others and text.partition(" (")[0].lower() not in source]


def run_pytest(source: str, folder: Path) -> None:
    """Run the tests in ``source`` as the project of a user would run them."""
    (folder / "test_example.py").write_text(source)
    options = ["-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", os.fspath(folder)]
    if not importlib.metadata.entry_points(group="pytest11", name="pictory_async"):
        options += ["-p", "pictory_async.testing.plugin"]
    found = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_example.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert re.search(r"\d passed", found.stdout)


def named_tests(page: str) -> dict[str, set[str]]:
    """The tests that a page names, by their files."""
    text = (ROOT / "docs" / page).read_text()
    named: dict[str, set[str]] = {}
    for file, names in re.findall(r"`(tests/[\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", text):
        named.setdefault(file, set()).update(re.findall(r"`(test_\w+)`", names))
    assert sum(map(len, named.values())) == len(re.findall(r"`test_\w+`", text)) > (30 if page == "security.md" else 20)
    return named


@pytest.mark.parametrize("page", ["promises.md", "security.md"])
def test_pages_name_tests_that_there_are(page: str) -> None:
    """Each test that a page of promises names is in the file that it names."""
    there = {file: set(re.findall(r"def (test_\w+)", (ROOT / file).read_text())) for file in named_tests(page)}
    assert {} == {file: names - there[file] for file, names in named_tests(page).items() if names - there[file]}


def test_every_security_test_is_on_the_page() -> None:
    """What is tested about security is promised."""
    named = named_tests("security.md")
    for path in sorted((ROOT / "tests").glob("test_security_*.py")):
        assert set(re.findall(r"def (test_\w+)", path.read_text())) == named[f"tests/{path.name}"]
