"""The group of all commands: help, errors, exit codes, completion."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import TYPE_CHECKING

import anyio.lowlevel
import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import pictory_async
from pictory_async.cli._client import Stop, run_until_interrupted
from pictory_async.cli._exit_codes import command_error
from pictory_async.cli._signals import Signals, signals_as_ctrl_c
from pictory_async.errors import NotFoundError, PictoryConfigError
from tests.cli._command import run, started

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = [
    *("projects", "project", "render", "wait", "sync", "runs", "resume", "download", "compare", "report", "share"),
    *("templates", "template", "variables", "structure", "diff", "check", "backup"),
    *("jobs", "job", "demo", "simulate", "completion"),
]


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that is in use, but does not accept connections."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def test_help_names_commands_and_exit_codes() -> None:
    """The help lists every command, the environment and the exit codes."""
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
    """Without a key, the commands print one line that says where to get one, and exit with 2."""
    monkeypatch.delenv("PICTORY_API_KEY", raising=False)
    for arguments in (["wait", "x"], ["project", "x"], ["template", "x"]):
        found = run(*arguments)
        assert (2, "") == (found.exit_code, found.stdout)
        assert found.stderr.startswith("Error: There is no API key.")
        assert 1 == found.stderr.count("\n")


def test_no_server_is_one_sentence(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    """If no server responds at the address, the command prints one line and exits with 75."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_x")
    found = run("project", "x", "--base-url", f"http://127.0.0.1:{free_port}")
    assert (75, 1) == (found.exit_code, found.stderr.count("\n"))


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (PictoryConfigError("No."), 2, "No."),
        (NotFoundError("Gone."), 1, "Gone."),
        (ExceptionGroup("", [ExceptionGroup("", [NotFoundError("Gone.")])]), 1, "Gone."),
        (FileNotFoundError(2, "No such file", "x"), 1, "x: No such file."),
        (OSError(28, "Disk full"), 73, "Disk full."),
        (NotFoundError("\x1b[2Jboo"), 1, "\ufffd[2Jboo"),
        (KeyError("k"), 1, "KeyError: 'k'. This is a bug in pictory-async; 'pictory --debug ...' shows where."),
    ],
)
def test_errors_become_sentences(error: Exception, code: int, text: str) -> None:
    """Any error becomes a sentence that cannot control the terminal, and an exit code."""
    shown = command_error(error, debug=False)
    assert (code, text) == (shown.exit_code, shown.format_message())


def test_a_traceback_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """With --debug, control characters in the traceback are replaced too."""
    command_error(NotFoundError("\x1b[2Jboo"), debug=True)
    assert "\ufffd[2Jboo\n" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """The script of each shell calls the command."""
    found = run("completion", shell)
    assert 0 == found.exit_code
    assert "_PICTORY_COMPLETE" in found.stdout


def test_a_mistyped_command_names_the_one_that_is_meant() -> None:
    """Only if one is called much the same."""
    for name, says in (
        ("wiat", "'wiat'. Did you mean 'wait'?"),
        ("DEMO", "'DEMO'. Did you mean 'demo'?"),
        ("x", "'x'.\n"),
    ):
        found = run(name)
        assert 2 == found.exit_code
        assert f"Error: No such command {says}" in found.stderr


def test_no_command_at_all() -> None:
    """It shows the help, and is wrong usage."""
    found = run()
    assert 2 == found.exit_code
    assert found.stderr.startswith("Usage: pictory [OPTIONS] COMMAND [ARGS]...\n\n  Render Pictory projects")
    assert "Error" not in found.stderr


