"""Where a backup is assembled, and the step that completes it. Blocking.

A backup has several files, so it cannot appear in one step. Each file is published as `pictory_async._files.publish`
describes, first in a hidden directory inside the backup's own, and there the manifest last. From then on the backup is
complete, and its files only have to be moved: first the details, then the files, and the manifest last. A backup whose
move was interrupted has files that do not fit its old manifest, so it does not look complete; the next backup completes
the move. Before the manifest is there, everything in the hidden directory can be deleted at any time.

The hidden directory is locked by who assembles the backup. The backup's own directory is locked during the move, so of
two templates that are backed up to one new directory, the second is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
from typing import TYPE_CHECKING

from pictory_async._files.manifest import FILES, MANIFEST, TemplateBackup, read_manifest
from pictory_async._files.publish import Directory, there
from pictory_async._files.system import SYSTEM, System
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from pathlib import Path


class Staging:
    """A hidden directory for one template inside the directory of its backup.

    Args:
        path: The directory of the backup.
        template_id: The template.
        system: The operating system.
        real: The directory of the backup by its path without links.

    Attributes:
        target: The directory of the backup.
        path: The hidden directory.
        directory: The same, for who writes files to it.
        key: The same for all calls that write to that directory.
    """

    def __init__(self, path: Path, template_id: str, system: System = SYSTEM, *, real: str = "") -> None:
        self.target = path
        self.path = path / f".partial-{hashlib.sha256(template_id.encode()).hexdigest()[:12]}"
        self.key = (system, real, "backup")
        self.directory = Directory(self.path, system, held=True)
        self.system = system
        self._template_id = template_id
        self._descriptor: int | None = None

    def examine(self) -> bool:
        """Reject a directory that is not for this backup; changes nothing.

        Returns:
            Whether a move was interrupted, which `open` will complete.

        Raises:
            PictoryConfigError: It is not a directory, or contains something else.
        """
        try:
            names = set(self.system.names(self.target))
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            raise PictoryConfigError(f"{self.target} is a file. Name a directory for the backup.") from None
        except (OSError, ValueError) as error:
            raise PictoryConfigError(f"{brief(str(self.target))} cannot be used for a backup: {error}.") from None
        waiting = self._is_whole()
        found = read_manifest(self.target, self.target / MANIFEST)
        if isinstance(found, TemplateBackup):
            foreign = {*found.absent} & names
            if found.template_id == self._template_id and (waiting or not foreign):
                return waiting
            problem = f"contains a backup of another template, {brief(found.template_id)}"
            if found.template_id == self._template_id:
                problem = f"contains a {min(foreign)} that does not belong to the backup"
        elif waiting or names <= {self.path.name}:
            return waiting
        elif MANIFEST in names:
            problem = f"contains a backup that cannot be read: {found.message.rstrip('.')}"
        else:
            problem = "is not empty, and contains no backup"
        raise PictoryConfigError(f"{self.target} {problem}. Name a new or an empty directory.")

    def open(self) -> None:
        """Make the directories, lock the hidden one, and complete a move that was interrupted.

        Raises:
            BlockingIOError: Another process is making the same backup.
            OSError: They cannot be made.
        """
        while not self._lock():
            pass
        if self._is_whole():
            with Directory(self.target, self.system).locked():
                self._move()
        self.directory.remove(MANIFEST)

    def _lock(self) -> bool:
        """Make and lock the hidden directory; ``False`` if another process removed it meanwhile."""
        self.system.mkdir(self.path)
        found = self.system.stat(self.path)
        if not stat.S_ISDIR(found.st_mode):
            raise FileExistsError(f"{self.path} is a link")
        with contextlib.suppress(PermissionError):  # Windows cannot open directories
            self._descriptor = self.system.open_directory(self.path)
        if self._descriptor is None:
            return True
        self.system.lock(self._descriptor)
        now = there(self.path, self.system)
        if now is not None and os.path.samestat(now, self.system.stat_open(self._descriptor)):
            return True
        self.close()
        return False

    def commit(self) -> None:
        """Move the backup to its directory; its manifest is in the hidden directory already.

        Raises:
            PictoryConfigError: The directory got another backup meanwhile; nothing is left of this one.
            OSError: The backup cannot be moved. The next backup tries that again.
        """
        with Directory(self.target, self.system).locked():
            try:
                self.examine()
            except PictoryConfigError:
                self._remove()
                raise
            self._move()
            self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Unlock the directory."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self.system.close(descriptor)

    def _is_whole(self) -> bool:
        found = read_manifest(self.target, self.path / MANIFEST)
        return isinstance(found, TemplateBackup) and found.template_id == self._template_id

    def _move(self) -> None:
        # The details first: they contain the date, so from here on an old manifest does not match any more.
        backup = read_manifest(self.target, self.path / MANIFEST)
        absent = backup.absent if isinstance(backup, TemplateBackup) else ()
        for name in FILES:
            if name in absent:
                Directory(self.target, self.system).remove(name)
            elif there(self.path / name, self.system) is not None:  # else it was moved before the interruption
                self.system.replace(self.path / name, self.target / name)
        self.system.replace(self.path / MANIFEST, self.target / MANIFEST)
