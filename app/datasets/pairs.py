"""Which columns belong together as coordinates, and what they measure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.datasets.names import words
from app.pipeline.types import Crs

METRES = 20_037_508.342789244
"""Half the width of the web mercator world."""
FAR = 1_000_000.0
"""Metres from both axes at which a pair called x and y is taken for web mercator, and not for a local grid."""

_GEOGRAPHIC = {"longitude": "latitude", "lon": "lat", "lng": "lat", "long": "lat"}
_PLANAR = {"x": "y", "easting": "northing"}
_PARTNERS = _GEOGRAPHIC | _PLANAR


class Pair(NamedTuple):
    """Two columns that are drawn against each other."""

    x: str
    y: str

    @property
    def common(self) -> str:
        """What the two names have in common: ``pickup`` of pickup_x and pickup_y; empty if nothing."""
        return "_".join(word for word in words(self.x) if word not in _PARTNERS) if self.named else ""

    @property
    def named(self) -> bool:
        """Whether their names say that they belong together."""
        return words(self.y) in _partners(words(self.x))

    @property
    def geographic(self) -> bool:
        """Whether their names speak of longitude and latitude."""
        return self.named and any(word in _GEOGRAPHIC for word in words(self.x))


def find_pairs(columns: Sequence[str]) -> list[Pair]:
    """Return the coordinate pairs among columns of numbers, in the order of the file.

    Examples
    --------
    >>> find_pairs(["fare", "dropoff_x", "dropoff_y", "startLng", "startLat"])
    [Pair(x='dropoff_x', y='dropoff_y'), Pair(x='startLng', y='startLat')]
    """
    by_words = {words(column): column for column in reversed(columns)}
    found = ((column, by_words[other]) for column in columns for other in _partners(words(column)) if other in by_words)
    return [Pair(*pair) for pair in found]


def guess_crs(pair: Pair, x: NDArray[np.float64], y: NDArray[np.float64]) -> Crs:
    """Tell what a pair measures by its names and by finite values of both.

    Notes
    -----
    Columns called longitude and latitude are degrees where they fit, and metres of the web mercator map where they are
    beyond 180 and fit that; x and y or easting and northing are such metres where they are typically more than a
    thousand kilometres from both axes, as local grids are not. All else is a plane.
    """
    far_x, far_y = float(np.abs(x).max()), float(np.abs(y).max())
    if pair.geographic and far_x <= 180 and far_y <= 90:
        return "lonlat"
    if not pair.named or max(far_x, far_y) > METRES:
        return "plane"
    if pair.geographic:
        return "mercator" if max(far_x, far_y) > 360 else "plane"
    return "mercator" if min(np.median(np.abs(x)), np.median(np.abs(y))) >= FAR else "plane"


def _partners(own: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [(*own[:at], _PARTNERS[word], *own[at + 1 :]) for at, word in enumerate(own) if word in _PARTNERS]
