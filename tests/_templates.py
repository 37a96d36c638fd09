"""Templates of the simulated account, for the tests of what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictory_async import RateLimiter, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import AsyncPictory
    from pictory_async.testing import SimRequest, Simulator, World


def client_of(simulator: Simulator) -> AsyncPictory:
    """Make a client that no limiter holds up, and that retries at once."""
    return simulator.client(limiter=RateLimiter(10_000, 1.0, 1000), retry=RetryPolicy(backoff=0.001))


def add_three(world: World) -> None:
    """Let the account have three templates: T0, T1 and T2."""
    for number in range(3):
        world.add_template(f"Hi {number} {{{{Name}}}}", template_id=f"T{number}", name=f"No. {number}")


def change(world: World, template_id: str, **values: Any) -> None:
    """Let the account's template have other values."""
    template = world.find_template(template_id)
    assert template is not None
    overrides: Any = template.overrides
    overrides.update(values)


def delete(world: World, template_id: str) -> None:
    """Let the account delete a template."""
    del world._templates[template_id]


def deleting(world: World, template_id: str) -> Callable[[SimRequest, float], None]:
    """Faults of a simulator: the account deletes a template when it is fetched for the first time."""

    def delete_once(request: SimRequest, _: float) -> None:
        if request.path.endswith(f"/{template_id}") and world.find_template(template_id) is not None:
            delete(world, template_id)

    return delete_once
