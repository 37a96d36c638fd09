"""Whose account a command is for: keys in files, from commands and in profiles, and the request budget."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing import Render
from tests.cli._command import run

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import World
    from pictory_async.testing.server import ServerThread

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the profiles; the environment has no key."""
    for name in ("PICTORY_API_KEY_FILE", "PICTORY_PROFILE", "PICTORY_RATE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config.toml"
    monkeypatch.setenv("PICTORY_CONFIG_FILE", str(path))
    return path


@pytest.fixture
def key_file(world: World, tmp_path: Path) -> Path:
    """A file with the account's key."""
    path = tmp_path / "key"
    path.write_text(f"{world.api_key}\n")
    path.chmod(0o600)
    return path


def printing(text: str, code: int = 0) -> str:
    """A command that prints a text, and ends with a code."""
    return shlex.join(
        [sys.executable, "-c", f"import sys; print({text[:4]!r} + {text[4:]!r}, end=''); sys.exit({code})"]
    )


def test_status(world: World, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows where the key comes from and whether it is accepted, sends one request, and shows no part of the key."""
    found = run("auth", "status")
    assert (0, "") == (found.exit_code, found.stderr)
    assert f"key from: PICTORY_API_KEY\nbase URL: {server.base_url}\naccepted: yes\n" == found.stdout
    assert 1 == len(world.log)
    monkeypatch.setenv("PICTORY_API_KEY", "pictai_0123456789")
    found = run("auth", "status", "--json")
    status = json.loads(found.stdout)
    assert (77, False) == (found.exit_code, status["accepted"])
    assert f"Error: {status['error']}\n" == found.stderr
    assert "0123" not in found.stdout + found.stderr
    found = run("auth", "status", "--base-url", "http://127.0.0.1:1")
    assert (75, "unknown") == (found.exit_code, found.stdout.split()[-1])


def test_a_key_file(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command reads the file that the environment names."""
    monkeypatch.delenv("PICTORY_API_KEY")
    monkeypatch.setenv("PICTORY_API_KEY_FILE", str(key_file))
    assert f"key from: {key_file} (PICTORY_API_KEY_FILE)" in run("auth", "status").stdout


@pytest.mark.parametrize("before", [True, False])
def test_a_key_command(world: World, before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output of a command is the key, without its line end; the option stands on either side of the subcommand."""
    monkeypatch.delenv("PICTORY_API_KEY")
    option = ["--key-command", printing(f"{world.api_key}\r\n")]
    words = [*option, "auth", "status"] if before else ["auth", "status", *option]
    found = run(*words)
    assert (0, "") == (found.exit_code, found.stderr)
    assert "key from: --key-command\n" in found.stdout


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("no-such-program x", "The key command 'no-such-program' could not be run: No such file or directory."),
        (printing("secret", 3), f"The key command {sys.executable!r} failed with exit status 3."),
        (printing("\n"), f"The key command {sys.executable!r} printed no key."),
        ("'x", "--key-command is not a command"),
        (" ", "--key-command is not a command"),
        ("echo pictai_1", "--key-command contains an API key. It must be a command that prints the key."),
    ],
)
def test_a_key_command_that_fails(command: str, text: str) -> None:
    """One sentence says why, without what the command printed and without its arguments."""
    for words in (["auth", "status"], ["wait", "x"]):
        found = run(*words, "--key-command", command)
        assert (2, "", 1) == (found.exit_code, found.stdout, found.stderr.count("\n"))
        assert text in found.stderr
        assert "secret" not in found.stderr
        assert "pictai" not in found.stderr


def test_a_profile(config: Path, key_file: Path, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile has the key's file, beside its own, and the address; the option is stronger than the environment."""
    monkeypatch.setenv("PICTORY_API_BASE_URL", "http://127.0.0.1:1")
    config.write_text(f'[profile.acme]\napi_key_file = "key"\nbase_url = "{server.base_url}"\n[profile.other]\n')
    for words in (["--profile", "acme", "auth", "status"], ["auth", "status", "--profile", "acme"]):
        found = run(*words)
        assert (0, "") == (found.exit_code, found.stderr)
        assert f"key from: {key_file} (profile 'acme')" in found.stdout
    assert "key from: PICTORY_API_KEY\n" in run("auth", "status", "--profile", "other").stdout
    monkeypatch.setenv("PICTORY_PROFILE", "acme")
    found = run("auth", "status")
    assert 2 == found.exit_code
    assert "PICTORY_PROFILE (acme) and PICTORY_API_KEY are both set" in found.stderr
    monkeypatch.delenv("PICTORY_API_KEY")
    assert 0 == run("auth", "status").exit_code


def test_a_profile_with_a_command(world: World, config: Path) -> None:
    """A profile can name a command that prints the key."""
    config.write_text(f"[profile.acme]\nkey_command = '''{printing(world.api_key)}'''\n")
    found = run("auth", "status", "--profile", "acme")
    assert (0, "key from: key_command (profile 'acme')") == (found.exit_code, found.stdout.splitlines()[0])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "There is no profile 'acme' in "),
        (b"[profile.other]", "It has other."),
        (b"profile = 1", "It has none."),
        (b"[profile.acme", "is not valid TOML."),
        (b"\xff", "cannot be read: it is not text in UTF-8."),
        (b"[profile.acme]\nkey = 'x'", "has an unknown setting 'key'."),
        (b"[profile.acme]\nrate = 5", "rate must be a text."),
        (b"[profile.acme]\nrate = 'x'", "The rate of profile 'acme': 'x' is not a rate such as"),
        (b"[profile.acme]\napi_key = 'secret'", "contains an API key. Put the key into a file of its own"),
        (b"[profile.acme]\nbase_url = 'pictai_secret'", "contains an API key. Put the key into a file of its own"),
        (b"[profile.acme]\napi_key_file = 'x'\nkey_command = 'y'", "has both api_key_file and key_command."),
        (b"[profile.acme]\nkey_command = '\"'", "key_command of profile 'acme' is not a command"),
        (b"[profile.acme]\napi_key_file = 'none'", "The API key could not be read from "),
    ],
)
def test_a_profile_that_cannot_be_right(config: Path, content: bytes, text: str) -> None:
    """One sentence says what is wrong with it, and repeats no key."""
    config.write_bytes(content)
    found = run("project", "x", "--profile", "acme")
    assert (2, "") == (found.exit_code, found.stdout)
    assert text in found.stderr
    assert "secret" not in found.stderr


