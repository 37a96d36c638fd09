"""What a check of a backup finds."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import TemplateBackup, errors, verify_backup
from pictory_async.testing import Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
async def backup(tmp_path: Path) -> TemplateBackup:
    world = World(media_base="self")
    template_id = world.add_template("Hi {{Name}}", name="Greeting")
    async with Simulator(world).client() as client:
        return await client.templates.backup(template_id, tmp_path / "backup")


def rewrite(path: Path, **values: Any) -> None:
    manifest = path / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **values}))


def entries(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "size": 1, "sha256": "x"} for name in names]


def become_a_directory(path: Path, name: str = "project.json") -> None:
    (path / name).unlink()
    (path / name).mkdir()


def become_a_link(path: Path) -> None:
    (path / "project.json").rename(path.with_name("elsewhere"))
    (path / "project.json").symlink_to(path.with_name("elsewhere"))


def become_a_pipe(path: Path) -> None:
    (path / "project.json").unlink()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path / "project.json")


DAMAGE: dict[str, tuple[Callable[[Path], object], list[tuple[str, str]]]] = {
    "no manifest": (lambda path: (path / "manifest.json").unlink(), [("manifest_missing", "manifest.json")]),
    "no directory": (lambda path: path.rename(path.with_name("gone")), [("manifest_missing", "manifest.json")]),
    "missing": (lambda path: (path / "project.json").unlink(), [("file_missing", "project.json")]),
    "longer": (lambda path: (path / "project.json").write_bytes(bytes(9999)), [("size_differs", "project.json")]),
    "changed": (
        lambda path: (path / "project.json").write_bytes((path / "project.json").read_bytes().replace(b"{", b"[", 1)),
        [("hash_differs", "project.json")],
    ),
    "two": (
        lambda path: [(path / name).write_text("") for name in ("structure.json", "template.json")],
        [("size_differs", "template.json"), ("size_differs", "structure.json")],
    ),
    "a directory": (become_a_directory, [("file_missing", "project.json")]),
    "a link": (become_a_link, [("file_missing", "project.json")]),
    "a pipe": (become_a_pipe, [("file_missing", "project.json")]),
    "a directory for a manifest": (
        lambda path: become_a_directory(path, "manifest.json"),
        [("manifest_missing", "manifest.json")],
    ),
    "unknown version": (lambda path: rewrite(path, version=2), [("manifest_version", "manifest.json")]),
    "no JSON": (lambda path: (path / "manifest.json").write_text("{"), [("manifest_damaged", "manifest.json")]),
    "a list": (lambda path: (path / "manifest.json").write_text("[]"), [("manifest_damaged", "manifest.json")]),
    "nested": (lambda path: (path / "manifest.json").write_text("[" * 9999), [("manifest_damaged", "manifest.json")]),
    "not UTF-8": (lambda path: (path / "manifest.json").write_bytes(b"\xff"), [("manifest_damaged", "manifest.json")]),
    "no files": (lambda path: rewrite(path, files=[]), [("manifest_damaged", "manifest.json")]),
    "odd files": (lambda path: rewrite(path, files=5), [("manifest_damaged", "manifest.json")]),
    "no id": (lambda path: rewrite(path, templateId=None), [("manifest_damaged", "manifest.json")]),
    "no zone": (lambda path: rewrite(path, exportDate="2026-01-01"), [("manifest_damaged", "manifest.json")]),
    "escape": (
        lambda path: rewrite(path, files=entries("template.json", "project.json", "../../etc/passwd")),
        [("manifest_damaged", "manifest.json")],
    ),
    "absolute": (
        lambda path: rewrite(path, files=entries("template.json", "/etc/passwd"), absent=["structure.json"]),
        [("manifest_damaged", "manifest.json")],
    ),
    "twice": (
        lambda path: rewrite(path, files=entries("template.json", "project.json", "project.json")),
        [("manifest_damaged", "manifest.json")],
    ),
    "without details": (
        lambda path: rewrite(path, files=entries("project.json", "structure.json"), absent=["template.json"]),
        [("manifest_damaged", "manifest.json")],
    ),
    "odd size": (
        lambda path: rewrite(
            path,
            files=[{**one, "size": "1"} for one in entries("template.json")],
            absent=["project.json", "structure.json"],
        ),
        [("manifest_damaged", "manifest.json")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
async def test_a_check_finds_what_is_wrong(backup: TemplateBackup, damage: str) -> None:
    """Each problem has a code, the file's name and a sentence; no name in a manifest leads out of the directory."""
    spoil, expected = DAMAGE[damage]
    await anyio.to_thread.run_sync(spoil, backup.path)
    check = await verify_backup(backup.path)
    assert not check.ok
    assert expected == [(problem.code, problem.file) for problem in check.problems]
    assert all(problem.message.startswith(problem.file) for problem in check.problems)
    assert (check.backup is None) is expected[0][0].startswith("manifest")
    assert check.to_dict()["problems"][0]["code"] == expected[0][0]


# Root may read every file, so the check runs as another user. It runs once before, to load what it needs.
PROGRAM = """
import json, os, sys
import anyio
from pictory_async import verify_backup

os.chdir(sys.argv[1])
anyio.run(verify_backup, ".")
user = os.geteuid()
if sys.argv[2:] == ["."]:
    os.chmod(".", 0o600)
if user == 0:
    os.seteuid(65534)
check = anyio.run(verify_backup, ".")
os.seteuid(user)
print(json.dumps(check.to_dict()["problems"]))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a POSIX system")
async def test_a_check_reports_a_file_that_cannot_be_read(backup: TemplateBackup) -> None:
    """A file without permission to read it is a problem with a reason, and no failure of the check."""
    backup.path.chmod(0o755)
    for path in backup.path.iterdir():
        path.chmod(0o644)
    (backup.path / "project.json").chmod(0)
    command = [sys.executable, "-c", PROGRAM, str(backup.path)]
    found = await anyio.run_process(command)
    message = "project.json cannot be read: Permission denied."
    assert [{"code": "file_unreadable", "file": "project.json", "message": message}] == json.loads(found.stdout)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a POSIX system")
@pytest.mark.parametrize("closed", ["manifest.json", "."])
async def test_a_check_reports_a_manifest_that_cannot_be_read(backup: TemplateBackup, closed: str) -> None:
    """A manifest or a directory without permission is not called damaged."""
    backup.path.chmod(0o755)
    if closed != ".":
        (backup.path / closed).chmod(0)
    command = [sys.executable, "-c", PROGRAM, str(backup.path), closed]
    found = await anyio.run_process(command)
    message = "manifest.json cannot be read: Permission denied."
    assert [{"code": "manifest_unreadable", "file": "manifest.json", "message": message}] == json.loads(found.stdout)


async def test_a_check_of_nothing_is_refused() -> None:
    """What is no path is told as such."""
    for path in ("", None):
        unusable: Any = path
        with pytest.raises(errors.PictoryConfigError, match="path"):
            await verify_backup(unusable)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"x", b"[" * 9999])
async def test_details_that_are_none(backup: TemplateBackup, content: bytes) -> None:
    """A backup whose details are not those of a template cannot be loaded, even if its manifest fits them."""
    (backup.path / "template.json").write_bytes(content)
    raw = json.loads((backup.path / "manifest.json").read_text())
    (details,) = (one for one in raw["files"] if one["name"] == "template.json")
    details.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
    rewrite(backup.path, files=raw["files"])
    assert (await verify_backup(backup.path)).ok
    with pytest.raises(errors.PictoryConfigError, match=r"cannot be loaded: template\.json"):
        await TemplateBackup.load(backup.path)
