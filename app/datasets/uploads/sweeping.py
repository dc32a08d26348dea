"""What nobody will ask for again: folders of sessions that have ended, and what processes that died have left.

Owns the question which folders these are; deletes nothing. A folder whose name was not given here is left alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from app.datasets.uploads.folders import age, is_put_away, within
from app.datasets.uploads.receiving import PART
from app.datasets.uploads.record import NAME, is_whole

OWNER = re.compile(r"[0-9a-f]{32}")
ABANDONED = 3_600
"""Seconds after which a folder that is not whole is taken for the remains of a process that died."""


def remains(folder: Path, idle: float) -> Iterator[Path]:
    """Yield what is to be deleted in the folder of all uploads.

    Parameters
    ----------
    folder : Path
    idle : float
        Seconds after which a session that was not used has ended.
    """
    for home in within(folder):
        if is_put_away(home) or (OWNER.fullmatch(home.name) and _has_ended(home, idle)):
            yield home
        elif OWNER.fullmatch(home.name):
            yield from filter(_is_left_over, within(home))


def _has_ended(home: Path, idle: float) -> bool:
    return age(home) > (idle if any(within(home)) else ABANDONED)


def _is_left_over(part: Path) -> bool:
    if part.name.startswith(PART):
        return age(part) > ABANDONED
    return is_put_away(part) or bool(NAME.fullmatch(part.name) and age(part) > ABANDONED and _is_broken(part))


def _is_broken(part: Path) -> bool:
    try:
        return not is_whole(part)
    except OSError:  # nothing is deleted because it cannot be read just now
        return False