def test_no_file_of_profiles(config: Path) -> None:
    """The error names the file that is missing, and one that cannot be read."""
    assert f"There is no file {config} with profiles." in run("projects", "--profile", "x").stderr
    config.mkdir()
    assert f"{config} cannot be read: Is a directory." in run("projects", "--profile", "x").stderr


@pytest.mark.parametrize("command", ["project x", "projects", "template x", "jobs", "download x", "check x"])
def test_the_rate_of_every_command(config: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command with requests takes a rate from its option, the environment or the profile, and checks it."""
    monkeypatch.setenv("PICTORY_RATE", "fast")
    found = run(*command.split())
    assert (2, "") == (found.exit_code, found.stdout)
    assert "PICTORY_RATE: 'fast' is not a rate such as" in found.stderr
    assert 2 != run(*command.split(), "--rate", "5/s").exit_code
    assert 2 != run("--rate", "5/s", *command.split()).exit_code
    assert 2 == run(*command.split(), "--rate", "fast").exit_code


def test_the_next_command_has_them(world: World, config: Path, key_file: Path) -> None:
    """The command that waits for the rest is for the same account and within the same budget."""
    config.write_text(f'[profile.acme]\napi_key_file = "{key_file}"\n')
    late = str(world.add_project(Render(-1.0, duration=1e6)))
    found = run("--profile", "acme", "wait", late, "--max-wait", "0.1", "--rate", "9/s")
    assert 4 == found.exit_code
    again = found.stderr.splitlines()[-1].split()
    assert "--profile acme --rate 9/s" in " ".join(again)
    assert 4 == run(*again[1:], "--max-wait", "0.1").exit_code


def test_what_is_kept_belongs_to_a_key(
    world: World, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same key is the same account, wherever it comes from; another one is not."""
    late = str(world.add_project(Render(-1.0, duration=1e6)))
    name = run("wait", late, "--max-wait", "0.1").stderr.split("--resume ")[1].split()[0]
    monkeypatch.delenv("PICTORY_API_KEY")
    monkeypatch.setenv("PICTORY_API_KEY_FILE", str(key_file))
    again = ["wait", "--resume", name, "--max-wait", "0.1"]
    assert "was kept with another API key" not in run(*again).stderr
    assert "was kept with another API key" not in run(*again, "--key-command", printing(world.api_key)).stderr
    assert "was kept with another API key" in run(*again, "--key-command", printing("pictai_other")).stderr
    monkeypatch.setenv("PICTORY_API_KEY_FILE", str(tmp_path / "none"))
    assert 2 == run(*again).exit_code
