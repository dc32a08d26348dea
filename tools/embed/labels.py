"""Own the labels of the base map: which names, where, and from which zoom on.

A label is `[name, longitude, latitude, rank]`; `rank` is the least web map zoom
(tiles of 256 pixels) at which there is room for it.
"""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embed import places as source
from embed.errors import require_between
from embed.topology import MERCATOR_LATITUDE, Line, Topology, polygons

Label = tuple[str, float, float, int]

COUNT = 3_000
LETTER = 7.0
HEIGHT = 36.0
MARGIN = 24.0
POLAR = 78.0
# Least population of a place at each zoom, so that villages wait for their turn.
POPULATION = {
    2: 5_000_000,
    3: 1_500_000,
    4: 500_000,
    5: 150_000,
    6: 50_000,
    7: 15_000,
    8: 5_000,
}


def places(work: Path) -> list[Label]:
    """Choose the places to name, the most important first.

    Parameters
    ----------
    work : Path
        The folder of downloads.

    Returns
    -------
    list of tuple
        Labels by rank, then by falling population.
    """
    table = source.read(work).sort_values(["population", "name"], ascending=[False, True], ignore_index=True)
    table = table[table["population"] >= min(POPULATION.values())]
    table = table[table["latitude"].abs() < MERCATOR_LATITUDE]
    names = table["name"].tolist()
    where = _mercator(table[["longitude", "latitude"]].to_numpy(np.float64))
    people = table["population"].tolist()
    chosen = _placed(names, where, people)[:COUNT]
    require_between("labels: places", len(chosen), COUNT, COUNT)
    degrees = table[["longitude", "latitude"]].round(2).to_numpy().tolist()
    return [(names[i], *degrees[i], rank) for i, rank in chosen]


def _placed(names: list[str], where: Line, people: list[int]) -> list[tuple[int, int]]:
    """Place labels zoom by zoom, the largest first, where none is in the way."""
    done: set[int] = set()
    chosen: list[tuple[int, int]] = []
    for zoom, least in POPULATION.items():
        pixels = where * 256.0 * 2.0**zoom
        taken = [i for i, _ in chosen]
        for i in range(len(names)):
            if people[i] < least:
                break
            if i in done or _crowded(i, taken, pixels, names):
                continue
            done.add(i)
            taken.append(i)
            chosen.append((i, zoom))
        if len(chosen) >= COUNT:
            break
    return chosen


def _crowded(i: int, taken: list[int], pixels: Line, names: list[str]) -> bool:
    if not taken:
        return False
    apart = np.abs(pixels[taken] - pixels[i])
    letters = np.array([len(names[j]) for j in taken]) + len(names[i])
    reach = letters * LETTER / 2 + MARGIN
    return bool(((apart[:, 0] < reach) & (apart[:, 1] < HEIGHT)).any())


def countries(shapes: Topology) -> list[Label]:
    """Place the name of each country in its largest polygon.

    Parameters
    ----------
    shapes : Topology
        Natural Earth countries.

    Returns
    -------
    list of tuple
        Labels by rank, then by falling area.
    """
    found: list[tuple[int, float, Label]] = []
    for country in shapes.objects["countries"]["geometries"]:
        name = country["properties"]["name"]
        ring = max((rings[0] for rings in polygons(shapes, country)), key=_area)
        x, y = _inside(ring)
        longitude = round((x + 180.0) % 360.0 - 180.0, 2)
        rank = _zoom(name, ring)
        label = (name, longitude, round(y, 2), rank)
        found.append((rank, -_area(ring), label))
    return [label for _, _, label in sorted(found)]


def _area(ring: Line) -> float:
    """Area in square degrees of arc, taken at the ring's mean latitude."""
    x, y = ring[:, 0], ring[:, 1]
    twice = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    return abs(twice) / 2 * math.cos(math.radians(float(y.mean())))


def _inside(ring: Line) -> tuple[float, float]:
    """Find the point of a 40 by 40 lattice farthest from the ring, but inside."""
    low, high = ring.min(axis=0), ring.max(axis=0)
    steps = (np.arange(40) + 0.5) / 40
    x, y = np.meshgrid(*(low[i] + steps * (high[i] - low[i]) for i in (0, 1)))
    points = np.column_stack([x.ravel(), y.ravel()])
    points = points[_contains(ring, points) & (np.abs(points[:, 1]) < POLAR)]
    # A name is wide: distance to the east and west counts for less.
    squash = np.array([0.5, 1.0])
    apart = (points[:, None] - ring[None]) * squash
    best = points[np.hypot(apart[..., 0], apart[..., 1]).min(axis=1).argmax()]
    return float(best[0]), float(best[1])


def _contains(ring: Line, points: Line) -> npt.NDArray[np.bool_]:
    """Test points by counting the edges that a ray to the east crosses."""
    x, y = points[:, :1], points[:, 1:]
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    spans = (y0 <= y) != (y1 <= y)
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    crossing = x0 + (y - y0) / rise * (x1 - x0)
    return np.asarray((spans & (x < crossing)).sum(axis=1) % 2 == 1)


def _zoom(name: str, ring: Line) -> int:
    """Find the least zoom at which the country is as wide as its name."""
    width = float(np.ptp(ring[:, 0])) / 360.0 * 256.0
    need = len(name) * LETTER / max(width, 1e-3)
    return int(np.clip(math.ceil(math.log2(need)), 1, 7))


def _mercator(degrees: Line) -> Line:
    """Project to the unit square of web mercator."""
    x = degrees[:, 0] / 360.0 + 0.5
    sine = np.sin(np.radians(degrees[:, 1]))
    return np.column_stack([x, 0.5 - np.arctanh(sine) / (2 * np.pi)])
