"""What the bulk of a column's values says: its range without outliers, and the numbers that stand for no value.

Owns robust statistics of samples. An extreme value never decides here.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]

SAMPLED = 200_000
"""Rows of which fences are made, evenly spaced over all."""
FEW, SOME = 8, 50
TAIL = 0.02
"""The share of the values on each side that does not decide."""
REACH = 65_536
"""How many times as wide as its bulk a plane can be: beyond, the bulk would lie on too few places."""

_CODES = np.array(
    [
        *(sign * code for code in (999, 9999, 99999, 999999, 9999999, 99999999) for sign in (-1, 1)),
        -32768, 32767, -2147483648, 2147483647, -999.25, -9999.9, 999.9, 9999.9, 1e20, -1e20, 1e30, -1e30, 1e31,
        9.969209968386869e36, -3.4028234663852886e38, 3.4028234663852886e38,
    ],
    np.float64,
)  # fmt: skip
CODES: Final = np.unique(np.concatenate([_CODES, _CODES.astype(np.float32).astype(np.float64)]))
"""Numbers that files write where they have no value, as they are in either size of floats."""


class Fences(NamedTuple):
    """Within which lows and highs values are as the bulk of them; infinite where all are."""

    low: float
    high: float

    def widened(self, times: float) -> "Fences":
        """Return fences so many times as far apart."""
        width = (self.high - self.low) * times
        return Fences(self.low - width, self.high + width)

    def holds(self, values: Array) -> Array:
        """Return which values lie within."""
        return (values >= self.low) & (values <= self.high)


EVERYWHERE: Final = Fences(-np.inf, np.inf)


def fences(values: Array) -> Fences:
    """Return the fences of finite values.

    Parameters
    ----------
    values : ndarray, shape (n,)

    Returns
    -------
    Fences
        The middle 96 % of the values, and as much on either side; of fewer than 50, ten times their middle half.
        Infinite for very few values, and for those that are mostly the same.

    Examples
    --------
    >>> fences(np.array([*np.linspace(0, 1, 99), 1e6])).high < 4
    True
    """
    if len(values) < FEW:
        return EVERYWHERE
    few = len(values) < SOME
    tail = 0.25 if few else TAIL
    low = float(np.quantile(values, tail, method="lower"))
    high = float(np.quantile(values, 1 - tail, method="higher"))
    with np.errstate(over="ignore"):
        reach = (high - low) * (10 if few else 1)
    return Fences(low - reach, high + reach) if 0 < reach < np.inf else EVERYWHERE


def spaced(values: Array, most: int = SAMPLED) -> Array:
    """Return at most so many values, evenly spaced over all, as float64."""
    return np.asarray(values[:: max(-(-len(values) // most), 1)], np.float64)


def sentinels(values: Array, ends: tuple[float, float]) -> Array:
    """Return the numbers that stand for no value in a column, because they lie far from its others.

    Parameters
    ----------
    values : ndarray, shape (n,)
        A sample of its finite values.
    ends : (float, float)
        The least and greatest of all of them.
    """
    present = CODES[np.isin(CODES, values) | np.isin(CODES, ends)]
    if not len(present):
        return present
    others = values[~np.isin(values, CODES)]
    around = fences(others)
    if around == EVERYWHERE and len(others):
        width = float(np.ptp(others)) or max(abs(float(others[0])), 1.0)
        around = Fences(float(others.min()) - width, float(others.max()) + width)
    return present[~around.holds(present)] if len(others) else present[:0]
