"""The scale of a view: what is visible of its values, and at which level each of them stands.

The definitions are Datashader's, cut to levels: whole numbers, so that the browser and the server can agree on each
cell. `assets/scale.js` has the same definitions, and `tests/golden/scales.json` holds both to them.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline import pixels
from app.pipeline.compiled import read_only
from app.pipeline.errors import ParameterError

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Levels: TypeAlias = npt.NDArray[np.uint16]
Curve: TypeAlias = Callable[[Any], Any]

NORMALIZATIONS = ("eq_hist", "linear", "log", "cbrt")
STEPS = pixels.STEPS
"""Levels are 1 to `STEPS` + 1: as many steps between two colours of a palette of 256 as a byte has values."""
BINS = 65_536
# A table by count is worth its size up to here; beyond, the distinct counts are sorted out.
TABLE_ROWS = 1 << 20
# Up to here it is filled for all counts, whether a cell holds them or not.
FEW = 1 << 12
# Values beyond stand at the ends of a scale: differences divided by shares of the cells would overflow.
LARGEST = 1e290
# Bins of a range below would be too narrow for floats.
SMALLEST = 1e-290

# How a normalisation bends the distance from the low end.
_CURVES: Mapping[str, Curve] = {"linear": lambda above: above, "log": np.log1p, "cbrt": np.cbrt}


class Scale(NamedTuple):
    """Where values stand.

    Parameters
    ----------
    low, high : float
        The values of the least and the greatest level. What is beyond has these levels, too.
    knots, shares : ndarray, float64, shape (n,)
        Of eq_hist alone: distances from the low end, ascending, and how large a share of the visible cells between the
        ends is not above each. Between knots it is interpolated.
    """

    low: float
    high: float
    knots: Floats
    shares: Floats

    def packed(self) -> Floats:
        """Return the scale as one array, shape (2, 1 + n)."""
        ends = np.array([[self.low], [self.high]])
        return np.concatenate([ends, np.stack([self.knots, self.shares])], axis=1)


_NONE: Floats = np.zeros(0)


def unpacked(packed: Floats) -> Scale | None:
    """Return the scale that `Scale.packed` wrote; None where nothing is visible."""
    if not packed.shape[1]:
        return None
    low, high = packed[:, 0].tolist()
    return Scale(low, high, *packed[:, 1:])


def totals(planes: Array) -> Array:
    """Return what is scaled: the values themselves, or the counts of all categories together."""
    if planes.ndim < 3:
        return planes
    wide = float(planes.max(initial=0)) * len(planes) >= 2**32
    return np.asarray(planes.sum(axis=0, dtype=np.uint64 if wide else planes.dtype))


def find_scale(planes: Array, normalization: str, window: Sequence[float]) -> Scale | None:
    """Find the scale of what is visible.

    Parameters
    ----------
    planes : ndarray, shape (height, width), or (categories, height, width)
        Unsigned counts, 0 where empty; or floats, NaN where empty. Infinite ones take no part.
    normalization : {'eq_hist', 'linear', 'log', 'cbrt'}
    window : pair of float
        Percentiles of the visible cells that become the least and the greatest level, 0 to 100.

    Returns
    -------
    Scale or None
        None where nothing is visible.

    References
    ----------
    Histogram equalisation as in ``datashader.transfer_functions.eq_hist``, over the cells between the ends alone:
    ``tf.shade`` takes no span with it, and says that this would be its histogram.
    """
    if normalization not in NORMALIZATIONS:
        raise ParameterError(f"no normalization {normalization!r}. Known: {', '.join(NORMALIZATIONS)}.")
    values, equal = totals(planes), normalization == "eq_hist"
    flat = read_only(values).ravel()
    if values.dtype.kind == "u":
        return _scale_of_counts(flat, equal, window, binned=planes.ndim == 3 and bool((values == 0).any()))
    return _scale_of_floats(read_only(flat.astype(np.float64, copy=False)), equal, window)


def rank(cells: int, percent: float) -> int:
    """Return the place, in ascending order, of the least of some cells that has a share of them at or below it.

    Examples
    --------
    >>> rank(200, 50), rank(200, 0), rank(200, 100), rank(3, 34)
    (99, 0, 199, 1)
    """
    # The product rounds; a share of a billionth of a cell is none.
    return min(max(ceil(percent / 100 * cells - 1e-9) - 1, 0), cells - 1)


def _scale_of_counts(flat: Array, equal: bool, window: Sequence[float], binned: bool) -> Scale | None:
    values, cells = _distinct_counts(flat, equal or window[0] > 0 or window[1] < 100)
    if not len(values):
        return None
    below = cells.cumsum()
    low, high = (float(values[np.searchsorted(below, rank(int(below[-1]), end), "right")]) for end in window)
    if not equal or not low < high:
        return Scale(low, high, _NONE, _NONE)
    inside = (values >= low) & (values <= high)
    above, held = values[inside] - low, cells[inside]
    # Datashader bins counts that are far apart, and totals of categories, which turn to floats where a cell is empty.
    if binned or high - low >= BINS:
        found, edges = np.histogram(above, BINS, weights=held)
        return Scale(low, high, *_cumulated(edges, found))
    return Scale(low, high, above, held.cumsum() / held.sum())


def _distinct_counts(flat: Array, distribution: bool) -> tuple[Floats, Array]:
    """Return the counts above 0, ascending, and how many cells hold each; the extremes alone where these will do."""
    top = int(flat.max(initial=0))
    if not top:
        return _NONE, _NONE
    distinct: Array
    cells: Array
    if top >= TABLE_ROWS:
        distinct, cells = np.unique(flat[flat > 0], return_counts=True)
    elif distribution:
        found = pixels.tally(_narrow(flat), top)
        distinct = np.flatnonzero(found[1:]) + 1
        cells = found[distinct]
    else:
        distinct, cells = np.array([pixels.least(_narrow(flat)), top]), np.ones(2, np.int64)
    return distinct.astype(np.float64), cells.astype(np.int64)


def _scale_of_floats(flat: Floats, equal: bool, window: Sequence[float]) -> Scale | None:
    least, greatest = pixels.extremes(flat)
    if least > greatest:
        return None
    if least < -LARGEST or greatest > LARGEST:
        flat = read_only(np.where(np.isfinite(flat), np.clip(flat, -LARGEST, LARGEST), np.nan))
        least, greatest = pixels.extremes(flat)
    low, high = _percentiles(flat, window, (least, greatest)) if window[0] > 0 or window[1] < 100 else (least, greatest)
    if not equal or not low < high:
        return Scale(low, high, _NONE, _NONE)
    if high - low < SMALLEST:
        distinct, cells = np.unique(flat[(flat >= low) & (flat <= high)], return_counts=True)
        return Scale(low, high, distinct - low, cells.cumsum() / cells.sum())
    edges = read_only(np.linspace(0, high - low, BINS + 1))
    return Scale(low, high, *_cumulated(edges, pixels.tally_bins(flat, low, edges)))


def _percentiles(flat: Floats, window: Sequence[float], ends: tuple[float, float]) -> tuple[float, float]:
    """Return the values at two percentiles of the finite cells, exactly; only those of a bin are sorted."""
    least, greatest = ends
    if greatest - least < SMALLEST:
        finite = np.sort(flat[np.isfinite(flat)])
        return float(finite[rank(len(finite), window[0])]), float(finite[rank(len(finite), window[1])])
    edges = read_only(np.linspace(0, greatest - least, BINS + 1))
    tallied = pixels.tally_bins(flat, least, edges)
    below = tallied.cumsum(dtype=np.int64)

    def at(percent: float) -> float:
        place = rank(int(below[-1]), percent)
        one = int(np.searchsorted(below, place, "right"))
        held = pixels.take_bin(flat, least, edges, one, int(tallied[one]))
        nth = place - int(below[one] - tallied[one])
        return float(np.partition(held, nth)[nth])

    low, high = window
    return least if low <= 0 else at(low), greatest if high >= 100 else at(high)


def _cumulated(edges: Floats, cells: Array) -> tuple[Floats, Floats]:
    """Return the centres of the bins that hold something, and the share of the cells up to each."""
    filled = cells > 0
    found = cells[filled].cumsum(dtype=np.float64)
    return ((edges[:-1] + edges[1:]) / 2)[filled], found / found[-1]


def _narrow(counts: Array) -> Array:
    """Return counts that fit as uint32: one type to compile for."""
    return read_only(counts.astype(np.uint32, copy=False))


def places(values: Array, scale: Scale, normalization: str) -> Floats:
    """Return each value's place on a scale, 0 to 1; NaN stays NaN."""
    values = np.asarray(values, np.float64)
    if not scale.low < scale.high:
        return np.where(np.isnan(values), np.nan, (values >= scale.low).astype(np.float64))
    if normalization == "eq_hist":
        first, last = scale.shares[0], scale.shares[-1]
        return np.asarray((np.interp(values - scale.low, scale.knots, scale.shares) - first) / (last - first))
    bend = _CURVES[normalization]
    # An array, since NumPy computes the curves of single numbers in other steps.
    (last,) = bend(np.array([scale.high - scale.low]))
    return np.asarray(bend(np.clip(values, scale.low, scale.high) - scale.low) / last)


