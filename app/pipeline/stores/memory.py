"""The fastest tier: bytes in this process, the least recently used forgotten first."""

from collections.abc import Iterable, Iterator
from threading import Lock

from cachetools import LRUCache

from app.pipeline.stores.base import Blob, Data, Later, TierStats, each


class MemoryStore:
    """Keep at most a number of bytes in this process.

    Parameters
    ----------
    limit : int
        Bytes. A value larger than an eighth of it is not kept, so that one cannot push out all others.
    """

    tier = "memory"

    def __init__(self, limit: int = 256_000_000) -> None:
        self.limit = limit
        self._held: LRUCache[str, Data] = LRUCache(limit, getsizeof=len)
        self._lock = Lock()
        self._hits = self._misses = 0

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key, or None."""
        with self._lock:
            data = self._held.get(key)
            if data is None:
                self._misses += 1
                return None
            self._hits += 1
        return Blob(self._made(key, data) if isinstance(data, Later) else data, self.tier)

    def get_all(self, keys: Iterable[str]) -> dict[str, Blob]:
        """Return the bytes of those of some keys that are held."""
        return each(self.get, keys)

    def _made(self, key: str, later: Later) -> bytes:
        """Return bytes that were kept unmade, and keep them in their true size."""
        data = later.made()
        with self._lock:
            if self._held.get(key) is later:
                self._held[key] = data
        return data

    def set(self, key: str, data: Data, *, wait: bool = False, cost: float = 0.0) -> None:  # noqa: ARG002
        """Keep bytes under a key, unless they are too large."""
        with self._lock:
            self._held.pop(key, None)
            if len(data) <= self.limit // 8:
                self._held[key] = data

    def __contains__(self, key: str) -> bool:
        with self._lock:
            return key in self._held

    def delete(self, key: str) -> None:
        """Forget a key, known or not."""
        with self._lock:
            self._held.pop(key, None)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys held at the time of the call that begin with a prefix."""
        with self._lock:
            return iter([key for key in self._held if key.startswith(prefix)])

    def used(self, prefix: str = "") -> int:
        """Return the bytes held under keys that begin with a prefix."""
        with self._lock:
            return sum(len(data) for key, data in self._held.items() if key.startswith(prefix))

    def clear(self, prefix: str = "") -> int:
        """Forget what is held under keys that begin with a prefix; return how many entries that were."""
        with self._lock:
            gone = [key for key in self._held if key.startswith(prefix)]
            for key in gone:
                del self._held[key]
            return len(gone)

    def stats(self) -> list[TierStats]:
        """Return what it holds."""
        with self._lock:
            used = int(self._held.currsize)
            return [TierStats(self.tier, len(self._held), used, self.limit, self._hits, self._misses, 0)]

    def check(self) -> list[str]:
        """Return no faults: memory is trusted."""
        return []

    def close(self) -> None:
        """Forget everything."""
        self.clear()
