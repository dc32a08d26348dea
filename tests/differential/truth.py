"""What is right of rows that pandas reads: places by NumPy, cells by sorting, lines by Datashader."""

from functools import lru_cache
from typing import Any, NamedTuple

import datashader as ds
import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.differential.data import Source

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
PAD = 5
"""Cells around a view from which discs reach into it."""
EARTH, LATITUDE, QUANTA = 6378137.0, 85.0511287798066, 2.0**32


class World(NamedTuple):
    """Where a plane begins, and how many of its units a quantum is."""

    x0: float
    y0: float
    dx: float
    dy: float


class Window(NamedTuple):
    """Whole pixels of a zoom, half-open."""

    z: int
    x0: int
    x1: int
    y0: int
    y1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.y1 - self.y0, self.x1 - self.x0

    def padded(self) -> "Window":
        """Return it with the cells around it."""
        return Window(self.z, self.x0 - PAD, self.x1 + PAD, self.y0 - PAD, self.y1 + PAD)

    def in_world(self) -> npt.NDArray[np.bool_]:
        """Return which of its cells lie in the world."""
        last = 512 * 2**self.z
        columns, rows = np.arange(self.x0, self.x1), np.arange(self.y0, self.y1)
        return ((rows >= 0) & (rows < last))[:, None] & ((columns >= 0) & (columns < last))[None, :]


class Places(NamedTuple):
    """Points, or vertices with NaN where a line ends, and the row of each."""

    x: Floats
    y: Floats
    row: npt.NDArray[np.int64]


@lru_cache(16)
def read(source: Source) -> pd.DataFrame:
    """Return a file's rows."""
    return pd.read_parquet(source.path)


def numbers(values: pd.Series) -> Floats:
    """Return a column as numbers; times as milliseconds since 1970."""
    if values.dtype == object or str(values.dtype).startswith("datetime"):
        times = pd.to_datetime(values)
        found = times.astype("datetime64[us]").astype("int64").to_numpy() / 1e3
        return np.where(times.isna(), np.nan, found)
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def codes(values: pd.Series, names: list[str]) -> npt.NDArray[np.int64]:
    """Return the place of each value among a field's categories; other and missing ones may have one, too."""
    known = {name: at for at, name in enumerate(names)}
    held = pd.Categorical(values)
    table = np.array([*(known.get(str(one), known.get("other", -1)) for one in held.categories), 0])
    return np.where(held.codes < 0, known.get("missing", -1), table[held.codes])


@lru_cache(16)
def places(source: Source) -> Places:
    """Return where rows lie, in the file's units."""
    rows = read(source)
    x, y = numbers(rows[source.x]), numbers(rows[source.y])
    found = Places(x, y, np.arange(len(rows)))
    return _joined(found, rows[source.track].to_numpy(), source.crs) if source.track else found


def _joined(found: Places, track: Array, crs: str) -> Places:
    """Return the vertices of tracks: a row without a place ends its line, and so does the date line."""
    lost = ~(np.isfinite(found.x) & np.isfinite(found.y))
    x, y = np.where(lost, np.nan, found.x), np.where(lost, np.nan, found.y)
    put: list[tuple[float, float, int]] = []
    for at in range(len(x)):
        if at and track[at] != track[at - 1]:
            put.append((np.nan, np.nan, at - 1))
        elif at and crs == "lonlat" and abs(x[at] - x[at - 1]) > 180:
            put += _over_the_date_line(x[at - 1], y[at - 1], x[at], y[at], at - 1)
        put.append((x[at], y[at], at))
    xs, ys, row = zip(*put, strict=True)
    return Places(np.array(xs), np.array(ys), np.array(row))


def _over_the_date_line(x0: float, y0: float, x1: float, y1: float, row: int) -> list[tuple[float, float, int]]:
    side = 180.0 if x1 < x0 else -180.0
    y = y0 + (side - x0) / (x1 + 2 * side - x0) * (y1 - y0)
    return [(side, y, row), (np.nan, np.nan, row), (-side, y, row)]


def projected(source: Source, at: Places) -> tuple[Floats, Floats]:
    """Return places in the plane's units."""
    if source.crs != "lonlat":
        return at.x, at.y
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if source.kind == "lines":
            longitude, latitude = at.x, np.clip(at.y, -LATITUDE, LATITUDE)
        else:
            longitude = np.where((at.x >= 180) & (at.x <= 360), at.x - 360, at.x)
            latitude = np.where(np.abs(at.y) <= LATITUDE, at.y, np.nan)
        return np.radians(longitude) * EARTH, np.arcsinh(np.tan(np.radians(latitude))) * EARTH


@lru_cache(16)
def quanta(source: Source, world: World) -> tuple[Floats, Floats]:
    """Return the quantum in which each place lies; NaN for what has none."""
    x, y = projected(source, places(source))
    with np.errstate(over="ignore"):
        u, v = np.floor((x - world.x0) / world.dx), np.floor((y - world.y0) / world.dy)
    if source.kind == "lines":
        return (np.clip(u, 0, QUANTA - 1), np.clip(v, 0, QUANTA - 1)) if source.crs == "lonlat" else (u, v)
    inside = (u >= 0) & (u < QUANTA) & (v >= 0) & (v < QUANTA)
    return np.where(inside, u, np.nan), np.where(inside, v, np.nan)


