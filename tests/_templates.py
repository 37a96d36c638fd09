"""Templates of the simulated account, for the tests of what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing import SimRequest, World


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
