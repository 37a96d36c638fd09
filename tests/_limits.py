"""A time limit that ends the test that hangs, and leaves its worker to the tests after it.

pytest-timeout decides which test has which limit; this plugin ends the test in its place. A signal interrupts the main
thread when a test has used up its limit:

- An async test or fixture is cancelled, and shields that hold this up are lowered. An exception out of the signal's
  handler could hit the event loop instead of the test: with trio, anyio's runner would then wait forever.
- A test that runs an event loop of its own is interrupted as by Ctrl-C, which all loops can deal with.
- Other code gets an exception where it is. So does code that blocks an event loop.

If nothing helps, a watchdog ends the process: C code that does not return, or a thread that is waited for.
"""

from __future__ import annotations

import asyncio
import faulthandler
import functools
import gc
import inspect
import os
import signal
import sys
import threading
import types
from typing import TYPE_CHECKING, Any, TextIO

import anyio
import pytest
import pytest_timeout  # type: ignore[import-untyped]
import trio
from _pytest.outcomes import OutcomeException
from _pytest.runner import CallInfo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

LOOPS = {"anyio", "asyncio", "outcome", "selectors", "trio", "uvloop"}
TASK = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


# Not pytest's `Failed`: Hypothesis takes that for the result of one example, and would run the next one.
# Nor another exception: anyio's runner survives only those of pytest and subclasses of `Exception`.
class TooLongError(OutcomeException):
    """A test took longer than its limit."""

    __module__ = "builtins"  # as pytest's own outcomes: shown without a path


class Limit:
    """The limit of the test that runs now."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        self.call: Call | None = None
        self.errors: TextIO | None = None
        self.interrupted = False
        self._settings: Any = None
        self._strikes = self._grants = 0

    def watch(self, item: pytest.Item, settings: Any) -> None:
        """Begin with a test."""
        self.item, self._settings, self._grants, self.interrupted = item, settings, 5, False
        self.grant()

    @property
    def only_call(self) -> bool:
        """Whether the limit is one for the test function only."""
        return bool(self._settings.func_only)

    def grant(self) -> None:
        """Let the test, what it cleans up, or its fixtures take as long as the limit from now on."""
        if not self._grants:
            return  # it survives whatever is raised: the watchdog ends it
        self._grants -= 1
        self._strikes = 0
        limit = self._settings.timeout
        if not self._debugging():
            faulthandler.dump_traceback_later(limit + max(limit, 60.0), exit=True, file=self.errors or sys.stderr)
        # After the first strike there are more, because one cancels, and the next one also lowers shields.
        signal.setitimer(signal.ITIMER_REAL, limit, max(limit / 60.0, 0.2))

    def stop(self) -> None:
        """Stop the timer."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        faulthandler.cancel_dump_traceback_later()

    def error(self) -> TooLongError:
        """What ends the test."""
        return TooLongError(f"The test took longer than its limit of {self._settings.timeout:g} s, and was ended.")

    def strike(self, _signal: int, frame: types.FrameType | None) -> None:
        """Handle the signal of the timer."""
        if self.item is None or not _in_phase(frame) or self._debugging():
            return
        self._strikes += 1
        again = self._strikes > 1
        if (again and _in_task(frame)) or (_soon() is None and not _in_runner(frame)):
            self.grant()
            if self.call is not None:
                self.call.struck = True
            raise self.error()
        if self.call is not None:
            self.call.cancel(lower_shields=again)
        elif not _in_runner(frame):
            self._interrupt(frame, lower_shields=again)

    def _debugging(self) -> bool:
        return bool(not self._settings.disable_debugger_detection and pytest_timeout.is_debugging())

    def _interrupt(self, frame: types.FrameType | None, *, lower_shields: bool) -> None:
        """Press Ctrl-C."""
        self.interrupted = True
        soon, press = _soon(), signal.getsignal(signal.SIGINT)
        if lower_shields and soon is not None:
            soon(_lower_shields)
        if callable(press):
            press(signal.SIGINT, frame)


class Call:
    """An async test, or a step of an async fixture, that can be cancelled."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.struck = False
        self._soon = _soon()

    def cancel(self, *, lower_shields: bool) -> None:
        """Have the event loop cancel it."""
        self.struck = True
        if self._soon is not None:
            self._soon(self._cancel, lower_shields)

    def _cancel(self, lower_shields: bool) -> None:
        self.scope.cancel()
        if lower_shields:
            _lower_shields()


def _soon() -> Callable[..., object] | None:
    """What has the event loop of this thread call a function, and may itself be called by a signal's handler."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        return trio.lowlevel.current_trio_token().run_sync_soon if trio.lowlevel.in_trio_run() else None


