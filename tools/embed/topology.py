"""Own TopoJSON decoding and the making of rings that a flat map can draw.

The source files are stitched over the date line: a ring may leave at 180 and come
back at -180, and Antarctica's runs once around the pole. Here rings are unrolled,
cut at the date line and clamped to web mercator's latitudes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MERCATOR_LATITUDE = 85.05
POLAR_LATITUDE = 61.0
POLAR_FACTOR = 4.0
RUN = 256
RING = 4

Line = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Topology:
    """Hold decoded arcs and the objects that refer to them.

    Parameters
    ----------
    arcs : list of ndarray, (n, 2) float64
        Longitude and latitude in degrees.
    objects : dict
        Name to TopoJSON geometry, as in the file.
    """

    arcs: list[Line]
    objects: dict[str, Any]


def read(path: Path) -> Topology:
    """Read a quantised TopoJSON file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Topology
        Its arcs in degrees: running sums of deltas, scaled and moved.
    """
    source = json.loads(path.read_text(encoding="utf-8"))
    scale = np.array(source["transform"]["scale"])
    move = np.array(source["transform"]["translate"])
    arcs = [np.cumsum(np.array(arc), axis=0) * scale + move for arc in source["arcs"]]
    return Topology(arcs, source["objects"])


def polygons(topology: Topology, geometry: dict[str, Any]) -> list[list[Line]]:
    """Collect the polygons of a geometry.

    Parameters
    ----------
    topology : Topology
        The arcs.
    geometry : dict
        A Polygon, MultiPolygon or GeometryCollection.

    Returns
    -------
    list of list of ndarray
        Each polygon as rings, the outer one first; unrolled, not yet cut.
    """
    kind = geometry["type"]
    if kind == "GeometryCollection":
        parts = [polygons(topology, part) for part in geometry["geometries"]]
        return [polygon for part in parts for polygon in part]
    if kind not in ("Polygon", "MultiPolygon"):
        return []
    many = geometry["arcs"] if kind == "MultiPolygon" else [geometry["arcs"]]
    return [[_ring(topology, ring) for ring in polygon] for polygon in many]


def shared_arcs(geometry: dict[str, Any]) -> list[int]:
    """Find the arcs that lie between two members of a collection.

    Parameters
    ----------
    geometry : dict
        A GeometryCollection of polygons.

    Returns
    -------
    list of int
        Arc numbers, ascending.
    """
    owners: dict[int, set[int]] = {}
    for owner, part in enumerate(geometry["geometries"]):
        for arc in _numbers(part.get("arcs", [])):
            owners.setdefault(arc if arc >= 0 else ~arc, set()).add(owner)
    return sorted(arc for arc, found in owners.items() if len(found) > 1)


def _numbers(nested: list[Any]) -> list[int]:
    if nested and isinstance(nested[0], list):
        return [number for part in nested for number in _numbers(part)]
    return nested


def _ring(topology: Topology, numbers: list[int]) -> Line:
    """Join arcs (~n: arc n reversed) and unroll the longitudes."""
    parts = [topology.arcs[n] if n >= 0 else topology.arcs[~n][::-1] for n in numbers]
    ring = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
    return unroll(ring)


def unroll(line: Line) -> Line:
    """Make longitudes continuous, so that a line may leave [-180, 180].

    Parameters
    ----------
    line : ndarray, (n, 2)
        Longitude and latitude in degrees.

    Returns
    -------
    ndarray, (n, 2)
        The same points, no step longer than half a turn.
    """
    return np.column_stack([np.unwrap(line[:, 0], period=360.0), line[:, 1]])


def cut(polygon: list[Line]) -> list[list[Line]]:
    """Cut a polygon at the date line.

    Parameters
    ----------
    polygon : list of ndarray
        Unrolled rings, the outer one first.

    Returns
    -------
    list of list of ndarray
        Polygons within [-180, 180] and web mercator's latitudes.
    """
    if _winds(polygon[0]):
        polygon = [_around_pole(polygon[0]), *(hole for hole in polygon[1:] if not _winds(hole))]
    west = np.floor((polygon[0][:, 0].min() + 180.0 + 1e-9) / 360.0)
    east = np.ceil((polygon[0][:, 0].max() + 180.0 - 1e-9) / 360.0)
    pieces = []
    for turn in np.arange(west, max(east, west + 1)):
        rings = [_window(_near(ring, polygon[0]), turn * 360.0) for ring in polygon]
        if len(rings[0]) >= RING:
            pieces.append([ring for ring in rings if len(ring) >= RING])
    return pieces


def _winds(ring: Line) -> bool:
    return bool(abs(ring[-1, 0] - ring[0, 0]) > 180.0)


def _around_pole(ring: Line) -> Line:
    """Close a ring that circles the south pole, over exactly one map width."""
    turn = ring[-1, 0] - ring[0, 0]
    twice = np.concatenate([ring, _moved(ring[1:], turn)])
    west = np.ceil((twice[:, 0].min() + 180.0) / 360.0) * 360.0 - 180.0
    x0, x1 = twice[0, 0], twice[-1, 0]
    closed = np.concatenate([twice, [[x1, -90.0], [x0, -90.0]], twice[:1]])
    return _clip(_clip(closed, west, keep_above=True), west + 360.0, keep_above=False)


def _near(ring: Line, outer: Line) -> Line:
    """Move a hole by whole turns until it lies within its outer ring's span."""
    turns = np.round((outer[:, 0].mean() - ring[:, 0].mean()) / 360.0)
    for turn in (turns, turns + 1, turns - 1):
        moved = _moved(ring, turn * 360.0)
        low, high = outer[:, 0].min() - 1e-6, outer[:, 0].max() + 1e-6
        if low <= moved[:, 0].min() and moved[:, 0].max() <= high:
            return moved
    return ring


