"""What a command leaves pending, kept on this machine for the next one: handles, and ids with their dates.

Everything goes through `Store`, so that another place can take over. No other module knows the form of the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
import click

from pictory_async import ProjectId, RenderHandle
from pictory_async.cli._account import find_account
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli.display.text import echo_note

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Kept", "KeptId", "Store", "find_state"]

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
        account: Where the project is: it is the same for the same key and address of the API. Empty if it is not kept.
    """

    project_id: ProjectId
    after: datetime | None = None
    account: str = attrs.field(default="", eq=False)

    def as_handle(self) -> RenderHandle:
        """Return a handle that waits for the same video."""
        return RenderHandle(project_id=self.project_id, generated_before=self.after)


Kept: TypeAlias = "RenderHandle | KeptId"


def find_state() -> Path:
    """Return the directory of what is kept. A command calls it at its start, and `Store` finds the same one later."""
    home = Path(os.environ.get("PICTORY_STATE_DIR") or click.get_app_dir("pictory"))
    with contextlib.suppress(OSError):  # the working directory is gone
        home = home.absolute()
    context = click.get_current_context(silent=True)
    return home if context is None else context.meta.setdefault(f"{__name__}.home", home)


class Store:
    """What is pending, under short names.

    Items are appended, and so is that they are done: commands that run at the same time lose nothing of each other.
    What is damaged, or no regular file, is skipped: it must not end a command that has something to say. What was kept
    for another account, that is with another API key or address of the API, is left alone.
    """

    def __init__(self) -> None:
        self._directory = find_state() / "pending"
        self._asking = find_state() / "asking"
        self._account = _account()

    def keep(self, items: Iterable[Kept], name: str | None = None) -> str:
        """Keep more items under a name, and return the name; a new one if it is ``None``.

        What is kept under the name already is not written again.

        Raises:
            OSError: They could not be written.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if name is None:
            name = secrets.token_hex(3)
            self._remove_old()
        path = self._path(name)
        found = self._read(path)
        new = [item for item in items if found.get(self._key(item)) != item]
        if new:
            self._append(path, map(self._line, new))
        return name

    def load(self, name: str) -> list[Kept]:
        """Return what is pending under a name.

        Raises:
            SettingError: There is nothing.
        """
        found = self._read_all(self._path(name)) if _NAME.fullmatch(name) else {}
        mine = [item for account, item in found.values() if account == self._account]
        if found and not mine:
            # Not refused: the key may have been replaced, or the address been wrong.
            echo_note(f"What is pending under the name {name!r} was kept with another API key or base URL.")
            return [item for _, item in found.values()]
        if not found:
            raise SettingError(f"Nothing is pending under the name {name!r}: it is not known, or everything has ended.")
        return mine

    def done(self, items: Iterable[Kept]) -> None:
        """Take in that these waits have ended, under whatever name. What cannot be written stays pending.

        The wait for an id ends those of the same account that asked for no newer video.
        """
        ended = {self._key(item): item for item in items}
        with contextlib.suppress(OSError):
            for path in self._paths() if ended else ():
                found = self._read_all(path)
                keys = [key for key, (_, item) in found.items() if key in ended and _includes(ended[key], item)]
                if keys and len(keys) == len(found):
                    path.unlink()
                elif keys:
                    self._append(path, (json.dumps({"done": key}) for key in keys))

    def newest(self, project_id: str) -> RenderHandle | None:
        """Return the pending render of a project that was requested last; ``None`` if there is none."""
        handles = [
            item
            for path in self._paths()
            for item in self._read(path).values()
            if isinstance(item, RenderHandle) and str(item.project_id) == project_id
        ]
        return max(handles, key=lambda handle: handle.requested_at or _LONG_AGO, default=None)

    def ask(self, project_id: str) -> None:
        """Note that a render is about to be requested: if this process is killed, the next one finds the note."""
        with contextlib.suppress(OSError):
            self._asking.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._note(project_id).touch()

    def answered(self, project_id: str) -> None:
        """Remove that note: what became of the request is known."""
        with contextlib.suppress(OSError):
            self._note(project_id).unlink()

    def unanswered(self, project_ids: Iterable[str]) -> dict[str, datetime]:
        """Return the projects with such a note, each with its time, and remove the notes."""
        found: dict[str, datetime] = {}
        for one in project_ids:
            with contextlib.suppress(OSError):
                found[one] = datetime.fromtimestamp(self._note(one).stat().st_mtime, UTC)
                self._note(one).unlink()
        return found

    def _note(self, project_id: str) -> Path:
        text = f"{self._account} {project_id}"
        return self._asking / hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]

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
        if path.exists() and not path.is_file():  # to open a pipe would wait for its reader
            raise FileExistsError(path)
        # Opened anew each time: a file that somebody removed meanwhile is made again. The first line end separates the
        # lines from one that was cut off.
        with path.open("a", encoding="utf-8") as out:
            out.write("\n".join(["", *lines, ""]))

    def _read(self, path: Path) -> dict[str, Kept]:
        return {key: item for key, (account, item) in self._read_all(path).items() if account == self._account}

    def _read_all(self, path: Path) -> dict[str, tuple[str, Kept]]:
        found: dict[str, tuple[str, Kept]] = {}
        lines: list[bytes] = []
        with contextlib.suppress(OSError):
            lines = path.read_bytes().splitlines() if path.is_file() else []
        for line in lines:
            # Whatever it is: too deep for the parser, of another type, no text.
            with contextlib.suppress(Exception):
                raw: dict[str, Any] = json.loads(line)
                if "done" in raw:
                    found.pop(raw["done"], None)
                else:
                    item = _item(raw, line)
                    account = str(raw["account"])
                    found[self._key(item, account)] = account, item
        return found

    def _key(self, item: Kept, account: str = "") -> str:
        account = account or self._account
        if isinstance(item, RenderHandle):
            return f"render {account} {item.project_id} {item.job_id} {item.requested_at}"
        return f"id {account} {item.project_id}"

    def _line(self, item: Kept) -> str:
        if isinstance(item, RenderHandle):
            return json.dumps({**json.loads(item.to_json()), "account": self._account})
        after = None if item.after is None else item.after.isoformat()
        return json.dumps({"id": item.project_id, "after": after, "account": item.account or self._account})


def _account() -> str:
    """Return what tells accounts apart: a digest, which does not tell the key."""
    text = "\0".join(part.strip().rstrip("/") for part in find_account().identity())
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def _includes(ended: Kept, pending: Kept) -> bool:
    """Whether the end of one wait is that of another one with the same key, too."""
    if isinstance(ended, RenderHandle) or isinstance(pending, RenderHandle) or pending.after is None:
        return True
    return ended.after is not None and ended.after >= pending.after


def _item(raw: dict[str, Any], line: bytes) -> Kept:
    """Read an item.

    Raises:
        Exception: It is damaged, in whatever way.
    """
    if "id" not in raw:
        return RenderHandle.from_json(line.decode())
    project_id, account, after = raw["id"], raw["account"], raw["after"]
    date = None if after is None else datetime.fromisoformat(after)
    if type(project_id) not in (str, int) or not isinstance(account, str) or (date is not None and date.tzinfo is None):
        raise ValueError(project_id)
    return KeptId(project_id, date, account)
