"""What becomes of a disk store whose volume is at fault: gone, torn, full, or not to be written."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from time import sleep

import pytest

from app.pipeline.stores.disk import DiskStore
from tests.volumes import volume

ROOT = Path(__file__).resolve().parents[2]
SMALL, LARGE = b"s" * 100, b"L" * 100_000


def test_a_folder_that_cannot_be_made_is_said_once_and_left_alone(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = DiskStore(tmp_path / "file" / "cache", rest=3600.0)
    for _ in range(20):
        store.set("a", SMALL)
        assert store.get("a") is None
        assert "a" not in store
        assert list(store.keys()) == []
    stats = store.stats()[0]
    assert (stats.errors, stats.entries) == (1, 0)
    assert "cache' cannot be used just now" in stats.detail
    assert "by --cache, results are kept in memory" in stats.detail
    assert store.check() == [stats.detail]
    store.close()


def test_a_folder_that_could_not_be_made_is_used_once_it_can(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = DiskStore(tmp_path / "file" / "cache", rest=0.0)
    store.set("a", SMALL)
    assert store.get("a") is None
    (tmp_path / "file").unlink()
    store.set("a", SMALL)
    assert store.get("a").data == SMALL
    assert store.stats()[0].detail == ""
    assert store.check() == []
    store.close()


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


def faulted(store):
    """Let every call of a store fail from now on: its database becomes something else."""
    for path in (store.folder / "blobs-2").glob("cache.db*"):
        path.unlink()
        path.mkdir()


def test_every_call_bears_a_fault(tmp_path):
    store = DiskStore(tmp_path / "cache", rest=0.0)
    store.set("a", SMALL)
    store._index.close()
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
    for path in (store.folder / "blobs-2").glob("cache.db*"):
        path.rmdir()
    store.set("a", SMALL)
    assert store.get("a").data == SMALL
    assert store.stats()[0].detail == ""
    store.close()


@pytest.mark.parametrize("call", ["get", "set", "contains", "delete", "keys", "clear", "stats", "check"])
def test_a_fault_in_the_midst_of_a_call_is_borne(tmp_path, call):
    store = DiskStore(tmp_path / "cache")
    store.set("a", SMALL)
    store._index.close()  # the next call connects anew, to a folder
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
    assert store._index is None
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
    assert len(list(store.folder.rglob("*.val"))) == 1
    assert store.check() == []


def test_a_folder_that_may_only_be_read_is_said(tmp_path):
    folder = tmp_path / "cache"
    made = DiskStore(folder)
    made.set("a", SMALL)
    made.close()
    script = (
        "import os, sys; from pathlib import Path\n"
        "from app.pipeline.stores.disk import DiskStore\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "for name in ('cache', 'new'):\n"
        "    store = DiskStore(Path(sys.argv[1]) / name)\n"
        "    store.set('a', b's')\n"
        "    print(store.stats()[0].errors, store.get('a'), store.stats()[0].detail)\n"
    )
    for path in [tmp_path, folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    for above in tmp_path.parents:
        if above.name.startswith(("pytest-", "popen-")):  # pytest keeps others out of its folders
            above.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    for path in [tmp_path, folder]:
        path.chmod(0o755)
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert len(said) == 2
    assert all(one.startswith("1 None") and "cannot be written just now" in one and "--cache" in one for one in said)


def test_a_full_volume_costs_no_error_and_can_still_be_read(tmp_path):
    with volume(tmp_path / "volume", "1m") as folder:
        store = DiskStore(folder / "cache", rest=0.0)
        (folder / "ballast").write_bytes(bytes(200_000))
        for at in range(20):
            for key, value in ((f"a-{at}", LARGE), (f"b-{at}", b"m" * 20_000)):
                store.set(key, value)
                found = store.get(key)
                assert found is None or found.data == value
        stats = store.stats()[0]
        assert stats.errors > 0
        assert "is full just now" in stats.detail
        kept = list(store.keys())
        assert len(kept) > 2
        assert {len(store.get(key).data) for key in kept} <= {20_000, 100_000}
        (folder / "ballast").unlink()
        store.set("c", SMALL)
        assert store.get("c").data == SMALL
        assert store.stats()[0].detail == ""
        assert store.check() == []
        store.close()


def test_a_volume_that_is_full_at_the_start_gives_way(tmp_path):
    with volume(tmp_path / "volume", "8m") as folder:
        store = DiskStore(folder / "cache", rest=0.0)
        for at in range(100):
            store.set(f"a-{at}", LARGE)
        store.close()
        with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as ballast:
            while ballast.write(bytes(4096)):
                pass
        store = DiskStore(folder / "cache", rest=0.0)
        for _ in range(5):
            store.set("new", LARGE)
        assert store.get("new").data == LARGE
        kept = list(store.keys())
        assert len(kept) > 5
        assert {len(store.get(key).data) for key in kept} == {len(LARGE)}
        assert store.stats()[0].damaged == 0
        assert store.check() == []
        store.close()


def test_a_volume_smaller_than_the_limit_goes_on_taking_new_values(tmp_path):
    with volume(tmp_path / "volume", "6m") as folder:
        store = DiskStore(folder / "cache", rest=0.0)
        kept = 0
        for at in range(200):
            store.set(f"a-{at}", LARGE)
            kept += store.get(f"a-{at}") is not None
        assert 100 < kept < 200
        assert [key for key in store.keys() if int(key[2:]) > 150]  # noqa: SIM118
        assert store.check() == []
        store.close()


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a volume needs root")
def test_a_volume_that_becomes_read_only_is_read_on_and_recovers(tmp_path):
    folder = tmp_path / "cache"
    store = DiskStore(folder, rest=0.0)
    store.set("a", SMALL)
    store.set("b", LARGE)
    for command in (["mount", "--bind", folder, folder], ["mount", "-o", "remount,bind,ro", folder]):
        mounted = subprocess.run(command, capture_output=True)
        if mounted.returncode:
            pytest.skip(f"a volume cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        store.set("c", LARGE)
        assert store.get("c") is None
        assert (store.get("a").data, store.get("b").data) == (SMALL, LARGE)
        stats = store.stats()[0]
        assert stats.errors == 1
        assert "cannot be written just now" in stats.detail
        late = DiskStore(folder, rest=0.0)
        late.set("d", LARGE)
        assert late.get("d") is None
        assert "cannot be written just now" in late.stats()[0].detail
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
    late.set("d", LARGE)
    assert (late.get("a").data, late.get("d").data, late.stats()[0].detail) == (SMALL, LARGE, "")
    late.close()
    store.set("c", LARGE)
    assert store.get("c").data == LARGE
    assert store.stats()[0].detail == ""
    assert store.check() == []
    store.close()


def _use_while_it_is_deleted(folder, deleted, results):
    store = DiskStore(folder, rest=0.0)
    results.put("ready")
    at = 0
    while not deleted.is_set():
        at += 1
        value = (SMALL, LARGE)[at % 2]
        store.set(f"a-{at % 50}", value)
        found = store.get(f"a-{at % 50}")
        assert found is None or found.data in (SMALL, LARGE)
    store.set("last", LARGE)
    store.set("last", LARGE)
    results.put(store.get("last") is not None)
    store.close()


def test_a_folder_that_is_deleted_again_and_again_while_it_is_used(tmp_path):
    context = get_context("spawn")
    deleted, results = context.Event(), context.Queue()
    folder = tmp_path / "cache"
    users = [context.Process(target=_use_while_it_is_deleted, args=(folder, deleted, results)) for _ in range(2)]
    for one in users:
        one.start()
    assert [results.get(timeout=60) for _ in users] == ["ready", "ready"]
    for _ in range(30):
        while not any(name.endswith(".val") for _, _, names in os.walk(folder) for name in names):
            sleep(0.005)
        shutil.rmtree(folder, ignore_errors=True)
    deleted.set()
    assert [results.get(timeout=60) for _ in users] == [True, True]
    for one in users:
        one.join(60)
        assert one.exitcode == 0
    store = DiskStore(folder)
    assert store.get("last").data == LARGE
    store.check()
    assert store.check() == []
    store.close()
