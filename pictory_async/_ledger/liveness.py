"""Which runs are alive: each holds the lock of a file of its own, which ends with its process. Blocking."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]


def runs_beside(ledger: Path) -> Path:
    """The directory of the files of a ledger's runs. It stays when they are over."""
    return Path(f"{os.path.realpath(ledger)}-runs")


class Liveness:
    """The locks of the runs that this process has, and a look at those of others.

    Without locks (Windows, some network file systems), nobody else's run counts as alive.

    Args:
        ledger: The file of the ledger. The files of the runs are in a directory beside it, by whatever links it was
            found.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._held: dict[str, int] = {}

    @property
    def _directory(self) -> Path:
        return runs_beside(self._ledger)

    def begin(self, run: str) -> None:
        """Hold the lock of a run until `end`.

        Raises:
            OSError: The file cannot be made.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._directory / run, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._held[run] = descriptor
        _lock(descriptor)

    def end(self, run: str) -> None:
        """Give up the lock of a run. Ending twice does nothing."""
        descriptor = self._held.pop(run, None)
        if descriptor is not None:
            self.forget(run)
            os.close(descriptor)

    def forget(self, run: str) -> None:
        """Remove the file of a run that is over."""
        with contextlib.suppress(OSError):
            (self._directory / run).unlink()

    def is_alive(self, run: str) -> bool:
        """Whether the process that made a run has not ended it, and has not ended itself."""
        if run in self._held:
            return True
        try:
            descriptor = os.open(self._directory / run, os.O_RDWR)
        except OSError:
            return False
        try:
            return not _lock(descriptor, shared=True)
        finally:
            os.close(descriptor)


def _lock(descriptor: int, *, shared: bool = False) -> bool:
    """Whether the file is locked now by this call, or cannot be locked at all; ``False`` if another one holds it.

    A look is shared, so that two of them do not take each other for the run.
    """
    if fcntl is None:  # pragma: no cover - Windows
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        return not isinstance(error, BlockingIOError)
    return True
