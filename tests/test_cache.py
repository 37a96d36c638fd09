"""Templates that are kept: how long, for whom, and what happens when many ask at once."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import DiskTemplateCache, RateLimiter, RetryPolicy, errors
from pictory_async._cache import Fetched, MemoryStore
from pictory_async.models import Template
from pictory_async.testing import Answer, Reset, Simulator, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def template_id(world: World) -> str:
    return world.add_template("Hi {{Name}}", name="First")


def rename(world: World, template_id: str, name: str) -> None:
    """Let the account's template have another name."""
    template = world.find_template(template_id)
    assert template is not None
    overrides: Any = template.overrides
    overrides["name"] = name


@virtual_time
async def test_without_a_cache_every_call_asks(world: World, template_id: str) -> None:
    """Nothing is kept unless that is wanted."""
    async with Simulator(world).client() as client:
        await client.templates.get(template_id)
        await client.templates.get(template_id)
        assert 0 == client.statistics().template_cache.misses
    assert 2 == len(world.log)


@virtual_time
async def test_a_template_is_kept_for_a_while(world: World, template_id: str) -> None:
    """Until its time is over, a template is asked for once; then anew."""
    async with Simulator(world).client(template_cache=timedelta(minutes=1)) as client:
        first = await client.templates.get(template_id)
        rename(world, template_id, "Second")
        await anyio.sleep(59.9)
        assert first is await client.templates.get(template_id)
        assert 1 == len(world.log)
        await anyio.sleep(0.2)
        assert "Second" == (await client.templates.get(template_id)).name
        seen = client.statistics().template_cache
    assert (1, 2, 0) == (seen.hits, seen.misses, seen.joined)
    assert 2 == len(world.log)


@virtual_time
async def test_a_refresh_asks_and_is_kept(world: World, template_id: str) -> None:
    """What a refresh brings is what everybody gets from then on."""
    async with Simulator(world).client(template_cache=60) as client:
        await client.templates.get(template_id)
        rename(world, template_id, "Second")
        assert "First" == (await client.templates.get(template_id)).name
        assert "Second" == (await client.templates.get(template_id, refresh=True)).name
        assert "Second" == (await client.templates.get(template_id)).name
    assert 2 == len(world.log)


@virtual_time
async def test_kept_answers_cost_no_budget(world: World, template_id: str) -> None:
    """A hundred calls take one slot."""
    limiter = RateLimiter(1, 3600.0, 1)
    async with Simulator(world).client(template_cache=60, limiter=limiter) as client:
        with anyio.fail_after(1):
            for _ in range(100):
                await client.templates.get(template_id)
    assert 1 == len(world.log)


@virtual_time
async def test_calls_at_the_same_time_share_a_request(world: World, template_id: str) -> None:
    """Fifty calls at once make one request, and all get the template."""
    found: list[Template] = []
    async with Simulator(world, latency=1.0).client(template_cache=60) as client:

        async def get() -> None:
            found.append(await client.templates.get(template_id))

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(get)
        assert 49 == client.statistics().template_cache.joined
    assert ["First"] * 50 == [template.name for template in found]
    assert 1 == len(world.log)


@virtual_time
@pytest.mark.parametrize("cancelled", [0, 1])
async def test_a_cancelled_call_does_not_disturb_the_others(world: World, template_id: str, cancelled: int) -> None:
    """Whether it was the one that asks or one that waits for it, the others get their template."""
    found: dict[int, Template] = {}
    scopes = [anyio.CancelScope() for _ in range(4)]
    async with Simulator(world, latency=1.0).client(template_cache=60) as client:

        async def get(number: int) -> None:
            with scopes[number]:
                found[number] = await client.templates.get(template_id)

        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(get, number)
            await anyio.sleep(0.4)
            scopes[cancelled].cancel()
    assert {0, 1, 2, 3} - {cancelled} == set(found)


@virtual_time
async def test_a_failure_reaches_all_and_is_not_kept(world: World, template_id: str) -> None:
    """Who waited for a request that failed gets an error of his own; the next call asks anew."""
    faults = iter([Answer(400), None])
    caught: list[errors.PictoryError] = []
    simulator = Simulator(world, latency=1.0, faults=lambda *_: next(faults))
    async with simulator.client(template_cache=60) as client:

        async def get() -> None:
            try:
                await client.templates.get(template_id)
            except errors.InvalidRequestError as error:
                caught.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(get)
        assert "First" == (await client.templates.get(template_id)).name
    assert 3 == len({id(error) for error in caught})
    assert 1 == len(set(caught))
    assert 2 == len(world.log)


