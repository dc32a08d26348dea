"""The kinds of store, and how to open them by address."""

from collections.abc import Callable, Mapping
from pathlib import Path

from app.pipeline.errors import unknown
from app.pipeline.stores.base import Store
from app.pipeline.stores.disk import DiskStore
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.stores.tiered import TieredStore

# Each takes what follows the colon of its address, and the bytes that it may hold.
STORES: Mapping[str, Callable[[str, int], Store]] = {
    "memory": lambda _, limit: MemoryStore(limit),
    "disk": lambda folder, limit: DiskStore(Path(folder), limit),
}


def open_store(*tiers: tuple[str, int]) -> Store:
    """Open stores in a row, the fastest first.

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
    return opened[0] if len(opened) == 1 else TieredStore(opened)
