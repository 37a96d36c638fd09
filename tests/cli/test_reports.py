"""`pictory compare`, `pictory report` and `pictory share`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Render
from tests.cli._command import run, seen

if TYPE_CHECKING:
    from pictory_async.testing import SimRequest, World
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def pair(world: World) -> list[str]:
    """Two projects that differ."""
    return [
        str(world.add_project(earlier_video=-60.0, name="One [x]")),
        str(world.add_project(earlier_video=-60.0, name="Two", layout="9:16")),
    ]


def test_compare_in_lines(pair: list[str]) -> None:
    """The settings that differ are lines with tabs, below a line with the names of the projects; --all marks them."""
    lines = [line.split("\t") for line in run("compare", *pair).stdout.splitlines()]
    assert ["Setting", "One [x]", "Two"] == lines[0]
    assert ["Aspect ratio", "16:9", "9:16"] in lines
    everything = [line.split("\t") for line in run("compare", *pair, "--all").stdout.splitlines()]
    assert ["≠ Aspect ratio", "16:9", "9:16"] in everything
    assert ["Language", "en", "en"] in everything
    assert len(everything) > len(lines)


def test_compare_as_markdown_and_json(pair: list[str]) -> None:
    """--markdown prints a Markdown table, --json all settings."""
    assert "| **Aspect ratio** | 16:9 | 9:16 |" in run("compare", *pair, "--markdown").stdout
    assert "| Language | en | en |" in run("compare", *pair, "--markdown", "--all").stdout
    assert ["16:9", "9:16"] == json.loads(run("compare", *pair, "--json").stdout)["layouts"]


def test_compare_on_a_terminal(pair: list[str], world: World) -> None:
    """On a terminal, the comparison is a table with a summary below."""
    ids = {"voiceOverId": "v", "brandId": "b", "smartTemplateId": "t"}
    same = [str(world.add_project(name="Same", overrides=ids)) for _ in range(2)]
    text = seen("compare", *pair, "--all")
    assert "One [x]" in text
    assert "≠ Aspect ratio" in text
    assert " settings differ." in text
    assert seen("compare", *same).startswith("All ")


def test_comparisons_that_cannot_be(pair: list[str]) -> None:
    """A comparison needs two existing projects; otherwise nothing is printed."""
    for arguments, code in (
        ([pair[0]], 2),
        ([pair[0], pair[0]], 2),
        ([*pair, "--json", "--markdown"], 2),
        ([pair[0], "nope"], 1),
    ):
        found = run("compare", *arguments)
        assert (code, "") == (found.exit_code, found.stdout)


def test_report_in_lines(pair: list[str]) -> None:
    """A report is lines of name and value; an empty line separates several, and a missing project is left out."""
    found = run("report", pair[0], "nope", pair[1])
    first, second = found.stdout.split("\n\n")
    assert 1 == found.exit_code
    assert f"project id: {pair[0]}\nname: One [x]\n" in first
    assert "subtitles srt: http://127.0.0.1:" in first
    assert "layout: 9:16" in second


def test_report_of_a_new_project(world: World) -> None:
    """A report has no line for what the project does not have."""
    lines = run("report", str(world.add_project(name="New"))).stdout.splitlines()
    assert "name: New" in lines
    assert [] == [line for line in lines if line.startswith(("video:", "audio:", "subtitles")) or line.endswith(": ")]


def test_report_as_json(pair: list[str]) -> None:
    """With --json, each report is a document with the keys of the API's page."""
    reports = [json.loads(line) for line in run("report", *pair, "--json").stdout.splitlines()]
    assert pair == [report["projectId"] for report in reports]
    assert "videoSettings" in reports[0]


def test_report_as_a_page(pair: list[str], tmp_path: Path) -> None:
    """--html makes one page for all projects, on standard output or in a file."""
    assert run("report", *pair, "--html").stdout.startswith("<!DOCTYPE html>")
    for options in (["--html", "--output", str(tmp_path / "a")], ["--output", str(tmp_path / "b.HTML")]):
        found = run("report", *pair, *options)
        assert (0, f"Written: {options[-1]}\n") == (found.exit_code, found.stdout)
        assert "Two" in (tmp_path / options[-1]).read_text(encoding="utf-8")


