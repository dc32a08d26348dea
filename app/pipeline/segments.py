"""Which segments of lines may touch a rectangle, found without a look at all the others.

A loose quadtree in sorted arrays: each segment lies once, in the cell that holds its box's lower corner, at the finest
cells that its box is no larger than. So a box reaches one cell further at most, and a query looks one cell back.
Both go through one monotone rounding: a segment that touches is never missed, whatever the scale of its coordinates.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.compiled import compiled
from app.pipeline.zorder import spaced

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

# The finest cells an axis: 2**24. A code is the cell's doublings, 5 bits, above its Z-order, 48 bits.
BITS = 24
# Nodes of this few cells are taken whole: drawing a segment outside costs less than another search.
FEW = 4
BREAK = -1


class Segments(NamedTuple):
    """An index of the segments of lines: vertices i and i + 1, both finite. Plain arrays, to be mapped into memory.

    Parameters
    ----------
    square : ndarray, float64, shape (3,)
        Least x and y of the segments, and half their greater extent.
    cells : ndarray, uint64, shape (m,)
        Codes of the cells that are not empty, ascending.
    starts : ndarray, uint32 or int64, shape (m + 1,)
        Where each cell's segments begin in `order`.
    order : ndarray, uint32 or int64, shape (n,)
        Numbers of segments, by cell, ascending in each.
    """

    square: Floats
    cells: npt.NDArray[np.uint64]
    starts: Array
    order: Array


def index_segments(x: Floats, y: Floats) -> Segments:
    """Index the segments of lines by the cells that they touch.

    Parameters
    ----------
    x, y : ndarray, float64, shape (v,)
        Vertices in order, NaN where a line ends.

    Returns
    -------
    Segments

    Notes
    -----
    O(v log v), and about 40 bytes a vertex at its peak. Segments of infinite length are in no cell.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    square, count = _survey(x, y)
    small = np.uint32 if len(x) < 2**32 else np.int64
    codes, order = np.empty(count, np.uint64), np.empty(count, small)
    _code(x, y, square, codes, order)
    by_code = np.argsort(codes, kind="stable")
    codes, order = codes[by_code], order[by_code]
    first = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])) if count else np.empty(0, np.int64)
    return Segments(square, codes[first], np.append(first, count).astype(small), order)


def touching(segments: Segments, left: float, right: float, top: float, bottom: float) -> Array | None:
    """Find the segments whose boxes may touch a rectangle, its edges included.

    Parameters
    ----------
    segments : Segments
    left, right, top, bottom : float
        In the vertices' units; either of two edges may be the greater.

    Returns
    -------
    ndarray of int, shape (k,), or None
        Ascending, and few that do not touch. None stands for all of them, where more than half would be named.

    Notes
    -----
    O(k log k), and a few hundred searches along the rectangle's edge. A segment's pixels lie in the box of its ends':
    of a rectangle of whole pixels all that draw on it are found, also where the true line passes beside it.
    """
    x0, y0, half = segments.square
    edges = (min(left, right), max(left, right), min(top, bottom), max(top, bottom))
    box = np.array([_unit(edge, low, half) for edge, low in zip(edges, (x0, x0, y0, y0), strict=True)], np.int64)
    spans = segments.starts[_spans(segments.cells, box)].astype(np.int64)
    total = int((spans[:, 1] - spans[:, 0]).sum())
    if 2 * total > len(segments.order):
        return None
    found = _gathered(segments.order, spans, total)
    found.sort()
    return found


@compiled
def select(indices: Array) -> Integers:
    """Return the vertices that draw some segments as all vertices would.

    Parameters
    ----------
    indices : ndarray of int, shape (k,)
        Numbers of segments, ascending.

    Returns
    -------
    ndarray, int64
        Numbers of vertices, ascending, and `BREAK` between runs. See `taken`.

    Notes
    -----
    The vertex before each run comes along: a joint is drawn once, by the segment that ends there, and what draws must
    see that no line begins there.
    """
    vertices, n, last = np.empty(4 * len(indices), np.int64), 0, -1
    for index in indices:
        i: Any = np.int64(index)
        first = max(i - 1, last + 1)
        if n and first > last + 1:
            vertices[n] = BREAK
            n += 1
        for vertex in range(first, i + 2):
            vertices[n] = vertex
            n += 1
        last = i + 1
    return vertices[:n].copy()


def taken(values: Array, vertices: Integers) -> Array:
    """Return floats of some vertices, NaN at breaks."""
    found = np.asarray(values)[vertices]
    found[vertices == BREAK] = np.nan
    return found


