"""The group of all commands: help, errors, exit codes, completion."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import pictory_async
from pictory_async.cli._exits import complaint_of
from pictory_async.errors import NotFoundError, PictoryConfigError
from tests.cli._command import run, started

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = [
    *("projects", "project", "render", "wait", "download", "compare", "report", "share"),
    *("templates", "template", "variables", "structure", "diff", "check", "backup"),
    *("jobs", "job", "demo", "simulate", "completion"),
]


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that is taken, and where nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_help_names_commands_and_exit_codes() -> None:
    """The help has every command, the environment and the exit codes."""
    text = run("--help").stdout
    for word in (*COMMANDS, "PICTORY_API_KEY", "PICTORY_API_BASE_URL", "Exit codes", "130"):
        assert word in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    """Each command says what it does and what its options mean."""
    found = run(name, "-h")
    assert (0, "") == (found.exit_code, found.stderr)
    assert found.stdout.startswith(f"Usage: pictory {name}")


def test_version() -> None:
    """The version is that of the package."""
    assert f"pictory {pictory_async.__version__}\n" == run("--version").stdout


@pytest.mark.parametrize("arguments", [["bogus"], ["wait"], ["project"], ["wait", " "], ["project", ""], ["demo", "x"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """Wrong usage ends with exit code 2 and nothing on standard output."""
    found = run(*arguments)
    assert (2, "") == (found.exit_code, found.stdout)
    assert "Error: " in found.stderr


def test_missing_key_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key, the commands say in one line where to get one, and end with exit code 2."""
    monkeypatch.delenv("PICTORY_API_KEY", raising=False)
    for arguments in (["wait", "x"], ["project", "x"], ["template", "x"]):
        found = run(*arguments)
        assert (2, "") == (found.exit_code, found.stdout)
        assert found.stderr.startswith("Error: There is no API key.")
        assert 1 == found.stderr.count("\n")


def test_no_server_is_one_sentence(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    """An address where nobody answers is one line and exit code 1."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_x")
    found = run("project", "x", "--base-url", f"http://127.0.0.1:{free_port}")
    assert (1, 1) == (found.exit_code, found.stderr.count("\n"))


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (PictoryConfigError("No."), 2, "No."),
        (NotFoundError("Gone."), 1, "Gone."),
        (ExceptionGroup("", [ExceptionGroup("", [NotFoundError("Gone.")])]), 1, "Gone."),
        (FileNotFoundError(2, "No such file", "x"), 1, "x: No such file."),
        (OSError(28, "Disk full"), 1, "Disk full."),
        (NotFoundError("\x1b[2Jboo"), 1, "\ufffd[2Jboo"),
        (KeyError("k"), 1, "KeyError: 'k'. This is a mistake in pictory-async; 'pictory --debug ...' shows where."),
    ],
)
def test_errors_become_sentences(error: Exception, code: int, text: str) -> None:
    """Any error becomes a sentence that cannot steer the terminal, and an exit code."""
    complaint = complaint_of(error, debug=False)
    assert (code, text) == (complaint.exit_code, complaint.format_message())


def test_a_traceback_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """With --debug, what comes from elsewhere is shown as text too."""
    complaint_of(NotFoundError("\x1b[2Jboo"), debug=True)
    assert "\ufffd[2Jboo\n" in capsys.readouterr().err


def test_an_unexpected_error_is_no_traceback(tmp_path) -> None:
    """A file that is not text is a sentence too, and --debug shows where it happened."""
    file = tmp_path / "ids"
    file.write_bytes(b"\xff\xfe\xff")
    for options, debug in (([], False), (["--debug"], True)):
        found = run(*options, "wait", "--ids-from", str(file))
        assert 1 == found.exit_code
        assert "Error: UnicodeDecodeError" in found.stderr
        assert debug is ("Traceback" in found.stderr)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """The script of each shell calls the command back."""
    found = run("completion", shell)
    assert 0 == found.exit_code
    assert "_PICTORY_COMPLETE" in found.stdout


def test_completion_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that asks gets the commands, without running any."""
    monkeypatch.setenv("_PICTORY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "pictory pro")
    monkeypatch.setenv("COMP_CWORD", "1")
    with started() as process:
        assert ("plain,projects\nplain,project\n", "") == process.communicate()


def test_a_closed_pipe_is_no_traceback() -> None:
    """A reader that goes away early, as `head` does, ends the command quietly."""
    with started("completion", "bash") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(("missing", "arguments", "extra"), [("click", [], "cli"), ("uvicorn", ["demo"], "simulator")])
def test_missing_extra_is_named(missing: str, arguments: list[str], extra: str) -> None:
    """Where an extra is missing, the command says in one line how to install it, and ends with exit code 2."""
    program = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = {arguments}\n"
        "from pictory_async.cli import main; sys.exit(main())"
    )
    found = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (2, "", 1) == (found.returncode, found.stdout, found.stderr.count("\n"))
    assert f'pip install "pictory-async[{extra}]"' in found.stderr


def test_import_of_the_package_does_not_import_the_command() -> None:
    """Who only imports the package does not get the command with it."""
    program = "import sys, pictory_async; print([name for name in sys.modules if name.startswith('pictory_async.cli')])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]\n" == found.stdout