class TestTables:
    """A report as a table: a line for each project."""

    def test_in_every_format(self, pair: list[str], world: World) -> None:
        """The state, the date and the link of each project, and everything else by its column."""
        running = str(world.add_project(Render(-1.0, duration=1e6), name="Three"))
        never = str(world.add_project(name="Four"))
        found = run("report", *pair, running, never, "--format", "tsv")
        rows = [line.split("\t") for line in found.stdout.splitlines()]
        assert (0, [*pair, running, never]) == (found.exit_code, [row[0] for row in rows])
        assert ["rendered", "rendered", "rendering", "never"] == [row[2] for row in rows]
        assert ["One [x]", "2025-12-31 23:59:00", True] == [rows[0][1], rows[0][3], rows[0][4].startswith("http://")]
        head = run("report", pair[0], "--format", "csv").stdout.splitlines()[0]
        names = "project,name,state,generated (UTC),share,saved (UTC),duration (s),layout,language,source,schema,video"
        assert names == head
        assert "9:16\tTwo\n" == run("report", pair[1], "--columns", "layout,name").stdout
        assert f"| {pair[1]} | Two |" in run("report", pair[1], "--format", "md", "--columns", "project,name").stdout
        (line,) = run("report", pair[0], "--format", "jsonl").stdout.splitlines()
        assert {"projectId", "assets"} <= {*json.loads(line)}
        assert f"{pair[0]}  One [x]" in re.sub(
            r"\x1b\[[0-9;]*m", "", seen("report", *pair, "--format", "table", columns=200)
        )

    def test_in_a_file(self, pair: list[str], tmp_path: Path) -> None:
        """The ending of the file chooses; what cannot be fetched is reported, and in JSON a document."""
        table = tmp_path / "all.csv"
        found = run("report", *pair, "--output", str(table))
        assert (0, "", 3) == (found.exit_code, found.stdout, len(table.read_text("utf-8").splitlines()))
        lines = tmp_path / "all.jsonl"
        assert 1 == run("report", pair[0], "nope", "--json", "--output", str(lines)).exit_code
        first, second = map(json.loads, lines.read_text("utf-8").splitlines())
        assert (pair[0], "nope", True) == (first["projectId"], second["projectId"], "error" in second)
        assert "Two\n" == run("report", pair[1], "--columns", "name", "--output", "-").stdout

    @pytest.mark.parametrize(
        "options",
        ["--html --format csv", "--html --output a.csv", "--json --format csv", "--format md --output a.html"],
    )
    def test_what_cannot_be(self, pair: list[str], world: World, options: str) -> None:
        """Two formats at once are wrong usage, before any request."""
        assert (2, []) == (run("report", *pair, *options.split()).exit_code, world.log)


def test_reports_in_files(pair: list[str], tmp_path: Path) -> None:
    """The JSON of one project goes to a file, that of several to a directory."""
    file, directory = tmp_path / "one.json", tmp_path / "all"
    assert {"projectId": pair[0], "file": str(file)} == json.loads(
        run("report", pair[0], "--output", str(file), "--json").stdout
    )
    assert pair[0] == json.loads(file.read_text())["projectId"]
    run("report", *pair, "--output", str(directory))
    run("report", pair[0], "--output", str(directory))
    assert sorted(f"{one}.json" for one in pair) == sorted(path.name for path in directory.iterdir())


def test_reports_that_cannot_be(pair: list[str], tmp_path: Path) -> None:
    """Two formats at once are wrong usage; a file that cannot be written is reported in one sentence."""
    assert 2 == run("report", *pair, "--html", "--json").exit_code
    found = run("report", pair[0], "--output", str(tmp_path / "no" / "file.json"))
    assert (2, "", 1) == (found.exit_code, found.stdout, found.stderr.count("\n"))


