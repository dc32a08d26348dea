"""The kinds of store, and how to open them by address."""

from collections.abc import Callable, Mapping
from pathlib import Path

from app.pipeline.errors import unknown
from app.pipeline.leases import Everyone, FileLeases, Lessor
from app.pipeline.redis_leases import RedisLeases
from app.pipeline.stores.base import Store
from app.pipeline.stores.behind import BehindStore
from app.pipeline.stores.disk import DiskStore
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.stores.redis import RedisStore
from app.pipeline.stores.tiered import TieredStore

# Each takes what follows the colon of its address, and the bytes that it may hold.
STORES: Mapping[str, Callable[[str, int], Store]] = {
    "memory": lambda _, limit: MemoryStore(limit),
    "disk": lambda folder, limit: DiskStore(Path(folder), limit),
    "redis": lambda rest, limit: RedisStore(f"redis:{rest}", limit),
    "rediss": lambda rest, limit: RedisStore(f"rediss:{rest}", limit),
}

# diskcache sweeps away every file that it does not know, but for those named after its database.
LEASES = "cache.db-leases"

# The part of a tier's limit that may be queued for it, and the most.
QUEUE_SHARE, QUEUE_BYTES = 1 / 16, 64_000_000


def open_store(*tiers: tuple[str, int]) -> Store:
    """Open stores in a row, the fastest first; of several, all but memory are written behind.

    Parameters
    ----------
    *tiers : tuple of str and int
        An address, such as ``"memory:"`` or ``"disk:cache/results"``, and its limit in bytes.

    Returns
    -------
    Store

    Raises
    ------
    UnknownNameError
        For a kind that does not exist.
    StoreError
        When one cannot be opened.
    """
    opened = [_opened(address, limit) for address, limit in tiers]
    if len(opened) == 1:
        return opened[0]
    row: list[Store] = []
    shared: list[BehindStore] = []
    for store, (_, limit) in zip(opened, tiers, strict=True):
        if isinstance(store, MemoryStore):
            row.append(store)
        else:
            shared.append(BehindStore(store, min(int(limit * QUEUE_SHARE), QUEUE_BYTES), lessor=_lessor(store)))
            row.append(shared[-1])
    return TieredStore(row, shared)


def _opened(address: str, limit: int) -> Store:
    kind, _, rest = address.partition(":")
    if kind not in STORES:
        raise unknown("kind of store", kind, STORES)
    return STORES[kind](rest, limit)


def _lessor(store: Store) -> Lessor:
    """Return what lets the keys of a store out to the processes that share it."""
    if isinstance(store, RedisStore):
        return RedisLeases(store.link)
    return FileLeases(store.folder / LEASES) if isinstance(store, DiskStore) else Everyone()


def lessor_of(store: Store) -> Lessor:
    """Return what lets out the keys of a store that `open_store` returned."""
    return store if isinstance(store, TieredStore) else Everyone()
