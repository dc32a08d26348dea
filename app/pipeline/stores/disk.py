"""The shared tier: bytes on a local volume, through `diskcache`, seen by every worker and after a restart.

It stores bytes under text keys and nothing else. A value that was damaged is put aside and counted. A fault of the
volume or of its index is counted and said, and costs the caller a bounded wait and a computation, never an error: for
a while the store then leaves alone what failed, and tries again by itself.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import TypeVar

from app.pipeline.errors import CodecError
from app.pipeline.stores.base import Blob, Data, TierStats, each, made
from app.pipeline.volume.faults import FAULTS, Fault, kind
from app.pipeline.volume.index import Index
from app.pipeline.volume.mounts import MOUNTS, check_local
from app.pipeline.volume.opening import opened

T = TypeVar("T")
LARGEST_SHARE = 4
# How many times a value's size is freed before it is tried again on a full volume.
WAY_SHARE = 2


class DiskStore:
    """Keep at most a number of bytes in a folder; what is cheapest to compute again, a byte, is forgotten first.

    Parameters
    ----------
    folder : Path
        On a local volume; made if missing.
    limit : int
        Bytes. A value larger than a quarter of it is not kept.
    patience : float
        Seconds that a call waits for another process's lock.
    rest : float
        Seconds for which what failed is left alone.
    mounts : Path
        The system's table of file systems.

    Raises
    ------
    StoreError
        When the folder is on a network file system.

    Notes
    -----
    Where the folder cannot be made or written, nothing is kept until it can.
    """

    tier = "disk"

    def __init__(
        self,
        folder: Path,
        limit: int = 8_000_000_000,
        *,
        patience: float = 1.0,
        rest: float = 5.0,
        mounts: Path = MOUNTS,
    ) -> None:
        check_local(folder, mounts)
        self.folder, self.limit = folder, limit
        self._patience, self._rest = patience, rest
        self._lock, self._opening = Lock(), Lock()
        self._hits = self._misses = self._errors = self._damaged = 0
        self._detail = ""
        self._corrupt = 0
        self._use_at = self._write_at = 0.0
        self._full = False
        self._index: Index | None = None
        self._reopen(None)

    def _open(self) -> Index:
        return opened(self.folder, self.limit, self._patience, self._corrupt)

    def _opened(self) -> Index | None:
        """Return the index, unless it is left alone; where it is not open, or was replaced, try to open it."""
        if monotonic() < self._use_at:
            return None
        index = self._index
        if index is not None and not index.gone():
            return index
        if not self._opening.acquire(timeout=self._patience):
            return None
        try:
            if self._index is index and monotonic() >= self._use_at:
                self._reopen(index)
            return self._index
        finally:
            self._opening.release()

    def _reopen(self, index: Index | None) -> None:
        if index is not None:
            index.close()
        self._index = None
        try:
            self._index = self._open()
        except FAULTS as error:
            self._failed(error)
        else:
            self._detail = "" if self._corrupt == 0 else self._detail
            self._corrupt = 0

    def _failed(self, error: Exception, index: Index | None = None, writing: bool = False) -> None:
        """Count a fault, and choose what to leave alone for a while: writing, everything, or this index for good."""
        fault, until = kind(error), monotonic() + self._rest
        with self._lock:
            self._errors += 1
            self._detail = f"the cache folder {fault.value} just now: {error}. Results are computed again."
            if index is None and fault is not Fault.LOCKED:
                self._detail = (
                    f"the cache folder {str(self.folder)!r} {fault.value} just now: {error}. Until it can be, or "
                    "another is chosen by --cache, results are kept in memory, and lost at exit."
                )
            if fault is Fault.CORRUPT and index is not None:
                self._detail = f"the cache folder {fault.value}: {error}. Results are computed again."
                # Another thread may have met the same fault, and opened a new one since.
                if self._index is index:
                    self._corrupt, self._index = index.file, None
            elif index is not None and (fault in (Fault.FULL, Fault.UNWRITABLE) or (fault is Fault.LOCKED and writing)):
                self._write_at, self._full = until, fault is Fault.FULL
            else:
                self._use_at = until
                self._index = self._index if fault is Fault.LOCKED else None

    def _tried(self, call: Callable[[Index], T], otherwise: T, writing: bool = False) -> T:
        """Return what a call of the index returns, or something else where that cannot be done."""
        index = self._opened()
        if index is None:
            return otherwise
        try:
            return call(index)
        except FAULTS as error:
            self._failed(error, index, writing)
            return otherwise

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key, or None."""
        data = None
        try:
            data = self._tried(lambda index: index.read(key), None)
        except CodecError:
            self._discard(key)
        with self._lock:
            self._hits += data is not None
            self._misses += data is None
        return None if data is None else Blob(data, self.tier)

    def get_all(self, keys: Iterable[str]) -> dict[str, Blob]:
        """Return the bytes of those of some keys that are held."""
        return each(self.get, keys)

    def _discard(self, key: str) -> None:
        """Put a damaged value aside, and count it."""
        if self._tried(lambda index: index.discard(key), False, writing=True):
            with self._lock:
                self._errors += 1
                self._damaged += 1
                self._detail = "a stored value was damaged; it was put aside and is computed again."

    def set(self, key: str, data: Data, *, wait: bool = False, cost: float = 0.0) -> None:  # noqa: ARG002
        """Keep bytes under a key; a fault is counted and nothing is kept."""
        ready = made(data)
        if self._full and monotonic() >= self._write_at:
            self._full = False
            self._tried(lambda index: index.give_way(WAY_SHARE * len(ready)), None, writing=True)
        if len(ready) > self.limit // LARGEST_SHARE:
            self.delete(key)
        elif monotonic() >= self._write_at and self._tried(
            lambda index: index.write(key, ready, cost), otherwise=False, writing=True
        ):
            self._recovered()

    def _recovered(self) -> None:
        """Say no more that writing failed, where it did."""
        if self._write_at:
            with self._lock:
                self._write_at, self._detail = 0.0, ""

    def __contains__(self, key: str) -> bool:
        return self._tried(lambda index: index.holds(key), False)

    def delete(self, key: str) -> None:
        """Forget a key, known or not."""
        self._tried(lambda index: index.forget(key), None, writing=True)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys held that begin with a prefix."""
        nothing: list[str] = []
        return iter(self._tried(lambda index: index.names(prefix), nothing))

    def used(self, prefix: str = "") -> int:
        """Return the bytes held under keys that begin with a prefix."""
        return self._tried(lambda index: index.used(prefix), 0)

    def clear(self, prefix: str = "") -> int:
        """Forget what is held under keys that begin with a prefix; return how many entries that were."""
        return self._tried(lambda index: index.forget_all(prefix) if prefix else int(index.clear()), 0, writing=True)

    def stats(self) -> list[TierStats]:
        """Return what it holds."""
        entries, used, evicted = self._tried(lambda index: index.held(), (0, 0, 0))
        with self._lock:
            counts = (self._hits, self._misses, self._errors, self._detail)
            return [
                TierStats(self.tier, entries, used, self.limit, *counts, damaged=self._damaged, evicted=evicted),
            ]

    def check(self) -> list[str]:
        """Verify every value against its checksum, and the index against its files.

        Returns
        -------
        list of str
            A sentence a fault; what is damaged has been put aside.
        """
        before = self._errors
        faults = self._tried(lambda index: index.mend(), None)
        if faults is None:
            return [self._detail] if self._detail or self._errors > before else []
        damaged = sum("put aside" in fault for fault in faults)
        with self._lock:
            self._errors += damaged
            self._damaged += damaged
            self._detail = "stored values were damaged; they were put aside." if damaged else self._detail
        return faults

    def close(self) -> None:
        """Close the database. The store may be used no more."""
        with self._opening:
            if self._index is not None:
                self._index.close()
            self._index, self._use_at = None, float("inf")
