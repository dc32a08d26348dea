"""A disk store whose index another process holds: bounded waits, no errors, and recovery by itself."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from app.pipeline.stores import disk
from app.pipeline.stores.disk import DiskStore
from app.pipeline.volume.opening import BLOBS

ROOT = Path(__file__).resolve().parents[2]
PATIENCE, REST = 0.05, 0.2
SMALL, LARGE = b"s" * 100, b"L" * 100_000


@pytest.fixture
def store(tmp_path):
    made = DiskStore(tmp_path, patience=PATIENCE, rest=REST)
    made.set("a", LARGE)
    made.set("b", SMALL)
    yield made
    assert made.check() == []
    made.close()


@pytest.fixture
def locker(store):
    """Return a connection of somebody else."""
    with closing(sqlite3.connect(store.folder / BLOBS / "cache.db", isolation_level=None)) as connection:
        yield connection


def exclusively(connection):
    """Lock a database against readers too."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("UPDATE Settings SET value = value WHERE key = 'count'")


def recovers(store):
    until = monotonic() + 30
    while store.get("c") is None and monotonic() < until:
        store.set("c", SMALL)
        sleep(0.01)
    return store.get("c") is not None


def test_while_one_writes_long_others_read_and_compute(store, locker, monkeypatch):
    store._rest = 3600.0
    locker.execute("BEGIN IMMEDIATE")
    store.set("c", LARGE)
    stats = store.stats()[0]
    assert stats.errors == 1
    assert "locked by another process" in stats.detail
    for _ in range(20):
        store.set("c", LARGE)  # left alone: waits for nobody
        assert store.get("a").data == LARGE
        assert store.get("b").data == SMALL
        assert store.get("c") is None
    assert store.stats()[0].errors == 1
    locker.execute("ROLLBACK")
    monkeypatch.setattr(disk, "monotonic", lambda: monotonic() + 3600.0)
    assert recovers(store)
    assert store.stats()[0].detail == ""


def test_who_is_locked_out_entirely_computes(tmp_path):
    made = DiskStore(tmp_path, patience=PATIENCE, rest=REST)
    made.set("a", LARGE)
    made.close()
    with closing(sqlite3.connect(tmp_path / BLOBS / "cache.db", isolation_level=None)) as locker:
        exclusively(locker)
        store = DiskStore(tmp_path, patience=PATIENCE, rest=REST)
        for _ in range(20):
            assert store.get("a") is None
            store.set("c", SMALL)
            assert "c" not in store
            assert store.used() == 0
        assert "locked by another process" in store.stats()[0].detail
        locker.execute("ROLLBACK")
    assert recovers(store)
    assert store.get("a").data == LARGE
    assert store.stats()[0].detail == ""
    assert store.check() == []
    store.close()


def test_a_use_is_not_written_down_where_that_would_wait(store, locker):
    locker.execute("UPDATE Cache SET access_time = 0")
    locker.execute("BEGIN IMMEDIATE")
    for _ in range(200):
        store._index._touched = {str(at): 0.0 for at in range(100)}
        assert store.get("b").data == SMALL
    locker.execute("ROLLBACK")
    assert store.stats()[0].errors == 0


def test_a_short_lock_is_waited_for(tmp_path, store):
    patient = DiskStore(tmp_path, patience=30.0)
    held = Event()

    def hold():
        with closing(sqlite3.connect(store.folder / BLOBS / "cache.db", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            held.set()
            sleep(0.3)
            connection.execute("ROLLBACK")

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(30)
        patient.set("c", SMALL)
        holding.result(30)
    assert store.get("c").data == SMALL
    assert patient.stats()[0].errors == 0
    patient.close()


HOLDER = """
import sys
from pathlib import Path
from app.pipeline.stores import disk
from app.pipeline.stores.disk import DiskStore
from app.pipeline.volume.opening import _alone

folder = Path(sys.argv[1])
store = DiskStore(folder)
with store._index.changing() as sql, _alone(folder, 30.0):
    sql("DELETE FROM Cache")
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_killed_process_lets_go_of_the_index_and_what_it_had_begun_is_undone(store):
    command = [sys.executable, "-c", HOLDER, str(store.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        store.set("c", SMALL)
        late = DiskStore(store.folder, patience=PATIENCE, rest=REST)
        assert "c" not in store
        assert all("locked by another process" in one.stats()[0].detail for one in (store, late))
        holder.kill()
    for one in (store, late):
        assert recovers(one)
        assert (one.get("a").data, one.get("b").data) == (LARGE, SMALL)
    late.close()
