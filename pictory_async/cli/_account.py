"""Which account a command is for: its key, the address of the API and the request budget."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import attrs
import click

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._given import given
from pictory_async.cli._profiles import Profile, read_profile
from pictory_async.cli._quantities import Rate, to_rate

__all__ = ["Account", "find_account", "find_rate", "output_of"]

T = TypeVar("T")

_DEFAULT_RATE: Final = "300/min"
_KEY: Final = "PICTORY_API_KEY"
_KEY_FILE: Final = "PICTORY_API_KEY_FILE"
_PROFILE: Final = "PICTORY_PROFILE"
_RATE: Final = f"{__name__}.rate"
_NO_KEY: Final = (
    "There is no API key. Copy one from https://app.pictory.ai/api-access and set PICTORY_API_KEY, or name a file with "
    "it in PICTORY_API_KEY_FILE. Without an account, 'pictory demo' shows a wait with simulated renders."
)
_LIMIT: Final = 30.0  # seconds, for the command that prints the key: it may ask its user something
_LINE_ENDS: Final = ("\r\n", "\n")


@attrs.define(kw_only=True)
class Account:
    """Where the key of a command comes from, and the address that it is for.

    Attributes:
        source: Where the key comes from, for people.
        base_url: The address of the API; ``None`` for the one of the environment, or Pictory's.
        key_file: The file with the key; ``None`` if it is in none, or the environment names it.
        key_command: The command that prints the key; empty if there is none.
    """

    source: str
    base_url: str | None = None
    key_file: Path | None = None
    key_command: Sequence[str] = ()
    # Hidden in a function: what prints an object prints no key.
    _printed: Callable[[], str] | None = attrs.field(default=None, init=False, repr=False)
    _identity: Callable[[], list[str]] | None = attrs.field(default=None, init=False, repr=False)

    def key(self) -> str | Path | None:
        """Return what `AsyncPictory` takes as its key. The command that prints the key is run once.

        Raises:
            SettingError: That command failed.
        """
        if not self.key_command:
            return self.key_file
        if self._printed is None:
            self._printed = _hidden(output_of(self.key_command))
        return self._printed()

    def needed_key(self) -> str | Path | None:
        """Return the same for a command that sends requests.

        Raises:
            SettingError: There is no key, or the command that prints it failed.
        """
        key = self.key()
        if key is None and not any(os.environ.get(name, "").strip() for name in (_KEY, _KEY_FILE)):
            raise SettingError(_NO_KEY)
        return key

    def identity(self) -> list[str]:
        """Return what tells accounts apart: the address and the key. What cannot be read is empty.

        It is found once: a file with the key is not read again in the event loop.

        Raises:
            SettingError: The command that prints the key failed.
        """
        if self._identity is None:
            self._identity = _hidden(self._found_identity())
        return [*self._identity()]

    def _found_identity(self) -> list[str]:
        address = given("base_url") or self.base_url or os.environ.get("PICTORY_API_BASE_URL", "")
        key = self.key() or (None if os.environ.get(_KEY) else _path(os.environ.get(_KEY_FILE)))
        if isinstance(key, Path):
            with contextlib.suppress(OSError, ValueError):
                return [address, key.read_text(encoding="utf-8")]
        return [address, os.environ.get(_KEY, "") if key is None or isinstance(key, Path) else key]


def find_account() -> Account:
    """Return the account of the running command.

    Raises:
        SettingError: The profile is missing or invalid, or two settings name a key.
    """
    ctx = click.get_current_context(silent=True)
    if ctx is None:  # part of a program
        return _find()
    found: Account | None = ctx.meta.get(__name__)
    if found is None:
        found = ctx.meta[__name__] = _find()
    return found


def find_rate() -> Rate:
    """Return the request budget of the running command.

    Raises:
        SettingError: ``PICTORY_RATE``, or the profile's rate, is not a rate.
    """
    rate: Rate | None = given("rate")
    if rate is not None:
        return rate
    ctx = click.get_current_context()
    found: Rate | None = ctx.meta.get(_RATE)
    if found is None:
        found = ctx.meta[_RATE] = _find_rate()
    return found


def _find_rate() -> Rate:
    profile = _profile()
    places = {"PICTORY_RATE": os.environ.get("PICTORY_RATE")}
    if profile is not None:
        places[f"The rate of profile {profile.name!r}"] = profile.rate
    for place, text in places.items():
        if text:
            try:
                return to_rate(text)
            except click.BadParameter as error:
                raise SettingError(f"{place}: {error.message}") from None
    return to_rate(_DEFAULT_RATE)


def _find() -> Account:
    profile = _profile()
    base_url = None if profile is None else profile.base_url
    command: str | None = given("key_command")
    if command is not None:
        return Account(source="--key-command", base_url=base_url, key_command=_words(command, "--key-command"))
    if profile is not None and profile.has_key:
        _check_alone(profile)
        where = f"profile {profile.name!r}"
        if profile.key_file is not None:
            return Account(source=f"{profile.key_file} ({where})", base_url=base_url, key_file=profile.key_file)
        words = _words(profile.key_command or "", f"key_command of {where}")
        return Account(source=f"key_command ({where})", base_url=base_url, key_command=words)
    source = _KEY
    if not os.environ.get(_KEY) and os.environ.get(_KEY_FILE):
        source = f"{os.environ[_KEY_FILE]} ({_KEY_FILE})"
    return Account(source=source, base_url=base_url)


def _profile() -> Profile | None:
    name = given("profile") or os.environ.get(_PROFILE)
    return read_profile(name) if name else None


def _check_alone(profile: Profile) -> None:
    """Refuse two keys that the environment names: which account is billed must be clear."""
    other = next((name for name in (_KEY, _KEY_FILE) if os.environ.get(name)), None)
    if other is not None and given("profile") is None:
        raise SettingError(
            f"{_PROFILE} ({profile.name}) and {other} are both set, and each names a key. Unset one of them, or choose "
            f"the profile with --profile {profile.name}."
        )


def _words(command: str, what: str) -> list[str]:
    if "pictai_" in command:
        raise SettingError(f"{what} contains an API key. It must be a command that prints the key.")
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise SettingError(f"{what} is not a command: a quotation mark is not closed, or it is empty.")
    return words


def output_of(words: Sequence[str], limit: float = _LIMIT) -> str:
    """Run a command, and return what it prints without the line end.

    Args:
        words: The command.
        limit: How long it may take, in seconds.

    Raises:
        SettingError: It failed. The text has its program only: arguments may be secrets.
    """
    what = f"The key command {words[0]!r}"
    try:
        found = subprocess.run(words, stdout=subprocess.PIPE, timeout=limit, check=False)  # noqa: S603 - the user's
    except OSError as error:
        raise SettingError(f"{what} could not be run: {error.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise SettingError(f"{what} did not end within {limit:.0f} s.") from None
    if found.returncode:
        raise SettingError(f"{what} failed with exit status {found.returncode}.")
    if not found.stdout.strip():
        raise SettingError(f"{what} printed no key.")
    return _without_line_end(found.stdout.decode(errors="replace"))


def _without_line_end(text: str) -> str:
    end = next((end for end in _LINE_ENDS if text.endswith(end)), "")
    return text.removesuffix(end)


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def _hidden(value: T) -> Callable[[], T]:
    return lambda: value
