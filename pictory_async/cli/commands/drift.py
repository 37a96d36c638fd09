"""`pictory drift`: show what changed in the account's templates since a snapshot."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import click

from pictory_async import Template, TemplateSnapshot, compare_templates
from pictory_async.cli._client import open_client, run
from pictory_async.cli._exit_codes import CHANGED, FAILURE, SUCCESS, CommandError
from pictory_async.cli._options import backup_option, base_url_option, collect_ids, json_option
from pictory_async.cli._tables import Column, Sheet, Table, open_sheet, table_options
from pictory_async.cli.display.text import counted, echo_note
from pictory_async.errors import NotFoundError

if TYPE_CHECKING:
    from pictory_async import AsyncPictory

__all__ = ["command"]

_EPILOG: Final = """\
\b
Exit codes: 0 nothing changed, 1 a template could not be fetched, or is
unknown, 2 wrong usage, or there is no snapshot, 6 something changed.
"""


@attrs.frozen
class _Drift:
    """What is known about the account since a snapshot.

    Attributes:
        snapshot: The snapshot.
        changes: What changed.
        unknown: Ids of templates that are neither in the snapshot nor in the account.
    """

    snapshot: TemplateSnapshot
    changes: list[_Change]
    unknown: list[str]


@attrs.frozen
class _Change:
    """A template that is not what it was.

    Attributes:
        template_id: The template.
        name: Its name now, or its last one.
        change: ``added``, ``removed`` or ``changed``.
        changes: What changed, one entry for each change.
    """

    template_id: str
    name: str | None
    change: str
    changes: tuple[str, ...] = ()


_TABLE: Final[Table[_Change]] = Table(
    "changes",
    (
        Column("template", lambda found: found.template_id, whole=True),
        Column("change", lambda found: found.change),
        Column("name", lambda found: found.name),
        Column("changes", lambda found: "; ".join(found.changes)),
    ),
)


@click.command("drift", epilog=_EPILOG, short_help="Show which templates changed since a snapshot.")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@backup_option("The directory of 'pictory backup --all'. Required.")
@table_options
@base_url_option
@json_option("Print a JSON document for each template that changed.")
def command(*, ids: tuple[str, ...], backup: Path | None, base_url: str | None, as_json: bool) -> None:
    """Show which templates changed since the newest snapshot, or which of these.

    The details of the templates are compared, and not their files. Piped output is one line per template that changed,
    with tabs between id, change (added, removed or changed), name, and what changed.
    """
    if backup is None:
        example = next((one for one in ids if Path(one).is_dir()), "bk")
        raise click.UsageError(
            f"Missing option '--backup': the directory of 'pictory backup --all', such as --backup {example}."
        )
    sheet = open_sheet(_TABLE, as_json=as_json)
    wanted = collect_ids(ids, noun="template") if ids else None
    click.get_current_context().exit(_report(sheet, run(partial(_find, base_url, backup, wanted))))


def _report(sheet: Sheet[_Change], found: _Drift) -> int:
    """Print what changed, and return the exit code."""
    if not found.changes and sheet.is_default:
        sheet.leave()  # the sentence below says it
    for one in found.changes:
        if sheet.is_json:
            sheet.document(attrs.asdict(one))
        else:
            sheet.add(one)
    for template_id in found.unknown:
        text = f"There is no template {template_id!r}, neither in the account nor in the snapshot. Check the id."
        CommandError(text).show()
        if sheet.is_json:
            sheet.document({"template_id": template_id, "error": text})
    count = counted(len(found.changes), "change") if found.changes else "No changes"
    echo_note(f"{count} since {found.snapshot.taken_at:%Y-%m-%d %H:%M:%S} UTC.")
    if found.unknown:
        return FAILURE
    return CHANGED if found.changes else SUCCESS


async def _find(base_url: str | None, backup: Path, wanted: list[str] | None) -> _Drift:
    snapshot = await TemplateSnapshot.find(backup)
    async with open_client(base_url) as client:
        if wanted is None:
            now = {one.id: one async for one in client.templates.list(details=True)}
        else:
            now = {one: found for one in wanted if (found := await _get(client, one)) is not None}
    order = dict.fromkeys(wanted or [*snapshot.templates, *now])
    changes = [await _change(snapshot, one, now.get(one)) for one in order]
    unknown = [one for one in order if one not in now and one not in snapshot.templates]
    return _Drift(snapshot, [one for one in changes if one is not None], unknown)


async def _get(client: AsyncPictory, template_id: str) -> Template | None:
    try:
        return await client.templates.get(template_id)
    except NotFoundError as error:
        if not error.from_api:
            raise  # a proxy or a gateway says nothing about the template
        return None


async def _change(snapshot: TemplateSnapshot, template_id: str, now: Template | None) -> _Change | None:
    old = snapshot.templates.get(template_id)
    if old is None:
        return None if now is None else _Change(template_id, now.name, "added")
    if now is None:
        return _Change(template_id, old.name, "removed")
    if snapshot.has(now):
        return None
    lines = compare_templates(await snapshot.load(template_id), now).lines()
    return _Change(template_id, now.name, "changed", tuple(lines))
