"""Every exit code is made to happen, by several commands, and means what the one table says."""

from __future__ import annotations

import errno
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Render, World
from tests import _exit_codes
from tests.cli._command import PROGRAM, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async import DownloadedFile, DownloadReport, DownloadStatus, RenderOutcome, RenderStatus
from pictory_async.cli._exit_codes import (
    CHANGED,
    EXIT_CODES,
    FAILURE,
    INTERRUPTED,
    LOCKED,
    NO_DISK,
    batch_code,
    exit_code_of,
    outcomes_code,
    worst_code,
)
from pictory_async.cli._renders import BusyError
from pictory_async.errors import (
    AuthenticationError,
    BlockedError,
    ConnectionFailedError,
    DownloadError,
    NotFoundError,
    PermissionDeniedError,
    PictoryError,
    RateLimitedError,
    RenderFailedError,
    RequestTimeoutError,
    ServerError,
    WaitTimeoutError,
)

AGES = 1e6  # seconds
EVERYWHERE = [
    "wait done never",
    "render done",
    "sync .",
    "download done",
    "compare done never",
    "report done",
    "share done",
    "project done",
    "projects",
    "template greeting",
    "templates",
    "variables greeting",
    "structure greeting",
    "diff greeting greeting",
    "check greeting",
    "backup greeting",
    "job none",
    "jobs",
]
HAPPENS = {
    0: ["wait done", "projects", "wait --ids-from empty", "backup greeting", "render quick --wait --interval 0.05s"],
    1: ["project nope", "template nope", "download done nope", "backup nope", "share never", "render nope"],
    2: ["wait", "project done,nope", "download done --dir empty/x", "bogus", "project done --rate x"],
    3: [
        "wait never --start-grace 0.1s --interval 0.05s",
        "download never",
        "check greeting --value X=y",
        "backup --verify .",
    ],
    4: ["wait running --max-wait 0.2s", "share running --wait --max-wait 0.2s", "render again quick --max 1"],
    73: ["report done --output /dev/full", "render again --handles /dev/full"],
}
FULL_OUTPUT = ["projects", "project done", "wait done", "share done"]


@pytest.fixture
def world() -> World:
    """An account with a project of each kind."""
    world = World(media_base="self")
    world.add_project(project_id="done", earlier_video=-60.0)
    world.add_project(project_id="never")
    world.add_project(Render(-10.0, duration=AGES), project_id="running")
    world.add_project(project_id="again", earlier_video=-60.0, edits=[-1.0], on_render=[Render(0.0, duration=AGES)])
    world.add_project(project_id="quick", earlier_video=-60.0, edits=[-1.0], on_render=[Render(0.0, duration=0.0)])
    world.add_template("Hi {{Name}}", template_id="greeting", variables={"Name": "you"})
    return world


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()


@pytest.fixture
def nobody() -> Iterator[str]:
    """The base URL of a server that does not respond."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}/pictoryapis"


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("code", "line"), [(code, line) for code, lines in HAPPENS.items() for line in lines])
def test_what_happens(code: int, line: str) -> None:
    """A command ends with the code of what happens to it."""
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    found = run(*line.split())
    assert code == found.exit_code, found.stderr


@pytest.mark.usefixtures("server")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("line", FULL_OUTPUT)
def test_an_output_on_a_full_disk(line: str) -> None:
    """What cannot be printed is a full disk like any other."""
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM, *line.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert 73 == found.returncode
    assert "Standard output cannot be written: No space left on device." in found.stderr


@pytest.mark.parametrize("line", EVERYWHERE)
def test_the_network_is_away(line: str, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that sends requests says with its code that it can be run again later."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_x")
    options = ["--max-wait", "0.3s"] if line.startswith("wait") else []
    found = run(*line.split(), "--base-url", nobody, *options)
    assert 75 == found.exit_code, found.stderr


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("line", EVERYWHERE)
def test_the_key_is_rejected(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that sends requests says with its code that the key is the reason, and says it once."""
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_wrong")
    found = run(*line.split(), *(["--interval", "0.05s"] if line.startswith("wait") else []))
    assert 77 == found.exit_code, found.stderr
    assert 1 >= found.stderr.count("rejected the API key")


