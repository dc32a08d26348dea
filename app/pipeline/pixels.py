"""Loops over the cells of a view, compiled: what NumPy would need several passes and copies for.

Nothing here decides what a picture looks like: `scale` and `shade` do. Counts are uint32 with 0 where empty, floats
float64 with NaN where empty. Each loop is linear in its cells, and safe for threads.
"""

from math import isfinite
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.compiled import compiled

Array: TypeAlias = npt.NDArray[Any]

ADD, GREATEST, LEAST = range(3)
STEPS = 65_280
_AT_ONCE = 1024


@compiled
def tally(counts: Array, top: int) -> Array:
    """Return how many cells hold each count from 0 to the greatest, uint32, shape (top + 1,); ``counts`` is flat.

    Neighbours are often equal, and adding twice to one number has to wait for its first sum: four tables do not, while
    they fit the processor's cache.
    """
    last = 3 if top < 65_536 else 0
    found = np.zeros((last + 1, top + 1), np.uint32)
    whole = counts.size // 4 * 4
    for at in range(0, whole, 4):
        found[0, counts[at]] += 1
        found[1 & last, counts[at + 1]] += 1
        found[2 & last, counts[at + 2]] += 1
        found[3 & last, counts[at + 3]] += 1
    for at in range(whole, counts.size):
        found[0, counts[at]] += 1
    return np.asarray(found.sum(axis=0))


@compiled
def least(counts: Array) -> int:
    """Return the least count above 0, of some; ``counts`` is flat."""
    found = np.uint32(0xFFFFFFFF)
    for count in counts:
        found = min(found, count - np.uint32(1))  # 0 wraps to the greatest
    return int(found) + 1


@compiled
def mark(counts: Array, top: int) -> Array:
    """Return which counts from 0 to the greatest some cell holds, bool, shape (top + 1,); ``counts`` is flat."""
    found = np.zeros(top + 1, np.bool_)
    for at in range(counts.size):
        found[counts[at]] = True
    return found


@compiled
def look_up(codes: Array, table: Array, found: Array) -> None:
    """Write the table's entry for each code; all are flat."""
    for at in range(codes.size):
        found[at] = table[codes[at]]


@compiled
def extremes(values: Array) -> tuple[float, float]:
    """Return the least and the greatest finite value; the first is greater where there is none."""
    low, high = np.inf, -np.inf
    for value in values:
        if isfinite(value):
            low, high = min(low, value), max(high, value)
    return low, high


@compiled
def _bin(above: float, edges: Array, bins: int, per: float) -> int:
    """Return the bin of a distance from the first edge. A quotient rounds; as in ``numpy.histogram``, edges decide."""
    at = int(min(max(above * per, 0.0), bins - 1.0))
    if above < edges[at] and at > 0:
        return at - 1
    if above >= edges[at + 1] and at < bins - 1:
        return at + 1
    return at


@compiled
def tally_bins(values: Array, low: float, edges: Array) -> Array:
    """Return how many values lie in each bin, uint32; those beyond the ends are in none.

    Parameters
    ----------
    values : ndarray, float64, shape (n,)
    low : float
        Where the first bin starts.
    edges : ndarray, float64, shape (bins + 1,)
        Of equal bins, above ``low``: the first is 0.
    """
    bins = edges.size - 1
    per = bins / edges[-1]
    found = np.zeros(bins, np.uint32)
    for value in values:
        above = value - low
        if 0 <= above <= edges[-1]:
            found[_bin(above, edges, bins, per)] += 1
    return found


@compiled
def take_bin(values: Array, low: float, edges: Array, wanted: int, count: int) -> Array:
    """Return the values of a bin, as many as `tally_bins` found there."""
    bins = edges.size - 1
    per = bins / edges[-1]
    found = np.empty(count)
    n = 0
    for value in values:
        if 0 <= value - low <= edges[-1] and _bin(value - low, edges, bins, per) == wanted:
            found[n] = value
            n += 1
    return found


@compiled
def nearest_levels(places: Array, found: Array) -> None:
    """Write 0 where a place is NaN, else the level that is nearest to it; places are 0 to 1, shape (n,)."""
    for at in range(places.size):
        place = places[at]
        found[at] = 0 if place != place else int(place * STEPS + 0.5) + 1


