"""From an aggregate to levels and colours: the scale of what is visible, and the tables from value to level and colour.

The definitions are Datashader's. What it computes for each cell is computed here once for each distinct count, in the
same arithmetic, and looked up; floats are graded by the values at which one level ends and the next begins.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline import pixels
from app.pipeline.compiled import read_only
from app.pipeline.errors import ParameterError
from app.pipeline.palettes import channels

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Curve: TypeAlias = Callable[[Any], Any]

NORMALIZATIONS = ("eq_hist", "linear", "log", "cbrt")
BINS = 65_536
# A table by count is worth its size up to here; beyond, the distinct counts are sorted out.
TABLE_ROWS = 1 << 20
# Up to here it is filled for all counts, whether a cell holds them or not.
FEW = 1 << 12
LEVELS = 255
# Floats are coloured in so many steps: more than colours can tell apart, and codes of two bytes.
STEPS = 65_535
# The least opacity of a cell that has rows, when opacity shows how many.
MIN_ALPHA = 40
# Values beyond stand at the ends of a scale: differences divided by shares of the cells would overflow.
LARGEST = 1e290
# Bins of a range below would be too narrow for floats.
SMALLEST = 1e-290
# In how many equal cells the edges of levels are laid out, so that a value's are soon found.
_CELLS = 16_384

# How a normalisation bends the distance from the least value, and back; in Datashader's arithmetic.
_BENDS: Mapping[str, tuple[Curve, Curve]] = {
    "linear": (lambda above: above, lambda bent: bent),
    "log": (np.log1p, np.expm1),
    "cbrt": (lambda above: above ** (1 / 3.0), lambda bent: bent**3),
}


class _Seen(NamedTuple):
    """What is visible: values, ascending; how many cells each stands for; the exact extremes."""

    values: Floats
    cells: Array
    low: float
    high: float


def totals(planes: Array) -> Array:
    """Return what is scaled: the values themselves, or the counts of all categories together."""
    if planes.ndim < 3:
        return planes
    wide = float(planes.max(initial=0)) * len(planes) >= 2**32
    return np.asarray(planes.sum(axis=0, dtype=np.uint64 if wide else planes.dtype))


def scale(planes: Array, normalization: str, window: Sequence[float]) -> Floats:
    """Find the scale of what is visible.

    Parameters
    ----------
    planes : ndarray, shape (height, width), or (categories, height, width)
        Unsigned counts, 0 where empty; or floats, NaN where empty.
    normalization : {'eq_hist', 'linear', 'log', 'cbrt'}
    window : pair of float
        Percentiles of the visible cells that become the least and the greatest level, 0 to 100.

    Returns
    -------
    ndarray, float64, shape (2, n)
        Values, ascending, and the scale at each: with eq_hist the share of the cells that are not above it, within the
        window; else 0 and 1. n is 0 where nothing is visible, and 1 where the window holds one value.

    References
    ----------
    Histogram equalisation as in ``datashader.transfer_functions.eq_hist``.
    """
    if normalization not in NORMALIZATIONS:
        raise ParameterError(f"no normalization {normalization!r}. Known: {', '.join(NORMALIZATIONS)}.")
    values, equal = totals(planes), normalization == "eq_hist"
    seen = _seen(values, distribution=equal or window[0] > 0 or window[1] < 100)
    if not len(seen.values):
        return np.zeros((2, 0))
    low, high = _window(seen, window)
    if not low < high:
        return np.array([[low], [1.0]])
    if not equal:
        return np.array([[low, high], [0.0, 1.0]])
    shares = _shares(seen, values.dtype.kind, empty_cells=planes.ndim == 3 and bool((values == 0).any()))
    first, last = np.interp([low, high], seen.values, shares)
    return np.stack([seen.values, np.clip(shares, first, last)]) if first < last else np.array([[low], [1.0]])


def _seen(values: Array, distribution: bool) -> _Seen:
    """Return what is visible; its extremes alone where the distribution is not asked for."""
    flat = read_only(values).ravel()
    if values.dtype.kind == "u":
        return _seen_counts(flat, distribution)
    return _seen_floats(read_only(flat.astype(np.float64, copy=False)), distribution)


def _seen_counts(flat: Array, distribution: bool) -> _Seen:
    top = int(flat.max(initial=0))
    if not top:
        return _Seen(np.zeros(0), np.zeros(0), 0, 0)
    distinct: Array
    cells: Array
    if top >= TABLE_ROWS:
        distinct, cells = np.unique(flat[flat > 0], return_counts=True)
    elif distribution:
        found = pixels.tally(_narrow(flat), top)
        distinct = np.flatnonzero(found[1:]) + 1
        cells = found[distinct]
    else:
        distinct, cells = np.array([pixels.least(_narrow(flat)), top]), np.ones(2)
    return _Seen(distinct.astype(np.float64), cells, float(distinct[0]), float(distinct[-1]))


def _seen_floats(flat: Array, distribution: bool) -> _Seen:
    low, high = pixels.extremes(flat)
    if low > high:
        return _Seen(np.zeros(0), np.zeros(0), 0, 0)
    low, high = max(low, -LARGEST), min(high, LARGEST)
    if not distribution:
        return _Seen(np.array([low, high]), np.ones(2), low, high)
    if high - low < SMALLEST:
        distinct, cells = np.unique(np.clip(flat[np.isfinite(flat)], low, high), return_counts=True)
        return _Seen(distinct.astype(np.float64), cells, low, high)
    edges = np.linspace(0, high - low, BINS + 1)
    found = pixels.tally_bins(flat, low, read_only(edges))
    filled = found > 0
    return _Seen(low + ((edges[:-1] + edges[1:]) / 2)[filled], found[filled], low, high)


def _narrow(counts: Array) -> Array:
    """Return counts that fit as uint32: one type to compile for."""
    return read_only(counts.astype(np.uint32, copy=False))


def _shares(seen: _Seen, kind: str, empty_cells: bool) -> Floats:
    """Return the share of the cells that are not above each value, as Datashader counts them.

    It bins counts that are far apart, and totals of categories, which turn to floats where a cell is empty.
    """
    above = seen.values - seen.values[0]
    if kind != "u" or not (empty_cells or above[-1] >= BINS):
        return _cumulated(seen.cells)
    found, edges = np.histogram(above, BINS, weights=seen.cells)
    filled = found > 0
    return np.asarray(np.interp(above, ((edges[:-1] + edges[1:]) / 2)[filled], _cumulated(found[filled])))


def _cumulated(cells: Array) -> Floats:
    found = cells.cumsum(dtype=np.float64)
    return np.asarray(found / found[-1], np.float64)


def _window(seen: _Seen, window: Sequence[float]) -> tuple[float, float]:
    """Return the values at two percentiles of the visible cells; the extremes are exact."""
    low, high = window
    at = np.searchsorted(_cumulated(seen.cells), [low / 100, high / 100])
    values = seen.values[np.minimum(at, len(seen.values) - 1)]
    return seen.low if low <= 0 else float(values[0]), seen.high if high >= 100 else float(values[1])


def _bent(values: Floats, knots: Floats, normalization: str) -> tuple[Floats, float, float]:
    """Return values as a normalisation sees them, and what the least and the greatest of the scale become."""
    if normalization == "eq_hist":
        return np.interp(values, *knots), float(knots[1, 0]), float(knots[1, -1])
    low, high = knots[0, 0], knots[0, -1]
    bend, _ = _BENDS[normalization]
    # An array, since NumPy computes the curves of single numbers in other steps.
    (last,) = bend(np.array([high - low]))
    return bend(np.clip(values, low, high) - low), 0.0, float(last)


def places(values: Array, knots: Floats, normalization: str) -> Floats:
    """Return each value's place on a scale, 0 to 1; NaN stays NaN."""
    if knots.shape[1] == 1:
        return np.where(np.isnan(values), np.nan, (values >= knots[0, 0]).astype(np.float64))
    found, first, last = _bent(np.asarray(values, np.float64), knots, normalization)
    return np.clip((found - first) / (last - first), 0, 1)