def levels(values: Array, scale: Scale | None, normalization: str) -> Levels:
    """Return the level of each cell.

    Parameters
    ----------
    values : ndarray, shape (height, width)
        Unsigned counts, 0 where empty; or floats, NaN where empty.
    scale : Scale or None
        As `find_scale` returns.
    normalization : str

    Returns
    -------
    ndarray, uint16, shape (height, width)
        0 where empty; 1 to `STEPS` + 1 from the low end to the high one: the nearest to the place of each value.
    """
    if scale is None:
        return np.zeros(values.shape, np.uint16)
    if values.dtype.kind == "u":
        return _by_count(values, lambda counts: _nearest(places(counts, scale, normalization)))
    if normalization == "eq_hist" and scale.low < scale.high:
        return _equalised(values, scale)
    return _nearest(places(values, scale, normalization))


def _nearest(at: Floats) -> Levels:
    found = np.empty(at.shape, np.uint16)
    pixels.nearest_levels(read_only(at).reshape(-1), found.reshape(-1))
    return found


def _equalised(values: Array, scale: Scale) -> Levels:
    """Return levels by shares, each value's knots found by its bin, in place of a search."""
    knots, shares = read_only(scale.knots), read_only(scale.shares)
    per = BINS / float(knots[-1])
    if not np.isfinite(per):  # bins too narrow for floats
        return _nearest(places(values, scale, "eq_hist"))
    starts = read_only(np.bincount((knots * per).astype(np.int64) + 1, minlength=BINS + 2).cumsum())
    slopes = read_only(np.diff(shares) / np.diff(knots))
    found = np.empty(values.shape, np.uint16)
    flat = read_only(values.astype(np.float64, copy=False)).reshape(-1)
    pixels.equalised_levels(flat, scale.low, knots, shares, slopes, starts, per, found.reshape(-1))
    return found


def _by_count(counts: Array, evaluate: Callable[[Floats], Array]) -> Array:
    """Evaluate a function once for each distinct count, and look the cells up; empty cells get 0."""
    codes, top = read_only(counts).ravel(), int(counts.max(initial=0))
    if top < TABLE_ROWS:
        codes = _narrow(codes)
        distinct = rows = np.arange(top + 1) if top < FEW else np.flatnonzero(pixels.mark(codes, top))
    else:
        distinct, codes = np.unique(codes, return_inverse=True)
        codes, top, rows = _narrow(codes), len(distinct) - 1, np.arange(len(distinct))
    seen = distinct > 0
    found = evaluate(distinct[seen].astype(np.float64))
    table = np.zeros(top + 1, found.dtype)
    table[rows[seen]] = found
    return looked_up(codes, table).reshape(counts.shape)


def looked_up(codes: Array, table: Array) -> Array:
    """Return the table's entry for each code; codes are flat."""
    found = np.empty(codes.shape, table.dtype)
    pixels.look_up(codes, read_only(table), found)
    return found
