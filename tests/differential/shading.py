"""Which colours cells have: Datashader's, and what follows from them where it draws none."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

import datashader.transfer_functions as tf
import numpy as np
import numpy.typing as npt
import xarray as xr

from tests.differential.truth import PAD

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
LEAST_ALPHA = 40
WHOLE = (0.0, 100.0)


class Scale(NamedTuple):
    """What the visible cells are scaled by: the finite ones, ascending, and the ends of the scale."""

    cells: Floats
    low: float
    high: float


def spread(planes: Array, aggregate: str, radius: int, pad: int = PAD) -> Array:
    """Spread cells over discs as ``tf.spread`` does, and crop what lies around the view; shape (planes, height, width).

    Datashader compiles for each operator and radius, which takes longer than all else here; a test holds this to it.
    """
    height, width = planes.shape[1:]
    merge, reach = _MERGE.get(aggregate, np.fmax), range(-radius, radius + 1)
    found = planes.copy()
    for down, right in product(reach, reach):
        if (down or right) and down**2 + right**2 <= (radius + 0.5) ** 2:
            to = found[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
            cells = planes[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)]
            to[...] = merge(to, cells)
    return found[:, pad : height - pad, pad : width - pad]


def _sum(one: Array, other: Array) -> Array:
    """Add numbers; what is empty adds nothing."""
    if one.dtype.kind == "u":
        return one + other
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(one), other, np.where(np.isnan(other), one, one + other))


_MERGE = {"count": _sum, "sum": _sum, "by": _sum, "min": np.fmin}


def scaled(planes: Array) -> Array:
    """Return what is scaled: the totals of categories, else the only plane."""
    return planes.sum(0, dtype=np.uint32) if planes.dtype == np.uint32 else planes[0]


def filled(cells: Array) -> npt.NDArray[np.bool_]:
    """Return which cells hold something."""
    return cells > 0 if cells.dtype.kind == "u" else ~np.isnan(cells)


def scale_of(cells: Array, window: Sequence[float]) -> Scale | None:
    """Return the scale of visible cells, None where no finite one is visible."""
    held = cells[filled(cells)].astype(np.float64)
    held = np.sort(held[np.isfinite(held)])
    if not len(held):
        return None
    return Scale(held, percentile(held, window[0]), percentile(held, window[1]))


def percentile(ascending: Floats, percent: float) -> float:
    """Return the least value that has at least that share of the values at or below it.

    Examples
    --------
    >>> [percentile(np.array([1.0, 2.0, 3.0, 4.0]), percent) for percent in (0, 25, 26, 100)]
    [1.0, 1.0, 2.0, 4.0]
    """
    rank = -(-Fraction(str(percent)) * len(ascending) // 100)
    return float(ascending[min(max(int(rank), 1), len(ascending)) - 1])


def shares(cells: Array, scale: Scale) -> Floats:
    """Return the share that Datashader's histogram over a window gives each cell; those beyond have that of an end."""
    low, high = (cells.dtype.type(end) for end in (scale.low, scale.high))
    held = filled(cells) & (cells >= low) & (cells <= high)
    with np.errstate(invalid="ignore"):
        found, _ = tf.eq_hist(np.where(held, cells, low) - low, ~held)
    found = np.where(filled(cells) & (cells > high), np.nanmax(found), found)
    return np.where(filled(cells) & (cells < low), np.nanmin(found), found)


def _bent(cells: Array, scale: Scale, how: str) -> tuple[Floats, float, float]:
    """Return cells as a normalisation has them, NaN where empty, and the scale's ends."""
    if scale.low == scale.high:
        return np.where(filled(cells), np.where(cells < scale.low, 0.0, 1.0), np.nan), 0.0, 1.0
    if how == "eq_hist":
        found = shares(cells, scale)
        return found, *(float(found[cells == end][0]) for end in (scale.low, scale.high))
    bend = BENDS[how]
    above = np.clip(cells.astype(np.float64), scale.low, scale.high) - scale.low
    return np.where(filled(cells), bend(above), np.nan), 0.0, float(bend(scale.high - scale.low))


BENDS = {"linear": lambda above: above, "log": np.log1p, "cbrt": np.cbrt}


def shade(
    planes: Array, scale: Scale, how: str, window: Sequence[float], palette: Sequence[str], *, by_category: bool
) -> Bytes:
    """Return the colours of cells by a colormap, or by those of their categories, shape (height, width, 4)."""
    if by_category:
        return _by_category(planes, scale, how, window, palette)
    cells = planes[0]
    plain = tuple(window) == WHOLE and scale.low < scale.high and not np.isinf(cells).any()
    if plain or (how != "eq_hist" and scale.low < scale.high):
        span = None if plain else [scale.low, scale.high]
        return _bytes(tf.shade(xr.DataArray(cells, dims=("y", "x")), cmap=list(palette), how=how, span=span))
    bent, low, high = _bent(cells, scale, how)
    knots = np.linspace(low, high, len(palette))
    found = np.zeros((*cells.shape, 4), np.uint8)
    for channel, one in enumerate(channels(palette)):
        found[..., channel] = np.interp(np.nan_to_num(bent), knots, one)
    found[..., 3] = 255
    return np.where(np.isnan(bent)[..., None], 0, found).astype(np.uint8)


def _by_category(planes: Array, scale: Scale, how: str, window: Sequence[float], colours: Sequence[str]) -> Bytes:
    names = [f"k{at}" for at in range(len(planes))]
    cells = xr.DataArray(np.moveaxis(planes, 0, -1), dims=("y", "x", "kind"), coords={"kind": names})
    found = _bytes(tf.shade(cells, color_key=list(colours), how=how, color_baseline=0, min_alpha=LEAST_ALPHA)).copy()
    if tuple(window) != WHOLE:
        total = scaled(planes)
        # With an empty cell Datashader has floats, which it bins.
        total = np.where(total > 0, total, np.nan) if (total == 0).any() else total
        bent, low, high = _bent(total, scale, how)
        alpha = np.interp(np.nan_to_num(bent), [low, high], [LEAST_ALPHA, 255])
        found[..., 3] = np.where(np.isnan(bent), 0, alpha)
    return found


def _bytes(image: Any) -> Bytes:
    return np.ascontiguousarray(image.data).view(np.uint8).reshape(*image.shape, 4)


def channels(colours: Sequence[str]) -> Floats:
    """Return '#rrggbb' as red, green and blue, shape (3, n)."""
    return np.array([[int(one[at : at + 2], 16) for one in colours] for at in (1, 3, 5)], np.float64)


def place(scale: Scale, cells: Array, how: str, value: float) -> tuple[float, float]:
    """Return where a value stands on the colour bar, 0 to 1: by Datashader's curve, and by the exact share of cells."""
    if not scale.low < scale.high:
        return 0.0, 1.0
    value = min(max(value, scale.low), scale.high)
    if how != "eq_hist":
        one = float(BENDS[how](value - scale.low) / BENDS[how](scale.high - scale.low))
        return one, one
    exact = [np.searchsorted(scale.cells, one, "right") for one in (scale.low, value, scale.high)]
    binned = np.interp([scale.low, value, scale.high], *_curve(cells, scale))
    return _between(*binned), _between(*exact)


def _curve(cells: Array, scale: Scale) -> tuple[Floats, Floats]:
    held = filled(cells) & (cells >= scale.low) & (cells <= scale.high)
    values, at = np.unique(cells[held].astype(np.float64), return_index=True)
    return values, shares(cells, scale)[held][at]


def _between(low: float, at: float, high: float) -> float:
    return float((at - low) / (high - low)) if high > low else 1.0
