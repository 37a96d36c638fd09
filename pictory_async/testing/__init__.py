"""A simulated Pictory API, to test applications without a network, an account or waiting.

`World` is the account: projects with a life, templates, jobs. `Simulator` gives it a clock and opens it to
clients, in the process (`Simulator.client`, `Simulator.transport`) or as a real HTTP server
(`pictory_async.testing.server`). `World.truth` tells what really is the case, whatever a client believes.
"""

from __future__ import annotations

from pictory_async.testing._faults import (
    Answer,
    BrokenGzip,
    Delivery,
    Drip,
    Ending,
    Fault,
    Refuse,
    Reset,
    Stall,
    Truncate,
    WrongLength,
)
from pictory_async.testing._limits import FixedWindowLimit, Limit, ServerLimit, TokenBucketLimit
from pictory_async.testing._log import LoggedRequest, busiest_window
from pictory_async.testing._media import MediaContent
from pictory_async.testing._messages import LazyBody, SimRequest, SimResponse
from pictory_async.testing._projects import ABSENT, Phase, Render, SimProject
from pictory_async.testing._simulator import BASE_URL, Simulator
from pictory_async.testing._templates import SimTemplate, TemplateScene
from pictory_async.testing._truth import Truth, TruthKind
from pictory_async.testing.scenario import Planned, populate
from pictory_async.testing.world import DEFAULT_API_KEY, World

__all__ = [
    "ABSENT",
    "BASE_URL",
    "DEFAULT_API_KEY",
    "Answer",
    "BrokenGzip",
    "Delivery",
    "Drip",
    "Ending",
    "Fault",
    "FixedWindowLimit",
    "LazyBody",
    "Limit",
    "LoggedRequest",
    "MediaContent",
    "Phase",
    "Planned",
    "Refuse",
    "Render",
    "Reset",
    "ServerLimit",
    "SimProject",
    "SimRequest",
    "SimResponse",
    "SimTemplate",
    "Simulator",
    "Stall",
    "TemplateScene",
    "TokenBucketLimit",
    "Truncate",
    "Truth",
    "TruthKind",
    "World",
    "WrongLength",
    "busiest_window",
    "populate",
]
