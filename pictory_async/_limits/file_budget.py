"""A request budget in a file: for all processes of one host, without a server.

The file has one line with the state of a `SharedWindow`, and is read, changed and written under its lock (``flock``).
The lock of a process that is killed is free at once, and what it was given stays counted. The clock is that since the
start of the machine, which nobody sets, and which also runs while the machine sleeps.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

import attrs
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from pictory_async._limits.stored import OutOfReachError, StoredBudget
from pictory_async._limits.window import SharedWindow
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._limits.shared import BudgetTerms, Lease, SharedPace

T = TypeVar("T")

_HEADER: Final = b"pictory-async request budget, version 1: "
_LONGEST: Final = 4096  # bytes; a line has some 300
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PATIENCE: Final = 2.0  # seconds for the lock, which others have for some 0.1 ms
_PAUSE: Final = 0.001
# Threads of an event loop for budgets: those of the default limiter may all be busy for longer than a lease lasts.
_MOST_THREADS: Final = 4
_threads: Final = RunVar[CapacityLimiter]("pictory_async_budget_threads")


class FileBudget(StoredBudget):
    """A request budget that all processes of one host share through a file, for ``RateLimiter(shared=...)``.

    The file is made when it is first used, and only its user can read it. It has no API key. It must be on a disk of
    the host: locks of file servers are not always right.

    Args:
        path: The file; one for each API key. All processes name the same one.
        on_outage: What happens while the file cannot be used: ``"fail"`` raises `ConnectionFailedError` and sends
            nothing; ``"share"`` uses a ``fraction`` of the budget in this process alone, with a warning in the log.
        fraction: More than 0, at most 1; only with ``"share"``.

    Raises:
        PictoryConfigError: An argument is out of range.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        on_outage: Literal["fail", "share"] = "fail",
        fraction: float | None = None,
    ) -> None:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise PictoryConfigError(f"path must be the path of a file, not {brief(path)}.")
        self._path = Path(path)
        self._known = ("", 0)  # the epoch of the file and its count, when this object used it last
        super().__init__(os.fspath(path), on_outage, fraction)

    async def _lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        def lease(window: SharedWindow, now: float, epoch: str) -> Lease:
            return attrs.evolve(window.lease(now, terms, slots, within, pace), epoch=epoch)

        return await self._change(terms, lease)

    async def _give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        def give_back(window: SharedWindow, _: float, epoch: str) -> None:
            if epoch == lease.epoch:
                window.give_back(terms, lease.mark, slots)

        await self._change(terms, give_back)

    async def _report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        return await self._change(terms, lambda window, now, _: window.report(now, terms, pause, pace))

    async def _change(self, terms: BudgetTerms, use: Callable[[SharedWindow, float, str], T]) -> T:
        threads = _threads.get(None)
        if threads is None:
            threads = CapacityLimiter(_MOST_THREADS)
            _threads.set(threads)
        return await to_thread.run_sync(self._change_now, terms, use, limiter=threads)

    def _change_now(self, terms: BudgetTerms, use: Callable[[SharedWindow, float, str], T]) -> T:
        try:
            descriptor = self._open()
            try:
                now = self._now()
                state = _read(os.pread(descriptor, _LONGEST + 1, 0), now, terms, *self._known)
                result = use(state.window, now, state.epoch)
                line = state.line()
                os.pwrite(descriptor, line, 0)
                os.ftruncate(descriptor, len(line))
                self._known = state.epoch, state.window.count
            finally:
                os.close(descriptor)
        except OSError as error:
            raise OutOfReachError(error.strerror or type(error).__name__) from None
        return result

    def _open(self) -> int:
        """Open the file and lock it."""
        deadline = time.monotonic() + _PATIENCE
        self._path = self._path.absolute()  # it stays where it was first used
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600)
            try:
                if self._lock(descriptor):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            if time.monotonic() > deadline:
                raise OutOfReachError(f"another process has it locked for more than {_PATIENCE:g} s")
            time.sleep(_PAUSE)

    def _lock(self, descriptor: int) -> bool:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OutOfReachError("it is no file")
        if fcntl is None:  # pragma: no cover - Windows
            raise OutOfReachError("this system has no such locks")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            there = self._path.stat()
        except (BlockingIOError, FileNotFoundError):
            return False
        return (there.st_dev, there.st_ino) == (found.st_dev, found.st_ino)  # it was not replaced meanwhile

    def _now(self) -> float:
        clock = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if clock is None else time.clock_gettime(clock)


@attrs.define
class _State:
    """What is in the file.

    Attributes:
        window: What was given out.
        epoch: Changes when something was forgotten.
        boot: The start of the machine since which the times count.
        new: Whether it began with a new file: nobody knows what was given out before, if it was another one's place.
    """

    window: SharedWindow
    epoch: str
    boot: str
    new: bool

    @classmethod
    def first(cls, now: float, terms: BudgetTerms, *, new: bool) -> _State:
        """The state of a budget about which nothing is known: a wait and no burst, unless the file is new."""
        window = SharedWindow()
        if not new:
            window.forget(now, terms)
        return cls(window, secrets.token_hex(4), _boot(), new)

    def line(self) -> bytes:
        raw = {"boot": self.boot, "epoch": self.epoch, "new": self.new, "window": self.window.to_json()}
        text = json.dumps(raw).encode()
        return b"%s%08x %s\n" % (_HEADER, zlib.crc32(text), text)


def _read(line: bytes, now: float, terms: BudgetTerms, epoch: str, count: int) -> _State:
    """Read the state of a budget.

    What was given out before a restart, or before the file was damaged, emptied or replaced, is not known. The last two
    are noticed by an object that has used the file, in ``epoch`` and up to ``count``. It is forgotten once for all.
    """
    if not line:
        return _State.first(now, terms, new=not epoch)
    if not line.startswith(_HEADER) and not _HEADER.startswith(line):  # such as a file that was cut within it
        raise OutOfReachError("it is another file, or one of another version. Name another file, or remove it")
    state = _parsed(line.removeprefix(_HEADER).rstrip(b"\n"))
    if state is None or state.boot != _boot():
        return _State.first(now, terms, new=False)
    replaced = state.new if epoch != state.epoch else state.window.count < count
    return _State.first(now, terms, new=False) if epoch and replaced else state


def _parsed(line: bytes) -> _State | None:
    """The state in a line; ``None`` if it is damaged."""
    check, _, text = line.partition(b" ")
    if check != b"%08x" % zlib.crc32(text):
        return None
    try:
        raw = json.loads(text)
        return _State(SharedWindow.from_json(raw["window"]), str(raw["epoch"]), str(raw["boot"]), bool(raw["new"]))
    except (ValueError, KeyError, TypeError):
        return None


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
