"""What was found damaged: put aside for whoever wants to know why, a bounded amount of it, the newest kept."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from time import time_ns

MOST_FILES = 100
MOST_BYTES = 64_000_000


class Aside:
    """A folder of damaged files. It is never read from here, and may be deleted at any moment.

    Parameters
    ----------
    folder : Path
        On the volume of what is put aside; made when it is needed.
    most_files, most_bytes : int
        What it may hold. A file larger than that is deleted instead.
    """

    def __init__(self, folder: Path, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self._most = (most_files, most_bytes)

    def move(self, path: str | Path) -> None:
        """Move a file here; one that cannot be moved is deleted."""
        try:
            os.rename(path, self._named())
        except OSError:
            with suppress(OSError):
                os.unlink(path)
        self._trim()

    def keep(self, data: bytes) -> None:
        """Write bytes that were no file, if there is room for them."""
        with suppress(OSError):
            self._named().write_bytes(data)
        self._trim()

    def _named(self) -> Path:
        """Return a new name: names sort by age."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{time_ns():020d}-{secrets.token_hex(4)}"

    def _trim(self) -> None:
        """Delete the oldest until the rest is within bounds."""
        with suppress(OSError):
            files = bytes_ = 0
            for path in sorted(self.folder.iterdir(), reverse=True):
                files, bytes_ = files + 1, bytes_ + path.stat().st_size
                if files > self._most[0] or bytes_ > self._most[1]:
                    path.unlink()
