"""Lines on whole pixels of a plane: each segment is one row of pixels, of which a rectangle shows its part.

The pixel of a vertex is its quantum divided by a pixel's quanta, and a segment is Bresenham's line between the pixels
of its two ends, as Datashader draws one that no edge of a canvas cuts. So it does not depend on what is asked for, and
rectangles that adjoin show one drawing. Its pixels in a rectangle are found by division, not by a walk to them.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.compiled import compiled, read_only
from app.pipeline.stopping import checkpoint
from app.pipeline.world import QUANTA, PixelRect, pixel_quanta

Array: TypeAlias = npt.NDArray[Any]

AT_ONCE = 1 << 14
"""Segments that are drawn between two checks whether to stop: some milliseconds."""
_COUNT, _SUM, _MIN, _MAX, _MEAN, _MOMENTS = range(6)
_WAYS: Mapping[str, int] = {
    "count": _COUNT, "by": _COUNT, "sum": _SUM, "min": _MIN, "max": _MAX, "mean": _MEAN, "var": _MOMENTS,
    "std": _MOMENTS,
}  # fmt: skip


def draw_lines(x: Array, y: Array, value: Array | None, rect: PixelRect, aggregate: str, planes: int = 1) -> Array:
    """Aggregate the pixels of lines in a rectangle.

    Parameters
    ----------
    x, y : ndarray, float64, shape (n,)
        Vertices in whole quanta. One that is not finite ends a line; what lies beyond the world is cut off.
    value : ndarray, shape (n,), or None
        Each vertex's belongs to the segment that begins there: numbers, of which NaN counts for nothing, or codes for
        ``by``. None for ``count``.
    rect : PixelRect
    aggregate : str
        One of `app.pipeline.canvas.AGGREGATES`.
    planes : int
        Categories, for ``by``.

    Returns
    -------
    ndarray, shape (height, width), or (planes, height, width) for ``by``
        Counts are uint32, 0 where empty; others float64, NaN where empty. Each is what Datashader's reduction gives
        for the same pixels in the same order.

    Notes
    -----
    Linear in the segments and in their pixels within the rectangle. The pixel of a vertex between two segments is
    drawn once, as the last of the first; only where a line begins, or a segment lies in one pixel, its first is drawn.

    References
    ----------
    J. E. Bresenham, Algorithm for computer control of a digital plotter, IBM Systems Journal 4(1), 1965.
    """
    way, shape = _WAYS[aggregate], (planes, *rect.shape) if aggregate == "by" else rect.shape
    counts = np.zeros(shape if way in (_COUNT, _MEAN, _MOMENTS) else 0, np.uint32)
    values = np.full(0 if way == _COUNT else shape, 0.0 if way in (_MEAN, _MOMENTS) else np.nan)
    squares = np.zeros(shape if way == _MOMENTS else 0)
    fields = read_only(np.zeros(0, np.float32) if value is None else value)
    u, v = (read_only(np.asarray(one, np.float64)) for one in (x, y))
    into = counts.reshape(-1), values.reshape(-1), squares.reshape(-1)
    shift = pixel_quanta(rect.z).bit_length() - 1
    for start in range(0, len(x) - 1, AT_ONCE):
        checkpoint()
        _draw(u, v, fields, (start, min(start + AT_ONCE, len(x) - 1)), shift, rect[1:], way, *into)
    return _finished(aggregate, counts, values, squares)


def _finished(aggregate: str, counts: Array, values: Array, squares: Array) -> Array:
    if aggregate in ("count", "by"):
        return counts
    if aggregate in ("sum", "min", "max"):
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (values if aggregate == "mean" else squares) / counts
    if aggregate in ("var", "std"):
        found[~np.isfinite(values)] = np.nan  # of infinite values there is none
    return np.sqrt(found) if aggregate == "std" else found


@compiled
def _draw(
    x: Array,
    y: Array,
    field: Array,
    span: tuple[int, int],
    shift: int,
    edges: tuple[int, int, int, int],
    way: int,
    counts: Array,
    values: Array,
    squares: Array,
) -> None:
    """Draw the segments that begin at some of the vertices."""
    left, right, top, bottom = edges
    width, area = right - left, (right - left) * (bottom - top)
    cells = np.empty(max(width, bottom - top, 0), np.uint64)
    for i in range(span[0], span[1]):
        value = np.float64(field[i]) if field.size else 0.0
        drawn, begins, u0, v0, u1, v1 = _ends(x, y, i, shift)
        if not drawn or value != value:
            continue
        if max(u0, u1) < left or min(u0, u1) >= right or max(v0, v1) < top or min(v0, v1) >= bottom:
            continue
        if abs(u1 - u0) >= abs(v1 - v0):
            first, last, moved, rest = _seen(u0, u1, v0, v1, left, right - 1, top, bottom - 1, begins)
            along, across = _sign(u1 - u0), _sign(v1 - v0) * width
        else:
            first, last, moved, rest = _seen(v0, v1, u0, u1, top, bottom - 1, left, right - 1, begins)
            along, across = _sign(v1 - v0) * width, _sign(u1 - u0)
        long, short = max(abs(u1 - u0), abs(v1 - v0)), min(abs(u1 - u0), abs(v1 - v0))
        plane = int(value) * area % max(counts.size, 1) if way == _COUNT else 0
        at = plane + (v0 - top) * width + u0 - left + along * first + across * moved
        for step in range(last + 1 - first):
            cells[step] = at
            rest += short
            # Without a branch, which a processor could not foresee.
            turns = rest >= long
            rest -= long * turns
            at += along + across * turns
        if last >= first:
            _add(way, value, cells[: last + 1 - first], counts, values, squares)


@compiled
def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


@compiled
def _ends(x: Array, y: Array, i: int, shift: int) -> tuple[bool, bool, int, int, int, int]:
    """Return whether a segment is drawn, whether a line begins there, and the pixels of its two ends."""
    if not (np.isfinite(x[i]) and np.isfinite(y[i]) and np.isfinite(x[i + 1]) and np.isfinite(y[i + 1])):
        return False, False, 0, 0, 0, 0
    begins = i == 0 or not (np.isfinite(x[i - 1]) and np.isfinite(y[i - 1]))
    x0, y0, x1, y1, drawn = x[i], y[i], x[i + 1], y[i + 1], True
    if not (_in_world(x0, y0) and _in_world(x1, y1)):
        begins = begins or not _in_world(x0, y0)
        x0, y0, x1, y1, drawn = _cut(x0, y0, x1, y1)
    return drawn, begins, int(x0) >> shift, int(y0) >> shift, int(x1) >> shift, int(y1) >> shift


@compiled
def _in_world(x: float, y: float) -> bool:
    return 0 <= x < QUANTA and 0 <= y < QUANTA


@compiled
def _cut(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float, bool]:
    """Return the part of a segment that lies in the world, and whether there is one."""
    across, down, enters, leaves = x1 - x0, y1 - y0, 0.0, 1.0
    for start, way in ((x0, across), (y0, down)):
        if not np.isfinite(way) or (way == 0 and not 0 <= start < QUANTA):
            return 0.0, 0.0, 0.0, 0.0, False
        if way != 0:
            one, other = -start / way, (QUANTA - 1 - start) / way
            enters, leaves = max(enters, min(one, other)), min(leaves, max(one, other))
    begin = x0 + enters * across, y0 + enters * down
    # From the end itself where it is within: it is whole, and what is far off would not be hit exactly.
    end = (x1, y1) if leaves == 1 else (x0 + leaves * across, y0 + leaves * down)
    return _inside(begin[0]), _inside(begin[1]), _inside(end[0]), _inside(end[1]), enters <= leaves


@compiled
def _inside(value: float) -> float:
    """Return a coordinate that only rounding may have taken beyond the world."""
    return float(min(max(value, 0.0), QUANTA - 1.0))


@compiled
def _seen(
    p0: int, p1: int, q0: int, q1: int, p_low: int, p_high: int, q_low: int, q_high: int, begins: bool
) -> tuple[int, int, int, int]:
    """Return the first and last step of a line within a rectangle, and how far across it is at the first.

    A line goes from p0 to p1, the longer way, a pixel a step, and has moved (step * short + half) // long pixels from
    q0 to q1: that is where Bresenham's error changes sign, a tie being a move if p grows. What this division leaves
    comes last. No product leaves int64, since pixels are two quanta or more, and a world has 2**32 of these.
    """
    long, short = abs(p1 - p0), abs(q1 - q0)
    half = (long - (p1 < p0)) // 2
    first, last = _reach(p0, p1, p_low, p_high)
    first, last = max(first, 0 if begins or not long else 1), min(last, long)
    enters, leaves = _reach(q0, q1, q_low, q_high)
    # The division turned round, and rounded up: the first step at which a line has moved so far.
    if enters > 0:
        first = max(first, -((half - enters * long) // short))
    if leaves < short:
        last = min(last, -((half - (leaves + 1) * long) // short) - 1)
    if first == 0 or first > last:
        return first, last, 0, half
    moved = (first * short + half) // long
    return first, last, moved, first * short + half - moved * long


@compiled
def _reach(start: int, end: int, low: int, high: int) -> tuple[int, int]:
    """Return after how many pixels from start toward end low..high is entered, and is still not left."""
    return (start - high, start - low) if end < start else (low - start, high - start)


@compiled
def _add(way: int, value: float, cells: Array, counts: Array, values: Array, squares: Array) -> None:
    """Add a segment's value to its cells, as Datashader's reductions do; no cell is there twice."""
    if way == _COUNT:
        for at in cells:
            counts[at] += np.uint32(1)
    elif way == _SUM:
        for at in cells:
            values[at] = values[at] + value if values[at] == values[at] else value
    elif way == _MIN:
        for at in cells:
            values[at] = values[at] if values[at] <= value else value
    elif way == _MAX:
        for at in cells:
            values[at] = values[at] if values[at] >= value else value
    else:
        if way == _MOMENTS:
            _add_squares(value, cells, counts, values, squares)
        for at in cells:
            counts[at] += np.uint32(1)
            values[at] += value


@compiled
def _add_squares(value: float, cells: Array, counts: Array, totals: Array, squares: Array) -> None:
    """Add to the squared deviations from the mean what a value adds to them, by the counts and sums before it."""
    for at in cells:
        count, total = np.float64(counts[at]), totals[at]
        if count:
            squares[at] += (value - total / count) * (value - (total + value) / (count + 1))
