"""Writing behind: what is queued is as good as written, whatever becomes of the queue, its thread and its process."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event
from time import monotonic, sleep

import pytest

from app.pipeline.stores import behind
from app.pipeline.stores.base import Later
from app.pipeline.stores.behind import BehindStore
from app.pipeline.stores.disk import DiskStore
from app.pipeline.stores.memory import MemoryStore

ROOT = Path(__file__).resolve().parents[2]
LARGE = b"L" * 100_000


class Slow(MemoryStore):
    """A store whose writes wait for a gate, and that notes them."""

    def __init__(self) -> None:
        super().__init__(80_000_000)
        self.gate, self.begun, self.written = Event(), Event(), []

    def set(self, key, data, *, wait=False, cost=0.0):
        self.begun.set()
        assert self.gate.wait(30)
        self.written.append((key, data))
        super().set(key, data)


@pytest.fixture
def slow():
    return Slow()


@contextmanager
def behind_of(inner, **bounds):
    """Open a store behind which another one writes; at the end nothing may be wrong or left over."""
    made = BehindStore(inner, **bounds)
    try:
        yield made
    finally:
        if isinstance(inner, Slow):
            inner.gate.set()
        assert made.check() == []
        assert made.stats()[-1].queued == 0
        made.close()


def test_what_is_queued_is_found_before_it_is_written(slow):
    with behind_of(slow) as store:
        for key in "abc":
            store.set(key, key.encode())
        assert [store.get(key).data for key in "abc"] == [b"a", b"b", b"c"]
        assert "b" in store
        assert sorted(store.keys()) == ["a", "b", "c"]
        assert slow.written == []
    assert slow.written == [("a", b"a"), ("b", b"b"), ("c", b"c")]


def test_a_full_queue_makes_its_callers_write(slow):
    with behind_of(slow, most_entries=2) as store, ThreadPoolExecutor(1) as pool:
        store.set("a", b"1")
        store.set("b", b"2")
        third = pool.submit(store.set, "c", b"3")
        assert not third.done()
        slow.gate.set()
        third.result(30)
        assert ("c", b"3") in slow.written


def test_the_queue_is_bounded_in_bytes_but_takes_any_one_value(slow):
    with behind_of(slow, most_bytes=100) as store, ThreadPoolExecutor(1) as pool:
        store.set("a", bytes(200))
        waits = pool.submit(store.set, "b", b"x")
        assert store.get("a").data == bytes(200)
        assert not waits.done()
        slow.gate.set()
        waits.result(30)


def test_the_newest_value_is_written_last(slow):
    with behind_of(slow) as store:
        store.set("a", b"old")
        assert slow.begun.wait(30)
        store.set("a", b"new")
        assert store.get("a").data == b"new"
        slow.gate.set()
        assert store.flush()
        assert [data for _, data in slow.written] == [b"old", b"new"]
        store.set("a", b"newest", wait=True)
        assert slow.get("a").data == store.get("a").data == b"newest"


@pytest.mark.parametrize("forget", [lambda store: store.delete("b"), lambda store: store.clear()])
def test_what_is_forgotten_in_the_queue_is_never_written(slow, forget):
    with behind_of(slow) as store, ThreadPoolExecutor(1) as pool:
        store.set("a", b"being written")
        assert slow.begun.wait(30)
        store.set("b", b"queued")
        forgotten = pool.submit(forget, store)
        while "b" in store:
            sleep(0.001)
        slow.gate.set()
        forgotten.result(30)
        assert store.get("b") is None
        assert store.flush()
        assert "b" not in slow
        assert [key for key, _ in slow.written] == ["a"]


def test_who_sets_without_pause_does_not_keep_others_from_being_written(monkeypatch):
    monkeypatch.setattr(behind, "LONGEST_REST_SECONDS", 0.01)
    monkeypatch.setattr(behind, "REST_SECONDS", 3600.0)
    inner = MemoryStore()
    with behind_of(inner) as store:
        store.set("a", b"x")
        until = monotonic() + 30
        while "a" not in inner and monotonic() < until:
            store.set("b", b"x")
            sleep(0.001)
        assert "a" in inner


def test_clear_counts_what_is_queued_too():
    inner = MemoryStore()
    with behind_of(inner) as store:
        for key in "abc":
            store.set(key, b"x")
        store.set("a", b"again")
        assert store.clear() == 3
        assert list(inner.keys()) == []


def test_stats_tell_the_queue(slow):
    with behind_of(slow) as store, ThreadPoolExecutor(1) as pool:
        store.set("a", b"xx")
        store.set("b", b"xxx")
        store.get("b")
        asked = pool.submit(store.stats)
        slow.gate.set()
        [one] = asked.result(30)
        assert (one.tier, one.entries, one.bytes, one.hits) == ("memory", 2, 5, 1)
        assert one.queued <= 2
        assert store.flush()
        [one] = store.stats()
        assert (one.entries, one.bytes, one.queued) == (2, 5, 0)


def test_closing_writes_what_is_queued(tmp_path):
    store = BehindStore(DiskStore(tmp_path))
    for at in range(20):
        store.set(f"a-{at}", Later(lambda at=at: bytes([at]) * 50_000, 50_000))
    store.close()
    assert store.get("a-1") is None
    store.set("late", b"x")
    again = DiskStore(tmp_path)
    assert [again.get(f"a-{at}").data[:1] for at in range(20)] == [bytes([at]) for at in range(20)]
    assert again.get("late") is None
    assert again.check() == []
    again.close()


def test_closing_takes_no_longer_than_it_may(slow, monkeypatch):
    monkeypatch.setattr(behind, "FLUSH_SECONDS", 0.0)
    store = BehindStore(slow)
    store.set("a", b"x")
    assert slow.begun.wait(30)
    store.set("b", b"x")
    assert not store.flush(0.0)
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(store.close)
        slow.gate.set()
        closing.result(30)
    assert list(slow.keys()) == []


def test_faults_of_the_inner_store_are_counted_there(tmp_path):
    inner = DiskStore(tmp_path / "cache")
    with behind_of(inner) as store:
        store.set("a", b"x")
        assert store.flush()
        inner._index.file = -1  # as if the folder had been replaced
        for path in (inner.folder / "blobs-2").glob("cache.db*"):
            path.unlink()
            path.mkdir()
        store.set("b", LARGE)
        assert store.flush()
        assert store.get("b") is None
        assert store.stats()[0].errors == 1
        assert "cannot be used just now" in store.stats()[0].detail
        for path in (inner.folder / "blobs-2").glob("cache.db*"):
            path.rmdir()
        inner._use_at = 0.0
        store.set("b", LARGE)
        assert store.get("b").data == LARGE


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced():
    def explode():
        raise RuntimeError("a fault of ours")

    inner = MemoryStore()
    with behind_of(inner) as store:
        store.set("a", Later(explode, 1))
        store._writer.join(30)
        assert not store._writer.is_alive()
        assert store.get("a") is None
        store.set("b", b"x")
        assert store.get("b").data == b"x"
        assert store.flush()
        assert inner.get("b").data == b"x"


def test_threads_see_their_own_values_at_once(tmp_path):
    with behind_of(DiskStore(tmp_path), most_entries=8, most_bytes=300_000) as store:
        start = Barrier(8)

        def work(thread):
            start.wait(30)
            for at in range(40):
                key, data = f"{thread}-{at % 7}", bytes([thread, at]) * 20_000
                store.set(key, data)
                assert store.get(key).data == data
                if not at % 5:
                    store.delete(key)
                    assert store.get(key) is None
                    assert key not in store

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))


SETS = """
import sys
from pathlib import Path
from app.pipeline.stores.base import Later
from app.pipeline.stores.registry import open_store

store = open_store(("memory:", 80_000_000), (f"disk:{sys.argv[1]}", 800_000_000))
"""


def test_a_process_that_ends_without_closing_leaves_all_behind(tmp_path):
    script = SETS + "for at in range(30): store.set(f'a-{at}', Later(lambda: b'v' * 100_000, 100_000))\n"
    done = subprocess.run([sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    store = DiskStore(tmp_path)
    assert {store.get(f"a-{at}").data for at in range(30)} == {b"v" * 100_000}
    assert store.check() == []
    store.close()


def test_a_killed_process_leaves_nothing_torn(tmp_path):
    script = SETS + (
        "print('ready', flush=True)\n"
        "for at in range(1_000_000): store.set(f'a-{at % 50}', bytes([at % 50]) * 400_000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"ready\n"
        reader, found = DiskStore(tmp_path), 0
        while found < 20:
            found += len(list(reader.keys()))
        writer.send_signal(signal.SIGKILL)
    for key in list(reader.keys()):
        assert reader.get(key).data == bytes([int(key[2:])]) * 400_000
    assert reader.stats()[0].errors == 0
    assert reader.check() == []
    reader.close()
