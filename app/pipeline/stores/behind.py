"""Writing behind: a store that answers at once, while one thread writes to a slower store.

What is queued is found as if it were written. A full queue makes its callers write for themselves, as slowly as
without one: nothing computed is thrown away, and memory stays bounded. A process that is killed loses what it had
queued, and no more: the slower store never sees half a value.
"""

import atexit
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from threading import Condition, Lock, Thread
from time import monotonic
from typing import NamedTuple

from app.pipeline.leases import LOOK_SECONDS, Everyone, Lessor
from app.pipeline.stores.base import Blob, Data, Store, TierStats, made

REST_SECONDS = 0.05
"""How long nothing must have been queued before writing begins, lest it take the interpreter from those who answer."""
LONGEST_REST_SECONDS = 1.0
"""After which writing begins all the same, and goes on until nothing is queued."""
FLUSH_SECONDS = 5.0
"""How long a check waits for the queue, and the end of a process."""


class _Queued(NamedTuple):
    data: Data
    size: int
    cost: float


class BehindStore:
    """Another store, written to in the background.

    Parameters
    ----------
    inner : Store
        It belongs to this one from now on.
    most_bytes, most_entries : int
        What the queue may hold. A single larger value is queued where it is alone.
    lessor : Lessor, optional
        Lets keys out to the processes that share the other store.

    Notes
    -----
    The thread starts with the first value, so that a store may be opened before a process forks. If it should ever
    die, the next value starts another, and `flush` writes without one.
    """

    def __init__(
        self,
        inner: Store,
        most_bytes: int = 64_000_000,
        most_entries: int = 1_000,
        lessor: Lessor | None = None,
    ) -> None:
        self.inner = inner
        self._lessor = lessor or Everyone()
        # Keys that were released before others could read what was set under them.
        self._owed: set[str] = set()
        self.tier = inner.stats()[-1].tier
        self._most = (most_bytes, most_entries)
        self._queue: dict[str, _Queued] = {}
        self._bytes = self._hits = 0
        self._changed = Condition()
        # Held by whoever changes the inner store. Taken before `_changed`, never after.
        self._writing = Lock()
        self._writer: Thread | None = None
        self._closed = False
        self._latest = 0.0
        atexit.register(self.close)

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key, or None."""
        with self._changed:
            found = self._queue.get(key)
            self._hits += found is not None
        return self.inner.get(key) if found is None else Blob(made(found.data), self.tier)

    def get_all(self, keys: Iterable[str]) -> dict[str, Blob]:
        """Return the bytes of those of some keys that are held or queued."""
        asked = list(keys)
        with self._changed:
            queued = {key: self._queue[key].data for key in asked if key in self._queue}
            self._hits += len(queued)
        held = self.inner.get_all([key for key in asked if key not in queued])
        return held | {key: Blob(made(data), self.tier) for key, data in queued.items()}

    def set(self, key: str, data: Data, *, wait: bool = False, cost: float = 0.0) -> None:
        """Queue bytes; write them at once where asked to, or where the queue is full."""
        if wait or not self._queued(key, _Queued(data, len(data), cost)):
            ready = made(data)
            with self._writing:
                self._unqueue(key)
                self.inner.set(key, ready, wait=True, cost=cost)

    def _queued(self, key: str, new: _Queued) -> bool:
        """Queue a value in place of an older one, and return whether there was room."""
        with self._changed:
            full = self._bytes + new.size > self._most[0] or len(self._queue) >= self._most[1]
            if self._closed or (full and self._queue):
                return False
            self._unqueue(key)
            self._queue[key] = new
            self._bytes += new.size
            self._latest = monotonic()
            if self._writer is None or not self._writer.is_alive():
                self._writer = Thread(target=self._write_all, name="write-behind", daemon=True)
                self._writer.start()
            self._changed.notify()
            return True

    def _unqueue(self, key: str) -> None:
        with self._changed:
            old = self._queue.pop(key, None)
            self._bytes -= old.size if old else 0

    def _write_all(self) -> None:
        pressed = False
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
            pressed = pressed or not self._rested()
            self._write_one()
            pressed = pressed and bool(self._queue)

    def _rested(self) -> bool:
        """Wait until nothing was queued for a moment, others wait for some of it, or half of the room is taken.

        Returns
        -------
        bool
            False where that took too long.
        """
        longest = monotonic() + LONGEST_REST_SECONDS
        while True:
            with self._changed:
                left = self._latest + REST_SECONDS - monotonic()
                filled = 2 * self._bytes >= self._most[0] or 2 * len(self._queue) >= self._most[1]
                if self._closed or filled or left <= 0:
                    return True
                if monotonic() > longest:
                    return False
                self._changed.wait(min(left, LOOK_SECONDS) if self._owed else left)
            if self._awaited():
                return True

    def _awaited(self) -> list[str]:
        """Return what is to be released and others wait for."""
        with self._changed:
            owed = list(self._owed)
        # A lessor may be on the network: nobody must wait for the queue meanwhile.
        return self._lessor.awaited(owed) if owed else []

    def _next(self) -> tuple[str, _Queued | None]:
        """Return what to write next: what others wait for, else the oldest."""
        awaited = self._awaited()
        with self._changed:
            first = next((key for key in awaited if key in self._queue), None)
            return (first, self._queue[first]) if first else next(iter(self._queue.items()), ("", None))

    def _write_one(self) -> None:
        """Write one queued value, unless somebody else has meanwhile."""
        key, queued = self._next()
        if queued is None:
            return
        try:
            data = made(queued.data)
            with self._writing:
                if self._queue.get(key) is queued:
                    self.inner.set(key, data, cost=queued.cost)
        finally:
            with self._changed:
                if self._queue.get(key) is queued:
                    self._unqueue(key)
            self._settle()

    def lease(self, keys: Sequence[str]) -> list[str]:
        """Lease those keys that no other process holds, at once."""
        return self._lessor.lease(keys)

    def release(self, keys: Iterable[str]) -> None:
        """Let others have keys, once what is queued under them is written."""
        with self._changed:
            self._owed.update(keys)
            self._changed.notify()
        self._settle()

    def _settle(self) -> None:
        """Release what was to be released, and is no longer queued."""
        with self._changed:
            settled = [key for key in self._owed if key not in self._queue]
            self._owed.difference_update(settled)
        if settled:
            self._lessor.release(settled)

    def awaited(self, keys: Iterable[str]) -> list[str]:
        """Return those of some keys leased here that others wait for."""
        return self._lessor.awaited(keys)

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Write what is queued, and return whether all was written in time."""
        until = monotonic() + seconds
        while self._queue and monotonic() < until:
            self._write_one()
        return not self._queue

    def __contains__(self, key: str) -> bool:
        return key in self._queue or key in self.inner

    def delete(self, key: str) -> None:
        """Forget a key, known or not."""
        self._unqueue(key)
        self._settle()
        with self._writing:
            self.inner.delete(key)

    def _waiting(self, prefix: str = "") -> list[str]:
        with self._changed:
            return [key for key in self._queue if key.startswith(prefix)]

    def _drop(self, prefix: str = "") -> list[str]:
        with self._changed:
            dropped = self._waiting(prefix)
            for key in dropped:
                self._unqueue(key)
            return dropped

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys held and queued that begin with a prefix."""
        waiting = self._waiting(prefix)
        held = dict.fromkeys(self.inner.keys(prefix))
        return iter(held | dict.fromkeys(waiting))

    def used(self, prefix: str = "") -> int:
        """Return the bytes held and queued under keys that begin with a prefix; what replaces a value adds nothing."""
        with self._changed:
            waiting = {key: one.size for key, one in self._queue.items() if key.startswith(prefix)}
        with self._writing:
            return self.inner.used(prefix) + sum(size for key, size in waiting.items() if key not in self.inner)

    def clear(self, prefix: str = "") -> int:
        """Forget what is held and queued under keys that begin with a prefix; return how many entries that were."""
        dropped = self._drop(prefix)
        self._settle()
        with self._writing:
            fresh = sum(key not in self.inner for key in dropped)
            return self.inner.clear(prefix) + fresh

    def stats(self) -> list[TierStats]:
        """Return what it holds, with what is queued."""
        with self._writing:
            waiting, waiting_bytes = self._waiting(), self._bytes
            *faster, last = self.inner.stats()
            fresh = sum(key not in self.inner for key in waiting)
        return [
            *faster,
            replace(
                last,
                entries=last.entries + fresh,
                bytes=last.bytes + waiting_bytes,
                hits=last.hits + self._hits,
                queued=len(waiting),
            ),
        ]

    def check(self) -> list[str]:
        """Write what is queued, then verify every entry."""
        self.flush()
        with self._writing:
            return self.inner.check()

    def close(self) -> None:
        """Write what is queued, as far as that takes no more than some seconds, and release the inner store."""
        atexit.unregister(self.close)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.flush()
        self._drop()
        self._settle()
        with self._writing:
            self.inner.close()
        self._lessor.close()
