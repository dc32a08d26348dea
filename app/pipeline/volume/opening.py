"""Opening a volume: one process at a time, within a bounded time, and a damaged index never twice.

A folder holds the index and value files (``blobs-2``), unfinished files (``new``), what was damaged (``damaged``), and
what is being deleted (``discarded-…``). The number is the format's: what an older one wrote is not read.
"""

import fcntl
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

from diskcache import Timeout
from diskcache.core import DBNAME, DEFAULT_SETTINGS, METADATA

from app.pipeline.volume.aside import Aside
from app.pipeline.volume.faults import FAULTS, Fault, kind
from app.pipeline.volume.index import Index
from app.pipeline.volume.values import NEW, give_way, sweep

BLOBS, DAMAGED, DISCARDED, LOCK = "blobs-2", "damaged", "discarded-", "lock"
_STEP_SECONDS = 0.01
WAY_BYTES = 4_000_000
"""What is freed at once on a full volume, where SQLite could not even open the index."""


def opened(folder: Path, limit: int, patience: float, corrupt: int = 0) -> Index:
    """Open the index of a volume; make it, or make it anew where it is damaged.

    Parameters
    ----------
    folder : Path
        Made if missing.
    limit : int
        Bytes.
    patience : float
        Seconds to wait for others.
    corrupt : int
        The file number of an index that was found damaged; another one is opened as it is.

    Raises
    ------
    diskcache.Timeout
        Where another process holds the index for too long.
    sqlite3.Error, OSError
        Where the volume cannot be used.
    """
    try:
        return _opened(folder, limit, patience, corrupt)
    except FAULTS as error:
        freed = give_way(folder / BLOBS, WAY_BYTES) if kind(error) is Fault.FULL else []
        if not freed:
            raise
    index = _opened(folder, limit, patience, corrupt)
    index.lose(freed)
    return index


def _opened(folder: Path, limit: int, patience: float, corrupt: int) -> Index:
    blobs, aside = folder / BLOBS, Aside(folder / DAMAGED)
    (folder / NEW).mkdir(parents=True, exist_ok=True)
    with _alone(folder, patience):
        if not _usable(blobs / DBNAME, patience, corrupt):
            _put_aside(folder, aside)
        try:
            index = Index(blobs, limit, patience, aside)
        except FAULTS as error:
            if kind(error) is not Fault.CORRUPT:
                raise
            _put_aside(folder, aside)
            index = Index(blobs, limit, patience, aside)
    sweep(folder / NEW)
    _delete(folder)
    return index


@contextmanager
def _alone(folder: Path, patience: float) -> Iterator[None]:
    """Hold the lock of those who open."""
    until = monotonic() + patience
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > until:
                    raise Timeout("it is being opened by another process") from None
                sleep(_STEP_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _usable(database: Path, patience: float, corrupt: int) -> bool:
    """Whether a database is there, whole as far as a look tells, and can be locked.

    `diskcache` would wait for a minute where it is locked.
    """
    if not database.exists() or database.stat().st_size == 0 or database.stat().st_ino == corrupt:
        return False
    try:
        with closing(sqlite3.connect(database, timeout=patience, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SELECT * FROM Cache LIMIT 1").fetchall()
            settings = dict(connection.execute("SELECT key, value FROM Settings").fetchall())
            connection.execute("ROLLBACK")
    except FAULTS as error:
        if kind(error) is not Fault.CORRUPT:
            raise
        return False
    # `diskcache` takes them as they are.
    return bool(settings.keys() == DEFAULT_SETTINGS.keys() | METADATA.keys())


def _put_aside(folder: Path, aside: Aside) -> None:
    """Move an index away with its values, which nothing names any more; the database itself is kept for a while."""
    blobs = folder / BLOBS
    if blobs.exists():
        for path in blobs.glob(DBNAME + "*"):
            if path.is_file() and path.stat().st_size:
                aside.move(path)
        blobs.rename(folder / f"{DISCARDED}{secrets.token_hex(4)}")


def _delete(folder: Path) -> None:
    """Delete in the background what was discarded, here or by a process that did not come to it."""
    for path in folder.glob(DISCARDED + "*"):
        Thread(target=shutil.rmtree, args=(path, True), name="discard", daemon=True).start()
