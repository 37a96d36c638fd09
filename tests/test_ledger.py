"""The file that remembers renders: what it contains, and who can use it."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from anyio import to_thread

from pictory_async import Ledger, LedgerRun, RateLimiter, RenderState, ResultStatus, errors
from pictory_async._ledger.database import VERSION, Database
from pictory_async._ledger.liveness import Liveness
from pictory_async._ledger.waits import Waits
from pictory_async.testing import Answer, Simulator, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

OURS = 0x50494C47
FIRST_FORM = """
CREATE TABLE run (id TEXT PRIMARY KEY, account TEXT NOT NULL, command TEXT NOT NULL, started TEXT NOT NULL, ended TEXT);
CREATE TABLE render (
    id INTEGER PRIMARY KEY, api TEXT NOT NULL, project TEXT NOT NULL, version TEXT NOT NULL, attempt INTEGER NOT NULL,
    run TEXT NOT NULL, state TEXT NOT NULL, saved TEXT, baseline TEXT, asked TEXT, marker TEXT, job TEXT, reason TEXT,
    ended TEXT, UNIQUE (api, project, version, attempt)
);
CREATE TABLE pending (run TEXT NOT NULL, account TEXT NOT NULL, item TEXT NOT NULL, handle TEXT NOT NULL, noted TEXT)
"""
BEGINS = """
import sys
from pathlib import Path
from pictory_async import Ledger
from pictory_async._ledger.database import Database

