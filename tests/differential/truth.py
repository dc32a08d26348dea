"""What is right of rows that pandas reads: places by NumPy, cells by sorting, lines by Datashader."""

from collections.abc import Iterator
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
    """Return where rows lie, in the file's units: what a figure shows."""
    found = _as_told(source)
    if source.kind == "points" or source.crs != "lonlat":
        return found
    west = 0.0 if np.nanmax(found.x) > 180 else -180.0
    return _over_the_date_line(found, west, west + 360)


@lru_cache(16)
def on_plane(source: Source) -> Places:
    """Return where rows lie, in the plane's units; nothing of a line is beyond the edges of a map of degrees."""
    found = _as_told(source)
    if source.crs != "lonlat":
        return found
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        longitude = np.where((found.x >= 180) & (found.x <= 360), found.x - 360, found.x)
        if source.kind == "points":
            latitude = np.where(np.abs(found.y) <= LATITUDE, found.y, np.nan)
            return found._replace(x=np.radians(longitude) * EARTH, y=np.arcsinh(np.tan(np.radians(latitude))) * EARTH)
        x, y = np.radians(longitude) * EARTH, np.arcsinh(np.tan(np.radians(found.y))) * EARTH
    half = np.pi * EARTH
    return _within_latitudes(_over_the_date_line(found._replace(x=x, y=y), -half, half), half)


def _as_told(source: Source) -> Places:
    rows = read(source)
    x, y = numbers(rows[source.x]), numbers(rows[source.y])
    if not source.track:
        return Places(x, y, np.arange(len(rows)))
    put: list[tuple[float, float, int]] = []
    for line in _lines(rows, source):
        put += [(x[at], y[at], at) if np.isfinite(x[at] + y[at]) else (np.nan, np.nan, at) for at in line]
        put.append((np.nan, np.nan, line[-1]))
    xs, ys, row = zip(*put[:-1], strict=True)
    return Places(np.array(xs), np.array(ys), np.array(row))


def _lines(rows: pd.DataFrame, source: Source) -> Iterator[list[int]]:
    """Yield the rows of each line: those of one track in the order of time, where no time is silent for long."""
    for _, track in rows.groupby(source.track, sort=False):
        if not source.time:
            yield track.index.tolist()
            continue
        track = track.sort_values(source.time, kind="stable")
        placed = track[np.isfinite(track[source.x] + track[source.y])]
        seconds = track[source.time].diff().dt.total_seconds().to_numpy()
        # Only between rows that follow each other and both have a place a line could be drawn.
        follows = track.index.isin(placed.index)
        follows[1:] &= follows[:-1]
        usual = seconds[follows & (seconds > 0)]
        most = 300.0
        if len(usual) > 1:
            median, long = np.quantile(usual, [0.5, 0.9], method="lower")
            most = max(most, 10 * median, 3 * long)
        cuts = np.flatnonzero(follows & (seconds > most))
        yield from (part.tolist() for part in np.split(track.index.to_numpy(), cuts))


def _over_the_date_line(found: Places, west: float, east: float) -> Places:
    """Return lines that go the short way around: out at one edge, and in at the other."""
    put: list[tuple[float, float, int]] = []
    for at, (x, y, row) in enumerate(zip(*found, strict=True)):
        x0, y0, before = (one[at - 1] for one in found) if at else (np.nan, np.nan, 0)
        if abs(x - x0) > (east - west) / 2:
            edge, other = (east, west) if x < x0 else (west, east)
            across = y0 + (edge - x0) / (x - x0 + edge - other) * (y - y0)
            put += [(edge, across, before), (np.nan, np.nan, before), (other, across, before)]
        put.append((x, y, row))
    xs, ys, rows = zip(*put, strict=True)
    return Places(np.array(xs), np.array(ys), np.array(rows))


def _within_latitudes(found: Places, edge: float) -> Places:
    """Return lines that end where they reach the upper or the lower edge of the map, and what is between these."""
    put: list[tuple[float, float, int]] = []
    for at, (x, y, row) in enumerate(zip(*found, strict=True)):
        x0, y0, before = (one[at - 1] for one in found) if at else (np.nan, np.nan, 0)
        # From the end that is nearer to where the line comes from.
        sides = [one for one in sorted((edge, -edge), key=lambda one: abs(one - y0)) if min(y0, y) < one < max(y0, y)]
        put += [(x0 + (side - y0) / (y - y0) * (x - x0), side, before) for side in sides]
        put.append((x, y, row) if abs(y) <= edge * (1 + 1e-12) else (np.nan, np.nan, row))
    xs, ys, rows = zip(*put, strict=True)
    return Places(np.array(xs), np.array(ys), np.array(rows))


@lru_cache(16)
def quanta(source: Source, world: World) -> tuple[Floats, Floats]:
    """Return the quantum in which each place lies; NaN for what has none."""
    x, y, _ = on_plane(source)
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
    return drawn(
        canvas,
        "lines",
        u,
        v,
        aggregate,
        field_values(on_plane(source), source, column, names, aggregate),
        len(names) or 1,
    )


def field_values(at: Places, source: Source, column: str, names: tuple[str, ...], aggregate: str) -> Array | None:
    """Return a field's values, one a place; codes where it is a category."""
    if aggregate == "count":
        return None
    held = _codes(source, column, names) if aggregate == "by" else _numbers(source, column)
    return held[at.row]


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
        values = field_values(on_plane(source), source, column, names, aggregate)
        return cells(u, v, wide, aggregate, values, planes)
    if window.z > MOST_ZOOM:
        return None
    every = world_of_lines(source, world, window.z, aggregate, column, names)
    found = np.full((planes, *wide.shape), 0 if every.dtype == np.uint32 else np.nan, every.dtype)
    side = every.shape[-1]
    x0, x1, y0, y1 = max(wide.x0, 0), min(wide.x1, side), max(wide.y0, 0), min(wide.y1, side)
    if x0 < x1 and y0 < y1:
        found[:, y0 - wide.y0 : y1 - wide.y0, x0 - wide.x0 : x1 - wide.x0] = every[:, y0:y1, x0:x1]
    return found
