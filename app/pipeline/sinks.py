"""Where the chunks of a column go: an ``.npy`` file that grows, or memory.

This module owns appending and the file's header. It refuses to know which file the rows come from.
"""

from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.lib import format as npy

from app.pipeline.columns import Values
from app.pipeline.mapped import mapped

COPY_ROWS = 1_000_000


class Sink(Protocol):
    """Takes a column chunk by chunk."""

    def append(self, chunk: Values) -> None:
        """Add rows; a wider type than before widens all of them."""
        ...

    def finish(self) -> Values:
        """Return all rows, read-only."""
        ...

    def close(self) -> None:
        """Let go of what is open; harmless after `finish`."""
        ...


class MemorySink:
    """Collects chunks in memory."""

    def __init__(self) -> None:
        self._chunks: list[Values] = []

    def append(self, chunk: Values) -> None:
        """Add rows; a wider type than before widens all of them."""
        self._chunks.append(chunk.copy())

    def finish(self) -> Values:
        """Return all rows, read-only."""
        whole: Values = np.concatenate(self._chunks) if self._chunks else np.empty(0)
        self.close()
        whole.flags.writeable = False
        return whole

    def close(self) -> None:
        """Let go of the chunks."""
        self._chunks = []


class FileSink:
    """Appends chunks to an ``.npy`` file by plain writes: there a full disk is an error, in a map it is a crash.

    Parameters
    ----------
    path : Path
        Replaced if it exists; what others have mapped of it stays theirs.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._type: np.dtype[np.generic] | None = None
        self._rows = 0
        self._file = self._open()

    def append(self, chunk: Values) -> None:
        """Add rows; a wider type than before widens all of them, as when whole numbers turn out to have nulls."""
        if self._type is None:
            self._type = chunk.dtype
            self._header(self._type)
        kind = np.result_type(self._type, chunk.dtype)
        if kind != self._type:
            self._promote(kind)
        self._file.write(np.ascontiguousarray(chunk, dtype=kind).data)
        self._rows += len(chunk)

    def finish(self) -> Values:
        """Complete the header and map the file, read-only."""
        if self._type is None or not self._rows:
            self.close()
            return np.empty(0)
        self._file.seek(0)
        self._header(self._type)
        self.close()
        found: Values = mapped(self._path)
        return found

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _open(self) -> IO[bytes]:
        # A new file, never a truncated one: cutting short what is mapped would crash its readers.
        self._path.unlink(missing_ok=True)
        return self._path.open("w+b")

    def _header(self, kind: np.dtype[np.generic]) -> None:
        # NumPy pads headers so that the first axis can grow in place.
        facts = {"descr": npy.dtype_to_descr(kind), "fortran_order": False, "shape": (self._rows,)}
        npy.write_array_header_1_0(self._file, facts)

    def _promote(self, kind: np.dtype[np.generic]) -> None:
        written = self.finish()
        self._file, self._type, self._rows = self._open(), kind, 0
        self._header(kind)
        for start in range(0, len(written), COPY_ROWS):
            self.append(written[start : start + COPY_ROWS].astype(kind))
