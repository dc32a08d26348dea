"""The kinds of store, and how to open them by address."""

from collections.abc import Callable, Mapping
from pathlib import Path

from app.pipeline.errors import unknown
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

# The part of a tier's limit that may be queued for it, and the most.
QUEUE_SHARE, QUEUE_BYTES = 1 / 16, 64_000_000


def open_store(*tiers: tuple[str, int]) -> Store:
    """Open stores in a row, the fastest first; of several, the last is written behind.

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
    opened = []
    for address, limit in tiers:
        kind, _, rest = address.partition(":")
        if kind not in STORES:
            raise unknown("kind of store", kind, STORES)
        opened.append(STORES[kind](rest, limit))
    if len(opened) == 1:
        return opened[0]
    queue = min(int(tiers[-1][1] * QUEUE_SHARE), QUEUE_BYTES)
    return TieredStore([*opened[:-1], BehindStore(opened[-1], queue)])
