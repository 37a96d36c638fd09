"""Projects and templates are changed and deleted: as a whole, and only as they were read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from pictory_async import Project, errors
from pictory_async.testing import Answer, Reset, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}
NO = b'{"message": "No"}'


def methods(simulator: Simulator) -> list[str]:
    return [entry.method for entry in simulator.log]


def on(method: str, fault: Fault) -> Any:
    """Let a fault hit all requests of one method."""

    def faults(request: SimRequest, _: float) -> Fault | None:
        return fault if request.method == method else None

    return faults


@pytest.fixture
def simulator() -> Simulator:
    """An account whose responses take 0.1 s."""
    return Simulator(World(media_base="self", media_seconds=60.0), latency=0.1)


def scenes_of(project: Project, text: str) -> Any:
    first, *others = project.scenes
    return [attrs.evolve(first, text=text), *others]


class TestProjects:
    """``client.projects.update`` and ``delete``."""

    @pytest.mark.parametrize("integer_id", [False, True])
    async def test_a_project_is_changed(self, simulator: Simulator, integer_id: bool) -> None:
        """The whole project is written as it was read, with the changes; what comes back shows them."""
        project_id = simulator.world.add_project(integer_id=integer_id, scenes=2, earlier_video=-500.0)
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            changed = attrs.evolve(before, name="Spring sale", scenes=scenes_of(before, "Hello."))
            after = await client.projects.update(changed)
            assert ["GET", "GET", "PUT", "GET"] == methods(simulator)
            assert [after.name] == [item.name async for item in client.projects.list()]
        assert ("Spring sale", "Hello.") == (after.name, after.scenes[0].text)
        assert before.scenes[1].to_dict() == after.scenes[1].to_dict()
        assert before.video_url == after.video_url
        assert before.to_dict().keys() <= after.to_dict().keys()

    async def test_nothing_is_written_without_a_change(self, simulator: Simulator) -> None:
        """A project that was not changed is only compared; signatures of addresses and dates are no change."""
        project_id = simulator.world.add_project(earlier_video=-500.0)
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            simulator.world.start_render(project_id, simulator.now(), duration=1e6, queue=0.0)
            after = await client.projects.update(attrs.evolve(before, step="RENDER", video_url=None))
        assert ["GET", "GET"] == methods(simulator)
        assert after.is_rendering

    @pytest.mark.parametrize("edit", ["name", "save"])
    async def test_what_was_changed_meanwhile_is_not_overwritten(self, simulator: Simulator, edit: str) -> None:
        """An edit since the project was read, or only a save, is a conflict; nothing is written."""
        world = simulator.world
        project_id = world.add_project(scenes=1)
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            if edit == "name":
                world.projects[0].overrides = {"projectName": "Theirs"}
            world.edit_project(project_id, simulator.now())
            with pytest.raises(errors.ProjectConflictError, match="Nothing was written") as caught:
                await client.projects.update(attrs.evolve(before, name="Mine"))
        assert ("$.projectName" in caught.value.places) is (edit == "name")
        assert "$.saveDate" in caught.value.places
        assert (project_id, ["GET", "GET"]) == (caught.value.project_id, methods(simulator))
        assert caught.value.project is not None

    async def test_what_is_not_kept_is_reported(self, simulator: Simulator) -> None:
        """If the project does not show the change afterwards, the error says where, and has the project."""
        project_id = simulator.world.add_project(scenes=1)
        simulator.faults = on("PUT", Answer(200, JSON, b'{"success": true, "message": "ok", "project": {}}'))
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            first, *_ = before.scenes
            many = [first] * 8
            with pytest.raises(errors.ProjectConflictError, match=r"\$\.projectName, \$\.scenes") as caught:
                await client.projects.update(attrs.evolve(before, name="Mine", scenes=many))
            assert ("$.projectName", "$.scenes") == caught.value.places
            changed = attrs.evolve(before, extra={**before.extra, **{f"field{n}": n for n in range(7)}})
            with pytest.raises(errors.ProjectConflictError, match="and 2 more"):
                await client.projects.update(changed)
            nested = scenes_of(before, "Hello.")
            with pytest.raises(errors.ProjectConflictError, match=r"\$\.scenes\[0\]\.text"):
                await client.projects.update(attrs.evolve(before, scenes=nested))

    @pytest.mark.parametrize("reaches_world", [True, False])
    async def test_a_lost_response_is_found_out(self, simulator: Simulator, reaches_world: bool) -> None:
        """The update is sent once; whether it arrived, the project shows."""
        project_id = simulator.world.add_project()
        simulator.faults = on("PUT", Reset(reaches_world=reaches_world))
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            changed = attrs.evolve(before, name="Mine")
            if reaches_world:
                assert (await client.projects.update(changed)).name == "Mine"
            else:
                with pytest.raises(errors.ConnectionFailedError):
                    await client.projects.update(changed)
        assert 1 == methods(simulator).count("PUT")

    @pytest.mark.parametrize("project", [Project(id="p", name="Mine"), "p", None])
    async def test_only_what_was_fetched_is_written(self, simulator: Simulator, project: Any) -> None:
        """A project that was made by hand would remove all that it does not have."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match=r"attrs\.evolve"):
                await client.projects.update(project)
        assert [] == simulator.log

    async def test_a_project_that_shrank_is_a_conflict(self, simulator: Simulator) -> None:
        """Scenes that are gone, or are no list any more, are changes too."""
        world = simulator.world
        project_id = world.add_project(scenes=2)
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            changed = attrs.evolve(before, scenes=scenes_of(before, "Hello."))
            gone: list[Any] = [[], None]
            for scenes in gone:
                world.projects[0].overrides, world.projects[0].cached = {"scenes": scenes}, None
                with pytest.raises(errors.ProjectConflictError, match=r"\$\.scenes"):
                    await client.projects.update(changed)

    async def test_a_project_is_deleted(self, simulator: Simulator) -> None:
        """The request is sent once; the second call finds nothing."""
        project_id = simulator.world.add_project()
        async with client_of(simulator) as client:
            await client.projects.delete(project_id)
            for call in (client.projects.delete, client.projects.get):
                with pytest.raises(errors.NotFoundError):
                    await call(project_id)
            simulator.faults = on("DELETE", Answer(503))
            with pytest.raises(errors.ServerError):
                await client.projects.delete(project_id)
            with pytest.raises(errors.PictoryConfigError, match="project id"):
                await client.projects.delete("")
        assert 3 == methods(simulator).count("DELETE")

    async def test_a_success_that_is_none(self, simulator: Simulator) -> None:
        """A response with status 200 that says that it failed is an error."""
        project_id = simulator.world.add_project()
        simulator.faults = on("DELETE", Answer(200, JSON, b'{"success": false, "message": "Not yours"}'))
        async with client_of(simulator) as client:
            with pytest.raises(errors.APIError):
                await client.projects.delete(project_id)


