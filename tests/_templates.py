"""Templates of the simulated account, for the tests of what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pictory_async.testing import World


def change(world: World, template_id: str, **values: Any) -> None:
    """Let the account's template have other values."""
    template = world.find_template(template_id)
    assert template is not None
    overrides: Any = template.overrides
    overrides.update(values)
