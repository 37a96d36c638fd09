"""The commands say what could not be read, and never that it is absent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    return World(media_base="self", media_sizes={"mp4": 9, "mp3": 9, "srt": 9, "vtt": 9, "txt": 9, "jpg": 9})


def template(world: World, **overrides: Any) -> None:
    world.add_template("{{A}}", template_id="T", name="N", variables={"A": "a"}, overrides=overrides)


def project(world: World, **overrides: Any) -> str:
    return str(world.add_project(Render(-100.0, duration=10.0), name="Film", overrides=overrides))


def facts(*arguments: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in run(*arguments).stdout.splitlines())


def test_variables_without_declarations(world: World) -> None:
    """A used variable is not called undeclared, and standard error says why."""
    template(world, variables=[1])
    found = run("variables", "T")
    assert "T\tA\tcould not be read\tused\tscene 1, subtitle 1\n" == found.stdout
    assert "Template 'T': variables could not be read.\n" == found.stderr
    assert None is json.loads(run("variables", "T", "--json").stdout)["undeclared"]
    assert "variables could not be read" in seen("variables", "T")


def test_variables_without_a_scene(world: World) -> None:
    """A variable that no readable text uses is not called unused."""
    template(world, scenes=[None])
    assert "T\tA\ta\tunknown\t\n" == run("variables", "T").stdout


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"backgroundMusic": {"enabled": "loud"}}, {"music": "could not be read"}),
        ({"backgroundMusic": {"enabled": True, "volume": "x"}}, {"music": "yes, volume could not be read"}),
        ({"backgroundMusic": {"enabled": True, "volume": 0.5}}, {"music": "yes, volume 0.5"}),
        ({"backgroundMusic": {"enabled": True}}, {"music": "yes"}),
        ({"backgroundMusic": {"enabled": False}}, {"music": "none"}),
        ({"voiceOver": "robot"}, {"voices": "could not be read", "could not be read": "voiceOver"}),
        ({"voiceOver": {"enabled": True, "aiVoices": "x"}}, {"voices": "could not be read"}),
        ({"voiceOver": {"enabled": True}}, {"voices": "yes"}),
        ({"voiceOver": None}, {"voices": "none"}),
        (
            {"voiceOver": {"enabled": True, "aiVoices": [None, {"speaker": "1", "speed": "x"}, {"speaker": "2"}]}},
            {"voices": "1 (speed could not be read), 2, 1 could not be read"},
        ),
        ({"scenes": "x"}, {"scenes": "could not be read"}),
        ({"scenes": [None, {}]}, {"scenes": "1, and 1 could not be read"}),
        ({"name": 5, "variables": [1]}, {"name": "could not be read", "variables": "could not be read"}),
    ],
)
def test_structure(world: World, overrides: dict[str, Any], expected: dict[str, str]) -> None:
    """Each fact says it, and the last one has all the places."""
    template(world, **overrides)
    assert expected.items() <= facts("structure", "T").items()


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"scenes": "x"}, {"scenes": "could not be read", "placeholders": "could not be read"}),
        ({"scenes": [None, {"subtitles": [{"text": "{{B}}"}]}]}, {"placeholders": "B; some could not be read"}),
        ({"variables": [1], "published": "x"}, {"variables": "could not be read", "published": "could not be read"}),
        ({"backgroundMusic": 5, "voiceOver": 5}, {"music": "could not be read", "voices": "could not be read"}),
        ({"voiceOver": {"enabled": False}}, {"voices": "none"}),
        ({"voiceOver": {"enabled": True, "aiVoices": [None]}}, {"voices": "1 could not be read"}),
    ],
)
def test_template(world: World, overrides: dict[str, Any], expected: dict[str, str]) -> None:
    """The same in the details of a template."""
    template(world, **overrides)
    assert expected.items() <= facts("template", "T").items()


def test_list_with_details(world: World) -> None:
    """The same in the list: a template that may be deprecated is not called published."""
    template(world, scenes="x", variables=[1], depricated="x")
    unread = "could not be read"
    assert ["unknown", "v3", unread, unread] == run("templates", "--details").stdout.rstrip("\n").split("\t")[3:]


def test_project(world: World) -> None:
    """Neither the number of scenes, nor the state, nor a file hides what could not be read."""
    one = project(world, scenes=[None, {}], saveDate="yesterday", audioURL=[], projectName=5, videoDuration="x")
    assert {
        "scenes": "1, and 1 could not be read",
        "state": "rendered; whether it was changed since could not be read",
        "saved": "could not be read",
        "audio": "could not be read",
        "name": "could not be read",
        "duration": "could not be read",
    }.items() <= facts("project", one).items()


def test_share(world: World) -> None:
    """No render is advised, which would cost money, because of an address that could not be read."""
    one = project(world, shareVideoURL={})
    found = run("share", one)
    assert 1 == found.exit_code
    assert f"Error: The address of the page of project '{one}' could not be read.\n" == found.stderr


def test_download(world: World, tmp_path: Path) -> None:
    """A file whose address could not be read is a failed file; the others are downloaded."""
    one = project(world, audioURL=["x"], srtFile=5)
    found = run("download", one, "--dir", str(tmp_path))
    states = {line.split("\t")[2]: line.split("\t")[0] for line in found.stdout.splitlines()}
    assert {"video": "written", "audio": "failed", "srt": "failed", "vtt": "written", "txt": "written"} == states
    assert 1 == found.exit_code
    assert f"The address of the audio of project '{one}' could not be read" in found.stdout


def test_backup(world: World, tmp_path: Path) -> None:
    """A backup that lacks a file whose address could not be read is not taken for a whole one."""
    template(world, project=5)
    found = run("backup", "T", "--dir", str(tmp_path))
    assert 1 == found.exit_code
    assert "The address of the project file of template 'T' could not be read" in found.stderr
    assert [] == list(tmp_path.rglob("manifest.json"))


def test_report(world: World) -> None:
    """The text of a report names the places as words."""
    one = project(world, saveDate="yesterday", scenes=[None])
    assert "saveDate, scenes[0]" == facts("report", one)["unreadable"]


def test_check(world: World) -> None:
    """A value for a variable that may be used where a scene could not be read is no error."""
    template(world, scenes=[None])
    found = run("check", "T", "--value", "A=1", "--value", "B=1")
    assert 0 == found.exit_code
    assert "T\twarning\tunknown-value\tvalue B\t" in found.stdout


def structure(world: World, **overrides: Any) -> dict[str, Any]:
    template(world, **overrides)
    found: dict[str, Any] = json.loads(run("structure", "T", "--json").stdout)
    return found


def test_numbers_of_a_structure(world: World) -> None:
    """A list that could not be read is not counted as empty, and the JSON says which one it is."""
    found = structure(world, scenes="x", variables=[1], voiceOver="robot")
    assert {"total_scenes": None, "scene_details": None, "variables": None, "voices": None}.items() <= found.items()
    assert {"scenes", "variables", "voiceOver"} == set(found["unreadable"])


def test_numbers_of_a_scene(world: World) -> None:
    """The same for the lists of a scene; what could be read of a list is counted."""
    scenes = [{"subtitles": 5, "layers": [[{"type": "text"}]]}, {"subtitles": [None, {}], "layers": "x"}, {}]
    first, second, third = structure(world, scenes=scenes)["scene_details"]
    assert (None, None, 1, ["subtitles"]) == tuple(
        first[key] for key in ("subtitle_count", "subtitles", "layer_count", "unreadable")
    )
    assert (1, None, None, None, ["layers"]) == tuple(
        second[key] for key in ("subtitle_count", "layer_count", "layers_by_type", "layer_texts", "unreadable")
    )
    assert (0, 0) == (third["subtitle_count"], third["layer_count"])
    assert "unreadable" not in third
    assert "could not be read subtitles; layers: 1 text; " == facts("structure", "T")["scene 1"]
    assert "1 subtitles; layers: could not be read; " == facts("structure", "T")["scene 2"]
