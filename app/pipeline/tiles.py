"""Tiles: their wire and store format, and how a view is composed of them.

A tile is a typed array with an apron, behind a 16-byte header, compressed once; the same bytes are stored, sent, and
decoded by the browser.

    0   4  magic ``SBT1``
    4   1  type of value: 0 nothing here, 1 uint8, 2 uint16, 3 uint32, 4 float32, 5 float64
    5   1  apron, cells on each side
    6   2  size, cells without aprons
    8   2  planes: 1, or the number of categories
    10  2  of no browser's concern: 1 where an array has planes, or, of type 0, holds floats
    12  4  0 where all cells follow; else how many of them hold a value, and only these follow, behind a bit a cell
    16     planes * (size + 2 apron)**2 values, little-endian, rows from the top; or as many bits, the first the lowest
           of its byte, up to a multiple of 8 bytes, and then the values
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from isal import igzip, igzip_lib

from app.pipeline.compiled import compiled, read_only
from app.pipeline.errors import CodecError
from app.pipeline.types import TileAddress, TileRect
from app.pipeline.world import APRON, TILE, PixelRect, tile_rect

Array: TypeAlias = npt.NDArray[Any]

MAGIC = b"SBT1"
HEADER = struct.Struct("<4sBBHHHI")
DTYPES: Mapping[int, Any] = {
    1: np.dtype("<u1"),
    2: np.dtype("<u2"),
    3: np.dtype("<u4"),
    4: np.dtype("<f4"),
    5: np.dtype("<f8"),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
# An empty tile is its header alone; no other tile compresses below this.
EMPTY_BYTES = 64
# What float32 loses of a number at the most: a share of it, or half of its own least; it holds none beyond `GREATEST`.
HALF_DIGIT, HALF_LEAST, GREATEST = 2.0**-24, 2.0**-150, float(np.finfo(np.float32).max)
# What may be lost, as a share of all values' range.
BEARABLE = 1e-5
# The type of an empty tile's values when it is decoded: counts by u4, the rest by f8.
_EMPTY_KINDS = {"u": 0, "f": 1}


@compiled
def _held(values: Array) -> tuple[Array, Array]:
    """Return which of some floats are not NaN, a bit each, and these."""
    bits = np.zeros(_bitmap_bytes(values.size), np.uint8)
    held = np.empty(values.size + 1)
    n = 0
    for at in range(values.size):
        is_value = values[at] == values[at]
        # Without a branch, which a processor could not foresee.
        held[n] = values[at]
        n += is_value
        bits[at >> 3] |= is_value << (at & 7)
    return bits, held[:n]


@compiled
def _placed(bits: Array, held: Array, into: Array) -> int:
    """Put values where the bits say, NaN elsewhere, and return how many bits say so; the last value is one too many."""
    n = 0
    for at in range(into.size):
        is_value = bits[at >> 3] >> (at & 7) & 1
        into[at] = held[min(n, held.size - 1)] if is_value else np.nan
        n += is_value
    return n


@compiled
def _bitmap_bytes(cells: int) -> int:
    """Return the bytes of a bit a cell, so that values of any type may follow."""
    return (cells + 63) // 64 * 8


@compiled
def _survey(values: Array) -> tuple[float, bool, float, float]:
    """Return what float32 loses of some floats at the most, whether all are whole, and the finite ones' range."""
    lost, whole, low, high = 0.0, True, np.inf, -np.inf
    for value in values:
        off = abs(np.float64(np.float32(value)) - value)
        # Of an infinite value nothing is lost.
        lost = max(lost, off if off == off else 0.0)
        whole = whole and np.rint(value) == value
        if np.isfinite(value):
            low, high = min(low, value), max(high, value)
    return lost, whole, low, high


def _loses(values: Array) -> tuple[bool, bool]:
    """Return whether float32 loses digits of some floats, none of them NaN, and whether more than one can bear.

    One can bear nothing where all are whole, else a hundred-thousandth of their range: seven digits are enough unless
    they blur what a tile tells apart, as they do times of one day.
    """
    if not values.size:
        return False, False
    flat = read_only(values)
    low, high = float(flat.min()), float(flat.max())
    top = max(-low, high)
    # Most often the range alone tells that little is lost, and a look at the first values that something is.
    if top <= GREATEST and max(HALF_DIGIT * top, HALF_LEAST) <= BEARABLE * high - BEARABLE * low and _is_broken(flat):
        return True, False
    lost, whole, low, high = _survey(flat)
    return lost > 0, lost > (0.0 if whole else BEARABLE * high - BEARABLE * low)


@compiled
def _is_broken(values: Array) -> bool:
    """Whether some finite value is not whole, and float32 loses digits of it."""
    for value in values:
        if np.isfinite(value) and np.rint(value) != value and np.float64(np.float32(value)) != value:
            return True
    return False


