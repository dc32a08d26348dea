"""What nobody will ask for again: the folders of sessions that have ended, and what processes that died have left.

Owns the question which folder that is; when it is asked is `keeping`'s to say.
"""

import shutil
from pathlib import Path

from app.datasets.uploads.folders import age, remove, within
from app.datasets.uploads.record import read

ABANDONED = 3_600
"""Seconds after which a folder that is not whole is taken for the remains of a process that died."""


def sweep(folder: Path, idle: float) -> int:
    """Delete the folders of sessions that were not used for so many seconds; return how many that were."""
    gone = [one for one in within(folder) if _ended(one, idle)]
    for one in gone:
        remove(one)
    return len(gone)


def _ended(home: Path, idle: float) -> bool:
    """Whether a folder is of nobody any more."""
    for part in within(home):
        if read(part) is None and age(part) > ABANDONED:
            shutil.rmtree(part, ignore_errors=True)
    return age(home) > (idle if any(within(home)) else ABANDONED)