def _moved(line: Line, degrees: float) -> Line:
    return np.column_stack([line[:, 0] + degrees, line[:, 1]])


def _window(ring: Line, middle: float) -> Line:
    part = _clip(ring, middle - 180.0, keep_above=True)
    part = _clip(part, middle + 180.0, keep_above=False)
    x, y = part[:, 0] - middle, part[:, 1]
    return np.column_stack([x, np.clip(y, -MERCATOR_LATITUDE, MERCATOR_LATITUDE)])


def _clip(ring: Line, x: float, *, keep_above: bool) -> Line:
    """Clip a closed ring by a meridian (Sutherland and Hodgman, 1974)."""
    inside = ring[:, 0] >= x if keep_above else ring[:, 0] <= x
    if inside.all() or not inside.any():
        return ring if inside.all() else ring[:0]
    points: list[Line] = []
    for i in range(len(ring) - 1):
        a, b = ring[i], ring[i + 1]
        if inside[i]:
            points.append(a)
        if inside[i] != inside[i + 1]:
            share = (x - a[0]) / (b[0] - a[0])
            points.append(np.array([x, a[1] + share * (b[1] - a[1])]))
    return np.array([*points, points[0]])


def simplify(line: Line, tolerance: float) -> Line:
    """Drop the points of a line that its shape does not need.

    Parameters
    ----------
    line : ndarray, (n, 2)
        Longitude and latitude in degrees; a closed line stays closed.
    tolerance : float
        Largest distance of a dropped point from the new line, degrees of arc;
        near the poles, where few look closely, several times as much.

    Returns
    -------
    ndarray, (m, 2)
        A subset of the points, both ends among them.

    Notes
    -----
    Long lines are worked in runs, each on a plane of its own latitude.

    References
    ----------
    D. H. Douglas and T. K. Peucker, Cartographica 10 (2), 1973.
    """
    keep = np.zeros(len(line), bool)
    for start in range(0, len(line) - 1, RUN):
        run = slice(start, start + RUN + 1)
        latitude = float(line[run, 1].mean())
        flat = line[run] * [np.cos(np.radians(latitude)), 1.0]
        polar = abs(latitude) > POLAR_LATITUDE
        keep[run] |= _needed(flat, tolerance * (POLAR_FACTOR if polar else 1.0))
    return line[keep]


def _needed(flat: Line, tolerance: float) -> npt.NDArray[np.bool_]:
    keep = np.zeros(len(flat), bool)
    keep[[0, -1]] = True
    spans = [(0, len(flat) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first <= 1:
            continue
        away = _distance(flat[first + 1 : last], flat[first], flat[last])
        far = int(away.argmax())
        if away[far] > tolerance:
            middle = first + 1 + far
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return keep


def _distance(points: Line, a: Line, b: Line) -> Line:
    """Measure the distance of points from the segment a to b."""
    along = b - a
    length = float(along @ along)
    share = np.clip((points - a) @ along / length, 0, 1) if length else 0.0
    nearest = a + np.multiply.outer(share, along)
    return np.asarray(np.hypot(*(points - nearest).T))
