"""Lanes: what each view wants now, known to all workers of a host, so that what it no longer wants stops.

Owns one small file of fixed size that all workers map into their memory. A record that is torn, overwritten by another
lane's, or lost says nothing, and work of which nothing is said goes on. Refuses to keep anything of a session but a
hash: nobody can name the lane of another's session.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import blake2b
from mmap import mmap
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import NamedTuple
from zlib import crc32

from app.pipeline.errors import ParameterError, SupersededError
from app.pipeline.shared import SharedFile
from app.pipeline.stopping import stoppable
from app.pipeline.types import TileAddress, TileRect

FILE = "lanes-1"
SLOTS = 16_384
SLOT_BYTES = 64
NOTHING = TileRect(0, 0, 0, 0, 0)
"""The wish of a view that wants nothing."""
_WHOLE = TileRect(0, 0, 1, 0, 1)

_WISH = Struct("<QQQ5I")  # tag, generation, hash of the spec, z, x0, x1, y0, y1
_CHECK = Struct("<I")
_MOST = 2**32 - 1
_TEXT = re.compile(r"([0-9a-z]{8,32})\.(\d{1,15})")


class Lane(NamedTuple):
    """A view of a session, and how often what it wants has changed.

    Parameters
    ----------
    session : str
        The session's id.
    name : str
        Random, chosen by the page.
    generation : int
        Grows with each change.
    """

    session: str
    name: str
    generation: int

    @classmethod
    def parse(cls, session: str, text: str) -> "Lane":
        """Read ``{name}.{generation}`` of a session, or raise `ParameterError`.

        Examples
        --------
        >>> Lane.parse("me", "k3x9q2zt.14")
        Lane(session='me', name='k3x9q2zt', generation=14)
        """
        match = _TEXT.fullmatch(text)
        if not match:
            raise ParameterError(f"lane {text[:80]!r} is not 8 to 32 letters and digits, a full stop and a number.")
        return cls(session, match[1], int(match[2]))


class Lanes:
    """The newest wish of each lane. Safe for threads and processes.

    Parameters
    ----------
    folder : Path or None
        Where the workers of a host share their file. None, or while it cannot be used: known to this process alone.

    Attributes
    ----------
    superseded : int
        How often work stopped since this process began; each process counts its own.

    Notes
    -----
    Records are written in one piece under a checksum. Two processes that note two generations of a lane within the same
    microsecond may keep the older one, which stops nothing wrongly; the view's next request mends it.
    """

    def __init__(self, folder: Path | None) -> None:
        self._shared = SharedFile(folder / FILE, SLOTS * SLOT_BYTES) if folder else None
        self._alone = mmap(-1, SLOTS * SLOT_BYTES)
        self._lock = Lock()
        self.superseded = 0

    def enter(self, lane: Lane, spec: str, rect: TileRect) -> None:
        """Note what a view wants now, unless a newer wish of it is known.

        Parameters
        ----------
        lane : Lane
        spec : str
            What its tiles hold.
        rect : TileRect
            The tiles that it shows.
        """
        tag = _hash(lane.session, lane.name)
        wish = _WISH.pack(tag, lane.generation, _hash(spec), *(min(one, _MOST) for one in rect))
        at = tag % SLOTS * SLOT_BYTES
        with self._lock:
            if self._shared:
                self._shared.look()
            if self._newer(lane) is None:
                self._map[at : at + _WISH.size + _CHECK.size] = wish + _CHECK.pack(crc32(wish))

    def wanted(self, lane: Lane, spec: str, tile: TileAddress) -> bool:
        """Whether a view, as it is now, still wants a tile that it once asked for.

        Parameters
        ----------
        lane : Lane
            As it was when it asked.
        spec : str
        tile : TileAddress
        """
        newer = self._newer(lane)
        return newer is None or (newer[0] == _hash(spec) and _holds(newer[1], tile))

    @contextmanager
    def following(self, lane: Lane | None, spec: str, tile: TileAddress) -> Iterator[None]:
        """Stop the work within when its view wants it no more, and count that; without a lane nothing stops it."""
        if lane is None:
            yield
            return
        try:
            with stoppable(lambda: not self.wanted(lane, spec, tile)):
                yield
        except SupersededError:
            with self._lock:
                self.superseded += 1
            raise

    def whole(self, lane: Lane | None, spec: str) -> AbstractContextManager[None]:
        """Note what a view wants that is not made of tiles, and stop the work within once it wants something else.

        Parameters
        ----------
        lane : Lane or None
        spec : str
            All that tells what it wants.
        """
        if lane:
            self.enter(lane, spec, _WHOLE)
        return self.following(lane, spec, next(_WHOLE.tiles()))

    @property
    def _map(self) -> mmap:
        shared = self._shared.map if self._shared else None
        return self._alone if shared is None else shared

    def _newer(self, lane: Lane) -> tuple[int, TileRect] | None:
        """Return the hash of the spec and the rectangle of a newer wish; None where none is known."""
        tag = _hash(lane.session, lane.name)
        at = tag % SLOTS * SLOT_BYTES
        record = self._map[at : at + _WISH.size + _CHECK.size]
        noted, generation, spec, *rect = _WISH.unpack_from(record)
        if noted != tag or generation <= lane.generation:
            return None
        whole = crc32(record[: _WISH.size]) == _CHECK.unpack_from(record, _WISH.size)[0]
        return (spec, TileRect(*rect)) if whole else None


def _hash(*texts: str) -> int:
    return int.from_bytes(blake2b("\n".join(texts).encode(), digest_size=8).digest(), "little")


def _holds(rect: TileRect, tile: TileAddress) -> bool:
    return rect.z == tile.z and rect.x0 <= tile.x < rect.x1 and rect.y0 <= tile.y < rect.y1
