"""Templates that are kept in a file: found by the next program, by nobody else, and never in the way."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import DiskTemplateCache, RateLimiter, errors
from pictory_async._cache.templates import MOST
from pictory_async.testing import Answer, Simulator, World
from tests._templates import change
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def template_id(world: World) -> str:
    return world.add_template("Hi {{Name}}", name="First")


class TestDisk:
    """Templates in a file."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "new" / "templates.db"

    @pytest.mark.parametrize(
        "options",
        [{"path": "", "ttl": 1}, {"path": 5, "ttl": 1}, {"path": "a\0", "ttl": 1}, {"path": "x", "ttl": 0},
         {"path": "x", "ttl": 1, "namespace": ""}, {"path": "x", "ttl": 1, "namespace": 5}],
    )  # fmt: skip
    def test_impossible_files_are_refused(self, options: dict[str, Any]) -> None:
        """A slip of the pen is told when it is made."""
        with pytest.raises(errors.PictoryConfigError):
            DiskTemplateCache(**options)

    @pytest.mark.parametrize("body", [2**50, "text", 1.5, None])
    async def test_a_body_of_another_type_is_fetched_again(
        self, world: World, template_id: str, file: Path, body: object
    ) -> None:
        """Whatever somebody wrote into the file, it is not taken for a template."""
        cache = DiskTemplateCache(file, ttl=3600)
        for _ in range(2):
            async with Simulator(world).client(template_cache=cache) as client:
                assert "First" == (await client.templates.get(template_id)).name
            with contextlib.closing(sqlite3.connect(file)) as other, contextlib.suppress(sqlite3.IntegrityError):
                other.execute("UPDATE template SET body = ?", (body,))
                other.commit()
                assert other.total_changes

    async def test_another_program_finds_it(self, world: World, template_id: str, file: Path) -> None:
        """A later client asks nothing; the file is its owner's only, and nothing is written beside it."""
        cache = DiskTemplateCache(file, ttl=3600)
        for _ in range(3):
            async with Simulator(world).client(template_cache=cache) as client:
                assert "First" == (await client.templates.get(template_id)).name
        assert 1 == len(world.log)
        assert {"templates.db": 0o600} == modes(file.parent)

    async def test_a_shorter_life_counts_for_what_is_there(self, world: World, template_id: str, file: Path) -> None:
        """What is older than this client's limit is fetched anew, however long it was to be kept."""
        for ttl in (3600, 3600, 1e-9):
            async with Simulator(world).client(template_cache=DiskTemplateCache(file, ttl=ttl)) as client:
                await client.templates.get(template_id)
        assert 2 == len(world.log)

    async def test_a_refresh_replaces_it(self, world: World, template_id: str, file: Path) -> None:
        """There is one entry for a template, the newest."""
        cache = DiskTemplateCache(file, ttl=3600)
        async with Simulator(world).client(template_cache=cache) as client:
            await client.templates.get(template_id)
            for name in ("Second", "Third"):
                change(world, template_id, name=name)
                assert name == (await client.templates.get(template_id, refresh=True)).name
            assert "Third" == (await client.templates.get(template_id)).name
        assert 3 == len(world.log)

    async def test_a_deleted_template_is_forgotten_there_too(self, world: World, template_id: str, file: Path) -> None:
        """A template that is gone is not given to the next program."""
        gone = Answer(404, {"content-type": "application/json"}, b"{}")
        faults = iter([None, gone, gone])
        cache = DiskTemplateCache(file, ttl=3600)
        async with Simulator(world, faults=lambda *_: next(faults)).client(template_cache=cache) as client:
            await client.templates.get(template_id)
            for refresh in (True, False):
                with pytest.raises(errors.NotFoundError):
                    await client.templates.get(template_id, refresh=refresh)

    @pytest.mark.parametrize("namespace", [None, "team a"])
    async def test_the_key_is_not_in_the_file(
        self, world: World, template_id: str, file: Path, namespace: str | None
    ) -> None:
        """Neither while it is open nor afterwards."""
        cache = DiskTemplateCache(file, ttl=3600, namespace=namespace)
        async with Simulator(world).client(template_cache=cache) as client:
            await client.templates.get(template_id)
            content = everything(file.parent)
        content += everything(file.parent)
        assert template_id.encode() in content
        assert world.api_key.encode() not in content

    @pytest.mark.parametrize(("namespaces", "requests"), [((None, None), 2), (("a", "b"), 2), (("a", "a"), 1)])
    async def test_accounts_do_not_see_each_other(
        self, template_id: str, file: Path, namespaces: tuple[str | None, str | None], requests: int
    ) -> None:
        """Another key or another namespace finds nothing; one namespace is one account."""
        asked = 0
        for key, namespace in zip(("pictai_one", "pictai_two"), namespaces, strict=True):
            world = World(api_key=key)
            world.add_template("Hi", template_id=template_id)
            cache = DiskTemplateCache(file, ttl=3600, namespace=namespace)
            async with Simulator(world).client(template_cache=cache) as client:
                await client.templates.get(template_id)
            asked += len(world.log)
        assert requests == asked

    async def test_another_address_finds_nothing(self, world: World, template_id: str, file: Path) -> None:
        """What one API said is not taken for what another one says."""
        cache = DiskTemplateCache(file, ttl=3600, namespace="a")
        for host in ("one", "two"):
            options = {"base_url": f"https://{host}.invalid/pictoryapis", "template_cache": cache}
            async with Simulator(world).client(**options) as client:
                await client.templates.get(template_id)
        assert 2 == len(world.log)

    @pytest.mark.parametrize("damage", ["text", "directory", "foreign tables", "broken later", "no template"])
    async def test_a_broken_file_breaks_no_call(
        self, world: World, template_id: str, file: Path, damage: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The API answers instead; a file that cannot be used is left as it is, and told once."""
        prepare(file, damage)
        cache = DiskTemplateCache(file, ttl=3600)
        async with Simulator(world).client(template_cache=cache) as client:
            for number in range(4):
                assert "First" == (await client.templates.get(template_id)).name
                if number == 0 and damage in {"broken later", "no template"}:
                    spoil(
                        file, "DROP TABLE template" if damage == "broken later" else "UPDATE template SET body = x'78'"
                    )
        told = [record for record in caplog.records if record.name == "pictory_async"]
        if damage == "no template":
            assert (0, 2) == (len(told), len(world.log))
            return
        assert ["pictory.cache.unusable"] == [record.getMessage().split(":")[0] for record in told]
        assert len(world.log) >= 3
        # Nothing is logged after it: from then on the file is left alone.
        assert "pictory_async" == caplog.records[-1].name
        if damage == "text":
            assert NOTES == everything(file.parent)

    async def test_clients_share_a_file_at_the_same_time(self, world: World, template_id: str, file: Path) -> None:
        """Ten clients of one file all get their templates, and no error."""
        await self.share(world, template_id, file)

    @virtual_time
    async def test_a_slow_machine_keeps_as_much(self, world: World, template_id: str, file: Path) -> None:
        """However long saving takes, the templates are saved: here hours can pass while a thread writes to the file."""
        await self.share(world, template_id, file)

    async def share(self, world: World, template_id: str, file: Path) -> None:
        """Let ten clients fetch six templates, and the next client find all of them in the file."""
        ids = [template_id, *(world.add_template("Hi") for _ in range(5))]
        cache = DiskTemplateCache(file, ttl=3600)
        async with contextlib.AsyncExitStack() as stack, anyio.create_task_group() as tasks:
            for _ in range(10):
                client = await stack.enter_async_context(Simulator(world).client(template_cache=cache))
                for one in ids:
                    tasks.start_soon(client.templates.get, one)
        assert 60 >= len(world.log)
        async with Simulator(world).client(template_cache=cache) as client:
            before = len(world.log)
            assert ids == [(await client.templates.get(one)).id for one in ids]
        assert before == len(world.log)

    async def test_another_process_takes_nothing_away(self, world: World, template_id: str, file: Path) -> None:
        """A process that opens and closes the file does not cut off the clients that have it open."""
        cache = DiskTemplateCache(file, ttl=3600)
        async with Simulator(world).client(template_cache=cache) as first:
            await first.templates.get(template_id)
            async with Simulator(world).client(template_cache=cache) as second:
                await second.templates.get(template_id)
                assert 1 == await seen_by_another_process(file)
                await first.templates.get(world.add_template("Hi"))
                assert 2 == await seen_by_another_process(file)

    async def test_a_new_file_that_is_locked_is_waited_for(
        self, world: World, template_id: str, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A client that opens a new file while another program is writing to it uses the file nevertheless."""
        file.parent.mkdir()
        with contextlib.closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with Simulator(world).client(template_cache=DiskTemplateCache(file, ttl=3600)) as client:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.templates.get, template_id)
                    await anyio.wait_all_tasks_blocked()
                    other.execute("ROLLBACK")
                await client.templates.get(template_id)
        assert 1 == len(world.log)
        assert [] == [record for record in caplog.records if record.name == "pictory_async"]

    @pytest.mark.parametrize("new", [True, False])
    async def test_a_locked_file_delays_no_answer(
        self, world: World, template_id: str, file: Path, new: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        """While another process holds the lock, templates are fetched and kept; they are stored when it is free."""
        cache = DiskTemplateCache(file, ttl=3600)
        if not new:
            await stored(world, world.add_template("Ho"), file)
        file.parent.mkdir(exist_ok=True)
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            async with Simulator(world).client(template_cache=cache) as client:
                before = len(world.log)
                for _ in range(3):
                    assert "First" == (await client.templates.get(template_id)).name
                assert before + 1 == len(world.log)
                other.execute("ROLLBACK")
        assert (1 if new else 2) == entries(file)
        assert [] == [record for record in caplog.records if record.name == "pictory_async"]

    async def test_what_is_kept_for_a_locked_file_is_bounded(self, world: World, file: Path) -> None:
        """A file that stays locked does not fill the memory, and a deleted template is not kept either."""
        gone = Answer(404, {"content-type": "application/json"}, b"{}")
        file.parent.mkdir()
        ids = [world.add_template("Hi") for _ in range(MOST + 5)]
        simulator = Simulator(world)
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            limiter = RateLimiter(1_000_000, 1.0, 100_000)
            cache = DiskTemplateCache(file, ttl=3600)
            async with simulator.client(template_cache=cache, limiter=limiter) as client:
                for one in ids:
                    await client.templates.get(one)
                simulator.faults = lambda *_: gone
                for refresh in (True, False):
                    with pytest.raises(errors.NotFoundError):
                        await client.templates.get(ids[-1], refresh=refresh)
                other.execute("ROLLBACK")
        assert MOST - 1 == entries(file)

    async def test_replaced_templates_cannot_be_read(self, world: World, template_id: str, file: Path) -> None:
        """Of many refreshes, the file has one row, and nothing is left of the older ones."""
        async with Simulator(world).client(template_cache=DiskTemplateCache(file, ttl=3600)) as client:
            for number in range(10):
                change(world, template_id, name=f"Secret {number} {'x' * 15_000}")
                await client.templates.get(template_id, refresh=True)
        content = everything(file.parent)
        assert 1 == entries(file)
        assert [9] == [number for number in range(10) if f"Secret {number} ".encode() in content]
        assert len(content) < 100_000

    async def test_a_file_that_somebody_writes_is_read(self, world: World, template_id: str, file: Path) -> None:
        """Who only reads does not wait for another program's write."""
        cache = await stored(world, template_id, file)
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with Simulator(world).client(template_cache=cache) as client:
                await client.templates.get(template_id)
        assert 1 == len(world.log)

    async def test_a_save_that_fails_keeps_no_lock(self, world: World, template_id: str, file: Path) -> None:
        """A save is done whole or not at all, and other programs can go on."""
        cache = await stored(world, template_id, file)
        spoil(file, "UPDATE template SET stored = 0, expires = 0")
        spoil(file, "CREATE TRIGGER full BEFORE DELETE ON template BEGIN SELECT RAISE(ABORT, 'full'); END")
        async with Simulator(world).client(template_cache=cache) as client:
            await client.templates.get(world.add_template("Ho {{Name}}"))
            spoil(file, "DROP TRIGGER full")
        assert 1 == entries(file)

    async def test_a_client_that_did_nothing_makes_no_file(self, file: Path) -> None:
        """The file is made when it is needed."""
        async with Simulator().client(template_cache=DiskTemplateCache(file, ttl=3600)):
            pass
        assert not file.parent.exists()


NOTES = b"These are my notes. " * 1000


def prepare(file: Path, damage: str) -> None:
    """Make a file that is no cache."""
    file.parent.mkdir()
    if damage == "text":
        file.write_bytes(NOTES)
    elif damage == "directory":
        file.mkdir()
    elif damage == "foreign tables":
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE entries (mine)")


def modes(directory: Path) -> dict[str, int]:
    """The files of a directory, and who may read them."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


def everything(directory: Path) -> bytes:
    """The content of all files of a directory."""
    return b"".join(path.read_bytes() for path in directory.iterdir())


def entries(file: Path) -> int:
    """How many entries the file has, those included that are still being written."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return int(*connection.execute("SELECT count(*) FROM template").fetchone())
    except sqlite3.OperationalError:
        return 0  # there is no file yet, or no table in it


async def seen_by_another_process(file: Path) -> int:
    """How many whole entries a process finds that opens the file and closes it."""
    program = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "print(*connection.execute('SELECT count(*) FROM template').fetchone())\n"
        "connection.close()"
    )
    found = await anyio.run_process([sys.executable, "-c", program, str(file)])
    return int(found.stdout)


async def stored(world: World, template_id: str, file: Path) -> DiskTemplateCache:
    """A cache whose file has the template."""
    cache = DiskTemplateCache(file, ttl=3600)
    async with Simulator(world).client(template_cache=cache) as client:
        await client.templates.get(template_id)
    return cache


def spoil(file: Path, statement: str) -> None:
    """Change a file behind its user's back."""
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
