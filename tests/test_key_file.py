"""An API key in a file: ``PICTORY_API_KEY_FILE``, or a path instead of the key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pictory_async import AsyncPictory
from pictory_async._settings.config import ApiKey, Config
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "pictai_0123456789"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PICTORY_API_KEY", "PICTORY_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


def written(directory: Path, content: bytes, mode: int = 0o600) -> Path:
    """Write a file with a key."""
    path = directory / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def key_of(given: Path | None = None) -> object:
    """The key that a client takes."""
    return Config.checked(given, "https://api.example").key.reveal()


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_one_line_end_is_no_part_of_the_key(tmp_path: Path, end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Editors and shells put one at the end of a file."""
    path = written(tmp_path, KEY.encode() + end)
    assert KEY == key_of(path)
    monkeypatch.setenv("PICTORY_API_KEY_FILE", str(path))
    monkeypatch.setenv("PICTORY_API_KEY", "")
    assert KEY == key_of()


@pytest.mark.parametrize("content", [b"a b", b"pictai_1\n\n", b" pictai_1", b"pictai_1\npictai_2\n", b"\xff", b"\0"])
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    """A file with more in it than a key is the wrong file, and the error does not repeat it."""
    with pytest.raises(PictoryConfigError, match="spaces, line ends or other impossible characters") as error:
        key_of(written(tmp_path, content))
    assert "pictai_1" not in str(error.value)


def test_an_empty_file(tmp_path: Path) -> None:
    """It has no key."""
    with pytest.raises(PictoryConfigError, match="There is no API key"):
        key_of(written(tmp_path, b"\n"))


@pytest.mark.parametrize(
    ("name", "reason"), [("none", "No such file or directory"), (".", "Is a directory"), ("a\0b", "no name of a file")]
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, reason: str) -> None:
    """The error names the file and the reason, also for a key that is handed on."""
    with pytest.raises(PictoryConfigError, match=f"The API key could not be read from .*{reason}"):
        key_of(tmp_path / name)
    with pytest.raises(PictoryConfigError, match=reason):
        ApiKey(ApiKey(tmp_path / name)).check()


def test_two_keys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which account is billed must be clear."""
    monkeypatch.setenv("PICTORY_API_KEY", KEY)
    monkeypatch.setenv("PICTORY_API_KEY_FILE", str(written(tmp_path, b"pictai_other")))
    with pytest.raises(PictoryConfigError, match="PICTORY_API_KEY and PICTORY_API_KEY_FILE are both set"):
        AsyncPictory()
    assert AsyncPictory("pictai_given").base_url.startswith("https://")


@pytest.mark.skipif(os.name != "posix", reason="this system has other permissions")
def test_a_file_that_all_can_read(tmp_path: Path) -> None:
    """There is a warning, with what to do; a file of one group is well."""
    path = written(tmp_path, KEY.encode(), 0o644)
    with pytest.warns(UserWarning, match=f"{path} with the API key can be read by all users: chmod 600"):
        AsyncPictory(path)
    path.chmod(0o640)
    AsyncPictory(path)
