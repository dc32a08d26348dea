"""The shared tier: bytes on a local volume, through `diskcache`, seen by every worker and after a restart.

It stores bytes under text keys and nothing else: what could be a pickle is refused on the way in and on the way out
(CVE-2025-69872). Each value carries a checksum; one that does not match is dropped and counted. A fault of the volume
is counted and reported, and costs the caller a computation, never an error.
"""

import errno
import re
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from diskcache import Cache, Disk, Timeout
from diskcache.core import DBNAME, MODE_BINARY, MODE_RAW, EmptyDirWarning
from isal import isal_zlib

from app.pipeline.errors import CodecError, StoreError
from app.pipeline.stores.base import Blob, Data, TierStats, made

FAULTS = (sqlite3.Error, OSError, Timeout)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FILE_BYTES = 32_768
CHECKSUM_BYTES = 4
REOPEN_SECONDS = 5.0
# What was set by `BytesDisk`; any other key was planted, and may be a pickle.
_OWN = "raw = 1 AND typeof(key) = 'text'"
VALUE_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")


class BytesDisk(Disk):
    """A `diskcache.Disk` for bytes under text keys."""

    def put(self, key: object) -> tuple[str, bool]:
        """Return a key as the database holds it."""
        if type(key) is not str:
            raise CodecError(f"{key!r} is not a key: use text.")
        return key, True

    def get(self, key: object, raw: object) -> str:
        """Return a key as it was set."""
        if not raw or type(key) is not str:
            raise CodecError("the cache holds a key that is not text: it was not written here.")
        return key

    def store(self, value: object, read: bool, key: object = None) -> Any:
        """Write a value of bytes to the database, or to a file where it is large."""
        if type(value) is not bytes or read:
            raise CodecError(f"a value of {type(value).__name__} cannot be stored: encode it to bytes.")
        return super().store(value, read, key)

    def _write(self, full_path: str, *rest: Any) -> Any:
        try:
            return super()._write(full_path, *rest)
        except OSError:
            # Half a file, on a volume that is likely to be full, would be in no count.
            with suppress(OSError):
                Path(full_path).unlink()
            raise

    def remove(self, file_path: str) -> None:
        """Delete the file of a value; never one that a planted row names elsewhere."""
        if VALUE_FILE.fullmatch(file_path):
            super().remove(file_path)

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> bytes:  # noqa: ARG002
        """Read a value of bytes, and hold it against its checksum."""
        if mode == MODE_BINARY and filename and VALUE_FILE.fullmatch(filename):
            with Path(self._directory, filename).open("rb", buffering=0) as file:
                return _checked(file.read(CHECKSUM_BYTES), file.read())
        if mode == MODE_BINARY:
            raise CodecError(f"the cache names a file {filename!r} that is not one of its own.")
        if mode != MODE_RAW or type(value) is not bytes:
            raise CodecError("the cache holds a value that is not bytes: it was not written here.")
        return unsealed(value)


def _checksum(data: bytes) -> bytes:
    return int(isal_zlib.crc32(data)).to_bytes(CHECKSUM_BYTES, "little")


def sealed(data: bytes) -> bytes:
    """Return data behind its checksum."""
    return b"".join((_checksum(data), data))


def unsealed(data: bytes) -> bytes:
    """Return the data behind a checksum, or raise `CodecError` where they do not match."""
    return _checked(data[:CHECKSUM_BYTES], data[CHECKSUM_BYTES:])


def _checked(checksum: bytes, body: bytes) -> bytes:
    if checksum != _checksum(body):
        raise CodecError("a stored value does not match its checksum: it was damaged.")
    return body


def _keys_of(cache: Cache) -> list[str]:
    # `Cache.iterkeys` would stop at the first key that is not text.
    return [key for (key,) in cache._sql(f"SELECT key FROM Cache WHERE {_OWN} ORDER BY rowid")]  # noqa: S608


