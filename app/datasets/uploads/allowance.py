"""How many bytes uploads may take, and the sentence for who wants more.

Owns the limits of a file, of a session and of all sessions; refuses, and deletes nothing to make room.
"""

from dataclasses import dataclass
from pathlib import Path

from app.datasets.uploads.folders import held
from app.pipeline.errors import QuotaError, StoreError, TooLargeError


@dataclass(frozen=True, slots=True)
class Allowance:
    """Bytes that uploads may take.

    Parameters
    ----------
    upload, quota, total : int
        One file as it is sent; one session's folder; the folder of all sessions.
    """

    upload: int
    quota: int
    total: int

    def check_size(self, size: int) -> None:
        """Raise `TooLargeError` for more bytes than one file may have."""
        if size > self.upload:
            raise TooLargeError(f"the file is larger than {self.upload:,} bytes, which is the most that can be sent.")

    def check_room(self, home: Path, more: int = 0) -> None:
        """Raise `QuotaError` where a session's folder has no room for so many bytes more."""
        used = held(home)
        if used + more > self.quota:
            raise QuotaError(
                f"your uploads take {used:,} of the {self.quota:,} bytes that you have: delete one to make room."
            )

    def check_total(self, folder: Path, more: int = 0) -> None:
        """Raise `StoreError` where the folder of all sessions has no room for so many bytes more."""
        if held(folder) + more > self.total:
            raise StoreError("the uploads of all users fill their share of this server's disk: try again later.")

    def room(self, home: Path) -> int:
        """Return the bytes that a session has left."""
        return max(self.quota - held(home), 0)
