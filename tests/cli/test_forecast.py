"""How much of a wait is done, and how long it will still take; and the bars of its renders."""

from __future__ import annotations

import io
from typing import Any

import anyio
import pytest

from pictory_async import BatchProgress, DownloadProgress, RateLimiter, errors
from pictory_async.testing import Render, Simulator, World
from tests._virtual import virtual_time

pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("click", reason="the extra cli is not installed")

from rich.cells import cell_len
from rich.console import Console

from pictory_async.cli._bar_names import BarNames
from pictory_async.cli._forecast import Forecast
from pictory_async.cli._work_bars import BatchBars
from pictory_async.cli.display.bars import MOST_BARS, Bar, BarGrid
from pictory_async.cli.display.text import as_estimate


def test_a_forecast_from_progress() -> None:
    """A render goes on as fast as it went since it was seen first; the slowest one counts."""
    forecast = Forecast()
    forecast.take(10.0, {"a": 20.0, "b": 0.0}, 2, [])
    assert (0.1, None) == (forecast.share(0, 2), forecast.seconds_left)
    forecast.take(20.0, {"a": 60.0, "b": 10.0}, 2, [])
    assert (0.35, 90.0) == (forecast.share(0, 2), forecast.seconds_left)


def test_a_forecast_from_history() -> None:
    """A project that shows no progress takes as long as others took; what takes longer than that is not known."""
    forecast = Forecast()
    forecast.take(20.0, {}, 3, [40.0, 60.0, 100.0])
    assert 40.0 == forecast.seconds_left
    forecast.take(70.0, {}, 3, [40.0, 60.0, 100.0])
    assert forecast.seconds_left is None


def test_no_forecast_from_a_minority() -> None:
    """If less than half of what is pending can be foreseen, nothing is said; the share is never more than all."""
    forecast = Forecast()
    for now, percent in ((0.0, 0.0), (5.0, 50.0)):
        forecast.take(now, {"a": percent}, 3, [])
    assert forecast.seconds_left is None
    forecast.take(9.0, {"a": 250.0}, 1, [])
    assert (1.0, 0.0) == (forecast.share(3, 3), Forecast().share(0, 0))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "10 s"), (31.0, "40 s"), (61.0, "2 min"), (3600.0, "1 h 00 min"), (7801.0, "2 h 11 min")],
)
def test_estimates_are_coarse(seconds: float, text: str) -> None:
    """What is not known exactly does not look so."""
    assert text == as_estimate(seconds)


@pytest.mark.parametrize(("width", "bar"), [(24, 0), (40, 8), (80, 18), (200, 77)])
def test_bars_take_the_room_there_is(width: int, bar: int) -> None:
    """Names have half of the room at most; a narrow terminal has names and labels only. Half is drawn at 50 %."""
    out = io.StringIO()
    screen = Console(file=out, width=width, force_terminal=True, color_system=None)
    screen.print(BarGrid([Bar("A film with quite a long name, really", 50.0, 100.0, "50 %")], widest=5))
    (line,) = out.getvalue().splitlines()
    assert cell_len(line) == width
    assert line.endswith(" 50 %")
    assert bar == sum(line.count(sign) for sign in "━╸╺")
    assert line.startswith("A film with quite a long name, really " if width == 200 else "A film")


@pytest.mark.anyio
@virtual_time
async def test_names_of_bars() -> None:
    """Names are fetched once for what is shown, only while the budget has room; an id stands for one not found."""
    simulator = Simulator(World(), latency=0.1)
    shown: dict[Any, float] = {
        simulator.world.add_project(Render(0.0, duration=9.0), name=f"Film {n}"): float(n) for n in range(9)
    }
    shown |= {"job:j": 50.0, "gone": 40.0}
    names = BarNames({"18": "Known"})
    shown[18] = 45.0
    async with simulator.client() as client, anyio.create_task_group() as tasks:
        assert [f"{percent:.0f} %" for percent in (50, 45, 40, 8, 7, 6)] == [bar.label for bar in names.bars(shown)]
        tasks.start_soon(names.keep_fetching, client)
        await anyio.sleep(60.0)
        tasks.cancel_scope.cancel()
    found = [bar.name for bar in names.bars(shown)]
    assert ["job:j", "Known", "gone", "Film 8", "Film 7", "Film 6"] == found
    assert MOST_BARS - 2 == len(simulator.log)


@pytest.mark.anyio
@virtual_time
async def test_bars_of_a_batch() -> None:
    """All files of a video have one bar with its name, and the speed of what came since it was seen first."""
    names = {"a": "Ada", "b": "Ben\n2"}
    bars = BatchBars(lambda one: names.get(str(one)))

    def drawn(*files: tuple[str, str, int, int | None], **rendering: float | None) -> list[Bar]:
        found = [
            DownloadProgress(project_id=one, kind=kind, done=done, total=total) for one, kind, done, total in files
        ]
        return bars.bars(BatchProgress(rendering=dict[Any, Any](rendering), downloading=tuple(found)))

    assert ["Ben\n2", "c"] == [bar.name for bar in drawn(a=None, b=70.0, c=20.0)]
    first = drawn(("a", "video", 4000, 9000), ("a", "srt", 0, 1000), ("c", "video", 5, None))
    assert [Bar("Ada", 4000, 10000, "4.0 kB of 10.0 kB"), Bar("c", 5, None, "5 B")] == first
    await anyio.sleep(2.0)
    (ada,) = drawn(("a", "video", 7000, 9000), ("a", "srt", 1000, 1000))
    assert Bar("Ada", 8000, 10000, "8.0 kB of 10.0 kB, 2.0 kB/s") == ada
    assert [] == drawn()
    assert [0] == [bar.done for bar in drawn(("a", "txt", 0, 10))]
    assert MOST_BARS == len(drawn(**{f"p{number}": float(number) for number in range(30)}))


@pytest.mark.anyio
@virtual_time
async def test_a_name_waits_for_nothing() -> None:
    """Where the budget has nothing free, a name is not asked for, and later it is."""
    simulator = Simulator(World())
    project_id = simulator.world.add_project(name="Film")
    names = BarNames()
    names.bars({project_id: 1.0})
    async with simulator.client(limiter=RateLimiter(1, 10.0)) as client, anyio.create_task_group() as tasks:
        with pytest.raises(errors.NotFoundError):
            await client.projects.get("gone")
        tasks.start_soon(names.keep_fetching, client)
        await anyio.sleep(5.0)
        assert [str(project_id)] == [bar.name for bar in names.bars({project_id: 1.0})]
        await anyio.sleep(10.0)
        tasks.cancel_scope.cancel()
    assert ["Film"] == [bar.name for bar in names.bars({project_id: 1.0})]
