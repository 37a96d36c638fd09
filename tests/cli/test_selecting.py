"""Choosing projects: files, tables, addresses, states, names and dates, the same for every command."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import run

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

import click

from pictory_async.cli._addresses import find_id
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._input import collect_ids
from pictory_async.cli._quantities import to_since

NEW = "20251222191648030d7df02f5b4054d4ca8831f1369459e25"
OTHER = "20251222191648030d7df02f5b4054d4ca8831f1369459e26"
OLD = "1762768083800"
SHARE = "202512222223581518MQ0e1s90cquQkN"
TEMPLATE = "202507141030549677ylq8k8gu44vy1y"
JOB = "265a7c1a-4985-4058-9208-68114f131a2b"
COMMANDS = ["wait", "render", "download", "share", "report", "compare", "project"]


@pytest.mark.parametrize(
    ("expected", "text", "noun"),
    [
        (NEW, f"https://app.pictory.ai/story/{NEW}", "project"),
        (NEW, f"https://app.pictory.ai/storyboard/{NEW}/edit?tab=audio#top", "project"),
        (NEW, f"app.pictory.ai/#/storyboard?projectId={NEW}", "project"),
        (NEW, f"https://app.pictory.ai/textinput?x=1&id={NEW}", "project"),
        (OLD, f"https://app.pictory.ai/story/{OLD}", "project"),
        (NEW, f"https://app.pictory.ai/{OLD}/projects/{NEW}", "project"),
        (NEW, f"https://app.pictory.ai/projects/{NEW}/scenes/{OTHER}", "project"),
        (NEW, f"https://video.pictory.ai/{NEW}/{SHARE}", "project"),
        (OLD, f"HTTPS://VIDEO.PICTORY.AI/{OLD}/{SHARE}/", "project"),
        (NEW, f"https://api.pictory.ai/pictoryapis/v2/projects/{NEW}", "project"),
        (TEMPLATE, f"https://app.pictory.ai/templates/{TEMPLATE}", "template"),
        (NEW, f"https://app.pictory.ai/template?id={NEW}", "template"),
        (JOB, f"https://video.pictory.ai/v2/preview/{JOB}?mode=player", "job"),
        (None, f"https://video.pictory.ai/v2/preview/{JOB}?mode=player", "project"),
        (None, f"https://video.pictory.ai/{NEW}/{SHARE}", "template"),
        (None, f"https://app.pictory.ai/templates/{NEW}", "project"),
        (None, f"https://app.pictory.ai/projects/{NEW}", "template"),
        (None, "https://app.pictory.ai/dashboard", "project"),
        (None, f"https://app.pictory.ai/{NEW}/{OTHER}", "project"),
        (None, f"https://example.com/{NEW}", "project"),
        (None, f"https://[app.pictory.ai/{NEW}", "project"),
    ],
)
def test_addresses(expected: str | None, text: str, noun: str) -> None:
    """The id of a page's address is found wherever it stands; an address of something else has none."""
    assert expected == find_id(text, noun)
    if expected is None:
        with pytest.raises(click.UsageError, match=f"is not the address of one {noun}"):
            collect_ids([text], noun=noun)
        with pytest.raises(SettingError, match=r"line 2: .* Copy the id alone"):
            collect_ids([], io.BytesIO(f"\n{text}\n".encode()), noun)
    else:
        assert [expected] == collect_ids([text, expected], io.BytesIO(text.encode()), noun)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (["a", "b"], "id,name\na,Film\nb,Other\n"),
        (["a"], '\ufeff# made today\n\nName;Project ID\n"Film; ""x""";a\n;\n#,c\n'),
        (["a", "b"], 'name\tid\r\n"two\nlines"\ta\r\nOther\tb\r\n'),
        (["a"], "ID\na\n"),
        (["a"], "project,link\na,http://x\n"),
        (["b"], "project,id\na,b\n"),
        ([NEW], f"id,name\nhttps://app.pictory.ai/story/{NEW},Film\n"),
        ([], "id,name\n"),
    ],
)
def test_tables_of_ids(expected: list[str], text: str) -> None:
    """A table has its ids in a column that says so; the first lines can be comments."""
    assert expected == collect_ids([], io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        ("line 3: there is no id.", "name,id\nFilm,a\nOther\n"),
        ("line 3: '1.7E+12' is not an id: a spreadsheet changed it.", "id,name\na,Film\n1.7E+12,Other\n"),
        ("line 2: this is not a table in CSV", 'id,name\n"a,Film\n'),
    ],
)
def test_broken_tables(problem: str, text: str) -> None:
    """What is wrong in a table is named with its line."""
    with pytest.raises(SettingError) as refused:
        collect_ids([], io.BytesIO(text.encode()))
    assert problem in refused.value.message


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (timedelta(days=7), "7d"),
        (timedelta(weeks=4), "4w"),
        (timedelta(hours=12), "12 h"),
        (timedelta(minutes=5), "5min"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31"),
        (datetime(2026, 1, 31, 11, tzinfo=UTC), "2026-01-31T12:00:00+01:00"),
    ],
)
def test_since(expected: timedelta | datetime, text: str) -> None:
    """A time is how long ago, or a date in UTC."""
    found = to_since(text)
    if isinstance(expected, timedelta):
        assert expected <= datetime.now(UTC) - found < expected + timedelta(minutes=1)
    else:
        assert expected == found


