"""What notebooks and rich show: tables of values, the result of many waits, and the progress of a watch."""

from __future__ import annotations

import copy
import importlib.util
import json
import pickle
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pictory_async import Project, RenderOutcome, RenderOutcomes, RenderStatus, Template, errors, shown
from pictory_async.insight import (
    check_template,
    compare_projects,
    compare_templates,
    template_structure,
    template_variables,
)
from pictory_async.models import Job
from pictory_async.testing import Render, Simulator, World
from tests._virtual import virtual_time

NOTEBOOK = Path(__file__).parent.parent / "docs" / "examples" / "notebook.ipynb"
EVIL = '<script>alert("x")</script>\u202e\x1b[31m'


class Seen(HTMLParser):
    """The elements, attributes and text of a piece of HTML."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: dict[str, set[str | None]] = {}
        self.cells: list[str] = []
        self.feed(page)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def html_of(value: Any) -> Seen:
    page = value._repr_html_()
    seen = Seen(page)
    assert {"div", "strong", "table", "tr", "th", "td", "a", "progress"} >= set(seen.tags)
    assert {"style", "scope", "href", "rel", "target"} >= set(seen.attributes)
    assert not re.search(r"url\(|@import", page)
    assert len(page) < 200_000
    return seen


async def values() -> list[Any]:
    """One of each class that shows itself, with names that try to break out."""
    world = World()
    ids = [world.add_project(earlier_video=-60.0, name=name) for name in (EVIL, "Film")]
    templates = [world.add_template(text, name=EVIL) for text in ("Hi {{Name}}" + EVIL, "Bye {{Other}}")]
    async with Simulator(world).client() as client:
        projects = [await client.projects.get(one) for one in ids]
        old, new = [await client.templates.get(one) for one in templates]
        outcomes = await client.projects.wait_all([*ids, "missing"])
    return [
        *projects,
        old,
        outcomes,
        *outcomes,
        compare_projects(projects),
        template_variables(old),
        template_structure(old),
        compare_templates(old, new),
        check_template(old, {EVIL: 1})[0],
        Job(id="j", error_message=EVIL),
    ]


@pytest.mark.anyio
@virtual_time
async def test_everything_is_escaped_and_needs_nothing_else() -> None:
    """No value adds an element, a script or a resource of its own, and no control character comes through."""
    for value in await values():
        seen = html_of(value)
        assert "alert" not in "".join(seen.tags)
        assert "".join(seen.cells).isprintable()


@pytest.mark.anyio
@virtual_time
async def test_rich_shows_the_same_names() -> None:
    """A tree of rich has the names of the table, and prints."""
    pretty = pytest.importorskip("rich.pretty", reason="the extra cli is not installed")
    for value in await values():
        text = pretty.pretty_repr(value)
        assert text
        if not isinstance(value, list):
            assert text.startswith(type(value).__name__)
            for name, _ in value.__rich_repr__():
                assert name in text


def test_a_project_shows_whether_it_is_ready() -> None:
    """Yes, no and what there is not; its addresses are links if they are web addresses."""
    project = Project(id="p", name="Film", video_url="https://x.example/a.mp4", share_video_url="javascript:alert(1)")
    seen = html_of(project)
    assert {"is_rendered", "yes", "is_rendering", "no", "duration", "—"} <= set(seen.cells)
    assert {"https://x.example/a.mp4"} == seen.attributes["href"]


def test_long_texts_and_many_rows_are_cut() -> None:
    """A table has a hundred rows, a cell two hundred characters, and a collection twenty items."""
    failed = RenderOutcome(
        project_id=EVIL * 1000, status=RenderStatus.FAILED, error=errors.RenderFailedError("x", project_id="a")
    )
    good: RenderOutcome = RenderOutcome(project_id="ok", status=RenderStatus.RENDERED, project=Project(id="ok"))
    many = RenderOutcomes([*[good] * 500, failed])
    seen = html_of(many)
    assert 101 == seen.tags.count("tr")
    assert "and 401 more rows." in seen.cells
    assert max(map(len, seen.cells)) <= 201
    assert "failed" in seen.cells, "what has no video comes first"
    world_wide = template_variables(_template({f"Name{number}": "" for number in range(50)}))
    assert any(text.endswith(", … (50)") for text in html_of(world_wide).cells)


def _template(variables: dict[str, str]) -> Any:
    return Template(id="t", variables=variables)


def test_outcomes_are_a_list_with_a_summary() -> None:
    """``str`` counts, ``repr`` has all; it compares, copies, pickles and slices as lists do."""
    one: RenderOutcome = RenderOutcome(project_id=1, status=RenderStatus.RENDERED, project=Project(id=1))
    two: RenderOutcome = RenderOutcome(project_id=2, status=RenderStatus.NOT_STARTED)
    found = RenderOutcomes([one, two, one])
    assert "2 rendered, 1 not started" == str(found)
    assert repr([one, two, one]) == repr(found)
    assert [one, two, one] == found
    assert one is found[0]
    assert "1 not started" == str(found[1:2])
    assert "no outcomes" == str(found[:0])
    assert 0 == html_of(found[:0]).tags.count("td")
    for again in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert (RenderOutcomes, found) == (type(again), again)


def test_an_outcome_returns_what_was_awaited() -> None:
    """``raise_for_status`` returns the project, so no assert is needed."""
    project = Project(id="p")
    assert project is RenderOutcome(project_id="p", status=RenderStatus.RENDERED, project=project).raise_for_status()


class TestShown:
    """``shown``: the progress of a watch."""

    @pytest.mark.anyio
    @virtual_time
    async def test_lines(self, capsys) -> None:
        """Outside of a notebook, it prints a line for each outcome."""
        world = World()
        ids = [world.add_project(Render(0.0, duration=60.0)), world.add_project()]
        async with Simulator(world).client() as client, client.projects.watch(ids) as watch:
            seen = [outcome async for outcome in shown(watch)]
        lines = capsys.readouterr().out.splitlines()
        assert 2 == len(seen) == len(lines)
        assert f"1/2 {ids[0]} rendered" == lines[0]
        assert lines[1].startswith(f"2/2 {ids[1]} not started: ")

    @pytest.mark.anyio
    @virtual_time
    async def test_cell(self, monkeypatch) -> None:
        """In a notebook, one output is updated while a render is under way, and has everything at the end."""
        pages: list[str] = []
        handle = SimpleNamespace(update=pages.append)
        stub = SimpleNamespace(HTML=str, display=lambda page, display_id: handle.update(page) or handle)
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1)))
        monkeypatch.setitem(sys.modules, "IPython.display", stub)
        world = World()
        project_id = world.add_project(on_render=[Render(0.0, duration=60.0)])
        async with Simulator(world).client() as client:
            handles = [await client.projects.render(project_id)]
            async with client.projects.watch(handles, interval=5.0) as watch:
                seen = [outcome async for outcome in shown(watch)]
        assert [RenderStatus.RENDERED] == [outcome.status for outcome in seen]
        bars = [int(value) for page in pages for value in re.findall(r'value="(\d+)"', page)]
        assert sorted(bars) == bars
        assert 0 == bars[0]
        assert len(set(bars)) > 3
        assert 100 == bars[-1]
        assert "1 rendered" in Seen(pages[-1]).cells
        assert "no outcomes, 1 pending" in Seen(pages[0]).cells

    @pytest.mark.anyio
    @virtual_time
    async def test_nothing_to_watch(self, monkeypatch) -> None:
        """An empty watch ends at once, and says so."""
        pages: list[str] = []
        stub = SimpleNamespace(HTML=str, display=lambda page, display_id: pages.append(page))
        monkeypatch.setitem(sys.modules, "IPython.display", stub)
        async with Simulator().client() as client, client.projects.watch() as watch:
            assert [] == [outcome async for outcome in shown(watch, notebook=True)]
        assert "no outcomes" in Seen(pages[-1]).cells

    @pytest.mark.anyio
    @virtual_time
    async def test_mistakes_are_those_of_the_watch(self, monkeypatch) -> None:
        """A watch whose block was not entered, or is over, says so; without IPython the extra is named."""
        async with Simulator().client() as client:
            watch = client.projects.watch()
            with pytest.raises(errors.PictoryConfigError, match="not running"):
                aiter(shown(watch))
            async with watch:
                reader = aiter(shown(watch))
                watch.close()
                with pytest.raises(StopAsyncIteration):
                    await anext(reader)
            monkeypatch.setitem(sys.modules, "IPython.display", None)
            with pytest.raises(errors.PictoryConfigError, match=r"pip install \"pictory-async\[notebook\]\""):
                shown(watch, notebook=True)


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("IPython", "ipykernel", "nbclient"))), reason="needs ipykernel and nbclient"
)
def test_the_notebook_of_the_documentation_runs(tmp_path) -> None:
    """Each cell runs in a kernel, and what should be a table is one."""
    program = (
        "import sys, nbformat, nbclient; book = nbformat.read(sys.argv[1], 4); "
        "nbclient.NotebookClient(book, timeout=120).execute(); nbformat.write(book, sys.argv[2])"
    )
    done = tmp_path / "done.ipynb"
    found = subprocess.run(
        [sys.executable, "-c", program, str(NOTEBOOK), str(done)], capture_output=True, text=True, check=False
    )
    assert 0 == found.returncode, found.stderr
    outputs = [output for cell in json.loads(done.read_text())["cells"] for output in cell.get("outputs", ())]
    pages = ["".join(output["data"]["text/html"]) for output in outputs if "text/html" in output.get("data", {})]
    assert len(pages) >= 7
    assert "6 rendered, 1 not started" in Seen(pages[0]).cells
    texts = ["".join(output["text"]) for output in outputs if output["output_type"] == "stream"]
    assert ["6 rendered, 1 not started\n"] == texts


def test_the_notebook_is_kept_without_outputs() -> None:
    """A notebook in a repository has no outputs, so that its changes can be read."""
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    assert cells
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
