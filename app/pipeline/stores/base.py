"""What a store is: a bounded map from keys to bytes that may forget, and never fails its caller."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple, Protocol, TypeAlias


class Later:
    """Bytes that are made when they are first needed, once, by whichever thread comes first.

    Parameters
    ----------
    make : callable
        Returns the bytes. It is let go of when it has.
    size : int
        Bytes of memory that it holds until then: what the length of this is.
    """

    def __init__(self, make: Callable[[], bytes], size: int) -> None:
        self._make: Callable[[], bytes] | None = make
        self._data = b""
        self._size = size
        self._lock = Lock()

    def __len__(self) -> int:
        return self._size

    def made(self) -> bytes:
        """Return the bytes."""
        with self._lock:
            if self._make is not None:
                self._data = self._make()
                self._make, self._size = None, len(self._data)
            return self._data


Data: TypeAlias = bytes | Later
"""What may be stored: bytes, or a promise of them. What is read is always bytes."""


def made(data: Data) -> bytes:
    """Return bytes as they are, and make those that are not yet there."""
    return data.made() if isinstance(data, Later) else data


class Blob(NamedTuple):
    """Bytes that were found, and the tier that had them: ``memory``, ``disk``, …."""

    data: bytes
    tier: str


def each(get: Callable[[str], Blob | None], keys: Iterable[str]) -> dict[str, Blob]:
    """Return what is found under some keys, one asked after the other: for tiers that are near."""
    return {key: found for key in keys if (found := get(key))}


@dataclass(frozen=True, slots=True)
class TierStats:
    """What one tier holds, and has done in this process.

    Parameters
    ----------
    tier : str
    entries, bytes : int
        What it holds now.
    limit : int
        Bytes that it may hold.
    hits, misses, errors : int
        Since this process opened it. An error is a read or write that the tier could not do; its caller computed.
    detail : str
        A plain sentence when the tier is not at its best.
    queued : int
        Entries of this process among them that are still to be written.
    damaged : int
        Values that this process found damaged and put aside; they count as errors too.
    evicted : int
        Entries that went for want of room, of all processes since the tier was made; 0 where it does not count them.
    """

    tier: str
    entries: int
    bytes: int
    limit: int
    hits: int
    misses: int
    errors: int
    detail: str = ""
    queued: int = 0
    damaged: int = 0
    evicted: int = 0


class Store(Protocol):
    """Keeps bytes by key. All methods may be called from any thread.

    Keys are text of at most 200 characters. A value once set is what `get` returns, or nothing is; never other bytes.
    """

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key, or None."""
        ...

    def get_all(self, keys: Iterable[str]) -> dict[str, Blob]:
        """Return the bytes of those of some keys that are held, asked for together where the way is long."""
        ...

    def set(self, key: str, data: Data, *, wait: bool = False, cost: float = 0.0) -> None:
        """Keep bytes under a key, if there is room.

        Parameters
        ----------
        key : str
        data : bytes or Later
        wait : bool
            Return when other processes can read it. Otherwise they may find it a little later.
        cost : float
            Seconds that computing it again takes: what is cheap a byte is forgotten before what is dear.
        """
        ...

    def __contains__(self, key: str) -> bool: ...

    def delete(self, key: str) -> None:
        """Forget a key, known or not."""
        ...

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys held by the most durable tier, or those of them that begin with a prefix."""
        ...

    def used(self, prefix: str = "") -> int:
        """Return the bytes that the most durable tier holds under keys that begin with a prefix."""
        ...

    def clear(self, prefix: str = "") -> int:
        """Forget what every tier holds under keys with a prefix; return how many entries the most durable one had."""
        ...

    def stats(self) -> list[TierStats]:
        """Return what each tier holds, the fastest first."""
        ...

    def check(self) -> list[str]:
        """Verify every entry; return a plain sentence a fault. Damaged entries are dropped."""
        ...

    def close(self) -> None:
        """Release files and connections. The store may be used no more."""
        ...