def test_completion_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell gets the names of the commands, and no command is run."""
    monkeypatch.setenv("_PICTORY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "pictory pro")
    monkeypatch.setenv("COMP_CWORD", "1")
    with started() as process:
        assert ("plain,projects\nplain,project\n", "") == process.communicate()


def test_completion_after_what_is_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to complete, and no error."""
    monkeypatch.setenv("_PICTORY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "pictory wiat --")
    monkeypatch.setenv("COMP_CWORD", "2")
    with started() as process:
        assert "Traceback" not in process.communicate()[1]


def test_a_closed_pipe_is_no_traceback() -> None:
    """If the reader of a pipe exits early, as `head` does, the command ends quietly."""
    with started("completion", "bash") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(("missing", "arguments", "extra"), [("click", [], "cli"), ("uvicorn", ["demo"], "simulator")])
def test_missing_extra_is_named(missing: str, arguments: list[str], extra: str) -> None:
    """If an extra is missing, the command prints one line that says how to install it, and exits with 2."""
    program = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv[1:] = {arguments}\n"
        "from pictory_async.cli import main; sys.exit(main())"
    )
    found = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (2, "", 1) == (found.returncode, found.stdout, found.stderr.count("\n"))
    assert f'pip install "pictory-async[{extra}]"' in found.stderr


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_what_a_command_runs(number: int) -> None:
    """Ctrl-C, a plain kill and a lost terminal are reported to the command; the next one ends the process again."""

    async def press() -> None:
        signal.raise_signal(number)
        await anyio.sleep_forever()

    before = {one: signal.signal(one, signal.SIG_DFL) for one in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert True is run_until_interrupted(press)
        handlers = [signal.getsignal(one) for one in SIGNALS]
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert [signal.default_int_handler, *[signal.SIG_DFL] * (len(SIGNALS) - 1)] == handlers


@pytest.fixture
def usual_signals() -> Iterator[None]:
    """The signals do what they do in a new process."""
    before = {one: signal.signal(one, signal.SIG_DFL) for one in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.usefixtures("usual_signals")
@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_a_second_signal_cuts_nothing_off(first: int, second: int) -> None:
    """Neither what the work does at its end nor the report is interrupted by more signals, however soon they come."""
    done: list[str] = []

    async def work() -> None:
        signal.raise_signal(first)
        signal.raise_signal(second)
        try:
            await anyio.sleep_forever()
        finally:
            signal.raise_signal(second)
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            done.append("cleaned up")

    with signals_as_ctrl_c():
        assert True is run_until_interrupted(work)
        signal.raise_signal(second)
        done.append("reported")
    assert ["cleaned up", "reported"] == done


@pytest.mark.usefixtures("usual_signals")
def test_a_signal_during_the_report() -> None:
    """Once the work is over, the report is printed to its end."""
    with signals_as_ctrl_c():
        assert False is run_until_interrupted(anyio.lowlevel.checkpoint)
        for number in SIGNALS:
            signal.raise_signal(number)
        assert False is run_until_interrupted(anyio.lowlevel.checkpoint)


def test_a_signal_before_the_work() -> None:
    """Before there is an event loop, a signal is not lost: the work does not begin to wait."""
    began: list[bool] = []

    async def work() -> None:
        await anyio.lowlevel.checkpoint()
        began.append(True)

    async def press(stop: Stop) -> None:
        stop.press()
        with stop.scope():
            await work()

    anyio.run(press, Stop())
    assert [] == began


@pytest.mark.usefixtures("usual_signals")
def test_signals_that_are_ignored_stay_ignored() -> None:
    """`nohup` and the background of a shell rely on it; the other signals end the work all the same."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        await anyio.lowlevel.checkpoint()
        signal.raise_signal(signal.SIGTERM)
        await anyio.sleep_forever()

    assert True is run_until_interrupted(work)
    assert signal.SIG_IGN == signal.getsignal(signal.SIGINT)


def test_another_thread_takes_no_signals() -> None:
    """Only the main thread can take them over; elsewhere the work is done without."""
    with ThreadPoolExecutor() as threads:
        assert False is threads.submit(run_until_interrupted, anyio.lowlevel.checkpoint).result()


def test_without_a_signal_nothing_is_interrupted() -> None:
    """What a command runs to its end is not reported as interrupted."""
    assert False is run_until_interrupted(anyio.lowlevel.checkpoint)


PRESSING = """
import signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    signal.signal(getattr(signal, name, signal.SIGINT), usual)
from pictory_async.cli import main
def press(event, arguments):
    if event == "import" and arguments[0] == {module!r}:
        for number in {numbers!r}:
            signal.raise_signal(number)
sys.addaudithook(press)
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("module", "one"),
    [*zip(["_app", "_exit_codes", "_waiting"], cycle(SIGNALS), strict=False)],
)
def test_a_signal_while_loading(module: str, one: int) -> None:
    """A signal before the command has started ends it quietly, also if another one follows."""
    numbers = [int(one), int(SIGNALS[0])]
    program = PRESSING.format(module=f"pictory_async.cli.{module}", numbers=numbers)
    command = [sys.executable, "-c", program, "wait", "x"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (130, "", "") == (found.returncode, found.stdout, found.stderr)


def test_import_of_the_package_does_not_import_the_command() -> None:
    """Importing the package does not import the command."""
    program = "import sys, pictory_async; print([name for name in sys.modules if name.startswith('pictory_async.cli')])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]\n" == found.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_a_signal_where_nothing_is_called() -> None:
    """The first one raises where the program is, and no other one does; or it is noted, and raised later."""
    raising, noting = Signals(), Signals()
    for signals in (raising, noting):
        signals.install()
        try:
            if signals is raising:
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
            else:
                with signals.noting():
                    signal.raise_signal(signal.SIGTERM)
                with pytest.raises(KeyboardInterrupt):
                    signals.check()
            signal.raise_signal(signal.SIGINT)
        finally:
            signals.restore()
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)
