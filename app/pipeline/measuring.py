"""What two columns of coordinates hold: which rows have both, what stands for none, where all lie and where most do.

Owns the count of rows by reason, and the first view. Reads blocks of a million rows, so that memory stays bounded.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.bulk import CODES, EVERYWHERE, REACH, Fences, fences, sentinels, spaced
from app.pipeline.compiled import compiled, read_only
from app.pipeline.errors import DataError
from app.pipeline.types import Bounds, Plot
from app.pipeline.world import QUANTA, WEB_MERCATOR, World

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]

BLOCK = 1 << 20
_NONE: Final = np.empty(0)
# Of degrees, all that is no angle; 91 is what ships send in place of a latitude, with 181 for the longitude.
_LONGITUDES: Final = CODES[np.abs(CODES) > 360]
_LATITUDES: Final = np.append(CODES[np.abs(CODES) > 90], 91.0)


class Measured(NamedTuple):
    """What a pair of columns holds.

    Parameters
    ----------
    data : Bounds
        Least and greatest of the rows that have both coordinates.
    extent : Bounds
        Of those that a plane has room for.
    home : Bounds
        Of the bulk of them.
    lost, sentinels : int
        Rows without two finite numbers, and those with a number that stands for none.
    x_codes, y_codes : ndarray of float64
        These numbers.
    """

    data: Bounds
    extent: Bounds
    home: Bounds
    lost: int
    sentinels: int
    x_codes: Floats
    y_codes: Floats

    def emptied(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return coordinates, both NaN where either stands for no value; the same arrays where none does."""
        if not self.sentinels:
            return x, y
        off = np.isin(x, self.x_codes) | np.isin(y, self.y_codes)
        return np.where(off, np.nan, x), np.where(off, np.nan, y)


def blocks(*columns: Array, rows: int = BLOCK) -> Iterator[tuple[Floats, ...]]:
    """Yield columns so many rows at a time, as float64."""
    for start in range(0, len(columns[0]), rows):
        yield tuple(read_only(np.asarray(one[start : start + rows], np.float64)) for one in columns)


def extent_of(x: Array, y: Array, names: tuple[str, str]) -> tuple[Bounds, int]:
    """Return the least and greatest coordinates of rows that have both, and how many have not.

    Raises
    ------
    DataError
        Where no row has.
    """
    boxes, counts = _boxes(), np.zeros(2, np.int64)
    everywhere = np.array([-np.inf, np.inf] * 2)
    for one in blocks(x, y):
        _count(one[0], one[1], _NONE, _NONE, everywhere, everywhere, boxes, counts)
    return _bounds(boxes[0], names), int(counts[0])


def measure(plot: Plot, x: Array, y: Array) -> Measured:
    """Measure the coordinates of a plot, in the units of its file.

    Raises
    ------
    DataError
        Where no row has two finite numbers that stand for themselves.
    """
    names = (plot.x.column, plot.y.column)
    if plot.crs == "lonlat":
        codes, near, limit = (_LONGITUDES, _LATITUDES), (EVERYWHERE, EVERYWHERE), (EVERYWHERE, EVERYWHERE)
    else:
        codes, near, limit = _decided(plot, x, y, extent_of(x, y, names)[0])
    boxes, counts = _boxes(), np.zeros(2, np.int64)
    edges = [np.array([*one[0], *one[1]], np.float64) for one in (limit, near)]
    for one in blocks(x, y):
        _count(one[0], one[1], codes[0], codes[1], edges[0], edges[1], boxes, counts)
    data = _bounds(boxes[0], names)
    extent, home = (_bounds(box, names) if box[0] <= box[1] else data for box in boxes[1:])
    return Measured(data, extent, home, int(counts[0]), int(counts[1]), *codes)


def _decided(
    plot: Plot, x: Array, y: Array, ends: Bounds
) -> tuple[tuple[Floats, Floats], tuple[Fences, Fences], tuple[Fences, Fences]]:
    """Return what stands for no value on each axis, and the fences of the bulk and of what has room beside it."""
    xs, ys = spaced(x), spaced(y)
    both = np.isfinite(xs) & np.isfinite(ys)
    xs, ys = xs[both], ys[both]
    codes = sentinels(xs, (ends.x0, ends.x1)), sentinels(ys, (ends.y0, ends.y1))
    if plot.geographic:
        return codes, (EVERYWHERE, EVERYWHERE), (EVERYWHERE, EVERYWHERE)
    kept = ~(np.isin(xs, codes[0]) | np.isin(ys, codes[1]))
    somewhere = kept & ~((xs == 0) & (ys == 0))
    kept = somewhere if somewhere.any() else kept
    near = fences(xs[kept]), fences(ys[kept])
    return codes, near, (_room(near[0]), _room(near[1]))