def _narrow_counts(values: Array) -> Array:
    """Return counts in the smallest type that holds them."""
    top = int(values.max())
    return values.astype(DTYPES[1 if top < 2**8 else 2 if top < 2**16 else 3], copy=False)


def _narrow_floats(held: Array) -> Array:
    """Return floats in the smallest type that holds sums of whole numbers exactly, and others well enough."""
    with np.errstate(over="ignore"):
        return held.astype(DTYPES[5 if _loses(held)[1] else 4], copy=False)


def _check_is_tile(value: Array) -> None:
    if value.dtype.kind not in _EMPTY_KINDS or value.shape[-2:] != (TILE + 2 * APRON,) * 2:
        raise CodecError(f"an array of {value.dtype} and shape {value.shape} is no tile.")


class TileCodec:
    """The codec of tiles.

    Encodes arrays of shape (522, 522), or (planes, 522, 522): unsigned counts, 0 where empty, or floats, NaN where
    empty. Floats that are not whole come back with float32's seven digits, or all of them where those are too few.
    """

    name = "tile"
    packs = True

    def settle(self, value: Any) -> Any:
        """Return a tile with the digits that it will have when it is decoded; counts as uint32, floats as float64."""
        _check_is_tile(value)
        if value.dtype.kind == "u":
            return read_only(np.ascontiguousarray(value, np.uint32))
        whole = np.ascontiguousarray(value, np.float64)
        some, much = _loses(_held(read_only(whole).reshape(-1))[1])
        return read_only(whole.astype(np.float32).astype(np.float64) if some and not much else whole)

    def encode(self, value: Any) -> bytes:
        """Return a tile's bytes."""
        _check_is_tile(value)
        return _packed_counts(value) if value.dtype.kind == "u" else _packed_floats(value)

    def decode(self, data: bytes) -> Any:
        """Return a tile's array; unsigned counts as uint32, floats as float64."""
        try:
            body = bytes(igzip.decompress(data))  # type: ignore[no-untyped-call]
            magic, code, apron, size, planes, kind, filled = HEADER.unpack_from(body)
        # isal's stubs take the class for an instance.
        except (OSError, EOFError, ValueError, struct.error, igzip_lib.error) as error:  # type: ignore[misc]
            raise CodecError(f"stored bytes are not a tile: {error}.") from error
        if magic != MAGIC or size != TILE or apron != APRON:
            raise CodecError("stored bytes are not a tile of this version.")
        side = size + 2 * apron
        if code == 0:
            shape = (planes, side, side) if planes else (side, side)
            return read_only(np.zeros(shape, np.uint32) if kind == 0 else np.full(shape, np.nan))
        if code not in DTYPES:
            raise CodecError("stored bytes are not a whole tile.")
        values = _cells(body, DTYPES[code], planes * side * side, filled).reshape(planes, side, side)
        wide = values.astype(np.uint32 if code <= 3 else np.float64, copy=False)
        return read_only(wide if kind else wide[0])


def _packed_counts(value: Array) -> bytes:
    if not value.any():
        return _packed(value, 0, 0)
    narrow = np.ascontiguousarray(_narrow_counts(value))
    return _packed(value, CODES[narrow.dtype], 0, narrow)


def _packed_floats(value: Array) -> bytes:
    whole = np.ascontiguousarray(value, np.float64)
    bits, held = _held(read_only(whole).reshape(-1))
    if not held.size:
        return _packed(value, 0, 0)
    narrow = _narrow_floats(held)
    if len(bits) + narrow.nbytes < whole.size * narrow.itemsize:
        return _packed(value, CODES[narrow.dtype], len(narrow), bits, narrow)
    with np.errstate(over="ignore"):
        return _packed(value, CODES[narrow.dtype], 0, whole.astype(narrow.dtype))


def _packed(value: Array, code: int, filled: int, *parts: Array) -> bytes:
    """Return the bytes of a tile; of code 0 one that is empty."""
    planes = value.shape[0] if value.ndim == 3 else 0
    if code:
        header = HEADER.pack(MAGIC, code, APRON, TILE, max(planes, 1), int(planes > 0), filled)
    else:
        header = HEADER.pack(MAGIC, 0, APRON, TILE, planes, _EMPTY_KINDS[value.dtype.kind], 0)
    return igzip.compress(b"".join((header, *(one.data for one in parts))), compresslevel=1, mtime=0)


