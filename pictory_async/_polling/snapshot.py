"""The last response about a project, kept small: compressed bytes, decoded on demand. Pure."""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING, Final

from pictory_async._codec.answers import decode_project
from pictory_async._values import Deferred
from pictory_async.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.models import Project, ProjectId

_LONG: Final = 32 * 1024
_PIECE: Final = 16 * 1024


class Snapshot:
    """One response about a project, as bytes.

    Compressing 32 KB takes about 0.3 ms, so longer bodies are compressed piece by piece (see `compress`), and the
    event loop runs in between.

    Args:
        body: The response's body.

    Attributes:
        digest: Python's own hash of the body: equal bodies have been judged already.
        compressed: Whether the body needs no more compression.
    """

    __slots__ = ("_bytes", "_project", "compressed", "digest")

    def __init__(self, body: bytes) -> None:
        self.digest: int = hash(body)
        self.compressed: bool = len(body) < _LONG
        self._bytes = zlib.compress(body, 1) if self.compressed else body
        self._project: Deferred[Project | None] | None = None

    def compress(self) -> Iterator[None]:
        """Compress a long body, one piece for each step of this iterator."""
        if self.compressed:
            return
        deflate = zlib.compressobj(1)
        pieces: list[bytes] = []
        for start in range(0, len(self._bytes), _PIECE):
            pieces.append(deflate.compress(self._bytes[start : start + _PIECE]))
            yield
        self._bytes = b"".join((*pieces, deflate.flush()))
        self.compressed = True

    def project(self, project_id: ProjectId) -> Deferred[Project | None]:
        """The project, decoded when it is read; ``None`` if only the quick reader for polls can read such deep JSON."""
        if self._project is None:
            self._project = Deferred(partial(_decode, self._bytes, project_id, compressed=self.compressed))
        return self._project


def _decode(stored: bytes, project_id: ProjectId, *, compressed: bool) -> Project | None:
    try:
        return decode_project(zlib.decompress(stored) if compressed else stored, project_id)
    except MalformedResponseError:
        return None
