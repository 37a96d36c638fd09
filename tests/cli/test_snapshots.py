"""`pictory project` and `pictory template`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import ABSENT, Render
from tests.cli._command import Terminal, run, started

if TYPE_CHECKING:
    from pictory_async.testing import World

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")


def test_project_is_readable(world: World) -> None:
    """A project is printed as lines of name and value."""
    project_id = world.add_project(name="Hello", earlier_video=-60.0, scenes=3)
    found = run("project", str(project_id))
    lines = dict(line.split(": ", 1) for line in found.stdout.splitlines())
    assert (0, "") == (found.exit_code, found.stderr)
    assert (str(project_id), "Hello", "rendered", "3") == tuple(lines[n] for n in ("id", "name", "state", "scenes"))
    assert lines["video"].startswith("http://127.0.0.1:")


def test_states_of_projects(world: World) -> None:
    """The state shows whether there is a video, whether it is being rendered, and whether it is outdated."""
    ids = [
        world.add_project(),
        world.add_project(Render(-10.0, duration=1e6)),
        world.add_project(earlier_video=-60.0, edits=[-30.0]),
    ]
    found = run("project", *map(str, ids))
    states = [line.partition(": ")[2] for line in found.stdout.splitlines() if line.startswith("state: ")]
    assert ["no video", "rendering", "rendered, and saved since"] == states


def test_project_as_json(world: World) -> None:
    """With --json, each project is printed as the API sent it, as a JSON document."""
    ids = [str(world.add_project(name="Hello")), str(world.add_project(integer_id=True, name="Grüße"))]
    found = run("project", *ids, "--json")
    assert ["Hello", "Grüße"] == [json.loads(line)["projectName"] for line in found.stdout.splitlines()]


def test_one_failure_does_not_hide_the_others(world: World) -> None:
    """What cannot be fetched is reported on standard error; the rest is printed, and the exit code is 1."""
    project_id = str(world.add_project())
    found = run("project", "nope", project_id, "--json")
    assert (1, 2) == (found.exit_code, len(found.stdout.splitlines()))
    assert found.stderr.startswith("Error: There is no project 'nope'")


def test_debug_shows_the_traceback(world: World) -> None:
    """With --debug, the traceback is printed before the sentence, and neither contains the key."""
    found = run("--debug", "project", "nope")
    assert 1 == found.exit_code
    assert "Traceback" in found.stderr
    assert found.stderr.splitlines()[-1].startswith("Error: There is no project 'nope'")
    assert world.api_key not in found.stderr


def test_odd_key_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key with an unusual form causes one line of warning; its rejection, one line of error."""
    monkeypatch.setenv("PICTORY_API_KEY", "odd")
    found = run("project", "x")
    assert 77 == found.exit_code
    assert ["Warning", "Error"] == [line.partition(":")[0] for line in found.stderr.splitlines()]


def test_template_is_readable(world: World) -> None:
    """A template is printed with its contents."""
    template_id = world.add_template("Hi {{Name}}", name="Greeting", variables={"Name": "you"}, voices=["a", "b"])
    found = run("template", template_id)
    lines = dict(line.split(": ", 1) for line in found.stdout.splitlines())
    names = ("name", "published", "deprecated", "placeholders", "variables", "voices")
    assert ("Greeting", "yes", "no", "Name", "Name=you", "a, b") == tuple(lines[name] for name in names)


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        ({"voiceOver": ABSENT}, None),
        ({"voiceOver": {"enabled": False}}, "none"),
        ({"voiceOver": {"enabled": True, "aiVoices": [{}]}}, "?"),
    ],
)
def test_voices_of_a_template(world: World, overrides: Any, says: str | None) -> None:
    """A template's voices are printed if it has any."""
    found = run("template", world.add_template("Hi", overrides=overrides))
    lines = dict(line.split(": ", 1) for line in found.stdout.splitlines())
    assert (0, says) == (found.exit_code, lines.get("voices"))


def test_template_as_json(world: World) -> None:
    """With --json, a template's body keeps the API's own keys."""
    found = run("template", world.add_template("Hi"), "--json")
    assert False is json.loads(found.stdout)["depricated"]


def test_project_on_a_terminal(world: World) -> None:
    """On a terminal, names and values are in columns, and a URL can be copied in one piece."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    project_id = str(world.add_project(name="Hello", earlier_video=-60.0))
    with Terminal() as terminal, started("project", project_id, stdout=terminal.theirs, env=terminal.environment):
        terminal.attached()
        text = terminal.read_until()
    assert "Hello" in text
    (url,) = (word for word in text.split() if word.startswith("http://") and word.endswith(".mp4"))
    assert len(url) > 100
