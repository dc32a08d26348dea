"""Rows in Z-order: which order puts neighbours on the plane beside each other, and which rows a rectangle touches.

Cells of a quadtree are numbered along the Z-order curve, so the rows of any of its squares are one run. A counting sort
over a frame of cells about the data finds the order in linear time; a cell that holds very many rows is sorted again
by finer cells, so that outliers far away cost no resolution where the rows are.

References
----------
G. M. Morton, A Computer Oriented Geodetic Data Base and a New Technique in File Sequencing, IBM, 1966.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.compiled import compiled
from app.pipeline.types import Rect

Array: TypeAlias = npt.NDArray[Any]
Make: TypeAlias = Callable[[str, Any, int], Array]

BITS = 32
MOST_ROWS = 2**32 - 1
CHUNK = 1024
"""Rows that the index tells apart."""
HEAVY = 32_768
"""Rows of a cell that are worth a sort of their own."""
CELLS = 1 << 22
"""Cells of a frame at the most: their counters fit in a processor's cache, or nearly."""
FINENESS = 32
"""Squares along a rectangle's longer side by which it is covered."""
GAP = 4096
"""Rows that are read rather than skipped between two runs."""


class Runs(NamedTuple):
    """Where the rows of each part of the Z-order curve begin.

    Parameters
    ----------
    codes, lasts : ndarray of uint64, shape (n,)
        The first and last place on the curve of each chunk of rows, ascending.
    starts : ndarray of int64, shape (n + 1,)
        Its first row; the last is the number of rows.
    """

    codes: Array
    lasts: Array
    starts: Array


