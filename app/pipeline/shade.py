"""From an aggregate to levels and colours: spreading, the scale of what is visible, the table from value to level.

The definitions are Datashader's, written as tables: a value's place between 0 and 1 is found once for each distinct
count, or by interpolation between the knots of a scale.
"""

from collections.abc import Callable, Sequence
from math import floor, sqrt
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from app.pipeline.errors import ParameterError
from app.pipeline.palettes import rgb
from app.pipeline.world import APRON

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]

NORMALIZATIONS = ("eq_hist", "linear", "log", "cbrt")
BINS = 65_536
# A table by count is worth its size up to here; beyond, values are interpolated one by one.
TABLE_ROWS = 1 << 20
LEVELS = 255
# The least opacity of a cell that has rows, when opacity shows how many.
MIN_ALPHA = 40
# Aggregates that add up where discs meet.
_ADDITIVE = ("count", "sum", "by")


def spread(padded: Array, aggregate: str, pixels: int) -> Array:
    """Spread each cell over a disc, and crop the apron.

    Parameters
    ----------
    padded : ndarray, shape (..., height + 10, width + 10)
    aggregate : str
        Counts and sums add up where discs meet; minima keep the least, all others the greatest value.
    pixels : int
        The radius, 0 to 5 pixels.

    Returns
    -------
    ndarray, shape (..., height, width)
    """
    if not 0 <= pixels <= APRON:
        raise ParameterError(f"spreading {pixels!r} is not between 0 and {APRON}.")
    if pixels:
        padded = _added(padded, pixels) if aggregate in _ADDITIVE else _extreme(padded, pixels, aggregate)
    return np.ascontiguousarray(padded[..., APRON:-APRON, APRON:-APRON])


def _rows_of_disc(pixels: int) -> list[tuple[int, int]]:
    """Return, for each row of Datashader's disc, its offset and its half width."""
    return [(dy, floor(sqrt((pixels + 0.5) ** 2 - dy * dy))) for dy in range(-pixels, pixels + 1)]


def _over_disc(values: Array, pixels: int, along: Callable[[Array, int], Array], join: np.ufunc, empty: float) -> Array:
    """Combine each cell's neighbours within a disc: along the rows first, then the rows."""
    found = np.full_like(values, empty)
    height = values.shape[-2]
    for dy, half in _rows_of_disc(pixels):
        row = along(values, 2 * half + 1)
        to, source = slice(max(dy, 0), height + min(dy, 0)), slice(max(-dy, 0), height + min(-dy, 0))
        join(found[..., to, :], row[..., source, :], out=found[..., to, :])
    return found


def _added(values: Array, pixels: int) -> Array:
    def along(row: Array, size: int) -> Array:
        return np.asarray(ndimage.correlate1d(row, np.ones(size), axis=-1, mode="constant"))

    # float64 holds every sum of counts exactly.
    found = _over_disc(np.nan_to_num(values.astype(np.float64)), pixels, along, np.add, 0)
    if values.dtype.kind == "u":
        return found.astype(values.dtype)
    return np.where(np.isnan(_extreme(values, pixels, "max")), np.nan, found)


def _extreme(values: Array, pixels: int, aggregate: str) -> Array:
    sign = -1.0 if aggregate == "min" else 1.0

    def along(row: Array, size: int) -> Array:
        return np.asarray(ndimage.maximum_filter1d(row, size, axis=-1, mode="constant", cval=-np.inf))

    found = _over_disc(np.where(np.isnan(values), -np.inf, sign * values), pixels, along, np.maximum, -np.inf)
    return np.where(np.isinf(found), np.nan, sign * found)


def totals(planes: Array) -> Array:
    """Return what is scaled: the values themselves, or the counts of all categories together."""
    return planes.sum(axis=0, dtype=planes.dtype) if planes.ndim == 3 else planes


def _visible(values: Array) -> Array:
    """Return the values of cells that are not empty."""
    seen = values[values > 0] if values.dtype.kind == "u" else values[np.isfinite(values)]
    return seen.ravel()


def _distribution(seen: Array) -> tuple[Floats, Floats]:
    """Return knots and how many cells each stands for; distinct counts exactly, floats in 65,536 bins."""
    if seen.dtype.kind == "u" and int(seen.max()) - int(seen.min()) < BINS:
        low = int(seen.min())
        counts = np.bincount((seen - low).astype(np.int64))
        knots = np.arange(low, low + len(counts), dtype=np.float64)
    else:
        counts, edges = np.histogram(seen, BINS)
        knots = (edges[:-1] + edges[1:]) / 2
    kept = counts > 0
    return knots[kept], counts[kept].astype(np.float64)


