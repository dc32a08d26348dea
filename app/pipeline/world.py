"""The plane of a plot: data coordinates, quanta, and pixels of the tile pyramid.

A plane is a square of 2**32 quanta an axis, its origin at the top left, v growing downward. At zoom z one pixel is
2**(23 - z) quanta, so every pixel edge is an integer and tile arithmetic is exact in float64. Projections are here;
aggregation is `canvas`.
"""

from dataclasses import dataclass
from math import asinh, ceil, copysign, floor, isfinite, log2, radians, tan
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.errors import DataError, ParameterError
from app.pipeline.types import Bounds, Plot, Rect, TileAddress, TileRect

Floats: TypeAlias = npt.NDArray[np.float64]

QUANTA = 2**32
TILE = 512
APRON = 5
MAX_Z = 22
R = 20037508.342789244
MAX_LATITUDE = 85.0511287798066
POLE = 90.0
EARTH = 6378137.0
# A plane keeps this much room around its data, so that the outermost rows are not cut by the edge.
MARGIN = 1 / 64
# Coordinates beyond leave no room for arithmetic in float64.
SMALLEST, LARGEST = 1e-290, 1e290


class PixelRect(NamedTuple):
    """Pixels of one zoom, half-open: columns ``x0..x1-1`` from the left, rows ``y0..y1-1`` from the top."""

    z: int
    x0: int
    x1: int
    y0: int
    y1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.y1 - self.y0, self.x1 - self.x0

    def tiles(self) -> TileRect:
        """Return the tiles that the rectangle touches, within the world."""
        last = 2**self.z
        low_x, low_y = max(self.x0 // TILE, 0), max(self.y0 // TILE, 0)
        return TileRect(
            self.z, low_x, max(min(-(-self.x1 // TILE), last), low_x), low_y, max(min(-(-self.y1 // TILE), last), low_y)
        )


def pixel_quanta(z: int) -> int:
    """Return the width of a pixel at zoom z, in quanta."""
    return QUANTA // TILE >> z


def quanta(rect: PixelRect) -> Rect:
    """Return a rectangle of pixels in quanta."""
    size = pixel_quanta(rect.z)
    return Rect(rect.x0 * size, rect.x1 * size, rect.y0 * size, rect.y1 * size)


def tile_rect(address: TileAddress, apron: int = APRON) -> PixelRect:
    """Return the pixels of a tile and its apron."""
    left, top = address.x * TILE, address.y * TILE
    return PixelRect(address.z, left - apron, left + TILE + apron, top - apron, top + TILE + apron)


def in_world(address: TileAddress) -> bool:
    """Whether a tile lies in the world, at a zoom that is served."""
    last = 2**address.z if 0 <= address.z <= MAX_Z else 0
    return 0 <= address.x < last and 0 <= address.y < last


def mercator(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Project degrees to web mercator metres.

    Parameters
    ----------
    longitude, latitude : ndarray, float64, degrees
        Latitudes beyond 85.0511 degrees give metres beyond the world, and the poles infinities.

    Returns
    -------
    x, y : ndarray, float64, metres

    References
    ----------
    EPSG:3857, spherical formulas with radius 6,378,137 m.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.radians(longitude) * EARTH, EARTH * np.arctanh(np.sin(np.radians(latitude)))


def degrees(x: float, y: float) -> tuple[float, float]:
    """Return the longitude and latitude of web mercator metres."""
    return float(np.degrees(x / EARTH)), float(np.degrees(np.arctan(np.sinh(y / EARTH))))


def mercator_bounds(shown: Bounds) -> Bounds:
    """Return a rectangle of degrees in web mercator metres, where it is also beyond the edges of the map.

    Notes
    -----
    The poles lie nowhere on a map: they, and what is beyond, are taken as its edges, so that -90..90 shows all of it.
    The formula keeps its digits near the poles, which `mercator` does not need to.
    """
    (x0, x1), _ = mercator(np.array([shown.x0, shown.x1]), np.zeros(2))
    y0, y1 = (EARTH * asinh(tan(radians(one if abs(one) < POLE else copysign(MAX_LATITUDE, one)))) for one in shown[2:])
    return Bounds(float(x0), float(x1), y0, y1)


@dataclass(frozen=True, slots=True)
class World:
    """The affine map from a plot's projected coordinates to quanta.

    Parameters
    ----------
    x0, y0 : float
        The coordinates of the top left corner.
    dx, dy : float
        Data units a quantum; dy is negative where values grow upward.
    """

    x0: float
    y0: float
    dx: float
    dy: float

    def quantise(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the quantum, as whole float64, in which each point lies; points outside the world are not clipped."""
        with np.errstate(over="ignore"):
            return np.floor((x - self.x0) / self.dx), np.floor((y - self.y0) / self.dy)

    def rectangle(self, bounds: Bounds) -> tuple[float, float, float, float]:
        """Return the left, right, top and bottom of a rectangle in quanta."""
        us = sorted(((bounds.x0 - self.x0) / self.dx, (bounds.x1 - self.x0) / self.dx))
        vs = sorted(((bounds.y0 - self.y0) / self.dy, (bounds.y1 - self.y0) / self.dy))
        return us[0], us[1], vs[0], vs[1]

    def around(self, bounds: Bounds) -> Rect:
        """Return the quanta that hold a rectangle, with one more on each side against rounding, within the world."""
        left, right, top, bottom = (min(max(edge, -1.0), float(QUANTA)) for edge in self.rectangle(bounds))
        return Rect(floor(left) - 1, ceil(right) + 2, floor(top) - 1, ceil(bottom) + 2)

    def bounds(self, rect: PixelRect) -> Bounds:
        """Return a pixel rectangle's rectangle in projected units."""
        size = pixel_quanta(rect.z)
        xs = sorted((self.x0 + rect.x0 * size * self.dx, self.x0 + rect.x1 * size * self.dx))
        ys = sorted((self.y0 + rect.y0 * size * self.dy, self.y0 + rect.y1 * size * self.dy))
        return Bounds(xs[0], xs[1], ys[0], ys[1])

    def snap(self, bounds: Bounds, width: int, height: int) -> PixelRect:
        """Return the view of a size on the power-of-two ladder that shows a rectangle whole.

        Parameters
        ----------
        bounds : Bounds
            In projected units.
        width, height : int
            Pixels of the view.

        Returns
        -------
        PixelRect
            ``width`` by ``height`` pixels about the rectangle's centre, at the deepest zoom at which it fits.

        Raises
        ------
        ParameterError
            For bounds that leave no room for arithmetic.
        """
        left, right, top, bottom = self.rectangle(bounds)
        span = max((right - left) / width, (bottom - top) / height, QUANTA / TILE / 2**MAX_Z)
        if not isfinite(span):
            raise ParameterError(f"bounds {tuple(bounds)!r} are too far apart to be shown: give nearer ones.")
        # The tolerance lets a view that was snapped before, and written with fewer digits, snap to itself.
        z = min(max(floor(log2(QUANTA / TILE / span) + 1e-3), 0), MAX_Z)
        size = pixel_quanta(z)
        x0 = floor((left + right) / 2 / size - width / 2 + 0.5)
        y0 = floor((top + bottom) / 2 / size - height / 2 + 0.5)
        return PixelRect(z, x0, x0 + width, y0, y0 + height)


WEB_MERCATOR = World(-R, R, 2 * R / QUANTA, -2 * R / QUANTA)


def padded(low: float, high: float) -> tuple[float, float]:
    """Widen a range by the margin; a range of no width becomes one unit, or a millionth of its value, wide."""
    width = high - low
    if not width > 0:
        width = max(abs(low) * 1e-6, 1.0)
        return low - width / 2, high + width / 2
    # Margins below the last digits of the values would be no margins.
    margin = max(width * MARGIN, max(abs(low), abs(high)) * 1e-12, SMALLEST)
    return low - margin, high + margin


def plane_world(plot: Plot, extent: Bounds, home: Bounds | None = None) -> World:
    """Return the plane that holds all of a plot's data and fits its opening view to its aspect.

    Parameters
    ----------
    plot : Plot
        Its view and aspect set how long a unit of x is beside a unit of y.
    extent : Bounds
        The data's extent, in data units; may be of no width.
    home : Bounds, optional
        What a plot without a view opens with, in data units; all of the data where not given.

    Returns
    -------
    World
        The view's width is a power of two of pixels at each zoom.

    Raises
    ------
    DataError
        For coordinates that leave no room for arithmetic.
    ParameterError
        For an empty view.
    """
    if max(map(abs, extent)) > LARGEST:
        raise DataError(f"plot {plot.name!r} has coordinates up to {max(map(abs, extent))!r}: it can draw {LARGEST!r}.")
    x0, x1 = padded(extent.x0, extent.x1)
    y0, y1 = padded(extent.y0, extent.y1)
    view = plot.view or (Bounds(*padded(home.x0, home.x1), *padded(home.y0, home.y1)) if home else None)
    view = view or Bounds(x0, x1, y0, y1)
    if not (view.x1 > view.x0 and view.y1 > view.y0):
        raise ParameterError(f"the view {tuple(view)!r} of plot {plot.name!r} is empty: give x0 < x1 and y0 < y1.")
    aspect = plot.aspect or (view.x1 - view.x0) / (view.y1 - view.y0)
    unit_x, unit_y = (view.x1 - view.x0) / aspect, view.y1 - view.y0
    if not (unit_x > 0 and unit_y > 0):
        raise ParameterError(f"the view {tuple(view)!r} of plot {plot.name!r} is empty: give x0 < x1 and y0 < y1.")
    low_x, high_x, low_y, high_y = min(x0, view.x0), max(x1, view.x1), min(y0, view.y0), max(y1, view.y1)
    spread = max((high_x - low_x) / unit_x, (high_y - low_y) / unit_y) / aspect
    side = aspect * 2 ** ceil(log2(spread))
    dx, dy = side * unit_x / QUANTA, side * unit_y / QUANTA
    # The view's centre is the world's centre where the data leave room for it.
    left = _centre(view.x0, view.x1, low_x, high_x, dx * QUANTA)
    bottom = _centre(view.y0, view.y1, low_y, high_y, dy * QUANTA)
    return World(
        left + dx * QUANTA if plot.x.reverse else left,
        bottom if plot.y.reverse else bottom + dy * QUANTA,
        -dx if plot.x.reverse else dx,
        dy if plot.y.reverse else -dy,
    )


def _centre(low: float, high: float, floor_: float, ceiling: float, side: float) -> float:
    """Return the start of a span of that side, centred on low..high as far as it still covers floor..ceiling."""
    return min(max((low + high - side) / 2, ceiling - side), floor_)
