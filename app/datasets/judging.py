"""What the values of a coordinate pair say: degrees, metres of the web's map, or a plane of their own.

Owns the verdict, which the bulk of the rows gives: what stands for no value, and 0, 0, has no voice. Names propose a
pair (`pairs`); a wrong map is worse than none, so that in doubt it is a plane.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.datasets.pairs import Pair
from app.pipeline.bulk import CODES, EVERYWHERE, fences
from app.pipeline.types import Crs

Floats: TypeAlias = NDArray[np.float64]

BULK: Final = 0.95
"""The share of the rows that must fit."""
METRES: Final = 20_037_508.342789244
"""Half the width of the web mercator world."""
SLENDER: Final = 32
"""How many times as long as wide a plane of one unit can be, before equal scales would leave a mere line."""
_SCALED: Final = (100_000, 1_000_000, 10_000_000)
_NOT_DEGREES: Final = "their values are no degrees"


class Verdict(NamedTuple):
    """How a pair is drawn, and what there is to say of it beyond."""

    crs: Crs
    remark: str = ""


def voters(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the rows of a sample that have a voice: both finite, neither a sentinel value, and not 0, 0."""
    with np.errstate(invalid="ignore"):
        says = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
        # What ships send where they do not know their place.
        says &= ~((np.abs(x) == 181) & (y == 91))
    for values in (x, y):
        says &= ~(np.isin(values, CODES) & (np.abs(values) > 360))
    return x[says], y[says]


def judge(pair: Pair, x: Floats, y: Floats, file: str = "") -> Verdict:
    """Tell how a pair is drawn.

    Parameters
    ----------
    pair : Pair
    x, y : ndarray, shape (n,)
        A sample of rows from the whole file; NaN where there is nothing.
    file : str
        The file's name, which may speak of web mercator too.

    Notes
    -----
    Metres are never told from their range alone: national grids and feet lie in it as well.
    """
    x, y = voters(x, y)
    if pair.family == "geographic":
        return _degrees(x, y)
    metres = pair.mercator or "mercator" in file.lower() or "3857" in file
    if metres and pair.family in ("plane", "grid") and _share((np.abs(x) <= METRES) & (np.abs(y) <= METRES)) >= BULK:
        return Verdict("mercator")
    if pair.family == "grid" or (pair.family == "plane" and len(x) and min(map(_typical, (x, y))) > 10_000):
        hint = "set `crs` to its system, for example EPSG:2056, to lay it on the map"
        return Verdict("plane", f"It may be a grid of some country: {hint}.")
    return Verdict("plane")


def _degrees(x: Floats, y: Floats) -> Verdict:
    if not len(x):
        return Verdict("lonlat")
    share = _share((np.abs(x) <= 360) & (np.abs(y) <= 90))
    if share >= BULK:
        return Verdict("lonlat")
    if _share((np.abs(y) <= 360) & (np.abs(x) <= 90)) >= BULK:
        return Verdict("plane", f"{_NOT_DEGREES} so named, but would be if exchanged: set `x` and `y` the other way.")
    for scale in _SCALED:
        if _typical(y) > 90 * scale / 100 and _share((np.abs(x) <= 360 * scale) & (np.abs(y) <= 90 * scale)) >= BULK:
            remedy = "divide them by it, or set `crs` if they are metres"
            return Verdict("plane", f"{_NOT_DEGREES}, but may be degrees times {scale:,}: {remedy}.")
    return Verdict("plane", f"{_NOT_DEGREES} in {1 - share:.0%} of the rows: set `crs` if they are of a known system.")


def in_sky(x: Floats, y: Floats) -> bool:
    """Whether a pair can be angles in the sky."""
    x, y = voters(x, y)
    return not len(x) or _share((np.abs(x) <= 360) & (np.abs(y) <= 90)) >= BULK


def alike(x: Floats, y: Floats) -> bool:
    """Whether the bulk of two columns is of so similar an extent that equal scales show both."""
    x, y = voters(x, y)
    wide, high = (_extent(one) for one in (x, y))
    return wide > 0 and high > 0 and 1 / SLENDER <= wide / high <= SLENDER


def _extent(values: Floats) -> float:
    if not len(values):
        return 0.0
    around = fences(values)
    inside = values if around == EVERYWHERE else values[around.holds(values)]
    with np.errstate(over="ignore"):
        return float(np.ptp(inside))


def _share(fits: NDArray[np.bool_]) -> float:
    return float(fits.mean()) if len(fits) else 0.0


def _typical(values: Floats) -> float:
    return float(np.median(np.abs(values)))
