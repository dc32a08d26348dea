"""What goes first from a full disk store: what is cheap to compute again, unless it is leased."""

import sqlite3
from contextlib import closing
from multiprocessing import get_context

import pytest

from app.pipeline.stores.disk import DiskStore
from app.pipeline.volume.eviction import LEASE_SECONDS, ROW_BYTES

VALUE = b"v" * (10_000 - ROW_BYTES)
LIMIT = 200_000


@pytest.fixture
def full(tmp_path):
    """Open a store in which 20 such values are as much as it may hold."""
    made = DiskStore(tmp_path, LIMIT)
    yield made
    assert made.check() == []
    made.close()


def age(store, seconds, like="%"):
    """Let the last use of values be longer ago."""
    with closing(sqlite3.connect(store.folder / "blobs-2" / "cache.db")) as connection, connection:
        connection.execute("UPDATE Cache SET access_time = access_time - ? WHERE key LIKE ?", (seconds, like))


def scores(store):
    """Return the score of each key."""
    with closing(sqlite3.connect(store.folder / "blobs-2" / "cache.db")) as connection:
        return dict(connection.execute("SELECT key, score FROM Cache").fetchall())


def filled(store, costs):
    for at, cost in enumerate(costs):
        store.set(f"{at:02}", VALUE, cost=cost)
    age(store, 2 * LEASE_SECONDS)


def test_the_cheapest_goes_first(full):
    filled(full, [1.0, 0.1, 0.5, 0.2] * 5)
    for at in range(5):
        full.set(f"new-{at}", VALUE, cost=0.3)
    assert {f"{at:02}" for at in range(1, 20, 4)}.isdisjoint(full.keys())
    assert len(list(full.keys())) == 20
    assert full.stats()[0].evicted == 5


def test_cost_counts_by_the_byte(full):
    full.set("large", b"L" * 40_000, cost=1.0)
    full.set("small", b"s" * 400, cost=0.1)
    filled(full, [0.5] * 15)
    for at in range(3):
        full.set(f"new-{at}", VALUE, cost=0.5)
    assert "large" not in full
    assert "small" in full


def test_of_equals_the_longest_unused_goes(full):
    filled(full, [0.1] * 20)
    for key in ("00", "01"):
        assert full.get(key).data == VALUE
    full.set("new", VALUE, cost=0.1)  # with it the uses are written down
    full.set("newer", VALUE, cost=0.1)
    assert {"02", "03"}.isdisjoint(full.keys())
    assert {"00", "01", "04"} <= set(full.keys())


def test_what_is_dear_but_unused_goes_in_the_end(full):
    filled(full, [1.0] + [0.4] * 19)
    for round_ in range(200):
        full.set(f"new-{round_}", VALUE, cost=0.4)
        age(full, 2 * LEASE_SECONDS, "new-%")
        if "00" not in full:
            break
    assert 20 < round_ < 199


def test_what_is_leased_stays_while_there_is_anything_else(full):
    filled(full, [9.0] * 20)
    for at in range(15):
        full.set(f"cheap-{at}", VALUE, cost=0.0)
    assert [f"cheap-{at}" for at in range(15)] == [key for key in full.keys() if key.startswith("cheap")]  # noqa: SIM118
    assert full.stats()[0].bytes <= LIMIT


def test_the_budget_holds_where_all_is_leased(full):
    for at in range(50):
        full.set(f"{at:02}", VALUE, cost=50.0 - at)
    assert list(full.keys()) == [f"{at:02}" for at in range(30, 50)]
    assert full.stats()[0].bytes <= LIMIT


def test_a_use_renews_the_score(full):
    filled(full, [0.1, 0.2] * 10)
    full.set("new", VALUE, cost=1.0)
    before = scores(full)
    full.get("02")
    full.set("newer", VALUE, cost=1.0)
    after = scores(full)
    assert after["02"] > before["02"]
    assert after["08"] == before["08"]


def _write(folder, worker):
    store = DiskStore(folder, LIMIT)
    for at in range(60):
        store.set(f"{worker}-{at}", VALUE, cost=at / 10)
    assert store.stats()[0].errors == 0
    store.close()


def test_processes_share_one_budget(full):
    context = get_context("spawn")
    writers = [context.Process(target=_write, args=(full.folder, worker)) for worker in range(2)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
        assert one.exitcode == 0
    assert len(list(full.keys())) == 20
    assert full.stats()[0].evicted == 100
