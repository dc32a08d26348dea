"""Folders: what they hold, how old they are, and how one goes, whole.

Owns what is done with a folder whatever is in it; refuses to know of uploads and sessions.
"""

import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

BLOCK_BYTES = 512
"""The unit of ``st_blocks``, whatever the file system's own is."""
_GONE = re.compile(r"\.gone-(.+)-[0-9a-f]{8}")


def held(folder: Path) -> int:
    """Return the bytes that a folder's files take on the disk, holes not counted."""
    size = 0
    for place, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                size += os.lstat(os.path.join(place, file)).st_blocks * BLOCK_BYTES
    return size


def within(folder: Path) -> list[Path]:
    """Return the folders in a folder; none where it cannot be read."""
    try:
        return [one for one in folder.iterdir() if one.is_dir()]
    except OSError:
        return []


def age(path: Path) -> float:
    """Return the seconds since something was put into a folder or taken out of it; 0 where it cannot be read."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def is_gone(path: Path) -> bool:
    """Whether nothing is there, for certain: what cannot be read just now is not gone."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def put_away(folder: Path) -> Path:
    """Give a folder a name under which nobody looks for it, and return that; one that is put away already stays.

    Raises
    ------
    OSError
        Where it cannot be renamed.
    """
    if is_put_away(folder):
        return folder
    away = folder.with_name(f".gone-{folder.name}-{secrets.token_hex(4)}")
    with suppress(FileNotFoundError):  # somebody else was faster
        os.replace(folder, away)
    return away


def is_put_away(folder: Path) -> bool:
    """Whether a folder was put away: its bytes are to go, and a process that died may not have come to it."""
    return folder.name.startswith(".gone-")


def former(folder: Path) -> str:
    """Return a folder's name, or the one that it had before it was put away.

    Examples
    --------
    >>> former(Path("trips")), former(Path(".gone-trips-0123abcd"))
    ('trips', 'trips')
    """
    found = _GONE.fullmatch(folder.name)
    return found[1] if found else folder.name


def erase(folder: Path) -> bool:
    """Delete a folder that was put away, as far as that can be done now; return whether it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return is_gone(folder)
