"""What commands leave pending, kept for the next one."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pictory_async import RenderHandle

pytest.importorskip("click", reason="the extra cli is not installed")

import click

from pictory_async.cli._exit_codes import CommandError
from pictory_async.cli._store import PendingId, Store, _usual_state, find_state
from pictory_async.errors import LedgerError

DATE = datetime(2026, 1, 31, 12, tzinfo=UTC)
HANDLES = [
    RenderHandle(project_id="a", job_id="1", generated_before=DATE, requested_at=DATE),
    RenderHandle(project_id="a", job_id="2", requested_at=DATE.replace(day=1)),
    RenderHandle(project_id=7, job_id=None),
]
IDS = [PendingId("b", DATE), PendingId("c")]


def test_what_is_kept_comes_back() -> None:
    """Handles, and ids with and without a date, are the same after they were kept."""
    store = Store()
    name = store.keep([*HANDLES, *IDS])
    assert name == store.keep([PendingId("d")], name)
    assert [*HANDLES, *IDS, PendingId("d")] == Store().load(name)


@pytest.mark.parametrize("name", ["", "abc", "../pending/x", "X", "a" * 40])
def test_nothing_is_kept_under_another_name(name: str) -> None:
    """A name that is not known, or is none, is one sentence."""
    Store().keep(HANDLES)
    with pytest.raises(CommandError, match="Nothing is pending under the name"):
        Store().load(name)


def test_what_is_done_is_removed() -> None:
    """What has ended is pending no more, under whatever name."""
    store = Store()
    both, one = store.keep([*HANDLES, *IDS]), store.keep(HANDLES[:1])
    store.done([])
    store.done([PendingId("a"), RenderHandle(project_id="b")])  # a project is not its render
    assert [*HANDLES, *IDS] == store.load(both)
    store.done([HANDLES[0], IDS[0]])
    assert [*HANDLES[1:], IDS[1]] == store.load(both)
    with pytest.raises(CommandError):
        store.load(one)
    store.done([*HANDLES[1:], *IDS])
    with pytest.raises(CommandError):
        store.load(both)


def test_the_newest_render_of_a_project() -> None:
    """Of several renders of one project, the one that was requested last is found; ids and other projects are not."""
    store = Store()
    for items in (HANDLES[:1], HANDLES[1:], IDS):
        store.keep(items)
    assert {"a": HANDLES[0], "7": HANDLES[2]} == store.newest(["a", "7", "b", "c"])


DAMAGED = [
    "[" * 100_000,
    '{"id": null, "after": null}',
    '{"id": true, "after": null}',
    '{"id": "y"}',
    '{"id": "x", "after": "2026-01-31T12:00:00"}',
    '{"id": "x", "after": 1e999}',
    '{"version": 1, "project_id": "a", "job_id": null, "requested_at": "2026-01-31T12:00:00"}',
    '{"version": 1, "project_id": null}',
    "null",
    "",
]


def test_a_render_that_cannot_be_read(state: Path) -> None:
    """A render may be paid for: it is not skipped, and the error names what is wrong with it."""
    store = Store()
    name = store.keep(HANDLES)
    with contextlib.closing(sqlite3.connect(state / "ledger.db")) as other, other:
        values = (store._address, name)
        columns = "(api, project, version, attempt, run, state, asked)"
        other.execute(f"INSERT INTO render {columns} VALUES (?, 'a', '1', 1, ?, 'started', 'noon')", values)
    with pytest.raises(CommandError, match="'noon' in it is no date"):
        store.load(name)
    with pytest.raises(LedgerError, match="'noon' in it is no date"):
        store.requested(name)


@pytest.mark.parametrize("damaged", DAMAGED, ids=range(len(DAMAGED)))
def test_any_damage_is_skipped(state: Path, damaged: str) -> None:
    """Whatever is in a row, the others count, and nothing fails."""
    store = Store()
    name = store.keep([*HANDLES, *IDS])
    with contextlib.closing(sqlite3.connect(state / "ledger.db")) as other, other:
        other.execute("INSERT INTO pending SELECT run, account, 'damaged', ?, noted FROM pending LIMIT 1", (damaged,))
    assert [*HANDLES, *IDS] == store.load(name)
    assert HANDLES[0] == store.newest(["a"])["a"]
    store.done([*HANDLES, *IDS])
    with pytest.raises(CommandError):
        store.load(name)


@pytest.mark.parametrize(
    ("ended", "pending", "ends"),
    [
        (None, None, True),
        (DATE, None, True),
        (DATE, DATE, True),
        (DATE, DATE.replace(day=1), True),
        (None, DATE, False),
        (DATE.replace(day=1), DATE, False),
    ],
)
def test_a_wait_ends_no_stronger_one(ended: datetime | None, pending: datetime | None, ends: bool) -> None:
    """What waits for a newer video is pending until there is one."""
    store = Store()
    name = store.keep([PendingId("x", pending), *HANDLES])
    store.done([PendingId("x", ended)])
    assert ends is (PendingId("x", pending) not in store.load(name))


@pytest.mark.parametrize(
    ("variable", "same"), [("PICTORY_API_KEY", False), ("PICTORY_API_BASE_URL", False), ("X", True)]
)
def test_accounts_are_apart(monkeypatch: pytest.MonkeyPatch, state: Path, variable: str, same: bool) -> None:
    """A project of another account with the same id is another project. The key is not in the file."""
    monkeypatch.setenv("PICTORY_API_KEY", "a-secret-key")
    monkeypatch.setenv("PICTORY_API_BASE_URL", "https://one.example/")
    name = Store().keep([PendingId("7"), *HANDLES])
    assert b"secret" not in (state / "ledger.db").read_bytes()
    monkeypatch.setenv("PICTORY_API_BASE_URL", "https://one.example")
    with monkeypatch.context() as other:
        other.setenv(variable, "another")
        Store().done([PendingId("7")])
    assert same is (PendingId("7") not in Store().load(name))


def test_a_place_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeping fails, and looking finds nothing."""
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("PICTORY_STATE_DIR", str(file))
    with pytest.raises(LedgerError, match="file"):
        Store().keep(HANDLES)
    Store().done(HANDLES)
    assert {} == Store().newest(["a"])