@virtual_time
async def test_a_passing_fault_is_repeated_for_all(world: World, template_id: str) -> None:
    """The shared request is repeated as any other would be."""
    faults = iter([Reset(), Answer(503), None])
    async with Simulator(world, faults=lambda *_: next(faults)).client(template_cache=60) as client:
        assert "First" == (await client.templates.get(template_id)).name


@virtual_time
async def test_an_older_answer_does_not_replace_a_refreshed_one(world: World, template_id: str) -> None:
    """A slow request from before a refresh brings its caller what it asked for, and is not kept."""
    waits = iter([10.0, 1.0])

    def latency(_request: SimRequest, _now: float) -> float:
        return next(waits)

    names: list[str | None] = []
    async with Simulator(world, latency=latency).client(template_cache=60) as client:

        async def slow() -> None:
            names.append((await client.templates.get(template_id)).name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(slow)
            await anyio.sleep(6.0)  # the answer "First" is on its way
            rename(world, template_id, "Second")
            names.append((await client.templates.get(template_id, refresh=True)).name)
        names.append((await client.templates.get(template_id)).name)
    assert ["Second", "First", "Second"] == names


@virtual_time
async def test_a_deleted_template_is_forgotten(world: World, template_id: str) -> None:
    """A refresh that finds nothing takes the template out of the cache."""
    faults = iter([None, Answer(404, {"content-type": "application/json"}, b"{}"), Answer(500)])
    simulator = Simulator(world, faults=lambda *_: next(faults))
    async with simulator.client(template_cache=60, retry=RetryPolicy(attempts=1)) as client:
        await client.templates.get(template_id)
        with pytest.raises(errors.NotFoundError):
            await client.templates.get(template_id, refresh=True)
        with pytest.raises(errors.ServerError):
            await client.templates.get(template_id)


@virtual_time
async def test_the_memory_is_bounded() -> None:
    """Beyond 1,000 templates, the one that was fetched first goes."""
    store = MemoryStore(60.0)
    for number in range(1001):
        await store.save(str(number), Fetched(Template(id=str(number)), b"", anyio.current_time()))
    assert [False, True, True] == [await store.load(name) is not None for name in ("0", "1", "1000")]


@virtual_time
async def test_polls_pass_the_cache_by(world: World, template_id: str) -> None:
    """What is waited for is looked at anew each time."""
    project_id = world.add_project()
    world.start_render(project_id, 0.0, queue=0.0, duration=100.0)
    async with Simulator(world).client(template_cache=3600) as client:
        assert (await client.projects.wait(project_id)).is_rendered
    assert len(world.log) > 5


@pytest.mark.parametrize("setting", [0, -1, float("nan"), "an hour", True])
def test_impossible_settings_are_refused(setting: Any) -> None:
    """A time to live is a duration above zero."""
    with pytest.raises(errors.PictoryConfigError, match="template_cache"):
        Simulator().client(template_cache=setting)


def test_without_the_extra_the_file_is_refused() -> None:
    """The error names what to install."""
    program = (
        "import sys; sys.modules['hishel'] = None\n"
        "import pictory_async\n"
        "try: pictory_async.DiskTemplateCache('x', ttl=1)\n"
        "except pictory_async.errors.PictoryConfigError as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=25, check=False)
    assert 'pip install "pictory-async[cache]"' in found.stdout, found.stderr


class TestDisk:
    """Templates in a file."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture(autouse=True)
    def extra(self) -> None:
        pytest.importorskip("hishel", reason="the extra cache is not installed")

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
                rename(world, template_id, name)
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
                        file,
                        "DROP TABLE streams" if damage == "broken later" else "UPDATE streams SET chunk_data = x'78'",
                    )
        told = [record for record in caplog.records if record.name == "pictory_async"]
        if damage == "no template":
            assert (0, 2) == (len(told), len(world.log))
            return
        assert ["pictory.cache.unusable"] == [record.getMessage().split(":")[0] for record in told]
        assert len(world.log) >= 3
        if damage == "text":
            assert NOTES == everything(file.parent)

    async def test_clients_share_a_file_at_the_same_time(self, world: World, template_id: str, file: Path) -> None:
        """Ten clients of one file all get their templates, and no error."""
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


def spoil(file: Path, statement: str) -> None:
    """Change a file behind its user's back."""
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)