@pytest.mark.parametrize("text", ["soon", "7", "7y", "999999d"])
def test_no_since(text: str) -> None:
    """Anything else is refused with the forms that there are."""
    with pytest.raises(click.BadParameter, match="is neither a duration such as 12h, 7d or 4w nor a date"):
        to_since(text)


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_chosen(name: str) -> None:
    """Without ids and options, the usage error names the options; --all and ids contradict each other."""
    found = run(name, env={"PICTORY_API_KEY": "pictai_x"})
    assert 2 == found.exit_code
    assert "--state, --name or --saved-since" in " ".join(found.stderr.replace("│", " ").split())
    if name != "compare":
        assert 2 == run(name, "1", "--all", env={"PICTORY_API_KEY": "pictai_x"}).exit_code
    assert 2 == run(name, "--state", "new", env={"PICTORY_API_KEY": "pictai_x"}).exit_code


@pytest.fixture
def ids(world: World) -> dict[str, str]:
    """Projects, by their states."""
    never, rendered = world.add_project(name="ACME never"), world.add_project(name="ACME done", earlier_video=-500.0)
    rendering = world.add_project(Render(-1.0, duration=1e6), name="Busy")
    unknown = world.add_project(name="Unknown", earlier_video=-500.0)
    world.edit_project(unknown, -100.0)
    named = {"never": never, "rendered": rendered, "rendering": rendering, "unknown": unknown}
    return {state: str(one) for state, one in named.items()}


@pytest.mark.usefixtures("server")
class TestSelections:
    def test_projects_in_states(self, world: World, ids: dict[str, str]) -> None:
        """The list is restricted, with a column for the state if that was asked for."""
        found = run("projects", "--state", "never,rendered", "--state", "unknown")
        states = {row.split("\t")[0]: row.split("\t")[5] for row in found.stdout.splitlines()}
        assert {ids[state]: state for state in ("never", "rendered", "unknown")} == states
        world.log.clear()
        (line,) = run("projects", "--state", "rendered", "--json").stdout.splitlines()
        assert ("rendered", "ACME done") == (json.loads(line)["state"], json.loads(line)["name"])
        assert 2 == len(world.log)  # the list, and the project that is being rendered
        (row,) = csv.DictReader(io.StringIO(run("projects", "--state", "unknown", "--format", "csv").stdout))
        assert "unknown" == row["state"]
        assert "" == run("projects", "--state", "outdated").stdout

    def test_reports_have_the_same_states(self, world: World, ids: dict[str, str]) -> None:
        """A report calls a state what the list of projects calls it, also by what this machine remembers."""
        outdated = str(world.add_project(name="Old", earlier_video=-500.0))
        assert f"{outdated}\trendered" in run("report", outdated, "--columns", "project,state").stdout
        world.edit_project(outdated, -50.0)
        states = {**{one: state for state, one in ids.items()}, outdated: "outdated"}
        for command, key in (("projects", "id"), ("report", "project")):
            found = run(command, "--state", ",".join({*states.values()}), "--columns", f"{key},state")
            assert states == dict(line.split("\t") for line in found.stdout.splitlines())
        assert f"{outdated}\toutdated\n" == run("report", outdated, "--columns", "project,state").stdout

    def test_projects_by_name_and_date(self, world: World, ids: dict[str, str]) -> None:
        """Without states, nothing is fetched but the list, and there is no column for them."""
        world.log.clear()
        rows = [line.split("\t") for line in run("projects", "--name", "acme*").stdout.splitlines()]
        assert [(ids["never"], 5), (ids["rendered"], 5)] == [(row[0], len(row)) for row in rows]
        since = world.date(-200.0).isoformat()
        assert ids["unknown"] in run("projects", "--saved-since", since).stdout
        assert "" == run("projects", "--saved-since", "2099-01-01").stdout
        assert 3 == len(world.log)

    @pytest.mark.parametrize("arguments", [["--state", "rendered"], ["--name", "* DONE"]])
    def test_each_command(self, ids: dict[str, str], tmp_path: Path, arguments: list[str]) -> None:
        """Every command works on what is chosen."""
        more: dict[str, list[str]] = {"download": ["--dir", str(tmp_path / "d"), "--kind", "share"]}
        for name in ("wait", "download", "share", "report", "project"):
            found = run(name, *arguments, *more.get(name, []))
            assert (0, True) == (found.exit_code, ids["rendered"] in found.stdout), (name, found.stderr)
        assert "ACME done\tUnknown" in run("compare", "--state", "rendered,unknown").stdout
        assert 2 == run("compare", "--state", "rendered").exit_code
        assert ids["rendered"] in run("render", *arguments, "--force").stdout

    def test_all(self, ids: dict[str, str]) -> None:
        """--all means every project of the account."""
        text = run("project", "--all").stdout
        assert all(one in text for one in ids.values())

    def test_ids_are_restricted(self, ids: dict[str, str]) -> None:
        """Ids with a selection are those of them that fit, in their order; one that is not in the list is named."""
        given = [ids["unknown"], "nope", ids["rendered"], ids["never"]]
        found = run("share", *given, "--state", "unknown,rendered")
        assert [ids["unknown"], ids["rendered"]] == [line.split("\t")[0] for line in found.stdout.splitlines()]
        assert "Not in the list of projects, and left out: nope" in found.stderr
        given.remove("nope")
        found = run("project", *given, "--name", "acme n*", "--json")
        assert "" == found.stderr
        assert [ids["never"]] == [json.loads(line)["project_id"] for line in found.stdout.splitlines()]

    def test_many_that_are_not_in_the_list(self, ids: dict[str, str]) -> None:
        """Of many ids that are not in the list, ten are named."""
        found = run("project", ids["never"], *[f"no-{number}" for number in range(12)], "--name", "*")
        assert "no-9 and 2 more" in found.stderr

    @pytest.mark.parametrize("name", COMMANDS)
    def test_nothing_to_do(self, world: World, name: str) -> None:
        """Nothing that fits is no error, and so is an empty file."""
        found = run(name, "--name", "nobody*")
        assert (0, "", "Nothing to do: no project is selected.\n") == (found.exit_code, found.stdout, found.stderr)
        world.log.clear()
        found = run(name, "--ids-from", "-", input="# none\n")
        assert (0, "", True) == (found.exit_code, found.stdout, found.stderr.startswith("Nothing to do: there are no"))
        assert not world.log

    def test_a_selection_of_one(self, ids: dict[str, str]) -> None:
        """The lines of 'share' have the same form whatever number of projects is chosen."""
        assert run("share", "--state", "rendered").stdout.startswith(f"{ids['rendered']}\t")
        assert run("share", ids["rendered"]).stdout.startswith("http")

    def test_templates_by_name(self, world: World) -> None:
        """Templates are chosen by name too, and by the addresses of their pages."""
        one = str(world.add_template("Hi {{Name}}", variables={"Name": "you"}, name="ACME intro"))
        other = str(world.add_template("Hi {{Name}}", variables={"Name": "you"}, name="Other"))
        for arguments in (["templates"], ["templates", "--details"], ["variables"]):
            text = run(*arguments, "--name", "acme*").stdout
            assert (True, False) == (one in text, other in text)
        address = f"https://app.pictory.ai/templates/{one}"
        for arguments in (["template", address], ["structure", address], ["check", address], ["diff", address, other]):
            assert 0 == run(*arguments).exit_code


