"""What is known of videos: their states, and calls that refuse what is not known to be the newest."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RateLimiter, SyncState, errors
from pictory_async.testing import Answer, Render, Simulator, World

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import AsyncPictory

pytestmark = [
    pytest.mark.anyio,
    # trio's virtual clock does not wait for threads, which the ledger and downloads work in.
    pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True),
]
VIDEO: Any = {"kinds": ["video"]}


class Account:
    """A simulated account, and a ledger."""

    def __init__(self, world: World, path: Path) -> None:
        self.world = world
        self.simulator = Simulator(world, latency=0.01)
        self.ledger = Ledger(path / "ledger.db")
        self.videos = path / "videos"

    def client(self) -> AsyncPictory:
        """A client, whose requests are counted from here on."""
        self.world.log.clear()
        return self.simulator.client(limiter=RateLimiter(10_000, 1.0, 1000))

    async def states(self, **options: Any) -> dict[Any, SyncState]:
        async with self.client() as client:
            return await client.projects.states(ledger=self.ledger, **options)

    def requests(self, *parts: str) -> int:
        """The requests whose path has one of these parts."""
        return sum(any(part in entry.path for part in parts) for entry in self.world.log)

    def edit(self, project_id: Any) -> None:
        """Save a project now."""
        self.world.edit_project(project_id, self.simulator.now())

    def unknown(self) -> Any:
        """Add a project that was saved after its video, which can mean anything."""
        project_id = self.world.add_project(earlier_video=-500.0)
        self.world.edit_project(project_id, -100.0)
        return project_id


@pytest.fixture
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Account:
    saves = getattr(request, "param", False)
    return Account(World(render_seconds=(20.0, 60.0), media_sizes={"mp4": 1000}, render_saves=saves), tmp_path)


class TestStates:
    async def test_each_state(self, account: Account) -> None:
        """Each project has one of five states."""
        never, rendered = account.world.add_project(), account.world.add_project(earlier_video=-500.0)
        account.world.edit_project(rendered, -600.0)
        rendering = account.world.add_project(Render(-1.0, duration=1e6))
        unknown, outdated = account.unknown(), account.unknown()
        await account.states()
        account.edit(outdated)
        expected = {
            never: SyncState.NEVER,
            rendered: SyncState.RENDERED,
            rendering: SyncState.RENDERING,
            unknown: SyncState.UNKNOWN,
            outdated: SyncState.OUTDATED,
        }
        assert expected == await account.states()

    async def test_only_what_the_ledger_does_not_know_is_fetched(self, account: Account) -> None:
        """The second time costs the list, and one request for what was saved since."""
        projects = [account.world.add_project(earlier_video=-500.0) for _ in range(5)]
        progress: list[tuple[int, int]] = []
        first = await account.states(on_progress=lambda done, total: progress.append((done, total)))
        assert (5, [(number, 5) for number in range(1, 6)]) == (len(first), progress)
        account.edit(projects[0])
        await account.states()
        assert (1, 2) == (account.requests(f"/{projects[0]}"), len(account.world.log))
        await account.states(verify=True)
        assert 6 == len(account.world.log)

    async def test_a_selection(self, account: Account) -> None:
        """By name, by date and by id: nothing else is fetched."""
        film, other = (account.world.add_project(name=name) for name in ("ACME film", "Other"))
        account.world.edit_project(other, -10.0)
        assert {film} == {*await account.states(name="acme*")}
        assert 2 == len(account.world.log)
        since = account.world.date(0.0) - timedelta(minutes=1)
        assert {other} == {*await account.states(saved_since=since)}
        assert {film} == {*await account.states(ids=[film, "nope"])}

    async def test_entries_of_the_list(self, account: Account) -> None:
        """With entries of the list as ids, the list is not read again; with others among them, it is."""
        one, other = account.world.add_project(), account.world.add_project()
        async with account.client() as client:
            items = [item async for item in client.projects.list() if item.id == one]
        assert {one: SyncState.NEVER} == await account.states(ids=items)
        assert 0 == account.requests("/v2/projects?") + sum(
            entry.path.endswith("/v2/projects") for entry in account.world.log
        )
        assert {one, other} == {*await account.states(ids=[*items, other])}
        assert {} == await account.states(ids=[])

    @pytest.mark.parametrize(
        "options", [{"ids": "one"}, {"ids": 5}, {"ledger": None}, {"ledger": "videos.db"}, {"saved_since": "today"}]
    )
    async def test_bad_arguments(self, account: Account, options: dict[str, Any]) -> None:
        """A clear error before anything is sent."""
        async with account.client() as client:
            with pytest.raises(errors.PictoryConfigError):
                await client.projects.states(**{"ledger": account.ledger, **options})
        assert not account.world.log


async def test_without_a_ledger(account: Account) -> None:
    """A project that was saved before its video is fresh; what nothing tells is refused, and the error says so."""
    old = account.world.add_project(earlier_video=-500.0)
    account.world.edit_project(old, -600.0)
    unknown = account.unknown()
    async with account.client() as client:
        assert old == (await client.projects.wait(old, fresh=True)).id
        assert await client.projects.share_link(old, fresh=True)
        await client.projects.download(old, account.videos, fresh=True, **VIDEO)
        for call in (
            client.projects.wait(unknown, fresh=True),
            client.projects.share_link(unknown, fresh=True),
            client.projects.share_link(unknown, wait=True, fresh=True),
            client.projects.download(unknown, account.videos / "none", fresh=True, **VIDEO),
        ):
            with pytest.raises(errors.OutdatedVideoError, match=r"It is not known whether .* or leave out") as refused:
                await call
            assert (unknown, None) == (refused.value.project_id, refused.value.is_outdated)
            assert refused.value.project is not None
            assert unknown == refused.value.project.id
    assert not (account.videos / "none").exists()


async def test_a_ledger_knows_what_was_saved_since(account: Account) -> None:
    """Calls with a ledger remember what they see, also without being asked to refuse anything."""
    one = account.unknown()
    async with account.client() as client:
        assert await client.projects.share_link(one, ledger=account.ledger)
        account.edit(one)
        assert one == (await client.projects.wait(one, ledger=account.ledger)).id
        with pytest.raises(errors.OutdatedVideoError, match="is outdated: the project was saved after") as refused:
            await client.projects.download(one, account.videos, fresh=True, ledger=account.ledger, **VIDEO)
    assert refused.value.is_outdated is True
    assert {one: SyncState.OUTDATED} == await account.states()


async def test_an_older_snapshot_replaces_nothing(account: Account) -> None:
    """A project that was fetched before the newest render does not make the ledger forget that."""
    one = account.world.add_project(earlier_video=-500.0)
    async with account.client() as client:
        before = await client.projects.get(one)
        await client.projects.render_and_wait(one)
        await client.projects.share_link(one, ledger=account.ledger)
        await client.projects.download(before, account.videos, ledger=account.ledger, **VIDEO)
        account.edit(one)
        with pytest.raises(errors.OutdatedVideoError) as refused:
            await client.projects.share_link(one, fresh=True, ledger=account.ledger)
    assert refused.value.is_outdated is True


@pytest.mark.parametrize("account", [False, True], indirect=True, ids=["a render keeps the date", "it changes it"])
class TestAppeared:
    """With each reading of what a render does to the date of the last save."""

    async def test_a_video_that_appears_is_the_newest(self, account: Account) -> None:
        """What was seen unfinished, and then finished, is known to be of that version."""
        one = account.world.add_project(earlier_video=-500.0)
        async with account.client() as client:
            handle = await client.projects.render(one)
            await client.projects.wait(handle, fresh=True, ledger=account.ledger)
            assert await client.projects.share_link(one, fresh=True, ledger=account.ledger)
        account.edit(one)
        assert {one: SyncState.OUTDATED} == await account.states()

    async def test_the_handle_of_a_batch(self, account: Account) -> None:
        """The ledger knows which version a render of a batch was requested for."""
        one = account.world.add_project()
        async with account.client() as client:
            async with client.projects.render_all([one], ledger=account.ledger, wait=False) as batch:
                (result,) = [result async for result in batch]
            assert result.handle is not None
            await anyio.sleep(100.0)
            await client.projects.wait(result.handle, fresh=True, ledger=account.ledger)
        assert {one: SyncState.RENDERED} == await account.states()


async def test_a_wait_without_a_video(account: Account) -> None:
    """A wait that fails raises its own error, and remembers nothing."""
    one = account.world.add_project()
    async with account.client() as client:
        with pytest.raises(errors.RenderNotStartedError):
            await client.projects.wait(one, fresh=True, ledger=account.ledger)
        with pytest.raises(errors.NotFoundError):
            await client.projects.wait("nope", fresh=True, ledger=account.ledger)
        assert await client.projects.share_link(one, fresh=True, ledger=account.ledger) is None


class TestDownloads:
    async def plan(self, account: Account) -> str:
        async with account.client() as client:
            return str(await client.projects.sync(account.videos, ledger=account.ledger, render=[], **VIDEO).plan())

    async def test_sync_knows_what_was_downloaded(self, account: Account) -> None:
        """A file that a download wrote, or found there, is not downloaded by a sync."""
        one = account.world.add_project(earlier_video=-500.0)
        async with account.client() as client:
            await client.projects.download(one, account.videos, **VIDEO)
        assert "0 to render, 1 to download, 0 unchanged" == await self.plan(account)
        async with account.client() as client:
            await client.projects.download(one, account.videos, ledger=account.ledger, **VIDEO)  # is there
        assert "0 to render, 0 to download, 1 unchanged" == await self.plan(account)

    async def test_what_another_file_hides_is_not_entered(self, account: Account) -> None:
        """With ``skip``, a file of any origin stays, and counts as nobody's."""
        one = account.world.add_project(name="Film", earlier_video=-500.0)
        account.videos.mkdir()
        (account.videos / "Film.mp4").write_bytes(b"mine")
        async with account.client() as client:
            await client.projects.download(one, account.videos, on_conflict="skip", ledger=account.ledger, **VIDEO)
        assert "1 to download" in await self.plan(account)

    async def test_a_failed_file_is_not_there(self, account: Account) -> None:
        """What was downloaded is remembered, also if another file failed."""
        one = account.world.add_project(earlier_video=-500.0)
        account.simulator.faults = lambda request, _: Answer(403) if request.path.endswith(".srt") else None
        async with account.client() as client:
            with pytest.raises(errors.DownloadError):
                await client.projects.download(one, account.videos, kinds=["video", "srt"], ledger=account.ledger)
        assert "0 to download" in await self.plan(account)

    async def test_a_directory_that_cannot_be(self, account: Account) -> None:
        """A download that wrote nothing leaves nothing in the ledger."""
        one = account.world.add_project(earlier_video=-500.0)
        account.videos.write_text("a file")
        async with account.client() as client:
            with pytest.raises(errors.DownloadError):
                await client.projects.download(one, account.videos, ledger=account.ledger, **VIDEO)
        account.videos.unlink()
        assert "1 to download" in await self.plan(account)


@pytest.mark.parametrize("call", ["wait", "share_link"])
async def test_a_ledger_that_is_none(account: Account, call: str) -> None:
    """A path is not a ledger: a clear error before anything is sent."""
    async with account.client() as client:
        with pytest.raises(errors.PictoryConfigError, match="ledger must be a Ledger"):
            await getattr(client.projects, call)("1", ledger="videos.db")
    assert not account.world.log
