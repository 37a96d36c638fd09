"""`pictory simulate`: serve a simulated Pictory, for programs of any kind."""

from __future__ import annotations

import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import click

from pictory_async.cli._again import program
from pictory_async.cli._client import run
from pictory_async.cli._exit_codes import CommandError
from pictory_async.cli._options import Rate, simulation_options, to_rate, to_seconds
from pictory_async.cli._places import check_file
from pictory_async.cli._simulation import Scenario, make_simulator, server_module
from pictory_async.cli.display.text import counted, echo_example, echo_sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from pictory_async.testing import Simulator

__all__ = ["command"]

_EXAMPLES: Final = 3
_CHANGES: Final = ("projects/ID/edit", "projects/ID/delete", "key/revoke", "key/restore", "latency?seconds=2")


@click.command("simulate", short_help="Serve a simulated Pictory until Ctrl-C.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8790, show_default=True, help="Port; 0 selects a free one."
)
@simulation_options(100_000)
@click.option("--rate", type=to_rate, metavar="N/PER", help="Reject more than N requests in any window of PER (429).")
@click.option("--latency", type=to_seconds, default="0", metavar="TIME", help="Time from a request to its response.")
@click.option(
    "--ids",
    "ids_file",
    type=click.Path(),
    metavar="FILE",
    help="Write the ids of all projects to a file, one per line, for 'pictory wait --ids-from'.",
)
@click.option(
    "--scenario",
    type=click.Choice(["renders", "agency"]),
    default="renders",
    show_default=True,
    help="What the projects are: all are rendered soon, or those of an agency: in every state, with several customers.",
)
@click.option(
    "--control",
    is_flag=True,
    help="Let requests below /_control edit and delete projects, revoke the key and slow the responses down.",
)
def command(  # noqa: PLR0913 - each option is an argument
    *,
    port: int,
    projects: int,
    render_seconds: tuple[float, float],
    seed: int,
    rate: Rate | None,
    latency: float,
    ids_file: str | None,
    scenario: Scenario,
    control: bool,
) -> None:
    """Serve a simulated Pictory on this machine until Ctrl-C.

    Its renders start with the first request.
    """
    target = None if ids_file is None else check_file(ids_file, replaces=False)
    server = server_module()
    simulator, planned = make_simulator(projects, render_seconds, seed, rate=rate, latency=latency, scenario=scenario)
    template = simulator.world.add_template("Hi {{Name}}, how are you?", variables={"Name": "there"})
    if target is not None:
        target.write_text("".join(f"{plan.project_id}\n" for plan in planned), encoding="utf-8")
    serve = partial(server.serve, simulator, port=port, control=control)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            some = [str(plan.project_id) for plan in planned[:_EXAMPLES]]
            wanted = some if target is None else ["--ids-from", os.fspath(target)]
            examples = (
                [*program(), "wait", *wanted, "--start-grace", "30s", "--download", "videos"],
                [*program(), "template", str(template)],
            )
            run(lambda: _serve(serve, simulator, len(planned), examples, control=control))
    except OSError as error:
        raise CommandError(f"Port {port} cannot be used ({error.strerror}). Choose another: --port 0") from None


async def _serve(
    serve: Callable[..., Awaitable[None]],
    simulator: Simulator,
    projects: int,
    examples: Iterable[list[str]],
    *,
    control: bool,
) -> None:
    def print_usage(base_url: str) -> None:
        echo_sentence(f"A simulated Pictory with {counted(projects, 'project')} is running at {base_url}")
        click.echo("Point a client to it:")
        echo_example(["export", f"PICTORY_API_BASE_URL={base_url}", f"PICTORY_API_KEY={simulator.world.api_key}"])
        click.echo("Then try:")
        for example in examples:
            echo_example(example)
        if control:
            click.echo("Change the account:")
            for change in _CHANGES:
                echo_example(["curl", "-X", "POST", f"{base_url.removesuffix('/pictoryapis')}/_control/{change}"])
        click.echo("Ctrl-C stops it.")

    try:
        await serve(on_start=print_usage)
    except anyio.get_cancelled_exc_class():
        click.echo(f"\nStopped after {len(simulator.log)} requests.", err=True)
        raise
