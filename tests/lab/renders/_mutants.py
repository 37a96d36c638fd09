"""The protocol of the ledger broken on purpose, to see that killed programs and two at once notice."""

from __future__ import annotations

from typing import Final

from tests.lab._mutants import Mutant

MUTANTS: Final = (
    Mutant(
        "A request is sent before it is entered",
        "_api.submitting:Submitter.submit",
        "await self.ledger.use(lambda file: self.renders(file).ask(intent, marker, now))",
        "intent",
    ),
    Mutant(
        "The newest job before the request is not stored",
        "_ledger.renders:Renders.ask",
        "_text(when), marker, ",
        "_text(when), None, ",
    ),
    Mutant(
        "What is uncertain is taken for not started",
        "_api.pipeline:Pipeline._find_out",
        "await self._settle(job, RenderState.UNCERTAIN, found)",
        "await self._settle(job, RenderState.NOT_STARTED)",
    ),
    Mutant(
        "Jobs of others are ignored",
        "_api.project_work:ProjectWork._doubt",
        "if await self._can_be(job)",
        "if False",
    ),
    Mutant("Two runs own a project", "_ledger.renders:Renders.decide", " and is_alive(old.run)", " and False"),
    Mutant(
        "A render that was started is requested again",
        "_ledger.renders:_next_step",
        "RenderState.STARTED: Decision.RESUME",
        "RenderState.STARTED: Decision.REQUEST",
    ),
    Mutant(
        "A request without a response is sent again",
        "_ledger.renders:_next_step",
        "RenderState.ASKED: Decision.RECOVER",
        "RenderState.ASKED: Decision.REQUEST",
    ),
)
