"""What commands leave pending, kept for the next one."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pictory_async import RenderHandle

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click", reason="the extra cli is not installed")

from pictory_async.cli._exit_codes import CommandError
from pictory_async.cli._kept import KeptId, Store

DATE = datetime(2026, 1, 31, 12, tzinfo=UTC)
HANDLES = [
    RenderHandle(project_id="a", job_id="1", generated_before=DATE, requested_at=DATE),
    RenderHandle(project_id="a", job_id="2", requested_at=DATE.replace(day=1)),
    RenderHandle(project_id=7, job_id=None),
]
IDS = [KeptId("b", DATE), KeptId("c")]


def files(state: Path) -> list[Path]:
    return [*(state / "pending").iterdir()]


def test_what_is_kept_comes_back() -> None:
    """Handles, and ids with and without a date, are the same after they were kept."""
    store = Store()
    name = store.keep([*HANDLES, *IDS])
    assert name == store.keep([KeptId("d")], name)
    assert [*HANDLES, *IDS, KeptId("d")] == Store().load(name)


@pytest.mark.parametrize("name", ["", "abc", "../pending/x", "X", "a" * 40])
def test_nothing_is_kept_under_another_name(name: str) -> None:
    """A name that is not known, or is none, is one sentence."""
    Store().keep(HANDLES)
    with pytest.raises(CommandError, match="Nothing is pending under the name"):
        Store().load(name)


def test_what_is_done_is_removed(state: Path) -> None:
    """What has ended is pending no more, under whatever name; a file with nothing left is deleted."""
    store = Store()
    both, one = store.keep([*HANDLES, *IDS]), store.keep(HANDLES[:1])
    store.done([])
    store.done([KeptId("a"), RenderHandle(project_id="b")])  # a project is not its render
    assert 2 == len(files(state))
    store.done([HANDLES[0], IDS[0]])
    assert [*HANDLES[1:], IDS[1]] == store.load(both)
    with pytest.raises(CommandError):
        store.load(one)
    store.done([*HANDLES[1:], *IDS])
    assert [] == files(state)


def test_the_newest_render_of_a_project() -> None:
    """Of several renders of one project, the one that was requested last is found; ids and other projects are not."""
    store = Store()
    for items in (HANDLES[:1], HANDLES[1:], IDS):
        store.keep(items)
    assert HANDLES[0] == store.newest("a")
    assert HANDLES[2] == store.newest("7")
    assert store.newest("b") is None


def test_damaged_lines_are_skipped(state: Path) -> None:
    """A line that was cut off loses neither those before it nor those after it."""
    store = Store()
    name = store.keep(HANDLES[:1])
    (file,) = files(state)
    with file.open("a", encoding="utf-8") as out:
        out.write(
            '{"version": 1, "project_id": "x", "jo\n{}\n[]\n1\n{"id": "y"}\n{"id": "z", "after": 5}\n{"version": '
        )
    store.keep(HANDLES[1:], name)
    assert HANDLES == store.load(name)


DAMAGED = [
    b"[" * 100_000,
    b'{"done": ["x"]}',
    b'{"done": {}}',
    b'{"id": null, "after": null, "account": ""}',
    b'{"id": true, "after": null, "account": ""}',
    b'{"id": "x", "after": null, "account": null}',
    b'{"id": "x", "after": "2026-01-31T12:00:00", "account": ""}',
    b'{"id": "x", "after": 1e999, "account": ""}',
    b'{"id": ' + b"9" * 5000 + b', "after": null, "account": ""}',
    b'{"version": 1, "project_id": "a", "job_id": null, "requested_at": "2026-01-31T12:00:00"}',
    b'{"version": 1, "project_id": null}',
    b"\xff\xfe\x00",
    b"null",
    b'"done"',
    b"\0",
]


@pytest.mark.parametrize("damaged", DAMAGED, ids=range(len(DAMAGED)))
def test_any_damage_is_skipped(state: Path, damaged: bytes) -> None:
    """Whatever is in a line, the others in the file count, and nothing fails."""
    store = Store()
    name = store.keep(HANDLES[:1])
    (file,) = files(state)
    file.write_bytes(damaged + b"\n" + file.read_bytes() + damaged + b"\n")
    store.keep([*HANDLES[1:], *IDS], name)
    assert [*HANDLES, *IDS] == store.load(name)
    assert HANDLES[0] == store.newest("a")
    store.done([*HANDLES, *IDS])
    assert [] == files(state)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_file(state: Path) -> None:
    """A named pipe among the files is neither read nor written: both would wait for somebody else."""
    store = Store()
    name = store.keep(HANDLES)
    os.mkfifo(state / "pending" / "ab.jsonl")
    assert HANDLES[0] == store.newest("a")
    with pytest.raises(CommandError):
        store.load("ab")
    with pytest.raises(FileExistsError):
        store.keep(HANDLES, "ab")
    store.done(HANDLES)
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
    name = store.keep([KeptId("x", pending), *HANDLES])
    store.done([KeptId("x", ended)])
    assert ends is (KeptId("x", pending) not in store.load(name))


@pytest.mark.parametrize(
    ("variable", "same"), [("PICTORY_API_KEY", False), ("PICTORY_API_BASE_URL", False), ("X", True)]
)
def test_accounts_are_apart(monkeypatch: pytest.MonkeyPatch, state: Path, variable: str, same: bool) -> None:
    """A project of another account with the same id is another project. The key is not in the file."""
    monkeypatch.setenv("PICTORY_API_KEY", "a-secret-key")
    monkeypatch.setenv("PICTORY_API_BASE_URL", "https://one.example/")
    name = Store().keep([KeptId("7"), *HANDLES])
    (file,) = files(state)
    assert "secret" not in file.read_text()
    monkeypatch.setenv("PICTORY_API_BASE_URL", "https://one.example")
    with monkeypatch.context() as other:
        other.setenv(variable, "another")
        Store().done([KeptId("7")])
    assert same is (KeptId("7") not in Store().load(name))


def test_what_is_kept_already_is_not_kept_twice(state: Path) -> None:
    """Only what is new is written; a date that was found out meanwhile replaces none."""
    store = Store()
    name = store.keep([KeptId("x"), *HANDLES])
    (file,) = files(state)
    size = file.stat().st_size
    assert name == store.keep([KeptId("x"), *HANDLES], name)
    assert size == file.stat().st_size
    store.keep([KeptId("x", DATE)], name)
    assert [KeptId("x", DATE), *HANDLES] == store.load(name)


def test_files_that_cannot_be_read_are_skipped(state: Path) -> None:
    """What is no text, or no file, hides nothing else."""
    store = Store()
    name = store.keep(HANDLES)
    (state / "pending" / "aa.jsonl").write_bytes(b"\xff\xfe")
    (state / "pending" / "bb.jsonl").mkdir()
    assert HANDLES[0] == store.newest("a")
    store.done(HANDLES)
    with pytest.raises(CommandError):
        store.load(name)


def test_old_files_are_deleted(state: Path) -> None:
    """After a month, what was never waited for is forgotten."""
    store = Store()
    store.keep(HANDLES[:1])
    (old,) = files(state)
    os.utime(old, (0.0, 0.0))
    store.keep(HANDLES[1:])
    assert not old.exists()
    assert 1 == len(files(state))


def test_a_place_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeping fails, and looking finds nothing."""
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("PICTORY_STATE_DIR", str(file))
    with pytest.raises(OSError, match="file"):
        Store().keep(HANDLES)
    Store().done(HANDLES)
    assert Store().newest("a") is None