@pytest.mark.parametrize(
    ("number", "options", "name", "words"),
    [
        (1, [], "folder.json", "It is a directory"),
        (1, ["--html"], "folder", "It is a directory. Name a file."),
        (1, [], "page.html/x.json", "There is no directory"),
        (2, [], "no/page.html", "There is no directory"),
        (1, [], "boss.pdf", "Name a file that ends with .json."),
        (1, ["--html"], "boss.PDF", "Name a file that ends with .htm or .html."),
        (1, ["--html"], "boss.json", "Name a file that ends with .htm or .html."),
        (
            2,
            [],
            "multi.json",
            "The JSON of several projects goes to a directory, one file per project. Name a directory.",
        ),
        (2, [], "multi.pdf", "Name a directory."),
        (2, [], "file", "It is a file. Name a directory."),
        (2, [], "file/new", "is a file. Name a directory."),
    ],
)
def test_places_that_cannot_be(
    world: World, tmp_path: Path, number: int, options: list[str], name: str, words: str
) -> None:
    """A place that cannot be written to, or has the name of another type, is refused before anything is sent."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.html").mkdir()
    name = {"folder.json": "folder.html"}.get(name, name)
    found = run("report", *"ab"[:number], *options, "--output", str(tmp_path / name))
    assert (2, "", 1) == (found.exit_code, found.stdout, found.stderr.count("\n"))
    assert words in found.stderr
    assert "pictory-tmp" not in found.stderr
    assert [] == world.log


def test_names_that_are_fine(pair: list[str], tmp_path: Path) -> None:
    """A directory may have a dot in its name, and an existing one any name."""
    (tmp_path / "old.json").mkdir()
    for name in ("reports.2026", "old.json"):
        assert 0 == run("report", *pair, "--output", str(tmp_path / name)).exit_code
        assert 2 == len(list((tmp_path / name).iterdir()))


def test_files_and_failures(pair: list[str], tmp_path: Path) -> None:
    """With --json, each project has a document with its file or the error; nothing to write is no file."""
    for name in ("all", "page.html"):
        found = run("report", pair[0], "nope", "--output", str(tmp_path / name), "--json")
        first, second = map(json.loads, found.stdout.splitlines())
        assert (1, pair[0], "nope") == (found.exit_code, first["projectId"], second["projectId"])
        assert Path(first["file"]).is_file()
        assert "There is no project 'nope'" in second["error"]
    for name in ("none", "none.html"):
        found = run("report", "nope", "--output", str(tmp_path / name), "--json")
        assert (1, ["projectId", "error"]) == (found.exit_code, [*json.loads(found.stdout)])
    found = run("report", "nope", "--output", str(tmp_path / "none.html"))
    assert ("", f"Not written: {tmp_path / 'none.html'}") == (found.stdout, found.stderr.splitlines()[-1])
    assert "" == run("report", "nope", "--html").stdout
    assert ["all", "page.html"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_page_is_whole_or_not_there(pair: list[str], server: ServerThread, tmp_path: Path) -> None:
    """A page that would lack most projects, because the key was revoked, does not replace the old one."""
    page = tmp_path / "page.html"
    page.write_text("old")
    rejected = Answer(401, {"content-type": "application/json"}, b'{"message": "Unauthorized"}')
    server.simulator.faults = lambda request, _: None if pair[0] in request.path else rejected
    found = run("report", pair[0], "nope", "--output", str(page))
    assert (77, "old") == (found.exit_code, page.read_text())
    assert f"Not written: {page}" in found.stderr
    found = run("report", pair[0], "nope", "--output", str(page), "--json")
    first, second = map(json.loads, found.stdout.splitlines())
    assert ("The page was not written.", "nope") == (first["error"], second["projectId"])


def test_a_file_that_cannot_be_written(pair: list[str], tmp_path: Path) -> None:
    """An error while writing names the file that was asked for, not the temporary one."""
    path = tmp_path / "all" / f"{pair[0]}.json"
    path.parent.mkdir()
    path.symlink_to(tmp_path / "nowhere" / "file")
    found = run("report", *pair, "--output", str(tmp_path / "all"))
    assert (1, f"Error: Cannot write {path}: No such file or directory.") == (
        found.exit_code,
        found.stderr.splitlines()[0],
    )


def test_share(pair: list[str], world: World) -> None:
    """For one project only the link is printed, for several each link with its id."""
    found = run("share", pair[0])
    assert (0, 1) == (found.exit_code, found.stdout.count("\n"))
    assert found.stdout.startswith("http://127.0.0.1:")
    new = str(world.add_project())
    found = run("share", *pair, new)
    assert (1, pair) == (found.exit_code, [line.split("\t")[0] for line in found.stdout.splitlines()])
    assert "no page to share. Render it" in found.stderr
    assert pair[0] == json.loads(run("share", pair[0], "--json").stdout)["project_id"]


def test_share_waits(world: World) -> None:
    """With --wait, the link is printed when it exists; the exit codes are those of a wait."""
    soon = str(world.add_project(Render(0.0, duration=0.2)))
    assert run("share", soon, "--wait", "--interval", "0.05").stdout.startswith("http://127.0.0.1:")
    late = str(world.add_project(Render(0.0, duration=1e6)))
    found = run("share", late, "--wait", "--interval", "0.05", "--max-wait", "0.2")
    assert (4, "") == (found.exit_code, found.stdout)


def test_share_gives_up_at_a_standstill(world: World) -> None:
    """With --stalled, what is left can be waited for again; the links that are there are printed."""
    late, done = str(world.add_project(Render(0.0, duration=1e6))), str(world.add_project(earlier_video=-60.0))
    found = run("share", late, done, "--wait", "--interval", "0.05", "--stalled", "0.4s")
    assert (4, [done]) == (found.exit_code, [line.split("\t")[0] for line in found.stdout.splitlines()])
    assert f"The wait for project {late!r} ended, because nothing had changed for 0.4 s (--stalled)." in found.stderr
    assert "No final result yet: 1 of 2 projects. Wait again with:" in found.stderr
    assert f"pictory share {late} --wait --stalled 0.4s --interval 0.05\n" in found.stderr


def test_share_on_a_terminal(world: World) -> None:
    """On a terminal, a wait shows its progress."""
    text = seen("share", str(world.add_project(Render(0.0, duration=0.3))), "--wait", "--interval", "0.05")
    assert "Waiting for projects: 0 of 1 done" in text
    assert "http://127.0.0.1:" in text


@pytest.mark.parametrize("embeds", [True, False])
def test_a_page_for_a_customer(world: World, server: ServerThread, tmp_path: Path, *, embeds: bool) -> None:
    """The options of the page arrive in it; pictures are in it, unless that is not wanted or they cannot be fetched."""
    jpeg = b"\xff\xd8\xff" + b"0" * 100
    sizes = iter([jpeg, b"\xff\xd8\xff" + b"0" * 2_000_000])

    def fault(request: SimRequest, _: float) -> Answer | None:
        image = Answer(200, {"content-type": "image/jpeg"}, next(sizes, b"")) if request.path.endswith(".jpg") else None
        return Answer(404) if image is not None and not image.body else image

    server.simulator.faults = fault
    ids = [str(world.add_project(name=f"Film {number}", earlier_video=-60.0)) for number in range(3)]
    ids.append(str(world.add_project(name="New")))
    logo, page = tmp_path / "logo.svg", tmp_path / "page.html"
    logo.write_text("<svg/>")
    options = ["--title", "ACME", "--logo", str(logo), "--brief", "--open", *([] if embeds else ["--no-embed"])]
    found = run("report", *ids, *options, "--output", str(page))
    text = page.read_text()
    assert 0 == found.exit_code, found.stderr
    assert '<h1 dir="auto">ACME</h1>' in text
    assert "data:image/svg+xml" in text
    assert 4 == text.count("<details>")
    assert text.count("data:image/jpeg") == (1 if embeds else 0)


def test_options_of_a_page_need_one(pair: list[str], tmp_path: Path) -> None:
    """Without a page, or a file to open, they are a mistake; a logo that is no picture is one too."""
    no_picture = tmp_path / "logo.png"
    no_picture.write_text("<html>")
    for options, says in (
        (["--brief"], "add --html"),
        (["--html", "--open"], "name it with --output"),
        (["--html", "--logo", str(no_picture)], "is no PNG, JPEG"),
        (["--html", "--title", " "], "it must have 1 to 200 characters"),
        (["--html", "--title", "x" * 201], "and has 201"),
    ):
        found = run("report", *pair, *options)
        assert 2 == found.exit_code
        assert says in " ".join(found.stderr.split())
