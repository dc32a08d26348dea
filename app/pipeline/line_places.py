"""From a table's rows to lines on a plane: joined, projected, cut at the edges of the map, and indexed.

Lines are held whole in memory. What is left out, and where lines end within their tracks, is counted and said.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

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

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]

NEAREST_POLE = 50 * R
"""Metres on the map beyond which nothing is told from a pole, which lies at infinity."""


class _Lines(NamedTuple):
    """Lines of a plot in the file's units, and what became of its rows."""

    vertices: Vertices
    lost: int
    beyond: int
    stand_ins: int
    notes: tuple[str, ...]


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
    vertices, lost, beyond, stand_ins, notes = _lines(plot, table)
    data = _extent(plot, vertices)
    progress(0.5, "placing lines on the plane")
    home = measure(plot, vertices.x, vertices.y).home if plot.crs == "plane" else data
    if plot.in_degrees:
        x, y = mercator(vertices.x, vertices.y)
        # Only rounding takes a latitude on the map's edge beyond it.
        inside = np.abs(vertices.y) <= MAX_LATITUDE
        y = np.where(inside, np.clip(y, -R, R), np.clip(y, -NEAREST_POLE, NEAREST_POLE))
        vertices = cut_at_poles(cut_at_date_line(vertices._replace(x=np.clip(x, -R, R), y=y), -R, R), R)
        us, vs = (np.clip(one, 0, QUANTA - 1) for one in WEB_MERCATOR.quantise(vertices.x, vertices.y))
        world = WEB_MERCATOR
    else:
        world = WEB_MERCATOR if plot.geographic else plane_world(plot, data, home)
        us, vs = world.quantise(vertices.x, vertices.y)
    if not np.isfinite(us).any():
        raise DataError(f"no line of plot {plot.name!r} lies on its plane: its coordinates are not {plot.crs}.")
    extent = Bounds(*(float(one) for one in (np.nanmin(us), np.nanmax(us), np.nanmin(vs), np.nanmax(vs))))
    first = first_view(us, vs, extent, world, home).home
    x, y, row = room.keep("x", us), room.keep("y", vs), room.keep("row", vertices.row)
    progress(0.8, "indexing lines")
    index = index_segments(us, vs)
    index = Segments(*(room.keep(name, values) for name, values in index._asdict().items()))
    counted: Any = {"lost": lost, "beyond": beyond, "stand_ins": stand_ins}
    return Coordinates(x, y, row, extent, world, index, data, notes=notes, home=first, **counted)


def raw_lines(plot: Plot, table: Table) -> Coordinates:
    """Return the lines of a plot in the file's own coordinates, for exact viewports.

    Lines of longitudes go the short way around the world: they are cut where those of the file begin and end.
    """
    vertices, lost, beyond, stand_ins, notes = _lines(plot, table, wrap=False)
    data = _extent(plot, vertices)
    if plot.crs == "lonlat":
        if data.x0 >= -180 and data.x1 <= 180:
            vertices = cut_at_date_line(vertices)
        elif data.x0 >= 0 and data.x1 <= 360:
            vertices = cut_at_date_line(vertices, 0.0, 360.0)
        else:
            vertices = break_at_jumps(vertices, 180.0)
    index = index_segments(vertices.x, vertices.y)
    counted: Any = {"lost": lost, "beyond": beyond, "stand_ins": stand_ins}
    return Coordinates(*vertices, data, index=index, data=data, notes=notes, **counted)


def wrapped(longitude: Floats) -> Floats:
    """Return longitudes from -180 to 180; those are left as they are."""
    with np.errstate(invalid="ignore"):
        turned = np.where(longitude > 180, longitude - 360, longitude)
        return np.where(turned < -180, turned + 360, turned)


