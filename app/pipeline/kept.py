"""Values as stages gave them, kept in this process beside their bytes, so that a hit need not decode.

Only arrays are kept, settled by their codec and read-only: what else is stored decodes in no time.
"""

from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from cachetools import LRUCache


class Value(NamedTuple):
    """An array, and the bytes of its stored form."""

    array: Any
    bytes: int


class Kept:
    """Keep at most a number of bytes of arrays, the least recently used forgotten first. Safe for threads.

    Parameters
    ----------
    limit : int
        Bytes. A value larger than an eighth of it is not kept, so that one cannot push out all others.

    Notes
    -----
    A kept value is worth no more than its bytes: who reads it must see to it that the store still has its key.
    """

    def __init__(self, limit: int = 256_000_000) -> None:
        self.limit = limit
        self._held: LRUCache[str, Value] = LRUCache(limit, getsizeof=lambda one: int(one.array.nbytes))
        self._lock = Lock()

    def get(self, key: str) -> Value | None:
        """Return the value of a key, or None."""
        with self._lock:
            return self._held.get(key)

    def put(self, key: str, value: Any, size: int) -> None:
        """Keep a value whose stored form has a size, if it is an array and not too large."""
        if isinstance(value, np.ndarray) and value.nbytes <= self.limit // 8:
            with self._lock:
                self._held[key] = Value(value, size)

    def drop(self, key: str) -> None:
        """Forget a key, known or not."""
        with self._lock:
            self._held.pop(key, None)

    def drop_all(self, prefix: str) -> None:
        """Forget every key that begins with a prefix."""
        with self._lock:
            for key in [one for one in self._held if one.startswith(prefix)]:
                del self._held[key]
