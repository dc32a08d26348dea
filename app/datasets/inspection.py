"""Looking at a file that nobody vouches for: in a process of its own, under the system's limits, and not for long.

Owns that process and what its end means. Refuses to open the file itself.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from app.datasets.intake import Limits
from app.pipeline.errors import DataError

__all__ = ["Limits", "Report", "inspect"]

WALL_SECONDS = 180
AT_ONCE = 2
_ROOT: Final = Path(__file__).parents[2]
_turns = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Report:
    """What a file holds.

    Parameters
    ----------
    rows, columns : int
    unpacked : int
        Bytes of all values in memory.
    left : tuple of str
        Columns that were left out, twenty at most.
    """

    rows: int
    columns: int
    unpacked: int
    left: tuple[str, ...] = ()


def inspect(path: Path, out: Path, limits: Limits, called: str) -> Report:
    """Check a file, and write what it holds anew as a Parquet file that can be trusted.

    Parameters
    ----------
    path : Path
        Its extension says what it claims to be.
    out : Path
        The file to make; what is there of it when this raises is worthless.
    limits : Limits
    called : str
        The file's name for people, for what is said.

    Raises
    ------
    DataError
        Where it is refused; one sentence.
    """
    command = [sys.executable, "-m", "app.datasets.intake", str(path), str(out), json.dumps(asdict(limits))]
    # Arrow's own allocator would reserve a gigabyte of addresses before it reads the first byte.
    environment = {"PYTHONPATH": str(_ROOT), "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    environment |= {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    with _turns:
        try:
            done = subprocess.run(
                command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, timeout=WALL_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DataError(_slow(called, WALL_SECONDS)) from None
    if done.returncode == -signal.SIGXCPU or done.returncode == -signal.SIGKILL:
        raise DataError(_slow(called, limits.seconds))
    said = _parsed(done.stdout) if done.returncode == 0 else {}
    if not said:
        raise DataError(f"{called!r} is damaged in a way that no reader survives: write it again.")
    if "error" in said:
        raise DataError(str(said["error"]).replace(repr(str(path)), repr(called)))
    return Report(said["rows"], said["columns"], said["unpacked"], tuple(said["left"]))


def _slow(called: str, seconds: int) -> str:
    return f"looking at {called!r} took longer than {seconds} s: send a smaller file."


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