def _edges(knots: Floats, normalization: str, levels: int) -> Floats:
    """Return the values at which levels begin, but for the first one's: halfway between their places."""
    if knots.shape[1] == 1:
        return np.full(levels - 1, knots[0, 0])
    at = (np.arange(1, levels) - 0.5) / (levels - 1)
    low, high = knots[0, 0], knots[0, -1]
    if normalization == "eq_hist":
        first, last = knots[1, 0], knots[1, -1]
        return np.asarray(np.interp(first + at * (last - first), knots[1], knots[0]))
    bend, unbend = _BENDS[normalization]
    return np.asarray(low + unbend(at * bend(high - low)))


def levels(values: Array, knots: Floats, normalization: str) -> Bytes:
    """Return the level of each cell.

    Parameters
    ----------
    values : ndarray, shape (height, width)
    knots : ndarray, shape (2, n)
        As `scale` returns.
    normalization : str

    Returns
    -------
    ndarray, uint8, shape (height, width)
        0 where empty; 1 to 255 from the least to the greatest.
    """
    if not knots.shape[1]:
        return np.zeros(values.shape, np.uint8)
    edges = _edges(knots, normalization, LEVELS)
    if values.dtype.kind != "u":
        return _graded(values, edges, np.uint8)
    return _by_count(values, lambda counts: (np.searchsorted(edges, counts, "right") + 1).astype(np.uint8))


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
    return _looked_up(codes, table).reshape(counts.shape)


