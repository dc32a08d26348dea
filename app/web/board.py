"""Memory that processes made by forking share: each writes its own place, and all read all.

It belongs to no file, so that nothing is left behind and a full disk does no harm; it ends with the last process.
"""

import struct
from collections.abc import Iterator
from mmap import mmap
from typing import Final
from zlib import crc32

SIZE: Final = 2**18
"""Bytes of a place. Those never written to take no memory."""

RETIRED: Final = 0
"""The place of what processes that are gone have left."""

_HEAD: Final = struct.Struct("<II")
_TRIES: Final = 5


class Board:
    """A row of places, each for one process at a time.

    Parameters
    ----------
    places : int
        Beside the one of those that are gone.

    Notes
    -----
    One process may write a place while others read it: what is read half written does not fit its checksum, and is
    read again.

    Examples
    --------
    >>> board = Board(2)
    >>> board.write(2, b"two")
    True
    >>> board.read(2), board.read(1)
    (b'two', b'')
    """

    def __init__(self, places: int) -> None:
        self.places = range(1, places + 1)
        self._memory = mmap(-1, (places + 1) * SIZE)

    def write(self, place: int, data: bytes) -> bool:
        """Put bytes into a place, in place of what is there; return whether they fit."""
        if len(data) > SIZE - _HEAD.size:
            return False
        start = place * SIZE
        whole = _HEAD.pack(len(data), crc32(data)) + data
        self._memory[start : start + len(whole)] = whole
        return True

    def read(self, place: int) -> bytes:
        """Return what a place holds; nothing where it was never written, or its writer died in the middle."""
        start = place * SIZE + _HEAD.size
        for _ in range(_TRIES):
            length, check = _HEAD.unpack_from(self._memory, place * SIZE)
            data = self._memory[start : start + min(length, SIZE - _HEAD.size)]
            if crc32(data) == check:
                return data
        return b""

    def others(self, place: int) -> Iterator[bytes]:
        """Yield what every other place holds, that of the gone included."""
        for one in (RETIRED, *self.places):
            if one != place and (data := self.read(one)):
                yield data