def _cells(body: bytes, dtype: Any, cells: int, filled: int) -> Array:
    """Return all cells of a tile's body."""
    start = HEADER.size + (_bitmap_bytes(cells) if filled else 0)
    if len(body) != start + (filled or cells) * dtype.itemsize:
        raise CodecError("stored bytes are not a whole tile.")
    values = np.frombuffer(body, dtype, offset=start)
    if not filled:
        return values
    whole = np.empty(cells)
    bits = np.frombuffer(body, np.uint8, start - HEADER.size, HEADER.size)
    if dtype.kind != "f" or _placed(bits, np.append(values.astype(np.float64), np.nan), whole) != filled:
        raise CodecError("stored bytes are not a whole tile.")
    return whole


TILE_CODEC = TileCodec()


def is_empty(data: bytes) -> bool:
    """Whether a tile's bytes say that nothing is there."""
    return len(data) < EMPTY_BYTES


def tiles_of_view(view: Sequence[int]) -> list[list[int]]:
    """Return the tiles that a view ``[z, x0, x1, y0, y1]`` in pixels needs, as ``[z, x, y]``.

    One that lies beyond the world, but within the apron of its outermost tiles, needs these.
    """
    z, x0, x1, y0, y1 = view
    side = TILE * 2**z
    (x0, x1), (y0, y1) = (
        (min(low, side - 1) if low < side + APRON else low, max(high, 1) if high > -APRON else high)
        for low, high in ((x0, x1), (y0, y1))
    )
    return [list(one) for one in PixelRect(z, x0, x1, y0, y1).tiles().tiles()]


def compose(parts: Sequence[Sequence[int]], values: Sequence[Array], view: Sequence[int]) -> Array:
    """Join tiles into a view with an apron.

    Parameters
    ----------
    parts : sequence of [z, x, y]
        Those that `tiles_of_view` names, of the world a rectangle.
    values : sequence of ndarray
        Tiles with their aprons.
    view : [z, x0, x1, y0, y1]
        Pixels, half-open.

    Returns
    -------
    ndarray, shape (..., height + 10, width + 10)
        What no tile covers, beyond the world, is empty.
    """
    _, x0, x1, y0, y1 = view
    x0, x1, y0, y1 = x0 - APRON, x1 + APRON, y0 - APRON, y1 + APRON
    like = values[0] if values else np.zeros((0, 0), np.uint32)
    rects = [tile_rect(TileAddress(*part)) for part in parts]
    whole = np.empty((*like.shape[:-2], y1 - y0, x1 - x0), like.dtype)
    if not _reach(rects, x0, x1, y0, y1):
        whole[...] = 0 if like.dtype.kind == "u" else np.nan
    for tile, value in zip(rects, values, strict=True):
        left, right = max(tile.x0, x0), min(tile.x1, x1)
        top, bottom = max(tile.y0, y0), min(tile.y1, y1)
        if left < right and top < bottom:
            source = value[..., top - tile.y0 : bottom - tile.y0, left - tile.x0 : right - tile.x0]
            whole[..., top - y0 : bottom - y0, left - x0 : right - x0] = source
    return whole


def _reach(rects: Sequence[PixelRect], x0: int, x1: int, y0: int, y1: int) -> bool:
    """Whether tiles, which together are a rectangle, reach to all edges of one."""
    if not rects:
        return False
    across = min(one.x0 for one in rects) <= x0 and x1 <= max(one.x1 for one in rects)
    return across and min(one.y0 for one in rects) <= y0 and y1 <= max(one.y1 for one in rects)


def rectangles(tiles: Iterable[TileAddress], most: int) -> list[TileRect]:
    """Partition tiles of one zoom into few rectangles.

    Parameters
    ----------
    tiles : iterable of TileAddress
    most : int
        Tiles that a rectangle may have.

    Returns
    -------
    list of TileRect
        Each tile in exactly one.

    Examples
    --------
    >>> rectangles([TileAddress(3, x, y) for x in (1, 2) for y in (4, 5)], most=16)
    [TileRect(z=3, x0=1, x1=3, y0=4, y1=6)]
    """
    runs: list[TileRect] = []
    for z, x, y in sorted(tiles, key=lambda one: (one.z, one.y, one.x)):
        last = runs[-1] if runs else None
        if last and (last.z, last.y0, last.x1) == (z, y, x) and x - last.x0 < most:
            runs[-1] = last._replace(x1=x + 1)
        else:
            runs.append(TileRect(z, x, x + 1, y, y + 1))
    stacked: dict[tuple[int, int, int], list[TileRect]] = {}
    for run in runs:
        column = stacked.setdefault((run.z, run.x0, run.x1), [])
        if column and column[-1].y1 == run.y0 and (run.x1 - run.x0) * (run.y1 - column[-1].y0) <= most:
            column[-1] = column[-1]._replace(y1=run.y1)
        else:
            column.append(run)
    return [one for column in stacked.values() for one in column]
