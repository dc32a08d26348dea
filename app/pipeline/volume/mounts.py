"""Which file system a folder is on: SQLite's locks, and so the index, are safe on those of this machine alone."""

import re
from pathlib import Path

from app.pipeline.errors import StoreError

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|lustre|ceph|glusterfs|gpfs|beegfs|orangefs|davfs|ncpfs|coda"
    r"|fuse\.(sshfs|ceph|glusterfs|rclone|s3fs|gcsfuse|goofys|davfs2?|smbnetfs|juicefs|beegfs|moosefs|lizardfs)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def file_system(folder: Path, mounts: Path = MOUNTS) -> tuple[str, str] | None:
    """Return the type of the file system that a folder is on, or will be, and where it is mounted.

    Parameters
    ----------
    folder : Path
        It need not exist.
    mounts : Path
        In the format of ``/proc/self/mountinfo``.

    Returns
    -------
    tuple of str, or None
        None where the system does not tell.
    """
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
        real = folder.resolve()
    except OSError:
        return None
    found = None
    for point, kind in filter(None, map(_mounted, lines)):
        # Of two at one place the later one covers the earlier.
        if real.is_relative_to(point) and (found is None or len(point) >= len(found[1])):
            found = kind, point
    return found


def _mounted(line: str) -> tuple[str, str] | None:
    """Return the mount point and the type of a line; blanks in a point are written as octal numbers."""
    before, dash, after = line.partition(" - ")
    words, types = before.split(" "), after.split(" ")
    if not dash or len(words) < 5:
        return None
    return _ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), words[4]), types[0]


def check_local(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise `StoreError` for a folder on a network file system."""
    found = file_system(folder, mounts)
    if found is not None and NETWORK.fullmatch(found[0]):
        raise StoreError(
            f"the cache folder {str(folder)!r} is on a network file system ({found[0]!r} at {found[1]!r}), where "
            "SQLite's locks are not safe and an index shared by several processes would be damaged. Choose a folder on "
            "a disk of this machine by --cache."
        )
