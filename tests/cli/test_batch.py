"""The same work for several ids: the order of the results, progress, and what stops all of it."""

from __future__ import annotations

import contextlib
import errno
import io
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import DownloadedFile, DownloadReport, DownloadStatus, Project
from pictory_async.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DownloadError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
)
from pictory_async.testing import Simulator
from tests._virtual import virtual_time

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import click

from pictory_async.cli._app import pictory
from pictory_async.cli._batch import Batch
from pictory_async.cli._downloads import Downloads
from pictory_async.cli._exit_codes import ends_all
from pictory_async.cli._given import note

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async import AsyncPictory

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture(autouse=True)
def context() -> Iterator[click.Context]:
    """What a running command has."""
    with click.Context(pictory) as ctx:
        ctx.params["debug"] = False
        yield ctx


def batch_of(durations: dict[str, float], **settings: Any) -> Batch[str]:
    """A batch whose work takes a while for each id, and prints the id."""

    async def get(_: AsyncPictory, one: str) -> str:
        await anyio.sleep(durations[one])
        return one

    settings.setdefault("show", click.echo)
    return Batch(ids=list(durations), get=get, **settings)


@pytest.mark.parametrize(("waits", "seconds"), [(True, 130.0), (False, 3600.0)])
async def test_a_standstill(
    context: click.Context, capsys: pytest.CaptureFixture[str], waits: bool, seconds: float
) -> None:
    """--stalled ends waits that make no progress any more; other work is not a wait."""
    note(context, click.Option(["--stalled"]), 30.0)
    began = anyio.current_time()

    def progress() -> float:
        return min(100.0, anyio.current_time() - began)

    batch = batch_of({"slow": 99.0, "stuck": 3600.0}, progress=progress if waits else None)
    async with Simulator().client() as client:
        await batch.run(client)
    assert pytest.approx(seconds, abs=2.0) == anyio.current_time() - began
    assert (4 if waits else 0) == batch.finish(interrupted=False)
    assert capsys.readouterr().out == ("slow\n" if waits else "slow\nstuck\n")


def failing(errors: dict[str, Exception | None], **settings: Any) -> Batch[str]:
    """A batch in which some ids fail: the n-th after n seconds."""

    async def get(_: AsyncPictory, one: str) -> str:
        await anyio.sleep(list(errors).index(one) + 1)
        error = errors[one]
        if error is not None:
            raise error
        return one

    settings.setdefault("show", click.echo)
    return Batch(ids=list(errors), get=get, **settings)


async def test_results_come_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """A result is printed as soon as it and those before it are there."""
    batch = batch_of({"a": 2.0, "b": 1.0, "c": 4.0})
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(batch.run, Simulator().client())
        for until, expected in ((1.5, ""), (1.0, "a\nb\n"), (2.0, "c\n")):
            await anyio.sleep(until)
            assert expected == capsys.readouterr().out
    assert 0 == batch.finish(interrupted=False)
    assert ("", "") == capsys.readouterr()


