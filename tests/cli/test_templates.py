"""`pictory variables`, `structure`, `diff`, `check` and `backup`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import ABSENT, TemplateScene, World
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
from pictory_async.cli._places import names_of

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    """An account with two versions of a template; the first one cannot be used."""
    world = World(media_base="self")
    world.add_template(
        "Hi {{Name}}",
        TemplateScene(("Bye {{Who}}",), (("{{Name}} again",),)),
        template_id="T1",
        name="Greeting [v1]",
        variables={"Name": "you", "Unused": "x"},
    )
    world.add_template(
        "A new scene", "Hi {{Name}}!", template_id="T2", name="Greeting v2", variables={"Name": "you"}, voices=()
    )
    return world


def rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_variables_in_lines() -> None:
    """Each variable is a line with the template, its name, default, state and places."""
    found = run("variables", "T1", "T2", "nope")
    assert 1 == found.exit_code
    assert [
        ["T1", "Name", "you", "used", "scene 1, subtitle 1; scene 2, layer group 1, layer 1"],
        ["T1", "Unused", "x", "unused", ""],
        ["T1", "Who", "", "undeclared", "scene 2, subtitle 1"],
        ["T2", "Name", "you", "used", "scene 2, subtitle 1"],
    ] == rows(found.stdout)


def test_variables_as_json() -> None:
    """With --json, each template is a document with the keys of the API's page and more."""
    first, second = map(json.loads, run("variables", "T1", "T2", "--json").stdout.splitlines())
    assert ("T1", ["Who"], "T2") == (first["template_id"], first["undeclared"], second["template_id"])


def test_variables_on_a_terminal(world: World) -> None:
    """On a terminal, each template has a table with its name above; one without variables prints "none"."""
    world.add_template("Hi", template_id="T3")
    text = seen("variables", "T1", "T3")
    for words in ("Greeting [v1]  (T1)", "undeclared", "(T3)", "none"):
        assert words in text


def test_structure_in_lines(world: World) -> None:
    """The structure is lines of name and value, a line for each scene."""
    world.add_template("Hi", template_id="T3", music=False, overrides={"voiceOver": {"enabled": True}})
    world.add_template("Hi", template_id="T4", overrides={"backgroundMusic": {"enabled": True}})
    first, second, third, fourth = run("structure", "T1", "T2", "T3", "T4").stdout.split("\n\n")
    assert "music: yes, volume 0.1\nvoices: 3108 (100 %)\nvariables: Name, Unused\nscenes: 2\n" in first
    assert first.endswith("scene 2: 1 subtitles; layers: 1 text; Bye {{Who}} / {{Name}} again")
    assert "voices: none" in second
    assert "music: none\nvoices: yes" in third
    assert "music: yes\n" in fourth
    assert 2 == json.loads(run("structure", "T1", "--json").stdout)["total_scenes"]


def test_structure_on_a_terminal() -> None:
    """On a terminal, the scenes are a table."""
    assert "{{Name}} again" in seen("structure", "T1")


def test_diff_in_lines() -> None:
    """Each change is a line; a template has no differences from itself."""
    lines = run("diff", "T1", "T2").stdout.splitlines()
    assert 'name: "Greeting [v1]" → "Greeting v2"' in lines
    assert 'scene 1 added: "A new scene"' in lines
    found = run("diff", "T1", "T1")
    assert (0, "") == (found.exit_code, found.stdout)
    assert json.loads(run("diff", "T1", "T2", "--json").stdout)["scenes_added"]
    assert 1 == run("diff", "T1", "nope").exit_code


def test_diff_on_a_terminal(world: World) -> None:
    """On a terminal, signs and colours show what was added, removed, moved or changed."""
    world.add_template("b b b b", "c c c c", "a a a a", template_id="T4")
    world.add_template("a a a a", "b b b b", "c c c c", template_id="T5")
    text = seen("diff", "T1", "T2", columns=200)
    assert '\x1b[32m+ scene 1 added: "A new scene"' in text
    assert '\x1b[33m~ name: "Greeting [v1]" → "Greeting v2"' in text
    assert '\x1b[31m- variable "Unused" removed' in text
    assert "\x1b[36m↕ scene 3 moved, now scene 1" in seen("diff", "T4", "T5")
    assert "Nothing changed." in seen("diff", "T1", "T1")


def test_check_in_lines() -> None:
    """Each finding is a line; the exit code is 3 if one of them is an error."""
    found = run("check", "T1", "T2")
    assert (3, "") == (found.exit_code, found.stderr)
    assert [["T1", "error", "undeclared-variable", "scene 2, subtitle 1"], ["T1", "info", "unused-variable"]] == [
        row[: 4 if row[1] == "error" else 3] for row in rows(found.stdout)
    ]
    found = run("check", "T2")
    assert (0, "") == (found.exit_code, found.stdout)