@compiled
def _finite(x: Floats, y: Floats, i: int) -> bool:
    return bool(np.isfinite(x[i]) and np.isfinite(y[i]) and np.isfinite(x[i + 1]) and np.isfinite(y[i + 1]))


@compiled
def _survey(x: Floats, y: Floats) -> tuple[Floats, int]:
    """Return the square around all segments, and how many they are."""
    x0 = y0 = np.inf
    x1 = y1 = -np.inf
    count = 0
    for i in range(len(x) - 1):
        if _finite(x, y, i):
            x0, x1 = min(x0, x[i], x[i + 1]), max(x1, x[i], x[i + 1])
            y0, y1 = min(y0, y[i], y[i + 1]), max(y1, y[i], y[i + 1])
            count += 1
    return np.array([x0, y0, max(x1 / 2 - x0 / 2, y1 / 2 - y0 / 2)]), count


@compiled
def _unit(value: float, low: float, half: float) -> int:
    """Return the finest cell of a coordinate, 0 to 2**24 - 1; never less for a greater coordinate."""
    # Halved and divided first: neither an extent of 1e-300 nor one of 1e308 leaves float64 then.
    above = value / 2 - low / 2
    share = above / half if half > 0 else 1.0 if above > 0 else 0.0
    return int(min(max(share, 0.0) * 2.0**BITS, 2.0**BITS - 1))


@compiled
def _code(x: Floats, y: Floats, square: Floats, codes: npt.NDArray[np.uint64], order: Array) -> None:
    """Write the cell and the number of each segment."""
    x0, y0, half = square
    n = 0
    for i in range(len(x) - 1):
        if _finite(x, y, i):
            low_u, high_u = _unit(min(x[i], x[i + 1]), x0, half), _unit(max(x[i], x[i + 1]), x0, half)
            low_v, high_v = _unit(min(y[i], y[i + 1]), y0, half), _unit(max(y[i], y[i + 1]), y0, half)
            span, doublings = max(high_u - low_u, high_v - low_v), 0
            while 1 << doublings < span:
                doublings += 1
            place = spaced(np.uint64(low_u >> doublings)) | (spaced(np.uint64(low_v >> doublings)) << np.uint64(1))
            codes[n], order[n] = np.uint64(doublings) << np.uint64(2 * BITS) | place, i
            n += 1


@compiled
def _spans(cells: npt.NDArray[np.uint64], box: Integers) -> Integers:
    """Return where runs of cells that a box may touch begin and end, shape (s, 2)."""
    spans, n = np.empty((64, 2), np.int64), 0
    # A node: its column and row, Z-order, side in doublings of its cells, and its run of cells.
    stack = np.empty((4 * BITS, 6), np.int64)
    for doublings in range(BITS + 1):
        base = np.uint64(doublings) << np.uint64(2 * BITS)
        begin, end = np.searchsorted(cells, base), np.searchsorted(cells, base + (np.uint64(1) << np.uint64(2 * BITS)))
        left, right = (box[0] >> doublings) - 1, box[1] >> doublings
        top, bottom = (box[2] >> doublings) - 1, box[3] >> doublings
        stack[0] = np.array([0, 0, 0, BITS - doublings, begin, end])
        depth = 1
        while depth:
            depth -= 1
            u, v, z, size, begin, end = stack[depth]
            x0, x1, y0, y1 = u << size, ((u + 1) << size) - 1, v << size, ((v + 1) << size) - 1
            if begin == end or x1 < left or x0 > right or y1 < top or y0 > bottom:
                continue
            if end - begin <= FEW or (x0 >= left and x1 <= right and y0 >= top and y1 <= bottom):
                if n == len(spans):
                    spans = np.concatenate((spans, np.empty_like(spans)))
                spans[n, 0], spans[n, 1] = begin, end
                n += 1
                continue
            for quarter in range(4):
                below, middle = 4 * z + quarter, end
                if quarter < 3:
                    upper = base + (np.uint64(below + 1) << np.uint64(2 * (size - 1)))
                    middle = begin + np.searchsorted(cells[begin:end], upper)
                stack[depth] = np.array([2 * u + (quarter & 1), 2 * v + (quarter >> 1), below, size - 1, begin, middle])
                begin, depth = middle, depth + 1
    return spans[:n]


@compiled
def _gathered(order: Array, spans: Integers, total: int) -> Array:
    found, n = np.empty(total, order.dtype), 0
    for begin, end in spans:
        found[n : n + end - begin] = order[begin:end]
        n += end - begin
    return found
