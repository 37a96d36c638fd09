"""Profiles: the settings of several accounts, in one file, without their keys."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final, cast

import attrs
import click

from pictory_async.cli._exit_codes import SettingError

__all__ = ["Profile", "config_file", "read_profile"]

_KEYS: Final = ("api_key_file", "key_command", "base_url", "rate")
_KEY_MARK: Final = "pictai_"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")  # a name that TOML reads without quotation marks
_VARIABLE: Final = "PICTORY_CONFIG_FILE"


@attrs.frozen(kw_only=True)
class Profile:
    """The settings of one account.

    Attributes:
        name: The name of the profile.
        key_file: The file with the API key.
        key_command: The command that prints the API key.
        base_url: The address of the API.
        rate: The request budget.
    """

    name: str
    key_file: Path | None = None
    key_command: str | None = None
    base_url: str | None = None
    rate: str | None = None

    @property
    def has_key(self) -> bool:
        """Whether it names a key."""
        return self.key_file is not None or self.key_command is not None


def config_file() -> Path:
    """Return the file with the profiles, which need not exist."""
    named = os.environ.get(_VARIABLE)
    return Path(named) if named else Path(click.get_app_dir("pictory")) / "config.toml"


def read_profile(name: str) -> Profile:
    """Read a profile.

    Raises:
        SettingError: There is none of this name, or the file cannot be read, or something in it cannot be right.
    """
    path = config_file()
    profiles = _read(path, name).get("profile")
    found = cast("dict[str, Any]", profiles).get(name) if isinstance(profiles, dict) else None
    if not isinstance(found, dict):
        names = ", ".join(cast("dict[str, Any]", profiles)) if isinstance(profiles, dict) else ""
        raise SettingError(f"There is no profile {name!r} in {path}. It has {names or 'none'}.{_example(name)}")
    return _checked(name, path, cast("dict[str, Any]", found))


def _example(name: str) -> str:
    """Show how a profile is written, below a sentence."""
    section = name if _BARE.fullmatch(name) else json.dumps(name)
    return f' This is one:\n\n[profile.{section}]\napi_key_file = "pictory.key"'


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        other = "change" if os.environ.get(_VARIABLE) else "set"
        raise SettingError(
            f"There is no file {path} with profiles. Make it, or {other} {_VARIABLE}.{_example(name)}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise SettingError(f"{path} cannot be read: {reason}.") from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        # Without the parser's words: they may quote what stands there.
        raise SettingError(f"{path} is not valid TOML.") from None


def _checked(name: str, path: Path, values: dict[str, Any]) -> Profile:
    where = f"Profile {name!r} in {path}"
    if any(key == "api_key" or _KEY_MARK in f"{key} {value}" for key, value in values.items()):
        raise SettingError(
            f"{where} contains an API key. Put the key into a file of its own and name it with api_key_file, or let "
            "key_command print it."
        )
    for key, value in values.items():
        if key not in _KEYS:
            raise SettingError(f"{where} has an unknown setting {key!r}. A profile can have {', '.join(_KEYS)}.")
        if not isinstance(value, str) or not value:
            raise SettingError(f"{where}: {key} must be a text.")
    if "api_key_file" in values and "key_command" in values:
        raise SettingError(f"{where} has both api_key_file and key_command. Remove one of them.")
    # Beside the file that names it, wherever the command is started.
    file = values.pop("api_key_file", None)
    return Profile(name=name, key_file=None if file is None else path.parent / Path(file).expanduser(), **values)