def _lower_shields() -> None:
    for thing in gc.get_objects():
        # Not isinstance(): that would wake up proxies, which may do anything.
        if issubclass(type(thing), (anyio.CancelScope, trio.CancelScope)) and thing.shield:
            thing.shield = False


LIMIT = Limit()


async def ended(function: Callable[..., Awaitable[Any]], *arguments: Any, **options: Any) -> Any:
    """Await a call, which the limit may cancel."""
    __tracebackhide__ = True
    call = LIMIT.call = Call()
    value: Any = None
    cause: BaseException | None = None
    try:
        with call.scope:
            try:
                value = await function(*arguments, **options)
            except BaseException as error:
                cause = error
                raise
    except BaseException as error:
        if not call.struck or isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
    finally:
        LIMIT.call = None
    if call.struck:
        LIMIT.grant()
        # As itself and not in a group, which would end anyio's runner. The cause shows where the test was.
        raise LIMIT.error() from cause
    return value


def limited(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make an async function one that the limit may cancel; return any other one as it is."""
    if inspect.ismethod(function):
        inner = limited(function.__func__)
        return function if inner is function.__func__ else types.MethodType(inner, function.__self__)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call(*arguments: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            return await ended(function, *arguments, **options)

        return call
    if not inspect.isasyncgenfunction(function):
        return function

    @functools.wraps(function)
    async def generate(*arguments: Any, **options: Any) -> Any:
        steps = function(*arguments, **options)
        while True:
            try:
                value = await ended(steps.__anext__)
            except StopAsyncIteration:
                return
            yield value

    return generate


def _names(frame: types.FrameType | None) -> Generator[tuple[types.FrameType, str]]:
    while frame is not None:
        yield frame, frame.f_globals.get("__name__", "")
        frame = frame.f_back


def _in_runner(frame: types.FrameType | None) -> bool:
    """Whether anyio's runner runs an event loop, which must survive."""
    return any(name == "anyio.pytest_plugin" for _, name in _names(frame))


def _in_task(frame: types.FrameType | None) -> bool:
    """Whether a task is at work, and not the event loop or a part of it that the task called."""
    for one, name in _names(frame):
        if name.partition(".")[0] in LOOPS:
            return False
        if one.f_code.co_flags & TASK:
            return True
    return False


def _in_phase(frame: types.FrameType | None) -> bool:
    """Whether pytest is where it takes an exception for the result of the test."""
    inside = CallInfo.from_call.__func__.__code__  # type: ignore[attr-defined]  # a class method has it
    return any(one.f_code is inside for one, _ in _names(frame)) and (frame is None or frame.f_code is not inside)


def pytest_configure() -> None:
    """Take over from pytest-timeout, on systems that have such signals."""
    if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
        LIMIT.errors = os.fdopen(os.dup(2), "w")  # while standard error is not captured
        # It stays until the end: a signal that arrives just before its timer is stopped must find a handler.
        signal.signal(signal.SIGALRM, LIMIT.strike)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A shell's background jobs inherit that Ctrl-C is ignored; event loops need its handler to be interrupted.
            signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Leave nothing open."""
    if LIMIT.errors is not None:
        LIMIT.stop()
        LIMIT.errors.close()


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool | None:
    """Begin with a test."""
    if LIMIT.errors is None:
        return None
    LIMIT.watch(item, settings)
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_cancel_timer() -> bool | None:
    """Stop the timer: the test is over, or a part of it failed."""
    if LIMIT.errors is None:
        return None
    LIMIT.stop()
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """Report an interrupt by the limit as what it is."""
    return (yield from _translated())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Report an interrupt by the limit as what it is."""
    return (yield from _translated())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Grant the limit once more, because pytest-timeout stops the timer when a part of the test fails."""
    if item is LIMIT.item and not LIMIT.only_call:
        LIMIT.grant()
    return (yield from _translated())


def _translated() -> Generator[None, object, object]:
    """Let the hooks run; a Ctrl-C of ours fails the test instead of ending the session."""
    cause: BaseException | None = None
    result: object = None
    try:
        result = yield
    except BaseException as error:
        if not LIMIT.interrupted:
            raise
        cause = error
    if LIMIT.interrupted:
        LIMIT.interrupted = False
        raise LIMIT.error() from cause
    return result


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> Generator[None, object, object]:
    """Let the limit cancel an async test."""
    function = pyfuncitem.obj
    pyfuncitem.obj = limited(function)
    try:
        return (yield)
    finally:
        pyfuncitem.obj = function


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, object, object]:
    """Let the limit cancel an async fixture."""
    function = fixturedef.func
    fixturedef.func = limited(function)
    try:
        return (yield)
    finally:
        fixturedef.func = function
