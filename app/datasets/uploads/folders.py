"""Folders: what they hold, how old they are, and how one goes, whole.

Owns what is done with a folder whatever is in it; refuses to know of uploads and sessions.
"""

import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path

BLOCK_BYTES = 512
"""The unit of ``st_blocks``, whatever the file system's own is."""


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
    """Return the seconds since something was put into a folder or taken out of it; 0 where it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def remove(folder: Path) -> None:
    """Delete a folder at once: nobody finds half of it."""
    away = folder.with_name(f".gone-{secrets.token_hex(8)}")
    try:
        os.replace(folder, away)
    except FileNotFoundError:
        return
    shutil.rmtree(away, ignore_errors=True)