def _inconsistencies(cache: Cache) -> list[str]:
    """Mend what the database and the files disagree on, and say what; folders left empty by eviction are no fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        found = cache.check(fix=True)
    return [f"{one.message}; it was mended." for one in found if not issubclass(one.category, EmptyDirWarning)]


class DiskStore:
    """Keep at most a number of bytes in a folder, the oldest forgotten first.

    Parameters
    ----------
    folder : Path
        On a local volume; made if missing.
    limit : int
        Bytes.

    Raises
    ------
    StoreError
        When the folder cannot be made or written.
    """

    tier = "disk"

    def __init__(self, folder: Path, limit: int = 8_000_000_000) -> None:
        self.folder = folder
        self.limit = limit
        self._lock = Lock()
        self._hits = self._misses = self._errors = 0
        self._detail = ""
        self._retry_at = 0.0
        self._file = 0
        self._full = False
        try:
            self._cache: Cache | None = self._open()
        except FAULTS as error:
            raise StoreError(
                f"the cache folder {str(folder)!r} cannot be used: {error}. Choose another by --cache."
            ) from error

    def _open(self) -> Cache:
        self.folder.mkdir(parents=True, exist_ok=True)
        cache = Cache(
            str(self.folder),
            timeout=2.0,
            disk=BytesDisk,
            size_limit=self.limit,
            disk_min_file_size=FILE_BYTES,
            eviction_policy="least-recently-stored",
        )
        self._file, self._full, self._detail = int((self.folder / DBNAME).stat().st_ino), False, ""
        return cache

    def _gone(self) -> bool:
        """Whether the folder was deleted since it was opened: SQLite would go on, in a file that nobody else sees."""
        try:
            return int((self.folder / DBNAME).stat().st_ino) != self._file
        except OSError:
            return True

    def _opened(self) -> Cache | None:
        """Return the cache; after a fault, try to open it again from time to time."""
        with self._lock:
            if self._cache is not None and self._gone():
                self._cache.close()
                self._cache = None
            if self._cache is None and monotonic() >= self._retry_at:
                try:
                    self._cache = self._open()
                except FAULTS as error:
                    self._failed(error)
            return self._cache

    def _failed(self, error: Exception) -> None:
        """Count a fault. What a full volume holds can be read; after any other fault the folder is left for a while."""
        self._errors += 1
        self._full = self._cache is not None and (getattr(error, "errno", 0) in _FULL or "is full" in str(error))
        self._detail = f"the cache folder cannot be used just now: {error}. Results are computed again."
        if not self._full:
            self._cache = None
            self._retry_at = monotonic() + REOPEN_SECONDS

    def _fault(self, error: Exception) -> None:
        with self._lock:
            self._failed(error)

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key, or None."""
        cache = self._opened()
        data = None
        if cache is not None:
            try:
                data = cache.get(key)
            except FAULTS as error:
                self._fault(error)
            except CodecError:
                self._drop(key)
        with self._lock:
            self._hits += data is not None
            self._misses += data is None
        return None if data is None else Blob(data, self.tier)

    def _drop(self, key: str) -> None:
        """Forget a damaged value, and count it."""
        self.delete(key)
        with self._lock:
            self._errors += 1
            self._detail = "a stored value was damaged; it was dropped and computed again."

    def set(self, key: str, data: Data, *, wait: bool = False) -> None:  # noqa: ARG002
        """Keep bytes under a key; a fault is counted and nothing is kept."""
        cache, ready = self._opened(), made(data)
        if cache is not None:
            try:
                cache.set(key, sealed(ready))
            except FAULTS as error:
                self._fault(error)
            else:
                with self._lock:
                    if self._full:
                        self._full, self._detail = False, ""

    def __contains__(self, key: str) -> bool:
        cache = self._opened()
        try:
            return cache is not None and key in cache
        except FAULTS as error:
            self._fault(error)
            return False

    def delete(self, key: str) -> None:
        """Forget a key, known or not."""
        cache = self._opened()
        if cache is not None:
            try:
                cache.delete(key)
            except FAULTS as error:
                self._fault(error)

    def keys(self) -> Iterator[str]:
        """Yield the keys held."""
        cache = self._opened()
        try:
            return iter([] if cache is None else _keys_of(cache))
        except FAULTS as error:
            self._fault(error)
            return iter([])

    def clear(self) -> int:
        """Forget everything; return how many entries that were."""
        cache = self._opened()
        try:
            return 0 if cache is None else int(cache.clear())
        except FAULTS as error:
            self._fault(error)
            return 0

    def stats(self) -> list[TierStats]:
        """Return what it holds."""
        cache = self._opened()
        entries = used = 0
        if cache is not None:
            try:
                entries, used = len(cache), int(cache.volume())
            except FAULTS as error:
                self._fault(error)
        with self._lock:
            return [
                TierStats(self.tier, entries, used, self.limit, self._hits, self._misses, self._errors, self._detail)
            ]

    def check(self) -> list[str]:
        """Verify every value against its checksum, and the database against its files.

        Returns
        -------
        list of str
            A sentence a fault; what is damaged has been dropped.
        """
        cache = self._opened()
        if cache is None:
            return [self._detail] if self._detail else []
        faults = []
        try:
            foreign = cache._sql(f"DELETE FROM Cache WHERE NOT ({_OWN})").rowcount  # noqa: S608
            faults += [f"{foreign} keys were not written here; they were dropped."] if foreign else []
            damaged = [key for key in _keys_of(cache) if self._damaged(cache, key)]
            faults += [f"the value of {key!r} was damaged; it was dropped." for key in damaged]
            faults += _inconsistencies(cache)
        except FAULTS as error:
            self._fault(error)
            faults.append(self._detail)
        return faults

    def _damaged(self, cache: Cache, key: str) -> bool:
        try:
            cache.get(key)
        except CodecError:
            self._drop(key)
            return True
        return False

    def close(self) -> None:
        """Close the database. The store may be used no more."""
        with self._lock:
            if self._cache is not None:
                self._cache.close()
            self._cache, self._retry_at = None, float("inf")
