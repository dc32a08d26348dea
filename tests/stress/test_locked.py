"""The index of the cache volume, locked for 30 s by a process that is none of ours: no error, and it recovers.

STRESS_RESULTS names a folder that gets a report.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from app.pipeline.stores.disk import DiskStore
from app.pipeline.volume.opening import BLOBS
from benchmarks import report
from tests.app.test_serving import Start, start
from tests.stress.sessions import Timings, Visitor, World

__all__ = ["start"]
SECONDS = 30
TITLE = f"An index locked for {SECONDS} s"
LOCKER = """
import sqlite3, sys

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "readers":
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE Settings SET value = value WHERE key = 'count'")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


@pytest.mark.parametrize("whom", ["writers", "readers"])
def test_while_the_index_is_locked_all_are_answered(
    start: Start, tmp_path: Path, whom: str, rows: list[dict[str, Any]]
) -> None:
    folder, timings, world = tmp_path / "cache" / "results", Timings(), World.of(tmp_path)
    app, address = _started(start)
    if whom == "readers":  # who has it open cannot be locked out: the app starts while it is locked
        _stop(app)
    with _locked(folder, whom):
        if whom == "readers":
            app, address = _started(start)
        visitor = Visitor(1, int(address.rpartition(":")[2]), world, timings)
        until = monotonic() + SECONDS
        said: set[str] = set()
        while monotonic() < until:
            _look(visitor)
            said.update(_reasons(address))
    assert [one for one in said if "locked by another process" in one] != []
    took = _recovery(visitor, address)
    _stop(app, complains=whom == "readers")
    assert timings.faults == []
    _is_whole(folder)
    rows.append({"locked_out": whom, **_figures(timings), "recovered_after_s": report.digits(took)})


@contextmanager
def _locked(folder: Path, whom: str) -> Iterator[None]:
    """Let another process lock the index."""
    command = [sys.executable, "-c", LOCKER, str(folder / BLOBS / "cache.db"), whom]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        yield
        assert locker.poll() is None
        locker.communicate("done\n")
    assert locker.returncode == 0


def _look(visitor: Visitor) -> None:
    for what in (visitor.page, visitor.tiles, visitor.image, visitor.figure):
        what()


def _started(start: Start) -> tuple[subprocess.Popen[str], str]:
    """Start the app, and wait until its kernels are compiled: that takes as long as a lock."""
    app, address = start()
    while True:
        try:
            _reasons(address)
            return app, address
        except HTTPError as unready:
            unready.close()
            assert app.poll() is None
            sleep(0.5)


def _reasons(address: str) -> list[str]:
    with urlopen(f"{address}/ready") as answer:
        return list(json.load(answer)["reasons"])


def _recovery(visitor: Visitor, address: str) -> float:
    """Return the seconds until the store is at its best again, and look at something new, which it then keeps."""
    began = monotonic()
    while _reasons(address):
        assert monotonic() < began + 60, _reasons(address)
        _look(visitor)
        sleep(0.1)
    took = monotonic() - began
    for _ in range(5):
        _look(visitor)
    return took


def _stop(app: subprocess.Popen[str], complains: bool = False) -> None:
    app.send_signal(signal.SIGTERM)
    out, err = app.communicate()
    assert (app.returncode, out) == (0, "")
    assert err.count("\n") == err.count("is locked by another process") == int(complains)


def _is_whole(folder: Path) -> None:
    """Check that results were kept, and all of them are whole."""
    store = DiskStore(folder)
    assert list(store.keys()) != []
    assert store.check() == []
    store.close()


def _figures(timings: Timings) -> dict[str, Any]:
    ms = list(chain(*timings.ms.values()))
    found = report.spread_of(ms)
    return {
        "requests": len(ms),
        "faults": len(timings.faults),
        **{name: found[name] for name in ("p50_ms", "p95_ms")},
        "max_ms": report.digits(max(ms)),
    }
