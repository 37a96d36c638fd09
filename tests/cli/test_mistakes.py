"""What is easily mistyped, or forgotten: the message says what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import World
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

ID = "20251222191648030d7df02f5b4054d4ca8831f1369459e25"


@pytest.fixture
def world() -> World:
    """An account with twelve videos, whose files can be downloaded."""
    world = World(media_base="self", media_sizes={"mp4": 10})
    for number in range(12):
        world.add_project(name=f"Film {number}", earlier_video=-60.0)
    return world


@pytest.fixture(autouse=True)
def _place(server: ServerThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.base_url
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PICTORY_RATE", "10000/s")
    (tmp_path / "afile").touch()
    (tmp_path / "my backups").mkdir()
    for name in ("ids.txt", "my ids.txt", "20251222191648"):
        (tmp_path / name).write_text("1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["download", "1", "--dir", "afile"], "'afile' is a file. Name a directory; it is made if it is missing."),
        (["sync", "afile"], "'afile' is a file. Name a directory; it is made if it is missing."),
        (["wait", "1", "--download", "afile"], "'afile' is a file. Name a directory; it is made if it is missing."),
        (["backup", "--verify", "afile"], "'afile' is a file. Name a directory."),
        (["drift", "--backup", "afile"], "'afile' is a file. Name a directory."),
        (["drift"], "Missing option '--backup': the directory of 'pictory backup --all', such as --backup bk."),
        (["drift", "T1", "my backups"], "such as --backup my backups."),
        (
            ["drift", "--backup", "my backups"],
            "There is no snapshot in my backups. Make one with: pictory backup --all --dir 'my backups'",
        ),
        (["diff", "--backup", "nobk", "T1"], "Make one with: pictory backup --all --dir nobk"),
        (["sync", ID, "--dry-run"], f"'{ID}' is an id, and sync takes a directory. Use 'pictory render' or 'pictory"),
        (["sync", "1762768083800"], "'1762768083800' is an id, and sync takes a directory."),
        (
            ["sync", "videos", "--render", "all"],
            "'all' is no state to render. Choose never, outdated, unknown, or none.",
        ),
        (["projects", "--state", "all"], "'all' is no state. Choose among: never, "),
        (["projects", "--profile", "acme"], "Make it, or set PICTORY_CONFIG_FILE."),
        (["projects", "--profile", "acme"], 'This is one: [profile.acme] api_key_file = "pictory.key"'),
        (["projects", "--profile", "A & B"], '[profile."A & B"]'),
        (["--max-wait", "5s", "wait", "1"], "--max-wait belongs after the command: pictory wait ... --max-wait ..."),
        (["--max-wait", "5s", "quota"], "No such option '--max-wait'."),
        (["--nothing"], "No such option '--nothing'. Did you mean '--notify'?"),
        (["wait", "ids.txt"], "'ids.txt' is a file: --ids-from ids.txt"),
        (["download", "1", "my ids.txt"], "'my ids.txt' is a file: --ids-from 'my ids.txt'"),
        (["job", "ids.txt"], "'ids.txt' is a file, not the id of a job."),
        (["projects", "-z"], "No such option '-z'."),
        (["sync", "videos", "--re"], "No such option '--re'. Did you mean '--rate', '--yes' or '--render'?"),
    ],
)
def test_what_to_do(world: World, arguments: list[str], says: str) -> None:
    """A usage error names the next step, and no request is sent."""
    found = run(*arguments, env={"PICTORY_CONFIG_FILE": ""})
    assert (2, 0) == (found.exit_code, len(world.log)), found.stderr
    assert says in " ".join(found.stderr.replace("│", " ").split())


def test_a_file_of_profiles_that_the_environment_names(tmp_path: Path) -> None:
    """If the variable is set, it is what may be wrong."""
    found = run("projects", "--profile", "acme", env={"PICTORY_CONFIG_FILE": str(tmp_path / "no.toml")})
    assert "Make it, or change PICTORY_CONFIG_FILE." in found.stderr


@pytest.mark.parametrize("mark", ["'", '"'])
def test_a_key_in_quotation_marks(world: World, mark: str) -> None:
    """As it stands in a file of variables: the marks are not part of it."""
    found = run("projects", env={"PICTORY_API_KEY": f"{mark}{world.api_key}{mark}"})
    assert (2, 0) == (found.exit_code, len(world.log))
    assert "The API key begins with a quotation mark. Remove it" in found.stderr
    assert world.api_key not in found.stderr


def test_a_directory_that_is_called_like_an_id(tmp_path: Path) -> None:
    """If it is there, it is meant."""
    (tmp_path / ID).mkdir()
    assert 0 == run("sync", ID, "--dry-run").exit_code


def test_a_file_that_is_called_like_an_id() -> None:
    """The id is meant."""
    assert "There is no project '20251222191648'" in run("project", "20251222191648").stderr


def test_names_of_a_sync() -> None:
    """A sync takes --name as all others do; a pattern that fits nothing is named."""
    assert "1 to download" in run("sync", "videos", "--name", "FILM 1", "--dry-run").stderr
    found = run("sync", "videos", "--select", "zzz")
    assert (0, "No project matches 'zzz'.\n") == (found.exit_code, found.stderr)


@pytest.mark.parametrize("since", ["7D", "2H", "30MIN", "1 W"])
def test_units_in_any_case(since: str) -> None:
    """Units are read as states and names are."""
    assert 0 == run("projects", "--saved-since", since).exit_code
    assert 0 == run("projects", "--rate", "100/MIN").exit_code
    assert 0 == run("runs", "--prune", "90D").exit_code


def test_many_files_in_the_current_directory() -> None:
    """The files of many projects go to a directory that was named, or there is a warning."""
    options = ["download", "--all", "--kind", "video"]
    found = run(*options)
    assert found.stderr.startswith("Warning: The files of 12 projects go to the current directory. --dir names another")
    assert "Warning" not in run(*options, "--dir", ".").stderr


def test_one_of_each(world: World) -> None:
    """One thing is no plural, and times have the form that they have in tables."""
    world.add_template("Hi", template_id="T1")
    text = seen("backup", "--all", "--dir", "bk", columns=200)
    assert " UTC  1 template, " in text
    path, time, *_ = run("backup", "--all", "--dir", "bk").stdout.split("\t")
    assert ("bk", 19) == (path, len(time))
    assert ["No changes since"] == [
        line[:16] for line in seen("drift", "--backup", "bk", columns=200).splitlines() if line.strip()
    ]
    world.add_template("Hi", template_id="T2")
    assert "1 change since " in run("drift", "--backup", "bk").stderr