@pytest.mark.parametrize("line", ["wait done", "project done", "templates", "render done"])
def test_the_key_is_missing(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing key is a setting."""
    monkeypatch.delenv("PICTORY_API_KEY", raising=False)
    assert 2 == run(*line.split()).exit_code


def test_a_lost_response(server: ServerThread) -> None:
    """A render that may have been started matters more than anything else that happened."""
    server.simulator.faults = _lose_renders
    assert 5 == run("render", "again", "nope").exit_code


def _lose_renders(request: SimRequest, _: float) -> Answer | None:
    return Answer(503, {}, b"{}") if request.method == "POST" and "again" in request.path else None


def test_every_code_happens() -> None:
    """The tests of this file make every code of the table happen; the page of situations has those after a signal."""
    assert {*EXIT_CODES} == {*HAPPENS, 5, 75, 77, INTERRUPTED, CHANGED, LOCKED}


def test_the_page_has_the_table() -> None:
    """The table of the page is that of the code: ``python -m tests._exit_codes`` writes it."""
    assert _exit_codes.table() == _exit_codes.on_page()
    order = re.search(r"the one that matters most: ([\d, ]+)\.", _exit_codes.PAGE.read_text(encoding="utf-8"))
    assert order is not None
    assert [code for code in EXIT_CODES if code] == [int(code) for code in order[1].split(", ")]


def test_the_help_has_the_table() -> None:
    """The help of the command lists all codes, and that of a subcommand those that it can end with."""
    text = " ".join(run("--help").stdout.split())
    for code, meaning in EXIT_CODES.items():
        assert f" {code} {meaning}" in text
    for line in EVERYWHERE:
        found = run(line.split()[0], "--help").stdout
        assert {"0", "1", "2", "73", "75", "77", "130"} <= {*re.findall(r"^  +(\d+) +\w", found, re.MULTILINE)}
    assert "Exit codes" not in run("demo", "--help").stdout


@pytest.mark.parametrize(
    ("expected", "codes"),
    [(0, []), (0, [0, 0]), (4, [0, 4]), (75, [4, 75]), (1, [1, 75]), (3, [1, 3, 4]), (77, [3, 77, 1]), (5, [77, 5])],
)
def test_the_code_that_matters_most(expected: int, codes: list[int]) -> None:
    """Of several codes, one that somebody must act upon is not hidden by another one."""
    assert expected == worst_code(*codes)


def incomplete(*errors: PictoryError) -> DownloadError:
    """The error of a download, some files of which failed."""
    files = [DownloadedFile(kind="txt", status=DownloadStatus.FAILED, error=error) for error in errors]
    return DownloadError("No.", report=DownloadReport(project_id="a", files=tuple(files)))


OFFLINE = ConnectionFailedError("Offline.")
FULL = DownloadError("Full.", errno=28)


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        (77, AuthenticationError("No.", status=401, from_api=True)),
        (1, AuthenticationError("A gateway's.", status=401, from_api=False)),
        (1, PermissionDeniedError("No.", status=403, from_api=True)),
        (75, OFFLINE),
        (75, RequestTimeoutError("Late.")),
        (75, ServerError("No.", status=503)),
        (75, RateLimitedError("Slow down.", status=429)),
        (75, incomplete(OFFLINE, OFFLINE)),
        (1, incomplete(OFFLINE, NotFoundError("No.", status=404))),
        (73, incomplete(OFFLINE, FULL)),
        (73, FULL),
        (73, OSError(30, "Read-only")),
        (1, OSError(2, "No such file")),
        (1, DownloadError("Not a video.")),
    ],
)
def test_the_code_of_an_error(expected: int, error: Exception) -> None:
    """What passes by itself is told from what somebody must act upon."""
    assert expected == exit_code_of(error)


def outcome(error: PictoryError | None, status: RenderStatus = RenderStatus.ERROR) -> RenderOutcome:
    """An outcome with this error."""
    return RenderOutcome(project_id="p", status=RenderStatus.RENDERED if error is None else status, error=error)


def test_errors_of_the_disk() -> None:
    """A disk without room has its own code, whoever wrote to it; another failure of the system has none."""
    full = OSError(errno.ENOSPC, "No space left on device")
    assert [NO_DISK, NO_DISK, FAILURE] == [
        exit_code_of(error)
        for error in (full, DownloadError("No room.", errno=errno.EDQUOT), OSError(errno.ENOENT, "No such file"))
    ]


def test_errors_of_the_command() -> None:
    """They have their own codes."""
    assert LOCKED == exit_code_of(BusyError("It is busy."))


DENIED = PermissionDeniedError("No.", status=403, from_api=True)
LATE = WaitTimeoutError("Late.")
SILENT = WaitTimeoutError("Late.", last_error="Offline.")


@pytest.mark.parametrize(
    ("expected", "errors", "outage"),
    [
        (0, [], None),
        (0, [None], "offline"),
        (4, [None, LATE], None),
        (75, [None, LATE], "offline"),
        (3, [LATE, RenderFailedError("Failed.")], "offline"),
        (77, [DENIED, DENIED], None),
        (3, [DENIED, None], None),
        (3, [BlockedError("No.", status=403, from_api=False)], None),
        (75, [None, SILENT], None),
        (4, [LATE, SILENT], None),
        (77, [None, AuthenticationError("No.", status=401, from_api=True), LATE], None),
        (75, [None, OFFLINE], None),
    ],
)
def test_the_code_of_a_wait(expected: int, errors: list[PictoryError | None], outage: str | None) -> None:
    """A wait that ended only because of the network or the key says so."""
    assert expected == outcomes_code(map(outcome, errors), outage)


@pytest.mark.parametrize(
    ("expected", "errors"), [(77, [DENIED, DENIED]), (1, [DENIED, None]), (1, [DENIED, OFFLINE]), (1, [])]
)
def test_a_key_that_may_do_nothing(expected: int, errors: list[Exception | None]) -> None:
    """A key that is denied everything is a rejected key; one that is denied something is not."""
    assert expected == batch_code(1, errors)


@pytest.mark.parametrize(("command", "code"), [("drift", 6), ("render", 76), ("sync", 5)])
def test_the_help_has_the_codes_of_one_command(command: str, code: int) -> None:
    """What one command alone can return is in its help."""
    assert f"\n    {code} " in run(command, "--help").stdout
