"""What the tests of videos have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pictory_async.video import Background, VideoRequest, VideoScene, VoiceOver

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing import Fault, SimRequest, Simulator

REQUEST: Final = VideoRequest(
    video_name="Hello Ada",
    scenes=[VideoScene(story="Rivers carry plastic to the sea every day.", background=Background(color="#0F172A"))],
    voice_over=VoiceOver.of("Martin"),
)


def paid(simulator: Simulator) -> list[str]:
    """The requests that start something."""
    return [entry.path for entry in simulator.log if entry.method in {"POST", "PUT"}]


def on_paid(fault: Fault) -> Callable[[SimRequest, float], Fault | None]:
    """Let a fault hit all requests that start something."""
    return lambda request, _: fault if request.method in {"POST", "PUT"} else None
