"""Stores one by one: what bounds them, and what becomes of damage, planted values and faulty volumes."""

import pickle
import sqlite3
from pathlib import Path

import pytest

from app.pipeline.errors import CodecError, UnknownNameError
from app.pipeline.stores.behind import BehindStore
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.stores.registry import open_store
from app.pipeline.stores.tiered import TieredStore
from app.pipeline.volume.values import BytesDisk, checksum

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = b"s" * 100, b"L" * 100_000


def sql(folder, statement, *values):
    """Change a cache's database behind its back."""
    with sqlite3.connect(folder / "blobs-2" / "cache.db") as connection:
        connection.execute(statement, values)
    connection.close()


def files(folder):
    """Return the files that hold large values."""
    return sorted((folder / "blobs-2").rglob("*.val"))


class Bomb:
    """A pickle of it leaves a file where it is opened."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


# Memory and tiers


def test_the_least_recently_used_is_forgotten_first():
    store = MemoryStore(80)
    for key in "abcdefgh":
        store.set(key, b"x" * 10)
    store.get("a")
    store.set("i", b"x" * 10)
    assert "a" in store
    assert "b" not in store
    assert store.stats()[0].bytes == 80


def test_one_value_cannot_push_out_all_others():
    store = MemoryStore(80)
    store.set("a", b"x" * 10)
    store.set("b", b"x" * 11)
    assert list(store.keys()) == ["a"]


def test_memory_forgets_when_closed():
    store = MemoryStore()
    store.set("a", b"x")
    store.close()
    assert store.get("a") is None


def test_faster_tiers_keep_what_slower_ones_had(store):
    memory = MemoryStore()
    tiers = TieredStore([memory, store])
    store.set("a", SMALL)
    assert tiers.get("a").tier == "disk"
    assert tiers.get("a").tier == "memory"
    memory.clear()
    assert "a" in tiers
    tiers.delete("a")
    assert "a" not in store
    assert tiers.clear() == 0


def test_a_store_opens_by_its_address(tmp_path):
    assert isinstance(open_store(("memory:", 10)), MemoryStore)
    made = open_store(("memory:", 10), (f"disk:{tmp_path}/a:b", 2_000_000))
    assert isinstance(made, TieredStore)
    assert isinstance(made.tiers[1], BehindStore)
    assert made.tiers[1].inner.folder == tmp_path / "a:b"
    made.close()
    with pytest.raises(UnknownNameError, match="no kind of store named 'disc'; did you mean 'disk'"):
        open_store(("disc:x", 10))


# Damage


def test_a_checksum_is_of_the_key_and_of_every_bit():
    whole = checksum("a", SMALL)
    assert checksum("a", SMALL) == whole
    assert checksum("b", SMALL) != whole
    for at in range(len(SMALL)):
        assert checksum("a", SMALL[:at] + bytes([SMALL[at] ^ 4]) + SMALL[at + 1 :]) != whole


def test_values_that_changed_places_are_damaged(store):
    store.set("a", SMALL)
    store.set("b", SMALL[::-1] + b"!")
    sql(store.folder, "UPDATE Cache SET key = key || '?'")
    sql(store.folder, "UPDATE Cache SET key = CASE key WHEN 'a?' THEN 'b' ELSE 'a' END")
    assert store.get("a") is store.get("b") is None
    assert store.stats()[0].damaged == 2


@pytest.mark.parametrize("value", [SMALL, LARGE], ids=["row", "file"])
def test_a_damaged_value_is_dropped_and_counted(store, value):
    store.set("a", value)
    store.set("b", value)
    if value is LARGE:
        path = files(store.folder)[0]
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    else:
        sql(store.folder, "UPDATE Cache SET value = ? WHERE key = 'a'", value[:-1] + b"?")
    found = [store.get(key) for key in "ab"]
    assert sum(one is None for one in found) == 1
    stats = store.stats()[0]
    assert (stats.entries, stats.hits, stats.misses, stats.errors) == (1, 1, 1, 1)
    assert "damaged" in stats.detail
    assert stats.damaged == 1
    [aside] = (store.folder / "damaged").iterdir()
    assert aside.read_bytes() == value[:-1] + b"?"
    store.set("a", value)
    assert store.get("a").data == value
    assert store.check() == []


def test_a_check_finds_every_damage_once(store):
    for key in "abc":
        store.set(key, LARGE)
    one, two, three = files(store.folder)
    one.write_bytes(b"torn")
    two.unlink()
    sql(store.folder, "UPDATE Cache SET value = ?, filename = NULL, mode = 1 WHERE filename = ?", b"odd",
        str(three.relative_to(store.folder / "blobs-2")))  # fmt: skip
    faults = store.check()
    assert len(faults) == 3
    assert all("was damaged; it was put aside" in fault for fault in faults)
    assert store.check() == []
    assert list(store.keys()) == []
    assert files(store.folder) == []


def test_a_check_tells_what_the_files_and_the_index_disagree_on(store):
    store.set("a", LARGE)
    sql(store.folder, "UPDATE Settings SET value = 7 WHERE key = 'size'")
    (store.folder / "blobs-2" / "stray.txt").write_text("no value")
    assert len(store.check()) == 2
    assert store.check() == []
    assert store.get("a").data == LARGE


@pytest.mark.filterwarnings("ignore")
def test_a_check_does_not_hang_on_the_filters_of_warnings(store):
    store.set("a", LARGE)
    files(store.folder)[0].unlink()
    assert len(store.check()) > 0


def test_folders_that_eviction_left_empty_are_no_fault(store):
    (store.folder / "blobs-2" / "0a").mkdir()
    assert store.check() == []


def test_a_file_that_is_gone_is_a_miss(store):
    store.set("a", LARGE)
    files(store.folder)[0].unlink()
    assert store.get("a") is None
    store.set("a", LARGE)
    assert store.get("a").data == LARGE
    assert store.check() == []


# What was planted


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE Cache SET mode = 4, value = :pickle WHERE key = 'a'",
        "UPDATE Cache SET mode = 4, value = NULL, filename = :file WHERE key = 'a'",
        "UPDATE Cache SET mode = 2, value = NULL, filename = :file WHERE key = 'a'",
        "UPDATE Cache SET mode = 3, value = NULL, filename = :file WHERE key = 'a'",
        "UPDATE Cache SET mode = 1, value = 'text' WHERE key = 'a'",
        "UPDATE Cache SET mode = 1, value = 5 WHERE key = 'a'",
        "UPDATE Cache SET mode = 99 WHERE key = 'a'",
    ],
)
def test_a_planted_value_is_refused_unread(store, tmp_path, change):
    mark, secret = tmp_path / "exploded", tmp_path / "secret"
    secret.write_bytes(SMALL)
    bomb = pickle.dumps(Bomb(mark))
    (store.folder / "blobs-2" / "bomb.val").write_bytes(bomb)
    store.set("a", SMALL)
    store.set("b", SMALL)
    with sqlite3.connect(store.folder / "blobs-2" / "cache.db") as connection:
        planted = "bomb.val" if "mode = 4" in change else "../secret"
        changed = connection.execute(change, {"pickle": bomb, "file": planted}).rowcount
    connection.close()
    assert changed == 1
    assert store.get("a") is None
    assert "a" not in store
    assert store.get("b").data == SMALL
    assert not mark.exists()
    assert secret.exists()
    assert store.stats()[0].errors == 1


def test_a_planted_key_is_passed_over_and_dropped(store, tmp_path):
    mark = tmp_path / "exploded"
    store.set("a", SMALL)
    for key, raw in ((pickle.dumps(Bomb(mark)), 0), (pickle.dumps(("a", 1)), 0), (5, 1), (b"bytes", 1)):
        sql(
            store.folder,
            "INSERT INTO Cache (key, raw, store_time, access_time, size, mode, value) VALUES (?, ?, 0, 0, 0, 1, ?)",
            key, raw, SMALL,
        )  # fmt: skip
    assert list(store.keys()) == ["a"]
    assert store.check() == ["4 keys were not written here; they were dropped."]
    assert store.check() == []
    assert store.stats()[0].entries == 1
    assert store.get("a").data == SMALL
    assert not mark.exists()


def test_nothing_but_bytes_under_text_goes_in(tmp_path):
    one = BytesDisk(str(tmp_path))
    for key in (5, b"a", None, ("a",)):
        with pytest.raises(CodecError, match="is not a key: use text"):
            one.put(key)
    for value in ("text", 5, 2.5, None, [b"x"], bytearray(b"x")):
        with pytest.raises(CodecError, match="encode it to bytes"):
            one.store(value, False)
    with pytest.raises(CodecError, match="read with its key"):
        one.fetch(4, None, pickle.dumps("x"), False)
    with pytest.raises(CodecError, match="encode it to bytes"):
        one.store(b"x", True)
    for key, raw in ((b"a", True), ("a", False)):
        with pytest.raises(CodecError, match="not written here"):
            one.get(key, raw)
    assert (one.put("a"), one.get("a", True)) == (("a", True), "a")
