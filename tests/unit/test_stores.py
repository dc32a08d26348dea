"""Stores one by one: what bounds them, and what becomes of damage, planted values and faulty volumes."""

import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from app.pipeline.errors import CodecError, StoreError, UnknownNameError
from app.pipeline.stores import disk
from app.pipeline.stores.disk import BytesDisk, DiskStore, sealed, unsealed
from app.pipeline.stores.memory import MemoryStore
from app.pipeline.stores.registry import open_store
from app.pipeline.stores.tiered import TieredStore

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = b"s" * 100, b"L" * 100_000


@pytest.fixture
def store(tmp_path):
    made = DiskStore(tmp_path / "cache", 10_000_000)
    yield made
    made.close()


@pytest.fixture
def at_once(monkeypatch):
    """Open a volume again at the next call after a fault."""
    monkeypatch.setattr(disk, "REOPEN_SECONDS", 0.0)


def sql(folder, statement, *values):
    """Change a cache's database behind its back."""
    with sqlite3.connect(folder / "cache.db") as connection:
        connection.execute(statement, values)
    connection.close()


def files(folder):
    """Return the files that hold large values."""
    return sorted(folder.rglob("*.val"))


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
    assert made.tiers[1].folder == tmp_path / "a:b"
    made.close()
    with pytest.raises(UnknownNameError, match="no kind of store named 'disc'; did you mean 'disk'"):
        open_store(("disc:x", 10))


# Damage


def test_a_seal_shows_every_flipped_bit():
    data = sealed(SMALL)
    assert unsealed(data) == SMALL
    for at in range(len(data)):
        assert unsealed(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]) is None
    for cut in (0, 3, 4, -1):
        assert unsealed(data[:cut]) is None
    assert unsealed(sealed(b"")) == b""


@pytest.mark.parametrize("value", [SMALL, LARGE], ids=["row", "file"])
def test_a_damaged_value_is_dropped_and_counted(store, value):
    store.set("a", value)
    store.set("b", value)
    if value is LARGE:
        path = files(store.folder)[0]
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    else:
        sql(store.folder, "UPDATE Cache SET value = ? WHERE key = 'a'", sealed(value)[:-1] + b"?")
    found = [store.get(key) for key in "ab"]
    assert sum(one is None for one in found) == 1
    stats = store.stats()[0]
    assert (stats.entries, stats.hits, stats.misses, stats.errors) == (1, 1, 1, 1)
    assert "damaged" in stats.detail
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
        str(three.relative_to(store.folder)))  # fmt: skip
    faults = store.check()
    assert len([fault for fault in faults if "was damaged; it was dropped" in fault]) == 2
    assert any("file not found" in fault for fault in faults)
    assert any("unknown file" in fault for fault in faults)
    assert store.check() == []
    assert list(store.keys()) == []


@pytest.mark.filterwarnings("ignore")
def test_a_check_does_not_hang_on_the_filters_of_warnings(store):
    store.set("a", LARGE)
    files(store.folder)[0].unlink()
    assert len(store.check()) > 0


def test_folders_that_eviction_left_empty_are_no_fault(store):
    (store.folder / "0a" / "1b").mkdir(parents=True)
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
    secret.write_bytes(sealed(b"of another folder"))
    bomb = pickle.dumps(Bomb(mark))
    (store.folder / "bomb.val").write_bytes(bomb)
    store.set("a", SMALL)
    store.set("b", SMALL)
    with sqlite3.connect(store.folder / "cache.db") as connection:
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
            key, raw, sealed(SMALL),
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
    with pytest.raises(CodecError, match="encode it to bytes"):
        one.store(b"x", True)
    for key, raw in ((b"a", True), ("a", False)):
        with pytest.raises(CodecError, match="not written here"):
            one.get(key, raw)
    assert (one.put("a"), one.get("a", True)) == (("a", True), "a")


# Faulty volumes


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"cannot be used: .* Choose another by --cache"):
        DiskStore(tmp_path / "file" / "cache")


@pytest.mark.parametrize("value", [SMALL, LARGE], ids=["row", "file"])
def test_a_deleted_folder_is_made_again_and_shared(store, value):
    store.set("a", value)
    shutil.rmtree(store.folder)
    assert store.get("a") is None
    store.set("b", value)
    assert store.get("b").data == value
    other = DiskStore(store.folder)
    assert list(other.keys()) == list(store.keys()) == ["b"]
    assert other.check() == store.check() == []
    assert store.stats()[0].errors == 0
    other.close()


