"""A program of its own that downloads a video, to be measured, and to be killed by ``tests/test_kill.py``.

It is told where by its arguments: base URL, key, project and directory. It prints a line when it is ready, one for
each progress, and in the end its report, all of them JSON.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path
from typing import Any

from pictory_async import AsyncPictory, DownloadProgress, RetryPolicy


def tell(**facts: Any) -> None:
    """Print one line at once."""
    print(json.dumps(facts), flush=True)


def memory() -> tuple[int, int]:
    """Bytes of memory that this process has now, and that it had at most."""
    status = Path("/proc/self/status")
    if not status.exists():
        # Other systems do not tell what is used now. What has been used before has to do for that.
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return most, most
    # Not ru_maxrss: on Linux a new process inherits that of the one which started it.
    facts = dict(line.split(":", 1) for line in status.read_text().splitlines())
    now, most = (int(facts[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def processor() -> float:
    """Seconds of processor time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(base_url: str, key: str, project_id: str, directory: str) -> None:
    """Download the video, and tell about it."""
    now, most = memory()
    tell(ready=True, memory=now, peak=most, processor=processor())

    def progress(progress: DownloadProgress) -> None:
        tell(done=progress.done, total=progress.total)

    async with AsyncPictory(key, base_url=base_url, retry=RetryPolicy(backoff=0.01)) as pictory:
        report = await pictory.projects.download(
            project_id, directory, kinds=["video"], on_conflict="overwrite", on_progress=progress
        )
    now, most = memory()
    tell(report=report.to_dict(), memory=now, peak=most, processor=processor())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
