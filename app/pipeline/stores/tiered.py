"""Stores in a row: read from the first that has a key, written to all."""

from collections.abc import Iterable, Iterator, Sequence

from app.pipeline.leases import Lessor
from app.pipeline.stores.base import Blob, Data, Store, TierStats


class TieredStore:
    """Several stores as one.

    Parameters
    ----------
    tiers : sequence of Store
        The fastest first; the last is the most durable.
    lessors : sequence of Lessor
        Those of the tiers that other processes read, in the same order: a key is leased of each.
    """

    def __init__(self, tiers: Sequence[Store], lessors: Sequence[Lessor] = ()) -> None:
        self.tiers, self.lessors = tuple(tiers), tuple(lessors)

    def lease(self, keys: Sequence[str]) -> list[str]:
        """Lease those keys that no other process holds, at once."""
        mine = list(keys)
        for depth, one in enumerate(self.lessors):
            asked, mine = mine, one.lease(mine) if mine else []
            lost = [key for key in asked if key not in mine]
            for nearer in self.lessors[:depth] if lost else ():
                nearer.release(lost)
        return mine

    def release(self, keys: Iterable[str]) -> None:
        """Let others have keys, as soon as they can read what was set under them."""
        released = list(keys)
        for one in self.lessors:
            one.release(released)

    def awaited(self, keys: Iterable[str]) -> list[str]:
        """Return those of some keys leased here that others wait for."""
        asked = list(keys)
        return list(dict.fromkeys(key for one in self.lessors for key in one.awaited(asked)))

    def get(self, key: str) -> Blob | None:
        """Return the bytes of a key from the first tier that has them, and keep them in the faster ones."""
        for depth, tier in enumerate(self.tiers):
            found = tier.get(key)
            if found is not None:
                for faster in self.tiers[:depth]:
                    faster.set(key, found.data)
                return found
        return None

    def get_all(self, keys: Iterable[str]) -> dict[str, Blob]:
        """Return the bytes of those of some keys that are held, each tier asked once for what the faster ones lack."""
        found: dict[str, Blob] = {}
        left = list(keys)
        for depth, tier in enumerate(self.tiers):
            here = tier.get_all(left) if left else {}
            for faster in self.tiers[:depth]:
                for key, blob in here.items():
                    faster.set(key, blob.data)
            found |= here
            left = [key for key in left if key not in here]
        return found

    def set(self, key: str, data: Data, *, wait: bool = False, cost: float = 0.0) -> None:
        """Keep bytes in every tier."""
        for tier in self.tiers:
            tier.set(key, data, wait=wait, cost=cost)

    def __contains__(self, key: str) -> bool:
        return any(key in tier for tier in self.tiers)

    def delete(self, key: str) -> None:
        """Forget a key in every tier."""
        for tier in self.tiers:
            tier.delete(key)

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys of the last tier that begin with a prefix."""
        return self.tiers[-1].keys(prefix)

    def used(self, prefix: str = "") -> int:
        """Return the bytes that the last tier holds under keys that begin with a prefix."""
        return self.tiers[-1].used(prefix)

    def clear(self, prefix: str = "") -> int:
        """Forget every tier's keys that begin with a prefix; return how many entries the last tier had."""
        return [tier.clear(prefix) for tier in self.tiers][-1]

    def stats(self) -> list[TierStats]:
        """Return what each tier holds, the fastest first."""
        return [one for tier in self.tiers for one in tier.stats()]

    def check(self) -> list[str]:
        """Verify every tier."""
        return [fault for tier in self.tiers for fault in tier.check()]

    def close(self) -> None:
        """Close every tier."""
        for tier in self.tiers:
            tier.close()
