"""Memory that a process has freed: kept while it is in use, given back when it rests.

An aggregate takes arrays of some ten megabytes, and frees them milliseconds later. glibc returns such memory to the
kernel at once, which must find and clear each page again for the next one: on a virtual machine that takes longer than
the arithmetic. Where the C library has no such settings, nothing is changed.
"""

import ctypes
from threading import Event, Lock, Thread
from time import sleep
from typing import Any, Final

KEPT_BYTES: Final = 256 * 2**20
"""Freed memory that a process keeps for its next arrays."""
REST_SECONDS: Final = 10.0
# From malloc.h. Larger arrays than glibc's own limit, 32 MB, are mapped and unmapped one by one in any case.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST = 32 * 2**20


def _library() -> Any:
    return ctypes.CDLL(None)


def keep(size: int = KEPT_BYTES) -> bool:
    """Keep memory that is freed from now on, up to so many bytes; in one heap, so that all threads use it again.

    Returns
    -------
    bool
        Whether the C library took it.
    """
    mallopt = getattr(_library(), "mallopt", None)
    chosen = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGEST), (_TRIM_THRESHOLD, size))
    return mallopt is not None and all(mallopt(name, value) for name, value in chosen)


def give_back() -> None:
    """Give all memory that is kept back to the kernel."""
    if trim := getattr(_library(), "malloc_trim", None):
        trim(0)


class Rest:
    """Gives memory back once the process has had nothing to do for a while. Safe for threads.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float = REST_SECONDS) -> None:
        self._seconds = seconds
        self._stirred, self._lock = Event(), Lock()
        self._watcher: Thread | None = None

    def stir(self, *_: object) -> None:
        """Note that something was done. The first time starts the thread that waits for rest."""
        self._stirred.set()
        with self._lock:
            if self._watcher is None:
                self._watcher = Thread(target=self._watch, name="rest", daemon=True)
                self._watcher.start()

    def _watch(self) -> None:
        while self._stirred.wait():
            self._stirred.clear()
            sleep(self._seconds)
            if not self._stirred.is_set():
                give_back()
