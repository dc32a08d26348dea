"""What the disk store costs beside plain diskcache and a plain file, in one run, by turns.

python -m benchmarks.store --out benchmarks/results/store.json
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from diskcache import Cache

from app.pipeline.stores.disk import DiskStore
from benchmarks.report import digits, facts, load, show, timed, write

# Incompressible values of what is stored: a packed tile, a plain tile of 256 by 256, an aggregate of 1000 by 600.
VALUES = {"packed tile, 20 kB": 20_000, "tile, 262 kB": 256 * 256 * 4, "aggregate, 2.4 MB": 1_000 * 600 * 4}
KEYS, TURNS = 40, 12
PEERS = ("store", "diskcache", "file")


def measure(folder: Path) -> list[dict[str, Any]]:
    """Return a row for each value and act: median milliseconds of each peer, and the store's as ratios of theirs."""
    store, cache = DiskStore(folder / "store"), Cache(str(folder / "diskcache"), disk_min_file_size=32_768)
    (folder / "files").mkdir()
    with closing(store), closing(cache):
        return [row for what, size in VALUES.items() for row in _rows(folder / "files", store, cache, what, size)]


def _rows(files: Path, store: DiskStore, cache: Cache, what: str, size: int) -> list[dict[str, Any]]:
    data = np.random.default_rng(size).bytes(size)
    names = [f"grid-{size}-{at}" for at in range(KEYS)]
    sets: dict[str, Callable[[str], object]] = {
        "store": lambda name: store.set(name, data),
        "diskcache": lambda name: cache.set(name, data),
        "file": lambda name: (files / name).write_bytes(data),
    }
    gets: dict[str, Callable[[str], object]] = {
        "store": store.get,
        "diskcache": cache.get,
        "file": lambda name: (files / name).read_bytes(),
    }
    misses = {"store": lambda name: store.get("no" + name), "diskcache": lambda name: cache.get("no" + name)}
    rows = [_row(f"set {what}", sets, names), _row(f"hit {what}", gets, names)]
    return rows if size > min(VALUES.values()) else [*rows, _row("miss", misses, names)]


def _row(what: str, calls: dict[str, Callable[[str], object]], names: list[str]) -> dict[str, Any]:
    """Time peers by turns, so that what else the machine does falls on all."""
    ms: dict[str, list[float]] = {peer: [] for peer in calls}
    for turn in range(TURNS):
        for peer, call in calls.items():
            spent = [timed(lambda call=call, name=name: call(name)) for name in names]  # type: ignore[misc]
            if turn:  # the first warms
                ms[peer] += spent
    middle = {peer: statistics.median(spent) for peer, spent in ms.items()}
    row: dict[str, Any] = {"what": what} | {
        f"{peer}_ms": digits(middle[peer]) if peer in middle else "" for peer in PEERS
    }
    p99 = sorted(ms["store"])[int(0.99 * len(ms["store"]))]
    ratios = {f"store/{peer}": digits(middle["store"] / middle[peer]) if peer in middle else "" for peer in PEERS[1:]}
    return row | {"store_p99_ms": digits(p99)} | ratios


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--folder", type=Path, help="on the volume to be measured")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        report = facts() | {"rows": measure(Path(folder)), "load_after": load()}
    show("Milliseconds of one call, median", report["rows"])
    if given.out:
        write(given.out, report)


if __name__ == "__main__":
    main()
