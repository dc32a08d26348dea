"""Points in well-known binary, read all at once.

This module owns the bytes of one geometry a row: points, and collections of a single point. It refuses to make points
of lines and areas; it says which kinds it met.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

KINDS: Final[Mapping[int, str]] = {
    2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon", 7: "GeometryCollection",
}  # fmt: skip
DAMAGED: Final = "bytes that are no geometry"
_POINT: Final = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
_HAS_SYSTEM: Final = 0x2000_0000
_FLAGS: Final = 0xE000_0000
Floats: TypeAlias = NDArray[np.float64]
_Bytes: TypeAlias = NDArray[np.uint8]
_Places: TypeAlias = NDArray[np.int64]


class Found(NamedTuple):
    """Coordinates, shape (rows,), NaN where there is no point; and how many rows hold something else, by kind."""

    x: Floats
    y: Floats
    others: Counter[str]


def read_points(array: pa.Array) -> Found:
    """Read the points of a column.

    Parameters
    ----------
    array : pyarrow.Array
        Binary of any kind; ISO and extended WKB in either byte order, with heights, measures and a system or without.

    Returns
    -------
    Found
        NaN for null, for empty points and for what is no point. Only null and empty points are no others.

    Examples
    --------
    >>> point = bytes.fromhex("0101000000" + "000000000000f03f" + "0000000000000040")
    >>> read_points(pa.array([point, None, point[:9]]))
    Found(x=array([ 1., nan, nan]), y=array([ 2., nan, nan]), others=Counter({'bytes that are no geometry': 1}))
    """
    array = array.cast(pa.large_binary())
    _, offsets, values = array.buffers()
    limits = np.frombuffer(offsets, np.int64, len(array) + 1, array.offset * 8) if len(array) else np.zeros(1, np.int64)
    data = np.frombuffer(values, np.uint8) if values is not None and values.size else np.empty(0, np.uint8)
    if not array.null_count and np.all(np.diff(limits) == _POINT.itemsize):
        rows = data[limits[0] : limits[-1]].view(_POINT)
        if np.all(rows["order"] == 1) and np.all(rows["kind"] == 1):
            return Found(rows["x"].copy(), rows["y"].copy(), Counter())
    return _any_points(data, limits, array.is_valid().to_numpy(zero_copy_only=False))


def _any_points(data: _Bytes, limits: _Places, valid: NDArray[np.bool_]) -> Found:
    x, y = np.full((2, len(valid)), np.nan)
    others: Counter[str] = Counter()
    row = np.flatnonzero(valid)
    starts, ends = limits[:-1][row], limits[1:][row]
    whole = ends - starts >= 9
    others[DAMAGED] += int(np.count_nonzero(~whole))
    row, starts, ends = row[whole], starts[whole], ends[whole]
    order = data[starts] if len(starts) else np.empty(0, np.uint8)
    for byte, sign in ((0, ">"), (1, "<")):
        chosen = order == byte
        found = _ordered(data, starts[chosen], ends[chosen], sign, others)
        x[row[chosen]], y[row[chosen]] = found
    others[DAMAGED] += int(np.count_nonzero(order > 1))
    return Found(x, y, +others)


def _ordered(data: _Bytes, starts: _Places, ends: _Places, sign: str, others: Counter[str]) -> tuple[Floats, Floats]:
    """Read geometries of one byte order."""
    kind = _gathered(data, starts + 1, f"{sign}u4")
    at = starts + 5 + np.where(kind & _HAS_SYSTEM, 4, 0)
    base = (kind & ~np.uint32(_FLAGS)) % 1000
    several = (base == 4) & (at + 9 <= ends)
    single = np.zeros(len(base), bool)
    single[several] = _gathered(data, at[several], f"{sign}u4") == 1
    # A collection of one point: its count, then a whole point with a head of its own.
    at, base = at + np.where(single, 9, 0), np.where(single, 1, base)
    points = (base == 1) & (at + 16 <= ends)
    for code, count in zip(*np.unique(base[~points], return_counts=True), strict=True):
        others[KINDS.get(int(code), DAMAGED)] += int(count)
    x, y = np.full((2, len(starts)), np.nan)
    x[points], y[points] = (_gathered(data, at[points] + skip, f"{sign}f8") for skip in (0, 8))
    return x, y


def _gathered(data: _Bytes, at: _Places, kind: str) -> NDArray[Any]:
    """Read a number at each place."""
    size = np.dtype(kind).itemsize
    found: NDArray[Any] = data[at[:, None] + np.arange(size)].view(kind).ravel()
    return found
