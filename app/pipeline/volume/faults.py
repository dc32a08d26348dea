"""What can be wrong with a volume and its index, and what each kind of fault leaves possible."""

import errno
import sqlite3
from enum import Enum

from diskcache import Timeout

FAULTS = (sqlite3.Error, OSError, Timeout, UnicodeDecodeError)


class Fault(Enum):
    """A kind of fault, with the sentence that it is told by."""

    FULL = "is full"
    UNWRITABLE = "cannot be written"
    LOCKED = "is locked by another process"
    CORRUPT = "had a damaged index, which was put aside and is made anew"
    AWAY = "cannot be used"


_ERRNO = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EFBIG: Fault.FULL,
    errno.EROFS: Fault.UNWRITABLE,
    errno.EACCES: Fault.UNWRITABLE,
    errno.EPERM: Fault.UNWRITABLE,
}
_SQLITE = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE: Fault.FULL,  # the file beside the log could not grow
    sqlite3.SQLITE_READONLY: Fault.UNWRITABLE,
    sqlite3.SQLITE_PERM: Fault.UNWRITABLE,
    sqlite3.SQLITE_BUSY: Fault.LOCKED,
    sqlite3.SQLITE_LOCKED: Fault.LOCKED,
    sqlite3.SQLITE_CORRUPT: Fault.CORRUPT,
    sqlite3.SQLITE_NOTADB: Fault.CORRUPT,
    # A table or column is not there: the file was cut to nothing, which SQLite takes for a new one.
    sqlite3.SQLITE_ERROR: Fault.CORRUPT,
}


def kind(error: Exception) -> Fault:
    """Return what an error of `FAULTS` means.

    Examples
    --------
    >>> kind(OSError(28, "No space left on device")).name
    'FULL'
    """
    if isinstance(error, Timeout):
        return Fault.LOCKED
    if isinstance(error, UnicodeDecodeError):
        return Fault.CORRUPT
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        # Without a code it is Python's own: a text that cannot be decoded.
        return Fault.CORRUPT if code is None else _SQLITE.get(code) or _SQLITE.get(code & 0xFF, Fault.AWAY)
    return _ERRNO.get(getattr(error, "errno", 0) or 0, Fault.AWAY)
