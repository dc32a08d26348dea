"""Discs: each cell of an aggregate is spread over one, as ``datashader.transfer_functions.spread`` has it."""

from math import floor, sqrt
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline import pixels
from app.pipeline.compiled import read_only
from app.pipeline.errors import ParameterError
from app.pipeline.world import APRON

Array: TypeAlias = npt.NDArray[Any]

_OPERATORS = {"count": pixels.ADD, "sum": pixels.ADD, "by": pixels.ADD, "min": pixels.LEAST}


def spread(padded: Array, aggregate: str, radius: int) -> Array:
    """Spread each cell over a disc, and crop the apron.

    Parameters
    ----------
    padded : ndarray, uint32 or float64, shape (..., height + 10, width + 10)
        Counts, 0 where empty; or floats, NaN where empty.
    aggregate : str
        Counts and sums add up where discs meet; minima keep the least, all others the greatest value.
    radius : int
        0 to 5 pixels.

    Returns
    -------
    ndarray, shape (..., height, width)
        Of the same type. Counts beyond 2**32 wrap around, as Datashader's do.
    """
    if not 0 <= radius <= APRON:
        raise ParameterError(f"spreading {radius!r} is not between 0 and {APRON}.")
    cropped = padded[..., APRON:-APRON, APRON:-APRON]
    if not radius or not cropped.size:
        return np.ascontiguousarray(cropped)
    found = np.full(cropped.shape, 0 if padded.dtype.kind == "u" else np.nan, padded.dtype)
    halves = _half_widths(radius)
    operator = _OPERATORS.get(aggregate, pixels.GREATEST)
    for cells, into in zip(_planes(read_only(padded)), _planes(found), strict=True):
        pixels.spread(cells, halves, operator, into)
    return found


def _planes(values: Array) -> Array:
    return values.reshape(-1, *values.shape[-2:])


def _half_widths(radius: int) -> Array:
    """Return half the width of each row of Datashader's disc, from the top."""
    return np.array([floor(sqrt((radius + 0.5) ** 2 - row * row)) for row in range(-radius, radius + 1)])