def _lines(plot: Plot, table: Table, wrap: bool = True) -> _Lines:
    """Return a plot's lines before they are cut: longitudes wrapped or as they are, NaN for what is nowhere."""
    pairs = [_axes(table, plot.x.column, plot.y.column)]
    if plot.x.end:
        pairs.append(_axes(table, plot.x.end, plot.y.end))
    finite = np.all([np.isfinite(x) & np.isfinite(y) for x, y in pairs], axis=0)
    stand_ins = _emptied(plot, pairs, finite)
    if wrap and plot.projected:
        pairs = [parse(plot.crs).to_degrees(x, y) for x, y in pairs]
    if wrap and plot.in_degrees:
        pairs = [(wrapped(x), y) for x, y in pairs]
    told = np.all([np.isfinite(x) & np.isfinite(y) for x, y in pairs], axis=0)
    on_map = told.copy()
    if plot.in_degrees if wrap else plot.crs == "lonlat":
        for x, y in pairs:
            nowhere = (np.abs(x) > 360) | (np.abs(y) > POLE)
            on_map &= ~nowhere & (np.abs(y) <= MAX_LATITUDE)
            x[nowhere] = y[nowhere] = np.nan
    lost = table.rows - int(np.count_nonzero(finite))
    beyond = table.rows - lost - stand_ins - int(np.count_nonzero(told & on_map))
    del finite, told, on_map
    left = (*_left_out(plot, lost, beyond, stand_ins),)
    if plot.x.end:
        return _Lines(from_ends(*pairs[0], *pairs[1]), lost, beyond, stand_ins, left)
    track = table.column(plot.track) if plot.track else None
    time = table.column(plot.order.column) if plot.order.column else None
    joined = join(*pairs[0], track, time, plot.order, "lonlat" if wrap and plot.projected else plot.crs)
    vertices = from_rows(*pairs[0], joined.row, joined.begins)
    notes = (*left, *_told(plot, joined), *_unjoined(vertices))
    return _Lines(vertices, lost + joined.unnamed + joined.untimed, beyond, stand_ins, notes)


def _emptied(plot: Plot, pairs: list[tuple[Floats, Floats]], finite: Array) -> int:
    """Put NaN for the numbers that stand for no coordinate; return how many rows with all of them had such."""
    off = np.zeros(len(pairs[0][0]), bool)
    for x, y in pairs:
        if not (np.isfinite(x) & np.isfinite(y)).any():
            continue
        found = measure(plot, x, y)
        here = np.isin(x, found.x_codes) | np.isin(y, found.y_codes) if found.stand_ins else np.zeros(len(x), bool)
        here &= np.isfinite(x) & np.isfinite(y)
        x[here] = y[here] = np.nan
        off |= here
    return int(np.count_nonzero(off & finite))


def _axes(table: Table, x: str, y: str) -> tuple[Floats, Floats]:
    return np.array(table.column(x), np.float64), np.array(table.column(y), np.float64)


def _extent(plot: Plot, vertices: Vertices) -> Bounds:
    if not np.isfinite(vertices.x).any():
        names = f"{plot.x.column!r} and {plot.y.column!r}"
        raise DataError(f"columns {names} hold no row with two finite numbers that is part of a line: choose others.")
    edges = (np.nanmin(vertices.x), np.nanmax(vertices.x), np.nanmin(vertices.y), np.nanmax(vertices.y))
    return Bounds(*(float(one) for one in edges))


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _left_out(plot: Plot, lost: int, beyond: int, stand_ins: int) -> Iterator[str]:
    if stand_ins:
        yield (
            f"{_rows(stand_ins)} with a number, such as -9999 or 91, that stands for no {plot.x.title} or "
            f"{plot.y.title}: lines end there."
        )
    if lost:
        yield f"{_rows(lost)} without a finite {plot.x.title} and {plot.y.title}: lines end there."
    if beyond:
        yield f"{_rows(beyond)} beyond 85.05 degrees of latitude, or nowhere on the globe: lines end at the map's edge."


def _told(plot: Plot, joined: Joined) -> Iterator[str]:
    time = plot.order.column
    if joined.unnamed:
        yield f"{_rows(joined.unnamed)} without {plot.track!r}: part of no track, and not drawn."
    if joined.untimed:
        yield f"{_rows(joined.untimed)} without {time!r}: their place in a track is not known, and they are not drawn."
    if joined.backward:
        yield (
            f"{_rows(joined.backward)} earlier than the one before in the same track: "
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


def _unjoined(vertices: Vertices) -> Iterator[str]:
    if lonely := alone(vertices):
        yield f"{_rows(lonely)} alone in a track, or between breaks: no line leads there."