def test_check_with_values(tmp_path: Path) -> None:
    """Values come from the command line and from a file; the command line takes precedence."""
    file = tmp_path / "values.json"
    file.write_text('{"Name": "Ada", "Nmae": 1}')
    codes = [row[2] for row in rows(run("check", "T2", "--values", str(file)).stdout)]
    assert ["unknown-value"] == codes
    found = run("check", "T2", "--values", "-", "--value", "Name=a=b", "--json", input="{}")
    assert (0, []) == (found.exit_code, json.loads(found.stdout)["findings"])
    found = run("check", "T2", "--values", "-", input="{}")
    assert (0, ["default-value"]) == (found.exit_code, [row[2] for row in rows(found.stdout)])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [(["--value", "x"], ""), (["--value", "=x"], ""), (["--values", "-"], "[1]"), (["--values", "-"], "{")],
)
def test_check_refuses_values(arguments: list[str], text: str) -> None:
    """An invalid value is wrong usage, and nothing is checked."""
    found = run("check", "T2", *arguments, input=text)
    assert (2, "") == (found.exit_code, found.stdout)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n"Name": "Ada",\n}', "<stdin>, line 3: this is not JSON ("),
        ("", "<stdin>, line 1: this is not JSON ("),
        ("[" * 200_000, "<stdin> does not contain a JSON object."),
    ],
)
def test_values_that_are_no_json(text: str, words: str) -> None:
    """Broken JSON is wrong usage, and the line is named."""
    found = run("check", "T2", "--values", "-", input=text)
    assert (2, "") == (found.exit_code, found.stdout)
    assert words.replace("<stdin>", "") in found.stderr


def test_check_on_a_terminal() -> None:
    """On a terminal, findings are printed below the name of their template."""
    text = seen("check", "T1", "T2", code=3, columns=300)
    for words in ("Greeting [v1]  (T1)", "✗ error", "{{Who}} is used", "✓ no problems"):
        assert words in text


def test_backup_and_verify(world: World, tmp_path: Path) -> None:
    """Each template gets its own directory, which can be checked later; if it is damaged, the exit code is 3."""
    other = names_of(["a:b"])["a:b"]
    world.add_template("Hi", template_id="a:b", overrides={"structure": ABSENT})
    found = run("backup", "T1", "a:b", "nope", "--dir", str(tmp_path))
    first, second = rows(found.stdout)
    assert 1 == found.exit_code
    assert ["T1", str(tmp_path / "T1"), "3"] == first[:3]
    assert ["a:b", str(tmp_path / other), "2"] == second[:3]
    assert ["", "structure.json"] == [first[4], second[4]]
    assert sum(path.stat().st_size for path in (tmp_path / "T1").iterdir() if path.name != "manifest.json") == int(
        first[3]
    )
    found = run("backup", "--verify", str(tmp_path))
    assert [["whole", str(tmp_path / name), ""] for name in ("T1", other)] == rows(found.stdout)
    (tmp_path / "T1" / "project.json").write_text("x")
    found = run("backup", "--verify", str(tmp_path / "T1"))
    ((state, path, problem),) = rows(found.stdout)
    assert (3, "damaged", str(tmp_path / "T1"), True) == (found.exit_code, state, path, bool(problem))
    assert False is json.loads(run("backup", "--verify", str(tmp_path / "T1"), "--json").stdout)["ok"]


def test_backup_on_a_terminal(world: World, tmp_path: Path) -> None:
    """On a terminal, a backup is a line for people, and so is each problem."""
    world.add_template("Hi", template_id="T9", overrides={"structure": ABSENT})
    text = seen("backup", "T9", "--dir", str(tmp_path), columns=300)
    assert "T9  2 files, " in text
    assert "; the template has no structure.json" in text
    (tmp_path / "T9" / "project.json").write_text("x")
    first, second = seen("backup", "--verify", str(tmp_path), code=3, columns=300).splitlines()
    assert (f"damaged  {tmp_path / 'T9'}", True) == (first, second.startswith("         "))


def test_backup_as_json(tmp_path: Path) -> None:
    """With --json, each backup is a document."""
    assert "T1" == json.loads(run("backup", "T1", "--dir", str(tmp_path), "--json").stdout)["templateId"]


def test_verify_what_is_no_backup(tmp_path: Path) -> None:
    """An empty directory is a damaged backup, a missing one is wrong usage, and so are ids beside --verify."""
    found = run("backup", "--verify", str(tmp_path))
    assert (3, True) == (found.exit_code, found.stdout.startswith(f"damaged\t{tmp_path}\t"))
    found = run("backup", "--verify", str(tmp_path), "--verify", str(tmp_path / "no"))
    wanted = f"Error: There is no directory {tmp_path / 'no'}. Name the directory of a backup.\n"
    assert (2, "", wanted) == (found.exit_code, found.stdout, found.stderr)
    assert 2 == run("backup", "T1", "--verify", str(tmp_path)).exit_code
    assert 2 == run("backup").exit_code
