"""The index of a volume: `diskcache`'s table of keys, read and written in the few ways that a store needs.

Nothing is borne here: what SQLite and the volume raise goes to the caller.
"""

import os
import sqlite3
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import time

from diskcache import Cache
from diskcache.core import DBNAME, EmptyDirWarning, UnknownFileWarning

from app.pipeline.errors import CodecError
from app.pipeline.volume.aside import Aside
from app.pipeline.volume.eviction import SCORE, TOUCH_SECONDS, Sql, held, make_room, prepare, touch
from app.pipeline.volume.values import FILE_BYTES, VALUE_FILE, BytesDisk, Row, checksum

# What was set here; any other key was planted, and may be a pickle.
_OWN = "raw = 1 AND typeof(key) = 'text'"
_ROW = "SELECT tag, size, mode, filename, value, access_time FROM Cache WHERE key = ? AND raw = 1"
_SET = f"""
    INSERT INTO Cache (key, raw, store_time, access_time, tag, size, mode, filename, value, cost, score)
    VALUES (:key, 1, :now, :now, :tag, :size, :mode, :filename, :value, :cost, {SCORE})
    ON CONFLICT (key, raw) DO UPDATE SET store_time = :now, expire_time = NULL, access_time = :now, tag = :tag,
        size = :size, mode = :mode, filename = :filename, value = :value, cost = :cost, score = {SCORE}
"""  # noqa: S608
# Answered from the index of keys, whatever else there is.
_UNDER = f"{_OWN} AND key >= :first AND key < :last"
# Uses that wait to be written down: so many, or so long.
TOUCHES, TOUCHES_SECONDS = 64, 5.0