def cells(u: Floats, v: Floats, window: Window, aggregate: str, values: Array | None, planes: int) -> Array:
    """Aggregate points over a window.

    Returns
    -------
    ndarray, shape (planes, height, width)
        Counts as uint32; all else as float64, NaN where empty.
    """
    size = 2.0 ** (23 - window.z)
    height, width = window.shape
    column, row = np.floor(u / size) - window.x0, np.floor(v / size) - window.y0
    seen = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    cell = (row[seen] * width + column[seen]).astype(np.int64)
    if aggregate == "count":
        return np.bincount(cell, minlength=height * width).astype(np.uint32).reshape(1, height, width)
    assert values is not None
    held = values[seen]
    if aggregate == "by":
        place = held.astype(np.int64) * height * width + cell
        return np.bincount(place, minlength=planes * height * width).astype(np.uint32).reshape(planes, height, width)
    found = np.full(height * width, np.nan)
    kept = ~np.isnan(held)
    filled, reduced = reduce_groups(cell[kept], held[kept], aggregate)
    found[filled] = reduced
    return found.reshape(1, height, width)


def reduce_groups(group: npt.NDArray[np.int64], values: Floats, aggregate: str) -> tuple[Array, Floats]:
    """Return the groups that have values, and the aggregate of each.

    Examples
    --------
    >>> groups, found = reduce_groups(np.array([3, 1, 3]), np.array([2.0, 5.0, 4.0]), "var")
    >>> groups.tolist(), found.tolist()
    ([1, 3], [0.0, 1.0])
    """
    if not len(values):
        return group, values
    order = np.argsort(group, kind="stable")
    group, values = group[order], values[order]
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    many = np.diff(np.append(starts, len(group)))
    with np.errstate(invalid="ignore", over="ignore"):
        if aggregate in ("min", "max"):
            return group[starts], {"min": np.minimum, "max": np.maximum}[aggregate].reduceat(values, starts)
        total = np.add.reduceat(values, starts)
        if aggregate == "sum":
            return group[starts], total
        mean = total / many
        if aggregate == "mean":
            return group[starts], mean
        var = np.add.reduceat((values - np.repeat(mean, many)) ** 2, starts) / many
    return group[starts], var if aggregate == "var" else np.sqrt(var)


_REDUCTIONS = {"sum": ds.sum, "min": ds.min, "max": ds.max, "mean": ds.mean, "var": ds.var, "std": ds.std}


def drawn(
    canvas: ds.Canvas, kind: str, x: Floats, y: Floats, aggregate: str, values: Array | None, planes: int
) -> Array:
    """Return what Datashader makes of places, as `cells` does but with the lowest y first."""
    frame = pd.DataFrame({"x": x, "y": y})
    reduction = ds.count()
    if aggregate == "by":
        frame["v"] = pd.Categorical.from_codes(values, [f"k{at}" for at in range(planes)])
        reduction = ds.by("v", ds.count())
    elif aggregate != "count":
        frame["v"] = values
        reduction = _REDUCTIONS[aggregate]("v")
    draw = canvas.line if kind == "lines" else canvas.points
    found = draw(frame, "x", "y", agg=reduction).data
    if aggregate in ("count", "by"):
        found = found.astype(np.uint32)
    return np.moveaxis(found, -1, 0) if found.ndim == 3 else found[None]


MOST_ZOOM = 2
"""The deepest zoom at which the whole world is a canvas that memory bears with several planes."""


@lru_cache(2)
def world_of_lines(source: Source, world: World, z: int, aggregate: str, column: str, names: tuple[str, ...]) -> Array:
    """Return all lines drawn at once over the whole world, where nothing is clipped; rows from the top."""
    u, v = quanta(source, world)
    side = 512 * 2**z
    canvas = ds.Canvas(side, side, (0.0, QUANTA), (0.0, QUANTA))
    return drawn(canvas, "lines", u, v, aggregate, field_values(source, column, names, aggregate), len(names) or 1)


def field_values(source: Source, column: str, names: tuple[str, ...], aggregate: str) -> Array | None:
    """Return a field's values, one a place; codes where it is a category."""
    if aggregate == "count":
        return None
    held = _codes(source, column, names) if aggregate == "by" else _numbers(source, column)
    return held[places(source).row]


@lru_cache(32)
def _numbers(source: Source, column: str) -> Floats:
    return numbers(read(source)[column])


@lru_cache(32)
def _codes(source: Source, column: str, names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    return codes(read(source)[column], list(names))


def view_truth(
    source: Source, world: World, window: Window, aggregate: str, column: str, names: tuple[str, ...]
) -> Array | None:
    """Return the true cells of a view and of those around it; None where lines are too large to draw at once."""
    wide, planes = window.padded(), len(names) or 1
    if source.kind == "points":
        u, v = quanta(source, world)
        return cells(u, v, wide, aggregate, field_values(source, column, names, aggregate), planes)
    if window.z > MOST_ZOOM:
        return None
    every = world_of_lines(source, world, window.z, aggregate, column, names)
    found = np.full((planes, *wide.shape), 0 if every.dtype == np.uint32 else np.nan, every.dtype)
    side = every.shape[-1]
    x0, x1, y0, y1 = max(wide.x0, 0), min(wide.x1, side), max(wide.y0, 0), min(wide.y1, side)
    if x0 < x1 and y0 < y1:
        found[:, y0 - wide.y0 : y1 - wide.y0, x0 - wide.x0 : x1 - wide.x0] = every[:, y0:y1, x0:x1]
    return found
