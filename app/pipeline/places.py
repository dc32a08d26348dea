"""From a table's columns to coordinates on a plane: projection, quantisation, and what has no place there.

Reads blocks of a million rows, so that memory stays bounded however long the file; lines are held whole.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.errors import DataError
from app.pipeline.lines import Vertices, cut_at_date_line, from_ends, from_tracks
from app.pipeline.points import Coordinates
from app.pipeline.table import Table
from app.pipeline.types import Bounds, Plot
from app.pipeline.world import MAX_LATITUDE, QUANTA, WEB_MERCATOR, World, mercator, plane_world

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Make: TypeAlias = Callable[[str, Any, int], Array]

BLOCK = 1_000_000


def in_memory(_: str, dtype: Any, rows: int) -> Array:
    """Make room for an array in memory."""
    return np.empty(rows, dtype)


def _blocks(*columns: Array) -> Iterator[tuple[Floats, ...]]:
    for start in range(0, len(columns[0]), BLOCK):
        yield tuple(np.asarray(one[start : start + BLOCK], np.float64) for one in columns)


def extent_of(x: Array, y: Array, names: tuple[str, str]) -> Bounds:
    """Return the least and greatest coordinates of rows that have both.

    Raises
    ------
    DataError
        Where no row has.
    """
    lows, highs = [], []
    for block in _blocks(x, y):
        pair = np.stack(block)[:, np.isfinite(block[0]) & np.isfinite(block[1])]
        if pair.shape[1]:
            lows.append(pair.min(axis=1))
            highs.append(pair.max(axis=1))
    if not lows:
        raise DataError(f"columns {names[0]!r} and {names[1]!r} hold no row with two finite numbers: choose others.")
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return Bounds(float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def _world(plot: Plot, extent: Bounds) -> World:
    return WEB_MERCATOR if plot.geographic else plane_world(plot, extent)


def _projected(plot: Plot, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    if plot.crs != "lonlat":
        return x, y
    # Longitudes of 0 to 360 degrees are as good as those of -180 to 180.
    with np.errstate(invalid="ignore"):
        wrapped = np.where((x >= 180) & (x <= 360), x - 360, x)
        return mercator(wrapped, np.where(np.abs(y) <= MAX_LATITUDE, y, np.nan))


def _inside(u: Floats, v: Floats) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return (u >= 0) & (u < QUANTA) & (v >= 0) & (v < QUANTA)


def place_points(plot: Plot, table: Table, make: Make = in_memory) -> Coordinates:
    """Find the quanta of a plot's rows.

    Parameters
    ----------
    plot : Plot
    table : Table
        With the plot's axes.
    make : callable
        Makes room for an array of a name, dtype and length.

    Returns
    -------
    Coordinates
        uint32; rows without a place are left out.

    Raises
    ------
    DataError
        Where no row has a place.
    """
    x, y = table.column(plot.x.column), table.column(plot.y.column)
    world = _world(plot, extent_of(x, y, (plot.x.column, plot.y.column)))
    kept, lost, beyond = _count_kept(plot, world, x, y)
    if not kept:
        raise DataError(f"no row of plot {plot.name!r} lies on its plane: its coordinates are not {plot.crs}.")
    u, v = make("x", np.uint32, kept), make("y", np.uint32, kept)
    row = None if kept == len(x) else make("row", np.int64, kept)
    at = start = 0
    for xs, ys in _blocks(x, y):
        us, vs = world.quantise(*_projected(plot, xs, ys))
        good = np.flatnonzero(_inside(us, vs))
        stop = at + len(good)
        u[at:stop], v[at:stop] = us[good].astype(np.uint32), vs[good].astype(np.uint32)
        if row is not None:
            row[at:stop] = good + start
        at, start = stop, start + len(xs)
    extent = Bounds(float(u.min()), float(u.max()), float(v.min()), float(v.max()))
    return Coordinates(u, v, row, extent, world, lost + beyond, _said(plot, lost, beyond))


def _count_kept(plot: Plot, world: World, x: Array, y: Array) -> tuple[int, int, int]:
    """Return how many rows have a place, no finite coordinates, and a place beyond the plane."""
    kept = lost = 0
    for xs, ys in _blocks(x, y):
        lost += int((~(np.isfinite(xs) & np.isfinite(ys))).sum())
        kept += int(_inside(*world.quantise(*_projected(plot, xs, ys))).sum())
    return kept, lost, len(x) - kept - lost


def _said(plot: Plot, lost: int, beyond: int) -> tuple[str, ...]:
    notes = []
    if lost:
        notes.append(f"{lost:,} rows have no finite {plot.x.title} and {plot.y.title}; they are not drawn.")
    if beyond:
        edge = "beyond 85.05 degrees of latitude, or 180 of longitude," if plot.crs == "lonlat" else "beyond the map"
        notes.append(f"{beyond:,} rows lie {edge} and are not drawn.")
    return tuple(notes)


def vertices_of(plot: Plot, table: Table) -> Vertices:
    """Return the vertices of a plot's lines, in the file's units."""
    x, y = (np.asarray(table.column(one.column), np.float64) for one in (plot.x, plot.y))
    if plot.x.end:
        ends = (np.asarray(table.column(one.end), np.float64) for one in (plot.x, plot.y))
        return from_ends(x, y, *ends)
    return from_tracks(x, y, table.column(plot.track) if plot.track else None)


def place_lines(plot: Plot, table: Table, make: Make = in_memory) -> Coordinates:
    """Find the quanta of the vertices of a plot's lines, whole float64, NaN where a line ends.

    Raises
    ------
    DataError
        Where no vertex has a place.
    """
    vertices = vertices_of(plot, table)
    drawn = np.unique(vertices.row[np.isfinite(vertices.x) & np.isfinite(vertices.y)])
    lost = table.rows - len(drawn)
    world = _world(plot, extent_of(vertices.x, vertices.y, (plot.x.column, plot.y.column)))
    if plot.crs == "lonlat":
        wrapped = np.where(vertices.x > 180, vertices.x - 360, vertices.x)
        vertices = cut_at_date_line(vertices._replace(x=wrapped))
        us, vs = world.quantise(*mercator(vertices.x, np.clip(vertices.y, -MAX_LATITUDE, MAX_LATITUDE)))
        # Only rounding takes a vertex on the map's edge beyond it.
        us, vs = np.clip(us, 0, QUANTA - 1), np.clip(vs, 0, QUANTA - 1)
    else:
        us, vs = world.quantise(vertices.x, vertices.y)
    u, v, row = make("x", "f8", len(us)), make("y", "f8", len(us)), make("row", "i8", len(us))
    u[:], v[:], row[:] = us, vs, vertices.row
    extent = Bounds(*(float(one) for one in (np.nanmin(us), np.nanmax(us), np.nanmin(vs), np.nanmax(vs))))
    return Coordinates(u, v, row, extent, world, lost, _said(plot, lost, 0))


def raw_places(plot: Plot, table: Table) -> Coordinates:
    """Return a plot's coordinates as the file has them, for exact viewports; rows without any are passed over.

    Lines of longitudes up to 180 degrees are cut at the date line, as on the map.
    """
    names = (plot.x.column, plot.y.column)
    if plot.kind == "lines":
        vertices = vertices_of(plot, table)
        if plot.crs == "lonlat" and not np.any(vertices.x > 180):
            vertices = cut_at_date_line(vertices)
        return Coordinates(*vertices, extent_of(vertices.x, vertices.y, names))
    x, y = table.column(names[0]), table.column(names[1])
    lost = sum(int((~(np.isfinite(xs) & np.isfinite(ys))).sum()) for xs, ys in _blocks(x, y))
    return Coordinates(x, y, None, extent_of(x, y, names), None, lost, _said(plot, lost, 0))
