"""From a table's rows to lines on a plane: joined, projected, cut at the edges of the map, and indexed.

Lines are held whole in memory. What is left out, and where lines end within their tracks, is counted and said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.columns import counted
from app.pipeline.errors import DataError
from app.pipeline.lines import Vertices, alone, break_at_jumps, cut_at_date_line, cut_at_poles, from_ends, from_rows
from app.pipeline.measuring import first_view, measure
from app.pipeline.points import Coordinates
from app.pipeline.rooms import Progress, Room, silent
from app.pipeline.segments import Segments, index_segments
from app.pipeline.systems import parse
from app.pipeline.table import Table
from app.pipeline.tracks import Joined, join
from app.pipeline.types import Bounds, Plot
from app.pipeline.world import MAX_LATITUDE, POLE, QUANTA, WEB_MERCATOR, R, mercator, plane_world

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

NEAREST_POLE = 50 * R
"""Metres on the map beyond which nothing is told from a pole, which lies at infinity."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of a plot before they are cut, and what became of its rows."""

    vertices: Vertices
    data: Bounds
    lost: int
    sentinels: int
    beyond: int
    untracked: int
    alone: int
    notes: tuple[str, ...]

    def at(self, places: Coordinates) -> Coordinates:
        """Return coordinates of the lines with the counts of their rows."""
        counts = {
            name: getattr(self, name) for name in ("data", "lost", "sentinels", "beyond", "untracked", "alone", "notes")
        }
        return replace(places, **counts)


def place_lines(plot: Plot, table: Table, room: Room, progress: Progress = silent) -> Coordinates:
    """Find the quanta of the vertices of a plot's lines, whole float64, NaN where a line ends.

    Parameters
    ----------
    plot : Plot
    table : Table
        With the plot's axes, track and times.
    room : Room
        Where the arrays are made.
    progress : callable
        Told a fraction and what is being done; what it raises ends the work.

    Returns
    -------
    Coordinates
        All vertices lie in the world.

    Raises
    ------
    DataError
        Where no vertex has a place.

    Notes
    -----
    150 bytes of memory a row at the most; lines that are cut or broken very often take more.
    """
    lines = _lines(plot, table)
    vertices = lines.vertices
    progress(0.5, "placing lines on the plane")
    if plot.geographic:
        world, home = WEB_MERCATOR, lines.data
    else:
        found = measure(plot, vertices.x, vertices.y)
        world, home = plane_world(plot, found.extent, found.home), found.home
    if plot.in_degrees:
        vertices = _on_map(vertices)
    us, vs = world.quantise(vertices.x, vertices.y)
    if plot.in_degrees:
        us, vs = np.clip(us, 0, QUANTA - 1), np.clip(vs, 0, QUANTA - 1)
    if not np.isfinite(us).any():
        raise DataError(f"no line of plot {plot.name!r} lies on its plane: its coordinates are not {plot.crs}.")
    extent = Bounds(*(float(one) for one in (np.nanmin(us), np.nanmax(us), np.nanmin(vs), np.nanmax(vs))))
    first = first_view(us, vs, extent, world, home)
    x, y, row = room.keep("x", us), room.keep("y", vs), room.keep("row", vertices.row)
    progress(0.8, "indexing lines")
    index = index_segments(us, vs)
    index = Segments(*(room.keep(name, values) for name, values in index._asdict().items()))
    return lines.at(Coordinates(x, y, row, extent, world, index, home=first.home))


def _on_map(vertices: Vertices) -> Vertices:
    """Project longitudes and latitudes to the map, and cut lines at its edges."""
    x, y = mercator(vertices.x, vertices.y)
    # Only rounding takes a latitude on the map's edge beyond it.
    inside = np.abs(vertices.y) <= MAX_LATITUDE
    y = np.where(inside, np.clip(y, -R, R), np.clip(y, -NEAREST_POLE, NEAREST_POLE))
    return cut_at_poles(cut_at_date_line(vertices._replace(x=np.clip(x, -R, R), y=y), -R, R), R)


def raw_lines(plot: Plot, table: Table) -> Coordinates:
    """Return the lines of a plot in the file's own coordinates, for exact viewports.

    Lines of longitudes go the short way around the world: they are cut where those of the file begin and end.
    """
    lines = _lines(plot, table, wrap=False)
    vertices, data = lines.vertices, _extent(plot, lines.vertices)
    if plot.crs == "lonlat":
        if data.x0 >= -180 and data.x1 <= 180:
            vertices = cut_at_date_line(vertices)
        elif data.x0 >= 0 and data.x1 <= 360:
            vertices = cut_at_date_line(vertices, 0.0, 360.0)
        else:
            vertices = break_at_jumps(vertices, 180.0)
    index = index_segments(vertices.x, vertices.y)
    return replace(lines.at(Coordinates(*vertices, data, index=index)), data=data)


def wrapped(longitude: Floats) -> Floats:
    """Return longitudes from -180 to 180; those are left as they are."""
    with np.errstate(invalid="ignore"):
        turned = np.where(longitude > 180, longitude - 360, longitude)
        return np.where(turned < -180, turned + 360, turned)


