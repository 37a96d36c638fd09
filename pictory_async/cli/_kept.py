"""What a command leaves pending, kept on this machine for the next one: handles, and ids with their dates.

Everything goes through `Store`, so that another place can take over. No other module knows the form of the files.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import attrs
import click

from pictory_async import ProjectId, RenderHandle
from pictory_async.cli._exit_codes import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Kept", "KeptId", "Store"]

_NAME: Final = re.compile(r"[0-9a-f]{1,32}")
_SUFFIX: Final = ".jsonl"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_FORGOTTEN_AFTER: Final = 30 * 86400.0  # seconds: Pictory deletes jobs after some time


@attrs.frozen
class KeptId:
    """A project that is waited for by its id.

    Attributes:
        project_id: The project.
        after: Only a video that is newer counts; ``None`` if any does.
    """

    project_id: ProjectId
    after: datetime | None = None

    def as_handle(self) -> RenderHandle:
        """Return a handle that waits for the same video."""
        return RenderHandle(project_id=self.project_id, generated_before=self.after)


Kept: TypeAlias = "RenderHandle | KeptId"


class Store:
    """What is pending, under short names.

    Items are appended, and so is that they are done: commands that run at the same time lose nothing of each other.
    """

    def __init__(self) -> None:
        home = os.environ.get("PICTORY_STATE_DIR") or click.get_app_dir("pictory")
        self._directory = Path(home, "pending")

    def keep(self, items: Iterable[Kept], name: str | None = None) -> str:
        """Keep more items under a name, and return the name; a new one if it is ``None``.

        Raises:
            OSError: They could not be written.
        """
        if name is None:
            name = secrets.token_hex(3)
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._remove_old()
        self._append(self._path(name), map(_line, items))
        return name

    def load(self, name: str) -> list[Kept]:
        """Return what is pending under a name.

        Raises:
            SettingError: There is nothing.
        """
        found = self._read(self._path(name)) if _NAME.fullmatch(name) else {}
        if not found:
            raise SettingError(f"Nothing is pending under the name {name!r}: it is not known, or everything has ended.")
        return [*found.values()]

    def done(self, items: Iterable[Kept]) -> None:
        """Take in that these waits have ended, under whatever name. What cannot be written stays pending."""
        ended = set(map(_key, items))
        with contextlib.suppress(OSError):
            for path in self._paths() if ended else ():
                found = self._read(path)
                if found and found.keys() <= ended:
                    path.unlink()
                elif not ended.isdisjoint(found):
                    self._append(path, (json.dumps({"done": key}) for key in found if key in ended))

    def newest(self, project_id: str) -> RenderHandle | None:
        """Return the pending render of a project that was requested last; ``None`` if there is none."""
        handles = [
            item
            for path in self._paths()
            for item in self._read(path).values()
            if isinstance(item, RenderHandle) and str(item.project_id) == project_id
        ]
        return max(handles, key=lambda handle: handle.requested_at or _LONG_AGO, default=None)

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}{_SUFFIX}"

    def _paths(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{_SUFFIX}"))

    def _remove_old(self) -> None:
        for path in self._paths():
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _FORGOTTEN_AFTER:
                    path.unlink()

    @staticmethod
    def _append(path: Path, lines: Iterable[str]) -> None:
        # Opened anew each time: a file that somebody removed meanwhile is made again. The first line end separates the
        # lines from one that was cut off.
        with path.open("a", encoding="utf-8") as out:
            out.write("\n".join(["", *lines, ""]))

    @staticmethod
    def _read(path: Path) -> dict[str, Kept]:
        found: dict[str, Kept] = {}
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return found
        for key, item in _items(text):
            if item is None:
                found.pop(key, None)
            else:
                found[key] = item
        return found


def _key(item: Kept) -> str:
    if isinstance(item, RenderHandle):
        return f"render {item.project_id} {item.job_id} {item.requested_at}"
    return f"id {item.project_id}"


def _line(item: Kept) -> str:
    if isinstance(item, RenderHandle):
        return item.to_json()
    return json.dumps({"id": item.project_id, "after": None if item.after is None else item.after.isoformat()})


def _items(text: str) -> Iterator[tuple[str, Kept | None]]:
    """Yield each item with its key; ``None`` in place of the item once it is done. Damaged lines are skipped."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError):
            raw = json.loads(line)
            if "done" in raw:
                yield raw["done"], None
            elif "id" in raw:
                after = raw["after"]
                kept = KeptId(raw["id"], None if after is None else datetime.fromisoformat(after))
                yield _key(kept), kept
            else:
                handle = RenderHandle.from_json(line)
                yield _key(handle), handle
