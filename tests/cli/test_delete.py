"""`pictory delete`: a project is deleted when its name is typed, and never by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli._command import Terminal, run, started

if TYPE_CHECKING:
    from pictory_async.testing import World

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

pytestmark = pytest.mark.usefixtures("server")


def deleted(world: World) -> bool:
    return any(entry.method == "DELETE" for entry in world.log)


@pytest.mark.parametrize("integer_id", [False, True])
def test_a_script_says_yes(world: World, integer_id: bool) -> None:
    """With --yes nobody is asked; the second time, there is no such project."""
    project_id = str(world.add_project(name="Spring sale", integer_id=integer_id))
    found = run("delete", project_id, "--yes")
    assert (0, "") == (found.exit_code, found.stdout)
    assert f"Deleted project {project_id}, 'Spring sale'." in found.stderr
    assert ["GET", "DELETE"] == [entry.method for entry in world.log]
    assert 0 != run("delete", project_id, "--yes").exit_code


def test_nobody_can_be_asked(world: World) -> None:
    """Without a terminal and without --yes, nothing is sent, and the exit code is that of a usage error."""
    found = run("delete", str(world.add_project()))
    assert (2, []) == (found.exit_code, world.log)
    assert "--yes" in found.stderr


@pytest.mark.parametrize(("typed", "code"), [("Spring sale\n", 0), ("spring sale\n", 1), ("\n", 1), ("\x04", 1)])
def test_its_name_is_typed(world: World, typed: str, code: int) -> None:
    """The question shows name and dates; only the name itself deletes the project."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    project_id = str(world.add_project(name="Spring sale", earlier_video=-500.0))
    with Terminal(columns=200) as terminal:
        ours = {"stdin": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("delete", project_id, **ours) as process:
            terminal.attached()
            shown = terminal.read_until("Type its name")
            terminal.write(typed)
            process.communicate()
            said = terminal.read_until()
    assert code == process.returncode
    assert (code == 0) is deleted(world)
    assert "saved 202" in shown
    assert "video of 202" in shown
    assert ("Deleted project" if code == 0 else "Nothing was deleted") in said


def test_a_signal_deletes_nothing(world: World) -> None:
    """Ctrl-C at the question ends the command, and nothing is deleted."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    project_id = str(world.add_project(name="Spring sale"))
    with Terminal(columns=200) as terminal:
        ours = {"stdin": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("delete", project_id, **ours) as process:
            terminal.attached()
            terminal.read_until("Type its name")
            process.send_signal(2)
            process.communicate()
            said = terminal.read_until()
    assert 130 == process.returncode
    assert not deleted(world)
    assert "Interrupted. Nothing was deleted." in said
