"""Arrays in rooms, and folders that are there whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from app.pipeline import rooms
from app.pipeline.rooms import Lock, Room, gather, publish, replaced, rough, sweep

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kept", [True, False])
def test_a_room_makes_arrays(tmp_path: Path, kept: bool) -> None:
    room = Room(tmp_path if kept else None)
    filled = room.array("a", np.uint32, (3, 2))
    filled[1] = 7
    assert filled.sum() == 14
    assert room.keep("b", np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    blocks = room.blocks("c", np.float64, (4, 3, 5))
    block = np.zeros((3, 5))
    block[1, 2] = 9
    blocks.put(2, block)
    blocks.put(3, np.ones((3, 5)))
    assert np.array_equal(blocks.array, np.stack([0 * block, 0 * block, block, np.ones((3, 5))]))
    room.drop("b")
    assert sorted(one.name for one in tmp_path.iterdir()) == (["a.npy", "c.npy"] if kept else [])


def test_empty_lines_of_blocks_take_no_room(tmp_path: Path) -> None:
    blocks = Room(tmp_path).blocks("a", np.float64, (64, 512, 512))
    block = np.zeros((512, 512))
    block[100] = 1
    blocks.put(63, block)
    facts = (tmp_path / "a.npy").stat()
    assert facts.st_size > 64 * 512 * 512 * 8
    assert facts.st_blocks * 512 < 100_000
    assert blocks.array[63].sum() == 512


def test_a_full_volume_is_an_error_not_a_crash(tmp_path: Path) -> None:
    tight = f"""
import resource, sys
import numpy as np
from pathlib import Path
from app.pipeline.rooms import Room
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
room = Room(Path({str(tmp_path)!r}))
for make in (lambda: room.array("a", np.uint32, (10_000,)),
             lambda: room.blocks("b", np.uint32, (4, 100, 100)).put(3, np.ones((100, 100), np.uint32)),
             lambda: room.keep("c", np.arange(10_000))):
    try:
        make()
    except OSError:
        print("told")
"""
    done = subprocess.run([sys.executable, "-c", tight], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["told"] * 3


def test_gathering_takes_blocks_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "BLOCK", 3)
    values, order = np.arange(10.0) * 2, np.array([9, 0, 3, 3, 5, 1, 7])
    assert gather(values, order, Room().sink("")).tolist() == [18, 0, 6, 6, 10, 2, 14]
    assert gather(values, order, Room().sink(""), np.dtype(np.int64)).dtype == np.int64


def test_what_is_rough_is_never_seen(tmp_path: Path) -> None:

    def fail() -> None:
        with rough(tmp_path / "x") as folder:
            (folder / "half").write_text("")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []
    replaced(tmp_path / "a.npy", lambda room, name: room.keep(name, np.arange(3)))
    assert [one.name for one in tmp_path.iterdir()] == ["a.npy"]


def test_remains_are_swept_up_after_a_while(tmp_path: Path) -> None:
    for name in (".rough-old", ".rough-new", "other"):
        (tmp_path / name).mkdir()
    os.utime(tmp_path / ".rough-old", (0, 0))
    os.utime(tmp_path / "other", (0, 0))
    sweep(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == [".rough-new", "other"]


def test_a_folder_is_made_once_by_all_threads(tmp_path: Path) -> None:
    home, calls = tmp_path / "home", []

    def make(folder: Path, _: object) -> None:
        calls.append(folder)
        time.sleep(0.05)
        (folder / "facts").write_text("whole")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: publish(home, make, home.exists), range(8)))
    assert (sorted(found), len(calls)) == ([False] * 7 + [True], 1)
    assert (home / "facts").read_text() == "whole"


def test_who_waits_hears_how_far_the_other_is_and_may_stop_waiting(tmp_path: Path) -> None:
    heard, release = [], Event()

    def make(folder: Path, report: rooms.Progress) -> None:
        report(0.25, "half way to the half")
        assert release.wait(30)

    def listen(fraction: float, message: str) -> None:
        heard.append((fraction, message))
        if fraction == 0.25:
            raise KeyError

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(publish, tmp_path / "home", make, (tmp_path / "home").exists)
        while not (tmp_path / ".lock-home").exists() or not (tmp_path / ".lock-home").read_text():
            time.sleep(0.01)
        with pytest.raises(KeyError):
            publish(tmp_path / "home", make, (tmp_path / "home").exists, listen)
        release.set()
        assert first.result(30)
    assert heard[-1] == (0.25, "half way to the half")


def test_what_fails_leaves_nothing_and_can_be_tried_again(tmp_path: Path) -> None:
    home = tmp_path / "home"

    def fail(folder: Path, _: object) -> None:
        (folder / "half").write_text("")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        publish(home, fail, home.exists)
    assert [one.name for one in tmp_path.iterdir()] == [".lock-home"]
    assert publish(home, lambda folder, _: None, home.exists)


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    hold = f"""
from pathlib import Path
from app.pipeline.rooms import Lock
with Lock(Path({str(tmp_path / "lock")!r})) as lock:
    assert lock.taken()
    print("held", flush=True)
    input()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with Lock(tmp_path / "lock") as lock:
        assert not lock.taken()
        holder.send_signal(signal.SIGKILL)
        assert lock.acquire()
    holder.communicate()
