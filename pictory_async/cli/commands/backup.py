"""`pictory backup`: back up templates, and check backups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

import click
from anyio import to_thread

from pictory_async import TemplateBackup, TemplateSnapshot, verify_backup
from pictory_async.cli._client import open_client, run
from pictory_async.cli._downloads import directory_option
from pictory_async.cli._exit_codes import NOT_RENDERED, SUCCESS, SettingError
from pictory_async.cli._fetching import print_each
from pictory_async.cli._options import base_url_option, collect_ids, json_option
from pictory_async.cli._places import Directory, check_directory, names_of
from pictory_async.cli._writers import as_cell
from pictory_async.cli.display.text import as_size, as_text, counted, echo_json, one_line, out_is_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import AsyncPictory, BackupCheck

__all__ = ["command"]

# As `backup_all` calls them.
_SNAPSHOTS: Final = ".pictory-snapshots"
_OF_SNAPSHOTS: Final = ("objects", "snapshots")


@click.command("backup", short_help="Back up templates, or check backups.")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="Take a dated snapshot of all templates; store what changed.")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="With --all, keep the newest N snapshots only.")
@directory_option(
    "--dir", "Target directory. Each template gets its own directory there, named by its id.", default="."
)
@click.option(
    "--verify",
    "backups",
    type=Directory(made=False),
    multiple=True,
    metavar="DIR",
    help="Check the backup or the snapshots in DIR, or all backups in DIR, without any request; can be repeated.",
)
@base_url_option
@json_option("Print a JSON document for each backup.")
def command(
    *,
    ids: tuple[str, ...],
    everything: bool,
    keep: int | None,
    directory: Path,
    backups: tuple[Path, ...],
    base_url: str | None,
    as_json: bool,
) -> None:
    """Back up templates: their details, and the files of their project and structure.

    Templates are fetched concurrently. An older backup of the same template is replaced when the new one is complete.
    Piped output is one line per backup, with tabs between id, directory, number of files, size in bytes, and the files
    that the template does not have. With --all, it is one line with tabs between directory, time, number of templates,
    number of new contents, and number of removed snapshots. With --verify, it is one line per problem, with tabs
    between state, directory and problem; a whole backup has one line without a problem.
    """
    if keep is not None and not everything:
        raise click.UsageError("--keep is for --all.")
    if [bool(ids), everything, bool(backups)].count(True) > 1:
        raise click.UsageError("Give only one of ids, --all and --verify.")
    if backups:
        _verify(backups, as_json=as_json)
    elif everything:
        _snap(base_url, directory, keep, as_json=as_json)
    else:
        _back_up(base_url, collect_ids(ids, noun="template"), directory, as_json=as_json)


def _back_up(base_url: str | None, wanted: list[str], directory: Path, *, as_json: bool) -> NoReturn:
    check_directory(directory)
    names = names_of(wanted)

    async def get(client: AsyncPictory, template_id: str) -> TemplateBackup:
        return await client.templates.backup(template_id, directory / names[template_id])

    def show(backup: TemplateBackup) -> None:
        if as_json:
            echo_json(backup.to_dict())
        else:
            _print(backup)

    json_id = "templateId" if as_json else None
    print_each(base_url, wanted, get, show, noun="template", json_id=json_id, works=True)


def _snap(base_url: str | None, directory: Path, keep: int | None, *, as_json: bool) -> None:
    check_directory(directory)

    async def work() -> TemplateSnapshot:
        async with open_client(base_url) as client:
            return await client.templates.backup_all(directory, keep=keep)

    _print_snapshot(run(work), as_json=as_json)


def _print_snapshot(found: TemplateSnapshot, *, as_json: bool) -> None:
    if as_json:
        echo_json(found.to_dict())
    elif out_is_terminal():
        removed = f"; {counted(found.removed, 'older snapshot')} removed" if found.removed else ""
        stored = f"{counted(found.stored, 'new content')} stored" if found.stored else "nothing changed"
        count = counted(len(found.templates), "template")
        click.echo(f"{as_cell(found.taken_at)} UTC  {count}, {stored}{removed}")
    else:
        fields = (found.path, as_cell(found.taken_at), len(found.templates), found.stored, found.removed)
        click.echo("\t".join(map(as_text, fields)))


def _print(backup: TemplateBackup) -> None:
    size = sum(file.size for file in backup.files)
    if not out_is_terminal():
        fields = (backup.template_id, backup.path, len(backup.files), size, ", ".join(backup.absent))
        click.echo("\t".join(map(as_text, fields)))
        return
    # Without the path, which ends with the id, the line fits.
    absent = f"; the template has no {' and no '.join(backup.absent)}" if backup.absent else ""
    click.echo(f"{backup.template_id}  {counted(len(backup.files), 'file')}, {as_size(size)}{absent}")


def _verify(paths: tuple[Path, ...], *, as_json: bool) -> NoReturn:
    for path in paths:
        if not path.is_dir():
            raise SettingError(f"There is no directory {path}. Name the directory of a backup.")
    click.get_current_context().exit(_print_checks(run(lambda: _checks(paths)), as_json=as_json))


def _print_checks(checks: list[BackupCheck], *, as_json: bool) -> int:
    for check in checks:
        if as_json:
            echo_json(check.to_dict())
        else:
            _print_check(check)
    return SUCCESS if all(check.ok for check in checks) else NOT_RENDERED


def _print_check(check: BackupCheck) -> None:
    state, problems = "whole" if check.ok else "damaged", [problem.message for problem in check.problems]
    if not out_is_terminal():
        for problem in problems or [""]:
            click.echo("\t".join(map(as_text, (state, check.path, problem))))
        return
    click.echo(f"{state:<7}  {as_text(check.path)}")
    for problem in problems:
        click.echo(one_line(f"         {problem}"))


async def _checks(paths: tuple[Path, ...]) -> list[BackupCheck]:
    found = [path for one in paths for path in await to_thread.run_sync(_backups_in, one)]
    return [await verify_backup(path) for path in found]


def _backups_in(directory: Path) -> list[Path]:
    """Return the directory itself, or each of the backups in it if it is not one. Beside snapshots, both can be."""
    if (directory / "manifest.json").exists():
        return [directory]
    below = sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    if (directory / _SNAPSHOTS).exists():
        return [directory, *(path for path in below if path.name not in _OF_SNAPSHOTS)]
    return below or [directory]
