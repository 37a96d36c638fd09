"""Names that no module has are errors for mypy and pyright, and unnecessary comments about errors are errors too."""

# pyright: reportUnnecessaryTypeIgnoreComment=true
# pyright: reportUnknownVariableType=false, reportUnusedImport=false
# ruff: noqa: F401

from __future__ import annotations

from pictory_async import Nonsense  # type: ignore[attr-defined]
from pictory_async.insight import Nonsense as NoInsight  # type: ignore[attr-defined]
from pictory_async.models import Nonsense as NoModel  # type: ignore[attr-defined]
from pictory_async.testing import Nonsense as NoTest  # type: ignore[attr-defined]
