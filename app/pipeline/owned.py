"""What belongs to one session: bytes in the store under its own prefix, within a quota.

Nothing here ends at an age: where the quota is full, the oldest of the same kind and session gives way, one at a time.
So a session can push out its own things alone. What has gone is None, and it is for the caller to say so.
"""

import secrets
from collections.abc import Callable
from time import time

from app.pipeline.errors import QuotaError, StoreError
from app.pipeline.keys import digest
from app.pipeline.stores.base import Store

# It cannot be computed again, so that a full store lets it go after all that can.
COST_SECONDS = 3600.0


class Owned:
    """Bytes of sessions, of one kind.

    Parameters
    ----------
    store : Store
        All workers share it.
    kind : str
        Part of every key: lower-case letters.
    quota : int
        Bytes that a session may keep of this kind.
    period : float
        Seconds that count as one moment: within it, the same bytes under the same name are kept once.
    clock : callable
        Returns seconds since 1970.

    Notes
    -----
    Safe to use from several threads and processes, as far as the store is. A name is never used twice, except for the
    same bytes, because the store's tiers take a key's value for final.

    Examples
    --------
    >>> from app.pipeline.stores.memory import MemoryStore
    >>> owned = Owned(MemoryStore(), "note", quota=1000)
    >>> name = owned.keep("ada", b"hers")
    >>> owned.find("ada", name), owned.find("eve", name), owned.used("ada")
    (b'hers', None, 4)
    """

    def __init__(
        self, store: Store, kind: str, quota: int, *, period: float = 1e-6, clock: Callable[[], float] = time
    ) -> None:
        self._store = store
        self._kind = kind
        self._period = period
        self.quota = quota
        self._clock = clock

    def keep(self, session: str, data: bytes, name: str = "") -> str:
        """Keep bytes for a session, where all workers find them when this returns.

        Parameters
        ----------
        session : str
            Its id.
        data : bytes
        name : str
            What only these bytes are called, if they may be kept more than once; without it they get a new name.

        Returns
        -------
        str
            What `find` takes: up to 64 letters, digits and hyphens.

        Raises
        ------
        QuotaError
            For more bytes than the whole quota.
        StoreError
            Where the store does not take them.
        """
        if len(data) > self.quota:
            raise QuotaError(
                f"{len(data):,} bytes are more than the {self.quota:,} that a session may keep: keep less."
            )
        # The age and the size are read from the key, without opening what it names.
        stamped = f"{int(self._clock() / self._period):013x}-{len(data):x}-{name or secrets.token_hex(8)}"
        key = self.prefix(session) + stamped
        if key in self._store:
            return stamped
        self._make_room(session, len(data))
        self._store.set(key, data, wait=True, cost=COST_SECONDS)
        if key not in self._store:
            raise StoreError(f"the store takes no {len(data):,} bytes: keep less, or give it more room.")
        return stamped

    def find(self, session: str, name: str) -> bytes | None:
        """Return the bytes of a name that `keep` returned for the same session; None where they have gone."""
        found = self._store.get(self.prefix(session) + name)
        return found.data if found else None

    def used(self, session: str) -> int:
        """Return the bytes that a session keeps of this kind."""
        return sum(map(_size, self._names(session)))

    def forget(self, session: str) -> int:
        """Delete what a session keeps of this kind; return how many entries that were."""
        return self._store.clear(self.prefix(session))

    def prefix(self, session: str) -> str:
        """Return how all keys of a session begin; its id, which is worth a cookie, cannot be read from them."""
        return f"session-{digest('session', session)}-{self._kind}-"

    def _names(self, session: str) -> list[str]:
        """Return a session's keys, the oldest first: the time stands before all that differs."""
        return sorted(self._store.keys(self.prefix(session)))

    def _make_room(self, session: str, size: int) -> None:
        """Delete the oldest entries that leave no room for so many bytes."""
        names = self._names(session)
        over = sum(map(_size, names)) + size - self.quota
        for name in names:
            if over <= 0:
                return
            self._store.delete(name)
            over -= _size(name)


def _size(key: str) -> int:
    """Return the length of a key's bytes, which the key tells."""
    return int(key.rsplit("-", 2)[1], 16)
