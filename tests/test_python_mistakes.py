"""What is easily mistaken in a program that uses the library: the message says how it is written."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import pickle
import re
import warnings
from typing import Any

import pytest

from pictory_async import AsyncPictory, Ledger, RenderOutcome, RenderStatus
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Job, Project, ProjectItem
from pictory_async.models.video import Video
from pictory_async.testing import Simulator, World


@pytest.fixture
def client() -> AsyncPictory:
    return AsyncPictory("pictai_a")


def test_with_without_async(client: Any, ledger: Ledger) -> None:
    """``with`` instead of ``async with`` says so: of the client, a watch, a batch and a sync."""
    projects = client.projects
    batch, sync = projects.render_all([1], ledger=ledger), projects.sync("d", ledger=ledger)
    named = {"AsyncPictory": client, "A watch": projects.watch([1]), "A batch": batch, "A sync": sync}
    for name, block in named.items():
        says = rf"^{name} .* write 'async with' instead of 'with'"
        with pytest.raises(PictoryConfigError, match=says), block:
            pytest.fail("the block was entered")


def test_for_without_async(client: Any, ledger: Ledger) -> None:
    """``for`` instead of ``async for`` says so, and so does ``list()`` of a list of the API."""
    projects, templates = client.projects, client.templates
    for name, items in (
        ("a list", projects.list()),
        ("a list", templates.list(details=True)),
        ("a watch", projects.watch([1])),
        ("a batch", projects.render_all([1], ledger=ledger)),
        ("a sync", projects.sync("d", ledger=ledger)),
    ):
        with pytest.raises(PictoryConfigError, match=f"The items of {name} .* write 'async for' instead of 'for'"):
            list(items)


def refused(call: Any) -> str:
    """Run a call that must be refused, and return what it says."""
    with pytest.raises(PictoryConfigError) as caught:
        call.send(None)
    return str(caught.value)


def test_what_is_no_id(client: Any) -> None:
    """A project, an entry of a list or a list in the place of an id: what to pass instead."""
    project, projects = Project(id="p"), client.projects
    for call in (projects.wait(project), projects.wait_all([project])):
        said = refused(call)
        assert "pass project.id" in said
        assert "after=project" in said
    assert "pass the list to wait_all or watch" in refused(projects.wait(["p"]))
    assert "Pass its attribute id, such as project.id." in refused(projects.get(ProjectItem(id="p")))
    assert "call it for each one" in refused(projects.get(["p"]))
    assert "call it" not in refused(projects.get(b"p"))
    assert "Write 'await' before the call" in refused(projects.get(projects.get("p")))
    assert "[item async for item in ...]" in refused(projects.wait_all(projects.list()))


def test_arguments_that_do_not_exist(client: Any) -> None:
    """What is meant by one is said where it is known; of any other one, Python says that it does not exist."""
    projects = client.projects
    for call in (projects.wait("p", timeout=3), client.jobs.wait("j", timeout=3), projects.wait_all([], timeout=3)):
        assert re.match(r"wait(_all)?\(\) has no argument 'timeout'\. max_wait= bounds the whole wait", refused(call))
    with pytest.raises(PictoryConfigError, match=r"watch\(\) has no argument 'poll_interval'.* interval="):
        projects.watch([], poll_interval=3)
    maker: Any = AsyncPictory
    with pytest.raises(PictoryConfigError, match=r"AsyncPictory\(\) has no argument 'rate'.*limiter=RateLimiter"):
        maker("pictai_a", rate=5)
    for wrong in (maker, projects.watch):
        with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
            wrong(nothing=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nothing'"):
        client.videos.wait("j", nothing=1).send(None)


def test_a_subclass_may_have_such_an_argument() -> None:
    """What a program's own class takes, by its name or among others, is no mistake."""

    class Mine(AsyncPictory):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.mine = options.pop("token", None)
            super().__init__(*arguments, **options)

    assert 5 == Mine("pictai_a", token=5).mine


def test_every_wait_knows_what_is_meant(client: Any) -> None:
    """Each call of the client with ``max_wait`` says so about ``timeout``."""
    groups = [getattr(client, name) for name in dir(client) if not name.startswith("_")]
    waits = {
        f"{type(group).__name__}.{name}": method
        for group in groups
        for name, method in inspect.getmembers(group, inspect.ismethod)
        if not name.startswith("_") and "max_wait" in inspect.signature(method).parameters
    }
    assert {"Transcripts.wait", "AiImages.wait", "AiVideos.wait", "Projects.render_and_wait"} < waits.keys()
    for method in waits.values():
        says = rf"{method.__name__}\(\) has no argument 'timeout'\. max_wait= bounds the whole wait"
        with pytest.raises(PictoryConfigError, match=says):
            send(method(timeout=3))


