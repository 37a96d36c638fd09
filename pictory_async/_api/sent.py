"""What a call sends: checked before anything is sent."""

from __future__ import annotations

import json
from typing import Any

from pictory_async._http.messages import Body
from pictory_async.errors import PictoryConfigError


def checked_body(value: Any, what: str) -> Body:
    """What is sent of a JSON value, if it is one.

    Raises:
        PictoryConfigError: JSON cannot hold it.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, TypeError) else type(error).__name__
        raise PictoryConfigError(f"{what} cannot be sent, because it is not JSON: {why}") from None
    return Body(value)