def test_an_id_as_a_handle() -> None:
    """If nothing can be kept, an id is printed as a handle that waits for the same video."""
    assert RenderHandle(project_id="b", generated_before=DATE) == PendingId("b", DATE).as_handle()


@pytest.mark.parametrize("variable", ["PICTORY_API_KEY", "PICTORY_API_BASE_URL"])
def test_handles_of_accounts_are_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state: Path, variable: str
) -> None:
    """Another account is told whose renders it waits for by name, and neither ends them, nor finds the newest."""
    monkeypatch.setenv("PICTORY_API_KEY", "a-secret-key")
    monkeypatch.setenv("PICTORY_API_BASE_URL", "https://one.example")
    name = Store().keep(HANDLES)
    assert b"secret" not in (state / "ledger.db").read_bytes()
    with monkeypatch.context() as other:
        other.setenv(variable, "https://another.example")
        assert HANDLES == Store().load(name)
        assert "was kept with another API key or base URL" in capsys.readouterr().err
        assert {} == Store().newest(["a"])
        Store().done(HANDLES)
        assert HANDLES[:1] == Store().load(Store().keep(HANDLES[:1]))
        Store().keep(HANDLES[:1], name)
        Store().done(HANDLES[:1])
    assert HANDLES == Store().load(name)
    assert HANDLES[0] == Store().newest(["a"])["a"]
    Store().done(HANDLES)
    with pytest.raises(CommandError):
        Store().load(name)


def test_the_last_one() -> None:
    """Without a name, it is what was left last, and still is pending."""
    with pytest.raises(CommandError, match="Nothing is pending: no command"):
        Store().load(None)
    Store().keep(HANDLES)
    Store().keep(IDS)
    assert IDS == Store().load(None)
    Store().done(IDS)
    assert HANDLES == Store().load(None)


@pytest.mark.parametrize("state_home", [None, "relative"])
def test_the_usual_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state_home: str | None) -> None:
    """On Linux it is where programs keep their state; a path that is not absolute does not count."""
    monkeypatch.delenv("PICTORY_STATE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    if state_home is not None:
        monkeypatch.setenv("XDG_STATE_HOME", state_home)
    assert tmp_path / ".local" / "state" / "pictory" == _usual_state("linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert tmp_path / "state" / "pictory" == _usual_state("linux")
    if sys.platform == "linux":
        assert tmp_path / "state" / "pictory" == find_state()
    assert _usual_state("darwin") == _usual_state("win32") == Path(click.get_app_dir("pictory"))
