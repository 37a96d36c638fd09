"""What comes after all that happened in a world with "update": more renders, whose earlier versions are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.filing._plan import Call

if TYPE_CHECKING:
    from tests.lab.filing._life import Life
    from tests.lab.filing._source import Remote


def render_again(life: Life) -> None:
    """Render and download everything again: twice, and once more after somebody deleted the newest files."""
    for number in range(3):
        for film in life._source.films:
            if number == 2:
                _delete(life, film)
            film.change(render=True)
        calls = (Call("download", film.number, "update") for film in life._source.films)
        life._start(f"round {number}", (*calls,))
        life._run([])
        for film in life._source.films:
            _check(life, film, number)


def _check(life: Life, film: Remote, number: int) -> None:
    found = [content for content in _contents(life).values() if content in film.contents]
    newest = sum(content in film.renders[-1] for content in found)
    older = len(found) - newest
    # The first round removes what killed processes left too many of; the second one has enough to keep.
    if newest != 1 or older > life.plan.keep_old or (number and older < life.plan.keep_old):
        life._wrong(f"round {number} leaves {newest} new and {older} old versions of project {film.number}")


def _delete(life: Life, film: Remote) -> None:
    for name, content in _contents(life).items():
        if content in film.renders[-1]:
            (life.films / name).unlink()
            life._published.pop(name)


def _contents(life: Life) -> dict[str, bytes]:
    return {name: (life.films / name).read_bytes() for name in life._published}