def test_an_id_as_a_handle() -> None:
    """If nothing can be kept, an id is printed as a handle that waits for the same video."""
    assert RenderHandle(project_id="b", generated_before=DATE) == KeptId("b", DATE).as_handle()


@pytest.mark.parametrize("variable", ["PICTORY_API_KEY", "PICTORY_API_BASE_URL"])
def test_handles_of_accounts_are_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], state: Path, variable: str
) -> None:
    """Another account is told whose renders it waits for by name, and neither ends them, nor finds the newest."""
    monkeypatch.setenv("PICTORY_API_KEY", "a-secret-key")
    monkeypatch.setenv("PICTORY_API_BASE_URL", "https://one.example")
    name = Store().keep(HANDLES)
    assert "secret" not in "".join(file.read_text() for file in files(state))
    with monkeypatch.context() as other:
        other.setenv(variable, "https://another.example")
        assert HANDLES == Store().load(name)
        assert "was kept with another API key or base URL" in capsys.readouterr().err
        assert Store().newest("a") is None
        Store().done(HANDLES)
        assert HANDLES[:1] == Store().load(Store().keep(HANDLES[:1]))
        Store().keep(HANDLES[:1], name)
        Store().done(HANDLES[:1])
    assert HANDLES == Store().load(name)
    assert HANDLES[0] == Store().newest("a")
    Store().done(HANDLES)
    assert [] == files(state)


def test_a_request_without_an_answer_is_told_once(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    """It is found by the next command for the same project of the same account, and only if it stayed unanswered."""
    for one in ("a", "b/../c", "d"):
        Store().ask(one)
    Store().answered("d")
    Store().answered("never asked")
    with monkeypatch.context() as other:
        other.setenv("PICTORY_API_KEY", "another")
        assert {} == Store().unanswered(["a"])
    found = Store().unanswered(["x", "a", "b/../c", "d"])
    assert ["a", "b/../c"] == list(found)
    assert all(time.tzinfo is UTC for time in found.values())
    assert {} == Store().unanswered(["a", "b/../c"])
    assert [] == [*(state / "asking").iterdir()]


def test_notes_that_cannot_be_written_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the note, the render is requested all the same."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("PICTORY_STATE_DIR", str(tmp_path / "file"))
    Store().ask("a")
    Store().answered("a")
    assert {} == Store().unanswered(["a"])
