"""Leases: of all processes that want a key, one computes it, and the others wait until they can read it.

Owns the waiting, and the leases of one machine: a byte of a file, locked by the system, is a key that is computed. The
system lets go of it when its holder dies; a holder that is stopped no longer says that it lives, and is passed over.
A lease is no promise: whoever waited long enough computes for itself, and two equal results do no harm.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from mmap import mmap
from pathlib import Path
from struct import Struct
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Protocol

from app.pipeline.shared import REST_SECONDS, SharedFile
from app.pipeline.stopping import checkpoint

WAIT_SECONDS = 60.0
"""How long a key is waited for that another process computes; then it is computed here as well."""
LOOK_SECONDS = 0.005
BEAT_SECONDS = 0.5
STALE_SECONDS = 3.0
"""How long a holder may be silent before it is passed over."""

SLOTS, SLOT = 16_384, Struct("<Qd?7x")  # what is computed, when its holder was last alive, whether anyone waits
TURNS = 4
"""How many holders of a key may be passed over at once."""
_FLOCK = Struct("hhqqi4x")


class Lessor(Protocol):
    """What lets keys out to one process at a time. All methods may be called from any thread.

    It never fails: where it cannot tell, it lets a key out to everyone.
    """

    def lease(self, keys: Sequence[str]) -> list[str]:
        """Lease those keys that no other process or thread holds, at once."""
        ...

    def release(self, keys: Iterable[str]) -> None:
        """Let others have keys, as soon as they can read what was set under them."""
        ...

    def awaited(self, keys: Iterable[str]) -> list[str]:
        """Return those of some keys leased here that others wait for."""
        ...

    def close(self) -> None:
        """Let go of every key. It may be used no more."""
        ...


class Everyone:
    """Lets every key out to everyone: for stores that no other process reads."""

    def lease(self, keys: Sequence[str]) -> list[str]:
        """Return the keys."""
        return list(keys)

    def release(self, keys: Iterable[str]) -> None:
        """Do nothing."""

    def awaited(self, keys: Iterable[str]) -> list[str]:  # noqa: ARG002
        """Return none."""
        return []

    def close(self) -> None:
        """Do nothing."""


def alone(lessor: Lessor, keys: Sequence[str], make: Callable[[list[str]], None]) -> None:
    """Make keys in groups, each while no other process does; what others hold comes last, and was then often made.

    Parameters
    ----------
    lessor : Lessor
    keys : sequence of str
    make : callable
        Takes some of the keys, looks whether they are there by now, and computes and stores the rest.

    Raises
    ------
    SupersededError
        Where the work in hand should stop while it waits.
    """
    left, until = list(keys), monotonic() + WAIT_SECONDS
    while left:
        leased = lessor.lease(left)
        if leased or monotonic() > until:
            group = leased or left
            try:
                make(group)
            finally:
                lessor.release(leased)
            left = [key for key in left if key not in group]
        else:
            checkpoint()
            sleep(LOOK_SECONDS)


class Heart:
    """A thread that lets others know that this process lives, while it is used at all.

    Parameters
    ----------
    beat : callable
        Called every half second.
    """

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._stop = Event()
        self._thread: Thread | None = None
        self._lock = Lock()

    def start(self) -> None:
        """Start beating, unless it does already; after a fork again."""
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = Thread(target=self._run, name="leases", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            self._beat()

    def stop(self) -> None:
        """Beat no more."""
        self._stop.set()


class FileLeases:
    """The leases of the processes of one machine.

    Parameters
    ----------
    path : Path
        On a local volume. While it cannot be used, every key is let out to everyone.
    rest : float
        Seconds between two attempts to use it.

    Notes
    -----
    Some 5 µs a lease. Locks belong to the open file and not to the process (``F_OFD_SETLK``, Linux), so that two
    of these in one process exclude each other as well.
    """

    def __init__(self, path: Path, rest: float = REST_SECONDS) -> None:
        self._held: dict[str, int] = {}
        self._lock = Lock()
        self._shared = SharedFile(path, SLOTS * SLOT.size, rest)
        self._heart = Heart(self._beat)

    def lease(self, keys: Sequence[str]) -> list[str]:
        """Lease those keys that nobody else holds, at once."""
        with self._lock:
            if not self._held:  # what is held is locked in the file as it was
                self._shared.look()
            if self._map is None:
                return list(keys)
            self._heart.start()
            return [key for key in keys if self._leased(key, self._map)]

    @property
    def _map(self) -> mmap | None:
        return self._shared.map

    def _leased(self, key: str, slots: mmap) -> bool:
        tag = _tag(key)
        if key in self._held:
            self._note(slots, tag, self._held[key], awaited=True)
            return False
        for turn in range(TURNS):
            if self._locked(tag, turn, fcntl.F_WRLCK):
                self._held[key] = turn
                self._note(slots, tag, turn)
                return True
            noted, beat, _ = SLOT.unpack_from(slots, _slot(tag, turn))
            if noted != tag or monotonic() - beat < STALE_SECONDS:
                if noted == tag:
                    slots[_slot(tag, turn) + 16] = 1
                return False
        return True

    def _locked(self, tag: int, turn: int, kind: int) -> bool:
        try:
            fcntl.fcntl(
                self._shared.descriptor,
                fcntl.F_OFD_SETLK,
                _FLOCK.pack(kind, os.SEEK_SET, tag * TURNS + turn, 1, 0),
            )
        except OSError:
            return False
        return True

    def _note(self, slots: mmap, tag: int, turn: int, *, awaited: bool = False) -> None:
        SLOT.pack_into(slots, _slot(tag, turn), tag, monotonic(), awaited)

    def _beat(self) -> None:
        with self._lock:
            for key, turn in self._held.items():
                if self._map is not None:
                    self._note(self._map, _tag(key), turn, awaited=self._wanted(key))

    def _wanted(self, key: str) -> bool:
        if self._map is None or key not in self._held:
            return False
        tag = _tag(key)
        noted, _, awaited = SLOT.unpack_from(self._map, _slot(tag, self._held[key]))
        return bool(noted == tag and awaited)

    def awaited(self, keys: Iterable[str]) -> list[str]:
        """Return those of some keys leased here that others wait for."""
        with self._lock:
            return [key for key in keys if self._wanted(key)]

    def release(self, keys: Iterable[str]) -> None:
        """Let others have keys; those that are not held stay as they are."""
        with self._lock:
            for key in keys:
                turn = self._held.pop(key, None)
                if turn is not None and self._map is not None:
                    # An old beat must not make the next holder look dead before its first.
                    SLOT.pack_into(self._map, _slot(_tag(key), turn), 0, 0.0, False)
                    self._locked(_tag(key), turn, fcntl.F_UNLCK)

    def close(self) -> None:
        """Let go of every key; from then on every key is let out to everyone."""
        self._heart.stop()
        with self._lock:
            self._shared.close()
            self._held.clear()


def _tag(key: str) -> int:
    return 1 + int.from_bytes(blake2b(key.encode(), digest_size=7).digest(), "little")


def _slot(tag: int, turn: int) -> int:
    return (tag + turn) % SLOTS * SLOT.size