async def test_results_that_are_held(capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a drawing on the same terminal, nothing is printed before the end."""
    batch = batch_of({"a": 1.0, "b": 1.0}, holds=True)
    await batch.run(Simulator().client())
    assert "" == capsys.readouterr().out
    batch.finish(interrupted=False)
    assert "a\nb\n" == capsys.readouterr().out


async def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """Work that lasts tells its progress on standard error, whenever another tenth of it is done."""
    await batch_of({"a": 1.0, "b": 11.0, "c": 6.0}, noun="template").run(Simulator().client())
    assert ["1 of 3 templates done", "2 of 3 templates done"] == told(capsys)


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of progress, without their times."""
    return [line.partition("Z ")[2] for line in capsys.readouterr().err.splitlines()]


class Tty(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


async def test_progress_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal, the progress is only told if no result was printed meanwhile: the results show it."""
    with contextlib.redirect_stdout(Tty()) as out:
        await batch_of({"a": 7.0, "b": 12.0, "c": 18.0}, noun="job").run(Simulator().client())
    assert "a\nb\nc\n" == out.getvalue()
    assert ["0 of 3 jobs done"] == told(capsys)


async def test_few_at_once() -> None:
    """No more ids are worked on at the same time than allowed, and each once."""
    running = most = 0

    async def get(_: AsyncPictory, one: str) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.sleep(1.0)
        running -= 1
        return one

    seen: list[str] = []
    ids = [str(number) for number in range(100)]
    await Batch(ids=ids, get=get, show=seen.append, at_once=7).run(Simulator().client())
    assert (7, ids) == (most, seen)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (77, AuthenticationError("Rejected.", status=401)),
        (1, ConnectionFailedError("Refused.", sent=False)),  # what else failed is not helped by trying again
        (1, RequestTimeoutError("Too slow.", sent=False)),
        (73, DownloadError("Full.", errno=errno.ENOSPC)),
        (73, OSError(errno.ENOSPC, "Full.")),
    ],
)
async def test_one_fact_stops_all(capsys: pytest.CaptureFixture[str], code: int, error: Exception) -> None:
    """An error that awaits all others is reported once, with what was done and what remains; nothing more is tried."""
    errors = {"a": None, "b": NotFoundError("No b."), "c": error, "d": None, "e": None}
    batch = failing(errors, at_once=4, json_id="template_id", noun="template")
    await batch.run(Simulator().client())
    assert code == batch.finish(interrupted=False)
    out, err = capsys.readouterr()
    assert ["Error: No b.", "Stopped: 1 of 5 templates done, 1 failed, 3 remain."] == err.splitlines()[::2]
    assert 3 == err.count("\n")
    assert ["a", "b", "c"] == list(batch.found)
    assert 5 == len(out.splitlines())
    assert [("d", True), ("e", True)] == [
        (one, why.startswith("Not done, because of an earlier error: ")) for one, why in list(batch.failures())[2:]
    ]


async def test_what_fails_alike_when_it_stops(capsys: pytest.CaptureFixture[str]) -> None:
    """What was in flight when the batch stopped is not reported again, and not counted as failed."""

    async def get(_: AsyncPictory, one: str) -> str:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1.0)
        raise AuthenticationError(f"Rejected for {one}.", status=401)

    batch: Batch[str] = Batch(ids=["a", "b"], get=get, show=click.echo)
    await batch.run(Simulator().client())
    assert 77 == batch.finish(interrupted=False)
    assert ["Error: Rejected for", "Stopped: 0 of 2 projects done, 2 remain."] == [
        line.removesuffix(" a.").removesuffix(" b.") for line in capsys.readouterr().err.splitlines()
    ]


async def test_equal_errors_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Equal errors of many ids are one error, and the ids; what does not exist is named one by one."""
    errors: dict[str, Exception | None] = {
        f"p{number:02}": ServerError(f"No response for p{number:02}.", status=500, request_id=f"r{number}")
        for number in range(13)
    }
    errors |= {"q": ServerError("No response at all for q.", status=500)}
    errors |= {one: NotFoundError(f"There is no {one}.", status=404) for one in "xy"}
    batch = failing(errors)
    await batch.run(Simulator().client())
    assert 1 == batch.finish(interrupted=False)
    assert [
        "Error: No response for p00. (request r0)",
        "Error: No response at all for q.",
        "Error: There is no x.",
        "Error: There is no y.",
        "The same as for 'p00' for 12 more: p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, …",
    ] == [line for line in capsys.readouterr().err.splitlines() if "projects done" not in line]


async def test_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """After an interruption, what is there is printed, and each other id has a document with the reason."""
    batch = batch_of({"a": 1.0, "b": 9.0, "c": 2.0}, json_id="job_id", noun="job")
    with anyio.move_on_after(3.0):
        await batch.run(Simulator().client())
    assert 130 == batch.finish(interrupted=True)
    out, err = capsys.readouterr()
    assert ["a", '{"job_id": "b", "error": "Not done, because the command was interrupted."}', "c"] == out.splitlines()
    assert "Interrupted: 2 of 3 jobs done, 1 remains.\n" == err


async def test_exit_codes() -> None:
    """The code is the worst of what is printed and what failed."""
    batch = batch_of({"a": 1.0, "b": 1.0}, show=lambda one: 3 if one == "a" else None)
    await batch.run(Simulator().client())
    assert 3 == batch.finish(interrupted=False)


async def test_errors_inside_results(capsys: pytest.CaptureFixture[str]) -> None:
    """A result can have an error, which is reported after it, and can stop the batch."""
    full = DownloadError("Full.", errno=errno.ENOSPC)
    batch = batch_of({"a": 1.0, "b": 2.0}, error_in=lambda _: full)
    await batch.run(Simulator().client())
    assert 73 == batch.finish(interrupted=False)
    assert ("a\n", "Error: Full.\nStopped: 0 of 2 projects done, 2 remain.\n") == capsys.readouterr()


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        (False, AuthenticationError("A gateway's.", status=401, from_api=False)),
        (False, ConnectionFailedError("Cut.", sent=True)),
        (False, NotFoundError("No.", status=404)),
        (False, DownloadError("Rejected.")),
        (False, DownloadError("Too large.", errno=errno.EFBIG)),
        (False, OSError(errno.ENOENT, "No.")),
        (False, ValueError("No.")),
    ],
)
async def test_errors_of_one_id(expected: bool, error: Exception) -> None:
    """What says something about one id only does not stop the others."""
    assert expected is ends_all(error)


async def test_a_full_disk_among_other_failures() -> None:
    """A disk that is full is found among the files of a project, whatever failed first."""
    files = [DownloadedFile(kind="txt", status=DownloadStatus.FAILED, error=DownloadError("Full.", errno=errno.ENOSPC))]
    report = DownloadReport(project_id="a", files=tuple(files))
    assert ends_all(DownloadError("Rejected.", report=report))


class FullDisk:
    """The calls of a client whose disk is full; it counts them."""

    def __init__(self) -> None:
        self.projects = self
        self.base_url = "https://api.example"
        self.calls = 0

    async def get(self, project_id: str) -> Project:
        return Project(id=project_id, name="Film")

    async def download(self, project: Project, *_: Any, **__: Any) -> DownloadReport:
        self.calls += 1
        raise DownloadError(f"Cannot write {project.id}: No space left on device.", errno=errno.ENOSPC)


async def test_a_full_disk_stops_downloads(tmp_path: Path) -> None:
    """After the first download that finds the disk full, no other one is tried."""
    client: Any = FullDisk()
    downloads = Downloads(directory=tmp_path)
    for one in "abc":
        await downloads.download(client, one)
    assert 1 == client.calls
    assert ["Cannot write a: No space left on device."] * 3 == [str(result.error) for result in downloads.done]
