"""From a table's columns to coordinates on a plane: projection, quantisation, Z-order, and what has no place there.

Reads blocks of a million rows, so that memory stays bounded however long the file. Lines are `line_places`.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.compiled import compiled
from app.pipeline.errors import DataError
from app.pipeline.points import Coordinates
from app.pipeline.rooms import Progress, Room, gather, silent
from app.pipeline.table import Table
from app.pipeline.types import Bounds, Plot
from app.pipeline.world import MAX_LATITUDE, QUANTA, WEB_MERCATOR, World, mercator, plane_world
from app.pipeline.zorder import MOST_ROWS, Runs, z_order

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]

BLOCK = 1 << 20


def _blocks(*columns: Array) -> Iterator[tuple[Floats, ...]]:
    for start in range(0, len(columns[0]), BLOCK):
        yield tuple(np.asarray(one[start : start + BLOCK], np.float64) for one in columns)


@compiled
def _widen(x: Floats, y: Floats, extent: Floats) -> int:
    """Widen x0, x1, y0, y1 to the points with two finite coordinates; return how many have not."""
    lost = 0
    for i in range(x.size):
        if np.isfinite(x[i]) and np.isfinite(y[i]):
            extent[0], extent[1] = min(extent[0], x[i]), max(extent[1], x[i])
            extent[2], extent[3] = min(extent[2], y[i]), max(extent[3], y[i])
        else:
            lost += 1
    return lost


def extent_of(x: Array, y: Array, names: tuple[str, str]) -> tuple[Bounds, int]:
    """Return the least and greatest coordinates of rows that have both, and how many have not.

    Raises
    ------
    DataError
        Where no row has.
    """
    extent = np.array([np.inf, -np.inf, np.inf, -np.inf])
    lost = sum(_widen(xs, ys, extent) for xs, ys in _blocks(x, y))
    if not extent[0] <= extent[1]:
        raise DataError(f"columns {names[0]!r} and {names[1]!r} hold no row with two finite numbers: choose others.")
    return Bounds(*extent.tolist()), lost


def _world(plot: Plot, extent: Bounds) -> World:
    return WEB_MERCATOR if plot.geographic else plane_world(plot, extent)


def _projected(plot: Plot, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    if plot.crs != "lonlat":
        return x, y
    # Longitudes of 0 to 360 degrees are as good as those of -180 to 180.
    with np.errstate(invalid="ignore"):
        wrapped = np.where((x >= 180) & (x <= 360), x - 360, x)
        return mercator(wrapped, np.where(np.abs(y) <= MAX_LATITUDE, y, np.nan))


@compiled
def _place(x: Floats, y: Floats, x0: float, y0: float, dx: float, dy: float, u: Array, v: Array, kept: Array) -> int:
    """Fill in the quanta and numbers of the points that lie in the world; return how many do."""
    n = 0
    for i in range(x.size):
        a, b = np.floor((x[i] - x0) / dx), np.floor((y[i] - y0) / dy)
        if 0 <= a < QUANTA and 0 <= b < QUANTA:
            u[n], v[n], kept[n] = np.uint32(a), np.uint32(b), i
            n += 1
    return n


class _Placed(NamedTuple):
    """Rows in the file's order: their quanta, and the row of each; None where each row has a place."""

    u: Array
    v: Array
    row: Array | None


def _placed(plot: Plot, world: World, table: Table, room: Room, progress: Progress) -> _Placed:
    """Quantise the rows of a table."""
    x, y = table.column(plot.x.column), table.column(plot.y.column)
    u, v, rows = room.sink("u"), room.sink("v"), room.sink("rows")
    us, vs, kept = (np.empty(BLOCK, np.uint32) for _ in range(3))
    done = 0
    for xs, ys in _blocks(x, y):
        n = _place(*_projected(plot, xs, ys), world.x0, world.y0, world.dx, world.dy, us, vs, kept)
        u.append(us[:n])
        v.append(vs[:n])
        rows.append(kept[:n] + np.uint32(done))
        done += len(xs)
        progress(done / len(x), "placing rows on the plane")
    row = rows.finish()
    if len(row) == len(x):
        room.drop("rows")
    return _Placed(u.finish(), v.finish(), None if len(row) == len(x) else row)


def place_points(plot: Plot, table: Table, room: Room, progress: Progress = silent) -> Coordinates:
    """Find the quanta of a plot's rows, and put them in Z-order.

    Parameters
    ----------
    plot : Plot
    table : Table
        With the plot's axes.
    room : Room
        Where the arrays are made.
    progress : callable
        Told a fraction and what is being done; what it raises ends the work.

    Returns
    -------
    Coordinates
        uint32; rows without a place are left out.

    Raises
    ------
    DataError
        Where no row has a place.

    Notes
    -----
    Besides what the system holds of the files in use (12 bytes a row while sorting), 300 MB at the most, and 12 bytes
    for each row of the densest cell where the data are very uneven.
    """
    if table.rows > MOST_ROWS:
        raise DataError(f"{str(plot.path)!r} has {table.rows:,} rows: at most {MOST_ROWS:,} can be drawn.")
    x, y = table.column(plot.x.column), table.column(plot.y.column)
    data, lost = extent_of(x, y, (plot.x.column, plot.y.column))
    world = _world(plot, data)
    progress(0.1, "measured the data")
    u, v, row = _placed(plot, world, table, room, lambda done, doing: progress(0.1 + 0.3 * done, doing))
    if not len(u):
        raise DataError(f"no row of plot {plot.name!r} lies on its plane: its coordinates are not {plot.crs}.")
    order = room.array("row" if row is None else "order", np.uint32, (len(u),))
    progress(0.4, "sorting rows by place")
    runs = z_order(u, v, order)
    progress(0.7, "putting rows in order")
    extent = Bounds(*(float(edge(one)) for one in (u, v) for edge in (np.min, np.max)))
    with ThreadPoolExecutor(2) as pool:
        x, y = pool.map(gather, (u, v), (order, order), (room.sink("x"), room.sink("y")))
    rows = order if row is None else gather(row, order, room.sink("row"))
    for name in ("u", "v", "rows", *(["order"] if row is not None else [])):
        room.drop(name)
    index = Runs(*(room.keep(name, values) for name, values in runs._asdict().items()))
    beyond = table.rows - len(u) - lost
    return Coordinates(x, y, rows, extent, world, index, data, lost, beyond, _said(plot, lost, beyond))


def _said(plot: Plot, lost: int, beyond: int) -> tuple[str, ...]:
    notes = []
    if lost:
        notes.append(f"{lost:,} rows have no finite {plot.x.title} and {plot.y.title}; they are not drawn.")
    if beyond:
        edge = "beyond 85.05 degrees of latitude, or 180 of longitude," if plot.crs == "lonlat" else "beyond the map"
        notes.append(f"{beyond:,} rows lie {edge} and are not drawn.")
    return tuple(notes)


def raw_places(plot: Plot, table: Table) -> Coordinates:
    """Return a plot's coordinates as the file has them, for exact viewports; rows without any are passed over."""
    names = (plot.x.column, plot.y.column)
    x, y = table.column(names[0]), table.column(names[1])
    data, lost = extent_of(x, y, names)
    return Coordinates(x, y, None, data, data=data, lost=lost, notes=_said(plot, lost, 0))
