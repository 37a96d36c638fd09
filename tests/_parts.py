"""Programs that some tests need and that Python cannot install, such as a real proxy."""

from __future__ import annotations

import os
import shutil

import pytest

ALL = "PICTORY_ASYNC_ALL_PARTS"
"""The environment variable that turns a missing program into a failure: `.ci/run` installs them all, and sets it."""

_PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])  # servers are there


def needs(program: str) -> str:
    """Return the path of a program. Without it the test is skipped, and fails if all parts must be there."""
    found = shutil.which(program, path=_PLACES)
    if found is None:
        reason = f"the program {program} is not installed"
        if os.environ.get(ALL) == "1":
            pytest.fail(f"{reason}, and {ALL} says that it is")
        pytest.skip(reason)
    return found
