"""A simulated Pictory API, to test apps without a network, an account or waiting.

`World` is the account: projects whose renders take time, templates and jobs. `Simulator` adds a clock and lets
clients in: in the same process (`Simulator.client`, `Simulator.transport`), or through a real HTTP server
(`pictory_async.testing.server`). With `virtual_time`, an hour takes milliseconds. `World.truth` returns the true state
of a project, to check a client's result.
"""

from __future__ import annotations

from pictory_async.testing._account import SimWebhook
from pictory_async.testing._clock import VirtualClock, virtual_time
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
from pictory_async.testing._job_list import JobList
from pictory_async.testing._limits import FixedWindowLimit, Limit, ServerLimit, TokenBucketLimit
from pictory_async.testing._log import LoggedRequest, busiest_window
from pictory_async.testing._media import MediaContent
from pictory_async.testing._messages import LazyBody, SimRequest, SimResponse
from pictory_async.testing._other_job import SimJob
from pictory_async.testing._projects import ABSENT, Phase, Render, SimProject
from pictory_async.testing._simulator import BASE_URL, Simulator
from pictory_async.testing._templates import SimTemplate, TemplateScene
from pictory_async.testing._truth import Truth, TruthKind
from pictory_async.testing._videos import SimVideo
from pictory_async.testing._webhooks import Webhooks
from pictory_async.testing.scenario import Planned, populate, populate_agency
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
    "JobList",
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
    "SimJob",
    "SimProject",
    "SimRequest",
    "SimResponse",
    "SimTemplate",
    "SimVideo",
    "SimWebhook",
    "Simulator",
    "Stall",
    "TemplateScene",
    "TokenBucketLimit",
    "Truncate",
    "Truth",
    "TruthKind",
    "VirtualClock",
    "Webhooks",
    "World",
    "WrongLength",
    "busiest_window",
    "populate",
    "populate_agency",
    "virtual_time",
]