class Index(Cache):
    """Keys, checksums and small values in SQLite; large values in files. Safe for threads and processes.

    Parameters
    ----------
    folder : Path
        Of the index and the files; made if missing.
    limit : int
        Bytes of values and rows.
    patience : float
        Seconds to wait for another's lock.
    aside : Aside
        Where what is damaged is put.

    Notes
    -----
    The database is not mapped into memory: one that another process truncates would end this one by a signal.
    """

    def __init__(self, folder: Path, limit: int, patience: float, aside: Aside) -> None:
        super().__init__(
            str(folder),
            timeout=patience,
            disk=BytesDisk,
            cull_limit=0,
            disk_min_file_size=FILE_BYTES,
            eviction_policy="none",
            sqlite_cache_size=1024,
            sqlite_mmap_size=0,
        )
        self._limit, self._aside = limit, aside
        self._touched: dict[str, float] = {}
        self._path = f"{self._directory}/{DBNAME}"
        with self.changing() as sql:
            prepare(sql)
        self.file = os.stat(self._path).st_ino

    def gone(self) -> bool:
        """Whether the database was replaced since it was opened: SQLite would go on, in a file that nobody sees."""
        try:
            return os.stat(self._path).st_ino != self.file
        except OSError:
            return True

    @contextmanager
    def changing(self) -> Iterator[Sql]:
        """Hold the write lock; what was done is undone where anything fails, the end included."""
        connection: sqlite3.Connection = self._con
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection.execute
            connection.execute("COMMIT")
        finally:
            # SQLite may have rolled back by itself, as on a full volume.
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _row(self, key: str) -> tuple[Row, float] | None:
        found = self._sql(_ROW, (key,)).fetchall()
        return (Row(*found[0][:-1]), found[0][-1]) if found else None

    def read(self, key: str) -> bytes | None:
        """Return the bytes of a key, or None.

        Raises
        ------
        CodecError
            Where they are damaged: `discard` the key.
        """
        found = self._row(key)
        if found is None:
            return None
        row, used = found
        try:
            data = self._disk.whole(key, row)
        except FileNotFoundError:
            data = self._reread(key, row)
        if data is not None and not 0 <= time() - used < TOUCH_SECONDS:
            self._use(key)
        return data  # type: ignore[no-any-return]

    def _reread(self, key: str, before: Row) -> bytes | None:
        """Read a value again whose file was gone: another may have replaced it between the row and the file."""
        found = self._row(key)
        if found is None:
            return None
        try:
            return bytes(self._disk.whole(key, found[0]))
        except FileNotFoundError:
            if found[0].filename != before.filename:
                return None
            raise CodecError("the file of a stored value is gone.") from None

    def _use(self, key: str) -> None:
        """Note that a key was used; write it down with others, unless another has the write lock just now."""
        self._touched[key] = now = time()
        if len(self._touched) >= TOUCHES or now - next(iter(self._touched.values()), now) > TOUCHES_SECONDS:
            self._sql("PRAGMA busy_timeout = 0").fetchall()
            try:
                with suppress(sqlite3.OperationalError), self.changing() as sql:
                    self._write_uses(sql, now)
            finally:
                self._sql(f"PRAGMA busy_timeout = {int(self._timeout * 1e3)}").fetchall()

    def _write_uses(self, sql: Sql, now: float) -> None:
        used, self._touched = self._touched, {}
        touch(sql, list(used), now)

    def write(self, key: str, data: bytes, cost: float) -> bool:
        """Keep bytes under a key, and let others go where the budget is used up; return True.

        Parameters
        ----------
        key : str
        data : bytes
        cost : float
            Seconds that computing them takes.
        """
        tag = checksum(key, data)
        size, mode, filename, value = self._disk.store(data, False, key)
        now = time()
        row = {"key": key, "now": now, "tag": tag, "size": size, "mode": mode, "filename": filename, "value": value}
        with ExitStack() as undo:
            undo.callback(self._disk.remove, filename)
            with self.changing() as sql:
                self._write_uses(sql, now)
                old = sql("SELECT filename FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchall()
                sql(_SET, row | {"cost": cost})
                evicted = make_room(sql, held(sql) - self._limit, now)
                if filename is not None:
                    self._disk.publish(filename)
            undo.pop_all()
        self._remove([name for (name,) in old] + evicted)
        return True

    def give_way(self, size: int) -> None:
        """Let values go until some bytes are free on a volume that has less room than the limit says."""
        # Deleting writes to SQLite's log, for which there may be no room: begin it anew.
        self._sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with self.changing() as sql:
            evicted = make_room(sql, size, time())
        self._remove(evicted)

    def _remove(self, names: list[str | None]) -> None:
        for name in names:
            self._disk.remove(name)

    def holds(self, key: str) -> bool:
        """Whether a key is there; its value may turn out to be damaged."""
        return bool(self._sql("SELECT 1 FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchall())

    def forget(self, key: str) -> None:
        """Delete a key, known or not."""
        with self.changing() as sql:
            old = sql("DELETE FROM Cache WHERE key = ? AND raw = 1 RETURNING filename", (key,)).fetchall()
        self._remove([name for (name,) in old])

    def forget_all(self, prefix: str) -> int:
        """Delete the keys that begin with a prefix, and return how many those were."""
        with self.changing() as sql:
            delete = f"DELETE FROM Cache WHERE {_UNDER} RETURNING filename"  # noqa: S608
            old = sql(delete, _range(prefix)).fetchall()
        self._remove([name for (name,) in old])
        return len(old)

    def lose(self, filenames: Iterable[str]) -> None:
        """Forget the values of files that were deleted."""
        with self.changing() as sql:
            for name in filenames:
                sql("DELETE FROM Cache WHERE filename = ?", (name,))

    def discard(self, key: str) -> bool:
        """Put a damaged value aside, and return whether it was; one that is whole by now stays."""
        with self.changing() as sql:
            found = self._row(key)
            if found is None or self._intact(key, found[0]):
                return False
            sql("DELETE FROM Cache WHERE key = ? AND raw = 1", (key,))
        path, value = self._disk.path(found[0].filename), found[0].value
        if path is not None:
            self._aside.move(path)
        elif type(value) is bytes:
            self._aside.keep(value)
        return True

    def _intact(self, key: str, row: Row) -> bool:
        try:
            self._disk.whole(key, row)
        except (CodecError, FileNotFoundError):
            return False
        return True

    def names(self, prefix: str = "") -> list[str]:
        """Return the keys that were set here and begin with a prefix, the oldest first."""
        # `Cache.iterkeys` would stop at the first key that is not text.
        select = f"SELECT key FROM Cache WHERE {_UNDER} ORDER BY rowid"  # noqa: S608
        return [key for (key,) in self._sql(select, _range(prefix)).fetchall()]

    def used(self, prefix: str = "") -> int:
        """Return the bytes of the values whose keys begin with a prefix."""
        select = f"SELECT COALESCE(SUM(size), 0) FROM Cache WHERE {_UNDER}"  # noqa: S608
        ((total,),) = self._sql(select, _range(prefix)).fetchall()
        return int(total)

    def held(self) -> tuple[int, int, int]:
        """Return how many values there are, the bytes that count against the limit, and how many values went."""
        ((evicted,),) = self._sql("SELECT count FROM Eviction").fetchall()
        return len(self), held(self._sql), int(evicted)

    def mend(self) -> list[str]:
        """Delete what was planted, put aside what is damaged, mend the rest; return a sentence a fault.

        Raises
        ------
        sqlite3.DatabaseError
            Where the database itself is damaged: it cannot be mended.
        """
        said = [text for (text,) in self._sql("PRAGMA integrity_check").fetchall()]
        if said != ["ok"]:
            raise sqlite3.DatabaseError(said[0])
        with self.changing() as sql:
            foreign = sql(f"DELETE FROM Cache WHERE NOT ({_OWN})").rowcount  # noqa: S608
        faults = [f"{foreign} keys were not written here; they were dropped."] if foreign else []
        faults += [f"the value of {key!r} was damaged; it was put aside." for key in self.names() if self._unsound(key)]
        return faults + self._inconsistencies()

    def _unsound(self, key: str) -> bool:
        found = self._row(key)
        return found is not None and not self._intact(key, found[0]) and self.discard(key)

    def _inconsistencies(self) -> list[str]:
        """Mend what the database and the files disagree on, and say what.

        Folders left empty are no fault, nor are files without a row: those of writers that were killed.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            found = [one for one in self.check() if not issubclass(one.category, EmptyDirWarning)]
            if found:
                self.check(fix=True)
        return [f"{one.message}; it was mended." for one in found if not self._left_over(one)]

    def _left_over(self, one: warnings.WarningMessage) -> bool:
        name = str(one.message).partition(f"{self._directory}/")[2]
        return issubclass(one.category, UnknownFileWarning) and VALUE_FILE.fullmatch(name) is not None


def _range(prefix: str) -> dict[str, str]:
    return {"first": prefix, "last": prefix + "\U0010ffff"}
