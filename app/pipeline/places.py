"""From a table's columns to coordinates on a plane: projection, quantisation, Z-order, and what has no place there.

Reads blocks of a million rows, so that memory stays bounded however long the file. Lines are `line_places`.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.columns import counted
from app.pipeline.compiled import compiled
from app.pipeline.errors import DataError
from app.pipeline.measuring import BLOCK, Measured, blocks, first_view, measure
from app.pipeline.points import Coordinates
from app.pipeline.rooms import Progress, Room, gather, silent
from app.pipeline.systems import parse
from app.pipeline.table import Table
from app.pipeline.types import Bounds, Plot
from app.pipeline.world import MAX_LATITUDE, QUANTA, WEB_MERCATOR, World, mercator, plane_world
from app.pipeline.zorder import MOST_ROWS, Runs, z_order

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]


def _world(plot: Plot, found: Measured) -> World:
    return WEB_MERCATOR if plot.geographic else plane_world(plot, found.extent, found.home)


def _projected(plot: Plot, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    if not plot.in_degrees:
        return x, y
    if plot.projected:
        x, y = parse(plot.crs).to_degrees(x, y)
    with np.errstate(invalid="ignore"):
        return mercator(_wrapped(x), np.where(np.abs(y) <= MAX_LATITUDE, y, np.nan))


def _wrapped(x: Floats) -> Floats:
    """Return longitudes of 0 to 360 degrees, and from -360 on, as those of -180 to 180."""
    return np.where((x >= 180) & (x <= 360), x - 360, np.where((x < -180) & (x >= -360), x + 360, x))


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


def _placed(plot: Plot, world: World, table: Table, found: Measured, room: Room, progress: Progress) -> _Placed:
    """Quantise the rows of a table."""
    x, y = table.column(plot.x.column), table.column(plot.y.column)
    u, v, rows = room.sink("u"), room.sink("v"), room.sink("rows")
    us, vs, kept = (np.empty(BLOCK, np.uint32) for _ in range(3))
    done = 0
    for xs, ys in blocks(x, y, rows=BLOCK):
        xs, ys = found.emptied(xs, ys)
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
    found = measure(plot, table.column(plot.x.column), table.column(plot.y.column))
    world = _world(plot, found)
    progress(0.1, "measured the data")
    u, v, row = _placed(plot, world, table, found, room, lambda done, doing: progress(0.1 + 0.3 * done, doing))
    if not len(u):
        raise DataError(f"no row of plot {plot.name!r} lies on its plane: its coordinates are not {plot.crs}.")
    extent = Bounds(*(float(edge(one)) for one in (u, v) for edge in (np.min, np.max)))
    first = first_view(u, v, extent, world, found.home)
    order = room.array("row" if row is None else "order", np.uint32, (len(u),))
    progress(0.4, "sorting rows by place")
    runs = z_order(u, v, order)
    progress(0.7, "putting rows in order")
    with ThreadPoolExecutor(2) as pool:
        x, y = pool.map(gather, (u, v), (order, order), (room.sink("x"), room.sink("y")))
    rows = order if row is None else gather(row, order, room.sink("row"))
    for name in ("u", "v", "rows", *(["order"] if row is not None else [])):
        room.drop(name)
    index = Runs(*(room.keep(name, values) for name, values in runs._asdict().items()))
    beyond = table.rows - len(u) - found.lost - found.sentinels
    at = Coordinates(x, y, rows, extent, world, index, found.data, found.lost, beyond)
    at = replace(at, sentinels=found.sentinels, home=first.home, outside=first.outside)
    return replace(at, notes=tuple(_said(plot, at, first.zeros)))


def _said(plot: Plot, at: Coordinates, zeros: int = 0) -> Iterator[str]:
    titles = f"{plot.x.title} and {plot.y.title}"
    if at.lost:
        yield f"{counted(at.lost)} without a finite {titles}: not drawn."
    if at.sentinels:
        yield f"{counted(at.sentinels)} with a number, such as -9999 or 91, that stands for no {titles}: not drawn."
    if at.beyond:
        yield f"{counted(at.beyond)} {_beyond(plot)}: not drawn."
    if zeros:
        yield f"{counted(zeros)} at 0, 0, as if the place were unknown: outside of the first view."
    if at.outside > zeros:
        yield f"{counted(at.outside - zeros)} far from the others: outside of the first view."


def _beyond(plot: Plot) -> str:
    if plot.projected:
        return "where the system has no place on the map"
    if not plot.geographic:
        return "so far away that all others would be one point"
    return "beyond 85.05 degrees of latitude, or 360 of longitude" if plot.crs == "lonlat" else "beyond the map"


def raw_places(plot: Plot, table: Table) -> Coordinates:
    """Return a plot's coordinates as the file has them, for exact viewports; rows without any are passed over."""
    x, y = table.column(plot.x.column), table.column(plot.y.column)
    found = measure(plot, x, y)
    x, y = found.emptied(x, y)
    at = Coordinates(x, y, None, found.data, data=found.data, lost=found.lost, sentinels=found.sentinels)
    return replace(at, notes=tuple(_said(plot, at)))