@compiled
def spaced(value: np.uint64) -> np.uint64:
    """Return the lower 32 bits of a number with a zero before each."""
    v = np.uint64(value)
    v = (v | (v << np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    v = (v | (v << np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    v = (v | (v << np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    v = (v | (v << np.uint64(2))) & np.uint64(0x3333333333333333)
    return (v | (v << np.uint64(1))) & np.uint64(0x5555555555555555)


@compiled
def z_codes(x: Array, y: Array) -> Array:
    """Return the places on the curve of points, uint64, from coordinates of 32 bits."""
    found = np.empty(x.size, np.uint64)
    for i in range(x.size):
        found[i] = spaced(np.uint64(x[i])) | (spaced(np.uint64(y[i])) << np.uint64(1))
    return found


@compiled
def _bounds(x: Array, y: Array) -> tuple[int, int, int, int]:
    x0, x1, y0, y1 = x[0], x[0], y[0], y[0]
    for i in range(x.size):
        x0, x1, y0, y1 = min(x0, x[i]), max(x1, x[i]), min(y0, y[i]), max(y1, y[i])
    return x0, x1, y0, y1


@compiled
def _count(x: Array, y: Array, shift: int, left: int, top: int, width: int, counts: Array) -> None:
    for i in range(x.size):
        counts[((y[i] >> shift) - top) * width + (x[i] >> shift) - left] += 1


@compiled
def _scatter(x: Array, y: Array, shift: int, left: int, top: int, width: int, starts: Array, order: Array) -> None:
    for i in range(x.size):
        cell = ((y[i] >> shift) - top) * width + (x[i] >> shift) - left
        order[starts[cell]] = i
        starts[cell] += 1


class _Frame(NamedTuple):
    """Square cells about some points: 2**shift wide, the first at (left, top)."""

    shift: int
    left: int
    top: int
    width: int
    height: int


def _frame(x: Array, y: Array) -> _Frame:
    x0, x1, y0, y1 = (int(one) for one in _bounds(x, y))
    most = min(max(len(x) // 8, 1024), CELLS)
    shift = 0
    while ((x1 >> shift) - (x0 >> shift) + 1) * ((y1 >> shift) - (y0 >> shift) + 1) > most:
        shift += 1
    width, height = (x1 >> shift) - (x0 >> shift) + 1, (y1 >> shift) - (y0 >> shift) + 1
    return _Frame(shift, x0 >> shift, y0 >> shift, width, height)


class _Cells(NamedTuple):
    """Cells along the curve: the first and last place of each on it, and how many rows it holds."""

    codes: Array
    lasts: Array
    sizes: Array


def _sorted_cells(frame: _Frame, counts: Array) -> tuple[Array, _Cells]:
    """Return the cells that hold rows, along the curve."""
    cells = np.flatnonzero(counts)
    columns, rows = cells % frame.width + frame.left, cells // frame.width + frame.top
    codes = z_codes(columns, rows)
    along = np.argsort(codes, kind="stable")
    cells, codes = cells[along], codes[along] << np.uint64(2 * frame.shift)
    return cells, _Cells(codes, codes + np.uint64((1 << 2 * frame.shift) - 1), counts[cells])


def z_order(x: Array, y: Array, order: Array) -> Runs:
    """Find the order of rows along the Z-order curve.

    Parameters
    ----------
    x, y : ndarray of uint32, shape (n,)
        At least one row.
    order : ndarray of uint32, shape (n,)
        Filled with the rows' numbers in that order; rows of one cell stay in theirs.

    Returns
    -------
    Runs

    Notes
    -----
    Linear in rows, two passes over them, and one more over those of heavy cells. Besides its arguments it holds 12
    bytes for each row of the heaviest cell.
    """
    cells = _ordered(x, y, order)
    starts = np.concatenate([[0], np.cumsum(cells.sizes)])
    # A chunk begins at the first cell that begins in it: a cell is never in two. One of very many rows is a chunk of
    # its own, or they would seem to lie wherever its neighbours' chunk reaches.
    chunk = starts[:-1] // CHUNK
    alone = cells.sizes > CHUNK
    first = np.flatnonzero((np.diff(chunk, prepend=-1) > 0) | alone | np.append(False, alone[:-1]))
    last = np.append(first[1:], len(chunk)) - 1
    return Runs(cells.codes[first], cells.lasts[last], np.append(starts[first], starts[-1]))


def _ordered(x: Array, y: Array, order: Array) -> _Cells:
    """Fill in the order; return the cells that hold rows."""
    frame = _frame(x, y)
    place = (frame.shift, frame.left, frame.top, frame.width)
    counts = np.zeros(frame.width * frame.height, np.int64)
    _count(x, y, *place, counts)
    where, cells = _sorted_cells(frame, counts)
    counts[where] = np.cumsum(cells.sizes) - cells.sizes
    _scatter(x, y, *place, counts, order)
    return _refined(x, y, order, cells) if frame.shift else cells


def _refined(x: Array, y: Array, order: Array, cells: _Cells) -> _Cells:
    """Sort the rows of heavy cells by finer cells, and return all cells with these in place of those."""
    ends = np.cumsum(cells.sizes)
    parts, done = [], 0
    for cell in np.flatnonzero(cells.sizes > HEAVY).tolist():
        rows = order[ends[cell] - cells.sizes[cell] : ends[cell]]
        inner = np.empty(len(rows), np.uint32)
        finer = _ordered(x[rows], y[rows], inner)
        rows[:] = rows[inner]
        parts += [_Cells(*(one[done:cell] for one in cells)), finer]
        done = cell + 1
    parts.append(_Cells(*(one[done:] for one in cells)))
    return _Cells(*(np.concatenate(column) for column in zip(*parts, strict=True)))


@compiled
def _cover(left: int, right: int, top: int, bottom: int, least: int) -> Array:
    """Cover a rectangle by squares of the quadtree: their first and last places on the curve, merged, shape (n, 2)."""
    found = np.empty((16 * FINENESS + 64, 2), np.uint64)
    stack = np.empty((4 * BITS + 4, 3), np.int64)  # column, row and size of squares still to be looked at
    stack[0] = (0, 0, BITS)
    n, depth = 0, 1
    while depth:
        depth -= 1
        column, row, size = stack[depth]
        x0, y0 = column << size, row << size
        x1, y1 = x0 + (1 << size), y0 + (1 << size)
        if x1 <= left or x0 >= right or y1 <= top or y0 >= bottom:
            continue
        inside = x0 >= left and x1 <= right and y0 >= top and y1 <= bottom
        if inside or size <= least:
            code = (spaced(np.uint64(column)) | (spaced(np.uint64(row)) << np.uint64(1))) << np.uint64(2 * size)
            last = code + ((np.uint64(1) << np.uint64(2 * size)) - np.uint64(1)) if size < BITS else ~np.uint64(0)
            if n and found[n - 1, 1] + np.uint64(1) == code:
                found[n - 1, 1] = last
            else:
                found[n, 0], found[n, 1] = code, last
                n += 1
            continue
        # The last in is the first out: so squares are found in the order of the curve.
        for quarter in (3, 2, 1, 0):
            stack[depth] = (2 * column + (quarter & 1), 2 * row + (quarter >> 1), size - 1)
            depth += 1
    return found[:n]


def cover(rect: Rect) -> Array:
    """Return runs of the curve that hold a rectangle.

    Parameters
    ----------
    rect : Rect
        May reach beyond 0 to 2**32.

    Returns
    -------
    ndarray of uint64, shape (n, 2)
        The first and last place of each run, ascending; what they hold beyond the rectangle is narrow.
    """
    left, right, top, bottom = (min(max(edge, 0), 1 << BITS) for edge in rect)
    if left >= right or top >= bottom:
        return np.empty((0, 2), np.uint64)
    least = max((max(right - left, bottom - top) // FINENESS).bit_length() - 1, 0)
    return _cover(left, right, top, bottom, least)


def rows_touched(runs: Runs, rect: Rect) -> Array:
    """Return runs of rows that hold all rows of a rectangle.

    Parameters
    ----------
    runs : Runs
    rect : Rect

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Ascending, half-open, apart by more than `GAP` rows; they hold rows beyond the rectangle too.
    """
    squares = cover(rect)
    if not len(squares):
        return np.empty((0, 2), np.int64)
    first = np.searchsorted(runs.lasts, squares[:, 0], side="left")
    last = np.searchsorted(runs.codes, squares[:, 1], side="right")
    begin, end = runs.starts[first], runs.starts[last]
    held = end > begin
    begin, end = begin[held], end[held]
    if not len(begin):
        return np.empty((0, 2), np.int64)
    apart = begin[1:] > np.maximum.accumulate(end)[:-1] + GAP
    return np.stack([begin[np.append(True, apart)], np.maximum.accumulate(end)[np.append(apart, True)]], axis=1)