def test_a_torn_database_is_counted_and_said(store):
    store.set("a", SMALL)
    store.close()
    for path in store.folder.iterdir():
        path.write_bytes(b"no database at all" * 999)
    with pytest.raises(StoreError, match="cannot be used"):
        DiskStore(store.folder)


def faulted(store):
    """Let every call of a store fail from now on: its database becomes something else."""
    for path in store.folder.glob("cache.db*"):
        path.unlink()
        path.mkdir()


def test_every_call_bears_a_fault(tmp_path, at_once):
    store = DiskStore(tmp_path / "cache")
    store.set("a", SMALL)
    store._cache.close()
    faulted(store)
    calls = [
        lambda: store.get("a"),
        lambda: store.set("a", SMALL),
        lambda: "a" in store,
        lambda: store.delete("a"),
        lambda: list(store.keys()),
        store.clear,
        store.stats,
    ]
    for call in calls:
        before = store._errors
        assert not call() or call == store.stats
        assert store._errors > before
    stats = store.stats()[0]
    assert (stats.entries, stats.hits) == (0, 0)
    assert "cannot be used just now" in stats.detail
    assert store.check() == [store.stats()[0].detail]
    for path in store.folder.glob("cache.db*"):
        path.rmdir()
    store.set("a", SMALL)
    assert store.get("a").data == SMALL
    assert store.stats()[0].detail == ""
    store.close()


@pytest.mark.parametrize("call", ["get", "set", "contains", "delete", "keys", "clear", "stats", "check"])
def test_a_fault_in_the_midst_of_a_call_is_borne(tmp_path, call):
    store = DiskStore(tmp_path / "cache")
    store.set("a", SMALL)
    store._cache.close()  # the next call connects anew, to a folder
    faulted(store)
    answers = {
        "get": (lambda: store.get("a"), None),
        "set": (lambda: store.set("a", SMALL), None),
        "contains": (lambda: "a" in store, False),
        "delete": (lambda: store.delete("a"), None),
        "keys": (lambda: list(store.keys()), []),
        "clear": (store.clear, 0),
        "stats": (lambda: store.stats()[0].entries, 0),
        "check": (lambda: len(store.check()), 1),
    }
    ask, answer = answers[call]
    assert ask() == answer
    assert store._errors == 1
    assert store._cache is None
    assert ask() == answer  # and not tried again until some seconds have passed
    assert store._errors == 1
    store.close()


def test_half_a_file_is_not_left_behind(store, monkeypatch):
    store.set("a", LARGE)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from app.pipeline.stores.disk import DiskStore\n"
        "store = DiskStore(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "store.set('b', b'B' * 2_000_000)\n"
        "assert store.get('b') is None\n"
        "[one] = store.stats()\n"
        "assert one.errors == 1, one\n"
        "assert 'too large' in one.detail, one\n"
        "assert store.get('a') is not None\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(store.folder)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(files(store.folder)) == 1
    assert store.check() == []


def test_a_folder_that_may_only_be_read_is_one_error(tmp_path):
    folder = tmp_path / "cache"
    made = DiskStore(folder)
    made.set("a", SMALL)
    made.close()
    script = (
        "import os, sys; from pathlib import Path\n"
        "from app.pipeline.errors import StoreError\n"
        "from app.pipeline.stores.disk import DiskStore\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "for name in ('cache', 'new'):\n"
        "    try: DiskStore(Path(sys.argv[1]) / name)\n"
        "    except StoreError as error: print(error)\n"
    )
    for path in [tmp_path, folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    for above in tmp_path.parents[:2]:
        above.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    for path in [tmp_path, folder]:
        path.chmod(0o755)
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert len(said) == 2
    assert all("cannot be used" in one and "--cache" in one for one in said)


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a volume needs root")
def test_a_full_volume_costs_no_error_and_can_still_be_read(tmp_path):
    volume = tmp_path / "volume"
    volume.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", volume], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a volume cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        store = DiskStore(volume / "cache")
        (volume / "ballast").write_bytes(bytes(200_000))
        for at in range(20):
            for key, value in ((f"a-{at}", LARGE), (f"b-{at}", b"m" * 20_000)):
                store.set(key, value)
                found = store.get(key)
                assert found is None or found.data == value
        stats = store.stats()[0]
        assert stats.errors > 0
        assert "cannot be used just now" in stats.detail
        kept = list(store.keys())
        assert len(kept) > 2
        assert {len(store.get(key).data) for key in kept} == {20_000, 100_000}
        (volume / "ballast").unlink()
        store.set("c", SMALL)
        assert store.get("c").data == SMALL
        assert store.stats()[0].detail == ""
        assert store.check() == []
        store.close()
    finally:
        subprocess.run(["umount", "-l", volume], check=True)