path = Path(sys.argv[1])
sys.stdin.readline()
database = Database(path)
print(Ledger(path).begin_run(database, "account", "test"), flush=True)
sys.stdin.readline()
"""


def begin(path: Path) -> subprocess.Popen[str]:
    """Start a process that begins a run after a line, prints its name, and is at it until the next line."""
    command = [sys.executable, "-c", BEGINS, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def tell(process: subprocess.Popen[str]) -> None:
    """Send a line to a process."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def name_of(process: subprocess.Popen[str]) -> str:
    """Read the name of the run of a process."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


async def render(ledger: Ledger, simulator: Simulator, *ids: Any, **options: Any) -> dict[Any, Any]:
    """Render with a ledger, in real time, and return the results."""
    settings = {"interval": 0.02, "start_grace": 30.0, **options}
    async with (
        simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client,
        client.projects.render_all(ids, ledger=ledger, **settings) as batch,
    ):
        return {result.project_id: result async for result in batch}


class TestOnEveryLoop:
    """A batch with real time and real threads."""

    async def test_each_project_is_rendered_once(self, path: Path) -> None:
        """The second call requests nothing, and the ledger tells what both did."""
        world = World(render_seconds=(0.05, 0.05), queue_seconds=(0.0, 0.0))
        ids, simulator = [world.add_project() for _ in range(3)], Simulator(world)
        async with Ledger(path) as ledger:
            first = await render(ledger, simulator, *ids)
            again = await render(ledger, simulator, *ids)
            runs = await ledger.runs()
        assert {ResultStatus.RENDERED} == {result.status for result in first.values()}
        assert {ResultStatus.UNCHANGED} == {result.status for result in again.values()}
        assert 3 == len(world.jobs)
        assert [{RenderState.RENDERED: 3}, {}] == [run.renders for run in sorted(runs, key=lambda run: run.started)]

    async def test_a_response_that_says_no(self, path: Path) -> None:
        """A refused request is a result, and leaves nothing that keeps the next one from being sent."""
        world = World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0))
        one = world.add_project()
        simulator = Simulator(world)
        refusals = iter([Answer(400, {"content-type": "application/json"}, b'{"message": "Quota"}')])
        simulator.faults = lambda request, _: next(refusals, None) if request.method == "POST" else None
        async with (
            simulator.client() as client,
            client.projects.render_all([one], ledger=Ledger(path), interval=0.02) as batch,
        ):
            (result,) = [result async for result in batch]
        assert (ResultStatus.ERROR, False) == (result.status, result.paid)
        assert [] == sqlite3.connect(path).execute("SELECT * FROM render").fetchall()


async def test_anybody_can_read_it_and_it_has_no_key(path: Path) -> None:
    """The tables are plain SQL; neither the file nor what is beside it contains the API key."""
    world = World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0))
    one = world.add_project()
    ledger = Ledger(path)
    await render(ledger, Simulator(world), one)
    files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert path in files
    assert not [file for file in files if world.api_key.encode() in file.read_bytes()]
    ledger.close()
    rows = sqlite3.connect(path).execute("SELECT project, state, job FROM render").fetchall()
    assert [(one, "rendered", world.jobs[0][1].job_id)] == rows
    assert [("render_all",)] == sqlite3.connect(path).execute("SELECT command FROM run").fetchall()
    assert "wal" == sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone()[0]
    assert 0o600 == path.stat().st_mode & 0o777


async def test_what_a_run_is(path: Path) -> None:
    """A run is under way until it ends, and the newest one comes first."""
    ledger = Ledger(path)
    assert f"Ledger({str(path)!r})" == repr(ledger)
    assert [] == await ledger.runs()
    first = await ledger.use(lambda file: ledger.begin_run(file, "account", "first"))
    (run,) = await ledger.runs()
    assert isinstance(run, LedgerRun)
    assert (first, "first", None, True, {}, 0) == (
        run.id,
        run.command,
        run.ended,
        run.running,
        run.renders,
        run.pending,
    )
    await ledger.use(lambda file: ledger.end_run(file, first))
    await ledger.use(lambda file: ledger.end_run(file, first))
    second = await ledger.use(lambda file: ledger.begin_run(file, "account", "second"))
    newest, oldest = await ledger.runs()
    assert (second, True, first, False) == (newest.id, newest.running, oldest.id, oldest.running)
    assert oldest.ended is not None


async def test_forgetting(path: Path) -> None:
    """Runs that are over are forgotten, with the locks of those that were killed; one that is under way is not."""
    ledger = Ledger(path)
    over = await ledger.use(lambda file: ledger.begin_run(file, "account", "over"))
    await ledger.use(lambda file: ledger.end_run(file, over))
    with begin(path) as process:
        tell(process)
        killed = name_of(process)
        process.kill()
    alive = await ledger.use(lambda file: ledger.begin_run(file, "account", "alive"))
    assert 0 == await ledger.prune()
    assert 2 == await ledger.prune(0.0)
    assert [alive] == [run.id for run in await ledger.runs()]
    assert [alive] == [file.name for file in path.with_name("ledger.db-runs").iterdir()]
    assert killed not in {alive, over}


@pytest.mark.parametrize("age", [-1.0, float("nan"), float("inf"), timedelta(seconds=-1), True, "90d", None])
async def test_ages_that_cannot_be(path: Path, age: Any) -> None:
    """Nothing is forgotten, and the error names the argument."""
    with pytest.raises(errors.PictoryConfigError, match="older_than must be a number of seconds"):
        await Ledger(path).prune(age)
    assert not path.exists()


@pytest.mark.parametrize("age", [1e300, 1e15, timedelta.max])
async def test_an_age_before_the_calendar(path: Path, age: Any) -> None:
    """Nothing is that old."""
    ledger = Ledger(path)
    over = await ledger.use(lambda file: ledger.begin_run(file, "account", "over"))
    await ledger.use(lambda file: ledger.end_run(file, over))
    assert 0 == await ledger.prune(age)


async def test_what_was_left_is_not_forgotten_soon(path: Path) -> None:
    """A run that left a wait, or a render whose end is not known, is kept for 30 days."""
    ledger = Ledger(path)
    world = World(render_seconds=(1e6, 1e6))
    async with (
        Simulator(world).client() as client,
        client.projects.render_all([world.add_project()], ledger=ledger, wait=False) as batch,
    ):
        assert [ResultStatus.STARTED] == [result.status async for result in batch]
    waits = await ledger.use(lambda file: ledger.begin_run(file, "account", "wait"))
    await ledger.use(lambda file: ledger.end_run(file, waits))
    await ledger.use(lambda file: Waits(file).keep(waits, [("account", "id one", "{}")]))
    assert 0 == await ledger.prune(0)

    def date_back(file: Database) -> None:
        with file.changing() as sql:
            sql("UPDATE run SET ended = ?", ((datetime.now(UTC) - timedelta(days=30)).isoformat(),))

    await ledger.use(date_back)
    assert 0 == await ledger.prune(timedelta(days=31))
    assert 2 == await ledger.prune(0)
    assert ([], []) == (await ledger.runs(), await ledger.use(lambda file: Waits(file).of()))


async def test_a_killed_process_is_not_at_it(path: Path) -> None:
    """A run of another process is under way until that process ends, however it does."""
    ledger = Ledger(path)
    with begin(path) as process:
        tell(process)
        run = name_of(process)
        assert await to_thread.run_sync(ledger.is_alive, run)
        assert [(run, True)] == [(one.id, one.running) for one in await ledger.runs()]
        process.kill()
    assert not await to_thread.run_sync(ledger.is_alive, run)
    assert [(run, False, None)] == [(one.id, one.running, one.ended) for one in await ledger.runs()]
    assert not await to_thread.run_sync(ledger.is_alive, "unknown")


async def test_several_that_make_it_at_once(path: Path) -> None:
    """Processes and threads that open a new file at the same time all get it."""
    processes = [begin(path) for _ in range(3)]
    for process in processes:
        tell(process)
    barrier = threading.Barrier(4)
    opened: list[Database] = []

    def open_it() -> None:
        barrier.wait()
        opened.append(Database(path))

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {name_of(process) for process in processes}
    for process in processes:
        tell(process)
        process.communicate()
    assert [0, 0, 0] == [process.returncode for process in processes]
    assert names == {run.id for run in await Ledger(path).runs()}
    assert 4 == len(opened)
    for database in opened:
        database.close()


class TestFilesThatAreNot:
    """What stands where the ledger should be."""

    @pytest.mark.parametrize("sql", ["CREATE TABLE theirs (id)", "PRAGMA application_id = 7"])
    async def test_of_another_program(self, tmp_path: Path, sql: str) -> None:
        """It is refused, and stays as it is."""
        path = tmp_path / "other.db"
        with sqlite3.connect(path) as other:
            other.execute(sql)
        other.close()
        before = path.read_bytes()
        with pytest.raises(errors.LedgerError, match="belongs to another program"):
            await Ledger(path).runs()
        assert before == path.read_bytes()

    async def test_of_a_later_version(self, path: Path) -> None:
        """It is refused with both numbers."""
        await Ledger(path).runs()
        with sqlite3.connect(path) as file:
            file.execute("PRAGMA user_version = 99")
        file.close()
        words = rf"a later pictory-async wrote it \(form 99, known are up to {VERSION}\)"
        with pytest.raises(errors.LedgerError, match=words):
            await Ledger(path).runs()

    async def test_of_an_earlier_version(self, tmp_path: Path) -> None:
        """It is brought to the form of this version."""
        path = tmp_path / "ledger.db"
        with sqlite3.connect(path) as file:
            file.execute(f"PRAGMA application_id = {OURS}")
        file.close()
        assert [] == await Ledger(path).runs()
        assert (VERSION,) == sqlite3.connect(path).execute("PRAGMA user_version").fetchone()

    async def test_of_the_first_form(self, tmp_path: Path) -> None:
        """What is in a file of the first form is still there in a file of this version's form."""
        path = tmp_path / "ledger.db"
        with sqlite3.connect(path) as file:
            file.executescript(f"PRAGMA application_id = {OURS}; {FIRST_FORM}; PRAGMA user_version = 1")
            file.execute("INSERT INTO run VALUES ('a', 'account', 'sync', '2026-01-31T12:00:00+00:00', NULL)")
        file.close()
        assert ["sync"] == [run.command for run in await Ledger(path).runs()]
        with contextlib.closing(sqlite3.connect(path)) as file:
            assert [] == file.execute("SELECT * FROM step").fetchall()

    async def test_damaged(self, path: Path) -> None:
        """The error names the file and the reason, and says that nothing was sent."""
        await Ledger(path).runs()
        path.write_bytes(path.read_bytes()[:100] + b"x" * 5000)
        with pytest.raises(errors.LedgerError, match=r"ledger\.db cannot be used: .*Nothing was requested"):
            await Ledger(path).runs()

    async def test_no_file_at_all(self, tmp_path: Path) -> None:
        """A directory, or a place below a file, is an error of the ledger."""
        (tmp_path / "file").write_text("")
        for path in (tmp_path, tmp_path / "file" / "ledger.db"):
            with pytest.raises(errors.LedgerError, match="cannot be used"):
                await Ledger(path).runs()

    @pytest.mark.parametrize("path", ["", 7, "a\0b", ":memory:"])
    async def test_no_path(self, path: Any) -> None:
        """What cannot be a path is refused at once."""
        with pytest.raises(errors.PictoryConfigError, match="ledger must be"):
            Ledger(path)


