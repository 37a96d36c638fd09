"""What fails while a command is closed: click must not see it then, because it would leave its context behind."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["check_written", "noting_failure"]

_KEY: Final = "pictory.failure_at_end"


@contextlib.contextmanager
def noting_failure() -> Generator[None]:
    """Keep the first error of a block for `check_written`."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - raised again when the command is closed
        click.get_current_context().meta.setdefault(_KEY, error)


def check_written(ctx: click.Context) -> None:
    """Raise the error that `noting_failure` kept, if there is one."""
    error: Exception | None = ctx.meta.pop(_KEY, None)
    if error is not None:
        raise error
