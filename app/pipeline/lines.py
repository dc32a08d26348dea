"""Polylines from rows: tracks of points in order, or a segment a row; broken by NaN, and cut at the date line.

Work is whole-array NumPy on the vertices of one plot, held in memory.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]


class Vertices(NamedTuple):
    """Vertices in order: coordinates, NaN where a line ends, and the row that each came from.

    The segment that begins at a vertex takes its fields from the vertex's row.
    """

    x: Floats
    y: Floats
    row: Rows


def from_tracks(x: Floats, y: Floats, track: npt.NDArray[Any] | None) -> Vertices:
    """Join consecutive rows of one track; a row without finite coordinates breaks its track.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
    track : ndarray, shape (n,), or None
        A new value begins a new line. None: all rows are one.
    """
    row = np.arange(len(x), dtype=np.int64)
    lost = ~(np.isfinite(x) & np.isfinite(y))
    x, y = np.where(lost, np.nan, x), np.where(lost, np.nan, y)
    if track is None:
        return Vertices(x, y, row)
    begins = np.flatnonzero(track[1:] != track[:-1]) + 1
    return _inserted(Vertices(x, y, row), begins, np.nan, np.nan)


def from_ends(x: Floats, y: Floats, end_x: Floats, end_y: Floats) -> Vertices:
    """Make a line of each row, from one point to another; rows without finite coordinates make none."""
    lost = ~(np.isfinite(x) & np.isfinite(y) & np.isfinite(end_x) & np.isfinite(end_y))
    row = np.flatnonzero(~lost)
    gap = np.full(len(row), np.nan)
    xs = np.stack([x[row], end_x[row], gap], axis=1)
    ys = np.stack([y[row], end_y[row], gap], axis=1)
    return Vertices(xs.ravel(), ys.ravel(), np.repeat(row, 3))


def _inserted(vertices: Vertices, before: Rows, x: Any, y: Any) -> Vertices:
    """Return vertices with others put in before some places; they belong to the row that precedes them."""
    rows = vertices.row[np.maximum(before - 1, 0)]
    return Vertices(
        np.insert(vertices.x, before, x), np.insert(vertices.y, before, y), np.insert(vertices.row, before, rows)
    )


def cut_at_date_line(vertices: Vertices) -> Vertices:
    """Cut segments that span more than half the world: they take the short way, over the date line.

    Parameters
    ----------
    vertices : Vertices
        Longitudes and latitudes, degrees.

    Returns
    -------
    Vertices
        Each such segment ends on one edge of the map and goes on from the other, at the latitude between its ends.
    """
    x, y, _ = vertices
    jump = np.diff(x)
    with np.errstate(invalid="ignore"):
        at = np.flatnonzero(np.abs(jump) > 180)
    if not len(at):
        return vertices
    side = np.where(jump[at] < 0, 180.0, -180.0)
    across = jump[at] + 2 * side
    share = (side - x[at]) / np.where(across == 0, 1.0, across)
    latitude = y[at] + (y[at + 1] - y[at]) * share
    before = np.repeat(at + 1, 3)
    xs = np.stack([side, np.full(len(at), np.nan), -side], axis=1).ravel()
    ys = np.stack([latitude, np.full(len(at), np.nan), latitude], axis=1).ravel()
    return _inserted(vertices, before, xs, ys)