def _room(near: Fences) -> Fences:
    return EVERYWHERE if near == EVERYWHERE else near.widened(REACH)


def _boxes() -> Floats:
    return np.array([[np.inf, -np.inf] * 2] * 3)


def _bounds(box: Floats, names: tuple[str, str]) -> Bounds:
    if not box[0] <= box[1]:
        raise DataError(f"columns {names[0]!r} and {names[1]!r} hold no row with two finite numbers: choose others.")
    return Bounds(*box.tolist())


@compiled
def _count(
    x: Floats, y: Floats, x_codes: Floats, y_codes: Floats, limit: Floats, near: Floats, boxes: Floats, counts: Array
) -> None:
    """Widen the boxes of all rows, of those with room, and of the bulk; count sentinels and rows without numbers."""
    for i in range(x.size):
        a, b = x[i], y[i]
        if not (np.isfinite(a) and np.isfinite(b)):
            counts[0] += 1
            continue
        stands = False
        for code in x_codes:
            stands = stands or a == code
        for code in y_codes:
            stands = stands or b == code
        if stands:
            counts[1] += 1
            continue
        for k in range(3):
            edge = near if k == 2 else limit
            if k == 0 or (edge[0] <= a <= edge[1] and edge[2] <= b <= edge[3]):
                boxes[k, 0], boxes[k, 1] = min(boxes[k, 0], a), max(boxes[k, 1], a)
                boxes[k, 2], boxes[k, 3] = min(boxes[k, 2], b), max(boxes[k, 3], b)


class First(NamedTuple):
    """The first view, in quanta, how many rows lie outside of it, and how many of them at 0, 0."""

    home: Bounds
    outside: int
    zeros: int


def first_view(u: Array, v: Array, extent: Bounds, world: World, home: Bounds) -> First:
    """Return where the bulk of placed rows lies.

    Parameters
    ----------
    u, v : ndarray, shape (n,)
        Their quanta; NaN, of lines, has no voice.
    extent : Bounds
        Least and greatest of them.
    world : World
    home : Bounds
        Of a plane: where the bulk of its rows lies, in data units. On the map it is found here.
    """
    nowhere = QUANTA / 2 if world == WEB_MERCATOR else -1.0
    edges = np.array(_near(u, v, nowhere) if world == WEB_MERCATOR else _quanta(world, home), np.float64)
    box, counts = np.array([np.inf, -np.inf] * 2), np.zeros(2, np.int64)
    for us, vs in blocks(u, v):
        _inside(us, vs, edges, nowhere, box, counts)
    found = Bounds(*box.tolist()) if box[0] <= box[1] else extent
    if found.x0 <= nowhere <= found.x1 and found.y0 <= nowhere <= found.y1:
        return First(found, int(counts[0]), 0)
    return First(found, int(counts.sum()), int(counts[1])) if found != extent else First(extent, 0, 0)


def _near(u: Array, v: Array, nowhere: float) -> list[float]:
    us, vs = spaced(u), spaced(v)
    known = np.isfinite(us) & np.isfinite(vs) & ~((us == nowhere) & (vs == nowhere))
    return [*fences(us[known]), *fences(vs[known])]


def _quanta(world: World, home: Bounds) -> list[float]:
    us, vs = world.quantise(np.array(home[:2]), np.array(home[2:]))
    return [us.min(), us.max(), vs.min(), vs.max()]


@compiled
def _inside(u: Floats, v: Floats, edges: Floats, nowhere: float, box: Floats, counts: Array) -> None:
    """Widen a box to the rows within edges; count those outside, and apart from them those at 0, 0."""
    for i in range(u.size):
        a, b = u[i], v[i]
        if np.isnan(a) or np.isnan(b):
            continue
        if a == nowhere and b == nowhere:
            counts[1] += 1
        elif edges[0] <= a <= edges[1] and edges[2] <= b <= edges[3]:
            box[0], box[1] = min(box[0], a), max(box[1], a)
            box[2], box[3] = min(box[2], b), max(box[3], b)
        else:
            counts[0] += 1
