"""What a store is: a bounded map from keys to bytes that may forget, and never fails its caller."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Blob(NamedTuple):
    """Bytes that were found, and the tier that had them: ``memory``, ``disk``, …."""

    data: bytes
    tier: str


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
    """

    tier: str
    entries: int
    bytes: int
    limit: int
    hits: int
    misses: int
    errors: int
    detail: str = ""


class Store(Protocol):
    """Keeps bytes by key. All methods may be called from any thread.

    Keys are text of at most 200 characters. A value once set is what `get` returns, or nothing is; never other bytes.
    """

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key, or None."""
        ...

    def set(self, key: str, data: bytes) -> None:
        """Keep bytes under a key, if there is room."""
        ...

    def __contains__(self, key: str) -> bool: ...

    def delete(self, key: str) -> None:
        """Forget a key, known or not."""
        ...

    def keys(self) -> Iterator[str]:
        """Yield the keys held by the most durable tier."""
        ...

    def clear(self) -> int:
        """Forget everything; return how many entries that were."""
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