def _lines(plot: Plot, table: Table, wrap: bool = True) -> _Lines:
    """Return a plot's lines before they are cut: in degrees where these lead to its map, NaN for what is nowhere."""
    finite, known, on_map = (np.ones(table.rows, np.bool_) for _ in range(3))
    pairs, boxes = [], []
    for names in [(plot.x.column, plot.y.column), *([(plot.x.end, plot.y.end)] if plot.x.end else [])]:
        x, y = (np.array(table.column(name), np.float64) for name in names)
        finite &= np.isfinite(x) & np.isfinite(y)
        found = measure(plot, x, y)
        x, y = found.emptied(x, y)
        known &= np.isfinite(x) & np.isfinite(y)
        if plot.in_degrees:
            x, y, off = _degrees(plot, x, y, wrap)
            on_map &= ~off
        pairs.append((x, y))
        boxes.append(found.data)
    lost, sentinels = (int(np.count_nonzero(one)) for one in (~finite, finite & ~known))
    beyond = int(np.count_nonzero(known & ~on_map))
    del finite, known
    notes = _left_out(plot, lost, sentinels, beyond)
    data = Bounds(*(edge(one) for edge, one in zip((min, max, min, max), zip(*boxes, strict=True), strict=True)))
    if plot.x.end:
        return _Lines(from_ends(*pairs[0], *pairs[1]), data, lost, sentinels, beyond, 0, 0, tuple(notes))
    track = table.column(plot.track) if plot.track else None
    time = table.column(plot.order.column) if plot.order.column else None
    joined = join(*pairs[0], track, time, plot.order, "lonlat" if plot.in_degrees else plot.crs)
    if not len(joined.row):
        raise DataError(f"no row of plot {plot.name!r} tells its track and its time: choose other columns for these.")
    vertices = from_rows(*pairs[0], joined.row, joined.begins)
    lonely = int(np.count_nonzero(on_map[alone(vertices)]))
    told = (*notes, *_told(plot, joined), *_unjoined(lonely))
    return _Lines(vertices, data, lost, sentinels, beyond, joined.unnamed + joined.untimed, lonely, told)


def _degrees(plot: Plot, x: Floats, y: Floats, wrap: bool) -> tuple[Floats, Floats, Flags]:
    """Return longitudes and latitudes, NaN where there are no such, and which rows are not on the map."""
    if plot.projected:
        x, y = parse(plot.crs).to_degrees(x, y)
    with np.errstate(invalid="ignore"):
        nowhere = ~((np.abs(x) <= 360) & (np.abs(y) <= POLE))
        off = nowhere | (np.abs(y) > MAX_LATITUDE)
    x[nowhere] = y[nowhere] = np.nan
    return wrapped(x) if wrap else x, y, off


def _extent(plot: Plot, vertices: Vertices) -> Bounds:
    if not np.isfinite(vertices.x).any():
        raise DataError(f"no row of plot {plot.name!r} lies where its coordinates say: they are not {plot.crs}.")
    edges = (np.nanmin(vertices.x), np.nanmax(vertices.x), np.nanmin(vertices.y), np.nanmax(vertices.y))
    return Bounds(*(float(one) for one in edges))


def _left_out(plot: Plot, lost: int, sentinels: int, beyond: int) -> Iterator[str]:
    titles = f"{plot.x.title} and {plot.y.title}"
    if lost:
        yield f"{counted(lost)} without a finite {titles}: lines end there."
    if sentinels:
        yield f"{counted(sentinels)} with a number, such as -9999 or 91, that stands for no {titles}: lines end there."
    if beyond:
        yield (
            f"{counted(beyond)} beyond 85.05 degrees of latitude, or nowhere on the globe: lines end at the map's edge."
        )


def _told(plot: Plot, joined: Joined) -> Iterator[str]:
    time = plot.order.column
    if joined.unnamed:
        yield f"{counted(joined.unnamed)} without {plot.track!r}: part of no track, and not drawn."
    if joined.untimed:
        yield (
            f"{counted(joined.untimed)} without {time!r}: their place in a track is not known, and they are not drawn."
        )
    if joined.backward:
        yield (
            f"{counted(joined.backward)} earlier than the one before in the same track: "
            f"tracks are joined in the order of {time!r}."
        )
    if joined.gaps:
        yield f"{joined.gaps:,} {_gaps(plot)} end a line; set `gap_time` to correct it."
    if joined.jumps:
        yield f"{joined.jumps:,} {_jumps(plot)} end a line; set `gap_distance` to correct it."


def _gaps(plot: Plot) -> str:
    order = plot.order
    if order.gap is not None:
        return f"gaps of over {order.gap:g}{' seconds' if order.seconds else ''} in {order.column!r}"
    usual = f"gaps of over 10 times their track's usual step in {order.column!r}"
    return f"{usual}, and over 5 minutes," if order.seconds else usual


def _jumps(plot: Plot) -> str:
    if plot.order.jump is not None:
        return f"jumps of over {plot.order.jump:g}{' km' if plot.geographic else ''}"
    return "jumps of over 10 km and 500 m/s, and 10 times their track's usual speed,"


def _unjoined(lonely: int) -> Iterator[str]:
    if lonely:
        yield f"{counted(lonely)} alone in a track, or between breaks: no line leads there."