@compiled
def equalised_levels(
    values: Array,
    low: float,
    knots: Array,
    shares: Array,
    slopes: Array,
    starts: Array,
    per: float,
    found: Array,
) -> None:
    """Write the level of each value whose place is its share of the cells; 0 where it is NaN.

    Parameters
    ----------
    values : ndarray, float64, shape (n,)
    low : float
        From which knots are counted.
    knots, shares : ndarray, float64, shape (k,)
        Ascending; values between two knots are interpolated, as ``numpy.interp`` does it. The first and the last share
        become the least and the greatest level.
    slopes : ndarray, float64, shape (k - 1,)
    starts : ndarray, int64
        How many knots lie below the start of each of equal bins, to begin the search with.
    per : float
        Bins a unit.
    found : ndarray, uint16, shape (n,)
    """
    top = knots.size - 1
    first, span = shares[0], shares[top] - shares[0]
    for at in range(values.size):
        value = values[at]
        if value != value:
            found[at] = 0
            continue
        above = value - low
        after = starts[int(min(max(above * per, 0.0), starts.size - 1.0))]
        while after <= top and knots[after] <= above:
            after += 1
        while after > 0 and knots[after - 1] > above:
            after -= 1
        if after == 0:
            share = shares[0]
        elif after > top or knots[after - 1] == above:  # at a knot no slope counts: it may be infinite
            share = shares[after - 1]
        else:
            share = slopes[after - 1] * (above - knots[after - 1]) + shares[after - 1]
        found[at] = int((share - first) / span * STEPS + 0.5) + 1


@compiled
def _join(into: Array, cells: Array, operator: int) -> None:
    """Combine cells that are not NaN with those beneath them; counts have no NaN, and their 0 changes nothing."""
    if operator == ADD:
        for at in range(into.size):
            one, two = into[at], cells[at]
            into[at] = two if one != one else one if two != two else one + two
    elif operator == GREATEST:
        for at in range(into.size):
            one, two = into[at], cells[at]
            into[at] = one if two != two or one >= two else two
    else:
        for at in range(into.size):
            one, two = into[at], cells[at]
            into[at] = one if two != two or one <= two else two


@compiled
def spread(padded: Array, halves: Array, operator: int, found: Array) -> None:
    """Combine each cell with those of a disc around it.

    Parameters
    ----------
    padded : ndarray, shape (height + 2 apron, width + 2 apron)
    halves : ndarray, int64, shape (2 radius + 1,)
        The disc's half width in each of its rows; the radius is at most the apron.
    operator : {ADD, GREATEST, LEAST}
    found : ndarray, shape (height, width)
        Filled with what is empty.

    Notes
    -----
    A row of cells is widened once, step by step, and joined to the rows of the disc as it reaches their width. Empty
    rows, and the empty ends of others, are left out.
    """
    height, width = found.shape
    apron, radius = (padded.shape[0] - height) // 2, halves.size // 2
    wide = np.empty(width, padded.dtype)
    empty = found[0, 0]
    for source in range(apron - radius, apron + height + radius):
        cells = padded[source]
        start, stop = 0, cells.size
        while start < stop and (cells[start] == empty or cells[start] != cells[start]):
            start += 1
        while start < stop and (cells[stop - 1] == empty or cells[stop - 1] != cells[stop - 1]):
            stop -= 1
        left, right = max(start - apron - radius, 0), min(stop - apron + radius, width)
        if start == stop or left >= right:
            continue
        wide[left:right] = cells[left + apron : right + apron]
        for half in range(radius + 1):
            if half:
                _join(wide[left:right], cells[left + apron - half : right + apron - half], operator)
                _join(wide[left:right], cells[left + apron + half : right + apron + half], operator)
            for row in range(halves.size):
                to = source - apron + row - radius
                if halves[row] == half and 0 <= to < height:
                    _join(found[to, left:right], wide[left:right], operator)


@compiled
def mix(planes: Array, alphas: Array, colours: Array, found: Array) -> None:
    """Write the mean of the categories' colours, weighted by their counts: exact sums, divided in Datashader's float32.

    Parameters
    ----------
    planes : ndarray, uint32, shape (categories, n)
    alphas : ndarray, uint8, shape (n,)
        Where it is 0, nothing is seen.
    colours : ndarray, float64, shape (categories, 3)
    found : ndarray, uint32, shape (n,)
        RGBA, red in the lowest byte.

    Notes
    -----
    Some cells at a time, so that their sums stay in the processor's nearest cache while the planes go by.
    """
    for start in range(0, alphas.size, _AT_ONCE):
        stop = min(start + _AT_ONCE, alphas.size)
        total, red, green, blue = np.zeros((4, stop - start))
        for plane in range(planes.shape[0]):
            counts = planes[plane, start:stop]
            r, g, b = colours[plane]
            for at in range(counts.size):
                count = np.float64(counts[at])
                total[at] += count
                red[at] += count * r
                green[at] += count * g
                blue[at] += count * b
        mixed, opaque = found[start:stop], alphas[start:stop]
        for at in range(mixed.size):
            whole = np.float32(max(total[at], 1.0))
            mixed[at] = (
                np.uint32(np.int32(np.float32(red[at]) / whole))
                | (np.uint32(np.int32(np.float32(green[at]) / whole)) << np.uint32(8))
                | (np.uint32(np.int32(np.float32(blue[at]) / whole)) << np.uint32(16))
                | (np.uint32(opaque[at]) << np.uint32(24))
            ) * np.uint32(opaque[at] > 0)
