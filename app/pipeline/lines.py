"""Polylines from rows: tracks of points in order, or a segment a row; broken by NaN, and cut at the edges of the map.

Work is whole-array NumPy on the vertices of one plot, held in memory.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]


class Vertices(NamedTuple):
    """Vertices in order: coordinates, NaN where a line ends, and the row that each came from.

    The segment that begins at a vertex takes its fields from the vertex's row.
    """

    x: Floats
    y: Floats
    row: Rows


def from_rows(x: Floats, y: Floats, row: Rows, begins: Flags) -> Vertices:
    """Join rows in an order; one without finite coordinates breaks its line.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
    row : ndarray, shape (k,)
        Rows in the order in which they are joined.
    begins : ndarray of bool, shape (k,)
        Where a line begins.
    """
    x, y = x[row], y[row]
    lost = ~(np.isfinite(x) & np.isfinite(y))
    x[lost] = y[lost] = np.nan
    found = Vertices(x, y, row)
    at = np.flatnonzero(begins[1:]) + 1
    return _inserted(found, at, np.nan, np.nan) if len(at) else found


def from_ends(x: Floats, y: Floats, end_x: Floats, end_y: Floats) -> Vertices:
    """Make a line of each row, from one point to another; rows without finite coordinates make none."""
    lost = ~(np.isfinite(x) & np.isfinite(y) & np.isfinite(end_x) & np.isfinite(end_y))
    row = np.flatnonzero(~lost)
    gap = np.full(len(row), np.nan)
    xs = np.stack([x[row], end_x[row], gap], axis=1)
    ys = np.stack([y[row], end_y[row], gap], axis=1)
    return Vertices(xs.ravel(), ys.ravel(), np.repeat(row, 3))


def alone(vertices: Vertices) -> Rows:
    """Return the rows of vertices that no line leads to or from."""
    placed = np.isfinite(vertices.x)
    joined = placed[1:] & placed[:-1]
    placed[1:] &= ~joined
    placed[:-1] &= ~joined
    return vertices.row[placed]


def _inserted(vertices: Vertices, before: Rows, x: Any, y: Any) -> Vertices:
    """Return vertices with others put in before some places; they belong to the row that precedes them."""
    rows = vertices.row[np.maximum(before - 1, 0)]
    return Vertices(
        np.insert(vertices.x, before, x), np.insert(vertices.y, before, y), np.insert(vertices.row, before, rows)
    )


def cut_at_date_line(vertices: Vertices, low: float = -180.0, high: float = 180.0) -> Vertices:
    """Cut segments that span more than half the world: they take the short way, over the date line.

    Parameters
    ----------
    vertices : Vertices
        Between `low` and `high`, which are one meridian.

    Returns
    -------
    Vertices
        Each such segment ends on one edge of the map and goes on from the other, straight between its ends.
    """
    x, y, _ = vertices
    jump, whole = np.diff(x), high - low
    with np.errstate(invalid="ignore"):
        at = np.flatnonzero(np.abs(jump) > whole / 2)
    if not len(at):
        return vertices
    east = jump[at] < 0
    leaves, enters = np.where(east, high, low), np.where(east, low, high)
    across = jump[at] + np.where(east, whole, -whole)
    share = (leaves - x[at]) / np.where(across == 0, 1.0, across)
    height = y[at] + (y[at + 1] - y[at]) * share
    before = np.repeat(at + 1, 3)
    xs = np.stack([leaves, np.full(len(at), np.nan), enters], axis=1).ravel()
    ys = np.stack([height, np.full(len(at), np.nan), height], axis=1).ravel()
    return _inserted(vertices, before, xs, ys)


def break_at_jumps(vertices: Vertices, most: float) -> Vertices:
    """End lines before segments that go farther than that along x."""
    with np.errstate(invalid="ignore"):
        at = np.flatnonzero(np.abs(np.diff(vertices.x)) > most) + 1
    return _inserted(vertices, at, np.nan, np.nan) if len(at) else vertices


def cut_at_poles(vertices: Vertices, edge: float) -> Vertices:
    """Cut segments where they leave the map: nothing runs along its edge.

    Parameters
    ----------
    vertices : Vertices
    edge : float
        The greatest y of the map; the least is its negative.

    Returns
    -------
    Vertices
        NaN for vertices beyond; a segment that reaches one ends on the edge.
    """
    x, y, _ = vertices
    with np.errstate(invalid="ignore"):
        side = np.where(np.abs(y) > edge, np.sign(y), 0.0)
    if not side.any():
        return vertices
    begin, end = side[:-1], side[1:]
    segment = np.isfinite(y[:-1]) & np.isfinite(y[1:]) & (begin != end)
    leaves, enters = np.flatnonzero(segment & (end != 0)), np.flatnonzero(segment & (begin != 0))
    # Of a segment from beyond one pole to beyond the other, the entry comes first.
    at, sides = np.concatenate([enters, leaves]), np.concatenate([begin[enters], end[leaves]])
    order = np.argsort(at, kind="stable")
    at, ys = at[order], sides[order] * edge
    xs = x[at] + (x[at + 1] - x[at]) * ((ys - y[at]) / (y[at + 1] - y[at]))
    beyond = side != 0
    inner = vertices._replace(x=np.where(beyond, np.nan, x), y=np.where(beyond, np.nan, y))
    return _inserted(inner, at + 1, xs, ys)
