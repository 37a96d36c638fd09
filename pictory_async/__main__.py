"""``python -m pictory_async``: the `pictory` command, for who has several Pythons or no scripts in the path."""

from __future__ import annotations

import sys

from pictory_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