async def test_it_is_opened_again(path: Path) -> None:
    """A ledger that was closed can be used; closing it twice does nothing."""
    ledger = Ledger(path)
    ledger.close()
    run = await ledger.use(lambda file: ledger.begin_run(file, "account", "test"))
    ledger.close()
    ledger.close()
    assert [run] == [one.id for one in await ledger.runs()]


async def test_a_ledger_in_use_is_closed_afterwards(tmp_path: Path) -> None:
    """Whoever works with the file in another thread can go on, and what comes later opens it again."""
    ledger = Ledger(tmp_path / "ledger.db")
    used: list[Database] = []

    def work(database: Database) -> int:
        used.append(database)
        ledger.close()
        with database.changing() as run:
            run("INSERT INTO run (id, account, command, started) VALUES (?, '', '', '')", (str(len(used)),))
        return len(used)

    assert 1 == await ledger.use(work)
    assert 2 == await ledger.use(work)
    assert used[0] is not used[1]

    def check(database: Database) -> None:
        with pytest.raises(errors.LedgerError, match="closed database"), database.changing():
            pass

    for database in used:
        await to_thread.run_sync(check, database)


async def test_whether_a_video_is_outdated(path: Path) -> None:
    """A video that the ledger saw appear is known to be current; of another one only its dates speak."""
    world = World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0), render_saves=True)
    mine, old = world.add_project(), world.add_project(earlier_video=-500.0)
    world.edit_project(old, -100.0)
    ledger = Ledger(path)
    simulator = Simulator(world)
    await render(ledger, simulator, mine)
    async with simulator.client() as client:
        api = (await client.projects.get(mine), await client.projects.get(old))
        found = [await ledger.is_outdated(project, api=client.base_url) for project in api]
    assert [False, None] == found


def test_locks_that_are_given_up(tmp_path: Path) -> None:
    """A run that has ended is not under way, and its file is gone; ending it twice does nothing."""
    runs = Liveness(tmp_path / "ledger.db")
    runs.begin("one")
    assert runs.is_alive("one")
    assert Liveness(tmp_path / "ledger.db").is_alive("one")
    runs.end("one")
    runs.end("one")
    assert not runs.is_alive("one")
    assert [] == [*(tmp_path / "ledger.db-runs").iterdir()]


def test_dates_are_utc(path: Path) -> None:
    """Times in the file are in UTC, as text."""
    database, ledger = Database(path), Ledger(path)
    ledger.end_run(database, ledger.begin_run(database, "account", "test"))
    ((text,),) = database.rows("SELECT started FROM run")
    database.close()
    assert timedelta(0) == datetime.fromisoformat(text).utcoffset()