class TestTemplates:
    """``client.templates.create``, ``update`` and ``delete``."""

    FILE = json.dumps({"projectName": "From a file", "scenes": [{"text": "Hi {{Name}}"}]}).encode()

    async def test_a_template_is_made_from_a_file(self, simulator: Simulator, tmp_path: Path) -> None:
        """The bytes are sent as they are, once; what comes back is an entry of the list."""
        seen: list[SimRequest] = []

        def watch(request: SimRequest, _: float) -> None:
            seen.append(request)

        simulator.faults = watch
        async with client_of(simulator) as client:
            item = await client.templates.create(self.FILE)
            template = await client.templates.get(item.id)
            assert ("From a file", "Hi {{Name}}") == (item.name, template.scenes[0].subtitles[0].text)
            assert "audio" in item.extra
            simulator.faults = on("POST", Reset(reaches_world=True))
            with pytest.raises(errors.ConnectionFailedError):
                await client.templates.create(self.FILE)
            assert 2 == len([one async for one in client.templates.list()])
        assert (self.FILE, "application/octet-stream") == (seen[0].body, seen[0].headers["content-type"])
        assert 2 == methods(simulator).count("POST")

    @pytest.mark.parametrize("file", [b"", "missing.pictai", None, 5])
    async def test_a_file_that_cannot_be_sent(self, simulator: Simulator, file: Any) -> None:
        """What is empty, or cannot be read, is an error before anything is sent."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match="file"):
                await client.templates.create(file)
        assert [] == simulator.log

    async def test_a_file_that_the_api_refuses(self, simulator: Simulator) -> None:
        """The API says what is wrong."""
        async with client_of(simulator) as client:
            for content in (b"PK", b"[]"):
                with pytest.raises(errors.InvalidRequestError):
                    await client.templates.create(content)

    async def test_the_scenes_are_replaced(self, simulator: Simulator) -> None:
        """Scenes of a project are taken, as models or as JSON; the template that was cached is fetched anew."""
        world = simulator.world
        project_id, template_id = world.add_project(scenes=2), world.add_template("Old.")
        async with client_of(simulator, template_cache=1e6) as client:
            project = await client.projects.get(project_id)
            assert 1 == len((await client.templates.get(template_id)).scenes)
            await client.templates.update(template_id, scenes_of(project, "New {{Name}}."))
            texts = [scene.subtitles[0].text for scene in (await client.templates.get(template_id)).scenes]
            assert (2, "New {{Name}}.") == (len(texts), texts[0])
            simulator.faults = on("PUT", Answer(503))
            with pytest.raises(errors.ServerError):
                await client.templates.update(template_id, [{"text": "Newer."}])
            simulator.faults = None
            with pytest.raises(errors.NotFoundError):
                await client.templates.update("unknown", [{"text": "Newer."}])
        assert 1 < methods(simulator).count("PUT")

    async def test_the_scenes_of_a_template_are_refused(self, simulator: Simulator) -> None:
        """They are a digest: written back, they would not be the same template."""
        template_id = simulator.world.add_template("Old.")
        async with client_of(simulator) as client:
            template = await client.templates.get(template_id)
            simulator.log.clear()
            digests: list[Any] = [template.scenes, [template.scenes[0].to_dict()], [{"text": "x", "layers": []}]]
            for scenes in digests:
                with pytest.raises(errors.PictoryConfigError, match="digest"):
                    await client.templates.update(template_id, scenes)
            wrong: list[Any] = [[], None, "Hi", b"Hi", {"text": "Hi"}, [{}], ["Hi"]]
            for scenes in wrong:
                with pytest.raises(errors.PictoryConfigError, match=r"[Ss]cene"):
                    await client.templates.update(template_id, scenes)
            with pytest.raises(errors.PictoryConfigError, match="not all of it is JSON"):
                await client.templates.update(template_id, [{"text": float("nan")}])
        assert [] == simulator.log

    async def test_the_api_wants_scenes_of_a_project(self, simulator: Simulator) -> None:
        """What has no text is refused by the API."""
        template_id = simulator.world.add_template("Old.")
        async with client_of(simulator) as client:
            with pytest.raises(errors.InvalidRequestError):
                await client.templates.update(template_id, [{"image": "x"}])
            await client.templates.update(template_id, [{"text": "New."}])
        assert "New." == simulator.world.templates[0].scenes[0].subtitles[0]

    async def test_a_template_is_deleted(self, simulator: Simulator) -> None:
        """It is gone from the cache too, also if the response was lost."""
        world = simulator.world
        first, second = world.add_template("One."), world.add_template("Two.")
        async with client_of(simulator, template_cache=1e6) as client:
            for template_id in (first, second):
                await client.templates.get(template_id)
            await client.templates.delete(first)
            simulator.faults = on("DELETE", Reset(reaches_world=True))
            with pytest.raises(errors.ConnectionFailedError):
                await client.templates.delete(second)
            simulator.faults = None
            for template_id in (first, second):
                with pytest.raises(errors.NotFoundError):
                    await client.templates.get(template_id)
                with pytest.raises(errors.NotFoundError):
                    await client.templates.delete(template_id)

    async def test_a_project_that_goes_away(self, simulator: Simulator) -> None:
        """A project that is deleted between two requests is not found."""
        project_id = simulator.world.add_project()
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            simulator.world.delete_project(project_id, simulator.now() + 0.12)
            with pytest.raises(errors.NotFoundError):
                await client.projects.update(attrs.evolve(before, name="Mine"))