@pytest.mark.usefixtures("server")
class TestTablesOfRenders:
    def rows(self, text: str) -> list[dict[str, Any]]:
        return [*csv.DictReader(io.StringIO(text))]

    def test_render_and_wait(self, world: World, tmp_path: Path) -> None:
        """The results of render --wait are a table, with a row for what was not rendered too."""
        good = str(world.add_project(on_render=[Render(0.0, duration=0.1)]))
        done = str(world.add_project(earlier_video=-500.0))
        file = tmp_path / "renders.csv"
        columns = "id,status,detail"
        found = run(
            "render", good, done, "nope", "--wait", "--interval", "0.05", "--columns", columns, "--output", str(file)
        )
        assert ("", 3) == (found.stdout, len(self.rows(file.read_text(encoding="utf-8-sig"))))
        statuses = {row["id"]: row["status"] for row in self.rows(file.read_text(encoding="utf-8-sig"))}
        assert {good: "rendered", done: "unchanged", "nope": "missing"} == statuses
        found = run("render", done, "--wait", "--format", "csv")
        assert ["unchanged"] == [row["status"] for row in self.rows(found.stdout)]

    def test_jsonl(self, world: World) -> None:
        """The format jsonl is --json."""
        good = str(world.add_project(on_render=[Render(0.0, duration=0.1)]))
        first, last = run("render", good, "--wait", "--interval", "0.05", "--format", "jsonl").stdout.splitlines()
        assert ("rendered", 1) == (json.loads(first)["status"], json.loads(last)["summary"]["projects"])

    def test_without_wait(self, world: World, tmp_path: Path) -> None:
        """Handles are no table, and a file that cannot be written ends the command before anything is paid for."""
        one = str(world.add_project())
        assert 2 == run("render", one, "--format", "csv").exit_code
        (tmp_path / "file").write_text("")
        found = run("render", one, "--wait", "--output", str(tmp_path / "file" / "x.csv"))
        assert (2, []) == (found.exit_code, world.log)
