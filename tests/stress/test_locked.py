"""The index of the cache volume, locked for 30 s by a process that is none of ours: no error, and it recovers."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from app.pipeline.stores.disk import DiskStore
from app.pipeline.volume.opening import BLOBS
from tests.app.test_serving import Start, start
from tests.stress.sessions import Timings, Visitor, World

__all__ = ["start"]
SECONDS = 30
LOCKER = """
import sqlite3, sys, time

connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "readers":
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
connection.execute("BEGIN EXCLUSIVE")
connection.execute("UPDATE Settings SET value = value WHERE key = 'count'")
print("locked", flush=True)
time.sleep(float(sys.argv[3]))
connection.execute("ROLLBACK")
"""


@pytest.mark.parametrize("whom", ["writers", "readers"])
def test_while_the_index_is_locked_all_are_answered(start: Start, tmp_path: Path, whom: str) -> None:
    app, address = start()
    folder, timings = tmp_path / "cache" / "results", Timings()
    if whom == "readers":  # who has it open cannot be locked out: the app starts while it is locked
        app.send_signal(signal.SIGTERM)
        app.communicate()
    command = [sys.executable, "-c", LOCKER, str(folder / BLOBS / "cache.db"), whom, str(SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        began = monotonic()
        if whom == "readers":
            app, address = start()
        visitor = Visitor(1, int(address.rpartition(":")[2]), World.of(tmp_path), timings)
        said: set[str] = set()
        while locker.poll() is None:
            _look(visitor)
            said.update(_reasons(address))
    assert locker.returncode == 0
    assert monotonic() - began > SECONDS - 1
    assert [one for one in said if "locked by another process" in one] != []
    until = monotonic() + 60
    while _reasons(address):
        assert monotonic() < until, _reasons(address)
        _look(visitor)
        sleep(0.1)
    app.send_signal(signal.SIGTERM)
    assert app.communicate() == ("", "")
    assert timings.faults == []
    _is_whole(folder)
    asked = sum(map(len, timings.ms.values()))
    slowest = max(ms for kind in timings.ms.values() for ms in kind)
    print(f"{whom} locked out for {SECONDS} s: {asked:,} requests, no fault, the slowest {slowest:,.0f} ms")


def _look(visitor: Visitor) -> None:
    for what in (visitor.page, visitor.tiles, visitor.image, visitor.figure):
        what()


def _reasons(address: str) -> list[str]:
    try:
        answer = urlopen(f"{address}/ready")
    except HTTPError as unready:  # kernels are being compiled: it says the same
        answer = unready
    with answer:
        return list(json.load(answer)["reasons"])


def _is_whole(folder: Path) -> None:
    """Check that results were kept, and all of them are whole."""
    store = DiskStore(folder)
    assert list(store.keys()) != []
    assert store.check() == []
    store.close()