def _looked_up(codes: Array, table: Array) -> Array:
    found = np.empty(codes.shape, table.dtype)
    pixels.look_up(codes, read_only(table), found)
    return found


def _graded(values: Array, edges: Floats, dtype: npt.DTypeLike) -> Array:
    """Return 0 where a value is NaN, else one more than the number of edges that are not above it."""
    low, high = float(edges[0]), float(edges[-1])
    per = _CELLS / (high - low) if high > low else np.inf
    if np.isfinite(per):
        first = np.searchsorted(edges, np.linspace(low, high, _CELLS + 1), "right")
    else:  # too close together for cells: one holds them all
        per, first = 0.0, np.array([0, len(edges)])
    first[-1] = len(edges)
    found = np.empty(values.size, dtype)
    flat = read_only(values.astype(np.float64, copy=False)).ravel()
    pixels.grade(flat, read_only(edges), read_only(first), per, found)
    return found.reshape(values.shape)


def rgba(values: Array, knots: Floats, normalization: str, colours: Sequence[str]) -> Bytes:
    """Colour cells by a colormap.

    Parameters
    ----------
    values : ndarray, shape (height, width)
        Unsigned counts, 0 where empty; or floats, NaN where empty.
    knots : ndarray, shape (2, n)
        As `scale` returns.
    normalization : str
    colours : sequence of '#rrggbb'
        The least value's first.

    Returns
    -------
    ndarray, uint8, shape (height, width, 4)
        RGBA, transparent where empty. Of counts, to the last bit what ``tf.shade(values, cmap=colours,
        how=normalization)`` draws, or with ``span`` for a window; of floats, within 2 of each channel.
    """

    def coloured(bent: Floats, first: float, last: float) -> Array:
        at = np.linspace(first, last, len(colours))
        found = np.full((len(bent), 4), 255, np.uint8)
        for channel, one in enumerate(channels(colours)):
            found[:, channel] = np.interp(bent, at, one)
        return found.view(np.uint32).ravel()

    if not knots.shape[1]:
        return np.zeros((*values.shape, 4), np.uint8)
    if values.dtype.kind == "u":
        found = _by_count(values, lambda counts: coloured(*_bent(counts, knots, normalization)))
    else:
        codes = _graded(values, _edges(knots, normalization, STEPS), np.uint32).ravel()
        table = np.concatenate([np.zeros(1, np.uint32), coloured(np.linspace(0, 1, STEPS), 0, 1)])
        found = _looked_up(read_only(codes), table)
    return found.view(np.uint8).reshape(*values.shape, 4)


def colorize(planes: Array, knots: Floats, normalization: str, colors: Sequence[str]) -> Bytes:
    """Colour cells by their categories, and make them opaque by their counts.

    Parameters
    ----------
    planes : ndarray, uint32, shape (categories, height, width)
    knots : ndarray, shape (2, n)
        As `scale` returns for the planes.
    normalization : str
    colors : sequence of '#rrggbb'
        One a category.

    Returns
    -------
    ndarray, uint8, shape (height, width, 4)
        RGBA: the mean of the categories' colours weighted by their counts. Where it is visible, what ``tf.shade(planes,
        color_key=colors, how=normalization, color_baseline=0)`` draws, while totals are below 65,793; beyond, float32
        rounds, and a channel may differ by 1.
    """

    def alpha(counts: Floats) -> Bytes:
        found, first, last = _bent(counts, knots, normalization)
        return np.interp(found, [first, last], [MIN_ALPHA, 255]).astype(np.uint8)

    shape = planes.shape[1:]
    if not knots.shape[1]:
        return np.zeros((*shape, 4), np.uint8)
    alphas = _by_count(totals(planes), alpha).ravel()
    table = np.ascontiguousarray(channels(colors[: len(planes)]).T, np.float32)
    found = np.empty(alphas.size, np.uint32)
    pixels.mix(read_only(planes.reshape(len(planes), -1)), read_only(alphas), read_only(table), found)
    return found.view(np.uint8).reshape(*shape, 4)
