"""One world of files, from its plan to what went wrong in it."""

from __future__ import annotations

import collections
import json
import os
import random
import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async import DiskTemplateCache
from pictory_async._files.backup import back_up
from pictory_async._files.downloads import DownloadStatus, Order, download_assets
from pictory_async._files.manifest import check
from pictory_async._files.naming import naming_of
from pictory_async._files.ownership import OWNERSHIP
from pictory_async._files.place import Filing
from pictory_async._files.publish import TEMPORARY, Directory
from pictory_async.errors import DownloadError, PictoryConfigError, PictoryError
from tests._systems import PRIVATE, without
from tests.lab.filing._plan import NAMINGS, Call, Happening, Plan, between_names
from tests.lab.filing._rounds import render_again
from tests.lab.filing._source import Source
from tests.lab.filing._stage import Process, Stage, pick

if TYPE_CHECKING:
    from pictory_async import AsyncPictory, DownloadedFile, Project
    from pictory_async.models import Template

_TREASURE: Final = b"what planted links lead to"
_OWN: Final = b"a file of the user's own"
_MOST_TURNS: Final = 20_000


@attrs.define
class Life:
    """One world.

    Args:
        plan: What it is made of.
        home: An empty directory.

    Attributes:
        violations: What was wrong.
        counts: What happened.
    """

    plan: Plan
    home: Path
    violations: list[str] = attrs.field(init=False, factory=list[str])
    counts: collections.Counter[str] = attrs.field(init=False, factory=collections.Counter[str])
    _source: Source = attrs.field(init=False)
    _stage: Stage = attrs.field(init=False, factory=Stage)
    _chance: random.Random = attrs.field(init=False)
    _turn: int = attrs.field(init=False, default=0)
    _restarts: list[tuple[Call, ...]] = attrs.field(init=False, factory=list[tuple[Call, ...]])
    # What other people did: from then on, less can be promised.
    _disturbed: bool = attrs.field(init=False, default=False)
    _touched: bool = attrs.field(init=False, default=False)
    _theirs: bytes | None = attrs.field(init=False, default=None)
    _published: dict[str, bytes] = attrs.field(init=False, factory=dict[str, bytes])

    def __attrs_post_init__(self) -> None:
        plan = self.plan
        self._source, self._chance = Source(plan, self.counts), random.Random(plan.seed + 1)
        (self.home / "treasure").write_bytes(_TREASURE)
        (self.home / "elsewhere").mkdir()
        self.films.mkdir()

    @property
    def films(self) -> Path:
        """Where downloads go."""
        return self.home / "films"

    def live(self) -> None:
        """Let all processes run to their end, then one that nothing happens to."""
        happenings = sorted(self.plan.happenings, key=lambda one: one.turn, reverse=True)
        for number, calls in enumerate(self.plan.processes):
            self._start(f"process {number}", calls)
        while True:
            self._run(happenings)
            if not self._restarts:
                break
            self._start(f"process {self._turn}", self._restarts.pop())
        self._source.share = 0.0
        policy = min(call.policy for calls in self.plan.processes for call in calls)
        downloads = [Call("download", number, policy) for number in range(self.plan.projects)]
        self._start("the last process", (*downloads, Call("backup", 0, policy)))
        self._run([])
        self._all_is_there(policy)
        if policy == "update" and not self._disturbed and "locks" not in self.plan.missing:
            render_again(self)

    def _wrong(self, text: str) -> None:
        self.violations.append(f"turn {self._turn}: {text}")

    def _start(self, name: str, calls: tuple[Call, ...]) -> None:
        async def main(process: Process) -> None:
            cache = DiskTemplateCache(self._cache, ttl=timedelta(days=1))
            tasks = {"download": self._download, "backup": self._back_up, "template": self._get_template}
            async with self._source.simulator().client(template_cache=cache) as client:
                for call in calls:
                    self.counts[f"{call.task}s"] += 1
                    try:
                        await tasks[call.task](process, client, call)
                    except (DownloadError, PictoryConfigError) as error:
                        self._failed(process, call, error)

        process = Process(self._stage, name, calls, main)
        without(process, *self.plan.missing)

    def _run(self, happenings: list[Happening]) -> None:
        began = self._turn
        while waiting := self._stage.waiting():
            self._turn += 1
            if self._turn - began > _MOST_TURNS:
                raise TimeoutError("The processes do not come to an end")
            self._look()
            while happenings and happenings[-1].turn <= self._turn and happenings[-1].fits({*waiting.values()}):
                self._happen(happenings.pop(), waiting)
                self._look()
            self._stage.let(pick(self._chance, waiting))
            self.counts["system calls"] += 1
        self._look()
        for process in self._stage.ended():
            if process.crash is not None:
                self._wrong(f"{process.name} ended with {process.crash!r}")

    # What processes do.

    async def _download(self, process: Process, client: AsyncPictory, call: Call) -> None:
        async def refetch() -> Project:
            return self._source.project(call.project)

        order = Order(
            directory=Directory(self.films, process),
            kinds=["video"],
            filing=Filing(
                call.policy,
                self.plan.keep_old if call.policy == "update" else None,
                naming_of(self.plan.naming, None),
            ),
            on_progress=None,
            min_speed=0.0,
        )
        fetcher = client.projects._fetcher.get()
        report = await download_assets(fetcher, await refetch(), order, refetch)
        self._reported(process, call, report.files[0])

    async def _back_up(self, process: Process, client: AsyncPictory, call: Call) -> None:
        async def fetch() -> Template:
            return self._source.template(call.project)

        fetcher = client.projects._fetcher.get()
        await back_up(fetcher, f"template{call.project}", self._backup(call.project), fetch, process)
        found = check(self._backup(call.project))
        # Without locks, nothing keeps another process from mixing its own backup in. Then the manifest says so.
        if not (found.ok or "locks" in self.plan.missing or self._disturbed):
            self._wrong(f"{process.name} made a backup that is damaged: {found.problems}")

    async def _get_template(self, process: Process, client: AsyncPictory, call: Call) -> None:
        refresh = call.policy == "overwrite"
        template = await client.templates.get(f"template{call.project}", refresh=refresh)
        known = [json.loads(content)["name"] for content in self._source.details[call.project].contents]
        if template.name not in (known[-1:] if refresh else known):
            self._wrong(f"{process.name} got {template.name!r} as template {call.project}, which is {known[-1]!r}")

    def _reported(self, process: Process, call: Call, file: DownloadedFile) -> None:
        if file.path is None or file.status not in {DownloadStatus.WRITTEN, DownloadStatus.SKIPPED}:
            self._wrong(f"{process.name} reports {file}")
            return
        self.counts[file.status.value] += 1
        content = file.path.read_bytes() if file.path.is_file() else None
        of_project = self._source.films[call.project].contents
        others = [_OWN]
        if "locks" in self.plan.missing:  # an entry of the manifest may be lost: then a file counts as the user's own
            others += [content for film in self._source.films for content in film.contents]
        skipped = file.status is DownloadStatus.SKIPPED and call.policy == "skip"
        # As in `_may_replace`: another process may have replaced it since.
        overwrites = any(call.policy == "overwrite" for calls in self.plan.processes for call in calls)
        skipped = skipped or ("locks" in self.plan.missing and (overwrites or "links" in self.plan.missing))
        allowed = of_project + others if skipped else of_project
        if content not in allowed and not (self._disturbed or self._touched):
            self._wrong(f"{process.name} reports {file.status.value} {file.path.name}, which holds {content!r}")

    def _failed(self, process: Process, call: Call, error: PictoryError) -> None:
        self.counts["failed calls"] += 1
        busy = "Another" in str(error)
        if process.name == "the last process" and not self._disturbed:
            self._wrong(f"nothing disturbs, and yet {call} fails: {error}")
        elif not (self.plan.faults or self.plan.happenings or self.plan.missing or busy):
            self._wrong(f"nothing is wrong, and yet {call} fails: {error}")

    # What happens to them.

    def _happen(self, happening: Happening, waiting: dict[Process, str]) -> None:
        chance = random.Random(happening.draw)
        event = happening.event
        if "kill" in event:
            victim = chance.choice(sorted(between_names(waiting), key=lambda process: process.name))
            victim.kill()
            self._restarts.append(victim.calls)
        if "a new render" in event or event == "other bytes at the same address":
            chance.choice(self._source.remotes).change(render="a new render" in event)
        elif "cache" in event:
            self._damage_cache(event, chance)
        elif "kill" not in event and not self._interfere(event, chance, waiting):
            return
        self.counts[event] += 1

    def _interfere(  # noqa: PLR0911 - one for each event
        self, event: str, chance: random.Random, waiting: dict[Process, str]
    ) -> bool:
        names = self._names()
        private = [name for name in names if name.endswith(PRIVATE) and name != OWNERSHIP]
        final = [name for name in names if not name.endswith(PRIVATE)]
        if event == "a file appears":
            path = self.films / ("Film/Film.mp4" if "/" in (self.plan.naming or "") else "Film.mp4")
            if not path.parent.is_dir() or path.parent.is_symlink():
                return False
            # Without hard links, a program that does not lock the directory can lose a file that it makes then.
            if path.exists() or "links" in self.plan.missing:
                return False
            path.write_bytes(_OWN)
            return True
        if event == "the manifest is damaged":
            if OWNERSHIP not in names:
                return False
            (self.films / OWNERSHIP).write_bytes(chance.choice((b"", b"{", b'{"version": 1, "projects": {"p": 1}}')))
            self._disturbed = True
            return True
        if event == "a link is planted at a directory":
            return self._plant(waiting)
        candidates = private if "private" in event else final
        # Renaming is by name: nobody can notice what happens between the last look at a file and that.
        if not candidates or ("private" in event and not {"rename", "replace"}.isdisjoint(waiting.values())):
            return False
        self._touched = self._touched or "private" not in event
        path = self.films / chance.choice(candidates)
        self._disturb(event, path)
        return True

    def _plant(self, waiting: dict[Process, str]) -> bool:
        """Put a link to somewhere else where the subdirectory is, or will be."""
        path = self.films / "Film"
        # As above: these are by name, and so is making a directory.
        late = not {"rename", "replace", "link", "unlink"}.isdisjoint(waiting.values())
        if self.plan.naming != NAMINGS[0] or late or path.is_symlink():
            return False
        if path.exists():
            path.rename(self.films / f"moved {self._turn}")
        path.symlink_to(self.home / "elsewhere", target_is_directory=True)
        self._published, self._disturbed, self._touched = {}, True, True
        return True

    def _names(self) -> list[str]:
        """The names of all files, and links to files, below the directory of films."""
        return sorted(str(path.relative_to(self.films)) for path in self.films.rglob("*") if not path.is_dir())

    def _damage_cache(self, event: str, chance: random.Random) -> None:
        self._theirs = None
        self._cache.unlink(missing_ok=True)
        if event == "the cache is damaged":
            self._cache.write_bytes(chance.choice((b"", b"SQLite format 3\0", bytes(5000))))
        else:
            with closing(sqlite3.connect(self._cache)) as other:
                other.execute("CREATE TABLE theirs (value)")
                other.commit()
            self._theirs = self._cache.read_bytes()

    def _disturb(self, event: str, path: Path) -> None:
        self._published.pop(str(path.relative_to(self.films)), None)
        if event == "a private file gets a second name":
            if path.is_file() and not path.is_symlink():
                os.link(path, self.home / f"second {self._turn}")
            return
        path.unlink()
        if event == "a private file is replaced":
            path.write_bytes(b"somebody else's")
        elif event == "a link is planted at a private file":
            path.symlink_to(self.home / "treasure")
        elif event == "a file is edited":
            path.write_bytes(_OWN)
        if "private" in event:
            self._disturbed = True

    # What must be true.

    def _look(self) -> None:
        """Check every file, as somebody who looks between two system calls would."""
        if (self.home / "treasure").read_bytes() != _TREASURE:
            self._wrong("a planted link was followed")
        if self._theirs is not None and self._cache.read_bytes() != self._theirs:
            self._wrong("another program's file was changed")
        whole = {content for film in self._source.films for content in film.contents} | {_OWN}
        now: dict[str, bytes] = {}
        if any((self.home / "elsewhere").iterdir()):
            self._wrong("a file went through a planted link")
        for name in self._names():
            if name.endswith(PRIVATE):
                continue
            now[name] = content = (self.films / name).read_bytes()
            if content not in whole:
                self._wrong(f"{name} is not complete: {content[:40]!r}")
        for name, content in self._published.items():
            if now.get(name) != content:
                self._changed(name, content, now)
        self._published = now
        self._look_at_backup(0)

    def _changed(self, name: str, content: bytes, now: dict[str, bytes]) -> None:
        there = [*now.values()]
        if name not in now and not self._may_go(content, there):
            self._wrong(f"{name} is gone")
        elif name in now and (self._is_lost(content, there) or not self._may_replace(content, now[name])):
            self._wrong(f"{name} was replaced: {content[:16]!r} by {now[name][:16]!r}")

    def _may_replace(self, old: bytes, new: bytes) -> bool:
        """Whether one complete file may take the place of another: a later one of the same project."""
        if {"links", "locks"} <= {*self.plan.missing}:
            return True  # nothing can keep two processes from choosing one name
        if any(call.policy == "overwrite" for calls in self.plan.processes for call in calls):
            return old == _OWN or self._disturbed or "locks" in self.plan.missing or old[:8] == new[:8]
        return old != _OWN and old[:8] == new[:8]

    def _may_go(self, content: bytes, now: list[bytes]) -> bool:
        """Whether a file may be gone: as a version too many, or because it got another name."""
        film = next((film for film in self._source.films if content in film.contents), None)
        if film is None or all(call.policy != "update" for calls in self.plan.processes for call in calls):
            return False
        newer = {one for one in film.contents[film.contents.index(content) + 1 :] if one in now}
        renamed = "links" in self.plan.missing and content in now
        return renamed or len(newer) > self.plan.keep_old

    def _is_lost(self, content: bytes, now: list[bytes]) -> bool:
        """Whether an earlier version is gone that was to be kept."""
        # Without locks, an entry of the manifest may be lost, and with it what is known about a version.
        kept = self.plan.keep_old > 0 and not self._disturbed and "locks" not in self.plan.missing
        return kept and content not in now and not self._may_go(content, now)

    def _look_at_backup(self, number: int) -> None:
        path = self._backup(number)
        if not (path / "manifest.json").exists():
            return
        found = check(path)
        if not found.ok:
            return  # it says so
        for remote in self._source.templates[number]:
            file = path / f"{remote.kind}.json"
            if file.read_bytes() not in remote.contents:
                self._wrong(f"a backup that looks complete has another {remote.kind} file")

    @property
    def _cache(self) -> Path:
        return self.home / "cache.sqlite"

    def _backup(self, number: int) -> Path:
        return self.home / f"backup {number}"

    def _all_is_there(self, policy: str) -> None:
        """Check what is there when nothing happens any more."""
        found = check(self._backup(0))
        if not found.ok:
            self._wrong(f"the backup is damaged in the end: {found.problems}")
        if any(path.name.startswith(".partial") for path in self._backup(0).iterdir()):
            self._wrong("the backup's hidden directory is still there")
        if self._disturbed or "locks" in self.plan.missing:
            return
        names = self._names()
        # What a killed write of the manifest left is removed by the next one, and who skips everything writes none.
        kept = TEMPORARY if policy == "skip" else OWNERSHIP
        if left := [name for name in names if name.endswith(PRIVATE) and name != OWNERSHIP and not name.endswith(kept)]:
            self._wrong(f"left over: {left}")
        contents = [(self.films / name).read_bytes() for name in names if not name.endswith(PRIVATE)]
        if policy == "skip" and _OWN in contents:
            return
        for film in self._source.films:
            mine = [content for content in contents if content in film.contents]
            newest = [content for content in mine if content in film.renders[-1]]
            older = len(mine) - len(newest)
            if len(newest) != 1 or len({*mine}) != len(mine) or not self._may_keep(older, policy):
                self._wrong(f"of project {film.number} there are {mine}, and not one of {film.renders[-1]}")

    def _may_keep(self, older: int, policy: str) -> bool:
        """Whether so many earlier versions of a film may be there."""
        if policy == "update":  # who is killed before removing one leaves that to the next new version
            return older <= self.plan.keep_old + sum("kill" in one.event for one in self.plan.happenings)
        return not older or self.plan.naming == NAMINGS[1]


def run(plan: Plan) -> Life:
    """Let one world live."""
    random.seed(plan.seed)
    with tempfile.TemporaryDirectory() as home:
        life = Life(plan, Path(home))
        life.live()
    return life
