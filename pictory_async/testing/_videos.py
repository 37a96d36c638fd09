"""A video or a preview that is made without a project."""

from __future__ import annotations

from typing import Any

import attrs

from pictory_async.testing import bodies
from pictory_async.testing._projects import Phase, ProjectId, Render, SimProject


@attrs.define(kw_only=True)
class SimVideo(SimProject):
    """A video, or a preview of one, that was requested without a project. `World.videos` has them.

    Attributes:
        is_preview: Whether it is a preview.
        received: The body of the request.
        understood: What is left of it without the fields that the API does not know; it removes them silently.
        credits: AI credits that it cost.
        elements: Of a preview, what its render is made of.
        saved_as: The project that is saved with it.
    """

    is_preview: bool = False
    received: Any = None
    understood: dict[str, Any] = attrs.field(factory=dict[str, Any])
    credits: float = 0.0
    elements: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]])
    saved_as: ProjectId | None = None

    def data(self, render: Render, now: float, media: bodies.Media, root: str) -> dict[str, Any]:
        """Return the ``data`` of its job.

        Args:
            render: Its render.
            now: The moment, in seconds of the world's time.
            media: The URLs of the video.
            root: What the URL of a preview begins with.
        """
        data = bodies.job_data(self, render, now, media)
        if render.phase(now) is not Phase.RENDERED:
            return data
        saved: dict[str, Any] = {}
        if self.saved_as is not None:
            saved = {"projectId": self.saved_as, "projectUrl": f"{root}/story/{self.saved_as}"}
        if not self.is_preview:
            return {**data, "aiCreditsUsed": self.credits, **saved}
        return {
            "status": "completed",
            "previewUrl": f"{root}/preview/{render.job_id}?mode=player",
            "renderParams": {"output": {"title": self.name, "width": 1920, "height": 1080}, "elements": self.elements},
            "storyboard": self.understood,
            **saved,
        }
