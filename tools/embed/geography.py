"""Own the offline base map: land, borders, US states and labels as small JSON.

Sources: Natural Earth through world-atlas and us-atlas; labels from GeoNames and
from the countries of Natural Earth.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from embed import topology
from embed.errors import require_between
from embed.labels import countries, places
from embed.sources import STATES, WORLD, fetch
from embed.topology import RING, Line, Topology

FINE_LIMIT = 2_500_000


def make(out: Path, work: Path) -> None:
    """Make all geography files.

    Parameters
    ----------
    out, work : Path
        The folder of the results and the folder of downloads.

    Raises
    ------
    EmbedError
        If a file is empty or larger than it may be.
    """
    world = fetch(WORLD, work) / "package"
    states = fetch(STATES, work) / "package"
    _land(world / "land-110m.json", out, digits=2, tolerance=0.0)
    _land(world / "land-50m.json", out, digits=2, tolerance=0.0)
    _land(world / "land-10m.json", out, digits=3, tolerance=0.006)
    _lines(world / "countries-50m.json", "countries", out / "borders-50m.json", 0.0)
    _lines(states / "states-10m.json", "states", out / "states-us.json", 0.005)
    shapes = topology.read(world / "countries-110m.json")
    _save(out / "countries.json", countries(shapes))
    _save(out / "labels.json", places(work))
    fine = (out / "land-10m.json").stat().st_size
    require_between("land-10m.json: bytes", fine, 1_000_000, FINE_LIMIT)


def _land(source: Path, out: Path, digits: int, tolerance: float) -> None:
    shapes = _simplified(topology.read(source), tolerance)
    pieces = [
        [_coordinates(ring, digits) for ring in piece]
        for polygon in topology.polygons(shapes, shapes.objects["land"])
        for piece in topology.cut(polygon)
    ]
    whole = [_solid(piece) for piece in pieces]
    kept = [piece for piece in whole if piece]
    _save(out / source.name, {"type": "MultiPolygon", "coordinates": kept})


def _solid(piece: list[list[list[float]]]) -> list[list[list[float]]]:
    """Keep rings that still have an area; nothing if the outer one has none."""
    if len(piece[0]) < RING:
        return []
    return [ring for ring in piece if len(ring) >= RING]


def _lines(source: Path, name: str, path: Path, tolerance: float) -> None:
    shapes = topology.read(source)
    lines = []
    for arc in topology.shared_arcs(shapes.objects[name]):
        line = topology.simplify(topology.unroll(shapes.arcs[arc]), tolerance)
        require_between(f"{path.name}: longitude", float(np.abs(line[:, 0]).max()), 0, 180)
        lines.append(_coordinates(line, 2))
    kept = [line for line in lines if len(line) > 1]
    _save(path, {"type": "MultiLineString", "coordinates": kept})


def _simplified(shapes: Topology, tolerance: float) -> Topology:
    if not tolerance:
        return shapes
    arcs = [topology.simplify(topology.unroll(arc), tolerance) for arc in shapes.arcs]
    return Topology(arcs, shapes.objects)


def _coordinates(line: Line, digits: int) -> list[list[float]]:
    """Round, and drop the points that have become equal to the one before."""
    rounded = np.round(line, digits) + 0.0
    moved = np.ones(len(rounded), bool)
    moved[1:] = (rounded[1:] != rounded[:-1]).any(axis=1)
    return [[_short(x), _short(y)] for x, y in rounded[moved].tolist()]


def _short(value: float) -> float:
    return int(value) if value == int(value) else value


def _save(path: Path, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")
    points = text.count("],[") + 1
    print(f"{path.name}: {points:,} entries, {path.stat().st_size:,} bytes")
