"""Rooms: where the arrays of something that takes long are made, and how they come to be there for all, once.

A folder is made under another name and renamed when it is whole, so that no process ever reads half of one; while one
process makes it the others wait. A process that dies lets go of its lock, and what it leaves is swept up.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep, time
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from app.pipeline.compiled import compiled, read_only
from app.pipeline.mapped import mapped
from app.pipeline.sinks import FileSink, MemorySink, Sink

Array: TypeAlias = npt.NDArray[Any]
Progress: TypeAlias = Callable[[float, str], None]

WAIT_SECONDS = 0.1
BLOCK = 1 << 20
ABANDONED = 3600
"""Seconds after which a file or folder with a temporary name is taken for the remains of a process that died."""
ROUGH = ".rough-"


def silent(fraction: float, message: str) -> None:
    """Report to nobody."""
    del fraction, message


class Room:
    """Makes arrays: in memory, or as ``.npy`` files of a folder.

    Parameters
    ----------
    folder : Path or None
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def sink(self, name: str) -> Sink:
        """Return where an array is appended to."""
        return FileSink(self.folder / f"{name}.npy") if self.folder else MemorySink()

    def array(self, name: str, dtype: Any, shape: tuple[int, ...]) -> Array:
        """Return an array of zeros to be filled in any order.

        Raises
        ------
        OSError
            Where the volume has no room: later, while it is filled, that would end the process.
        """
        if self.folder is None:
            return np.zeros(shape, dtype)
        made = np.lib.format.open_memmap(self.folder / f"{name}.npy", "w+", np.dtype(dtype), shape)
        with (self.folder / f"{name}.npy").open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, max(os.fstat(file.fileno()).st_size, 1))
        return made

    def blocks(self, name: str, dtype: Any, shape: tuple[int, ...]) -> "Blocks":
        """Return blocks of one shape, one along the first axis, that take room only where they are not zero."""
        return Blocks(self.folder / f"{name}.npy" if self.folder else None, np.dtype(dtype), shape)

    def keep(self, name: str, values: Array) -> Array:
        """Return an array that holds these values."""
        sink = self.sink(name)
        try:
            sink.append(values)
            return sink.finish()
        finally:
            sink.close()

    def drop(self, name: str) -> None:
        """Delete an array that is no longer needed; who has mapped it keeps it."""
        if self.folder:
            (self.folder / f"{name}.npy").unlink(missing_ok=True)


