"""A small file that the processes of a machine map into their memory, for what they tell each other.

Owns its opening: where the volume does not allow it, or somebody deleted the file, it is looked at again after some
seconds. Refuses to know what is in it.
"""

import os
from mmap import mmap
from pathlib import Path
from time import monotonic

REST_SECONDS = 5.0
"""How long a file that could not be opened is left alone, and how long nobody may notice that it is gone."""


class SharedFile:
    """A file of fixed size, mapped by all who open it. For one thread at a time.

    Parameters
    ----------
    path : Path
        On a local volume; made if missing.
    size : int
        Bytes.
    rest : float
        Seconds between two looks at it.

    Attributes
    ----------
    descriptor : int
        Of the open file; -1 where it is not open.
    map : mmap or None
        None where it is not open. Whoever goes on using an older one reads and writes a file that nobody else sees.
    """

    def __init__(self, path: Path, size: int, rest: float = REST_SECONDS) -> None:
        self._path, self._size, self._rest = path, size, rest
        self._look_at = 0.0
        self.descriptor = -1
        self.map: mmap | None = None
        self.look()

    def look(self) -> None:
        """Open the file where it is not open, or was replaced; at most once in some seconds."""
        now = monotonic()
        if now >= self._look_at:
            self._look_at = now + self._rest
            if self.map is None or self._gone():
                self._release()
                self._open()

    def _gone(self) -> bool:
        try:
            return not os.path.samestat(os.stat(self._path), os.fstat(self.descriptor))
        except OSError:
            return True

    def _open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            # A full disk must be found here: later it would be a signal that ends the process.
            os.posix_fallocate(self.descriptor, 0, self._size)
            self.map = mmap(self.descriptor, self._size)
        except OSError:
            self._release()

    def _release(self) -> None:
        """Let go of the file. Its memory goes with the last thread that is reading there."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor, self.map = -1, None

    def close(self) -> None:
        """Let go of the file for good."""
        self._look_at = float("inf")
        self._release()
