"""Which files a sync takes for those that it wrote."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pictory_async._files.ownership import OWNERSHIP
from tests._rendering import VIRTUAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests._nights import Night

pytestmark = VIRTUAL


def zeros(film: Path) -> None:
    film.write_bytes(bytes(film.stat().st_size))


def touched(film: Path) -> None:
    os.utime(film, (1.0, 1.0))


def replaced(film: Path) -> None:
    film.with_name("new").write_bytes(bytes(film.stat().st_size))
    film.with_name("new").replace(film)


def linked(film: Path) -> None:
    other = film.with_name("other")
    other.write_bytes(bytes(film.stat().st_size))
    film.unlink()
    film.symlink_to(other)


@pytest.mark.parametrize("spoil", [zeros, touched, replaced, linked])
async def test_a_file_that_is_not_as_it_was_written(night: Night, spoil: Callable[[Path], None]) -> None:
    """Its length alone proves nothing: the file stays, as somebody's, and the video is downloaded beside it, once."""
    one = night.world.add_project(name="Film")
    other = night.world.add_project(name="Other")
    await night.sync()
    film = night.videos / "Film.mp4"
    video = film.read_bytes()
    spoil(film)
    left = film.read_bytes()
    plan, _ = await night.sync()
    assert ((one,), 1) == (plan.to_download, plan.unchanged), other
    assert (left, video) == (film.read_bytes(), film.with_name("Film (2).mp4").read_bytes())
    assert () == (await night.plan()).to_download


async def test_a_directory_without_its_manifest(night: Night) -> None:
    """Then nothing is known but the length, and the files are not downloaded again."""
    night.world.add_project(name="Film")
    await night.sync()
    for content in ("", None, '{"version": 99, "projects": {}}'):
        if content is None:
            (night.videos / OWNERSHIP).unlink()
        else:
            (night.videos / OWNERSHIP).write_text(content)
        assert () == (await night.plan()).to_download
