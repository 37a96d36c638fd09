"""`pictory completion`: print a shell's completion script."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

__all__ = ["command"]

_SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash:  pictory completion bash >> ~/.bashrc
    zsh:   pictory completion zsh >> ~/.zshrc
    fish:  pictory completion fish > ~/.config/fish/completions/pictory.fish
    """  # noqa: D301 - click's \b marks a paragraph that keeps its lines
    script = _SHELLS[shell](ctx.find_root().command, {}, "pictory", "_PICTORY_COMPLETE").source()
    click.echo(script)