class Blocks:
    """An array that is written block by block, and can be read meanwhile.

    Parameters
    ----------
    path : Path or None
        The ``.npy`` file that holds it; None: in memory.
    dtype : dtype
    shape : tuple of int
        The last axis is of lines; lines of zeros before and after what is not zero are holes in the file.
    """

    def __init__(self, path: Path | None, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self.path, self._item = path, dtype.itemsize
        if path is None:
            self.array = np.zeros(shape, dtype)
            return
        with path.open("wb") as file:
            npy.write_array_header_1_0(
                file, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            )
            self._start = file.tell()
            file.truncate(self._start + int(np.prod(shape)) * self._item)
        self.array = mapped(path)

    def put(self, slot: int, block: Array) -> None:
        """Write one block.

        Raises
        ------
        OSError
            Where the volume has no room for it.
        """
        if self.path is None:
            self.array[slot] = block
            return
        height, width = block.shape[-2:]
        planes = np.ascontiguousarray(block, self.array.dtype).reshape(-1, height, width)
        with self.path.open("r+b", buffering=0) as file:
            for at, plane in enumerate(planes):
                filled = np.flatnonzero(plane.any(axis=1))
                if len(filled):
                    first, last = int(filled[0]), int(filled[-1]) + 1
                    file.seek(self._start + ((slot * len(planes) + at) * height + first) * width * self._item)
                    file.write(plane[first:last].data)


@compiled
def _take(values: Array, order: Array, out: Array) -> None:
    for i in range(order.size):
        out[i] = values[order[i]]


def gather(values: Array, order: Array, sink: Sink, kind: np.dtype[Any] | None = None) -> Array:
    """Append ``values[order]`` to a sink, block by block, and return it.

    Parameters
    ----------
    values : ndarray, shape (m,)
    order : ndarray of int, shape (n,)
    sink : Sink
    kind : dtype, optional
        What the values become; they stay what they are where it is not given.

    Notes
    -----
    Holds one block; reads `values` in any order, so that they should fit in the memory that the system has for files.
    """
    flat = read_only(values)
    try:
        for start in range(0, len(order), BLOCK):
            chosen = read_only(order[start : start + BLOCK])
            block = np.empty(len(chosen), values.dtype)
            _take(flat, chosen, block)
            sink.append(block.astype(kind or values.dtype, copy=False))
        return sink.finish()
    finally:
        sink.close()


def replaced(path: Path, make: Callable[[Room, str], Array]) -> Array:
    """Make an array in a file of another name, and rename it; whoever comes last wins, with equal bytes.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    with rough(path) as folder:
        made = make(Room(folder), path.stem)
        os.replace(folder / path.name, path)
        return made


@contextmanager
def rough(home: Path) -> Iterator[Path]:
    """Yield a temporary folder beside a place; what is left of it at the end is deleted."""
    home.parent.mkdir(parents=True, exist_ok=True)
    sweep(home.parent)
    made = Path(tempfile.mkdtemp(prefix=ROUGH, dir=home.parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Delete what processes that died have left in a folder."""
    for old in folder.glob(f"{ROUGH}*"):
        with suppress(OSError):
            if time() - old.stat().st_mtime > ABANDONED:
                shutil.rmtree(old) if old.is_dir() else old.unlink()


class Lock:
    """A lock over the processes of a machine, on a file that also says how far its holder is.

    Parameters
    ----------
    path : Path
        Stays there; the system lets go of it when the holder dies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def __enter__(self) -> "Lock":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def acquire(self, progress: Progress = silent, done: Callable[[], bool] = lambda: False) -> bool:
        """Wait for the lock, or until somebody else is done, and pass on the holder's progress meanwhile.

        Returns
        -------
        bool
            Whether the lock is held.
        """
        while not self.taken():
            if done():
                return False
            progress(*self._said())
            sleep(WAIT_SECONDS)
        return True

    def taken(self) -> bool:
        """Try to take the lock, without waiting."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def say(self, fraction: float, message: str) -> None:
        """Let those who wait know how far this is."""
        text = f"{fraction:.4f} {message}\n".encode()
        os.pwrite(self._file, text, 0)
        os.ftruncate(self._file, len(text))

    def _said(self) -> tuple[float, str]:
        fraction, _, message = os.pread(self._file, 300, 0).decode("utf-8", "replace").partition(" ")
        try:
            return float(fraction), message.strip()
        except ValueError:
            return 0.0, "waiting for another process"


def publish(
    home: Path, make: Callable[[Path, Progress], None], ready: Callable[[], bool], progress: Progress = silent
) -> bool:
    """Make a folder once, though many ask, on any number of threads and processes of this machine.

    Parameters
    ----------
    home : Path
    make : callable
        Fills a temporary folder; takes it and a callback for its progress.
    ready : callable
        Tells whether it is there and whole.
    progress : callable
        Told by whoever makes it; what it raises ends the making, and nothing is left.

    Returns
    -------
    bool
        Whether it was made by this call.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    with Lock(home.with_name(f".lock-{home.name}")) as lock:
        if not lock.acquire(progress, ready) or ready():
            return False

        def told(fraction: float, message: str) -> None:
            lock.say(fraction, message)
            progress(fraction, message)

        with rough(home) as folder:
            make(folder, told)
            _settle(folder)
            try:
                os.replace(folder, home)
            except OSError:
                if not ready():
                    # It was deleted while it was used, and written into since: what is there is not whole.
                    shutil.rmtree(home)
                    os.replace(folder, home)
        return True


def _settle(folder: Path) -> None:
    """Bring a folder to the disk before it gets its name: a power cut must not leave the name without the bytes."""
    for path in (*folder.iterdir(), folder):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