def transform(values: Floats, low: float, normalization: str) -> Floats:
    """Return values above the least as their normalisation sees them; eq_hist and linear leave them."""
    above = np.maximum(values - low, 0)
    if normalization == "log":
        return np.log1p(above)
    return np.asarray(np.cbrt(above)) if normalization == "cbrt" else above


def scale(values: Array, normalization: str, window: Sequence[float]) -> Floats:
    """Find the scale of what is visible.

    Parameters
    ----------
    values : ndarray, shape (height, width)
        Unsigned counts, 0 where empty; or floats, NaN where empty.
    normalization : {'eq_hist', 'linear', 'log', 'cbrt'}
    window : pair of float
        Percentiles of the visible cells that become the least and the greatest level, 0 to 100.

    Returns
    -------
    ndarray, float64, shape (2, n)
        Knots in data units and the place of each, 0 to 1; n is 0 where nothing is visible.

    References
    ----------
    Histogram equalisation as in ``datashader.transfer_functions.eq_hist``.
    """
    if normalization not in NORMALIZATIONS:
        raise ParameterError(f"no normalization {normalization!r}. Known: {', '.join(NORMALIZATIONS)}.")
    seen = _visible(values)
    if not len(seen):
        return np.zeros((2, 0))
    knots, counts = _distribution(seen)
    cdf = np.cumsum(counts) / counts.sum()
    low, high = _window(knots, cdf, seen, window)
    if normalization != "eq_hist":
        return np.array([[low, high], [0.0, 1.0]])
    first, last = np.interp([low, high], knots, cdf)
    places = np.clip((cdf - first) / (last - first), 0, 1) if last > first else np.ones_like(cdf)
    return np.stack([knots, places])


def _window(knots: Floats, cdf: Floats, seen: Array, window: Sequence[float]) -> tuple[float, float]:
    """Return the values at two percentiles of the visible cells; the extremes are exact."""
    low, high = window
    at = np.searchsorted(cdf, [low / 100, high / 100])
    values = knots[np.minimum(at, len(knots) - 1)]
    least = float(seen.min()) if low <= 0 else float(values[0])
    most = float(seen.max()) if high >= 100 else float(values[1])
    return least, most


def places(values: Array, knots: Floats, normalization: str) -> Floats:
    """Return each value's place on a scale, 0 to 1; NaN stays NaN."""
    if normalization == "eq_hist":
        return np.asarray(np.interp(values, knots[0], knots[1]))
    low, high = knots[0]
    top = transform(np.array([high]), low, normalization)[0]
    found = transform(np.asarray(values, np.float64), low, normalization)
    return np.clip(found / top, 0, 1) if top > 0 else np.where(np.isnan(found), np.nan, 1.0)


def levels(values: Array, knots: Floats, normalization: str) -> npt.NDArray[np.uint8]:
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
    if values.dtype.kind == "u" and int(values.max()) < TABLE_ROWS:
        table = _levels_of(np.arange(int(values.max()) + 1, dtype=np.float64), knots, normalization)
        table[0] = 0
        return np.asarray(table[values])
    found = _levels_of(np.asarray(values, np.float64), knots, normalization)
    found[~(values > 0) if values.dtype.kind == "u" else np.isnan(values)] = 0
    return found


def _levels_of(values: Floats, knots: Floats, normalization: str) -> npt.NDArray[np.uint8]:
    found = np.nan_to_num(places(values, knots, normalization))
    return np.asarray(np.floor(found * (LEVELS - 1) + 0.5) + 1, np.uint8)


def colorize(planes: Array, knots: Floats, normalization: str, colors: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Colour cells by their categories, and make them opaque by their counts.

    Parameters
    ----------
    planes : ndarray, uint32, shape (categories, height, width)
    knots : ndarray, shape (2, n)
        The scale of the counts of all categories together.
    normalization : str
    colors : sequence of '#rrggbb'
        One a category.

    Returns
    -------
    ndarray, uint8, shape (height, width, 4)
        RGBA: the mean of the categories' colours weighted by their counts, as Datashader mixes them.
    """
    total = totals(planes)
    rgba = np.zeros((*total.shape, 4), np.uint8)
    seen = total > 0
    if not knots.shape[1] or not seen.any():
        return rgba
    table = np.array([rgb(one) for one in colors[: planes.shape[0]]], np.float32)
    counts = planes[:, seen].astype(np.float32)
    rgba[seen, :3] = (counts.T @ table) / total[seen, None].astype(np.float32)
    level = levels(total, knots, normalization)[seen].astype(np.float32) - 1
    rgba[seen, 3] = MIN_ALPHA + level * (255 - MIN_ALPHA) / (LEVELS - 1)
    return rgba
