"""A disk store whose bytes were changed behind its back: every change is found, and costs a computation."""

import random
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from app.pipeline.stores.disk import DiskStore
from app.pipeline.volume.aside import MOST_FILES
from app.pipeline.volume.opening import BLOBS, DAMAGED

BLOB_COUNT = 1_000


def database(store):
    return store.folder / BLOBS / "cache.db"


def checkpoint(store):
    """Let the database hold all that its log does."""
    with closing(sqlite3.connect(database(store))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def values(count):
    """Return values of some keys: by turns in a row, over several pages of the database, and in a file."""
    sizes = (300, 3_000, 20_000, 40_000)
    return {f"grid-{at:04}": random.Random(at).randbytes(sizes[at % 4]) for at in range(count)}


def flip(data, where, chance):
    """Change bits of one byte among some."""
    data[chance.randrange(where.start, where.stop)] ^= chance.randrange(1, 256)


def test_a_thousand_flipped_values_are_found_and_computed_again(tmp_path):
    held = values(BLOB_COUNT)
    store = DiskStore(tmp_path)
    for key, data in held.items():
        store.set(key, data)
    checkpoint(store)
    store.close()
    chance = random.Random(3)
    whole = bytearray(database(store).read_bytes())
    for key, data in held.items():
        # The end of a value that is longer than its row's page begins the page after next, so look for both ends.
        begins = whole.find(data[:200])
        assert begins >= 0 or len(data) == 40_000, key
        if begins >= 0:
            flip(whole, range(begins, begins + 200), chance)
    database(store).write_bytes(whole)
    for path in (tmp_path / BLOBS).rglob("*.val"):
        data = bytearray(path.read_bytes())
        flip(data, range(len(data)), chance)
        path.write_bytes(data)

    store = DiskStore(tmp_path)
    for key, data in held.items():
        assert store.get(key) is None
        store.set(key, data)
        assert store.get(key).data == data
    assert store.stats()[0].damaged == BLOB_COUNT
    assert len(list((tmp_path / DAMAGED).iterdir())) == MOST_FILES
    assert store.check() == []
    store.close()


def test_a_database_with_flips_anywhere_serves_no_wrong_value(tmp_path):
    held = {key: data[:900] for key, data in values(200).items()}
    store = DiskStore(tmp_path / "whole")
    for key, data in held.items():
        store.set(key, data)
    checkpoint(store)
    store.close()
    served = 0
    for turn in range(15):
        folder, chance = tmp_path / str(turn), random.Random(turn)
        shutil.copytree(store.folder, folder)
        path = folder / BLOBS / "cache.db"
        whole = bytearray(path.read_bytes())
        for _ in range(4 ** (turn % 5)):
            flip(whole, range(len(whole)), chance)
        path.write_bytes(whole)
        torn = DiskStore(folder, rest=0.0)
        for key, data in held.items():
            found = torn.get(key)
            assert found is None or found.data == data
            served += found is not None
        torn.check()
        works_again(torn, held)
        torn.close()
    assert served > 100


def nothing(path):
    path.write_bytes(b"")


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path):
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))


def headless(path):
    path.write_bytes(b"no database" + path.read_bytes()[11:])


DAMAGES = [nothing, half, garbage, headless]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_made_anew_when_it_is_opened(tmp_path, damage):
    store = DiskStore(tmp_path, rest=0.0)
    for key, data in values(100).items():
        store.set(key, data)
    checkpoint(store)
    store.close()
    damage(database(store))
    store = DiskStore(tmp_path, rest=0.0)
    works_again(store, values(100))
    store.close()


def works_again(store, held):
    """Read and write until the store does both."""
    for key, data in held.items():
        found = store.get(key)
        assert found is None or found.data == data
    for key, data in [*held.items(), *held.items()]:  # of the first round a part may go with the old index
        store.set(key, data)
    assert {key for key, data in held.items() if (found := store.get(key)) and found.data == data} == set(held)
    assert store.check() == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_made_anew_while_it_is_used(tmp_path, damage):
    store = DiskStore(tmp_path, rest=0.0)
    for key, data in values(100).items():
        store.set(key, data)
    checkpoint(store)
    damage(database(store))
    works_again(store, values(100))
    assert store.used() == sum(map(len, values(100).values()))
    if list((tmp_path / DAMAGED).glob("*")):
        assert store.stats()[0].errors > 0
    store.close()


def _use(folder, ready, damaged, results):
    store = DiskStore(Path(folder), rest=0.0)
    ready.put(1)
    damaged.wait(30)
    wrong = 0
    for _ in range(3):
        for key, data in values(40).items():
            found = store.get(key)
            wrong += found is not None and found.data != data
            store.set(key, data)
    results.put((wrong, sum(store.get(key) is not None for key in values(40))))
    store.close()


def test_threads_that_meet_one_damage_make_one_new_index(tmp_path):
    held = values(40)
    store = DiskStore(tmp_path, rest=0.0)
    for key, data in held.items():
        store.set(key, data)
    checkpoint(store)
    garbage(database(store))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(store.get, [*held] * 8))
    assert all(one is None or one.data == held[key] for key, one in zip([*held] * 8, found, strict=True))
    works_again(store, held)
    store.close()


@pytest.mark.parametrize("damage", [half, garbage])
def test_processes_agree_on_one_new_index(tmp_path, damage):
    context = get_context("spawn")
    ready, results, damaged = context.Queue(), context.Queue(), context.Event()
    store = DiskStore(tmp_path, rest=0.0)
    for key, data in values(40).items():
        store.set(key, data)
    checkpoint(store)
    users = [context.Process(target=_use, args=(str(tmp_path), ready, damaged, results)) for _ in range(2)]
    for one in users:
        one.start()
    for _ in users:
        ready.get(timeout=60)
    damage(database(store))
    damaged.set()
    assert [results.get(timeout=60) for _ in users] == [(0, 40)] * 2
    for one in users:
        one.join(60)
        assert one.exitcode == 0
    works_again(store, values(40))
    store.close()