def send(call: Any) -> None:
    """Begin a call, if it was not refused before."""
    call.send(None)


def test_a_list_that_is_awaited(client: Any) -> None:
    """`await` of what is iterated over says how that is written."""
    assert "write 'async for item in ...' instead of 'await', or '[item async for" in refused(waited(client))


async def waited(client: Any) -> None:
    await client.projects.list()


def test_spellings_of_the_api() -> None:
    """A field in the API's spelling names the attribute; an unknown one that was sent names its place."""
    project: Any = Project(id="p", extra={"newField": 1})
    for spelling, attribute in {"videoURL": "video_url", "videoUrl": "video_url", "projectName": "name"}.items():
        with pytest.raises(AttributeError, match=f"{spelling}.*It is called '{attribute}' here"):
            getattr(project, spelling)
    with pytest.raises(AttributeError, match=re.escape("extra['newField'] has it")):
        assert project.newField
    with pytest.raises(AttributeError, match=r"^'Project' object has no attribute 'is_renderd'$") as caught:
        assert project.is_renderd
    for name, says in {"url": "share_video_url", "title": "'name' here", "status": "is_rendered, is_rendering"}.items():
        with pytest.raises(AttributeError, match=says):
            getattr(project, name)
    assert ("is_renderd", project) == (caught.value.name, caught.value.obj)  # Python finds what is meant by them
    assert not hasattr(project, "_repr_svg_")
    assert project == copy.deepcopy(project) == pickle.loads(pickle.dumps(project))


def test_what_the_project_of_an_outcome_has() -> None:
    """An outcome says how it is written; what nothing has is Python's own message."""
    outcome: Any = RenderOutcome(project_id="p", status=RenderStatus.RENDERED, project=Project(id="p"))
    for name, meant in {"video_url": "video_url", "share_url": "share_video_url", "duration": "duration"}.items():
        with pytest.raises(
            AttributeError, match=rf"no attribute '{name}'\. The project has it: outcome\.project\.{meant}$"
        ):
            getattr(outcome, name)
    made: Any = RenderOutcome(project_id=None, status=RenderStatus.RENDERED, video=Video(job=Job(id="j"), name=""))
    with pytest.raises(AttributeError, match=r"The video has it: outcome\.video\.url$"):
        assert made.video_url
    unseen: Any = RenderOutcome(project_id="p", status=RenderStatus.TIMED_OUT)
    with pytest.raises(
        AttributeError, match=r"outcome\.project\.video_url, but none was seen: outcome\.error says why$"
    ):
        assert unseen.video_url
    with pytest.raises(AttributeError, match=r"^'RenderOutcome' object has no attribute 'waitd'$") as caught:
        assert outcome.waitd
    assert ("waitd", outcome) == (caught.value.name, caught.value.obj)
    assert not hasattr(outcome, "_repr_svg_")
    assert outcome == copy.deepcopy(outcome) == pickle.loads(pickle.dumps(outcome))


def test_calls_that_the_client_does_not_have(simulator: Simulator) -> None:
    """They are those of its projects, or have another name; what nothing has is Python's own message."""
    client: Any = simulator.client()
    for name, says in {"close": "await client.aclose()", "render": "client.projects.render(id)"}.items():
        with pytest.raises(AttributeError, match=re.escape(says)):
            getattr(client, name)
    with pytest.raises(AttributeError, match=r"^'AsyncPictory' object has no attribute 'rendr'$") as caught:
        assert client.rendr
    assert ("rendr", client) == (caught.value.name, caught.value.obj)


def test_a_client_that_is_never_closed(simulator: Simulator) -> None:
    """It warns when it is gone and left connections open, and says how to close it."""

    def leave(*, close: bool = False) -> None:
        asyncio.run(use(close=close))
        gc.collect()

    async def use(*, close: bool) -> None:
        client = AsyncPictory(World().api_key, base_url=server.base_url, http="httpx")
        await client.projects.get("p")
        if close:
            await client.aclose()

    server_of = pytest.importorskip(
        "pictory_async.testing.server", reason="needs the extra 'simulator'", exc_type=ImportError
    )
    simulator.world.add_project(project_id="p")
    with server_of.ServerThread(simulator) as server:
        for close, says in ((False, ["An AsyncPictory was never closed"]), (True, [])):
            with warnings.catch_warnings(record=True) as caught:  # Python may warn about its sockets too
                warnings.simplefilter("always")
                leave(close=close)
            texts = [str(one.message) for one in caught if one.category is ResourceWarning]
            assert says == [text[:32] for text in texts if "AsyncPictory" in text]
            assert close or any("aclose" in text for text in texts)
