"""Templates over time: `pictory backup --all`, `diff --backup` and `drift`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, World
from tests._templates import change, delete
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    world = World(media_base="self")
    for number in range(2):
        world.add_template("Hi {{Name}}", template_id=f"T{number}", name=f"No. {number}")
    return world


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A directory with a snapshot of the account."""
    assert 0 == run("backup", "--all", "--dir", str(tmp_path / "bk")).exit_code
    return str(tmp_path / "bk")


def test_backup_of_all(world: World, store: str) -> None:
    """Each run is a line, a sentence or a document: how many templates there are, and how much of it is new."""
    first = run("backup", "--all", "--dir", store).stdout.rstrip("\n").split("\t")
    assert [store, "2", "0", "0"] == [first[0], *first[2:]]
    assert "2 templates, nothing changed" in seen("backup", "--all", "--dir", store)
    change(world, "T0", name="New")
    text = seen("backup", "--all", "--dir", store, "--keep", "1")
    assert "2 templates, 3 new contents stored; 3 older snapshots removed" in " ".join(text.split())
    found = json.loads(run("backup", "--all", "--dir", store, "--json").stdout)
    assert (["T0", "T1"], 0) == ([one["templateId"] for one in found["templates"]], found["stored"])


@pytest.mark.parametrize(
    "arguments",
    [
        "backup T0 --keep 2",
        "backup T0 --all",
        "backup --all --verify .",
        "diff T0",
        "diff T0 T1 --backup .",
        "diff T0 T1 --at 2026-01-31T12:00:00Z",
        "drift",
        "drift --backup .",
        "diff T0 --backup .",
    ],
)
def test_wrong_usage(world: World, arguments: str) -> None:
    """Options that do not fit, and directories without snapshots, are wrong usage; no request is sent."""
    found = run(*arguments.split())
    assert (2, "", 0) == (found.exit_code, found.stdout, len(world.log))


def test_diff_with_a_snapshot(world: World, store: str) -> None:
    """A template is compared with the newest snapshot, or with an older one."""
    assert (0, "") == ((found := run("diff", "T0", "--backup", store)).exit_code, found.stdout)
    change(world, "T0", name="New")
    assert "New" in run("diff", "T0", "--backup", store).stdout
    moment = json.loads(run("backup", "--all", "--dir", store, "--json").stdout)["takenAt"]
    change(world, "T0", name="Newest")
    text = run("diff", "T0", "--backup", store, "--at", moment).stdout
    assert "Newest" in text
    assert "No. 0" not in text
    assert "has no template 'nope'" in run("diff", "nope", "--backup", store).stderr
    found = run("diff", "T0", "--backup", store, "--at", "2020-01-31T12:00:00Z")
    assert (2, True) == (found.exit_code, "newer than that" in found.stderr)


def test_nothing_changed(store: str) -> None:
    """If nothing changed, the exit code is 0."""
    found = run("drift", "--backup", store)
    assert (0, "") == (found.exit_code, found.stdout)
    assert found.stderr.startswith("No changes since ")


def test_unknown_templates(world: World, store: str) -> None:
    """An id that is neither in the snapshot nor in the account is an error; what changed of the others is printed."""
    found = run("drift", "T0", "nope", "--backup", store)
    assert (1, "") == (found.exit_code, found.stdout)
    assert found.stderr.startswith("Error: There is no template 'nope', neither in the account nor in the snapshot.")
    change(world, "T0", name="New")
    found = run("drift", "T0", "nope", "--backup", store, "--json")
    changed, unknown = map(json.loads, found.stdout.splitlines())
    assert (1, "changed", ["template_id", "error"]) == (found.exit_code, changed["change"], [*unknown])


def test_snapshots_are_verified(store: str, tmp_path: Path) -> None:
    """A directory of snapshots is whole, with the backups beside them, until a content is missing or changed."""
    assert 0 == run("backup", "T0", "--dir", store).exit_code
    found = run("backup", "--verify", store)
    assert (0, f"whole\t{store}\t\nwhole\t{tmp_path / 'bk' / 'T0'}\t\n") == (found.exit_code, found.stdout)
    assert f"whole    {store}" in seen("backup", "--verify", store, columns=300)
    first, second = sorted((tmp_path / "bk" / "objects").iterdir())[:2]
    first.write_text("x")
    second.unlink()
    found = run("backup", "--verify", store)
    assert 3 == found.exit_code
    assert sorted(line.split("\t")[2] for line in found.stdout.splitlines()) == sorted(
        ["", f"objects/{first.name} changed since the backup was made.", f"objects/{second.name} is missing."]
    )
    assert 0 == run("backup", "--all", "--dir", store).exit_code
    assert 0 == run("backup", "--verify", store).exit_code


def test_what_changed(world: World, store: str) -> None:
    """Templates that were added, removed or changed are listed, and the exit code is 6."""
    change(world, "T0", name="New")
    world.add_template("Hi", template_id="T2", name="Third")
    delete(world, "T1")
    found = run("drift", "--backup", store)
    lines = [line.split("\t") for line in found.stdout.splitlines()]
    assert 6 == found.exit_code
    assert [["T0", "changed", "New"], ["T1", "removed", "No. 1"], ["T2", "added", "Third"]] == [
        one[:3] for one in lines
    ]
    assert "New" in lines[0][3]
    found = run("drift", "T1", "--backup", store, "--json")
    assert (6, {"template_id": "T1", "name": "No. 1", "change": "removed", "changes": []}) == (
        found.exit_code,
        json.loads(found.stdout),
    )


def test_a_proxy_says_nothing_about_a_template(server: ServerThread, store: str) -> None:
    """What is not found, but not in the API's own form, is a failure, and not a template that was removed."""
    server.simulator.faults = lambda request, _: Answer(404) if request.path.endswith("/T1") else None
    for ids in ((), ("T1",)):
        found = run("drift", *ids, "--backup", store)
        assert (1, "") == (found.exit_code, found.stdout)
        assert "not in the API's form" in found.stderr
