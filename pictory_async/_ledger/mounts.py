"""Which file systems other machines can write to, too. Blocking."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Where Linux lists its file systems; other systems have no such list."""

# As Linux names them; `fuse.` is of programs such as sshfs and rclone, while `fuseblk` is a local disk.
_SHARED: Final = frozenset(
    {
        *(
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "gfs2",
            "glusterfs",
            "gpfs",
            "lustre",
            "ncpfs",
            "nfs",
            "nfs4",
            "ocfs2",
        ),
        *("orangefs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"),
    }
)
_LINE: Final = re.compile(r"(?:\S+ ){4}(?P<point>\S+) .*? - (?P<kind>\S+) ")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")


def is_shared(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a file is on a file system that other machines can write to, as far as the system tells."""
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return False
    real, found, length = os.path.realpath(path), "", -1
    for fields in filter(None, map(_LINE.match, lines)):
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields["point"])
        # The last one of equal ones is on top.
        if len(point) >= length and Path(real).is_relative_to(point):
            found, length = fields["kind"], len(point)
    return found in _SHARED or found.startswith("fuse.")
